"""What goes back to the queue: what its holder returned, and what lapsed.

A task that somebody gave back on purpose is not handed to the same annotator again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import is_id
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert
from steelyard.work import workload
from steelyard.work.keep import drop_draft
from steelyard.work.lanes import Demands, lane_for
from steelyard.work.queue import let_go, put_back, release_held
from steelyard.work.reviewing import escalate

SWEEP = 500
OTHERS, ANYONE, REVIEW = "others", "anyone", "review"
_ASSIGNMENT = (
    sa.select(t.assignment, t.task.c.world, t.task.c.gold)
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


def give_back(
    tx: Transaction, who: Principal, assignment_id: str, reason: Any = None, to: Any = OTHERS
) -> None:
    """Returns an assignment, to others, to anyone (the caller too) or to a reviewer, who then decides what the
    task is worth. What was given to the caller alone goes to all when it is returned to others.

    Raises `NotFound`, `Invalid`, `Conflict` when it is not in the caller's hands.
    """
    require(who, Action.WORK)
    if to not in (OTHERS, ANYONE, REVIEW):
        raise invalid("/to", "choice", f"must be one of {OTHERS}, {ANYONE}, {REVIEW}")
    if to == REVIEW and not (isinstance(reason, str) and reason.strip()):
        raise invalid("/reason", "required", "a reviewer needs to know why")
    if reason is not None and (not isinstance(reason, str) or len(reason) > 2000 or "\x00" in reason):
        raise invalid("/reason", "type", "must be a text of at most 2000 characters")
    row = tx.execute(_ASSIGNMENT, {"id": assignment_id}).first() if is_id(assignment_id) else None
    if row is None or row.world != who.world:
        raise NotFound("there is no such assignment")
    if row.state != AssignmentState.HELD or row.annotator_id != who.annotator_id:
        raise Conflict("You do not hold this assignment any more.", "lease_lost")
    drop_draft(tx, row.id)
    workload.count_return(tx, who.annotator_id, row.project_id)
    if to != ANYONE:
        tx.execute(
            upsert(tx, t.declined)
            .values(annotator_id=who.annotator_id, task_id=row.task_id, reason=reason, at=tx.now)
            .on_conflict_do_nothing()
        )
        row = _to_all(tx, row)
    let_go(tx, [row])
    # Gold stays where it is: its finder is told nothing else than of work. Lanes are locked last.
    if to != REVIEW or row.gold is not None or not escalate(tx, row.task_id, reason):
        put_back(tx, [(row.lane_id, row.ordinal)])


def _to_all(tx: Transaction, row: Any) -> Any:
    """The row, out of a lane that is one person's alone."""
    demands = None if row.lane_id is None else tx.scalar(_DEMANDS, {"lane": row.lane_id})
    if not demands or "person" not in demands:
        return row
    lane = lane_for(tx, row.project_id, replace(Demands.of_json(demands), person=None))
    tx.execute(sa.update(t.assignment).where(t.assignment.c.id == row.id).values(lane_id=lane))
    return tx.execute(_ASSIGNMENT, {"id": row.public_id}).one()


_DEMANDS = sa.select(t.lane.c.demands).where(t.lane.c.id == sa.bindparam("lane"))


def expire(tx: Transaction) -> int:
    """Puts up to 500 lapsed assignments back; returns how many."""
    rows = tx.execute(_LAPSED, {"now": tx.now}).all()
    release_held(tx, rows)
    return len(rows)
