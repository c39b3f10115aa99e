"""Which value do the answers of one task favour?

Pure Python, for settling inside a request: no arrays, no fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

EVEN = 1e-9


def vote(
    answers: Sequence[Any], weights: Sequence[float] | None, legal: Sequence[Any]
) -> tuple[Any, float, bool]:
    """The value, its confidence and whether it is a tie.

    Without weights confidence is the share of votes with one pseudo-vote spread over `legal`. With weights,
    the annotators' accuracies, it is the posterior of independent one-coin annotators. A tie goes to the
    value that comes first in `legal`.
    """
    places = {value: index for index, value in enumerate(legal)}
    size = len(legal)
    if weights is None:
        score = [1 / size] * size
        for answer in answers:
            score[places[answer]] += 1
        share = [s / (len(answers) + 1) for s in score]
    else:
        score = [0.0] * size
        for answer, weight in zip(answers, weights, strict=True):
            accuracy = min(max(weight, 0.01), 0.99)
            score[places[answer]] += math.log(accuracy) - math.log((1 - accuracy) / max(size - 1, 1))
        top = max(score)
        odds = [math.exp(s - top) for s in score]
        share = [o / sum(odds) for o in odds]
    best = max(share)
    level = [index for index, s in enumerate(share) if s >= best - EVEN]
    return legal[level[0]], share[level[0]], len(level) > 1


def check_weights(answers: Sequence[Any], weights: Sequence[float] | None) -> None:
    if not answers:
        raise ValueError("there are no answers to settle")
    if weights is not None and len(weights) != len(answers):
        raise ValueError(f"{len(weights)} weights for {len(answers)} answers")
