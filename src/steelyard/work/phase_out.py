"""What may a provider that is being phased out still take?

In each step at most a share of the project's work: of the answers given since the step began, of what is held
and of what waits. A claim counts it by the clock, so a step binds from its moment on, begun by a sweep or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

import sqlalchemy as sa

from steelyard.domain.eligibility import WHOLE
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.queue import WAVE
from steelyard.work.tally import by_provider

RUNNING = "running"


@dataclass(frozen=True)
class Step:
    """From `at` (microseconds) on, `part` of the provider's share when the phase-out began."""

    at: int
    part: float


@dataclass(frozen=True)
class PhaseOut:
    id: int
    provider_id: int
    starts: int
    ends: int
    steps: tuple[Step, ...]

    def part(self, now: int) -> float:
        """What part of its first share the provider may do now."""
        if now >= self.ends:
            return 0.0
        return next((step.part for step in reversed(self.steps) if step.at <= now), 1.0)


@dataclass(frozen=True)
class Limit:
    """What of a project's work is the provider's in this step. Shares are millionths: at the start, and now."""

    first_share: int
    share: int
    mine: int  # the provider's answers since the step began, and what it holds
    of: int  # everybody's, and what waits

    @property
    def allowed(self) -> int:
        return self.of * self.share // WHOLE

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.mine)


def phase_out_of(row: Any) -> PhaseOut:
    steps = tuple(Step(step["at"], step["part"]) for step in row.steps)
    return PhaseOut(row.id, row.provider_id, row.starts_at, row.ends_at, steps)


def running(tx: Transaction) -> dict[int, PhaseOut]:
    """The phase-outs that run, by the row keys of their providers; a provider has one at most."""
    rows = tx.execute(sa.select(t.phase_out).where(t.phase_out.c.state == RUNNING).order_by(t.phase_out.c.id))
    return {row.provider_id: phase_out_of(row) for row in rows}


def share_of(first_share: int, part: float) -> int:
    """`part` of a share, up to the next millionth: a third of three answers is one."""
    return ceil(first_share * part - 1e-6)


_LIMIT = sa.select(t.phase_out_limit).where(
    t.phase_out_limit.c.phase_out_id == sa.bindparam("phase_out"),
    t.phase_out_limit.c.project_id == sa.bindparam("project"),
)
# Of a queue that is deeper than a wave the next wave counts: whoever is fast would else do its share of a
# year's work in the first week, and most of the answers given in that week would be its own.
_WAITING = (
    sa.select(sa.literal(1))
    .where(t.assignment.c.project_id == sa.bindparam("project"), sa.text("assignment.state = 0"))
    # In the queue's own order, so that PostgreSQL takes its index and not a walk over all that is done.
    .order_by(t.assignment.c.lane_id, t.assignment.c.priority.desc(), t.assignment.c.ordinal)
    .limit(WAVE)
)


def _sum(table: sa.Table, what: Any, *where: Any) -> sa.ScalarSelect[int]:
    here = table.c.project_id == sa.bindparam("project")
    return sa.select(sa.func.coalesce(what, 0)).select_from(table).where(here, *where).scalar_subquery()


_ITS_JUDGMENTS = t.tally.c.provider_id == sa.bindparam("provider")
_ITS_HELD = t.assignment.c.provider_id == sa.bindparam("provider")
_IS_HELD = sa.text("assignment.state = 1")
_JUDGMENTS = sa.func.sum(t.tally.c.judgments)
_WORK_HELD = sa.func.count(t.assignment.c.lane_id)  # gold has no lane
_JUDGED = (
    _sum(t.tally, _JUDGMENTS).label("judgments"),
    _sum(t.tally, _JUDGMENTS, _ITS_JUDGMENTS).label("mine"),
)
# One statement and so one moment: what passes from waiting to held to answered is counted once.
COUNTS = sa.select(
    *_JUDGED,
    _sum(t.assignment, _WORK_HELD, _IS_HELD).label("held"),
    _sum(t.assignment, _WORK_HELD, _IS_HELD, _ITS_HELD).label("mine_held"),
    sa.select(sa.func.count()).select_from(_WAITING.subquery()).scalar_subquery().label("waiting"),
)
_BASELINE = sa.select(*_JUDGED)


def limit(tx: Transaction, phase_out: PhaseOut, project_id: int) -> Limit:
    """The limit in a project as of now, in a phase-out that has started.

    A project in which the provider had no part when it started gives it none. The caller that acts on it
    has locked the project.
    """
    row = tx.row(_LIMIT, {"phase_out": phase_out.id, "project": project_id})
    now = tx.execute(COUNTS, {"project": project_id, "provider": phase_out.provider_id}).one()
    if row is None:
        return Limit(0, 0, now.mine_held, now.held + now.waiting)
    # As everywhere only current answers count; where more were withdrawn since than given, that is none.
    mine = max(0, int(now.mine) - row.mine)
    others = max(0, int(now.judgments - now.mine) - (row.judgments - row.mine))
    return Limit(
        row.first_share,
        # The step that the clock says binds, also where no sweep has begun it yet.
        min(row.share, share_of(row.first_share, phase_out.part(tx.now))),
        mine + now.mine_held,
        mine + others + now.held + now.waiting,
    )


