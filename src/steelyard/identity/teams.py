"""Who works together? Teams, which work can be given to.

Whoever joins a team may take from the next claim on what waits for it; what somebody holds who leaves it stays
held.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, Invalid, NotFound, Problem, invalid
from steelyard.domain.ids import is_id, new_id
from steelyard.domain.names import checked_name, name_key
from steelyard.domain.times import format_time
from steelyard.identity.people import forget_places
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.page import Page, page_of

MOST_PEOPLE = 1000

_MEMBERS = (
    sa.select(t.team_member.c.team_id, t.person.c.public_id, t.person.c.name, t.provider.c.slug)
    .join(t.person, t.person.c.id == t.team_member.c.person_id)
    .join(t.provider, t.provider.c.id == t.person.c.provider_id)
    .where(t.team_member.c.team_id.in_(sa.bindparam("teams", expanding=True)))
    .order_by(t.person.c.id)
)


def list_teams(tx: Transaction, *, name: str | None = None, after: int = 0, limit: int = 100) -> Page:
    """A page of teams in the order in which they were made."""
    query = sa.select(t.team)
    if name is not None:
        query = query.where(t.team.c.name_key == name_key(name))
    return page_of(tx, query, t.team.c.id, after, limit)


def describe_teams(tx: Transaction, rows: Sequence[sa.Row]) -> list[dict[str, Any]]:
    """Teams with the people in them, as they stand in a list."""
    people: dict[int, list[dict[str, str]]] = {row.id: [] for row in rows}
    if rows:
        for row in tx.rows(_MEMBERS, {"teams": list(people)}):
            people[row.team_id].append({"id": row.public_id, "name": row.name, "provider": row.slug})
    return [
        {
            "id": row.public_id,
            "name": row.name,
            "people": people[row.id],
            "created_at": format_time(row.created_at),
        }
        for row in rows
    ]


def find_team(tx: Transaction, named: str, *, by_name: bool = False) -> sa.Row:
    """The team with this public id or, `by_name`, of this name; raises `NotFound`."""
    row = tx.row(sa.select(t.team).where(t.team.c.public_id == named)) if is_id(named) else None
    if row is None and by_name:
        row = tx.row(sa.select(t.team).where(t.team.c.name_key == name_key(named)))
    if row is None:
        raise NotFound(f"there is no team {named!r}" if by_name else "there is no such team")
    return row


def may_change(tx: Transaction, who: Principal) -> None:
    """Raises `Forbidden` for a role that changes no teams; takes the lock under which they are changed."""
    require(who, Action.CHANGE_PEOPLE)
    require_live(who)
    tx.hold_showing()


def create_team(tx: Transaction, who: Principal, name: Any, people: Any = None) -> sa.Row:
    """A new team of these people, named by id or name; raises `Invalid`, or `Conflict` for a taken name."""
    may_change(tx, who)
    name = _free_name(tx, name)
    members = _people(tx, people)
    key = tx.added(
        sa.insert(t.team).values(
            public_id=new_id(tx.now), name=name, name_key=name_key(name), created_at=tx.now
        )
    )
    _join(tx, key, members)
    return tx.execute(sa.select(t.team).where(t.team.c.id == key)).one()


def update_team(
    tx: Transaction, who: Principal, named: str, patch: dict[str, Any], *, by_name: bool = False
) -> sa.Row:
    """Changes the name or the people of a team (a merge patch: a list replaces the one before)."""
    may_change(tx, who)
    row = find_team(tx, named, by_name=by_name)
    unknown = sorted(set(patch) - {"name", "people"})
    if unknown:
        raise Invalid([Problem(f"/{name}", "unknown", "is not a field of a team") for name in unknown])
    if "name" in patch:
        name = _free_name(tx, patch["name"], row.id)
        values = {"name": name, "name_key": name_key(name)}
        tx.execute(sa.update(t.team).where(t.team.c.id == row.id).values(**values))
    if "people" in patch:
        wanted = _people(tx, patch["people"])
        in_it = t.team_member.c.team_id == row.id
        known = set(tx.execute(sa.select(t.team_member.c.person_id).where(in_it)).scalars())
        gone = known - set(wanted)
        tx.execute(sa.delete(t.team_member).where(in_it, t.team_member.c.person_id.in_(gone)))
        _join(tx, row.id, [person for person in wanted if person not in known])
    return tx.execute(sa.select(t.team).where(t.team.c.id == row.id)).one()


def forget_team(tx: Transaction, team_id: int) -> None:
    """Takes the team and who is in it out of the records; nothing refers to it any more."""
    tx.execute(sa.delete(t.team_member).where(t.team_member.c.team_id == team_id))
    tx.execute(sa.delete(t.team).where(t.team.c.id == team_id))


def _free_name(tx: Transaction, name: Any, team_id: int | None = None) -> str:
    name = checked_name(name)
    other = tx.scalar(sa.select(t.team.c.id).where(t.team.c.name_key == name_key(name)))
    if other not in (None, team_id):
        raise Conflict(f"there is a team named {name!r} already", "name_taken")
    return name


def _people(tx: Transaction, named: Any) -> list[int]:
    """Row keys of people given by id or name, each once; raises `Invalid` for each that is not there."""
    if named is None:
        return []
    if not isinstance(named, list) or len(named) > MOST_PEOPLE:
        raise invalid("/people", "type", f"must be a list of at most {MOST_PEOPLE} ids or names of people")
    found: dict[int, None] = {}
    problems: list[Problem] = []
    for place, one in enumerate(named):
        key = None
        if isinstance(one, str):
            same = t.person.c.name_key == name_key(one)
            query = sa.select(t.person.c.id)
            key = tx.scalar(query.where(t.person.c.public_id == one)) if is_id(one) else None
            key = tx.scalar(query.where(same)) if key is None else key
        if key is None:
            problems.append(Problem(f"/people/{place}", "unknown", f"there is no person {str(one)[:200]!r}"))
        else:
            found[key] = None
    if problems:
        raise Invalid(problems)
    return list(found)


def _join(tx: Transaction, team_id: int, people: Sequence[int]) -> None:
    if people:
        rows = [{"team_id": team_id, "person_id": person, "at": tx.now} for person in people]
        tx.execute(sa.insert(t.team_member), rows)
        forget_places(tx, people)
