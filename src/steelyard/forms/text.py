"""Words: `"..."`.

A merged text is one that somebody wrote, never a mixture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.forms.kind import Merged, Rows, Settled
from steelyard.forms.problems import as_integer, as_number, described, join, quoted, text_problem

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = frozenset({"max_length", "pattern"})
LONGEST = 100_000
LONGEST_PATTERN = 1000


def check_spec(spec: dict[str, Any], pointer: str) -> list[Problem]:
    problems: list[Problem] = []
    if spec.get("max_length") is not None:
        longest = as_integer(spec["max_length"])
        if longest is None or not 1 <= longest <= LONGEST:
            message = (
                f"max_length must be an integer from 1 to {LONGEST}, not {described(spec['max_length'])}"
            )
            problems.append(Problem(join(pointer, "max_length"), "bad_bound", message))
    tolerance = as_number(spec.get("tolerance"))
    if tolerance is not None and tolerance > 1:
        message = f"tolerance is a normalised edit distance, at most 1, not {tolerance:g}"
        problems.append(Problem(join(pointer, "tolerance"), "bad_tolerance", message))
    if spec.get("pattern") is not None:
        place = join(pointer, "pattern")
        problem = text_problem(spec["pattern"], place, "a pattern", LONGEST_PATTERN)
        if problem is None:
            try:
                re.compile(spec["pattern"])
            except (re.error, RecursionError, OverflowError) as error:
                problem = Problem(place, "bad_pattern", f"the pattern cannot be read: {error}")
        problems += [problem] if problem else []
    return problems


def normal_spec(spec: dict[str, Any]) -> dict[str, Any]:
    if spec.get("max_length") is None:
        return spec
    return spec | {"max_length": as_integer(spec["max_length"])}


def check(question: Question, answer: Any, pointer: str) -> list[Problem]:
    longest = question.spec.get("max_length", LONGEST)
    problem = text_problem(answer, pointer, "an answer", longest, blank=not question.required)
    pattern = question.spec.get("pattern")
    if problem is None and pattern is not None and not re.fullmatch(pattern, answer):
        message = f"{quoted(answer)} does not match the pattern {quoted(pattern)}"
        problem = Problem(pointer, "pattern", message)
    return [problem] if problem else []


def settle(question: Question, answers: list[Any], weights: Sequence[float] | None) -> Settled:
    """The text of a majority, else the one closest to the others; accuracies have no say yet."""
    from steelyard.truth.text import medoid

    found = medoid(list(answers))
    return Settled(answers[found.index], found.confidence, found.tie, found.index)


def merge(question: Question, rows: Rows) -> Merged:
    from steelyard.forms.merging import merged
    from steelyard.truth import aggregate

    truth = aggregate(
        rows.task,
        rows.annotator,
        rows.given(),
        kind="text",
        method=rows.method,
        gold=rows.gold or None,
    )
    return merged(truth, rows, [str(v) for v in truth.labels.tolist()])


def is_correct(question: Question, answer: Any, gold: Any) -> bool:
    """Equal after folding, or within the tolerance as normalised edit distance."""
    return distance(question, answer, gold) <= (question.tolerance or 0.0)


def distance(question: Question, a: Any, b: Any) -> float:
    from steelyard.truth.edit_distance import fold, normalised_distance

    return normalised_distance(fold(a), fold(b))


def columns(question: Question) -> list[pa.Field]:
    import pyarrow as pa

    return [pa.field(question.name, pa.string())]


def cells(question: Question, answer: Any) -> dict[str, Any]:
    return {question.name: answer}


def leaf_values(question: Question) -> list[Any]:
    return []
