"""A quantity: `3.5`.

Always finite and within the question's bounds; equal means within its tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.forms.kind import Merged, Rows, Settled
from steelyard.forms.problems import as_number, described, join, text_problem

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = frozenset({"min", "max", "unit"})
RELATIVE_TOLERANCE = 1e-9


def check_spec(spec: dict[str, Any], pointer: str) -> list[Problem]:
    problems: list[Problem] = []
    bounds: dict[str, float] = {}
    for key in ("min", "max"):
        if spec.get(key) is None:
            continue
        bound = as_number(spec[key])
        if bound is None:
            message = f"{key} must be a finite number, not {described(spec[key])}"
            problems.append(Problem(join(pointer, key), "bad_bound", message))
        else:
            bounds[key] = bound
    if len(bounds) == 2 and bounds["min"] >= bounds["max"]:
        message = f"max {bounds['max']:g} must be more than min {bounds['min']:g}"
        problems.append(Problem(join(pointer, "max"), "bad_bound", message))
    if spec.get("unit") is not None:
        problem = text_problem(spec["unit"], join(pointer, "unit"), "a unit", 100, blank=True)
        problems += [problem] if problem else []
    return problems


def normal_spec(spec: dict[str, Any]) -> dict[str, Any]:
    return spec | {key: as_number(spec[key]) for key in ("min", "max") if spec.get(key) is not None}


def check(question: Question, answer: Any, pointer: str) -> list[Problem]:
    number = as_number(answer)
    if number is None:
        message = f"an answer must be a finite number, not {described(answer)}"
        return [Problem(pointer, "wrong_type", message)]
    low, high = question.spec.get("min", -math.inf), question.spec.get("max", math.inf)
    if not low <= number <= high:
        side = f"less than {low:g}" if number < low else f"more than {high:g}"
        return [Problem(pointer, "out_of_range", f"{number:g} is {side}")]
    return []


def settle(question: Question, answers: list[Any], weights: Sequence[float] | None) -> Settled:
    """The (weighted) median; confidence is the share of answers within the tolerance of it, with one
    pseudo-answer half right."""
    share = [1.0] * len(answers) if weights is None else [max(w, 0.01) for w in weights]
    ranked = sorted(zip((float(a) for a in answers), share, strict=True))
    total, passed = math.fsum(share), 0.0
    value = ranked[-1][0]
    for index, (number, weight) in enumerate(ranked):
        passed += weight
        if math.isclose(passed, total / 2) and index + 1 < len(ranked):
            value = number / 2 + ranked[index + 1][0] / 2
            break
        if passed > total / 2:
            value = number
            break
    close = math.fsum(w for a, w in ranked if is_correct(question, a, value))
    return Settled(value, (close + 0.5) / (total + 1), False)


def merge(question: Question, rows: Rows) -> Merged:
    """Annotators differ in bias and noise; the value is the estimate, kept within the bounds."""
    import numpy as np

    from steelyard.forms.merging import merged
    from steelyard.truth import aggregate

    truth = aggregate(
        rows.task,
        rows.annotator,
        rows.each(float),
        kind="number",
        method=rows.method,
        gold={t: float(a) for t, a in rows.gold.items()} or None,
        within=question.tolerance,
    )
    value = np.clip(truth.labels, question.spec.get("min", -np.inf), question.spec.get("max", np.inf))
    return merged(truth, rows, value.tolist())


def is_correct(question: Question, answer: Any, gold: Any) -> bool:
    """Within the tolerance, which includes its edge; without one within 1e-9 of the larger, relatively."""
    a, b = float(answer), float(gold)
    if question.tolerance is None:
        return math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE)
    slack = RELATIVE_TOLERANCE * max(abs(a), abs(b), question.tolerance)
    return abs(a - b) <= question.tolerance + slack


def distance(question: Question, a: Any, b: Any) -> float:
    return abs(float(a) - float(b))


def columns(question: Question) -> list[pa.Field]:
    import pyarrow as pa

    return [pa.field(question.name, pa.float64())]


def cells(question: Question, answer: Any) -> dict[str, Any]:
    return {question.name: None if answer is None else float(answer)}


def leaf_values(question: Question) -> list[Any]:
    return []
