"""What would be true without somebody?

The truth is inferred from the rows that would be left, by the same fit as a release without that provider: its
answers are gone, so are the contents that it gave and, where the project drops derivatives, fixes of its answers
and answers given with its suggestion on the screen. A task whose value was such a fix, or is copied from its
words, is lost, as it is withheld from a release.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard import forms
from steelyard.forms.kind import Merged
from steelyard.providers.evidence import Evidence
from steelyard.truth.encode import object_array

ALONE = frozenset({"text"})  # kinds of which one task's value depends on its own answers alone
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
NOTHING: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Left:
    """What stays without some providers, by counting alone. Rows: `vote` (of a fix none is); tasks: `valued`
    (has a value), `fixed` (its value is a fix that stays), `votes`, `lost_votes`, `missing` (answers that
    withdrawal would order anew)."""

    vote: Bools
    fix: Bools
    valued: Bools
    fixed: Bools
    votes: NDArray[np.int64]
    lost_votes: NDArray[np.int64]
    missing: NDArray[np.int64]
    content: Bools


@dataclass(frozen=True)
class Inferred:
    """The truth from what is left: by question each task's value (None: none), each task's confidence, and the
    rows whose words are a value."""

    values: dict[str, NDArray[Any]]
    confidence: Floats
    merged: dict[str, Merged]
    copied: NDArray[np.int64]


def what_is_left(
    evidence: Evidence, without: Collection[int], copied: NDArray[np.int64] | None = None
) -> Left:
    """Counts what stays without these providers (row keys). `copied`: the rows whose words are the value of
    a task when nobody is left out."""
    columns, task, size = evidence.columns, evidence.task, len(evidence.tasks)
    left_out = np.array(sorted(without), dtype=np.int64)
    content = ~np.isin(evidence.giver, left_out)
    gone = np.isin(columns.provider, left_out)
    if evidence.drops:
        gone |= np.isin(columns.suggested_by, left_out)
    withheld = np.zeros(size, dtype=bool)
    for place, chain in evidence.chains.items():
        if evidence.drops and (chain.withdrawn or not chain.providers.isdisjoint(without)):
            gone[place] = True
        if gone[place] and evidence.drops:
            withheld[task[place]] = True
    if evidence.drops and copied is not None:
        withheld[task[copied[gone[copied]]]] = True
    stays = ~gone & content[task]
    vote, fix = stays & ~columns.fix, stays & columns.fix

    def count(rows: Bools) -> NDArray[np.int64]:
        return np.bincount(task[rows], minlength=size)

    fixed = (count(fix) > 0) & ~withheld
    says = count(stays & evidence.says) > 0
    rows = count(stays)
    nothing_applies = (rows > 0) & (count(stays & evidence.not_applicable) == rows)
    votes, before = count(vote), count(~columns.fix)
    lost = before - votes
    # As `work.withdraw` orders anew: what was ordered beyond the usual, for the sake of confidence, is not.
    wanted, waiting = np.minimum(evidence.wanted, evidence.policy.answers), evidence.wanted - before
    short = wanted - votes - np.maximum(0, waiting)
    missing = np.where(content & ~fixed & (lost > 0), np.maximum(0, short), 0)
    return Left(
        vote=vote,
        fix=fix,
        valued=(says | nothing_applies) & ~withheld,
        fixed=fixed,
        votes=votes,
        lost_votes=lost,
        missing=missing,
        content=content,
    )


def infer(evidence: Evidence, left: Left, whole: Inferred | None = None) -> Inferred:
    """The truth from what is left. `whole`: the truth from everything, of which is taken what cannot differ."""
    size = len(evidence.tasks)
    touched = left.lost_votes > 0
    touched |= ~left.content
    values: dict[str, NDArray[Any]] = {}
    merged: dict[str, Merged] = {}
    copied: list[NDArray[np.int64]] = []
    every, required = np.full(size, np.inf), np.full(size, np.inf)
    for asked in evidence.asked:
        value, sure = np.full(size, None, dtype=object), np.full(size, np.inf)
        kept = left.vote[asked.rows]
        task = evidence.task[asked.rows]
        if whole is not None and asked.question.kind in ALONE:
            same = ~touched
            value[same] = whole.values[asked.key][same]
            sure[same] = _sure_of(whole, asked.key, size)[same]
            kept &= touched[task]
        if kept.any():
            found = forms.merge_codes(
                asked.question,
                task[kept],
                evidence.columns.annotator[asked.rows[kept]],
                asked.codes[kept],
                asked.values,
            )
            value[found.tasks] = object_array(found.values)
            sure[found.tasks] = found.confidence
            merged[asked.key] = found
            copied.append(asked.rows[kept][found.value_from[found.value_from >= 0]])
        values[asked.key] = value
        sure = np.where(left.fixed, np.inf, sure)
        every = np.minimum(every, sure)
        must = evidence.required.get(asked.key)
        if must is not None:
            required = np.minimum(required, np.where(must, sure, np.inf))
    confidence = np.where(np.isfinite(required), required, np.where(np.isfinite(every), every, 0.0))
    _fixed(evidence, left, values, confidence)
    for value in values.values():
        value[~left.valued] = None
    sources = np.concatenate([np.empty(0, dtype=np.int64), *copied])
    return Inferred(values, np.where(left.valued, confidence, 0.0), merged, sources)


def changed(evidence: Evidence, before: Inferred, after: Inferred, among: Bools) -> Bools:
    """Which of the tasks `among` have another value at any question than before."""
    found = np.zeros(len(among), dtype=bool)
    places = np.flatnonzero(among)
    numbers = {a.key: a.question.tolerance for a in evidence.asked if a.question.kind == "number"}
    nothing = np.full(len(among), None, dtype=object)
    for key in before.values.keys() | after.values.keys():
        was, now = (side.values.get(key, nothing)[places] for side in (before, after))
        found[places] |= _apart(was, now, numbers[key]) if key in numbers else was != now
    return found


def _sure_of(whole: Inferred, key: str, size: int) -> Floats:
    sure = np.full(size, np.inf)
    if key in whole.merged:
        sure[whole.merged[key].tasks] = whole.merged[key].confidence
    return sure


def _apart(was: NDArray[Any], now: NDArray[Any], tolerance: float | None) -> Bools:
    """Which numbers differ, as `forms.number` takes two for equal; None is no number."""
    one, other = (
        np.array([np.nan if v is None else float(v) for v in side], dtype=np.float64) for side in (was, now)
    )
    larger = np.maximum(np.abs(one), np.abs(other))
    slack = 1e-9 * larger if tolerance is None else tolerance + 1e-9 * np.maximum(larger, tolerance)
    with np.errstate(invalid="ignore"):
        return (np.isnan(one) != np.isnan(other)) | (np.abs(one - other) > slack)


def _fixed(evidence: Evidence, left: Left, values: dict[str, NDArray[Any]], confidence: Floats) -> None:
    """Where a fix stays, the latest one is the value, and it is sure."""
    columns = evidence.columns
    latest: dict[int, int] = {}
    for place in np.flatnonzero(left.fix).tolist():
        task = int(evidence.task[place])
        known = latest.get(task)
        if known is None or _moment(evidence, place) > _moment(evidence, known):
            latest[task] = place
    for task, place in latest.items():
        if not left.fixed[task]:
            continue
        answers = json.loads(columns.texts[int(columns.answers[place])])
        for value in values.values():
            value[task] = None
        confidence[task] = 0.0
        for name, key in evidence.questions[int(columns.form[place])]:
            if answers.get(name) is not None:
                if key not in values:  # a question that only fixes answer
                    values[key] = np.full(len(evidence.tasks), None, dtype=object)
                values[key][task] = answers[name]
                confidence[task] = 1.0


def _moment(evidence: Evidence, place: int) -> tuple[int, bytes]:
    return int(evidence.columns.at[place]), evidence.columns.public_id[place].tobytes()
