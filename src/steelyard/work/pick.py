"""Which waiting assignments are next for this annotator?

Priority, then wave, then answer, then arrival; never a task that the annotator holds, has answered or has
given back. Two annotators never take the same row: it is locked where it is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from steelyard.domain.policy import Policy
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import INSERT
from steelyard.work import standing
from steelyard.work.queue import priorities, put_back

_mine = t.assignment.alias("mine")
_not_mine = (
    sa.select(sa.literal(1))
    .where(
        _mine.c.task_id == t.assignment.c.task_id,
        _mine.c.annotator_id == sa.bindparam("me"),
        sa.text("mine.state IN (1, 2)"),
    )
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_not_declined = (
    sa.select(sa.literal(1))
    .where(t.declined.c.annotator_id == sa.bindparam("me"), t.declined.c.task_id == t.assignment.c.task_id)
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_not_paused = (
    sa.select(sa.literal(1))
    .where(t.batch.c.id == t.assignment.c.batch_id, t.batch.c.status != "running")
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_other = t.assignment.alias("other")
_not_same_source = (
    sa.select(sa.literal(1))
    .where(
        _other.c.task_id == t.assignment.c.task_id,
        _other.c.provider_id.in_(sa.bindparam("sources", expanding=True)),
        sa.text("other.state IN (1, 2)"),
    )
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
# Scalar subqueries, not NOT EXISTS: PostgreSQL would turn that into an anti-join over the annotator's history.
READY = (
    sa.select(t.assignment.c.id, t.assignment.c.task_id, t.assignment.c.ordinal, t.assignment.c.public_id)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.lane_id == sa.bindparam("lane"),
        t.assignment.c.priority == sa.bindparam("priority"),
        sa.text("assignment.state = 0"),
        t.assignment.c.ordinal >= sa.bindparam("start"),
        _not_mine,
        _not_declined,
        _not_paused,
    )
    .order_by(t.assignment.c.ordinal)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True, of=t.assignment)
)
READY_OTHER_SOURCE = READY.where(_not_same_source)
_WAITING = (
    sa.select(t.assignment.c.task_id)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        sa.text("assignment.state = 0"),
        _not_mine,
        _not_declined,
    )
    .limit(sa.bindparam("most"))
)
_LANES = sa.select(t.lane.c.id, t.lane.c.demands, t.lane.c.epoch, t.lane.c.put_back).where(
    t.lane.c.project_id == sa.bindparam("project")
)
_CURSORS = sa.select(t.queue_cursor).where(
    t.queue_cursor.c.annotator_id == sa.bindparam("me"), t.queue_cursor.c.lane_id == sa.bindparam("lane")
)
_LAST_READY = (
    sa.select(t.assignment.c.ordinal)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.lane_id == sa.bindparam("lane"),
        t.assignment.c.priority == sa.bindparam("priority"),
        sa.text("assignment.state = 0"),
    )
    .order_by(t.assignment.c.ordinal.desc())
    .limit(1)
)
_HOLD = (
    sa.update(t.assignment)
    .where(t.assignment.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        state=int(AssignmentState.HELD),
        annotator_id=sa.bindparam("me"),
        provider_id=sa.bindparam("provider"),
        price=sa.bindparam("paid"),
        claimed_at=sa.bindparam("at"),
        lease_until=sa.bindparam("until"),
    )
)


def take_work(
    tx: Transaction, who: Principal, project_id: int, policy: Policy, count: int, until: int, price: int
) -> list[sa.Row]:
    taken: list[sa.Row] = []
    sources = sorted(standing.standing(tx).sources(who.provider_id)) if policy.different_providers else []
    for lane in tx.execute(_LANES, {"project": project_id}).all():
        cursors = {
            row.priority: row for row in tx.execute(_CURSORS, {"me": who.annotator_id, "lane": lane.id})
        }
        for priority in priorities(tx, project_id, lane.id):
            if len(taken) == count:
                break
            start = 0
            cursor = cursors.get(priority)
            if cursor is not None:
                start = cursor.ordinal if cursor.epoch == lane.epoch else min(cursor.ordinal, lane.put_back)
            at = {
                "project": project_id,
                "lane": lane.id,
                "priority": priority,
                "start": start,
                "me": who.annotator_id,
            }
            seen, found = _find(tx, at, count - len(taken), sources)
            taken += found
            _move_cursor(tx, at, lane.epoch, cursor, seen, found)
            # Rows that were locked here and not taken: others have passed them, and come back for them.
            kept = {row.id for row in found}
            put_back(tx, ((lane.id, row.ordinal) for row in seen if row.id not in kept))
    if taken:
        tx.execute(
            _HOLD,
            {
                "ids": [row.id for row in taken],
                "me": who.annotator_id,
                "provider": who.provider_id,
                "paid": price,
                "at": tx.now,
                "until": until,
            },
        )
    return taken


def _find(
    tx: Transaction, at: dict[str, Any], count: int, sources: list[int]
) -> tuple[Sequence[sa.Row], list[sa.Row]]:
    """The ready rows that were locked, and those of them that this annotator takes."""
    if not sources:
        rows = tx.execute(READY, {**at, "count": count}).all()
        return rows, _one_each(rows, set())
    rows = tx.execute(READY_OTHER_SOURCE, {**at, "count": count, "sources": sources}).all()
    if not rows:
        return [], []
    # Another of the same source may take a sibling at this moment: the task's row decides who came first.
    tx.execute(
        sa.select(t.task.c.id)
        .where(t.task.c.id.in_([row.task_id for row in rows]))
        .order_by(t.task.c.id)
        .with_for_update(key_share=True)
    ).all()
    busy = set(
        tx.execute(
            sa.select(t.assignment.c.task_id).where(
                t.assignment.c.task_id.in_([row.task_id for row in rows]),
                t.assignment.c.provider_id.in_(sources),
                sa.text("assignment.state IN (1, 2)"),
            )
        ).scalars()
    )
    return rows, _one_each(rows, busy)


def _one_each(rows: Sequence[sa.Row], tasks: set[int]) -> list[sa.Row]:
    """The first row of every task that is not among `tasks`: two answers of one may wait side by side."""
    found: list[sa.Row] = []
    for row in rows:
        if row.task_id not in tasks:
            tasks.add(row.task_id)
            found.append(row)
    return found


def _move_cursor(
    tx: Transaction,
    at: dict[str, Any],
    epoch: int,
    before: sa.Row | None,
    seen: Sequence[sa.Row],
    found: Sequence[sa.Row],
) -> None:
    """Nothing is left for this annotator below the last row taken; with none there, below the last ready."""
    if seen:
        ordinal = (found or seen)[-1].ordinal
    else:
        last = tx.execute(
            _LAST_READY, {"project": at["project"], "lane": at["lane"], "priority": at["priority"]}
        ).scalar()
        ordinal = max(at["start"], last + 1) if last is not None else at["start"]
    if before is not None and before.ordinal == ordinal and before.epoch == epoch:
        return
    key = {"annotator_id": at["me"], "lane_id": at["lane"], "priority": at["priority"]}
    tx.execute(_moving(tx.dialect), {**key, "ordinal": ordinal, "epoch": epoch})


@cache
def _moving(dialect: str) -> Any:
    table = t.queue_cursor
    names = ("annotator_id", "lane_id", "priority", "ordinal", "epoch")
    insert = INSERT[dialect](table).values({name: sa.bindparam(name) for name in names})
    return insert.on_conflict_do_update(
        index_elements=list(names[:3]),
        set_={"ordinal": insert.excluded.ordinal, "epoch": insert.excluded.epoch},
    )


def waiting_for(tx: Transaction, who: Principal, project_id: int, most: int) -> int:
    """How many waiting assignments are not this annotator's already, counted up to `most`."""
    at = {"project": project_id, "me": who.annotator_id, "most": most}
    return len(tx.execute(_WAITING, at).all())
