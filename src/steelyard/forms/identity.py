"""When are two forms, or two questions, the same?

The digest of a form is that of its canonical JSON; a question is its name, kind and set of leaf values.
"""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from steelyard.domain.form import Form, Question
from steelyard.forms.kind import kind_of

_KEY = "_question_key"


def digest(form: Form) -> str:
    """Lower-case hex SHA-256 of the form's RFC 8785 JSON."""
    return hashlib.sha256(rfc8785.dumps(form.canonical())).hexdigest()


def leaf_values(question: Question) -> list[Any]:
    """What may be answered, in the order of the form; empty for number and text."""
    return kind_of(question).leaf_values(question)


def question_key(question: Question) -> str:
    """One string for (name, kind, sorted leaf values): skills and fits of equal keys belong together."""
    known = question.__dict__.get(_KEY)
    if known is None:
        known = rfc8785.dumps([question.name, question.kind, sorted(leaf_values(question))]).decode()
        question.__dict__[_KEY] = known  # a question never changes, as with a cached property
    return known
