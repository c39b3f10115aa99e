"""The two passes over all labels that Dawid-Skene repeats, compiled.

Imported only when a fit runs. Sums run in the order of the rows, on one thread: the result is deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

FEW_LABELS = 16


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return numba.njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to keep the compiled code in: compile for this process
        return numba.njit(error_model="numpy")(function)


@_compiled
def e_step(start, pair, table, log_class, gold, posterior, counts, mass):  # type: ignore[no-untyped-def]
    """Writes posterior (tasks x classes), expected counts (pairs x classes) and class mass; returns the
    log-likelihood.

    A task of few labels is multiplied out, which needs no exponentials: with at most `FEW_LABELS` factors,
    none below 1e-12, nothing underflows. A task of many is added up in log space.
    """
    classes = log_class.shape[0]
    counts[:] = 0.0
    mass[:] = 0.0
    factor = np.exp(table)
    prior = np.exp(log_class)
    score = np.empty(classes)
    likelihood = 0.0
    for t in range(start.shape[0] - 1):
        known = gold[t]
        if known >= 0:
            likelihood += log_class[known]
            mass[known] += 1.0
            for i in range(start[t], start[t + 1]):
                likelihood += table[pair[i], known]
                counts[pair[i], known] += 1.0
            continue
        total = 0.0
        if start[t + 1] - start[t] <= FEW_LABELS:
            for k in range(classes):
                score[k] = prior[k]
            for i in range(start[t], start[t + 1]):
                p = pair[i]
                for k in range(classes):
                    score[k] *= factor[p, k]
            for k in range(classes):
                total += score[k]
            likelihood += math.log(total)
        else:
            for k in range(classes):
                score[k] = log_class[k]
            for i in range(start[t], start[t + 1]):
                p = pair[i]
                for k in range(classes):
                    score[k] += table[p, k]
            top = score[0]
            for k in range(1, classes):
                top = max(top, score[k])
            for k in range(classes):
                score[k] = math.exp(score[k] - top)
                total += score[k]
            likelihood += top + math.log(total)
        scale = 1.0 / total
        for k in range(classes):
            score[k] *= scale
            posterior[t, k] = score[k]
            mass[k] += score[k]
        for i in range(start[t], start[t + 1]):
            p = pair[i]
            for k in range(classes):
                counts[p, k] += score[k]
    return likelihood


@_compiled
def leave_one_out(start, pair, label, table, log_class, gold):  # type: ignore[no-untyped-def]
    """For every row the probability of its label given the others' labels on the task; NaN without others."""
    classes = log_class.shape[0]
    agreement = np.empty(pair.shape[0])
    score = np.empty(classes)
    for t in range(start.shape[0] - 1):
        if gold[t] >= 0:
            for i in range(start[t], start[t + 1]):
                agreement[i] = 1.0 if label[i] == gold[t] else 0.0
            continue
        if start[t + 1] - start[t] < 2:
            for i in range(start[t], start[t + 1]):
                agreement[i] = math.nan
            continue
        for k in range(classes):
            score[k] = log_class[k]
        for i in range(start[t], start[t + 1]):
            for k in range(classes):
                score[k] += table[pair[i], k]
        for i in range(start[t], start[t + 1]):
            p = pair[i]
            top = -math.inf
            for k in range(classes):
                top = max(top, score[k] - table[p, k])
            total = 0.0
            for k in range(classes):
                total += math.exp(score[k] - table[p, k] - top)
            own = label[i]
            agreement[i] = math.exp(score[own] - table[p, own] - top) / total
    return agreement
