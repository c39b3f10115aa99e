"""A level of a scale: `4`.

Levels are integers from `min` to `max` (1 to 5 unless said) in steps of `step`; a merged rating is a level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.forms.kind import Merged, Rows, Settled
from steelyard.forms.problems import as_integer, described, join

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = frozenset({"min", "max", "step"})
DEFAULTS = {"min": 1, "max": 5, "step": 1}
MOST_LEVELS = 1001
EVEN = 1e-9


def check_spec(spec: dict[str, Any], pointer: str) -> list[Problem]:
    problems: list[Problem] = []
    read: dict[str, int] = {}
    for key, default in DEFAULTS.items():
        said = spec.get(key)
        number = as_integer(default if said is None else said)
        if number is None or (key == "step" and number < 1):
            wanted = "a positive integer" if key == "step" else "an integer"
            message = f"{key} must be {wanted}, not {described(said)}"
            problems.append(Problem(join(pointer, key), "bad_bound", message))
        else:
            read[key] = number
    if problems:
        return problems
    span, step = read["max"] - read["min"], read["step"]
    if span <= 0:
        message = f"max {read['max']} must be more than min {read['min']}"
        return [Problem(join(pointer, "max"), "bad_bound", message)]
    if span % step:
        message = f"max {read['max']} cannot be reached from min {read['min']} in steps of {step}"
        return [Problem(join(pointer, "step"), "bad_bound", message)]
    if span // step + 1 > MOST_LEVELS:
        message = f"{span // step + 1} levels are more than {MOST_LEVELS}; use a number"
        return [Problem(join(pointer, "max"), "too_many", message)]
    return []


def normal_spec(spec: dict[str, Any]) -> dict[str, Any]:
    said = {key: as_integer(spec.get(key, default)) for key, default in DEFAULTS.items()}
    kept = {key: value for key, value in said.items() if key != "step" or value != 1}
    return {key: value for key, value in spec.items() if key not in DEFAULTS} | kept


def check(question: Question, answer: Any, pointer: str) -> list[Problem]:
    level = as_integer(answer)
    scale = _levels(question)
    if level is None:
        return [Problem(pointer, "wrong_type", f"a rating must be an integer, not {described(answer)}")]
    if level not in scale:
        steps = f" in steps of {scale.step}" if scale.step != 1 else ""
        message = f"{level} is not on the scale from {scale[0]} to {scale[-1]}{steps}"
        return [Problem(pointer, "out_of_range", message)]
    return []


def settle(question: Question, answers: list[Any], weights: Sequence[float] | None) -> Settled:
    """The level nearest to the (weighted) mean; confidence is the share of answers within half a step or the
    tolerance of it, with one pseudo-answer spread over the levels."""
    scale = _levels(question)
    given = [int(a) for a in answers]
    share = [1.0] * len(given) if weights is None else [max(w, 0.01) for w in weights]
    mean = math.fsum(a * w for a, w in zip(given, share, strict=True)) / math.fsum(share)
    place = min(max((mean - scale[0]) / scale.step, 0), len(scale) - 1)
    below = math.floor(place)
    tie = abs(place - below - 0.5) <= EVEN
    centre = (len(scale) - 1) / 2
    up = (abs(below + 1 - centre) < abs(below - centre)) if tie else place - below > 0.5
    value = scale[below + int(up)]
    reach = question.tolerance or 0.0
    close = math.fsum(w for a, w in zip(given, share, strict=True) if abs(a - value) <= reach)
    return Settled(value, (close + 1 / len(scale)) / (math.fsum(share) + 1), tie)


def merge(question: Question, rows: Rows) -> Merged:
    """Annotators differ in bias and noise; the value is the level nearest to the estimate."""
    import numpy as np

    from steelyard.forms.merging import merged
    from steelyard.truth import aggregate

    scale = _levels(question)
    truth = aggregate(
        rows.task,
        rows.annotator,
        rows.each(int),
        kind="rating",
        method=rows.method,
        gold={t: int(a) for t, a in rows.gold.items()} or None,
        within=max(question.tolerance or 0.0, scale.step / 2),
        levels=np.array(scale),
    )
    return merged(truth, rows, [int(v) for v in truth.labels.tolist()])


def is_correct(question: Question, answer: Any, gold: Any) -> bool:
    return abs(answer - gold) <= (question.tolerance or 0.0)


def distance(question: Question, a: Any, b: Any) -> float:
    return float(abs(a - b))


def columns(question: Question) -> list[pa.Field]:
    import pyarrow as pa

    return [pa.field(question.name, pa.int64())]


def cells(question: Question, answer: Any) -> dict[str, Any]:
    return {question.name: None if answer is None else int(answer)}


def leaf_values(question: Question) -> list[Any]:
    return list(_levels(question))


def _levels(question: Question) -> range:
    low, high, step = (question.spec.get(key, default) for key, default in DEFAULTS.items())
    return range(low, high + 1, step)
