"""May a provider that was left come back?

From exited to trial and never straight to active, and each time only where what must then hold does, or an
owner says why not. What was withdrawn when it was left stays withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from steelyard.domain.eligibility import may_be_shown
from steelyard.domain.errors import Conflict, Invalid, Problem, invalid
from steelyard.domain.policy import SENSITIVITIES
from steelyard.domain.states import ExitState, ProviderStatus, World
from steelyard.domain.times import SECOND, format_time, parse_time
from steelyard.identity.policy import Action, Principal, require
from steelyard.providers.scorecard import accuracy
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing

FIELDS = ("because", "force")  # of a change that brings a provider back, beside its status
GOLD_NEEDED = 20
MARGIN = 0.05  # below the accuracy it had
ELSE_ACCURATE = 0.7  # where that is not known
DAY = 24 * 3600 * SECOND
ANSWERS = "What it gave before it was left stays withdrawn; its keys stay revoked, new ones are made."


@dataclass(frozen=True)
class Condition:
    """`step` is what it is a condition of: trial or active."""

    name: str
    title: str
    holds: bool
    detail: str
    step: str = "trial"


def reinstatement(tx: Transaction, provider: sa.Row) -> dict[str, Any]:
    """What must hold for the provider's next step back (`next`: trial, active, or null where it was not
    left), what of it does, and whether it `may` take the step."""
    since = reinstated_at(tx, provider.id)
    step = "trial" if provider.status == ProviderStatus.EXITED else "active" if since is not None else None
    found = [] if step is None else conditions(tx, provider)
    return {
        "provider": provider.slug,
        "name": provider.name,
        "status": provider.status,
        "next": step,
        "may": step is not None and all(c.holds for c in found if step == "active" or c.step == "trial"),
        "conditions": [asdict(condition) for condition in found],
        "reinstated_at": None if since is None else format_time(since),
        "answers": ANSWERS,
    }


def reinstated_at(tx: Transaction, provider_id: int) -> int | None:
    """When the provider that is on its way back was put on trial; None for one that was never left, is left
    now, or has been active since."""
    at: int | None = None
    for row in tx.rows(_CHANGES, {"provider": provider_id}):
        moved = row.change.get("status")
        if not isinstance(moved, Mapping):
            continue
        if (moved.get("from"), moved.get("to")) == (ProviderStatus.EXITED, ProviderStatus.TRIAL):
            at = row.at
        elif moved.get("to") in (ProviderStatus.ACTIVE, ProviderStatus.EXITED):
            at = None
    return at


_CHANGES = (
    sa.select(t.provider_change.c.change, t.provider_change.c.at)
    .where(t.provider_change.c.provider_id == sa.bindparam("provider"))
    .order_by(t.provider_change.c.id)
)


def conditions(tx: Transaction, provider: sa.Row) -> list[Condition]:
    """All that must hold before the provider is active again; those of its trial first."""
    since = reinstated_at(tx, provider.id)
    projects = _worked_on(tx, provider.id)
    return [
        _no_conflict(tx, provider, projects),
        _left_cleanly(tx, provider),
        _keys_ended(tx, provider, since),
        _under_contract(tx, provider),
        _cleared(tx, provider, projects),
        _accurate(tx, provider, since),
    ]


def unmet(tx: Transaction, provider: sa.Row) -> list[Condition]:
    """What keeps a provider that came back on trial from being active; nothing for any other."""
    if reinstated_at(tx, provider.id) is None:
        return []
    return [condition for condition in conditions(tx, provider) if not condition.holds]


def allow(
    tx: Transaction, who: Principal, provider: sa.Row, to: str, patch: Mapping[str, Any]
) -> dict[str, Any]:
    """What is recorded of the move to the status `to` where it brings the provider back; else nothing.

    `patch` may hold `because`, a reason, and `force`: true, with which an owner's reason stands for what does
    not hold. Raises `Conflict` "conditions" that says what, `Invalid`, `Forbidden`.
    """
    to_trial = provider.status == ProviderStatus.EXITED and to == ProviderStatus.TRIAL
    to_active = (
        to == ProviderStatus.ACTIVE
        and provider.status != ProviderStatus.ACTIVE
        and reinstated_at(tx, provider.id) is not None
    )
    if not (to_trial or to_active):
        given = [name for name in FIELDS if name in patch]
        if given:
            raise Invalid(
                [Problem(f"/{n}", "unknown", "is only for a provider that comes back") for n in given]
            )
        return {}
    because, force = _said(patch)
    if to_trial or force:
        require(who, Action.EXIT)
    wanting = [c for c in conditions(tx, provider) if not c.holds and (to_active or c.step == "trial")]
    if wanting and not force:
        raise Conflict(
            f"{provider.name} cannot be {to} yet. " + " ".join(c.detail for c in wanting), "conditions"
        )
    said: dict[str, Any] = {} if because is None else {"because": because}
    if wanting:
        said["forced"] = [condition.name for condition in wanting]
    return said


def _said(patch: Mapping[str, Any]) -> tuple[str | None, bool]:
    because, force = patch.get("because"), patch.get("force")
    if because is not None and (not isinstance(because, str) or not because.strip() or len(because) > 2000):
        raise invalid("/because", "type", "must be a text of at most 2000 characters")
    if force is not None and not isinstance(force, bool):
        raise invalid("/force", "type", "must be true or false")
    if force and because is None:
        raise invalid("/because", "missing", "must say why, where conditions are passed over")
    return because, bool(force)


def _worked_on(tx: Transaction, provider_id: int) -> list[sa.Row]:
    """The live projects that go on in which the provider has ever answered."""
    return list(
        tx.rows(
            sa.select(t.project.c.id, t.project.c.name)
            .where(
                t.project.c.world == World.LIVE,
                t.project.c.status == "active",
                t.project.c.id.in_(
                    sa.select(t.tally.c.project_id).where(t.tally.c.provider_id == provider_id)
                ),
            )
            .order_by(t.project.c.id)
        )
    )


def _no_conflict(tx: Transaction, provider: sa.Row, projects: list[sa.Row]) -> Condition:
    here = standing.standing(tx)
    highest = SENSITIVITIES[-1]
    # Everything else put right, eligibility refuses for a conflict alone, and says which chain.
    free = replace(here.providers[provider.id], status=ProviderStatus.ACTIVE, clearance=highest)
    wrong: list[str] = []
    for project in projects:
        demand = replace(standing.terms_of(tx, project.id).demand, allowed=None)
        verdict = may_be_shown(free, demand, names=here.organisations)
        if not verdict.allowed:
            wrong.append(f"For {project.name}: {verdict.because}.")
    title = "Nobody in conflict with what it worked on stands behind it"
    return Condition("no_conflict", title, not wrong, " ".join(wrong) or _over(projects, "No conflict"))


def _over(projects: list[sa.Row], what: str) -> str:
    return f"{what} in {len(projects)} project{'' if len(projects) == 1 else 's'} that it worked on."


def _left_cleanly(tx: Transaction, provider: sa.Row) -> Condition:
    title = "It was left completely, and the certificate held"
    query = sa.select(t.exit).where(t.exit.c.provider_id == provider.id).order_by(t.exit.c.id.desc())
    last = tx.row(query.limit(1))
    if last is None:
        return Condition("left", title, False, "It was stopped without an exit; there is no certificate.")
    if last.state != ExitState.DONE:
        return Condition("left", title, False, f"The exit {last.public_id} is still running.")
    if not (last.certificate or {}).get("holds"):
        why = "has no certificate" if last.certificate is None else "has a certificate that did not hold"
        return Condition("left", title, False, f"The exit {last.public_id} {why}.")
    return Condition("left", title, True, f"The exit {last.public_id} has a certificate that held.")


def _keys_ended(tx: Transaction, provider: sa.Row, since: int | None) -> Condition:
    before = tx.now + 1 if since is None else since
    people = sa.select(t.person.c.id).where(t.person.c.provider_id == provider.id)
    keys = tx.scalar(
        sa.select(sa.func.count()).where(
            t.api_key.c.person_id.in_(people),
            t.api_key.c.revoked_at.is_(None),
            t.api_key.c.created_at < before,
        )
    )
    sessions = tx.scalar(
        sa.select(sa.func.count()).where(
            t.session.c.person_id.in_(people),
            t.session.c.ended_at.is_(None),
            t.session.c.expires_at > tx.now,
            t.session.c.created_at < before,
        )
    )
    said = f"Keys of before that are valid: {keys}; sessions: {sessions}."
    return Condition("keys", "No key of before is valid", keys == sessions == 0, said)


def _under_contract(tx: Transaction, provider: sa.Row) -> Condition:
    title = "Its contract is in force"
    contract = provider.contract
    if not contract:
        return Condition("contract", title, True, "No contract is recorded.")
    for name, past in (("starts", False), ("ends", True)):
        given = contract.get(name)
        if given is None:
            continue
        try:
            moment = parse_time(given, f"/contract/{name}")
        except Invalid:
            said = f"The contract's {name} {given!r} is no date."
            return Condition("contract", title, False, said)
        if past and isinstance(given, str) and len(given.strip()) == 10:
            moment += DAY  # the day is in it
        if (moment <= tx.now) if past else (moment > tx.now):
            said = f"The contract {'ended' if past else 'starts'} on {given}."
            return Condition("contract", title, False, said)
    ends = contract.get("ends")
    return Condition("contract", title, True, "In force." if ends is None else f"In force to {ends}.")


def _cleared(tx: Transaction, provider: sa.Row, projects: list[sa.Row]) -> Condition:
    has = SENSITIVITIES.index(provider.clearance)
    wrong = []
    for project in projects:
        needed = standing.terms_of(tx, project.id).demand.sensitivity
        if has < SENSITIVITIES.index(needed):
            wrong.append(f"{project.name} is {needed}, it is cleared for {provider.clearance}.")
    title = "Its clearance covers what it worked on"
    said = " ".join(wrong) or _over(projects, f"{provider.clearance.capitalize()} is enough")
    return Condition("clearance", title, not wrong, said)


def _accurate(tx: Transaction, provider: sa.Row, since: int | None) -> Condition:
    """At least so many gold answers since it came back, with the lower end of the 95 % Wilson interval of their
    accuracy not below what it was before by more than the margin. An answer of several questions is one, and
    right by the part of them that is."""
    right, answers = (0.0, 0) if since is None else _on_gold(tx, provider.id, t.gold_result.c.at >= since)
    right_before, before = _on_gold(
        tx, provider.id, *(() if since is None else (t.gold_result.c.at < since,))
    )
    if before >= GOLD_NEEDED:
        needed = right_before / before - MARGIN
        why = f"{right_before / before:.3f} before it was left, minus {MARGIN * 100:.0f} points"
    else:
        needed, why = ELSE_ACCURATE, f"only {before} gold answers are known from before"
    found = accuracy(right, answers)
    low = 0.0 if found is None else found.low
    holds = answers >= GOLD_NEEDED and low >= needed - 1e-9
    said = (
        f"{right:g} of {answers} gold answers since it came back are right: at least {low:.3f} with 95 % "
        f"confidence. {needed:.3f} in at least {GOLD_NEEDED} is needed ({why})."
    )
    return Condition("gold", "On trial it is as good as it was", holds, said, "active")


def _on_gold(tx: Transaction, provider_id: int, *where: sa.ColumnElement[bool]) -> tuple[float, int]:
    """(right ones, all) of the provider's gold answers in the live world."""
    result = t.gold_result
    each = (
        sa.select(sa.func.avg(sa.case((result.c.correct, 1.0), else_=0.0)).label("right"))
        .join(t.project, t.project.c.id == result.c.project_id)
        .where(result.c.provider_id == provider_id, t.project.c.world == World.LIVE, *where)
        .group_by(result.c.judgment_id)
        .subquery()
    )
    right = sa.func.coalesce(sa.func.sum(each.c.right), 0.0).label("right")
    row = tx.execute(sa.select(sa.func.count().label("n"), right).select_from(each)).one()
    return float(row.right), int(row.n)
