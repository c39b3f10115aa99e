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
from steelyard.domain.states import AssignmentState, BatchStatus, ProjectStatus, TaskStatus, move
from steelyard.identity.policy import Action, Principal, require
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.page import Page, page_before
from steelyard.work.projects import archived
from steelyard.work.queue import put_back

CHUNK = 5000
HIGHEST_PRIORITY = 1_000_000
JOB, PRIORITY_JOB, END_JOB = "move_batch", "prioritise_batch", "end_batch"
_LANES = sa.select(t.lane.c.id).where(t.lane.c.project_id == sa.bindparam("project"))


def create_batch(
    tx: Transaction, who: Principal, project: sa.Row, name: Any, *, staged: bool = False, priority: int = 0
) -> sa.Row:
    """A new batch; its tasks are in the queue at once unless it is staged. `Conflict` when the name is taken or
    the project archived."""
    if project.status != ProjectStatus.ACTIVE:
        raise archived(project)
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


def list_batches(tx: Transaction, project: sa.Row, *, after: int = 0, limit: int = 100) -> Page:
    """A page of a project's batches, newest first."""
    return page_before(
        tx, sa.select(t.batch).where(t.batch.c.project_id == project.id), t.batch.c.id, after, limit
    )


def find_batch(tx: Transaction, who: Principal, name: str, action: Action = Action.READ_RESULTS) -> sa.Row:
    row = tx.execute(
        sa.select(t.batch).where(t.batch.c.world == who.world, t.batch.c.name_key == name_key(name))
    ).first()
    if row is None:
        raise NotFound(f"there is no batch {name!r}")
    require(who, action, row.project_id)
    return row


def change_batch(
    tx: Transaction, who: Principal, name: str, status: Any = None, priority: Any = None
) -> sa.Row:
    """Starts (running), pauses (paused), finishes or cancels a batch, or gives all of its tasks a priority.

    Raises `Conflict` for an illegal step.
    """
    row = find_batch(tx, who, name, Action.MANAGE_PROJECTS)
    if status is None and priority is None:
        raise invalid("/status", "required", "say what to change: status or priority")
    if priority is not None:
        _prioritise(tx, row, priority)
    if status is not None:
        _move(tx, row, status)
    return tx.execute(sa.select(t.batch).where(t.batch.c.id == row.id)).one()


def _move(tx: Transaction, row: sa.Row, status: Any) -> None:
    if status not in list(BatchStatus):
        raise invalid("/status", "choice", f"must be one of {', '.join(BatchStatus)}")
    to = move(BatchStatus(row.status), BatchStatus(status))
    tx.execute(sa.update(t.batch).where(t.batch.c.id == row.id).values(status=to))
    if to is BatchStatus.RUNNING:
        # What came back while it was paused stayed ready, and every cursor passed it by.
        put_back(tx, ((lane, 0) for lane in tx.execute(_LANES, {"project": row.project_id}).scalars()))
    if move_rows(tx, row.id) == CHUNK:
        enqueue(tx, JOB, {"batch": row.id}, dedup_key=f"{JOB}:{row.id}")
    if to in (BatchStatus.FINISHED, BatchStatus.CANCELLED):
        enqueue(tx, END_JOB, {"batch": row.id}, dedup_key=f"{END_JOB}:{row.id}")


def checked_priority(value: Any, pointer: str = "/priority") -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > HIGHEST_PRIORITY:
        raise invalid(
            pointer, "range", f"must be a whole number from -{HIGHEST_PRIORITY} to {HIGHEST_PRIORITY}"
        )
    return value


def _prioritise(tx: Transaction, row: sa.Row, priority: Any) -> None:
    tx.execute(sa.update(t.batch).where(t.batch.c.id == row.id).values(priority=checked_priority(priority)))
    if prioritise_rows(tx, row.id, 0) is not None:
        enqueue(tx, PRIORITY_JOB, {"batch": row.id}, dedup_key=f"{PRIORITY_JOB}:{row.id}")


def prioritise_rows(tx: Transaction, batch_id: int, after: int, chunk: int = CHUNK) -> int | None:
    """Gives up to `chunk` tasks of a batch its priority, with what waits of them, from the row key `after` on;
    the key to go on after, or None at the end. Places in the queue stay: they are compared within a priority."""
    priority = tx.execute(sa.select(t.batch.c.priority).where(t.batch.c.id == batch_id)).scalar_one()
    keys = tx.execute(
        sa.select(t.task.c.id)
        .where(t.task.c.batch_id == batch_id, t.task.c.id > after)
        .order_by(t.task.c.id)
        .limit(chunk)
    ).scalars().all()  # fmt: skip
    a = t.assignment
    changed: list[sa.Row] = []
    for at in range(0, len(keys), 500):
        some = keys[at : at + 500]
        tx.execute(sa.update(t.task).where(t.task.c.id.in_(some)).values(priority=priority))
        changed += tx.execute(
            sa.update(a)
            .where(a.c.task_id.in_(some), a.c.priority != priority)
            .values(priority=priority)
            .returning(a.c.lane_id, a.c.ordinal)
        ).all()
        waits = (t.review_item.c.task_id.in_(some), sa.text("review_item.state = 0"))
        tx.execute(sa.update(t.review_item).where(*waits).values(priority=priority))
    put_back(tx, ((row.lane_id, row.ordinal) for row in changed))
    return keys[-1] if len(keys) == chunk else None


def move_rows(tx: Transaction, batch_id: int, chunk: int = CHUNK) -> int:
    """Moves up to `chunk` of a batch's waiting or ready rows to where its status wants them; returns how many."""
    status = tx.execute(sa.select(t.batch.c.status).where(t.batch.c.id == batch_id)).scalar_one()
    if status == BatchStatus.RUNNING:
        sources, target = (AssignmentState.WAITING,), AssignmentState.READY
    elif status in (BatchStatus.PAUSED, BatchStatus.STAGED):
        sources, target = (AssignmentState.READY,), AssignmentState.WAITING
    else:
        sources, target = (AssignmentState.READY, AssignmentState.WAITING), AssignmentState.CANCELLED
    a = t.assignment
    query = (
        sa.select(a.c.id, a.c.lane_id, a.c.ordinal)
        .where(a.c.batch_id == batch_id, a.c.state.in_([int(state) for state in sources]))
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
