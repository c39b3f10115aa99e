"""Which label do most annotators give?

Ties are told, and broken by a rule that the order of the rows cannot touch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steelyard.truth.labels import Labels

PSEUDO_VOTES = 1.0
EVEN = 1e-9
Floats = NDArray[np.float64]


def count_votes(labels: Labels, classes: int) -> Floats:
    """Votes, tasks x classes."""
    cells = labels.task * classes + labels.label
    tasks = len(labels.tasks)
    return np.bincount(cells, minlength=tasks * classes).reshape(tasks, classes).astype(np.float64)


def smoothed_share(votes: Floats) -> Floats:
    """Share of the votes with one pseudo-vote spread evenly, so that a single vote is not certainty."""
    classes = votes.shape[1]
    return (votes + PSEUDO_VOTES / classes) / (votes.sum(axis=1, keepdims=True) + PSEUDO_VOTES)


def pick(weight: Floats, votes: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The heaviest class of each task and whether another is as heavy.

    A tie goes to the label that is most frequent over all tasks, then to the smallest label.
    """
    heaviest = weight.max(axis=1, keepdims=True)
    level = weight >= heaviest - EVEN
    ties = level.sum(axis=1) > 1
    preference = np.lexsort((np.arange(votes.shape[1]), -votes.sum(axis=0)))
    chosen = preference[np.argmax(level[:, preference], axis=1)]
    return chosen.astype(np.int64), ties
