"""Which options may be chosen?

An option tree has bounded depth and size, and no value stands in it twice; only leaves are answers.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.forms.problems import described, join, quoted, text_problem

DEEPEST = 32
MOST_OPTIONS = 20_000
LONGEST_VALUE = 1000
LONGEST_TITLE = 10_000
KEYS = frozenset({"value", "title", "description", "options"})


def check_options(spec: dict[str, Any], pointer: str) -> list[Problem]:
    """The faults of `spec["options"]`."""
    pointer = join(pointer, "options")
    if "options" not in spec:
        return [Problem(pointer, "missing", "a question to choose from needs options")]
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    waiting: list[tuple[Any, str, int]] = [(spec["options"], pointer, 1)]
    while waiting:
        options, place, depth = waiting.pop(0)
        if not isinstance(options, list | tuple):
            found = described(options)
            problems.append(Problem(place, "wrong_type", f"options must be a list, not {found}"))
            continue
        if not options:
            problems.append(Problem(place, "empty", "options must not be empty"))
        if depth > DEEPEST:
            problems.append(Problem(place, "too_deep", f"options are nested deeper than {DEEPEST} levels"))
            continue
        if len(seen) + len(options) > MOST_OPTIONS:
            problems.append(Problem(place, "too_many", f"there are more than {MOST_OPTIONS} options"))
            continue
        for index, option in enumerate(options):
            here = join(place, index)
            if isinstance(option, dict):
                problems += _check_mapping(option, here)
                if "options" in option:
                    waiting.append((option["options"], join(here, "options"), depth + 1))
                if "value" not in option:
                    continue
                value, here = option["value"], join(here, "value")
            else:
                value = option
            problem = text_problem(value, here, "an option", LONGEST_VALUE)
            if problem is None:
                same = unicodedata.normalize("NFC", value)
                if same in seen:
                    message = f"option {quoted(value)} stands already at {seen[same]}"
                    problem = Problem(here, "duplicate", message)
                else:
                    seen[same] = here
            if problem:
                problems.append(problem)
    return problems


def normal_options(options: Any) -> tuple[Any, ...]:
    """Options that were checked, an object with nothing but a value written as its value."""
    normal: list[Any] = []
    for option in options:
        if isinstance(option, dict):
            kept = {k: v for k, v in option.items() if k != "options" and v not in (None, "")}
            if "options" in option:
                kept["options"] = normal_options(option["options"])
            normal.append(option["value"] if set(kept) == {"value"} else kept)
        else:
            normal.append(option)
    return tuple(normal)


def check_value(question: Question, value: Any, pointer: str) -> Problem | None:
    """The fault of one chosen value."""
    if not isinstance(value, str):
        return Problem(
            pointer, "wrong_type", f"an answer must be the text of an option, not {described(value)}"
        )
    legal = question.leaves
    if value in legal:
        return None
    shown = ", ".join(quoted(v, 40) for v in list(legal)[:8]) + (", ..." if len(legal) > 8 else "")
    return Problem(pointer, "unknown_option", f"{quoted(value)} is not one of the options: {shown}")


def _check_mapping(option: dict[str, Any], pointer: str) -> list[Problem]:
    problems = [
        Problem(join(pointer, str(key)), "unknown_key", f"an option has no {quoted(str(key))}")
        for key in option
        if key not in KEYS
    ]
    if "value" not in option:
        problems.append(Problem(join(pointer, "value"), "missing", "an option needs a value"))
    for key in ("title", "description"):
        if option.get(key) is not None:
            problem = text_problem(option[key], join(pointer, key), key, LONGEST_TITLE, blank=True)
            problems += [problem] if problem else []
    return problems
