"""Who does now what the provider was named for?

It is taken out of every project's list of allowed providers and its share is spread over the others; where
it stood alone, those that the order names take its place, else the installation's own people: an empty list
would let everybody in.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.names import name_key
from steelyard.domain.policy import Allowance, Policy, parse_policy
from steelyard.domain.states import ProjectStatus
from steelyard.exit.options import options_of
from steelyard.exit.place import Place
from steelyard.providers.registry import IN_HOUSE
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.assign import open_lanes_of
from steelyard.work.queue import put_back
from steelyard.work.recall import recall

_LANES = sa.select(t.lane.c.id).where(t.lane.c.project_id == sa.bindparam("project"))


def naming(tx: Transaction, provider: sa.Row) -> list[tuple[sa.Row, Policy]]:
    """The projects of both worlds whose policy names the provider, with their policies."""
    keys = {provider.slug, provider.name_key}
    found = []
    living = t.project.c.status != ProjectStatus.DELETED
    for project in tx.rows(sa.select(t.project).where(living).order_by(t.project.c.id)):
        policy = parse_policy(project.policy)
        if any(name_key(a.name) in keys for a in policy.providers):
            found.append((project, policy))
    return found


def without(policy: Policy, provider: sa.Row, instead: tuple[str, ...]) -> list[Allowance]:
    """The allowed providers once this one has left; shares that it leaves go to the others in proportion."""
    keys = {provider.slug, provider.name_key}
    gone = [a for a in policy.providers if name_key(a.name) in keys]
    left = [a for a in policy.providers if name_key(a.name) not in keys]
    known = {name_key(a.name) for a in left}
    left += [Allowance(name) for name in instead if name_key(name) not in known]
    if not left:
        left = [Allowance(IN_HOUSE)]
    freed = sum(a.share or 0.0 for a in gone)
    shared = sum(a.share for a in left if a.share is not None)
    if freed and shared and all(a.share is not None for a in left):
        grown = min(1.0, shared + freed) / shared
        left = [Allowance(a.name, round(min(1.0, (a.share or 0.0) * grown), 6), a.ceiling) for a in left]
    return left


def run(place: Place, leaving: sa.Row) -> dict[str, Any]:
    return place.database.write(lambda tx: _reroute(tx, leaving))


def _reroute(tx: Transaction, leaving: sa.Row) -> dict[str, Any]:
    tx.hold_showing()
    provider = tx.execute(sa.select(t.provider).where(t.provider.c.id == leaving.provider_id)).one()
    instead = options_of(leaving).to
    for project, policy in naming(tx, provider):
        allowed = [a.to_json() for a in without(policy, provider, instead)]
        tx.execute(
            sa.update(t.project)
            .where(t.project.c.id == project.id)
            .values(policy={**project.policy, "providers": allowed})
        )
        # Whoever may come in now has cursors of before.
        put_back(tx, ((lane, 0) for lane in tx.execute(_LANES, {"project": project.id}).scalars()))
        tx.execute(
            sa.insert(t.provider_change).values(
                provider_id=provider.id,
                person_id=leaving.person_id,
                change={"rerouted": {"project": project.slug, "to": allowed}},
                at=tx.now,
            )
        )
    open_lanes_of(tx, provider.id)
    standing.changed(tx)
    recall(tx)
    changes = tx.execute(
        sa.select(t.provider_change.c.change)
        .where(t.provider_change.c.provider_id == provider.id, t.provider_change.c.at >= leaving.at)
        .order_by(t.provider_change.c.id)
    ).scalars()
    return {"projects": [c["rerouted"] for c in changes if "rerouted" in c]}
