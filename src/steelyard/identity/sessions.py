"""Who is signed in at this browser?

A session is an opaque secret in a cookie; it is opened by a key or a one-time link, and dies with them.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from steelyard.domain.errors import Unauthenticated
from steelyard.domain.times import SECOND
from steelyard.identity.keys import authenticate_key, digest_of, key_id_of, principal_of
from steelyard.identity.policy import Principal, Role
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared

LASTS = 14 * 24 * 3600 * SECOND
LINK_LASTS = 24 * 3600 * SECOND


def _open(tx: Transaction, person_id: int, role: str, world: str, key_id: int | None) -> str:
    secret = secrets.token_urlsafe(32)
    tx.execute(
        sa.insert(t.session).values(
            digest=digest_of(secret),
            person_id=person_id,
            api_key_id=key_id,
            world=world,
            role=role,
            created_at=tx.now,
            expires_at=tx.now + LASTS,
        )
    )
    return secret


def sign_in_with_key(tx: Transaction, key: str) -> tuple[str, Principal]:
    """(the cookie's secret, who) for a valid key; raises `Unauthenticated`."""
    who = authenticate_key(tx, key)
    secret = _open(tx, who.person_id, who.role, who.world, key_id_of(tx, key))
    return secret, who


def make_link(tx: Transaction, person_id: int, role: Role = Role.OWNER) -> str:
    """The secret of a sign-in link that works once within a day."""
    secret = secrets.token_urlsafe(32)
    tx.execute(
        sa.insert(t.sign_in_link).values(
            digest=digest_of(secret), person_id=person_id, role=role, expires_at=tx.now + LINK_LASTS
        )
    )
    return secret


def sign_in_with_link(tx: Transaction, token: str) -> tuple[str, Principal]:
    """Uses the link up; raises `Unauthenticated` when it was used, is too old, or never was."""
    row = tx.execute(
        sa.update(t.sign_in_link)
        .where(
            t.sign_in_link.c.digest == digest_of(token),
            t.sign_in_link.c.used_at.is_(None),
            t.sign_in_link.c.expires_at > tx.now,
        )
        .values(used_at=tx.now)
        .returning(t.sign_in_link.c.person_id, t.sign_in_link.c.role)
    ).first()
    if row is None:
        raise Unauthenticated("this sign-in link was used already or is too old")
    secret = _open(tx, row.person_id, row.role, "live", None)
    return secret, authenticate_session(tx, secret)


_SESSION = Prepared(
    sa.select(
        t.session.c.api_key_id.label("key_id"),
        t.session.c.role,
        t.session.c.world,
        t.person.c.id.label("person_id"),
        t.person.c.public_id,
        t.person.c.name,
        t.provider.c.id.label("provider_id"),
        t.provider.c.slug,
        t.provider.c.name.label("provider_name"),
        t.provider.c.kind,
        t.provider.c.price,
        t.annotator.c.id.label("annotator_id"),
        sa.exists().where(t.api_key_project.c.api_key_id == t.session.c.api_key_id).label("narrow"),
    )
    .join(t.person, t.person.c.id == t.session.c.person_id)
    .join(t.provider, t.provider.c.id == t.person.c.provider_id)
    .join(t.annotator, t.annotator.c.person_id == t.person.c.id)
    .outerjoin(t.api_key, t.api_key.c.id == t.session.c.api_key_id)
    .where(
        t.api_key.c.revoked_at.is_(None),  # also when it was revoked while this session was being opened
        t.session.c.digest == sa.bindparam("digest"),
        t.session.c.ended_at.is_(None),
        t.session.c.expires_at > sa.bindparam("now"),
    )
)


def authenticate_session(tx: Transaction, secret: str) -> Principal:
    row = _SESSION.row(tx, {"digest": digest_of(secret), "now": tx.now})
    if row is None:
        raise Unauthenticated("nobody is signed in")
    return principal_of(tx, row)


def sign_out(tx: Transaction, secret: str) -> None:
    tx.execute(sa.update(t.session).where(t.session.c.digest == digest_of(secret)).values(ended_at=tx.now))
