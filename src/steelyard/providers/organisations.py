"""What is known of an organisation, and how does that change?

Every change is carried out under the exclusive lock. Facts are never rewritten: that two organisations are one
legal entity is a mark on one of them, from which what was recorded of either counts for both, until it is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from steelyard.domain.eligibility import WHOLE
from steelyard.domain.errors import Conflict, Invalid, Problem, invalid
from steelyard.domain.ids import is_id
from steelyard.domain.legal import checked_country, checked_lei, roots
from steelyard.domain.names import checked_name, name_key
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.providers.interests import parse_interests, set_interests_in
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.effect import Effect, carry_out
from steelyard.work.organisations import find_organisation, make_organisation, named, set_names

FIELDS = ("name", "aliases", "lei", "country", "interests", "same_as")
MOST_ALIASES = 200


def create_organisation(tx: Transaction, who: Principal, raw: Mapping[str, Any]) -> tuple[sa.Row, Effect]:
    """A new organisation, and what its interests stop; raises `Invalid` naming fields, `Conflict` for names."""
    _check(tx, who, raw)

    def make() -> int:
        name = checked_name(raw.get("name"))
        other = named(tx, name)
        if other is not None:
            raise Conflict(
                f"there is an organisation {other.name!r} ({other.public_id}) named {name!r} already; change that one",
                "name_taken",
            )
        key = make_organisation(tx, name)
        _change(tx, who, _row(tx, key), {field: value for field, value in raw.items() if field != "name"})
        return key

    key, effect = carry_out(tx, lambda: recorded(tx, who.person_id, None, make))
    row = _row(tx, key)
    return row, replace(effect, made=tuple(name for name in effect.made if name != row.name))


def update_organisation(
    tx: Transaction, who: Principal, public_id: str, patch: Mapping[str, Any]
) -> tuple[sa.Row, Effect]:
    """Changes an organisation (a merge patch; lists are replaced whole) and says what stops because of it.

    A new name leaves the old one as an alias. `same_as`: the id of another that is the same legal entity;
    null takes that back. Raises `NotFound`, `Invalid`, `Conflict`.
    """
    _check(tx, who, patch)
    row = find_organisation(tx, public_id)

    def change() -> int:
        _change(tx, who, row, patch)
        return row.id

    _, effect = carry_out(tx, lambda: recorded(tx, who.person_id, row.id, change))
    return _row(tx, row.id), effect


def recorded(tx: Transaction, person_id: int | None, key: int | None, change: Callable[[], int]) -> int:
    """Makes a change of an organisation's own fields, and writes who made it, from what to what."""
    before = {} if key is None else _own(tx, key)
    key = change()
    after = _own(tx, key)
    altered = {n: {"from": before.get(n), "to": v} for n, v in after.items() if before.get(n) != v}
    if altered:
        tx.execute(
            sa.insert(t.organisation_change).values(
                organisation_id=key, person_id=person_id, change=altered, at=tx.now
            )
        )
    return key


def _own(tx: Transaction, key: int) -> dict[str, Any]:
    row = _row(tx, key)
    names = sa.select(t.organisation_name.c.name).where(t.organisation_name.c.organisation_id == key)
    same = None if row.same_as_id is None else _row(tx, row.same_as_id).public_id
    own = {"name": row.name, "lei": row.lei, "country": row.country, "same_as": same}
    return {**own, "names": sorted(tx.execute(names).scalars())}


def _check(tx: Transaction, who: Principal, raw: Mapping[str, Any]) -> None:
    require(who, Action.CHANGE_INTERESTS)
    require_live(who)
    tx.hold_showing()
    unknown = sorted(set(raw) - set(FIELDS))
    if unknown:
        raise Invalid(
            [Problem(f"/{name}", "unknown", "is not a field of an organisation") for name in unknown]
        )


def _row(tx: Transaction, key: int) -> sa.Row:
    return tx.execute(sa.select(t.organisation).where(t.organisation.c.id == key)).one()


def _change(tx: Transaction, who: Principal, row: sa.Row, patch: Mapping[str, Any]) -> None:
    if "name" in patch or "aliases" in patch:
        name = checked_name(patch["name"]) if "name" in patch else row.name
        set_names(tx, row, name, _aliases(patch["aliases"]) if "aliases" in patch else None)
    values: dict[str, Any] = {}
    if "lei" in patch:
        values["lei"] = None if patch["lei"] is None else checked_lei(patch["lei"])
    if "country" in patch:
        values["country"] = None if patch["country"] is None else checked_country(patch["country"])
    if "same_as" in patch:
        values["same_as_id"] = _other(tx, row, patch["same_as"])
    if values:
        tx.execute(sa.update(t.organisation).where(t.organisation.c.id == row.id).values(**values))
    if "lei" in values or "same_as_id" in values:
        _check_identifiers(tx, row.id)
    if "interests" in patch:
        set_interests_in(tx, row.id, parse_interests(patch["interests"]), who.person_id)


