"""Which label is right, when annotators differ in what they confuse with what?

Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Applied
Statistics 28 (1979), fitted as a MAP estimate: every row of an annotator's confusion matrix has a Dirichlet
prior worth `ROW_PSEUDO_LABELS` labels, centred on the annotator's one-coin matrix (right with probability a,
else any other label alike). `a` is the annotator's accuracy against the plain vote, itself shrunk towards the
population's with weight `ACCURACY_PSEUDO_LABELS`. It is computed once, before the fit, so the objective is
fixed and EM can only raise it. Gold tasks are clamped inside the model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.truth.encode import UnusableLabels
from steelyard.truth.labels import Labels

ROW_PSEUDO_LABELS = 4.0
ACCURACY_PSEUDO_LABELS = 2.0
CLASS_PSEUDO_TASKS = 1.0
LEAST_ACCURACY = 0.01
LARGEST_TABLE = 2**28
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """`posterior` is tasks x classes, raw; `objectives` holds the objective of every iteration;
    `agreement` is, for every row, how probable the row's label is given only the others' labels and gold."""

    posterior: Floats
    objectives: list[float] = field(repr=False)
    converged: bool
    agreement: Floats


def fit(labels: Labels, votes: Floats, gold: NDArray[np.int64], max_iterations: int, tolerance: float) -> Fit:
    """EM until the objective gains less than `tolerance` nats a label, at most `max_iterations` times.

    `gold` holds a class code or -1 for every task. Deterministic; in log space throughout.
    """
    classes = votes.shape[1]
    pairs, pair = _distinct_pairs(labels, classes)
    if len(pairs) * classes > LARGEST_TABLE:
        raise UnusableLabels(
            f"{len(pairs)} distinct pairs of annotator and label times {classes} classes is too large a table"
            " for dawid-skene; use method majority"
        )
    pair_annotator, pair_label = np.divmod(pairs, classes)
    posterior = votes / votes.sum(axis=1, keepdims=True)
    known = np.flatnonzero(gold >= 0)
    posterior[known] = 0.0
    posterior[known, gold[known]] = 1.0
    accuracy = _accuracy_against_vote(labels, posterior)
    prior = _Prior(accuracy, pair_annotator, pair_label, labels.width, classes)
    run_e_step, run_leave_one_out = _kernels()
    counts = np.empty((len(pairs), classes))
    _count(labels, pair, posterior, counts)
    objectives: list[float] = []
    converged = False
    pair_table = np.empty_like(counts)
    log_class = np.empty(classes)
    mass = posterior.sum(axis=0)
    for _ in range(max_iterations):
        share = mass + CLASS_PSEUDO_TASKS / classes
        log_class = np.log(share / share.sum())
        log_prior = prior.update(counts, pair_table) + CLASS_PSEUDO_TASKS * log_class.mean()
        likelihood = run_e_step(labels.start, pair, pair_table, log_class, gold, posterior, counts, mass)
        objectives.append(float(likelihood + log_prior))
        if len(objectives) > 1 and objectives[-1] - objectives[-2] < tolerance * len(labels.task):
            converged = True
            break
    agreement = run_leave_one_out(labels.start, pair, labels.label, pair_table, log_class, gold)
    return Fit(posterior, objectives, converged, agreement)


class _Prior:
    """The Dirichlet prior of all confusion rows, kept only for the labels that an annotator ever gave."""

    def __init__(
        self, accuracy: Floats, annotator: NDArray[Any], label: NDArray[Any], width: int, classes: int
    ) -> None:
        self.annotator, self.label, self.width, self.classes = annotator, label, width, classes
        right = ROW_PSEUDO_LABELS * accuracy
        wrong = ROW_PSEUDO_LABELS * (1 - accuracy) / max(classes - 1, 1)
        self.pseudo = np.repeat(wrong[annotator][:, None], classes, axis=1)
        self.pseudo[np.arange(len(annotator)), label] = right[annotator]
        # Labels that an annotator never gave still carry prior mass; it enters the objective in closed form.
        given_right = np.zeros((width, classes))
        given_right[annotator, label] = 1.0
        given = np.bincount(annotator, minlength=width)[:, None]
        never_right = 1.0 - given_right
        never_wrong = (classes - given) - never_right
        self.never_mass = never_right * right[:, None] + never_wrong * wrong[:, None]
        self.never_constant = float(
            (never_right * (right * np.log(right))[:, None]).sum()
            + (never_wrong * (wrong * np.log(np.maximum(wrong, 1e-300)))[:, None]).sum()
        )
        self.first = np.searchsorted(annotator, np.arange(width))

    def update(self, counts: Floats, table: Floats) -> float:
        """Writes the log confusion rows of the M-step into `table` and returns their log prior."""
        total = np.add.reduceat(counts, self.first, axis=0)
        log_total = np.log(total + ROW_PSEUDO_LABELS)
        np.log(counts + self.pseudo, out=table)
        table -= log_total[self.annotator]
        return float((self.pseudo * table).sum() - (self.never_mass * log_total).sum() + self.never_constant)


def _distinct_pairs(labels: Labels, classes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    keys = labels.annotator * classes + labels.label
    size = labels.width * classes
    if size > 4 * len(keys) + 1_000_000:
        pairs, pair = np.unique(keys, return_inverse=True)
        return pairs, pair.reshape(-1)
    present = np.zeros(size, dtype=bool)
    present[keys] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[keys]


def _accuracy_against_vote(labels: Labels, posterior: Floats) -> Floats:
    right = posterior[labels.task, labels.label]
    population = right.mean()
    hits = np.bincount(labels.annotator, weights=right, minlength=labels.width)
    n = np.bincount(labels.annotator, minlength=labels.width)
    shrunk = (hits + ACCURACY_PSEUDO_LABELS * population) / (n + ACCURACY_PSEUDO_LABELS)
    return np.clip(shrunk, LEAST_ACCURACY, 1 - LEAST_ACCURACY)


def _count(labels: Labels, pair: NDArray[np.int64], posterior: Floats, counts: Floats) -> None:
    for k in range(counts.shape[1]):
        counts[:, k] = np.bincount(pair, weights=posterior[labels.task, k], minlength=len(counts))


@cache
def _kernels() -> tuple[Any, Any]:
    """The compiled passes; numba is loaded on the first fit only."""
    from steelyard.truth import dawid_skene_kernels

    return dawid_skene_kernels.e_step, dawid_skene_kernels.leave_one_out
