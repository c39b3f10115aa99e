"""Which tasks are staged, started, paused and finished together?

A change of status holds for the next claim at once; the batch's rows move in or out of the queue in chunks
by a job.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import new_id
from steelyard.domain.names import checked_name, name_key
from steelyard.domain.states import AssignmentState, BatchStatus, TaskStatus, move
from steelyard.identity.policy import Action, Principal, require
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.queue import put_back

CHUNK = 5000
JOB = "move_batch"
_LANES = sa.select(t.lane.c.id).where(t.lane.c.project_id == sa.bindparam("project"))


def create_batch(
    tx: Transaction, who: Principal, project: sa.Row, name: Any, *, staged: bool = False, priority: int = 0
) -> sa.Row:
    """A new batch; its tasks are in the queue at once unless it is staged. `Conflict` when the name is taken."""
    name = checked_name(name)
    key = name_key(name)
    find = sa.select(t.batch).where(t.batch.c.world == who.world, t.batch.c.name_key == key)
    if tx.execute(find).first():
        raise Conflict(f"there is a batch named {name!r} already", "name_taken")
    tx.execute(
        sa.insert(t.batch).values(
            public_id=new_id(tx.now),
            project_id=project.id,
            world=who.world,
            name=name,
            name_key=key,
            status=BatchStatus.STAGED if staged else BatchStatus.RUNNING,
            priority=priority,
            created_at=tx.now,
        )
    )
    return tx.execute(find).one()


def find_batch(tx: Transaction, who: Principal, name: str, action: Action = Action.READ_RESULTS) -> sa.Row:
    row = tx.execute(
        sa.select(t.batch).where(t.batch.c.world == who.world, t.batch.c.name_key == name_key(name))
    ).first()
    if row is None:
        raise NotFound(f"there is no batch {name!r}")
    require(who, action, row.project_id)
    return row


def change_batch(tx: Transaction, who: Principal, name: str, status: Any) -> sa.Row:
    """Starts (running), pauses (paused), finishes or cancels a batch; raises `Conflict` for an illegal step."""
    row = find_batch(tx, who, name, Action.MANAGE_PROJECTS)
    if status not in list(BatchStatus):
        raise invalid("/status", "choice", f"must be one of {', '.join(BatchStatus)}")
    to = move(BatchStatus(row.status), BatchStatus(status))
    tx.execute(sa.update(t.batch).where(t.batch.c.id == row.id).values(status=to))
    if to is BatchStatus.RUNNING:
        # What came back while it was paused stayed ready, and every cursor passed it by.
        put_back(tx, ((lane, 0) for lane in tx.execute(_LANES, {"project": row.project_id}).scalars()))
    if move_rows(tx, row.id) == CHUNK:
        enqueue(tx, JOB, {"batch": row.id}, dedup_key=f"{JOB}:{row.id}")
    return tx.execute(sa.select(t.batch).where(t.batch.c.id == row.id)).one()


def move_rows(tx: Transaction, batch_id: int, chunk: int = CHUNK) -> int:
    """Moves up to `chunk` of a batch's waiting or ready rows to where its status wants them; returns how many."""
    status = tx.execute(sa.select(t.batch.c.status).where(t.batch.c.id == batch_id)).scalar_one()
    if status == BatchStatus.RUNNING:
        source, target = AssignmentState.WAITING, AssignmentState.READY
    elif status in (BatchStatus.PAUSED, BatchStatus.STAGED):
        source, target = AssignmentState.READY, AssignmentState.WAITING
    else:
        source, target = AssignmentState.READY, AssignmentState.CANCELLED
    a = t.assignment
    query = (
        sa.select(a.c.id, a.c.lane_id, a.c.ordinal)
        .where(a.c.batch_id == batch_id, a.c.state == int(source))
        .order_by(a.c.id)
        .limit(chunk)
        .with_for_update(of=a)
    )
    if target is AssignmentState.READY:  # what is still being fetched gets ready by itself
        query = query.join(t.task, t.task.c.id == a.c.task_id).where(t.task.c.status == TaskStatus.OPEN)
    rows = tx.execute(query).all()
    for at in range(0, len(rows), 500):
        ids = [row.id for row in rows[at : at + 500]]
        tx.execute(sa.update(a).where(a.c.id.in_(ids)).values(state=int(target)))
    if target is AssignmentState.READY:
        put_back(tx, ((row.lane_id, row.ordinal) for row in rows))
    return len(rows)
