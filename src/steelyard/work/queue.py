"""In which order do assignments wait, and where does each annotator look next?

Tasks are queued in waves by priority and arrival; within a wave all first answers come before all second
ones. Whatever is put back behind an annotator's cursor makes that cursor stale in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import AssignmentState
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.store.upsert import upsert
from steelyard.work.ended import end_of_back
from steelyard.work.lanes import NOTHING_BACK

WAVE = 1000  # tasks in a wave
HIGHEST = 2**31 - 1  # above every priority
LANES = 200  # that are looked after in one write


def ordinal(wave: int, answer: int, place: int) -> int:
    return wave << 32 | answer << 16 | place


def take_places(tx: Transaction, project_id: int, priority: int, count: int) -> tuple[int, bool]:
    """The first of `count` places at the end of the queue of this priority, counted through all its waves, and
    whether it lies in a wave that others may have passed already."""
    at = {"project": project_id, "of": priority}
    row = _LAST_WAVE.row(tx, at)
    if row is None:
        first = {"project_id": project_id, "priority": priority, "number": 0, "filled": 0}
        tx.execute(upsert(tx, t.wave).values(first).on_conflict_do_nothing())
        row = _LAST_WAVE.one(tx, at)
    first_place = row.number * WAVE + row.filled
    number, filled = divmod(first_place + count, WAVE)
    _FILL_WAVE.run(tx, {**at, "reached": number, "places": filled})
    return first_place, first_place % WAVE > 0


def places_from(number: int) -> Iterator[tuple[int, int, int]]:
    """Wave, place within it and ordinal of the first answer, of one place that was taken after the other."""
    wave, place = divmod(number, WAVE)
    while True:
        start = ordinal(wave, 0, 0)
        for at in range(place, WAVE):
            yield wave, at, start + at
        wave, place = wave + 1, 0


_of_priority = (t.wave.c.project_id == sa.bindparam("project"), t.wave.c.priority == sa.bindparam("of"))
_LAST_WAVE = Prepared(sa.select(t.wave.c.number, t.wave.c.filled).where(*_of_priority).with_for_update())
_FILL_WAVE = Prepared(
    sa.update(t.wave)
    .where(*_of_priority)
    .values(number=sa.bindparam("reached"), filled=sa.bindparam("places"))
)
_PUT_BACK = Prepared(
    sa.update(t.lane)
    .where(t.lane.c.id == sa.bindparam("lane"))
    .values(
        epoch=t.lane.c.epoch + 1,
        put_back=sa.case(
            (t.lane.c.put_back > sa.bindparam("lowest"), sa.bindparam("lowest")), else_=t.lane.c.put_back
        ),
    )
)


def put_back(tx: Transaction, rows: Iterable[tuple[int | None, int]]) -> None:
    """Makes every cursor stale that has passed one of these (lane, ordinal)."""
    lowest: dict[int, int] = {}
    for lane, at in rows:
        if lane is not None:
            lowest[lane] = min(at, lowest.get(lane, at))
    for lane in sorted(lowest):  # one order for all, so that two never wait for each other
        _PUT_BACK.run(tx, {"lane": lane, "lowest": lowest[lane]})


_BACK = Prepared(
    sa.update(t.assignment)
    .where(t.assignment.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        # A gold assignment (no lane) never waits: the next claim decides anew where gold falls.
        state=sa.case(
            (t.assignment.c.lane_id.is_(None), int(AssignmentState.CANCELLED)),
            else_=int(AssignmentState.READY),
        ),
        annotator_id=None,
        provider_id=None,
        price=0,
        claimed_at=None,
        lease_until=None,
    )
)


def let_go(tx: Transaction, rows: Iterable[Any]) -> None:
    """Takes held assignments out of their holders' hands; the caller puts them back when all else is written."""
    if ids := [row.id for row in rows]:
        _BACK.run(tx, {"ids": ids})
        end_of_back(tx, ids)


