"""Which judgments and contents go into which part of a release, and which stay out?

A part holds what one provider gave in one shipment or on one day, on the same further providers; so withdrawing
a provider is leaving parts out. Gold, cancelled and erased tasks are in none.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from steelyard.domain.states import TaskStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction

DAY = 86_400_000_000
AT_ONCE = 5_000

_j = t.current_judgment
# What may leave: gold never does, nor what was cancelled, is not yet fetched, or whose payload was erased.
_LEAVES = (
    t.task.c.project_id == sa.bindparam("project"),
    t.task.c.gold.is_(None),
    t.task.c.status.in_([TaskStatus.OPEN, TaskStatus.REVIEW, TaskStatus.SETTLED]),
    ~sa.exists().where(t.gold.c.task_id == t.task.c.id, t.gold.c.ended_at.is_(None)),
)
_CONTENTS = (
    sa.select(t.task.c.id, t.task.c.status, t.content.c.provider_id, t.content.c.shipment_id, t.content.c.at)
    .join(t.content, t.content.c.id == t.task.c.content_id)
    .join(t.content_payload, t.content_payload.c.content_id == t.content.c.id)
    .where(*_LEAVES)
    .order_by(t.task.c.public_id)
)
_JUDGMENTS = (
    sa.select(
        _j.c.id, _j.c.task_id, _j.c.provider_id, _j.c.shipment_id, _j.c.at, _j.c.based_on,
        _j.c.suggested_by,
        t.content.c.provider_id.label("giver"),
    )
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id)
    .join(t.task, t.task.c.id == _j.c.task_id)
    .join(t.content, t.content.c.id == t.task.c.content_id)
    .join(t.content_payload, t.content_payload.c.content_id == t.content.c.id)
    .where(_j.c.project_id == sa.bindparam("project"), *_LEAVES)
    .order_by(_j.c.public_id)
)  # fmt: skip
_BASED = (
    sa.select(_j.c.based_on)
    .where(_j.c.project_id == sa.bindparam("project"), _j.c.based_on.is_not(None))
    .distinct()
)
_GROUND = sa.select(
    t.judgment.c.id,
    t.judgment.c.provider_id,
    t.judgment.c.suggested_by,
    t.judgment.c.based_on,
    sa.exists().where(t.withdrawal.c.judgment_id == t.judgment.c.id).label("withdrawn"),
).where(t.judgment.c.id.in_(sa.bindparam("ids", expanding=True)))


@dataclass(frozen=True, order=True)
class PartKey:
    """Of whom and whence a part is: a shipment, or where there is none a UTC day (days since 1970).

    `depends` are the other providers without whom its rows would not be: those who gave the content, those
    whose judgments were fixed, and those whose suggestion was on the screen.
    """

    provider: int
    shipment: int | None
    day: int | None
    depends: tuple[int, ...] = ()

    @property
    def day_name(self) -> str | None:
        if self.day is None:
            return None
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=self.day)).strftime("%Y-%m-%d")


@dataclass
class Plan:
    """Row keys by part, each part in the order of public ids.

    `contents` holds tasks, `judgments` judgments; `left` judgments that are left out, on tasks that stay.
    `withheld` are tasks whose value rests on what is withdrawn, `in_review` those whose value waits for a
    reviewer: neither has one here. `hidden` are judgments whose `based_on` is not told, because what it names
    is not in the release.
    """

    contents: dict[PartKey, array[int]] = field(default_factory=dict)
    judgments: dict[PartKey, array[int]] = field(default_factory=dict)
    left: array[int] = field(default_factory=lambda: array("q"))
    withheld: set[int] = field(default_factory=set)
    in_review: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    as_of: int | None = None


@dataclass(frozen=True)
class _Chain:
    """What a fix rests on: whose judgments, and whether one of them is withdrawn."""

    providers: frozenset[int]
    withdrawn: bool


def make_plan(tx: Transaction, project_id: int, left_out: Collection[int], *, keep: bool) -> Plan:
    """`left_out`: row keys of providers; `keep`: what was derived from theirs stays (`derivatives`)."""
    plan = Plan()
    for row in _stream(tx, _CONTENTS, project_id):
        if row.provider_id not in left_out:
            key = _key(row.provider_id, row.shipment_id, row.at, ())
            plan.contents.setdefault(key, array("q")).append(row.id)
            if row.status == TaskStatus.REVIEW:
                plan.in_review.add(row.id)
            plan.as_of = max(plan.as_of or row.at, row.at)
    chains = _chains(tx, project_id)
    based_on: dict[int, int] = {}
    there: set[int] = set()
    for row in _stream(tx, _JUDGMENTS, project_id):
        if row.giver in left_out:
            continue
        suggested = row.suggested_by if row.suggested_by is not None else row.provider_id
        if row.provider_id in left_out or (suggested in left_out and not keep):
            plan.left.append(row.id)
            if row.based_on is not None and not keep:
                plan.withheld.add(row.task_id)
            continue
        depends = {row.giver, suggested}
        if row.based_on is not None:
            chain = chains[row.based_on]
            if not keep and (chain.withdrawn or not chain.providers.isdisjoint(left_out)):
                plan.withheld.add(row.task_id)
                continue
            depends |= chain.providers
            based_on[row.id] = row.based_on
        key = _key(row.provider_id, row.shipment_id, row.at, tuple(sorted(depends - {row.provider_id})))
        plan.judgments.setdefault(key, array("q")).append(row.id)
        plan.as_of = max(plan.as_of or row.at, row.at)
        if row.id in chains:
            there.add(row.id)
    plan.hidden = {judgment for judgment, ground in based_on.items() if ground not in there}
    return plan


def _key(provider: int, shipment: int | None, at: int, depends: tuple[int, ...]) -> PartKey:
    return PartKey(provider, shipment, at // DAY if shipment is None else None, depends)


def _stream(tx: Transaction, query: sa.Select, project_id: int) -> Iterator[sa.Row]:
    yield from tx.connection.execute(query, {"project": project_id}, execution_options={"yield_per": AT_ONCE})


def _chains(tx: Transaction, project_id: int) -> dict[int, _Chain]:
    """For every judgment that another is based on: what the chain from it on is made of."""
    wanted = {row[0] for row in _stream(tx, _BASED, project_id)}
    ground: dict[int, sa.Row] = {}
    while wanted:
        some = sorted(wanted)[:AT_ONCE]
        wanted.difference_update(some)
        for row in tx.rows(_GROUND, {"ids": some}):
            ground[row.id] = row
            if row.based_on is not None and row.based_on not in ground:
                wanted.add(row.based_on)
    return {judgment: _follow(judgment, ground) for judgment in ground}


def _follow(judgment: int, ground: dict[int, sa.Row]) -> _Chain:
    providers: set[int] = set()
    withdrawn = False
    seen: set[int] = set()
    at: int | None = judgment
    while at is not None and at not in seen:
        seen.add(at)
        providers.add(ground[at].provider_id)
        if ground[at].suggested_by is not None:
            providers.add(ground[at].suggested_by)
        withdrawn = withdrawn or bool(ground[at].withdrawn)
        at = ground[at].based_on
    return _Chain(frozenset(providers), withdrawn)
