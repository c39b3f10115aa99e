"""On whom does a correction rest?

A fix of a fix rests on both that were fixed. Few judgments are fixes, so these are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from steelyard.store import tables as t
from steelyard.store.database import Transaction

AT_ONCE = 5_000
_j = t.current_judgment
_BASED = (
    sa.select(_j.c.based_on)
    .where(_j.c.project_id == sa.bindparam("project"), _j.c.based_on.is_not(None))
    .distinct()
)
_GROUND = sa.select(
    t.judgment.c.id,
    t.judgment.c.public_id,
    t.judgment.c.provider_id,
    t.judgment.c.suggested_by,
    t.judgment.c.based_on,
    sa.exists().where(t.withdrawal.c.judgment_id == t.judgment.c.id).label("withdrawn"),
).where(t.judgment.c.id.in_(sa.bindparam("ids", expanding=True)))


@dataclass(frozen=True)
class Chain:
    """What a fix of this judgment rests on: whose judgments, and whether one of them is withdrawn."""

    public_id: str
    providers: frozenset[int]
    withdrawn: bool


def read_chains(tx: Transaction, project_id: int) -> dict[int, Chain]:
    """For every judgment that another is based on: what the chain from it on is made of."""
    wanted = set(tx.execute(_BASED, {"project": project_id}).scalars())
    ground: dict[int, sa.Row] = {}
    while wanted:
        some = sorted(wanted)[:AT_ONCE]
        wanted.difference_update(some)
        for row in tx.rows(_GROUND, {"ids": some}):
            ground[row.id] = row
            if row.based_on is not None and row.based_on not in ground:
                wanted.add(row.based_on)
    return {judgment: _follow(judgment, ground) for judgment in ground}


def _follow(judgment: int, ground: dict[int, sa.Row]) -> Chain:
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
    return Chain(ground[judgment].public_id, frozenset(providers), withdrawn)
