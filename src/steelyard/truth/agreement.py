"""How far do annotators agree beyond chance?

Computed from counts of each value in each task, never from an annotator x task matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.truth.encode import UnusableLabels, encode, to_numbers
from steelyard.truth.labels import arrange

LEVELS = ("nominal", "ordinal", "interval")
RESAMPLED_VALUES = 100_000_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """`alpha` with its 95 % bootstrap interval `low`..`high` (NaN when nobody disagrees on anything because
    one value only occurs, or no task has two answers); `percent` is the share of agreeing pairs of answers,
    `tasks` and `answers` count what could be paired."""

    level: str
    alpha: float
    low: float
    high: float
    percent: float
    tasks: int
    answers: int
    resamples: int


def agreement(
    task: Any, annotator: Any, label: Any, level: str = "nominal", *, resamples: int = 1000, seed: int = 0
) -> Agreement:
    """Krippendorff's alpha (Content Analysis, 2004) at `level` nominal, ordinal or interval.

    Arrays as for `aggregate`. The interval resamples tasks with replacement; at most `resamples` times, fewer
    (never below 100) for large inputs. Ordinal labels are ordered as numbers where all are numbers, else as
    text. Raises `UnusableLabels`.
    """
    if level not in LEVELS:
        raise UnusableLabels(f"level {level!r} is not one of {', '.join(LEVELS)}")
    codes, value = _values(label, level)
    labels = arrange(task, annotator, codes)
    paired = labels.answers > 1
    keep = paired[labels.task]
    unit = (np.cumsum(paired) - 1)[labels.task[keep]]
    kinds, units = len(value), int(paired.sum())
    if not units:
        nothing = math.nan
        return Agreement(level, nothing, nothing, nothing, nothing, 0, 0, 0)
    cells, count = np.unique(unit * kinds + labels.label[keep], return_counts=True)
    place, kind = np.divmod(cells, kinds)
    size = np.bincount(unit, minlength=units).astype(np.float64)
    disagreement = _ALPHAS[level](place, kind, count.astype(np.float64), size, value)
    alpha = disagreement(np.ones(units))
    agreeing = np.bincount(place, weights=count * (count - 1.0), minlength=units).sum()
    percent = float(agreeing / (size * (size - 1)).sum())
    draws = int(min(resamples, max(100, RESAMPLED_VALUES // len(cells)))) if not math.isnan(alpha) else 0
    low = high = alpha
    if draws:
        random = np.random.default_rng(seed)
        found = np.array(
            [
                disagreement(
                    np.bincount(random.integers(0, units, units), minlength=units).astype(np.float64)
                )
                for _ in range(draws)
            ]
        )
        found = found[~np.isnan(found)]
        if len(found):
            low, high = (float(x) for x in np.percentile(found, [2.5, 97.5]))
    return Agreement(level, alpha, low, high, percent, units, int(size.sum()), draws)


def _values(label: Any, level: str) -> tuple[NDArray[np.int64], Floats]:
    if level == "nominal":
        codes, classes = encode(label, "label")
        return codes, np.arange(len(classes), dtype=np.float64)
    try:
        numbers = to_numbers(label, "label")
    except UnusableLabels:
        if level == "interval":
            raise
        codes, classes = encode(label, "label")
        return codes, np.arange(len(classes), dtype=np.float64)
    value, codes = np.unique(numbers, return_inverse=True)
    return codes.reshape(-1).astype(np.int64), value


def _alpha(observed: float, expected: float, answers: float) -> float:
    return 1.0 - (answers - 1) * observed / expected if expected > 0 else math.nan


def _nominal(
    place: NDArray[Any], kind: NDArray[Any], count: Floats, size: Floats, value: Floats
) -> Callable[[Floats], float]:
    same = np.bincount(place, weights=count**2, minlength=len(size))
    inside = (size**2 - same) / (size - 1)

    def alpha(weight: Floats) -> float:
        answers = float(weight @ size)
        totals = np.bincount(kind, weights=weight[place] * count, minlength=len(value))
        return _alpha(float(weight @ inside), answers**2 - float(totals @ totals), answers)

    return alpha


def _squared(place: NDArray[Any], kind: NDArray[Any], count: Floats, size: Floats, value: Floats) -> Floats:
    """Observed disagreement of every task, squared differences: from two sums, not from all pairs."""
    first = np.bincount(place, weights=count * value[kind], minlength=len(size))
    second = np.bincount(place, weights=count * value[kind] ** 2, minlength=len(size))
    return np.maximum(2 * (size * second - first**2), 0) / (size - 1)


def _interval(
    place: NDArray[Any], kind: NDArray[Any], count: Floats, size: Floats, value: Floats
) -> Callable[[Floats], float]:
    value = value - np.average(value[kind], weights=count)
    inside = _squared(place, kind, count, size, value)

    def alpha(weight: Floats) -> float:
        answers = float(weight @ size)
        totals = np.bincount(kind, weights=weight[place] * count, minlength=len(value))
        expected = 2 * (answers * float(totals @ value**2) - float(totals @ value) ** 2)
        return _alpha(float(weight @ inside), expected, answers)

    return alpha


def _ordinal(
    place: NDArray[Any], kind: NDArray[Any], count: Floats, size: Floats, value: Floats
) -> Callable[[Floats], float]:
    """The ordinal difference of two values is the interval difference of their mid-ranks."""

    def alpha(weight: Floats) -> float:
        answers = float(weight @ size)
        totals = np.bincount(kind, weights=weight[place] * count, minlength=len(value))
        rank = np.cumsum(totals) - totals / 2 - answers / 2
        inside = _squared(place, kind, count, size, rank)
        expected = 2 * (answers * float(totals @ rank**2) - float(totals @ rank) ** 2)
        return _alpha(float(weight @ inside), expected, answers)

    return alpha


_ALPHAS = {"nominal": _nominal, "ordinal": _ordinal, "interval": _interval}
