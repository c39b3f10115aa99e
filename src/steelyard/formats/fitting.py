"""Does a project fit a file format, and which of its questions leave in it?"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from steelyard.domain.errors import Invalid, Problem
from steelyard.domain.form import Form, Question


class DoesNotFit(Invalid):
    """What the form asks has no place in this format."""

    code = "does_not_fit"


def questions_for(
    name: str, kinds: Collection[str], form: Form, asked: Sequence[str] = (), *, one: bool = False
) -> tuple[Question, ...]:
    """The questions of these kinds, or those of them that are `asked` by name; a single one where a format has
    room for `one`. Raises `DoesNotFit`, which names the questions and their kinds."""
    for wanted in asked:
        question = form.question(wanted)
        if question is None:
            raise _refused("question", f"the form has no question {wanted!r}; it asks {described(form)}")
        if question.kind not in kinds:
            raise _refused(
                "kind", f"question {wanted!r} is of kind {question.kind}; {name} takes {listed(kinds)}"
            )
    found = tuple(q for q in form.questions if q.kind in kinds and (not asked or q.name in asked))
    if not found:
        raise _refused(
            "kind", f"{name} takes questions of kind {listed(kinds)}; the form asks {described(form)}"
        )
    if one and len(found) > 1:
        names = ", ".join(repr(q.name) for q in found)
        raise _refused("question", f"{name} has room for one question: say which of {names}")
    return found


def question_of(name: str, kinds: Sequence[str], form: Form, wanted: str | None = None) -> Question:
    """Where what is read goes: the first question of the first of these kinds that the form asks."""
    if wanted is not None:
        return questions_for(name, kinds, form, (wanted,))[0]
    return min(questions_for(name, kinds, form), key=lambda q: kinds.index(q.kind))


def described(form: Form) -> str:
    """What a form asks, in one line."""
    some = ", ".join(f"{q.name!r} ({q.kind})" for q in form.questions[:10])
    return some + (", ..." if len(form.questions) > 10 else "")


def listed(kinds: Collection[str]) -> str:
    """The kinds in words."""
    *some, last = kinds if isinstance(kinds, list | tuple) else sorted(kinds)
    return f"{', '.join(some)} or {last}" if some else last


def _refused(code: str, message: str) -> DoesNotFit:
    return DoesNotFit([Problem("", code, message)], message)
