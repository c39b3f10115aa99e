"""Do these answers answer the form?

Nothing that passes can fail later in merging or in a release.
"""

from __future__ import annotations

from typing import Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Form
from steelyard.forms.kind import kind_of
from steelyard.forms.problems import described, join, quoted, text_problem

LONGEST_NOTE = 10_000


def check_answers(form: Form, answers: Any, pointer: str = "/answers") -> list[Problem]:
    """All that is wrong with `answers` (decoded JSON, by question name); empty when nothing is.

    `not_applicable: true` excuses missing answers, `note` may stand beside; null is no answer.
    """
    if not isinstance(answers, dict):
        return [Problem(pointer, "wrong_type", f"answers must be an object, not {described(answers)}")]
    problems: list[Problem] = []
    excused = answers.get("not_applicable", False)
    if not isinstance(excused, bool):
        message = f"not_applicable must be true or false, not {described(excused)}"
        problems.append(Problem(join(pointer, "not_applicable"), "wrong_type", message))
    if answers.get("note") is not None:
        problem = text_problem(answers["note"], join(pointer, "note"), "a note", LONGEST_NOTE, blank=True)
        problems += [problem] if problem else []
    names = {question.name for question in form.questions}
    for name in answers:
        if name not in names and name not in ("not_applicable", "note"):
            message = f"the form has no question {quoted(str(name))}"
            problems.append(Problem(join(pointer, str(name)), "unknown_question", message))
    for question in form.questions:
        place = join(pointer, question.name)
        answer = answers.get(question.name)
        if answer is not None:
            problems += kind_of(question).check(question, answer, place)
        elif question.required and excused is not True:
            problems.append(Problem(place, "required", f"question {quoted(question.name)} must be answered"))
    return problems
