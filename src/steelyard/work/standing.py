"""What does eligibility read, as of this transaction?

Everything is cached under the version that was read in the same transaction; every change draws a new
version at random, so a version never means two things, not even after a rollback.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard.domain.chains import Holdings, Interest
from steelyard.domain.eligibility import WHOLE, Demand, ProviderFacts, Verdict, may_be_shown
from steelyard.domain.errors import NotFound
from steelyard.domain.legal import roots
from steelyard.domain.names import name_key
from steelyard.domain.policy import Policy, parse_policy
from steelyard.domain.states import ProviderStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.work.phase_out import PhaseOut, running

_KEEP = 4
_VERSION = Prepared(sa.select(t.installation.c.public_id, t.installation.c.eligibility_version))


@dataclass(frozen=True)
class Terms:
    """What a project asks of whoever answers it. `closed`: why nobody answers it, for the time being or for good."""

    policy: Policy
    demand: Demand
    closed: str | None = None


@dataclass
class Standing:
    """Every provider's facts and, as they are asked for, the projects' terms; valid for one version.

    Where organisations are the same legal entity, interests and conflicts are those of the one that stands
    for all of them, their root; `titles` is what it is called in a reason.
    """

    providers: dict[int, ProviderFacts]
    provider_keys: dict[str, int]
    organisations: dict[int, str]
    conflicts: frozenset[int]
    same_as: Mapping[int, int] = field(default_factory=dict)
    titles: Mapping[int, str] = field(default_factory=dict)
    phase_outs: dict[int, PhaseOut] = field(default_factory=dict)  # by provider
    terms: dict[int, Terms] = field(default_factory=dict)
    whole: bool = False  # the terms of all projects are there

    def root(self, organisation: int) -> int:
        """The organisation that stands for all that are the same legal entity as this one."""
        return self.same_as.get(organisation, organisation)

    def verdict(self, provider_id: int, demand: Demand, *, gold: bool = False) -> Verdict:
        return may_be_shown(self.providers[provider_id], demand, gold=gold, names=self.titles)

    def sources(self, provider_id: int) -> frozenset[int]:
        """The providers that count as one source with this one: a common organisation owns both whole."""
        own = {o for o, share in self.providers[provider_id].interests.items() if share >= WHOLE}
        return frozenset(
            p.id
            for p in self.providers.values()
            if p.id == provider_id or any(p.interests.get(o, 0) >= WHOLE for o in own)
        )


_cache: dict[tuple[str, int], Standing] = {}


def standing(tx: Transaction) -> Standing:
    """The installation's standing; the caller holds the showing lock when it acts on it."""
    seen = tx.memo.get("standing")
    if seen is not None:
        return seen
    row = _VERSION.one(tx)
    key = (row.public_id, row.eligibility_version)
    known = _cache.get(key)
    if known is None:
        known = _load(tx)
        while len(_cache) >= _KEEP:
            _cache.pop(next(iter(_cache)), None)
        _cache[key] = known
    tx.memo["standing"] = known
    return known


def changed(tx: Transaction) -> None:
    """Says that something eligibility reads has changed; the caller holds the exclusive lock."""
    tx.execute(sa.update(t.installation).values(eligibility_version=secrets.randbits(62)))
    tx.memo.pop("standing", None)


def terms_of(tx: Transaction, project_id: int) -> Terms:
    here = standing(tx)
    if project_id not in here.terms:
        _load_terms(tx, here, project_id)
    return here.terms[project_id]


def demands(tx: Transaction) -> dict[int, Demand]:
    """What every project of both worlds asks of whoever answers it, by row key."""
    here = standing(tx)
    if not here.whole:
        _load_terms(tx, here)
        here.whole = True
    # A copy: others who read the same version may be adding to it.
    return {key: terms.demand for key, terms in dict(here.terms).items()}


def verdict(tx: Transaction, provider_id: int, project_id: int, *, gold: bool = False) -> Verdict:
    """May this provider be shown tasks of this project, as of this transaction?"""
    terms = terms_of(tx, project_id)
    if terms.closed is not None:
        return Verdict(False, "project_closed", terms.closed)
    return standing(tx).verdict(provider_id, terms.demand, gold=gold)


def is_deleted(tx: Transaction, project_id: int) -> bool:
    """Whether nothing is to be made of this project any more, though it may still be being erased."""
    return terms_of(tx, project_id).closed == _CLOSED["deleted"]


def require_there(tx: Transaction, project_id: int, message: str) -> None:
    """Raises `NotFound` for what belongs to a project that was deleted."""
    if is_deleted(tx, project_id):
        raise NotFound(message)


