"""Who holds what part of a provider, or of another organisation?

Interests are recorded, ended, never deleted; one counts from the moment it is recorded, also when it is
dated in the future, until it is ended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from steelyard.domain.eligibility import WHOLE
from steelyard.domain.errors import Invalid, Problem, invalid
from steelyard.domain.names import checked_name
from steelyard.domain.times import parse_time
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.effect import Effect, carry_out
from steelyard.work.organisations import organisation_named, set_conflicts

_SHARE = re.compile(r"([0-9]{1,30}(?:\.[0-9]{1,30})?)\s*(%?)")


@dataclass(frozen=True)
class Stake:
    organisation: str
    share: int  # millionths
    since: str | None = None


def whole(owner: Any) -> Stake:
    """The stake of an owner: a share of 1."""
    return Stake(checked_name(owner, "/owner"), WHOLE)


def parse_share(value: Any, at: str = "/share") -> int:
    """Millionths from a number, or a text such as "0.49" or "49 %"; above nothing and at most the whole.

    A share of any size is an interest: the smallest is a millionth.
    """
    exact = Decimal(0)
    if isinstance(value, str) and (found := _SHARE.fullmatch(value.strip())):
        exact = Decimal(found[1]) / (100 if found[2] else 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        exact = Decimal(value)
    if not exact.is_finite() or not 0 < exact <= 1:
        raise invalid(at, "range", 'must be a number above 0 and at most 1, or a text such as "49 %"')
    return max(1, round(exact * WHOLE))


def parse_interests(raw: Any, at: str = "/interests") -> list[Stake]:
    """Stakes from `[{organisation, share, since}]`; share above 0 to 1, 1 unless given."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise invalid(at, "type", "must be a list of {organisation, share, since}")
    problems: list[Problem] = []
    found: list[Stake] = []
    for i, item in enumerate(raw):
        here = f"{at}/{i}"
        if not isinstance(item, Mapping):
            problems.append(Problem(here, "type", "must be an object with organisation and share"))
            continue
        unknown = sorted(set(item) - {"organisation", "share", "since"})
        if unknown:
            problems.append(Problem(f"{here}/{unknown[0]}", "unknown", "is not a field of an interest"))
            continue
        try:
            share = parse_share(item.get("share", 1), f"{here}/share")
            name = checked_name(item.get("organisation"), f"{here}/organisation")
            if item.get("since") is not None:
                parse_time(item["since"], f"{here}/since")
        except Invalid as wrong:
            problems += wrong.problems
            continue
        found.append(Stake(name, share, item.get("since")))
    if problems:
        raise Invalid(problems)
    return found


def set_interests(tx: Transaction, provider_id: int, stakes: list[Stake], person_id: int | None) -> None:
    """Makes these the direct interests in a provider; the caller holds the exclusive lock.

    One that stays as it is keeps its record; the others are ended and new ones recorded.
    """
    _set(tx, {"provider_id": provider_id}, stakes, person_id)


def set_interests_in(
    tx: Transaction, organisation_id: int, stakes: list[Stake], person_id: int | None
) -> None:
    """Makes these the direct interests in an organisation, as `set_interests` does those in a provider."""
    _set(tx, {"organisation_id": organisation_id}, stakes, person_id)


def _set(tx: Transaction, held: dict[str, int], stakes: list[Stake], person_id: int | None) -> None:
    wanted: dict[int, Stake] = {}
    for i, stake in enumerate(stakes):
        at = f"/interests/{i}/organisation"
        organisation = organisation_named(tx, stake.organisation, at)
        if organisation in wanted:
            raise invalid(at, "twice", f"{stake.organisation} is named twice")
        if organisation == held.get("organisation_id"):
            raise invalid(at, "itself", f"{stake.organisation} does not hold a part of itself")
        wanted[organisation] = stake
    ((column, key),) = held.items()
    current = tx.execute(
        sa.select(t.interest).where(t.interest.c[column] == key, t.interest.c.ended_at.is_(None))
    ).all()
    kept: set[int] = set()
    for row in current:
        stake = wanted.get(row.holder_id)
        if stake is not None and (stake.share, stake.since) == (row.share, row.since):
            kept.add(row.holder_id)
        else:
            tx.execute(sa.update(t.interest).where(t.interest.c.id == row.id).values(ended_at=tx.now))
    for organisation, stake in wanted.items():
        if organisation not in kept:
            tx.execute(
                sa.insert(t.interest).values(
                    holder_id=organisation,
                    **held,
                    share=stake.share,
                    since=stake.since,
                    recorded_by=person_id,
                    recorded_at=tx.now,
                )
            )


def interests_recorded(tx: Transaction, provider_id: int) -> list[dict[str, Any]]:
    """The direct interests that hold now, as they were given."""
    rows = tx.execute(
        sa.select(t.organisation.c.name, t.interest.c.share, t.interest.c.since)
        .join(t.organisation, t.organisation.c.id == t.interest.c.holder_id)
        .where(t.interest.c.provider_id == provider_id, t.interest.c.ended_at.is_(None))
        .order_by(t.interest.c.share.desc(), t.organisation.c.name)
    )
    return [{"organisation": r.name, "share": r.share / WHOLE, "since": r.since} for r in rows]


def set_installation_conflicts(tx: Transaction, who: Principal, names: Any) -> Effect:
    """Makes these the organisations in conflict with the whole installation; stops and recalls at once."""
    require(who, Action.CHANGE_INTERESTS)
    require_live(who)
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise invalid("/conflicts", "type", "must be a list of names of organisations")
    return carry_out(tx, lambda: set_conflicts(tx, names, None, who.person_id))[1]
