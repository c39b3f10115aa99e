"""What must be taken back now that somebody may no longer be shown it?

Called under the exclusive lock right after the change: up to 5,000 held assignments go back to the queue in
the same transaction, the rest by a job. Until then nothing of them can be submitted all the same, because
submit asks eligibility first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from steelyard.domain.states import AssignmentState
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.queue import release_held
from steelyard.work.review_queue import recall_reviews

AT_ONCE = 5000
JOB = "recall"


@dataclass(frozen=True)
class Recalled:
    """How many held assignments went back, by (provider, project) row keys; `more`: a job takes the rest."""

    by: dict[tuple[int, int], int] = field(default_factory=dict)
    more: bool = False

    @property
    def count(self) -> int:
        return sum(self.by.values())

    def of(self, provider_id: int) -> int:
        return sum(n for (provider, _), n in self.by.items() if provider == provider_id)


_HOLDERS = (
    sa.select(
        t.assignment.c.provider_id, t.assignment.c.project_id, t.assignment.c.lane_id.is_(None).label("gold")
    )
    .where(sa.text("assignment.state = 1"))
    .distinct()
)
_HELD = (
    sa.select(t.assignment.c.id, t.assignment.c.lane_id, t.assignment.c.ordinal)
    .where(
        sa.text("assignment.state = 1"),
        t.assignment.c.provider_id == sa.bindparam("provider"),
        t.assignment.c.project_id == sa.bindparam("project"),
    )
    .order_by(t.assignment.c.id)
    .limit(sa.bindparam("count"))
    .with_for_update()
)


def recall(tx: Transaction, at_once: int = AT_ONCE) -> Recalled:
    """Takes back every held assignment, and every held review, that its holder may no longer be shown."""
    by: dict[tuple[int, int], int] = {}
    back: list[sa.Row] = []
    more = False
    for holder in tx.execute(_HOLDERS).all():
        if standing.verdict(tx, holder.provider_id, holder.project_id, gold=holder.gold).allowed:
            continue
        here = (holder.provider_id, holder.project_id)
        query = _HELD.where(
            t.assignment.c.lane_id.is_(None) if holder.gold else t.assignment.c.lane_id.is_not(None)
        )
        left = at_once - len(back)
        rows = tx.execute(query, {"provider": here[0], "project": here[1], "count": left + 1}).all()
        back += rows[:left]
        by[here] = by.get(here, 0) + len(rows[:left])
        if more := len(rows) > left:
            enqueue(tx, JOB, {}, dedup_key=JOB)
            break
    recall_reviews(tx)
    # All at once and last: whoever gives back holds an assignment and waits for its lane.
    release_held(tx, back)
    return Recalled(by, more)


def held_by(tx: Transaction, provider_id: int) -> int:
    """How many assignments this provider's annotators hold now, in all projects."""
    return tx.execute(
        sa.select(sa.func.count())
        .select_from(t.assignment)
        .where(t.assignment.c.provider_id == provider_id, t.assignment.c.state == int(AssignmentState.HELD))
    ).scalar_one()