def _load(tx: Transaction) -> Standing:
    names: dict[int, str] = {}
    joined: dict[int, int] = {}
    for row in tx.execute(_ORGANISATIONS):
        names[row.id] = row.name
        if row.same_as_id is not None:
            joined[row.id] = row.same_as_id
    same = roots(joined)

    def root(organisation: Any) -> Any:
        return same.get(organisation, organisation)

    holdings = _holdings(
        [
            Interest(root(row.holder_id), row.share, row.provider_id, root(row.organisation_id))
            for row in tx.execute(_INTERESTS)
        ]
    )
    providers: dict[int, ProviderFacts] = {}
    keys: dict[str, int] = {}
    for row in tx.execute(_PROVIDERS):
        held = holdings.of(row.id)
        providers[row.id] = ProviderFacts(
            row.id, row.name, ProviderStatus(row.status), row.clearance, held.shares, held
        )
        keys[row.slug] = row.id
        keys[row.name_key] = row.id
    conflicts = frozenset(root(row.organisation_id) for row in _conflicts(tx, None))
    return Standing(providers, keys, names, conflicts, same, _titles(names, same), running(tx))


_latest: list[tuple[list[Interest], Holdings]] = []  # one at most


def _holdings(edges: list[Interest]) -> Holdings:
    """Chains are worked out anew only when an interest has changed, not for every change of anything."""
    known = _latest[0] if _latest else None
    if known is not None and known[0] == edges:
        return known[1]
    holdings = Holdings(edges)
    _latest[:] = [(edges, holdings)]
    return holdings


def _titles(names: Mapping[int, str], same: Mapping[int, int]) -> dict[int, str]:
    """Names for a reason: one that stands for others names them too, since a conflict may name any."""
    others: dict[int, list[str]] = {}
    for key, root in same.items():
        if key != root:
            others.setdefault(root, []).append(names[key])
    return {
        key: f"{name} (the same as {', '.join(sorted(others[key]))})" if key in others else name
        for key, name in names.items()
    }


_ORGANISATIONS = sa.select(t.organisation.c.id, t.organisation.c.name, t.organisation.c.same_as_id)
_INTERESTS = (
    sa.select(
        t.interest.c.holder_id, t.interest.c.share, t.interest.c.provider_id, t.interest.c.organisation_id
    )
    .where(t.interest.c.ended_at.is_(None))
    .order_by(t.interest.c.id)
)
_PROVIDERS = sa.select(
    t.provider.c.id,
    t.provider.c.name,
    t.provider.c.name_key,
    t.provider.c.slug,
    t.provider.c.status,
    t.provider.c.clearance,
)


def _conflicts(tx: Transaction, project_id: int | None, every: bool = False) -> sa.CursorResult:
    """Organisations in conflict with one project, or (None) with the installation, or with every project."""
    column = t.conflict.c.project_id
    scope = column.is_(None) if project_id is None else column == project_id
    wanted = column.is_not(None) if every else scope
    return tx.execute(
        sa.select(column, t.conflict.c.organisation_id).where(t.conflict.c.ended_at.is_(None), wanted)
    )


def _load_terms(tx: Transaction, here: Standing, project_id: int | None = None) -> None:
    """The terms of one project, or of all that are not there yet."""
    rows = sa.select(t.project.c.id, t.project.c.policy, t.project.c.status)
    if project_id is not None:
        rows = rows.where(t.project.c.id == project_id)
    named: dict[int, set[int]] = {}
    for row in _conflicts(tx, project_id, every=project_id is None):
        named.setdefault(row.project_id, set()).add(here.root(row.organisation_id))
    for row in tx.execute(rows):
        if row.id not in here.terms:
            policy = _policy(row.id, row.policy)
            here.terms[row.id] = _terms(here, policy, named.get(row.id, set()), _CLOSED.get(row.status))


_known_policies: dict[int, tuple[Any, Policy]] = {}


def _policy(project_id: int, raw: Any) -> Policy:
    """The policy of a project; one that says what it said when it was last read is not parsed again."""
    known = _known_policies.get(project_id)
    if known is None or known[0] != raw:
        known = _known_policies[project_id] = (raw, parse_policy(raw))
    return known[1]


_CLOSED = {"archived": "the project is archived", "deleted": "the project was deleted"}


def _terms(here: Standing, policy: Policy, conflicts: set[int], closed: str | None) -> Terms:
    allowed = None
    if policy.providers:
        allowed = frozenset(
            here.provider_keys[key]
            for key in (name_key(a.name) for a in policy.providers)
            if key in here.provider_keys
        )
    demand = Demand(policy.sensitivity, here.conflicts | conflicts, round(policy.stake * WHOLE), allowed)
    return Terms(policy, demand, closed)
