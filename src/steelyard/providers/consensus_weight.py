"""On whose answers does the consensus rest, and how much on each?

Every task with a value has weight 1. It is divided among the judgments that support the value in proportion to
the evidence each one is: the log-odds of its annotator's accuracy, against a guess, never below nothing. For
ratings, numbers and texts, which many answers come near to, it is divided among all by accuracy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard import forms
from steelyard.domain.form import Question
from steelyard.forms.kind import Merged
from steelyard.providers.evidence import Evidence
from steelyard.providers.leave_one_out import Inferred, Left
from steelyard.work.columns import Asked

EXACT = frozenset({"choice", "choices"})  # an answer supports the value or does not
CERTAIN = 0.99  # nobody's accuracy counts for more, or its evidence would have no end
Floats = NDArray[np.float64]


def consensus_weight(evidence: Evidence, left: Left, truth: Inferred) -> tuple[dict[int, float], int]:
    """Weight by provider (row key), and how many tasks have a value: the weights add up to that."""
    columns, task, size = evidence.columns, evidence.task, len(evidence.tasks)
    weight = np.zeros(len(columns))
    questions = np.zeros(size)
    for asked in evidence.asked:
        if asked.key not in truth.merged:
            continue
        kept = left.vote[asked.rows]
        rows = asked.rows[kept]
        rows, share = _shares(evidence, asked, kept, rows, truth)
        weight[rows] += share
        questions[np.unique(task[rows])] += 1
    weight /= np.maximum(questions, 1)[task]
    # A fix is the value by itself; of what does not apply all answers say so alike.
    weight[left.fixed[task]] = 0.0
    for place in np.flatnonzero(left.fix & left.fixed[task]).tolist():
        weight[place] = 1.0
    alike = left.valued & ~left.fixed & (np.bincount(task, weights=weight, minlength=size) == 0)
    weight[left.vote & alike[task]] = 1.0
    weight[~left.valued[task]] = 0.0
    total = np.bincount(task, weights=weight, minlength=size)
    weight /= np.where(total > 0, total, 1.0)[task]
    providers, code = np.unique(columns.provider, return_inverse=True)
    sums = np.bincount(code, weights=weight, minlength=len(providers))
    found = {int(p): float(w) for p, w in zip(providers, sums, strict=True) if w > 0}
    return found, int((total > 0).sum())


def _shares(
    evidence: Evidence, asked: Asked, kept: NDArray[np.bool_], rows: NDArray[np.int64], truth: Inferred
) -> tuple[NDArray[np.int64], Floats]:
    """Rows that answer the question of a task with a value, and each one's part of that value."""
    task = evidence.task[rows]
    value = truth.values[asked.key]
    there = np.array([v is not None for v in value.tolist()], dtype=bool)[task]
    rows, task, codes = rows[there], task[there], asked.codes[kept][there]
    accuracy = _accuracy(truth.merged[asked.key], evidence.columns.annotator[rows])
    if asked.question.kind in EXACT:
        support = _support(asked.question, codes, asked.values, value, task)
        worth = _evidence(accuracy, len(asked.question.leaves) if asked.question.kind == "choice" else 2)
    else:
        support, worth = np.ones(len(rows)), accuracy
    size = len(evidence.tasks)
    share = worth * support
    for instead in (support, np.ones(len(rows))):  # where nothing is known, or nobody said quite this
        nothing = np.bincount(task, weights=share, minlength=size) <= 0
        share = np.where(nothing[task], instead, share)
    total = np.bincount(task, weights=share, minlength=size)
    return rows, share / np.where(total > 0, total, 1.0)[task]


def _accuracy(merged: Merged, annotator: NDArray[np.int64]) -> Floats:
    """Each row's annotator's accuracy; the mean of those known where it is not, and the same for all where
    none is."""
    people = merged.annotators
    known = ~np.isnan(people.accuracy)
    typical = float(people.accuracy[known].mean()) if known.any() else 0.5
    by_place = np.where(known, people.accuracy, typical)
    if not len(by_place):
        return np.full(len(annotator), typical)
    place = np.minimum(np.searchsorted(people.annotator, annotator), len(by_place) - 1)
    return np.where(people.annotator[place] == annotator, by_place[place], typical)


def _evidence(accuracy: Floats, options: int) -> Floats:
    """What one answer adds to the log-odds of the option that it names, as in `forms.voting.vote`."""
    sure = np.clip(accuracy, 1 - CERTAIN, CERTAIN)
    return np.maximum(0.0, np.log(sure / (1 - sure) * max(options - 1, 1)))


def _support(
    question: Question,
    codes: NDArray[np.int64],
    values: list[Any],
    value: NDArray[Any],
    task: NDArray[np.int64],
) -> Floats:
    """How near each answer is to its task's value: 1 the same, 0 nothing in common."""
    spelled: dict[Any, int] = {}
    decided = [
        -1 if v is None else spelled.setdefault(v if isinstance(v, str) else tuple(v), len(spelled))
        for v in value.tolist()
    ]
    distinct = [v if isinstance(v, str) else list(v) for v in spelled]
    pair = np.array(decided, dtype=np.int64)[task] * len(values) + codes
    pairs, place = np.unique(pair, return_inverse=True)
    near = [
        1.0 - forms.distance(question, values[p % len(values)], distinct[p // len(values)])
        for p in pairs.tolist()
    ]
    return np.array(near)[place]
