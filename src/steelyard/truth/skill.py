"""How good is each annotator and each provider, and how sure is that?

An annotator is never judged by its own vote: inferred accuracy uses the posterior of the others' labels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.truth.encode import UnusableLabels, encode, object_array
from steelyard.truth.labels import Labels
from steelyard.truth.result import Annotators

NORMAL_95 = 1.959963984540054
BINS = 64
HALVINGS = 24
Floats = NDArray[np.float64]


def wilson(correct: Any, n: Any, z: float = NORMAL_95) -> tuple[Floats, Floats]:
    """Wilson's score interval (1927) for `correct` of `n`; `correct` may be an expected, fractional number.

    Without trials the interval is 0..1.
    """
    hits, trials = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64)
    safe = np.maximum(trials, 1e-12)
    share = hits / safe
    middle = share + z * z / (2 * safe)
    half = z * np.sqrt(np.maximum(share * (1 - share), 0) / safe + z * z / (4 * safe * safe))
    scale = 1 + z * z / safe
    low, high = np.clip((middle - half) / scale, 0, 1), np.clip((middle + half) / scale, 0, 1)
    return np.where(trials > 0, low, 0.0), np.where(trials > 0, high, 1.0)


def measure(
    labels: Labels, agreement: Floats, gold: NDArray[np.int64], classes: int | None = None
) -> Annotators:
    """The table of the named annotators from the rows' agreement: how probable the row's answer is given only
    the others' answers and gold (NaN: nobody to compare with). On gold tasks `agreement` is 1 or 0.

    With `classes` accuracy is the a that makes the answers most likely when the truth is as uncertain as the
    others leave it: an answer of agreement p has likelihood p a + (1 - p)(1 - a)/(classes - 1). (The mean of
    p itself would be too low, as the others err too.) The interval is Wilson's for as many answers as carry
    that much information, fewer than were given where the truth is uncertain. Without `classes` accuracy is
    the mean agreement. Neither knows how wrong the model itself may be: trust gold more.
    """
    named = labels.annotator < labels.named
    who, value = labels.annotator[named], agreement[named]
    comparable = ~np.isnan(value)
    judged = np.bincount(who[comparable], minlength=labels.named)
    hits = np.bincount(who[comparable], weights=value[comparable], minlength=labels.named)
    on_gold = gold[labels.task[named]] >= 0
    accuracy, trials = hits / np.maximum(judged, 1), judged.astype(np.float64)
    if classes is not None:
        accuracy, trials = _most_likely(who[comparable], value[comparable], labels.named, classes)
    low, high = wilson(accuracy * trials, trials)
    return Annotators(
        annotator=labels.annotators,
        n=np.bincount(who, minlength=labels.named),
        accuracy=np.where(judged > 0, accuracy, math.nan),
        low=low,
        high=high,
        gold_n=np.bincount(who[on_gold], minlength=labels.named),
        gold_correct=np.bincount(who[on_gold & (value > 0.5)], minlength=labels.named),
    )


def _most_likely(
    who: NDArray[np.int64], agreement: Floats, annotators: int, classes: int
) -> tuple[Floats, Floats]:
    """The most likely accuracy of each annotator, and how many answers with known truth tell as much.

    Answers are binned by agreement; the likelihood is concave, so its slope is halved in on.
    """
    cells = who * BINS + np.minimum((agreement * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(cells, minlength=annotators * BINS).reshape(annotators, BINS)
    total = np.bincount(cells, weights=agreement, minlength=annotators * BINS).reshape(annotators, BINS)
    right = total / np.maximum(count, 1)
    wrong = (1 - right) / max(classes - 1, 1)
    slope = right - wrong
    n = count.sum(axis=1)
    low, high = 0.25 / (n + 1.0), 1 - 0.25 / (n + 1.0)
    edges = low.copy(), high.copy()
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        rising = (count * slope / (wrong + slope * middle[:, None])).sum(axis=1) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    accuracy = 0.5 * (low + high)
    information = (count * (slope / (wrong + slope * accuracy[:, None])) ** 2).sum(axis=1)
    trials = np.minimum(information * accuracy * (1 - accuracy), n)
    accuracy = np.where(accuracy - edges[0] < 1e-4, 0.0, np.where(edges[1] - accuracy < 1e-4, 1.0, accuracy))
    return accuracy, trials


def roll_up(annotators: Annotators, provider: Any) -> Annotators:
    """The same table by provider. `provider` is a mapping from annotator to provider, or one entry a row.

    Accuracy is the mean over the annotators weighted by answers. Answers of one annotator hang together, so
    the interval is the wider of Wilson's and the one from the spread between annotators.
    """
    ids = annotators.annotator.tolist()
    if hasattr(provider, "items"):
        missing = next((a for a in ids if a not in provider), None)
        if missing is not None:
            raise UnusableLabels(f"annotator {missing!r} has no provider")
        provider = object_array([provider[a] for a in ids])
    codes, names = encode(provider, "provider")
    if len(codes) != len(ids):
        raise UnusableLabels(f"{len(codes)} providers for {len(ids)} annotators")
    count = len(names)
    known = ~np.isnan(annotators.accuracy)
    weight = np.where(known, annotators.n, 0).astype(np.float64)
    mean_of = np.where(known, annotators.accuracy, 0.0)
    trials = np.bincount(codes, weights=weight, minlength=count)
    hits = np.bincount(codes, weights=weight * mean_of, minlength=count)
    accuracy = np.where(trials > 0, hits / np.maximum(trials, 1e-12), math.nan)
    low, high = wilson(hits, trials)
    members = np.bincount(codes[known], minlength=count)
    residual = np.where(known, weight * (mean_of - np.nan_to_num(accuracy)[codes]), 0.0)
    squares = np.bincount(codes, weights=residual**2, minlength=count)
    error = np.sqrt(squares * members / np.maximum(members - 1, 1)) / np.maximum(trials, 1e-12)
    several = members > 1
    low = np.where(several, np.clip(np.minimum(low, accuracy - NORMAL_95 * error), 0, 1), low)
    high = np.where(several, np.clip(np.maximum(high, accuracy + NORMAL_95 * error), 0, 1), high)

    def summed(column: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(codes, weights=column, minlength=count).astype(np.int64)

    return Annotators(
        names,
        summed(annotators.n),
        accuracy,
        low,
        high,
        summed(annotators.gold_n),
        summed(annotators.gold_correct),
    )
