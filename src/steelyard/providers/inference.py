"""What does a run find out about a project's dependence?

Everything is inferred in full as long as that is done in a few minutes. A larger project's values are inferred
from tasks drawn by the hash of their keys, always the same ones, with all their answers; what is counted (tasks
lost, answers to be given anew, who stands alone) is counted over all tasks at any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.domain.times import SECOND
from steelyard.providers.consensus_weight import consensus_weight
from steelyard.providers.evidence import Evidence, read_evidence
from steelyard.providers.figures import FORM, organisation_sets
from steelyard.providers.leave_one_out import NOTHING, Inferred, Left, changed, infer, what_is_left
from steelyard.providers.pace import BINS, BLOCKS, HOUR, RHYTHM_FROM, WINDOW
from steelyard.store.database import Transaction
from steelyard.work.columns import Asked, Columns
from steelyard.work.tally import progress

BUDGET_S = 240.0  # of one core, about; what would take longer is inferred from a sample of the tasks
LEAST_TASKS = (
    200_000  # in a sample: with fewer each annotator's skill is less well known, which biases the rest
)
# Seconds that the fit of one answer takes, measured; a choice's grow with its options.
COST = {"choice": 0.5e-6, "choices": 0.8e-6, "rating": 4e-6, "number": 4e-6, "text": 40e-6}
Say = Callable[[str], None]


def work_out(
    tx: Transaction, project_id: int, columns: Columns, *, say: Say | None = None, budget_s: float = BUDGET_S
) -> dict[str, Any]:
    """Figures of a project from its columns, as JSON: `tasks` with a value, their mean `confidence`, `weight`
    of consensus by provider, `providers` (row key to counts and `without`), `sets` (of providers that hang
    together), `speed` (when they answered in the last four weeks), and how it was inferred."""
    evidence = read_evidence(tx, project_id, columns)
    concerned = evidence.concerned
    groups = sorted(organisation_sets(tx, concerned), key=sorted)
    sample = _sample(evidence, len(concerned) + len(groups) + 1, budget_s)
    small = evidence if sample is None else _only(evidence, sample)
    left = what_is_left(evidence, NOTHING)
    drawn = left if sample is None else what_is_left(small, NOTHING)
    if say is not None:
        say(f"inferring the truth from {len(small.columns):,} judgments")
    whole = infer(small, drawn)
    weight, weighed = consensus_weight(small, drawn, whole)
    run = _Run(evidence, left, small, drawn, whole, sample is not None)
    providers: dict[str, Any] = {}
    for number, provider in enumerate(concerned):
        if say is not None:
            say(f"without each of {len(concerned) + len(groups)}: {number + 1}")
        providers[str(provider)] = _counts(evidence, left, provider) | run.without(frozenset({provider}))
    sets = []
    for number, group in enumerate(groups):
        if say is not None:
            say(f"without each of {len(concerned) + len(groups)}: {len(concerned) + number + 1}")
        sets.append({"providers": sorted(group), **run.without(group)})
    return {
        "form": FORM,
        "method": "full" if sample is None else "sample",
        "inferred_tasks": len(small.tasks),
        "tasks": int(left.valued.sum()),
        "confidence": _mean(whole.confidence[drawn.valued]),
        "fits": {a.key: whole.merged[a.key].method for a in evidence.asked if a.key in whole.merged},
        "weight": {str(p): round(w / max(weighed, 1), 9) for p, w in weight.items()},
        "providers": providers,
        "sets": sets,
        "speed": _speed(evidence.columns, tx.now, progress(tx, project_id).open > 0),
    }


class _Run:
    """What was inferred once from everything, to compare with."""

    def __init__(
        self,
        evidence: Evidence,
        left: Left,
        small: Evidence,
        drawn: Left,
        whole: Inferred,
        sampled: bool,
    ) -> None:
        self.evidence, self.left = evidence, left
        self.small, self.drawn, self.whole = small, drawn, whole
        self.sampled = sampled

    def without(self, group: frozenset[int]) -> dict[str, Any]:
        """`without` as the API gives it, and `missing` and `extra` answers."""
        drawn = what_is_left(self.small, group, self.whole.copied)
        after = what_is_left(self.evidence, group) if self.sampled else drawn
        truth = infer(self.small, drawn, self.whole)
        policy = self.evidence.policy
        short = self._short(self.evidence, self.left, after)
        stays = self.drawn.valued & drawn.valued
        unsure = np.zeros(len(stays), dtype=bool)
        if (target := policy.target_confidence) is not None:
            unsure = stays & (self.whole.confidence >= target) & (truth.confidence < target)
        scale = self.left.valued.sum() / max(1, self.drawn.valued.sum())
        lost = int((self.left.valued & ~after.valued).sum())
        if self.sampled:  # whose words a value copies is known of the sample alone
            counted = what_is_left(self.small, group).valued
            lost += _scaled(self.drawn.valued & counted & ~drawn.valued, scale)
        below = int(short.sum()) + _scaled(unsure & ~self._short(self.small, self.drawn, drawn), scale)
        room = np.maximum(0, policy.max_answers - drawn.votes - drawn.missing)
        extra = np.where(unsure, np.minimum(drawn.lost_votes - drawn.missing, room), 0)
        moved = changed(self.small, self.whole, truth, stays)
        return {
            "without": {
                "tasks": int(self.left.valued.sum()),
                "values_changed": _scaled(moved, scale),
                "tasks_lost": lost,
                "below_target": below,
                "confidence_before": _mean(self.whole.confidence[self.drawn.valued]),
                "confidence_after": _mean(truth.confidence[drawn.valued]),
            },
            "missing": int(after.missing.sum()),
            "extra": _scaled(extra, scale),
        }

    def _short(self, evidence: Evidence, before: Left, after: Left) -> NDArray[np.bool_]:
        """Tasks that keep a value and had the answers they want and no longer have them."""
        want = np.minimum(evidence.wanted, evidence.policy.answers)
        stays = before.valued & after.valued & ~after.fixed
        return stays & (before.votes >= want) & (after.votes < want)


def _counts(evidence: Evidence, left: Left, provider: int) -> dict[str, int]:
    """Over all tasks: `answered` by this provider, by it `alone`, and those of them that have a `consensus`."""
    task, size = evidence.task, len(evidence.tasks)
    mine = np.bincount(task[evidence.columns.provider == provider], minlength=size)
    every = np.bincount(task, minlength=size)
    return {
        "judgments": int(mine.sum()),
        "answered": int((mine > 0).sum()),
        "alone": int(((mine > 0) & (mine == every)).sum()),
        "consensus": int(((mine > 0) & evidence.answered).sum()),
    }


def _sample(evidence: Evidence, fits: int, budget_s: float) -> NDArray[np.bool_] | None:
    """Which tasks the values are inferred from; None: all of them."""
    seconds = fits * math.fsum(len(asked.rows) * _cost(asked) for asked in evidence.asked)
    if seconds <= budget_s or len(evidence.tasks) <= LEAST_TASKS:
        return None
    part = max(budget_s / seconds, LEAST_TASKS / len(evidence.tasks))
    # Fibonacci hashing: drawn as if by chance, and the same tasks in every run.
    hashed = evidence.tasks.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (hashed >> np.uint64(32)) < np.uint64(round(part * 2**32))


def _cost(asked: Asked) -> float:
    """Seconds an answer."""
    options = max(len(asked.question.leaves), 1)
    kind = asked.question.kind
    if kind == "choices":
        return COST[kind] * options
    return COST[kind] * (1 + options / 10) if kind == "choice" else COST[kind]


def _only(evidence: Evidence, sample: NDArray[np.bool_]) -> Evidence:
    """The evidence of the tasks in a sample."""
    rows = sample[evidence.task]
    tasks, row = np.cumsum(sample) - 1, np.cumsum(rows) - 1

    def asked_of(asked: Asked) -> Asked:
        kept = rows[asked.rows]
        return replace(asked, rows=row[asked.rows[kept]], codes=asked.codes[kept])

    return replace(
        evidence,
        columns=evidence.columns.where(rows),
        asked=[asked_of(asked) for asked in evidence.asked],
        required={key: required[sample] for key, required in evidence.required.items()},
        tasks=evidence.tasks[sample],
        task=tasks[evidence.task[rows]],
        giver=evidence.giver[sample],
        wanted=evidence.wanted[sample],
        answered=evidence.answered[sample],
        chains={int(row[place]): chain for place, chain in evidence.chains.items() if rows[place]},
        says=evidence.says[rows],
        not_applicable=evidence.not_applicable[rows],
    )


def _speed(columns: Columns, now: int, waiting: bool) -> dict[str, Any] | None:
    """Answers given here (not shipped) in the last four weeks by provider, in bins up to `end`: whole hours where
    they span days, else parts of their span. `waiting`: there is open work, so silence is slowness."""
    recent = (columns.at > now - int(WINDOW * SECOND)) & (columns.at <= now) & ~columns.shipped
    if not recent.any():
        return None
    at, provider = columns.at[recent], columns.provider[recent]
    first, end = int(at.min()), now if waiting else int(at.max())
    if end - first >= RHYTHM_FROM * SECOND:
        width = int(HOUR * SECOND)
        end = end // width * width
        count = (end - first) // width
    else:
        count = BLOCKS * BINS
        width = max(1, -(-(end - first) // count))
    place = count - 1 - (end - at) // width
    kept = (at <= end) & (place >= 0)
    providers, code = np.unique(provider[kept], return_inverse=True)
    table = np.bincount(code * count + place[kept], minlength=len(providers) * count)
    counts = table.reshape(len(providers), count).tolist()
    return {
        "end": end / SECOND,
        "bin_s": width / SECOND,
        "counts": {str(p): row for p, row in zip(providers.tolist(), counts, strict=True)},
    }


def _scaled(found: NDArray[Any], scale: float) -> int:
    return round(float(found.sum()) * float(scale))


def _mean(confidence: NDArray[np.float64]) -> float | None:
    return round(float(confidence.mean()), 6) if len(confidence) else None
