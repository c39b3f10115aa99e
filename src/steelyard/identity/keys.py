"""Whose key is this, and does it still hold?

A key is 256 random bits; only its SHA-256 is stored, and it is looked up in the request's own transaction,
so a key revoked in one process is refused by the next request in another.
"""

from __future__ import annotations

import hashlib
import secrets

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, Forbidden, NotFound, Unauthenticated, invalid
from steelyard.domain.ids import new_id
from steelyard.domain.states import World
from steelyard.identity.people import find_or_make_person
from steelyard.identity.policy import Principal, Role
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.page import Page, page_before
from steelyard.store.prepared import Prepared


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_key(
    tx: Transaction, role: str, provider: sa.Row, *, name: str | None = None, mode: str = "live"
) -> tuple[str, str]:
    """(public id, key) for a person who is found or made; the key is shown this once.

    Raises `Invalid` for a role or mode that is none, and for a role that an outsider cannot have.
    """
    if role not in list(Role):
        raise invalid("/role", "choice", f"must be one of {', '.join(Role)}")
    if mode not in list(World):
        raise invalid("/mode", "choice", "must be live or test")
    if provider.slug != "in-house" and role in (Role.OWNER, Role.REVIEWER):
        raise invalid(
            "/role", "choice", f"a person of {provider.name} cannot be {role}: only in-house people can"
        )
    if role == Role.MACHINE and provider.slug != "in-house" and provider.kind != "model":
        raise invalid("/role", "choice", f"a machine of {provider.name} can do nothing: its kind is no model")
    if provider.status == "exited":
        raise Conflict(f"{provider.name} was left; its people get no keys", "provider_stopped")
    person_id, _ = find_or_make_person(tx, name if name is not None else role, provider)
    key = f"{mode}_{secrets.token_urlsafe(32)}"
    public = new_id(tx.now)
    tx.execute(
        sa.insert(t.api_key).values(
            public_id=public,
            person_id=person_id,
            digest=digest_of(key),
            last4=key[-4:],
            world=mode,
            role=role,
            created_at=tx.now,
        )
    )
    return public, key


_BY_DIGEST = Prepared(
    sa.select(
        t.api_key.c.id.label("key_id"),
        t.api_key.c.role,
        t.api_key.c.world,
        t.person.c.id.label("person_id"),
        t.person.c.public_id,
        t.person.c.name,
        t.provider.c.id.label("provider_id"),
        t.provider.c.slug,
        t.provider.c.name.label("provider_name"),
        t.provider.c.kind,
        t.provider.c.price,
        t.annotator.c.id.label("annotator_id"),
        sa.exists().where(t.api_key_project.c.api_key_id == t.api_key.c.id).label("narrow"),
    )
    .join(t.person, t.person.c.id == t.api_key.c.person_id)
    .join(t.provider, t.provider.c.id == t.person.c.provider_id)
    .join(t.annotator, t.annotator.c.person_id == t.person.c.id)
    .where(t.api_key.c.digest == sa.bindparam("digest"), t.api_key.c.revoked_at.is_(None))
)
_PROJECTS = Prepared(
    sa.select(t.api_key_project.c.project_id).where(t.api_key_project.c.api_key_id == sa.bindparam("key_id"))
)


def principal_of(tx: Transaction, row: sa.Row) -> Principal:
    """A `Principal` from a row that has the columns of a key's or a session's look-up."""
    projects = None
    if row.narrow:
        projects = frozenset(found.project_id for found in _PROJECTS.rows(tx, {"key_id": row.key_id}))
    return Principal(
        person_id=row.person_id,
        person=row.public_id,
        name=row.name,
        role=Role(row.role),
        world=World(row.world),
        provider_id=row.provider_id,
        provider_slug=row.slug,
        provider_name=row.provider_name,
        provider_kind=row.kind,
        annotator_id=row.annotator_id,
        price=row.price,
        projects=projects,
    )


def authenticate_key(tx: Transaction, key: str) -> Principal:
    """Who holds this key; raises `Unauthenticated` when nobody does any more."""
    row = _BY_DIGEST.row(tx, {"digest": digest_of(key)})
    if row is None:
        raise Unauthenticated("no key like this is valid here")
    return principal_of(tx, row)


def key_id_of(tx: Transaction, key: str) -> int:
    row = _BY_DIGEST.row(tx, {"digest": digest_of(key)})
    if row is None:
        raise Unauthenticated("no key like this is valid here")
    return row.key_id


def list_keys(tx: Transaction, *, provider_id: int | None = None, after: int = 0, limit: int = 100) -> Page:
    """A page of keys with whose they are, newest first, of one provider's people where told."""
    query = (
        sa.select(t.api_key, t.person.c.name, t.provider.c.slug.label("provider"))
        .join(t.person, t.person.c.id == t.api_key.c.person_id)
        .join(t.provider, t.provider.c.id == t.person.c.provider_id)
    )
    if provider_id is not None:
        query = query.where(t.person.c.provider_id == provider_id)
    return page_before(tx, query, t.api_key.c.id, after, limit)


def revoke_key(tx: Transaction, public_id: str, *, only_annotators_of: int | None = None) -> None:
    """Ends a key and every session that it opened. `only_annotators_of`: a provider's row key, for a
    caller who may end annotators' keys of that provider alone (-1: of any provider)."""
    row = tx.execute(
        sa.select(t.api_key.c.id, t.api_key.c.role, t.person.c.provider_id)
        .join(t.person, t.person.c.id == t.api_key.c.person_id)
        .where(t.api_key.c.public_id == public_id)
    ).first()
    if row is None or (only_annotators_of not in (None, -1) and row.provider_id != only_annotators_of):
        raise NotFound("there is no such key")
    if only_annotators_of is not None and row.role != Role.ANNOTATOR:
        raise Forbidden("a manager may revoke annotators' keys only")
    tx.execute(
        sa.update(t.api_key)
        .where(t.api_key.c.id == row.id, t.api_key.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    tx.execute(
        sa.update(t.session)
        .where(t.session.c.api_key_id == row.id, t.session.c.ended_at.is_(None))
        .values(ended_at=tx.now)
    )
