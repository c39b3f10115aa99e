"""In whose name is done later what was ordered earlier?"""

from __future__ import annotations

import sqlalchemy as sa

from steelyard.domain.states import World
from steelyard.identity.policy import Principal, Role
from steelyard.store import tables as t
from steelyard.store.database import Transaction


def as_owner(tx: Transaction, person_id: int | None) -> Principal:
    """The person who gave the order, with an owner's rights whatever that person may do by now: the order was
    checked when it was given."""
    row = tx.execute(
        sa.select(
            t.person.c.public_id,
            t.person.c.name,
            t.provider.c.id.label("provider_id"),
            t.provider.c.slug,
            t.provider.c.name.label("provider_name"),
            t.provider.c.kind,
            t.annotator.c.id.label("annotator_id"),
        )
        .join(t.provider, t.provider.c.id == t.person.c.provider_id)
        .join(t.annotator, t.annotator.c.person_id == t.person.c.id)
        .where(t.person.c.id == person_id)
    ).one()
    assert person_id is not None
    return Principal(
        person_id=person_id,
        person=row.public_id,
        name=row.name,
        role=Role.OWNER,
        world=World.LIVE,
        provider_id=row.provider_id,
        provider_slug=row.slug,
        provider_name=row.provider_name,
        provider_kind=row.kind,
        annotator_id=row.annotator_id,
    )
