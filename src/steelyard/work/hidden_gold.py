"""Where does hidden gold fall, and which gold task has this annotator not seen?

A hash decides, so that nobody can tell gold from work from outside, and each is shown once to each annotator.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from steelyard.domain.ids import new_id
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction


def falls_on_gold(annotator_id: int, count: int, rate: float) -> bool:
    """Whether this annotator's claim number `count` is hidden gold: a hash decides, so that nobody can
    tell from outside, and a replay decides the same."""
    if rate <= 0:
        return False
    drawn = hashlib.blake2b(f"{annotator_id}:{count}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn, "big") < rate * 2**64


_not_shown = (
    sa.select(sa.literal(1))
    .where(
        t.assignment.c.task_id == t.task.c.id,
        t.assignment.c.annotator_id == sa.bindparam("me"),
        sa.text("assignment.state IN (1, 2)"),
    )
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_GOLD = (
    sa.select(t.task.c.id, t.task.c.priority, t.task.c.created_at)
    .where(
        t.task.c.project_id == sa.bindparam("project"),
        sa.text("task.gold IS NOT NULL"),
        # Wrapped, so that SQLite walks the few gold tasks by their own index and not every open task.
        sa.func.coalesce(t.task.c.status, "") == "open",
        t.task.c.id >= sa.bindparam("low"),
        t.task.c.id < sa.bindparam("high"),
        _not_shown,
        sa.select(sa.literal(1))
        .where(t.declined.c.annotator_id == sa.bindparam("me"), t.declined.c.task_id == t.task.c.id)
        .limit(1)
        .scalar_subquery()
        .is_(None),
    )
    .order_by(t.task.c.id)
    .limit(sa.bindparam("count"))
)
_GOLD_ENDS = sa.select(sa.func.min(t.task.c.id).label("low"), sa.func.max(t.task.c.id).label("high")).where(
    t.task.c.project_id == sa.bindparam("project"), sa.text("task.gold IS NOT NULL")
)


def take_gold(
    tx: Transaction, who: Principal, project_id: int, count: int, claims: int, until: int, price: int
) -> list[sa.Row]:
    """Makes held assignments on gold tasks that this annotator has not seen, from a drawn place on."""
    if count == 0:
        return []
    ends = tx.execute(_GOLD_ENDS, {"project": project_id}).one()
    low, high = ends.low, ends.high
    if low is None:
        return []
    drawn = hashlib.blake2b(f"gold:{who.annotator_id}:{claims}".encode(), digest_size=8).digest()
    pivot = low + int.from_bytes(drawn, "big") % (high - low + 1)
    at = {"project": project_id, "me": who.annotator_id}
    tasks = list(tx.execute(_GOLD, {**at, "low": pivot, "high": high + 1, "count": count}))
    if len(tasks) < count:
        tasks += list(tx.execute(_GOLD, {**at, "low": low, "high": pivot, "count": count - len(tasks)}))
    if not tasks:
        return []
    return list(
        tx.execute(
            sa.insert(t.assignment).returning(
                t.assignment.c.id, t.assignment.c.task_id, t.assignment.c.ordinal, t.assignment.c.public_id
            ),
            [
                {
                    # As of the task, as work's is: the moment in an id would tell what is gold.
                    "public_id": new_id(task.created_at),
                    "project_id": project_id,
                    "task_id": task.id,
                    "lane_id": None,
                    "state": int(AssignmentState.HELD),
                    "priority": task.priority,
                    "ordinal": 0,
                    "annotator_id": who.annotator_id,
                    "provider_id": who.provider_id,
                    "price": price,
                    "claimed_at": tx.now,
                    "lease_until": until,
                }
                for task in tasks
            ],
        )
    )