def release_held(tx: Transaction, rows: Iterable[Any]) -> None:
    """Puts held assignments back into the queue; rows have id, lane_id, ordinal, and are locked."""
    rows = list(rows)
    if rows:
        let_go(tx, rows)
        put_back(tx, ((row.lane_id, row.ordinal) for row in rows))


def priorities(tx: Transaction, project_id: int, lane_id: int) -> Iterator[int]:
    """The priorities that have ready rows in this lane, highest first; one index probe each."""
    found = next_priority(tx, project_id, lane_id, HIGHEST)
    while found is not None:
        yield found
        found = next_priority(tx, project_id, lane_id, found)


def next_priority(tx: Transaction, project_id: int, lane_id: int, below: int) -> int | None:
    """The highest priority below this one that has ready rows in the lane."""
    return _NEXT_PRIORITY.scalar(tx, {"project": project_id, "lane": lane_id, "below": below})


_NEXT_PRIORITY = Prepared(
    sa.select(t.assignment.c.priority)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.lane_id == sa.bindparam("lane"),
        t.assignment.c.priority < sa.bindparam("below"),
        sa.text("assignment.state = 0"),
    )
    .order_by(t.assignment.c.priority.desc())
    .limit(1)
)
_LOWEST_READY = Prepared(
    sa.select(t.assignment.c.ordinal)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.lane_id == sa.bindparam("lane"),
        t.assignment.c.priority == sa.bindparam("of"),
        sa.text("assignment.state = 0"),
    )
    .order_by(t.assignment.c.ordinal)
    .limit(1)
)
_LANES = (
    sa.select(
        t.lane.c.id,
        t.lane.c.project_id,
        t.lane.c.put_back,
        t.project.c.policy["different_providers"].as_boolean().label("sources"),
    )
    .join(t.project, t.project.c.id == t.lane.c.project_id)
    .where(t.lane.c.id > sa.bindparam("after"))
    .order_by(t.lane.c.id)
    .limit(sa.bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True, of=t.lane)
)
_REFRESH = Prepared(
    sa.update(t.lane)
    .where(t.lane.c.id == sa.bindparam("lane"))
    .values(epoch=t.lane.c.epoch + sa.bindparam("stale"), put_back=sa.bindparam("lowest"))
)


def refresh_cursors(tx: Transaction) -> int:
    """Looks after all lanes, as `refresh_lanes` does; returns how many had their cursors made stale."""
    refreshed, after = 0, 0
    while after is not None:
        more, after = refresh_lanes(tx, after)
        refreshed += more
    return refreshed


def refresh_lanes(tx: Transaction, after: int, most: int = LANES) -> tuple[int, int | None]:
    """Of up to `most` lanes from a row key on: how many had their cursors made stale, and the key to go on after.

    What was put back is kept as one ordinal, the lowest; here it is raised to the lowest row that is ready, so that
    what was put back long ago makes no claim begin there. Cursors are made stale where they may have passed what
    nobody puts back: on PostgreSQL a claim passes rows that another holds locked, which may then roll back; and
    whose answers are one source may change. So this is run at least every 30 seconds. The lane is locked before
    its rows are looked at: what is put back meanwhile is then either seen or comes after.
    """
    lanes = tx.rows(_LANES, {"after": after, "most": most})
    refreshed = 0
    for lane in lanes:
        at = {"project": lane.project_id, "lane": lane.id}
        ready = [
            _LOWEST_READY.scalar(tx, {**at, "of": priority})
            for priority in priorities(tx, lane.project_id, lane.id)
        ]
        lowest = min((found for found in ready if found is not None), default=NOTHING_BACK)
        stale = bool(ready) and (tx.dialect != "sqlite" or bool(lane.sources))
        if stale or lowest != lane.put_back:
            _REFRESH.run(tx, {"lane": lane.id, "stale": int(stale), "lowest": lowest})
        refreshed += stale
    return refreshed, lanes[-1].id if len(lanes) == most else None