def _aliases(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST_ALIASES:
        raise invalid("/aliases", "type", f"must be a list of at most {MOST_ALIASES} names")
    return [checked_name(alias, f"/aliases/{i}") for i, alias in enumerate(value)]


def _other(tx: Transaction, row: sa.Row, value: Any) -> int | None:
    """The row key of the organisation that this one is found to be the same as."""
    if value is None:
        return None
    found = None
    if is_id(value):
        found = tx.row(sa.select(t.organisation).where(t.organisation.c.public_id == value))
    if found is None:
        raise invalid("/same_as", "unknown", "must be the id of another organisation, or null")
    if found.id == row.id:
        raise invalid("/same_as", "itself", f"{row.name} is itself")
    joined = {r.id: r.same_as_id for r in tx.execute(_JOINED)}
    following = found.id
    while (following := joined.get(following)) is not None:
        if following == row.id:
            raise invalid(
                "/same_as", "ring", f"{found.name} is the same as {row.name} already; that would be a ring"
            )
    return found.id


_JOINED = sa.select(t.organisation.c.id, t.organisation.c.same_as_id).where(
    t.organisation.c.same_as_id.is_not(None)
)
_IDENTIFIED = sa.select(t.organisation).where(t.organisation.c.lei.is_not(None)).order_by(t.organisation.c.id)


def _check_identifiers(tx: Transaction, key: int) -> None:
    """An identifier is one legal entity's, and a legal entity has one."""
    same = roots({r.id: r.same_as_id for r in tx.execute(_JOINED)})
    mine = same.get(key, key)
    identified = tx.rows(_IDENTIFIED)
    ours = [row for row in identified if same.get(row.id, row.id) == mine]
    for row in ours[1:]:
        if row.lei != ours[0].lei:
            raise Conflict(
                f"{ours[0].name} has the LEI {ours[0].lei} and {row.name} {row.lei}: two legal entities are not the "
                "same; record a stake, with a share of 1 where one owns the other",
                "lei_differs",
            )
    for row in identified:
        if ours and row.lei == ours[0].lei and same.get(row.id, row.id) != mine:
            raise Conflict(
                f"{row.name} ({row.public_id}) has the LEI {row.lei}: it is the same legal entity; join the two "
                'first, with "same_as"',
                "lei_taken",
            )


def describe(tx: Transaction, rows: Sequence[sa.Row]) -> list[dict[str, Any]]:
    """Organisations as /api shows them: as recorded, and what follows from it through chains."""
    keys = [row.id for row in rows]
    here = standing.standing(tx)
    public = {
        row.id: row.public_id
        for row in tx.execute(sa.select(t.organisation.c.id, t.organisation.c.public_id))
    }
    slugs = {row.id: row.slug for row in tx.execute(sa.select(t.provider.c.id, t.provider.c.slug))}
    names: dict[int, list[str]] = {}
    for row in tx.execute(
        sa.select(t.organisation_name)
        .where(t.organisation_name.c.organisation_id.in_(keys))
        .order_by(t.organisation_name.c.name)
    ):
        names.setdefault(row.organisation_id, []).append(row.name)
    held: dict[int, list[dict[str, Any]]] = {}
    holds: dict[int, list[dict[str, Any]]] = {}
    for row in tx.execute(
        sa.select(t.interest)
        .where(
            t.interest.c.ended_at.is_(None),
            t.interest.c.holder_id.in_(keys) | t.interest.c.organisation_id.in_(keys),
        )
        .order_by(t.interest.c.share.desc(), t.interest.c.id)
    ):
        stake = {"share": row.share / WHOLE, "since": row.since}
        if row.organisation_id is not None:
            held.setdefault(row.organisation_id, []).append(
                {"organisation": here.organisations[row.holder_id], **stake}
            )
            what = {"organisation": here.organisations[row.organisation_id]}
        else:
            what = {"provider": slugs[row.provider_id]}
        holds.setdefault(row.holder_id, []).append({**what, **stake})
    return [
        {
            "id": row.public_id,
            "name": row.name,
            "aliases": [name for name in names.get(row.id, ()) if name_key(name) != name_key(row.name)],
            "lei": row.lei,
            "country": row.country,
            "same_as": None if row.same_as_id is None else public[row.same_as_id],
            "interests": held.get(row.id, []),
            "holds": holds.get(row.id, []),
            "reaches": [
                {"provider": slugs[provider.id], "share": provider.interests[here.root(row.id)] / WHOLE}
                for provider in here.providers.values()
                if here.root(row.id) in provider.interests
            ],
            "conflict": here.root(row.id) in here.conflicts,
        }
        for row in rows
    ]
