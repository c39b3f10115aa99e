"""Which level of a scale is right?

The answer is always a legal level: the one nearest to the estimate that `number.fit` makes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steelyard.truth.number import normal_cdf

EVEN = 1e-9
Floats = NDArray[np.float64]


def nearest_level(estimate: Floats, levels: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Index of the level nearest to each estimate, and whether two are as near.

    Half-way goes to the level nearer to the middle of the scale, and exactly in the middle to the lower.
    """
    if len(levels) == 1:
        return np.zeros(len(estimate), dtype=np.int64), np.zeros(len(estimate), dtype=bool)
    upper = np.clip(np.searchsorted(levels, estimate), 1, len(levels) - 1)
    lower = upper - 1
    lead = (estimate - levels[lower]) - (levels[upper] - estimate)
    even = np.abs(lead) <= EVEN * np.maximum(levels[upper] - levels[lower], 1e-300)
    middle = 0.5 * (levels[0] + levels[-1])
    inward = np.abs(levels[upper] - middle) < np.abs(levels[lower] - middle) - EVEN
    return np.where(even, np.where(inward, upper, lower), np.where(lead > 0, upper, lower)), even


def level_probabilities(mean: Floats, sd: Floats, levels: Floats) -> Floats:
    """Probability of each level (tasks x levels): the truth's mass between the midpoints around it."""
    middles = 0.5 * (levels[1:] + levels[:-1])
    safe = np.where(sd > 0, sd, 1e-12)[:, None]
    below = normal_cdf((middles[None, :] - mean[:, None]) / safe)
    edges = np.concatenate([np.zeros((len(mean), 1)), below, np.ones((len(mean), 1))], axis=1)
    return np.diff(edges, axis=1)
