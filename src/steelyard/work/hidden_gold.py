"""Where does hidden gold fall, and which gold task has this annotator not seen?

A hash decides, so that nobody can tell gold from work from outside, and each is shown once to each annotator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from steelyard.domain.ids import new_id
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared

EVALUATION, TRAINING = "evaluation", "training"


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
GOLD = Prepared(
    sa.select(t.task.c.id, t.task.c.priority, t.task.c.created_at)
    .where(
        t.task.c.project_id == sa.bindparam("project"),
        sa.text("task.gold IS NOT NULL"),
        sa.func.coalesce(t.task.c.gold, "") == sa.bindparam("kind"),
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
_GOLD_ENDS = Prepared(
    sa.select(sa.func.min(t.task.c.id).label("low"), sa.func.max(t.task.c.id).label("high")).where(
        t.task.c.project_id == sa.bindparam("project"), sa.text("task.gold IS NOT NULL")
    )
)


def take_gold(
    tx: Transaction, who: Principal, project_id: int, count: int, claims: int, until: int
) -> list[Any]:
    """Makes held assignments on gold tasks that this annotator has not seen, from a drawn place on."""
    ends = _GOLD_ENDS.one(tx, {"project": project_id})
    low, high = ends.low, ends.high
    if low is None:
        return []
    drawn = hashlib.blake2b(f"gold:{who.annotator_id}:{claims}".encode(), digest_size=8).digest()
    pivot = low + int.from_bytes(drawn, "big") % (high - low + 1)
    at = {"project": project_id, "me": who.annotator_id, "kind": EVALUATION}
    tasks = [*GOLD.rows(tx, {**at, "low": pivot, "high": high + 1, "count": count})]
    if len(tasks) < count:
        tasks += GOLD.rows(tx, {**at, "low": low, "high": pivot, "count": count - len(tasks)})
    return hold_gold(tx, who, project_id, tasks, until)


def hold_gold(
    tx: Transaction, who: Principal, project_id: int, tasks: Sequence[Any], until: int
) -> list[Any]:
    """Held assignments, made now, on these gold tasks (rows with id, priority, created_at)."""
    if not tasks:
        return []
    return list(
        tx.execute(
            _HELD,
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
                    "price": who.price,
                    "claimed_at": tx.now,
                    "lease_until": until,
                }
                for task in tasks
            ],
        )
    )


_HELD = sa.insert(t.assignment).returning(
    t.assignment.c.id, t.assignment.c.task_id, t.assignment.c.ordinal, t.assignment.c.public_id
)