def limits(tx: Transaction, phase_out: PhaseOut) -> dict[int, Limit]:
    """The limit in every project in which the provider had a part; before the start, as it would be now."""
    if tx.now < phase_out.starts:
        foreseen: dict[int, Limit] = {}
        for project_id, (share, _, _) in first_shares(tx, phase_out.provider_id).items():
            now = tx.execute(COUNTS, {"project": project_id, "provider": phase_out.provider_id}).one()
            foreseen[project_id] = Limit(share, share, now.mine_held, now.held + now.waiting)
        return foreseen
    table = t.phase_out_limit
    projects = sa.select(table.c.project_id).where(table.c.phase_out_id == phase_out.id)
    keys = tx.execute(projects.order_by(table.c.project_id)).scalars().all()
    return {key: limit(tx, phase_out, key) for key in keys}


def first_shares(tx: Transaction, provider_id: int) -> dict[int, tuple[int, int, int]]:
    """Of every project in which the provider works: its share (millionths), all judgments, its judgments.

    Its share of the judgments; where it has given none yet, of what is held.
    """
    mine: dict[int, int] = {}
    everybody: dict[int, int] = {}
    for entry in by_provider(tx):
        everybody[entry.project_id] = everybody.get(entry.project_id, 0) + entry.judgments
        if entry.provider_id == provider_id:
            mine[entry.project_id] = entry.judgments
    found: dict[int, tuple[int, int, int]] = {}
    for project_id, judgments in mine.items():
        if judgments > 0:
            total = everybody[project_id]
            found[project_id] = (_of(judgments, total), total, judgments)
    for project_id in tx.execute(_HOLDS_WORK_IN, {"provider": provider_id}).scalars().all():
        if project_id not in found:
            now = tx.execute(COUNTS, {"project": project_id, "provider": provider_id}).one()
            share = _of(now.mine_held, now.held + int(now.judgments))
            found[project_id] = (share, int(now.judgments), int(now.mine))
    return dict(sorted(found.items()))


def _of(count: int, total: int) -> int:
    return ceil(count * WHOLE / total)


_HOLDS_WORK_IN = (
    sa.select(t.assignment.c.project_id)
    .where(
        t.assignment.c.provider_id == sa.bindparam("provider"),
        sa.text("assignment.state = 1"),
        t.assignment.c.lane_id.is_not(None),
    )
    .distinct()
)


def begin_limits(tx: Transaction, phase_out: PhaseOut) -> int:
    """Writes the limits of the step that runs now, where they are not written yet; returns in how many
    projects. The phase-out has started, and its row is locked or the exclusive lock is held.

    Each project is locked as a claim locks it that counts against a limit: no claim counts half before a
    step and half after it.
    """
    part = phase_out.part(tx.now)
    table = t.phase_out_limit
    rows = tx.rows(sa.select(table).where(table.c.phase_out_id == phase_out.id).order_by(table.c.project_id))
    if not rows:
        found = first_shares(tx, phase_out.provider_id)
        for project_id, (first_share, judgments, mine) in found.items():
            tx.execute(
                sa.insert(table).values(
                    phase_out_id=phase_out.id,
                    project_id=project_id,
                    first_share=first_share,
                    share=share_of(first_share, part),
                    judgments=judgments,
                    mine=mine,
                )
            )
        return len(found)
    if not _behind(rows, part):
        return 0
    for row in rows:
        tx.execute(
            sa.select(t.project.c.id).where(t.project.c.id == row.project_id).with_for_update(key_share=True)
        )
        now = tx.execute(_BASELINE, {"project": row.project_id, "provider": phase_out.provider_id}).one()
        tx.execute(
            sa.update(table)
            .where(table.c.phase_out_id == phase_out.id, table.c.project_id == row.project_id)
            .values(share=share_of(row.first_share, part), judgments=int(now.judgments), mine=int(now.mine))
        )
    return len(rows)


def is_behind(tx: Transaction, phase_out: PhaseOut) -> bool:
    """Has the step that runs by the clock not been begun yet?"""
    if tx.now < phase_out.starts:
        return False
    table = t.phase_out_limit
    rows = tx.rows(sa.select(table).where(table.c.phase_out_id == phase_out.id))
    return not rows or _behind(rows, phase_out.part(tx.now))


def _behind(rows: Iterable[Any], part: float) -> bool:
    return any(row.share != share_of(row.first_share, part) for row in rows)
