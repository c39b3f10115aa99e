"""Is this a form?

What is accepted can be asked, answered, merged and released; everything else is refused with its place.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from steelyard.domain.errors import Invalid, Problem
from steelyard.domain.form import Form, Question
from steelyard.forms.kind import NOT_YET, kinds
from steelyard.forms.problems import as_number, described, join, quoted, text_problem

MOST_QUESTIONS = 200
LONGEST_NAME = 200
LONGEST_TITLE = 10_000
RESERVED = ("not_applicable", "note")
COMMON = frozenset({"name", "kind", "title", "required", "description", "tolerance"})


def parse_form(raw: Any) -> Form:
    """The form that `raw` (decoded JSON) describes. Raises `Invalid` with every problem found."""
    if not isinstance(raw, dict):
        raise Invalid([Problem("", "wrong_type", f"a form must be an object, not {described(raw)}")])
    problems = [
        Problem(join("", str(key)), "unknown_key", f"a form has no {quoted(str(key))}")
        for key in raw
        if key != "questions"
    ]
    questions = raw.get("questions")
    if "questions" not in raw:
        problems.append(Problem("/questions", "missing", "a form needs questions"))
    elif not isinstance(questions, list | tuple):
        message = f"questions must be a list, not {described(questions)}"
        problems.append(Problem("/questions", "wrong_type", message))
    elif not questions:
        problems.append(Problem("/questions", "empty", "a form needs at least one question"))
    elif len(questions) > MOST_QUESTIONS:
        message = f"{len(questions)} questions are more than {MOST_QUESTIONS}"
        problems.append(Problem("/questions", "too_many", message))
    else:
        names: dict[str, int] = {}
        for index, question in enumerate(questions):
            pointer = join("/questions", index)
            problems += _check_question(question, pointer)
            name = question.get("name") if isinstance(question, dict) else None
            if isinstance(name, str):
                if name in names:
                    message = f"question {names[name]} is named {quoted(name)} already"
                    problems.append(Problem(join(pointer, "name"), "duplicate", message))
                names.setdefault(name, index)
    if problems:
        raise Invalid(problems)
    return Form(tuple(_question(q) for q in questions or ()))


def _check_question(raw: Any, pointer: str) -> list[Problem]:
    if not isinstance(raw, dict):
        return [Problem(pointer, "wrong_type", f"a question must be an object, not {described(raw)}")]
    problems = _check_name(raw, pointer)
    for key in ("title", "description"):
        if raw.get(key) is not None:
            problem = text_problem(raw[key], join(pointer, key), key, LONGEST_TITLE, blank=True)
            problems += [problem] if problem else []
    if not isinstance(raw.get("required", True), bool):
        message = f"required must be true or false, not {described(raw['required'])}"
        problems.append(Problem(join(pointer, "required"), "wrong_type", message))
    if raw.get("tolerance") is not None:
        tolerance = as_number(raw["tolerance"])
        if tolerance is None or tolerance < 0:
            message = f"tolerance must be a number, 0 or more, not {described(raw['tolerance'])}"
            problems.append(Problem(join(pointer, "tolerance"), "bad_tolerance", message))
    place = join(pointer, "kind")
    kind = raw.get("kind")
    if "kind" not in raw:
        return [*problems, Problem(place, "missing", "a question needs a kind")]
    if not isinstance(kind, str):
        return [*problems, Problem(place, "wrong_type", f"a kind must be text, not {described(kind)}")]
    if kind in NOT_YET:
        return [*problems, Problem(place, "not_supported_yet", f"question kind {kind} is not supported yet")]
    if kind not in kinds():
        message = f"{quoted(kind)} is no question kind; there are {', '.join(kinds())}"
        return [*problems, Problem(place, "unknown_kind", message)]
    keys = COMMON | kinds()[kind].KEYS
    problems += [
        Problem(join(pointer, str(key)), "unknown_key", f"a {kind} question has no {quoted(str(key))}")
        for key in raw
        if key not in keys
    ]
    return problems + kinds()[kind].check_spec(raw, pointer)


def _check_name(raw: dict[str, Any], pointer: str) -> list[Problem]:
    place = join(pointer, "name")
    if "name" not in raw:
        return [Problem(place, "missing", "a question needs a name")]
    problem = text_problem(raw["name"], place, "a name", LONGEST_NAME)
    if problem is None and raw["name"] in RESERVED:
        problem = Problem(place, "reserved", f"the name {raw['name']!r} stands beside answers already")
    if problem is None and any(ord(c) < 32 or ord(c) == 127 for c in raw["name"]):
        problem = Problem(place, "bad_character", "a name must not contain control characters")
    return [problem] if problem else []


def _question(raw: dict[str, Any]) -> Question:
    said = {k: v for k, v in raw.items() if k not in ("name", "kind", "title", "required") and v is not None}
    if "tolerance" in said:
        said["tolerance"] = as_number(said["tolerance"])
    if said.get("description") == "":
        del said["description"]
    spec = kinds()[raw["kind"]].normal_spec(said)
    return Question(
        raw["name"], raw["kind"], raw.get("title") or "", raw.get("required", True), MappingProxyType(spec)
    )
