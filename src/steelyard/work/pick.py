"""Which waiting assignments are next for this annotator?

Priority, then wave, then answer, then arrival; never a task that the annotator holds, has answered or has
given back. Two annotators never take the same row: it is locked where it is found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from steelyard.domain.policy import Policy
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.store.upsert import INSERT
from steelyard.work import standing
from steelyard.work.lanes import Abilities, reach
from steelyard.work.queue import HIGHEST, next_priority, put_back

_a = t.assignment
_mine = t.assignment.alias("mine")
_not_mine = (
    sa.select(sa.literal(1))
    .where(
        _mine.c.task_id == _a.c.task_id,
        _mine.c.annotator_id == sa.bindparam("me"),
        sa.text("mine.state IN (1, 2)"),
    )
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_not_declined = (
    sa.select(sa.literal(1))
    .where(t.declined.c.annotator_id == sa.bindparam("me"), t.declined.c.task_id == _a.c.task_id)
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_not_paused = (
    sa.select(sa.literal(1))
    .where(t.batch.c.id == _a.c.batch_id, t.batch.c.status != "running")
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_other = t.assignment.alias("other")
_not_same_source = (
    sa.select(sa.literal(1))
    .where(
        _other.c.task_id == _a.c.task_id,
        _other.c.provider_id.in_(sa.bindparam("sources", expanding=True)),
        sa.text("other.state IN (1, 2)"),
    )
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
# Scalar subqueries, not NOT EXISTS: PostgreSQL would turn that into an anti-join over the annotator's history.
_ready = (
    sa.select(_a.c.id, _a.c.task_id, _a.c.lane_id, _a.c.ordinal, _a.c.public_id)
    .where(
        _a.c.project_id == sa.bindparam("project"),
        _a.c.lane_id == sa.bindparam("lane"),
        _a.c.priority == sa.bindparam("priority"),
        sa.text("assignment.state = 0"),
        _a.c.ordinal >= sa.bindparam("start"),
        _not_mine,
        _not_declined,
        _not_paused,
    )
    .order_by(_a.c.ordinal)
    .limit(sa.bindparam("count"))
)
_locked = _ready.with_for_update(skip_locked=True, of=_a)
READY = Prepared(_locked)
READY_OTHER_SOURCE = Prepared(_locked.where(_not_same_source))
_WAITING = Prepared(_ready)
LANES = Prepared(
    sa.select(
        t.lane.c.id, t.lane.c.demands, t.lane.c.epoch, t.lane.c.put_back, t.lane.c.person_id, t.lane.c.team_id
    ).where(
        t.lane.c.project_id == sa.bindparam("project"),
        sa.or_(t.lane.c.person_id.is_(None), t.lane.c.person_id == sa.bindparam("person")),
    )
)
_CURSORS = Prepared(
    sa.select(t.queue_cursor.c.priority, t.queue_cursor.c.ordinal, t.queue_cursor.c.epoch).where(
        t.queue_cursor.c.annotator_id == sa.bindparam("me"), t.queue_cursor.c.lane_id == sa.bindparam("lane")
    )
)
_LAST_READY = Prepared(
    sa.select(_a.c.ordinal)
    .where(
        _a.c.project_id == sa.bindparam("project"),
        _a.c.lane_id == sa.bindparam("lane"),
        _a.c.priority == sa.bindparam("priority"),
        sa.text("assignment.state = 0"),
    )
    .order_by(_a.c.ordinal.desc())
    .limit(1)
)
_HOLD = Prepared(
    sa.update(_a)
    .where(_a.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        state=int(AssignmentState.HELD),
        annotator_id=sa.bindparam("me"),
        provider_id=sa.bindparam("provider"),
        price=sa.bindparam("paid"),
        claimed_at=sa.bindparam("at"),
        lease_until=sa.bindparam("until"),
    )
)
_SHARE_TASKS = Prepared(
    # Another of the same source may take a sibling at this moment: the task's row decides who came first.
    sa.select(t.task.c.id)
    .where(t.task.c.id.in_(sa.bindparam("tasks", expanding=True)))
    .order_by(t.task.c.id)
    .with_for_update(key_share=True)
)
_BUSY = Prepared(
    sa.select(_a.c.task_id).where(
        _a.c.task_id.in_(sa.bindparam("tasks", expanding=True)),
        _a.c.provider_id.in_(sa.bindparam("sources", expanding=True)),
        sa.text("assignment.state IN (1, 2)"),
    )
)


NEAR = 16  # places between a cursor and where it should be


class Queue:
    """What waits for one annotator in one project, lane by lane, in one claim."""

    def __init__(
        self,
        tx: Transaction,
        who: Principal,
        project_id: int,
        policy: Policy,
        abilities: Callable[[], Abilities],
    ) -> None:
        self._tx = tx
        self._who = who
        self._at = {"project": project_id, "me": who.annotator_id}
        self._sources: list[int] = []
        if policy.different_providers:
            self._sources = sorted(standing.standing(tx).sources(who.provider_id))
        lanes = LANES.rows(tx, {"project": project_id, "person": who.person_id})
        self._lanes = [lane for lane in lanes if not lane.demands or reach(lane, abilities())]
        self._cursors: dict[int, dict[int, Any]] = {}

    def find(self, count: int) -> list[Any]:
        """Up to `count` rows, locked, of which nobody else takes any; cursors move behind them."""
        found: list[Any] = []
        ahead = [(lane, self._priority(lane, HIGHEST)) for lane in self._lanes]
        while len(found) < count:
            waiting = [
                (priority, _directness(lane), -at)
                for at, (lane, priority) in enumerate(ahead)
                if priority is not None
            ]
            if not waiting:
                break
            priority, _, at = max(waiting)
            lane, _ = ahead[at := -at]
            taken = {row.task_id for row in found}
            found += self._find_in(lane, priority, count - len(found), taken)
            if len(found) < count:
                ahead[at] = (lane, self._priority(lane, priority))
        return found

    def more(self, count: int) -> int:
        """How many rows, up to `count`, wait beyond those that were found; nothing is locked."""
        seen = 0
        for lane in self._lanes:
            priority = self._priority(lane, HIGHEST)
            while priority is not None and seen < count:
                at = self._place(lane, priority)
                seen += len(_WAITING.rows(self._tx, {**at, "count": count - seen}))
                priority = self._priority(lane, priority)
        return seen

    def hold(self, rows: Sequence[Any], until: int) -> None:
        """Puts rows that were found into the annotator's hands."""
        if rows:
            _HOLD.run(
                self._tx,
                {
                    "ids": [row.id for row in rows],
                    "me": self._who.annotator_id,
                    "provider": self._who.provider_id,
                    "paid": self._who.price,
                    "at": self._tx.now,
                    "until": until,
                },
            )

    def _priority(self, lane: Any, below: int) -> int | None:
        return next_priority(self._tx, self._at["project"], lane.id, below)

    def _place(self, lane: Any, priority: int) -> dict[str, Any]:
        """Where to look: from the cursor on, or from what was put back behind it."""
        if lane.id not in self._cursors:
            rows = _CURSORS.rows(self._tx, {"me": self._who.annotator_id, "lane": lane.id})
            self._cursors[lane.id] = {row.priority: (row.ordinal, row.epoch) for row in rows}
        start = 0
        cursor = self._cursors[lane.id].get(priority)
        if cursor is not None:
            ordinal, epoch = cursor
            start = ordinal if epoch == lane.epoch else min(ordinal, lane.put_back)
        return {**self._at, "lane": lane.id, "priority": priority, "start": start}

    def _find_in(self, lane: Any, priority: int, count: int, taken: set[int]) -> list[Any]:
        at = self._place(lane, priority)
        seen, found = self._ready(at, count, taken)
        self._move_cursor(at, lane, seen, found)
        if len(found) < len(seen) and self._tx.dialect != "sqlite":
            # Rows that were locked here and not taken: others have passed them, and come back for them.
            kept = {row.id for row in found}
            put_back(self._tx, ((lane.id, row.ordinal) for row in seen if row.id not in kept))
        return found

    def _ready(self, at: dict[str, Any], count: int, taken: set[int]) -> tuple[Sequence[Any], list[Any]]:
        """The ready rows that were locked, and those of them that this annotator takes."""
        if not self._sources:
            rows = READY.rows(self._tx, {**at, "count": count})
            return rows, _one_each(rows, taken)
        rows = READY_OTHER_SOURCE.rows(self._tx, {**at, "count": count, "sources": self._sources})
        if not rows:
            return [], []
        tasks = [row.task_id for row in rows]
        _SHARE_TASKS.rows(self._tx, {"tasks": tasks})
        busy = _BUSY.rows(self._tx, {"tasks": tasks, "sources": self._sources})
        return rows, _one_each(rows, taken | {row.task_id for row in busy})

    def _move_cursor(self, at: dict[str, Any], lane: Any, seen: Sequence[Any], found: Sequence[Any]) -> None:
        """Nothing is left for this annotator below the last row taken; with none there, below the last ready.

        A cursor that lies a little behind costs a look at the few rows between; writing it costs more.
        """
        if seen:
            ordinal = (found or seen)[-1].ordinal
        else:
            last = _LAST_READY.scalar(self._tx, at)
            ordinal = max(at["start"], last + 1) if last is not None else at["start"]
        before = self._cursors[lane.id].get(at["priority"])
        if before == (ordinal, lane.epoch):
            return
        if before is not None and found and before[1] == lane.epoch and 0 <= ordinal - before[0] < NEAR:
            return
        self._cursors[lane.id][at["priority"]] = (ordinal, lane.epoch)
        key = {"annotator_id": at["me"], "lane_id": lane.id, "priority": at["priority"]}
        _moving(self._tx.dialect).run(self._tx, {**key, "ordinal": ordinal, "epoch": lane.epoch})


def _directness(lane: Any) -> int:
    """What was given to this very person comes before what the team was given, and both before the rest."""
    return 2 if lane.person_id is not None else 1 if lane.team_id is not None else 0


def _one_each(rows: Sequence[Any], tasks: set[int]) -> list[Any]:
    """The first row of every task that is not among `tasks`: two answers of one may wait side by side."""
    found: list[Any] = []
    for row in rows:
        if row.task_id not in tasks:
            tasks.add(row.task_id)
            found.append(row)
    return found


@cache
def _moving(dialect: str) -> Prepared:
    table = t.queue_cursor
    names = ("annotator_id", "lane_id", "priority", "ordinal", "epoch")
    insert = INSERT[dialect](table).values({name: sa.bindparam(name) for name in names})
    return Prepared(
        insert.on_conflict_do_update(
            index_elements=list(names[:3]),
            set_={"ordinal": insert.excluded.ordinal, "epoch": insert.excluded.epoch},
        )
    )
