"""Who is there? People, each of one provider, and the annotator that each of them is when answering.

A change of what a person knows takes the installation's lock: no claim sees half of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, Invalid, NotFound, Problem, invalid
from steelyard.domain.ids import is_id, new_id
from steelyard.domain.names import checked_name, name_key
from steelyard.domain.policy import demanded
from steelyard.domain.times import format_time
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.page import Page, page_of

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
    email = _free_email(tx, email)
    public = new_id(tx.now)
    person = tx.added(
        sa.insert(t.person).values(
            public_id=public,
            name=name,
            name_key=name_key(name),
            email=email,
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


_last_answer = (
    sa.select(sa.func.max(t.judgment.c.at)).where(t.judgment.c.annotator_id == t.annotator.c.id)
).scalar_subquery()
_last_sign_in = (
    sa.select(sa.func.max(t.session.c.created_at)).where(t.session.c.person_id == t.person.c.id)
).scalar_subquery()
_valid_keys = (
    sa.select(sa.func.count())
    .select_from(t.api_key)
    .where(t.api_key.c.person_id == t.person.c.id, t.api_key.c.revoked_at.is_(None))
).scalar_subquery()
_PEOPLE = (
    sa.select(
        t.person,
        t.provider.c.slug.label("provider"),
        t.annotator.c.public_id.label("annotator"),
        _valid_keys.label("keys"),
        _last_answer.label("last_answer"),
        _last_sign_in.label("last_sign_in"),
    )
    .join(t.provider, t.provider.c.id == t.person.c.provider_id)
    .join(t.annotator, t.annotator.c.person_id == t.person.c.id)
)
_TEAMS = (
    sa.select(t.team_member.c.person_id, t.team.c.public_id, t.team.c.name)
    .join(t.team, t.team.c.id == t.team_member.c.team_id)
    .where(t.team_member.c.person_id.in_(sa.bindparam("people", expanding=True)))
    .order_by(t.team.c.name_key)
)


def list_people(
    tx: Transaction,
    *,
    provider_id: int | None = None,
    name: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> Page:
    """A page of people in the order in which they came, of one provider or of that name where told."""
    query = _PEOPLE
    if provider_id is not None:
        query = query.where(t.person.c.provider_id == provider_id)
    if name is not None:
        query = query.where(t.person.c.name_key == name_key(name))
    return page_of(tx, query, t.person.c.id, after, limit)


def find_person(tx: Transaction, named: str, *, by_name: bool = False) -> sa.Row:
    """The person with this public id or, `by_name`, of this name; raises `NotFound`."""
    row = tx.row(_PEOPLE.where(t.person.c.public_id == named)) if is_id(named) else None
    if row is None and by_name:
        row = tx.row(_PEOPLE.where(t.person.c.name_key == name_key(named)))
    if row is None:
        raise NotFound(f"there is no person {named!r}" if by_name else "there is no such person")
    return row


def describe_people(tx: Transaction, rows: Sequence[sa.Row], *, teams: bool) -> list[dict[str, Any]]:
    """People as they stand in a list; `teams`: to whom work is given together is for the house alone."""
    belongs: dict[int, list[dict[str, str]]] = {row.id: [] for row in rows}
    if teams and rows:
        for team in tx.rows(_TEAMS, {"people": list(belongs)}):
            belongs[team.person_id].append({"id": team.public_id, "name": team.name})
    shown = []
    for row in rows:
        last = max(filter(None, (row.last_answer, row.last_sign_in)), default=None)
        person = {
            "id": row.public_id,
            "name": row.name,
            "email": row.email,
            "provider": row.provider,
            "annotator": row.annotator,
            "languages": row.languages,
            "skills": row.skills,
            "keys": row.keys,
            "last_active_at": None if last is None else format_time(last),
            "created_at": format_time(row.created_at),
        }
        shown.append({**person, "teams": belongs[row.id]} if teams else person)
    return shown


FIELDS = ("languages", "skills", "email")


def update_person(
    tx: Transaction, who: Principal, named: str, patch: Mapping[str, Any], *, by_name: bool = False
) -> sa.Row:
    """Changes languages, skills or e-mail (a merge patch) and returns the person.

    What was gained counts from the next claim on; what is held stays held. Raises `Invalid` naming the field,
    `Conflict` for an e-mail of another person.
    """
    require(who, Action.CHANGE_PEOPLE)
    require_live(who)
    tx.hold_showing()
    row = find_person(tx, named, by_name=by_name)
    problems = [
        Problem(f"/{name}", "unknown", "is not a field of a person that can be changed")
        for name in sorted(set(patch) - set(FIELDS))
    ]
    if problems:
        raise Invalid(problems)
    values: dict[str, Any] = {}
    for name in ("languages", "skills"):
        if name in patch:
            given = patch[name]
            values[name] = [] if given is None else list(demanded(given, f"/{name}"))
    if "email" in patch:
        values["email"] = _free_email(tx, patch["email"], row.id)
    if values:
        tx.execute(sa.update(t.person).where(t.person.c.id == row.id).values(**values))
    if any(set(values.get(name, ())) - set(getattr(row, name)) for name in ("languages", "skills")):
        forget_places(tx, [row.id])
    return find_person(tx, row.public_id)


def _free_email(tx: Transaction, email: Any, person_id: int | None = None) -> str | None:
    """The address as it is kept; raises `Invalid`, or `Conflict` when it belongs to another person."""
    if email is None:
        return None
    if not isinstance(email, str) or _EMAIL.fullmatch(email) is None or not email.isprintable():
        raise invalid("/email", "email", "is not an e-mail address")
    other = tx.scalar(sa.select(t.person.c.id).where(t.person.c.email == email.lower()))
    if other not in (None, person_id):
        raise Conflict(f"the e-mail {email} belongs to another person", "email_taken")
    return email.lower()


def forget_places(tx: Transaction, people: Sequence[int]) -> None:
    """Forgets how far these people have looked in every queue: work that was passed by may be theirs now."""
    mine = sa.select(t.annotator.c.id).where(t.annotator.c.person_id.in_(people))
    tx.execute(sa.delete(t.queue_cursor).where(t.queue_cursor.c.annotator_id.in_(mine)))
