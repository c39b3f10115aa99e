"""What would leaving a provider mean, counted now and changing nothing?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.providers.dependence import dependence
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import exposure
from steelyard.work.recall import held_by


def plan(tx: Transaction, provider: sa.Row, world: str) -> dict[str, Any]:
    """Counts of one world: in flight, shown, dependent judgments, releases, cost to replace; and the keys
    and sessions that end."""
    hangs = dependence(tx, provider, world)
    keys = tx.execute(
        sa.select(sa.func.count())
        .select_from(t.api_key)
        .join(t.person, t.person.c.id == t.api_key.c.person_id)
        .where(t.person.c.provider_id == provider.id, t.api_key.c.revoked_at.is_(None))
    ).scalar_one()
    return {
        "provider": provider.slug,
        "status": provider.status,
        "in_flight": held_by(tx, provider.id),
        "exposed": exposure.counts(tx, provider.id, world)["tasks"],
        "judgments": hangs["judgments"],
        "share": hangs["share"],
        "projects": hangs["projects"],
        "releases": [
            {"project": p["project"], "version": version}
            for p in hangs["projects"]
            for version in p["releases"]
        ],
        "replacement_cost": hangs["replacement_cost"],
        "keys": keys,
    }
