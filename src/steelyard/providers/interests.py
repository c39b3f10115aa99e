"""Who holds what part of a provider?

Interests are recorded, ended, never deleted; one counts from the moment it is recorded, also when it is
dated in the future, until it is ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.eligibility import WHOLE
from steelyard.domain.errors import Invalid, Problem, invalid
from steelyard.domain.names import checked_name
from steelyard.domain.times import parse_time
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.organisations import organisation_named, set_conflicts
from steelyard.work.recall import Recalled, recall


@dataclass(frozen=True)
class Stake:
    organisation: str
    share: int  # millionths
    since: str | None = None


def whole(owner: Any) -> Stake:
    """The stake of an owner: a share of 1."""
    return Stake(checked_name(owner, "/owner"), WHOLE)


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
        share = item.get("share", 1)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            problems.append(Problem(f"{here}/share", "range", "must be a number above 0 and at most 1"))
            continue
        try:
            name = checked_name(item.get("organisation"), f"{here}/organisation")
            if item.get("since") is not None:
                parse_time(item["since"], f"{here}/since")
        except Invalid as wrong:
            problems += wrong.problems
            continue
        found.append(Stake(name, max(1, round(share * WHOLE)), item.get("since")))
    if problems:
        raise Invalid(problems)
    return found


def set_interests(tx: Transaction, provider_id: int, stakes: list[Stake], person_id: int | None) -> None:
    """Makes these the direct interests in a provider; the caller holds the exclusive lock.

    One that stays as it is keeps its record; the others are ended and new ones recorded.
    """
    wanted: dict[int, Stake] = {}
    for i, stake in enumerate(stakes):
        organisation = organisation_named(tx, stake.organisation, f"/interests/{i}/organisation")
        if organisation in wanted:
            raise invalid(f"/interests/{i}/organisation", "twice", f"{stake.organisation} is named twice")
        wanted[organisation] = stake
    current = tx.execute(
        sa.select(t.interest).where(t.interest.c.provider_id == provider_id, t.interest.c.ended_at.is_(None))
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
                    provider_id=provider_id,
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


def set_installation_conflicts(tx: Transaction, who: Principal, names: Any) -> Recalled:
    """Makes these the organisations in conflict with the whole installation; stops and recalls at once."""
    require(who, Action.CHANGE_INTERESTS)
    require_live(who)
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise invalid("/conflicts", "type", "must be a list of names of organisations")
    tx.hold_showing()
    set_conflicts(tx, names, None, who.person_id)
    standing.changed(tx)
    return recall(tx)
