"""What goes back to the queue: what its holder returned, and what lapsed.

A task that somebody gave back on purpose is not handed to the same annotator again.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import is_id
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert
from steelyard.work.queue import release_held

SWEEP = 500
_ASSIGNMENT = (
    sa.select(t.assignment, t.task.c.world)
    .join(t.task, t.task.c.id == t.assignment.c.task_id)
    .where(t.assignment.c.public_id == sa.bindparam("id"))
    .with_for_update(of=t.assignment)
)
_LAPSED = (
    sa.select(t.assignment.c.id, t.assignment.c.lane_id, t.assignment.c.ordinal)
    .where(sa.text("assignment.state = 1"), t.assignment.c.lease_until < sa.bindparam("now"))
    .order_by(t.assignment.c.lease_until)
    .limit(SWEEP)
    .with_for_update(skip_locked=True)
)


def give_back(tx: Transaction, who: Principal, assignment_id: str, reason: Any = None) -> None:
    """Returns an assignment. Raises `NotFound`, `Conflict` when it is not in the caller's hands."""
    require(who, Action.WORK)
    if reason is not None and (not isinstance(reason, str) or len(reason) > 2000 or "\x00" in reason):
        raise invalid("/reason", "type", "must be a text of at most 2000 characters")
    row = tx.execute(_ASSIGNMENT, {"id": assignment_id}).first() if is_id(assignment_id) else None
    if row is None or row.world != who.world:
        raise NotFound("there is no such assignment")
    if row.state != AssignmentState.HELD or row.annotator_id != who.annotator_id:
        raise Conflict("You do not hold this assignment any more.", "lease_lost")
    release_held(tx, [row])
    tx.execute(
        upsert(tx, t.declined)
        .values(annotator_id=who.annotator_id, task_id=row.task_id, reason=reason, at=tx.now)
        .on_conflict_do_nothing()
    )


def expire(tx: Transaction) -> int:
    """Puts up to 500 lapsed assignments back; returns how many."""
    rows = tx.execute(_LAPSED, {"now": tx.now}).all()
    release_held(tx, rows)
    return len(rows)
