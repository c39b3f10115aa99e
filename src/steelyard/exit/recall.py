"""Is anything still in the provider's hands?

What its annotators held is put back into the queue, and where its adapter can, the provider is told to take
back what lies with it. A provider that does not answer holds nobody up: the record says so.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.exit.place import Place
from steelyard.providers.adapter import adapter_named
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.queue import release_held

CHUNK = 1000
_HELD = (
    sa.select(t.assignment.c.id, t.assignment.c.lane_id, t.assignment.c.ordinal)
    .where(t.assignment.c.provider_id == sa.bindparam("provider"), sa.text("assignment.state = 1"))
    .order_by(t.assignment.c.id)
    .limit(CHUNK)
    .with_for_update()
)


def run(place: Place, leaving: sa.Row) -> dict[str, Any]:
    recalled = 0
    while some := place.database.write(lambda tx: _give_back(tx, leaving.provider_id)):
        recalled += some
    return {"recalled": recalled, "at_the_provider": _at_the_provider(place, leaving.provider_id)}


def _give_back(tx: Transaction, provider_id: int) -> int:
    rows = tx.rows(_HELD, {"provider": provider_id})
    release_held(tx, rows)
    return len(rows)


def _at_the_provider(place: Place, provider_id: int) -> str:
    """What became of the work that lies with the provider itself, in one sentence."""
    row = place.database.read(
        lambda tx: tx.execute(sa.select(t.provider).where(t.provider.c.id == provider_id)).one()
    )
    adapter = adapter_named(row.kind)
    if adapter.recall is None:
        return (
            "nothing lies there: its annotators come to Steelyard"
            if adapter.pulls
            else "not asked: what was sent there cannot be called back by a program"
        )
    if place.rehearsal:
        return "would be asked to take back what lies there"
    try:
        return adapter.recall(dict(row.config))
    except Exception as fault:  # whatever an adapter from outside raises must not hold the exit up
        return f"could not be reached: {type(fault).__name__}: {fault}"[:500]
