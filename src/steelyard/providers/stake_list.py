"""How does a list of stakes come in at once?

All of it or nothing: as long as one row is wrong none is recorded. The same list a second time changes
nothing. A stake that the list does not name stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Invalid, invalid
from steelyard.domain.ids import new_id
from steelyard.domain.legal import roots
from steelyard.domain.names import name_key
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.providers.stake_rows import StakeRow
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.effect import Effect, carry_out
from steelyard.work.tasks import RowProblem

CHUNK = 500


@dataclass(frozen=True)
class Imported:
    """Counts of rows; none is recorded as long as one is wrong."""

    new: int
    same: int
    changed: int
    problems: list[RowProblem]

    def to_json(self) -> dict[str, Any]:
        return {
            "new": self.new,
            "same": self.same,
            "changed": self.changed,
            "wrong": len({p.row for p in self.problems}),
            "problems": [
                {"row": p.row, "pointer": p.pointer, "code": p.code, "message": p.message}
                for p in self.problems
            ],
        }


def import_stakes(
    tx: Transaction, who: Principal, right: Sequence[StakeRow], wrong: Sequence[RowProblem] = ()
) -> tuple[Imported, Effect]:
    """Records the stakes of a list, as `check_rows` found it, and says what stops because of them."""
    require(who, Action.CHANGE_INTERESTS)
    require_live(who)
    tx.hold_showing()
    book = _Book(tx)
    counts: Counter[str] = Counter()
    problems = list(wrong)
    for row in right:
        try:
            counts[book.take(row)] += 1
        except Invalid as refused:
            problems += [RowProblem(row.row, p.pointer, p.code, p.message) for p in refused.problems]
    imported = Imported(
        counts["new"], counts["same"], counts["changed"], sorted(problems, key=lambda p: (p.row, p.pointer))
    )
    if problems or not counts["new"] + counts["changed"]:
        return imported, Effect()
    _, effect = carry_out(tx, lambda: book.write(tx, who.person_id))
    return imported, effect


@dataclass(eq=False)
class _Organisation:
    """One that is there or, without a row key, will be; with what the list says of it that is not recorded."""

    name: str
    key: int | None = None
    lei: str | None = None
    country: str | None = None
    names: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


Held = tuple[str, Any]  # ("provider", row key) or ("organisation", _Organisation)


@dataclass(frozen=True)
class _Stake:
    share: int
    since: str | None
    key: int | None = None  # of the record that is there


class _Book:
    """What is recorded, as the rows of a list find it one after the other; written at the end."""

    def __init__(self, tx: Transaction) -> None:
        rows = tx.rows(sa.select(t.organisation))
        by_key = {row.id: _Organisation(row.name, row.id, row.lei, row.country) for row in rows}
        same = roots({row.id: row.same_as_id for row in rows if row.same_as_id is not None})
        self._same = {by_key[key]: by_key[root] for key, root in same.items()}
        self._named = {
            row.name_key: by_key[row.organisation_id] for row in tx.execute(sa.select(t.organisation_name))
        }
        self._identified = {o.lei: o for o in by_key.values() if o.lei is not None}
        self._entities = {self._root(o): o for o in self._identified.values()}
        self._providers: Mapping[str, int] = standing.standing(tx).provider_keys
        self._stakes: dict[tuple[_Organisation, Held], _Stake] = {}
        for row in tx.execute(sa.select(t.interest).where(t.interest.c.ended_at.is_(None))):
            held: Held = ("provider", row.provider_id)
            if row.organisation_id is not None:
                held = ("organisation", by_key[row.organisation_id])
            self._stakes[by_key[row.holder_id], held] = _Stake(row.share, row.since, row.id)
        self._taken: dict[tuple[_Organisation, Held], _Stake] = {}
        self._made: list[_Organisation] = []
        self._touched: list[_Organisation] = []
        self._ended: list[int] = []

    def take(self, row: StakeRow) -> str:
        """ "new", "same" or "changed"; raises `Invalid` for what contradicts the record or an earlier row."""
        holder, altered = self._holder(row)
        held = self._held(row)
        if held[0] == "organisation" and self._root(held[1]) is self._root(holder):
            raise invalid("/held", "itself", f"{holder.name} does not hold a part of itself")
        at = (holder, held)
        before = self._taken.get(at) or self._stakes.get(at)
        since = row.since if row.since is not None or before is None else before.since
        if before is not None and (before.share, before.since) == (row.share, since):
            return "changed" if altered else "same"
        if at in self._taken:
            raise invalid("/share", "contradicts", "an earlier row says otherwise of the same stake")
        self._taken[at] = _Stake(row.share, since)
        if before is None:
            return "new"
        assert before.key is not None
        self._ended.append(before.key)
        return "changed"

    def _root(self, organisation: _Organisation) -> _Organisation:
        return self._same.get(organisation, organisation)

    def _holder(self, row: StakeRow) -> tuple[_Organisation, bool]:
        """The holder, and whether the row says something of it that is not recorded."""
        found = self._named.get(name_key(row.holder))
        identified = None if row.lei is None else self._identified.get(row.lei)
        altered = False
        if found is None and identified is not None:
            found, altered = identified, True
            self._call(found, row.holder)
        elif found is None:
            found = self._make(row.holder)
        elif identified is not None and self._root(identified) is not self._root(found):
            message = f"is the LEI of {identified.name}; if both are one legal entity, join them first"
            raise invalid("/lei", "lei_taken", message)
        if row.alias is not None:
            other = self._named.get(name_key(row.alias))
            if other is None:
                self._call(found, row.alias)
                altered = True
            elif other is not found:
                message = f"is a name of {other.name}; if both are one legal entity, join them first"
                raise invalid("/alias", "name_taken", message)
        for name, value in (("lei", row.lei), ("country", row.country)):
            if value is not None and getattr(found, name) != value:
                self._set(found, name, value)
                altered = True
        return found, altered

    def _held(self, row: StakeRow) -> Held:
        prefix, _, name = row.held.partition(":")
        kind = prefix.strip().lower()
        name = name.strip() if kind in ("provider", "organisation") and name.strip() else row.held
        key = name_key(name)
        provider, organisation = self._providers.get(key), self._named.get(key)
        if kind == "provider" and name != row.held:
            if provider is None:
                raise invalid("/held", "unknown", f"there is no provider {name!r}")
            return ("provider", provider)
        if kind == "organisation" and name != row.held:
            return ("organisation", organisation or self._make(name))
        if provider is not None and organisation is not None:
            message = f"is a provider and an organisation; write provider:{name} or organisation:{name}"
            raise invalid("/held", "ambiguous", message)
        return (
            ("provider", provider)
            if provider is not None
            else ("organisation", organisation or self._make(name))
        )

    def _make(self, name: str) -> _Organisation:
        made = _Organisation(name, names=[name])
        self._made.append(made)
        self._named[name_key(name)] = made
        return made

    def _call(self, organisation: _Organisation, name: str) -> None:
        organisation.names.append(name)
        self._named[name_key(name)] = organisation
        self._touched.append(organisation)

    def _set(self, organisation: _Organisation, name: str, value: str) -> None:
        before = getattr(organisation, name)
        if before is not None and (name == "lei" or name in organisation.values):
            what = "an earlier row" if name in organisation.values else "the record"
            raise invalid(f"/{name}", "contradicts", f"{what} says {before} of {organisation.name}")
        if name == "lei":
            other = self._entities.get(self._root(organisation))
            if other is not None:
                raise invalid("/lei", "contradicts", f"{other.name}, the same legal entity, has {other.lei}")
            self._entities[self._root(organisation)] = organisation
            self._identified[value] = organisation
        setattr(organisation, name, value)
        organisation.values[name] = value
        self._touched.append(organisation)

    def write(self, tx: Transaction, person_id: int | None) -> None:
        made_now = set(self._made)
        if self._made:
            keys = tx.execute(
                sa.insert(t.organisation).returning(t.organisation.c.id, sort_by_parameter_order=True),
                [
                    {
                        "public_id": new_id(tx.now),
                        "name": made.name,
                        "lei": made.lei,
                        "country": made.country,
                        "created_at": tx.now,
                    }
                    for made in self._made
                ],
            ).scalars()
            for made, key in zip(self._made, keys, strict=True):
                made.key = key
        for changed in dict.fromkeys(self._touched):
            if changed.values and changed not in made_now:
                tx.execute(
                    sa.update(t.organisation)
                    .where(t.organisation.c.id == changed.key)
                    .values(**changed.values)
                )
        called = [
            {"name_key": name_key(name), "organisation_id": organisation.key, "name": name}
            for organisation in dict.fromkeys([*self._made, *self._touched])
            for name in organisation.names
        ]
        if called:
            tx.execute(sa.insert(t.organisation_name), called)
        for start in range(0, len(self._ended), CHUNK):
            ended = t.interest.c.id.in_(self._ended[start : start + CHUNK])
            tx.execute(sa.update(t.interest).where(ended).values(ended_at=tx.now))
        stakes = [
            {
                "holder_id": holder.key,
                "provider_id": held if kind == "provider" else None,
                "organisation_id": held.key if kind == "organisation" else None,
                "share": stake.share,
                "since": stake.since,
                "recorded_by": person_id,
                "recorded_at": tx.now,
            }
            for (holder, (kind, held)), stake in self._taken.items()
        ]
        if stakes:
            tx.execute(sa.insert(t.interest), stakes)
        told = [
            {"organisation_id": o.key, "person_id": person_id, "change": {"list": change}, "at": tx.now}
            for o in dict.fromkeys([*self._made, *self._touched])
            for change in [{"names": o.names, **o.values}]
        ]
        if told:
            tx.execute(sa.insert(t.organisation_change), told)
