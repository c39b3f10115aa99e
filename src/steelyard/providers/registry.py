"""Which providers are there, and what is changed about them?

Every change is one fact that says who made it, and is carried out under the exclusive lock: what may no longer
be held goes back in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, Invalid, NotFound, Problem, invalid
from steelyard.domain.ids import new_id
from steelyard.domain.money import parse_money
from steelyard.domain.names import checked_name, name_key, slugify
from steelyard.domain.policy import SENSITIVITIES
from steelyard.domain.states import ProjectStatus, ProviderStatus, move
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.providers import reinstatement
from steelyard.providers.adapter import adapter_named
from steelyard.providers.contract import merged_contract
from steelyard.providers.interests import Stake, parse_interests, set_interests, whole
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.effect import Effect, carry_out
from steelyard.work.recall import Recalled

IN_HOUSE = "in-house"
FIELDS = (
    *("name", "kind", "interests", "owner", "clearance", "price", "config", "status", "capabilities"),
    "contract",
)


@dataclass(frozen=True)
class Stopped:
    """A project that a provider may not be shown any more, and why."""

    project: str  # slug
    name: str
    because: str


@dataclass(frozen=True)
class Changed:
    """A provider after a change, and what followed from it, for this provider and for others."""

    provider: sa.Row
    effect: Effect

    @property
    def stopped(self) -> list[Stopped]:
        """The projects that this provider may not be shown any more."""
        return [
            Stopped(stop.at.project, stop.at.project_name, stop.because)
            for stop in self.effect.stopped
            if stop.at.provider_id == self.provider.id
        ]

    @property
    def recalled(self) -> Recalled:
        return self.effect.recalled


def ensure_in_house(tx: Transaction) -> None:
    """The built-in provider: the installation's own people, cleared for everything."""
    if tx.execute(sa.select(t.provider.c.id).where(t.provider.c.slug == IN_HOUSE)).first() is None:
        _insert(tx, None, IN_HOUSE, "people", ProviderStatus.ACTIVE, "secret", 0, {}, {}, None)


def _insert(tx, person_id, name, kind, status, clearance, price, config, capabilities, contract) -> int:
    key = tx.added(
        sa.insert(t.provider).values(
            public_id=new_id(tx.now),
            name=name,
            name_key=name_key(name),
            slug=_free_slug(tx, name),
            kind=kind,
            status=status,
            clearance=clearance,
            price=price,
            config=config,
            capabilities=capabilities,
            contract=contract,
            created_at=tx.now,
        )
    )
    made = {"name": name, "kind": kind, "status": status, "clearance": clearance, "price": price}
    _record(tx, key, person_id, {"made": made if contract is None else {**made, "contract": contract}})
    return key


def _record(tx: Transaction, provider_id: int, person_id: int | None, change: dict[str, Any]) -> None:
    tx.execute(
        sa.insert(t.provider_change).values(
            provider_id=provider_id, person_id=person_id, change=change, at=tx.now
        )
    )


def _free_slug(tx: Transaction, name: str) -> str:
    base, number = slugify(name, "provider"), 1
    while True:
        slug = base if number == 1 else f"{base}-{number}"
        if not tx.execute(sa.select(t.provider.c.id).where(t.provider.c.slug == slug)).first():
            return slug
        number += 1


def _status(value: Any) -> ProviderStatus:
    if value not in list(ProviderStatus):
        raise invalid("/status", "choice", f"must be one of {', '.join(ProviderStatus)}")
    return ProviderStatus(value)


def _clearance(value: Any) -> str:
    if value not in SENSITIVITIES:
        raise invalid("/clearance", "choice", f"must be one of {', '.join(SENSITIVITIES)}")
    return value


