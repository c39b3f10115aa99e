"""Which tasks of batches that have ended does nobody answer any more?

What comes back of such a batch, and what a rejection asks for again, is handed to nobody. A job then gives each of
these tasks what it has, so that none stays open for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from steelyard.domain.states import BatchStatus
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared

JOB = "end_left"
MOST = 1000  # tasks that one job is told of
_ids = sa.bindparam("ids", expanding=True)
_ended = t.batch.c.status.in_([BatchStatus.FINISHED.value, BatchStatus.CANCELLED.value])
_BACK = Prepared(
    sa.select(t.assignment.c.task_id)
    .join(t.batch, t.batch.c.id == t.assignment.c.batch_id)
    .where(t.assignment.c.id.in_(_ids), _ended)
    .distinct()
)
_STATUS = Prepared(sa.select(t.batch.c.id).where(t.batch.c.id == sa.bindparam("batch"), _ended))
_REOPENED = Prepared(
    sa.select(t.task.c.id)
    .join(t.batch, t.batch.c.id == t.task.c.batch_id)
    .where(t.task.c.id.in_(_ids), _ended)
)


def has_ended(tx: Transaction, batch_id: int | None) -> bool:
    """Whether this batch (row key) hands nothing out any more; no batch never ends."""
    return batch_id is not None and _STATUS.row(tx, {"batch": batch_id}) is not None


def end_of_back(tx: Transaction, assignments: Sequence[int]) -> None:
    """Has the tasks ended to which these assignments, which nobody holds any more, belong, where their batch is."""
    _order(tx, [row.task_id for row in _BACK.rows(tx, {"ids": assignments})])


def end_of_reopened(tx: Transaction, tasks: Sequence[int]) -> None:
    """Has these tasks, which want an answer again, ended where their batch is."""
    _order(tx, [row.id for row in _REOPENED.rows(tx, {"ids": tasks})])


def _order(tx: Transaction, tasks: Sequence[int]) -> None:
    keys = sorted(tasks)
    for at in range(0, len(keys), MOST):
        enqueue(tx, JOB, {"tasks": keys[at : at + MOST]})
