"""What is the value, when annotators differ in bias and in noise?

Model: answer = truth + annotator's bias + Gaussian noise of the annotator's own variance, the truth without a
prior (so with equal annotators the estimate is the plain mean). MAP by EM: a bias is shrunk towards 0 with
`BIAS_PSEUDO_ANSWERS`, a variance towards the pooled within-task variance with `NOISE_PSEUDO_ANSWERS`. An
anonymous answer has bias 0 and the pooled variance: no skill is claimed for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from steelyard.truth.labels import Labels

BIAS_PSEUDO_ANSWERS = 4.0
NOISE_PSEUDO_ANSWERS = 4.0
DEFAULT_WITHIN = 0.05
LEAST_VARIANCE = 1e-18  # of the widest deviation, squared
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NumberFit:
    """`mean` and `sd` of the truth of every task; per row the same from the others' answers only."""

    mean: Floats
    sd: Floats
    others_mean: Floats
    others_sd: Floats
    objectives: list[float] = field(repr=False)
    converged: bool


def fit(
    labels: Labels, gold: Floats, max_iterations: int, tolerance: float, *, equal: bool = False
) -> NumberFit:
    """`gold` holds a value or NaN for every task. With `equal` no annotator has bias or noise of its own."""
    task, who, y = labels.task, labels.annotator, labels.label.astype(np.float64)
    tasks, width = len(labels.tasks), labels.width
    known = ~np.isnan(gold)
    centre = float(np.median(y))
    scale = float(np.abs(y - centre).max()) or abs(centre) or 1.0
    y, gold = (y - centre) / scale, (gold - centre) / scale
    pooled = _pooled_variance(labels, y)
    bias, variance = np.zeros(width), np.full(width, pooled)
    n = np.bincount(who, minlength=width)
    own = np.arange(width) < labels.named

    def estimate() -> tuple[Floats, Floats, Floats]:
        weight = 1.0 / variance[who]
        precision = np.bincount(task, weights=weight, minlength=tasks)
        mean = np.bincount(task, weights=weight * (y - bias[who]), minlength=tasks) / precision
        spread = np.where(known, 0.0, 1.0 / precision)
        return np.where(known, gold, mean), spread, precision.astype(np.float64)

    def objective(mean: Floats, precision: Floats) -> float:
        residual = y - bias[who] - mean[task]
        rows = -0.5 * np.log(2 * math.pi * variance[who]) - 0.5 * residual**2 / variance[who]
        free = 0.5 * np.log(2 * math.pi / precision[~known])
        prior = (
            -0.5 * (NOISE_PSEUDO_ANSWERS + 1) * np.log(variance)
            - 0.5 * (BIAS_PSEUDO_ANSWERS * bias**2 + NOISE_PSEUDO_ANSWERS * pooled) / variance
        )
        return float(rows.sum() + free.sum() + prior[own].sum())

    mean, spread, precision = estimate()
    objectives = [objective(mean, precision)]
    converged = equal
    while not converged and len(objectives) < max_iterations:
        residual = y - mean[task]
        total = np.bincount(who, weights=residual, minlength=width)
        bias = np.where(own, total / (n + BIAS_PSEUDO_ANSWERS), 0.0)
        squares = np.bincount(who, weights=(residual - bias[who]) ** 2 + spread[task], minlength=width)
        shrunk = squares + BIAS_PSEUDO_ANSWERS * bias**2 + NOISE_PSEUDO_ANSWERS * pooled
        variance = np.where(own, shrunk / (n + NOISE_PSEUDO_ANSWERS + 1), pooled)
        mean, spread, precision = estimate()
        objectives.append(objective(mean, precision))
        converged = objectives[-1] - objectives[-2] < tolerance * len(y)

    weight = 1.0 / variance[who]
    rest = np.where(labels.answers[task] > 1, precision[task] - weight, math.nan)
    unclamped = np.bincount(task, weights=weight * (y - bias[who]), minlength=tasks)
    others = (unclamped[task] - weight * (y - bias[who])) / rest
    return NumberFit(
        mean=mean * scale + centre,
        sd=np.sqrt(spread) * scale,
        others_mean=np.where(known[task], gold[task], others) * scale + centre,
        others_sd=np.where(known[task], 0.0, np.sqrt(1.0 / rest)) * scale,
        objectives=objectives,
        converged=converged,
    )


def median(labels: Labels) -> Floats:
    """The middle answer of every task, the mean of the two middle ones where there is an even number."""
    order = np.lexsort((labels.label, labels.task))
    value = labels.label.astype(np.float64)[order]
    n, first = labels.answers, labels.start[:-1]
    return 0.5 * (value[first + (n - 1) // 2] + value[first + n // 2])


def default_within(values: Floats) -> float:
    """5 % of the interquartile range of all answers, of the standard deviation where that is nothing."""
    low, high = np.percentile(values, [25, 75])
    return float(DEFAULT_WITHIN * ((high - low) or values.std()))


def probability_within(value: Floats, mean: Floats, sd: Floats, within: float) -> Floats:
    """Probability that a truth distributed as N(mean, sd) lies within `within` of `value`."""
    certain = np.where(np.abs(value - mean) <= within, 1.0, 0.0)
    safe = np.where(sd > 0, sd, 1.0)
    spread = normal_cdf((value + within - mean) / safe) - normal_cdf((value - within - mean) / safe)
    return np.where(np.isnan(sd), math.nan, np.where(sd > 0, spread, certain))


def normal_cdf(z: Floats) -> Floats:
    flat = np.asarray(z, dtype=np.float64).ravel()
    values = np.fromiter((math.erf(x) for x in (flat / math.sqrt(2)).tolist()), np.float64, flat.size)
    return (0.5 + 0.5 * values).reshape(np.shape(z))


def _pooled_variance(labels: Labels, y: Floats) -> float:
    """Within-task variance; that of all answers where no task has two."""
    tasks = len(labels.tasks)
    mean = np.bincount(labels.task, weights=y, minlength=tasks) / labels.answers
    freedom = len(y) - tasks
    spread = float(np.sum((y - mean[labels.task]) ** 2)) / freedom if freedom else float(y.var())
    return max(spread, LEAST_VARIANCE)
