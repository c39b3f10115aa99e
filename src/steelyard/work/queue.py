"""In which order do assignments wait, and where does each annotator look next?

Tasks are queued in waves by priority and arrival; within a wave all first answers come before all second
ones. Whatever is put back behind an annotator's cursor makes that cursor stale in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import AssignmentState
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert

WAVE = 1000  # tasks in a wave
HIGHEST = 2**31 - 1  # above every priority
NOTHING_BACK = 2**62  # above every ordinal: nothing was put back in this lane yet


def ordinal(wave: int, answer: int, place: int) -> int:
    return wave << 32 | answer << 16 | place


@dataclass(frozen=True)
class Place:
    wave: int
    place: int


def take_places(tx: Transaction, project_id: int, priority: int, count: int) -> tuple[list[Place], bool]:
    """`count` places at the end of the queue of this priority, and whether the first of them lie in a wave
    that others may have passed already."""
    tx.execute(
        upsert(tx, t.wave)
        .values(project_id=project_id, priority=priority, number=0, filled=0)
        .on_conflict_do_nothing()
    )
    where = (t.wave.c.project_id == project_id, t.wave.c.priority == priority)
    row = tx.execute(sa.select(t.wave.c.number, t.wave.c.filled).where(*where).with_for_update()).one()
    number, filled = row.number, row.filled
    joined = 0 < filled < WAVE
    places = []
    for _ in range(count):
        if filled == WAVE:
            number, filled = number + 1, 0
        places.append(Place(number, filled))
        filled += 1
    tx.execute(sa.update(t.wave).where(*where).values(number=number, filled=filled))
    return places, joined


def lane_of(tx: Transaction, project_id: int, demands: dict[str, Any]) -> int:
    """The row key of the lane with these demands, made when there is none."""
    text = json.dumps(demands, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    find = sa.select(t.lane.c.id).where(t.lane.c.project_id == project_id, t.lane.c.digest == digest)
    found = tx.execute(find).scalar()
    if found is None:
        tx.execute(
            upsert(tx, t.lane)
            .values(project_id=project_id, digest=digest, demands=demands, epoch=0, put_back=NOTHING_BACK)
            .on_conflict_do_nothing()
        )
        found = tx.execute(find).scalar_one()
    return found


_PUT_BACK = (
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
        tx.execute(_PUT_BACK, {"lane": lane, "lowest": lowest[lane]})


_BACK = (
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


def release_held(tx: Transaction, rows: Iterable[Any]) -> None:
    """Puts held assignments back into the queue; rows have id, lane_id, ordinal, and are locked."""
    rows = list(rows)
    if rows:
        tx.execute(_BACK, {"ids": [row.id for row in rows]})
        put_back(tx, ((row.lane_id, row.ordinal) for row in rows))


def priorities(tx: Transaction, project_id: int, lane_id: int) -> Iterator[int]:
    """The priorities that have ready rows in this lane, highest first; one index probe each."""
    below = HIGHEST
    while (
        found := tx.execute(_NEXT_PRIORITY, {"project": project_id, "lane": lane_id, "below": below}).scalar()
    ) is not None:
        yield found
        below = found


_NEXT_PRIORITY = (
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
_LOWEST_READY = (
    sa.select(t.assignment.c.ordinal)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.lane_id == sa.bindparam("lane"),
        t.assignment.c.priority == sa.bindparam("priority"),
        sa.text("assignment.state = 0"),
    )
    .order_by(t.assignment.c.ordinal)
    .limit(1)
)


def refresh_cursors(tx: Transaction) -> int:
    """Raises the epoch of every lane that has ready rows, from the lowest of them on.

    On PostgreSQL a claim passes rows that another holds locked; when that one rolls back, nobody puts the
    rows back, so this is run at least every 30 seconds. The lane is locked before its rows are looked at:
    what is put back meanwhile is then either seen or comes after.
    """
    refreshed = 0
    lanes = tx.execute(
        sa.select(t.lane.c.id, t.lane.c.project_id)
        .order_by(t.lane.c.id)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    for lane in lanes:
        at = {"project": lane.project_id, "lane": lane.id}
        lowest = [
            tx.execute(_LOWEST_READY, {**at, "priority": p}).scalar_one()
            for p in list(priorities(tx, lane.project_id, lane.id))
        ]
        if lowest:
            tx.execute(
                sa.update(t.lane)
                .where(t.lane.c.id == lane.id)
                .values(epoch=t.lane.c.epoch + 1, put_back=min(lowest))
            )
            refreshed += 1
    return refreshed
