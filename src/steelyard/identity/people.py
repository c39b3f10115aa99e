"""Who is there? People, each of one provider, and the annotator that each of them is when answering."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import new_id
from steelyard.domain.names import checked_name, name_key
from steelyard.store import tables as t
from steelyard.store.database import Transaction

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def provider_named(tx: Transaction, name: str | None, pointer: str = "/provider") -> sa.Row:
    """The provider of that name or slug; `in-house` when none is given."""
    wanted = name if name is not None else "in-house"
    if not isinstance(wanted, str):
        raise invalid(pointer, "type", "must be the name of a provider")
    row = tx.execute(
        sa.select(t.provider).where(
            (t.provider.c.slug == wanted) | (t.provider.c.name_key == name_key(wanted))
        )
    ).first()
    if row is None:
        raise NotFound(f"there is no provider {wanted!r}")
    return row


def find_or_make_person(
    tx: Transaction, name: str, provider: sa.Row, email: str | None = None
) -> tuple[int, bool]:
    """The person of that name at that provider and whether it was made now.

    Raises `Conflict` when the name belongs to a person of another provider, or the e-mail to someone else.
    """
    name = checked_name(name)
    row = tx.execute(sa.select(t.person).where(t.person.c.name_key == name_key(name))).first()
    if row is not None:
        if row.provider_id != provider.id:
            raise Conflict(f"the name {name!r} belongs to a person of another provider", "name_taken")
        return row.id, False
    if email is not None:
        if not isinstance(email, str) or _EMAIL.fullmatch(email) is None:
            raise invalid("/email", "email", "is not an e-mail address")
        if tx.execute(sa.select(t.person.c.id).where(t.person.c.email == email.lower())).first():
            raise Conflict(f"the e-mail {email} belongs to another person", "email_taken")
    public = new_id(tx.now)
    person = tx.added(
        sa.insert(t.person).values(
            public_id=public,
            name=name,
            name_key=name_key(name),
            email=email.lower() if email else None,
            provider_id=provider.id,
            languages=[],
            skills=[],
            created_at=tx.now,
        )
    )
    tx.execute(
        sa.insert(t.annotator).values(
            public_id=new_id(tx.now),
            provider_id=provider.id,
            external_id=public,
            person_id=person,
            created_at=tx.now,
        )
    )
    return person, True


def list_people(tx: Transaction, provider_id: int | None = None) -> list[dict[str, Any]]:
    query = (
        sa.select(t.person, t.provider.c.slug, t.provider.c.name.label("provider_name"))
        .join(t.provider, t.provider.c.id == t.person.c.provider_id)
        .order_by(t.person.c.id)
    )
    if provider_id is not None:
        query = query.where(t.person.c.provider_id == provider_id)
    return [dict(row._mapping) for row in tx.execute(query)]