def _object(value: Any, pointer: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise invalid(pointer, "type", "must be an object")
    return dict(value)


def _stakes(raw: Mapping[str, Any]) -> list[Stake] | None:
    if raw.get("owner") is not None and raw.get("interests") is not None:
        raise invalid("/owner", "twice", "give either owner (a share of 1) or interests")
    if raw.get("owner") is not None:
        return [whole(raw["owner"])]
    return parse_interests(raw["interests"]) if "interests" in raw else None


def create_provider(tx: Transaction, who: Principal, raw: Mapping[str, Any]) -> sa.Row:
    """A new provider, active unless told; raises `Invalid` naming the field, `Conflict` for a taken name."""
    require(who, Action.CHANGE_PROVIDERS)
    require_live(who)
    tx.hold_showing()
    _check_fields(raw, FIELDS)
    name = checked_name(raw.get("name"))
    if tx.execute(sa.select(t.provider.c.id).where(t.provider.c.name_key == name_key(name))).first():
        raise Conflict(f"there is a provider named {name!r} already", "name_taken")
    adapter = adapter_named(raw.get("kind", "people"))
    config = _object({} if raw.get("config") is None else raw["config"], "/config")
    problems = adapter.check_config(config)
    if problems:
        raise Invalid(problems)
    key = _insert(
        tx,
        who.person_id,
        name,
        adapter.kind,
        _status(raw.get("status", "active")),
        _clearance(raw.get("clearance", "internal")),
        parse_money(raw.get("price", 0)),
        config,
        _object({} if raw.get("capabilities") is None else raw["capabilities"], "/capabilities"),
        merged_contract(None, raw.get("contract")),
    )
    stakes = _stakes(raw)
    if stakes:
        set_interests(tx, key, stakes, who.person_id)
    standing.changed(tx)
    return tx.execute(sa.select(t.provider).where(t.provider.c.id == key)).one()


def _check_fields(raw: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise Invalid([Problem(f"/{name}", "unknown", "is not a field of a provider") for name in unknown])


def find_provider(tx: Transaction, slug: str) -> sa.Row:
    row = tx.execute(sa.select(t.provider).where(t.provider.c.slug == slug)).first()
    if row is None:
        raise NotFound(f"there is no provider {slug!r}")
    return row


def update_provider(tx: Transaction, who: Principal, slug: str, patch: Mapping[str, Any]) -> Changed:
    """Changes a provider (a merge patch; lists are replaced whole) and says what stops because of it.

    Interests need an owner; a manager may put a provider on trial and back. What may no longer be shown is
    stopped and recalled in this transaction, also where it is another provider's.
    """
    require_live(who)
    tx.hold_showing()
    row = find_provider(tx, slug)
    _check_fields(patch, (*FIELDS, *reinstatement.FIELDS))
    require(who, _action_for(patch))
    _, effect = carry_out(tx, lambda: _change(tx, who, row, patch))
    return Changed(tx.execute(sa.select(t.provider).where(t.provider.c.id == row.id)).one(), effect)


def _change(tx: Transaction, who: Principal, row: sa.Row, patch: Mapping[str, Any]) -> None:
    values = _values(tx, row, patch)
    coming_back = reinstatement.allow(tx, who, row, values.get("status", row.status), patch)
    changed = {k: {"from": row._mapping[k], "to": v} for k, v in values.items() if row._mapping[k] != v}
    if values:
        tx.execute(sa.update(t.provider).where(t.provider.c.id == row.id).values(**values))
    if changed:
        secret = adapter_named(row.kind).secrets
        if "config" in changed and secret:
            changed["config"] = {"from": None, "to": None}
        _record(tx, row.id, who.person_id, {**changed, **coming_back})
    stakes = _stakes(patch)
    if stakes is not None:
        set_interests(tx, row.id, stakes, who.person_id)


def _values(tx: Transaction, row: sa.Row, patch: Mapping[str, Any]) -> dict[str, Any]:
    """What the patch sets in the provider's row."""
    values: dict[str, Any] = {}
    if "status" in patch:
        values["status"] = move(ProviderStatus(row.status), _status(patch["status"]))
        if row.slug == IN_HOUSE and values["status"] == ProviderStatus.EXITED:
            raise invalid("/status", "choice", "the installation's own people cannot be left")
    if "clearance" in patch:
        values["clearance"] = _clearance(patch["clearance"])
    if "price" in patch:
        values["price"] = parse_money(patch["price"])
    if "name" in patch:
        values |= _renamed(tx, row, patch["name"])
    if "kind" in patch and patch["kind"] != row.kind:
        raise invalid("/kind", "fixed", "the kind of a provider does not change; make another one")
    if "config" in patch:
        values["config"] = _merged(
            row.config, _object({} if patch["config"] is None else patch["config"], "/config")
        )
        problems = adapter_named(row.kind).check_config(values["config"])
        if problems:
            raise Invalid(problems)
    if "capabilities" in patch:
        values["capabilities"] = _merged(
            row.capabilities,
            _object({} if patch["capabilities"] is None else patch["capabilities"], "/capabilities"),
        )
    if "contract" in patch:
        values["contract"] = merged_contract(row.contract, patch["contract"])
    return values


def _action_for(patch: Mapping[str, Any]) -> Action:
    if "interests" in patch or "owner" in patch:
        return Action.CHANGE_INTERESTS
    if set(patch) == {"status"} and patch["status"] in (ProviderStatus.TRIAL, ProviderStatus.ACTIVE):
        return Action.STEER_PROVIDERS
    return Action.CHANGE_PROVIDERS


def _renamed(tx: Transaction, row: sa.Row, name: Any) -> dict[str, Any]:
    if row.slug == IN_HOUSE:
        raise invalid("/name", "fixed", "in-house keeps its name")
    name = checked_name(name)
    taken = sa.select(t.provider.c.id).where(
        t.provider.c.name_key == name_key(name), t.provider.c.id != row.id
    )
    if tx.execute(taken).first():
        raise Conflict(f"there is a provider named {name!r} already", "name_taken")
    return {"name": name, "name_key": name_key(name)}


def _merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in {**old, **patch}.items() if v is not None}


def blocked(tx: Transaction, provider_id: int) -> dict[int, Stopped]:
    """The projects that go on and that a provider may not be shown tasks of, as of this transaction, by row
    key."""
    here, asked = standing.standing(tx), standing.demands(tx)
    found: dict[int, Stopped] = {}
    for project in tx.execute(
        sa.select(t.project.c.id, t.project.c.slug, t.project.c.name)
        .where(t.project.c.status == ProjectStatus.ACTIVE)
        .order_by(t.project.c.id)
    ).all():
        verdict = here.verdict(provider_id, asked[project.id])
        if not verdict.allowed:
            found[project.id] = Stopped(project.slug, project.name, verdict.because)
    return found
