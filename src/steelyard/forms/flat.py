"""How does an answer stand in a table?

Columns are flat: one named as the question, further parts as `name_part`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard.domain.form import Question
from steelyard.forms.kind import kind_of

if TYPE_CHECKING:
    import pyarrow as pa


def columns(question: Question) -> list[pa.Field]:
    """The Arrow fields of the question, all nullable."""
    return kind_of(question).columns(question)


def cells(question: Question, answer: Any) -> dict[str, Any]:
    """The value of each field for one answer; None for no answer."""
    return kind_of(question).cells(question, answer)
