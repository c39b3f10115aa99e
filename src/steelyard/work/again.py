"""Who answers a task again after a rejection, and how are they told why?

What is rejected is asked of others, or of the same annotator alone where the project says so; whoever gets
their own answer back is told that it was rejected, and the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import sqlalchemy as sa

from steelyard.domain.states import AssignmentState, TaskStatus
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert
from steelyard.work import standing
from steelyard.work.lanes import Demands, lane_for
from steelyard.work.queue import put_back
from steelyard.work.settle import Ordered, order_instead
from steelyard.work.tally import count_tasks

SEEN = "reviewed"  # why a reviewer is not handed a task whose answers it has seen
_a = t.assignment
_ids = sa.bindparam("ids", expanding=True)
_MINE = (
    sa.select(
        _a.c.id,
        _a.c.ordinal,
        _a.c.annotator_id,
        t.annotator.c.provider_id,
        t.person.c.public_id.label("person"),
        t.workload.c.stopped_at,
        t.lane.c.demands,
    )
    .join(t.task, t.task.c.id == _a.c.task_id)
    .join(t.lane, t.lane.c.id == t.task.c.lane_id, isouter=True)
    .join(t.annotator, t.annotator.c.id == _a.c.annotator_id)
    .join(t.person, t.person.c.id == t.annotator.c.person_id)
    .join(
        t.workload,
        sa.and_(t.workload.c.annotator_id == _a.c.annotator_id, t.workload.c.project_id == _a.c.project_id),
        isouter=True,
    )
    .where(_a.c.id.in_(_ids), _a.c.state == int(AssignmentState.DONE))
    .order_by(_a.c.id)
)
_AGAIN = (
    sa.update(_a)
    .where(_a.c.id == sa.bindparam("key"))
    .values(
        state=int(AssignmentState.READY),
        lane_id=sa.bindparam("lane"),
        annotator_id=None,
        provider_id=None,
        price=0,
        claimed_at=None,
        lease_until=None,
    )
)
_OPEN_AGAIN = (
    sa.update(t.task)
    .where(t.task.c.id == sa.bindparam("key"))
    .values(status=TaskStatus.OPEN.value, settled_at=sa.null())
)
_OUT = sa.select(sa.func.count()).where(
    _a.c.task_id == sa.bindparam("task"),
    _a.c.state.in_([int(s) for s in (AssignmentState.READY, AssignmentState.HELD, AssignmentState.WAITING)]),
)
# A column beside an assignment: why its holder's answer was rejected, null where none was.
WHY_RETURNED = (
    sa.select(t.review.c.reason)
    .join(t.judgment, t.judgment.c.id == t.review.c.judgment_id)
    .where(
        t.judgment.c.assignment_id == _a.c.id,
        t.judgment.c.annotator_id == _a.c.annotator_id,
        t.review.c.verdict == "reject",
    )
    .order_by(t.review.c.id.desc())
    .limit(1)
    .correlate(_a)
    .scalar_subquery()
    .label("why_returned")
)


def back_to_same(tx: Transaction, rejected: Sequence[sa.Row]) -> list[Ordered]:
    """Puts the assignments of these judgments into lanes of their annotators alone; the caller puts back what
    is returned.

    An annotator who is no person, was stopped in the project, or whose provider may not be shown it, is passed
    over: somebody else is asked.
    """
    by_assignment = {j.assignment_id: j for j in rejected if j.assignment_id is not None}
    back: list[Ordered] = []
    for row in tx.rows(_MINE, {"ids": sorted(by_assignment)}):
        judgment = by_assignment[row.id]
        if row.annotator_id != judgment.annotator_id or row.stopped_at is not None:
            continue
        if not standing.verdict(tx, row.provider_id, judgment.project_id).allowed:
            continue
        # What it demands besides stays, for the day on which it is anybody's again.
        demands = replace(Demands.of_json(row.demands or {}), person=row.person, team=None)
        lane = lane_for(tx, judgment.project_id, demands)
        tx.execute(_AGAIN, {"key": row.id, "lane": lane})
        # The next answer of this assignment is another one, also under the same Idempotency-Key.
        forget = sa.update(t.judgment).where(t.judgment.c.assignment_id == row.id)
        tx.execute(forget.values(idempotency_key=None, body_digest=None))
        back.append((lane, row.ordinal))
    return back


def keep_from(tx: Transaction, who: Principal, tasks: Collection[int]) -> None:
    """Whoever has seen the answers of a task answers it no more."""
    for task in tasks:
        tx.execute(
            upsert(tx, t.declined)
            .values(annotator_id=who.annotator_id, task_id=task, reason=SEEN, at=tx.now)
            .on_conflict_do_nothing()
        )


def order_lacking(tx: Transaction, project: sa.Row, task: sa.Row) -> None:
    """Opens a task again that an annotator had escalated, and orders the answers that were not waited for."""
    tx.execute(_OPEN_AGAIN, {"key": task.id})
    count_tasks(tx, project.id, task.id, reviewing=-1)
    lacks = task.wanted - task.answers - tx.scalar(_OUT, {"task": task.id})
    if lacks > 0:
        put_back(tx, order_instead(tx, project.id, [(task, lacks)]))
