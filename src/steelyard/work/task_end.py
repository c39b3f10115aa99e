"""What becomes of tasks that nobody shall answer any more?

A task that is cancelled wants nothing, and what is handed in for it is refused. A task of a batch that is finished
takes what is in somebody's hands still, and has then what it has: its answers settle it or go to a reviewer, as
any do, or it is cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import is_id
from steelyard.domain.states import AssignmentState, BatchStatus, TaskStatus
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import reviewing, standing
from steelyard.work.settle import form_of, infer, mark_settled
from steelyard.work.tally import count_tasks

UNFINISHED = (TaskStatus.OPEN, TaskStatus.FETCHING, TaskStatus.REVIEW, TaskStatus.ERROR)
_TASK = (
    sa.select(t.task, t.form.c.digest.label("form_digest"))
    .join(t.form, t.form.c.id == t.task.c.form_id, isouter=True)
    .with_for_update(key_share=True, of=t.task)
)
_OF_BATCH = (
    _TASK.where(
        t.task.c.batch_id == sa.bindparam("batch"),
        t.task.c.id > sa.bindparam("after"),
        t.task.c.status.in_(UNFINISHED),
    )
    .order_by(t.task.c.id)
    .limit(sa.bindparam("count"))
)
_LEFT = (
    _TASK.add_columns(t.batch.c.status.label("batch_status"))
    .join(t.batch, t.batch.c.id == t.task.c.batch_id)
    .where(t.task.c.id.in_(sa.bindparam("tasks", expanding=True)), t.task.c.status.in_(UNFINISHED))
    .order_by(t.task.c.id)
)
_HELD = sa.select(t.assignment.c.task_id, sa.func.count().label("n")).where(
    t.assignment.c.task_id.in_(sa.bindparam("tasks", expanding=True)), sa.text("assignment.state = 1")
).group_by(t.assignment.c.task_id)  # fmt: skip
_NOT_BEGUN = (
    sa.update(t.assignment)
    .where(
        t.assignment.c.task_id.in_(sa.bindparam("tasks", expanding=True)),
        sa.text("assignment.state IN (0, 4)"),
    )
    .values(state=int(AssignmentState.CANCELLED))
)
_DROPPED = (
    sa.update(t.assignment)
    .where(
        t.assignment.c.task_id.in_(sa.bindparam("tasks", expanding=True)),
        sa.text("assignment.state IN (0, 1, 4)"),
    )
    .values(state=int(AssignmentState.CANCELLED), lease_until=None)
)


def cancel_task(tx: Transaction, who: Principal, task_id: str, reason: str | None = None) -> sa.Row:
    """Cancels a task that is not settled yet; raises `NotFound`, `Conflict`."""
    row = None
    if is_id(task_id):
        found = _TASK.where(t.task.c.public_id == task_id, t.task.c.world == who.world)
        row = tx.row(found)
    if row is None:
        require(who, Action.MANAGE_PROJECTS)
        raise NotFound("there is no such task")
    require(who, Action.MANAGE_PROJECTS, row.project_id)
    standing.require_there(tx, row.project_id, "there is no such task")
    if row.status not in UNFINISHED:
        raise Conflict(f"the task is {row.status}; it is not cancelled any more", "illegal_move")
    _cancel(tx, [row], reason)
    return tx.execute(sa.select(t.task).where(t.task.c.id == row.id)).one()


def end_tasks(tx: Transaction, batch_id: int, after: int, count: int) -> int | None:
    """Ends up to `count` tasks of a batch that was finished or cancelled, from the row key `after` on; the key
    to go on after, or None at the end."""
    batch = tx.execute(sa.select(t.batch).where(t.batch.c.id == batch_id)).one()
    rows = tx.rows(_OF_BATCH, {"batch": batch_id, "after": after, "count": count})
    if not rows:
        return None
    if batch.status == BatchStatus.CANCELLED:
        _cancel(tx, rows, f"the batch {batch.name!r} was cancelled")
    elif batch.status == BatchStatus.FINISHED:
        _finish(tx, rows, f"the batch {batch.name!r} was finished")
    return rows[-1].id if len(rows) == count else None


def end_left(tx: Transaction, tasks: Sequence[int]) -> None:
    """Ends those of these tasks (row keys) that want answers still and belong to a batch that has ended."""
    rows = tx.rows(_LEFT, {"tasks": tasks})
    finished = [row for row in rows if row.batch_status == BatchStatus.FINISHED]
    cancelled = [row for row in rows if row.batch_status == BatchStatus.CANCELLED]
    if cancelled:
        _cancel(tx, cancelled, "its batch was cancelled")
    if finished:
        _finish(tx, finished, "its batch was finished")


def _cancel(tx: Transaction, rows: Sequence[Any], reason: str | None) -> None:
    keys = [row.id for row in rows]
    tx.execute(_DROPPED, {"tasks": keys})
    reviewing.drop(tx, keys)
    for row in rows:
        _mark_cancelled(tx, row, reason)


def _mark_cancelled(tx: Transaction, row: Any, reason: str | None) -> None:
    change = sa.update(t.task).where(t.task.c.id == row.id)
    tx.execute(change.values(status=TaskStatus.CANCELLED, reason=reason, wanted=row.answers))
    if row.gold is None:
        less = -1 if row.status == TaskStatus.REVIEW else 0
        count_tasks(tx, row.project_id, row.id, tasks=-1, wanted=row.answers - row.wanted, reviewing=less)


def _finish(tx: Transaction, rows: Sequence[Any], reason: str) -> None:
    keys = [row.id for row in rows]
    tx.execute(_NOT_BEGUN, {"tasks": keys})
    held = {row.task_id: row.n for row in tx.rows(_HELD, {"tasks": keys})}
    for row in rows:
        if row.status == TaskStatus.REVIEW or row.gold is not None:
            continue
        wanted = row.answers + held.get(row.id, 0)
        if wanted == 0:
            _mark_cancelled(tx, row, reason)
            continue
        if wanted != row.wanted:
            tx.execute(sa.update(t.task).where(t.task.c.id == row.id).values(wanted=wanted))
            count_tasks(tx, row.project_id, row.id, wanted=wanted - row.wanted)
        if row.id not in held:
            project = tx.execute(sa.select(t.project).where(t.project.c.id == row.project_id)).one()
            fitted = infer(tx, project, row, form_of(tx, row.form_id, row.form_digest))
            policy = standing.terms_of(tx, row.project_id).policy
            if why := reviewing.why_review(tx, row, policy, *fitted):
                reviewing.send(tx, row.project_id, row, why)
            else:
                mark_settled(tx, row.project_id, row)
