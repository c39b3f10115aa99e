"""What is the answer to each question, task by task, going by the evidence alone?

Fixes are no votes; where a task has some, the latest is its value and sure.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard import forms
from steelyard.domain.form import Question
from steelyard.forms.kind import Merged
from steelyard.releases.evidence import Answered, Evidence

SEED = 0
# Confidences are kept to this many digits, so that another machine's arithmetic comes to the same ones.
DIGITS = 9


@dataclass(frozen=True)
class Fitted:
    """One question's fit. For every task `codes` is a place in `values`, -1 where it has none; `source` the row of
    the judgment that the value copies, -1 where it is merged."""

    question: Question
    key: str
    values: list[Any]
    codes: NDArray[np.int32]
    confidence: NDArray[np.float64]
    tie: NDArray[np.bool_]
    source: NDArray[np.int64] | None
    said: dict[str, Any]


def fit_questions(evidence: Evidence) -> dict[str, Fitted]:
    """A fit for each question (by its key) that somebody answered."""
    vote = np.ones(len(evidence.task), dtype=bool)
    vote[evidence.fixes] = False
    found = {}
    for key, answered in evidence.answered.items():
        rows = np.flatnonzero(vote & (answered.codes >= 0)) if len(evidence.fixes) else answered.codes >= 0
        if rows.any() if rows.dtype == bool else len(rows):
            found[key] = _fit(evidence, answered, rows)
    return found


def _fit(evidence: Evidence, answered: Answered, rows: NDArray[Any]) -> Fitted:
    whole = rows.dtype == bool and rows.all()
    task, annotator, codes = (
        array if whole else array[rows] for array in (evidence.task, evidence.annotator, answered.codes)
    )
    values, codes = _in_use(answered.values, codes)
    merged = forms.merge_codes(answered.question, task, annotator, codes, values, seed=SEED)
    count = len(evidence.tasks)
    chosen, place = _coded(merged.values)
    codes = np.full(count, -1, dtype=np.int32)
    codes[merged.tasks] = place
    confidence = np.zeros(count)
    confidence[merged.tasks] = np.round(merged.confidence, DIGITS)
    tie = np.zeros(count, dtype=bool)
    tie[merged.tasks] = merged.tie
    source = None
    if (merged.value_from >= 0).any():
        source = np.full(count, -1, dtype=np.int64)
        every = np.flatnonzero(rows) if rows.dtype == bool else rows
        source[merged.tasks] = np.where(merged.value_from >= 0, every[merged.value_from], -1)
    return Fitted(answered.question, answered.key, chosen, codes, confidence, tie, source, _told(merged))


def _in_use(values: list[Any], codes: NDArray[np.int32]) -> tuple[list[Any], NDArray[np.int32]]:
    """The values that occur, and the codes of each among them: a fix may have brought one that nobody else gave."""
    present = np.zeros(len(values), dtype=bool)
    present[codes] = True
    if present.all():
        return values, codes
    lut = (np.cumsum(present) - 1).astype(np.int32)
    return [v for v, here in zip(values, present.tolist(), strict=True) if here], lut[codes]


def _coded(values: list[Any]) -> tuple[list[Any], NDArray[np.int32]]:
    """The distinct values, and each one's place among them."""
    known: dict[Any, int] = {}
    if values and all(type(v) is str for v in values):
        codes = np.fromiter((known.setdefault(v, len(known)) for v in values), np.int32, len(values))
        return list(known), codes
    distinct: list[Any] = []
    codes = np.empty(len(values), dtype=np.int32)
    for row, value in enumerate(values):
        code = known.setdefault((type(value), json.dumps(value, sort_keys=True)), len(distinct))
        if code == len(distinct):
            distinct.append(value)
        codes[row] = code
    return distinct, codes


def _told(merged: Merged) -> dict[str, Any]:
    likelihood = None if math.isnan(merged.log_likelihood) else round(float(merged.log_likelihood), 6)
    return {
        "method": merged.method,
        "version": merged.version,
        "seed": SEED,
        "tasks": len(merged.tasks),
        "log_likelihood": likelihood,
        "iterations": int(merged.iterations),
    }
