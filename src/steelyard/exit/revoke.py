"""By which doors could the provider still come in, or be called?

Keys, sessions however they were opened, sign-in links, and the addresses and secrets in its configuration.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.exit.place import Place
from steelyard.identity.keys import revoke_key
from steelyard.providers.adapter import adapter_named
from steelyard.store import tables as t
from steelyard.store.database import Transaction

_PEOPLE = sa.select(t.person.c.id).where(t.person.c.provider_id == sa.bindparam("provider"))


def keys_of(tx: Transaction, provider_id: int) -> list[sa.Row]:
    """The keys that hold."""
    return list(
        tx.rows(
            sa.select(t.api_key, t.person.c.name)
            .join(t.person, t.person.c.id == t.api_key.c.person_id)
            .where(t.person.c.provider_id == provider_id, t.api_key.c.revoked_at.is_(None))
            .order_by(t.api_key.c.id)
        )
    )


def sessions_of(tx: Transaction, provider_id: int) -> int:
    """How many are signed in."""
    s = t.session
    where = (s.c.person_id.in_(_PEOPLE), s.c.ended_at.is_(None), s.c.expires_at > tx.now)
    return tx.scalar(sa.select(sa.func.count()).select_from(s).where(*where), {"provider": provider_id})


def links_of(tx: Transaction, provider_id: int) -> int:
    """How many sign-in links were made and not used."""
    s = t.sign_in_link
    where = (s.c.person_id.in_(_PEOPLE), s.c.used_at.is_(None), s.c.expires_at > tx.now)
    return tx.scalar(sa.select(sa.func.count()).select_from(s).where(*where), {"provider": provider_id})


def callbacks_of(provider: sa.Row) -> list[dict[str, str]]:
    """Addresses by which the provider is called, and secrets it was given; a secret's value is not told."""
    adapter = adapter_named(provider.kind)
    return [
        {"what": name, "where": "a secret" if name in adapter.secrets else str(provider.config[name])}
        for name in sorted(provider.config)
        if name in (*adapter.doors, *adapter.secrets)
    ]


def run(place: Place, leaving: sa.Row) -> dict[str, Any]:
    return place.database.write(lambda tx: _revoke(tx, leaving))


def _revoke(tx: Transaction, leaving: sa.Row) -> dict[str, Any]:
    provider = tx.execute(
        sa.select(t.provider).where(t.provider.c.id == leaving.provider_id).with_for_update(key_share=True)
    ).one()
    for key in keys_of(tx, provider.id):
        revoke_key(tx, key.public_id)
    at = {"provider": provider.id}
    tx.execute(
        sa.update(t.session)
        .where(t.session.c.person_id.in_(_PEOPLE), t.session.c.ended_at.is_(None))
        .values(ended_at=tx.now),
        at,
    )
    tx.execute(
        sa.update(t.sign_in_link)
        .where(
            t.sign_in_link.c.person_id.in_(_PEOPLE),
            t.sign_in_link.c.used_at.is_(None),
            t.sign_in_link.c.expires_at > tx.now,
        )
        .values(expires_at=tx.now),
        at,
    )
    gone = {callback["what"] for callback in callbacks_of(provider)}
    if gone:
        kept = {name: value for name, value in provider.config.items() if name not in gone}
        tx.execute(sa.update(t.provider).where(t.provider.c.id == provider.id).values(config=kept))
        tx.execute(
            sa.insert(t.provider_change).values(
                provider_id=provider.id,
                person_id=leaving.person_id,
                change={"config": {"removed": sorted(gone)}},
                at=tx.now,
            )
        )
    return _count(tx, leaving, len(gone))


def _count(tx: Transaction, leaving: sa.Row, callbacks: int) -> dict[str, Any]:
    """Counted, not remembered: a crash may have come between the revoking and its record."""

    def since(column: sa.ColumnElement[Any], person: sa.ColumnElement[Any], *more: Any) -> int:
        query = sa.select(sa.func.count()).where(person.in_(_PEOPLE), column >= leaving.at, *more)
        return tx.scalar(query, {"provider": leaving.provider_id})

    link = t.sign_in_link.c
    unused = (link.used_at.is_(None), link.expires_at <= tx.now)

    return {
        "revoked": since(t.api_key.c.revoked_at, t.api_key.c.person_id),
        "sessions": since(t.session.c.ended_at, t.session.c.person_id),
        "links": since(link.expires_at, link.person_id, *unused),
        "callbacks": callbacks,
    }
