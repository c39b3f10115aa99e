"""What does eligibility read, as of this transaction?

Everything is cached under the version that was read in the same transaction; every change draws a new
version at random, so a version never means two things, not even after a rollback.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import sqlalchemy as sa

from steelyard.domain.eligibility import (
    WHOLE,
    Demand,
    Interest,
    ProviderFacts,
    Verdict,
    interests_of,
    may_be_shown,
)
from steelyard.domain.names import name_key
from steelyard.domain.policy import Policy, parse_policy
from steelyard.domain.states import ProviderStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction

_KEEP = 4
_VERSION = sa.select(t.installation.c.public_id, t.installation.c.eligibility_version)


@dataclass(frozen=True)
class Terms:
    """What a project asks of whoever answers it."""

    policy: Policy
    demand: Demand


@dataclass
class Standing:
    """Every provider's facts and, as they are asked for, the projects' terms; valid for one version."""

    providers: dict[int, ProviderFacts]
    provider_keys: dict[str, int]
    organisations: dict[int, str]
    conflicts: frozenset[int]
    terms: dict[int, Terms] = field(default_factory=dict)

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
    row = tx.execute(_VERSION).one()
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
    known = here.terms.get(project_id)
    if known is None:
        known = here.terms[project_id] = _load_terms(tx, here, project_id)
    return known


def verdict(tx: Transaction, provider_id: int, project_id: int, *, gold: bool = False) -> Verdict:
    """May this provider be shown tasks of this project, as of this transaction?"""
    here = standing(tx)
    demand = terms_of(tx, project_id).demand
    return may_be_shown(here.providers[provider_id], demand, gold=gold, names=here.organisations)


def _load(tx: Transaction) -> Standing:
    edges = [
        Interest(row.holder_id, row.share, row.provider_id, row.organisation_id)
        for row in tx.execute(sa.select(t.interest).where(t.interest.c.ended_at.is_(None)))
    ]
    providers = {
        row.id: ProviderFacts(
            row.id, row.name, ProviderStatus(row.status), row.clearance, interests_of(row.id, edges)
        )
        for row in tx.execute(sa.select(t.provider))
    }
    keys: dict[str, int] = {}
    for row in tx.execute(sa.select(t.provider.c.id, t.provider.c.name_key, t.provider.c.slug)):
        keys[row.slug] = row.id
        keys[row.name_key] = row.id
    names = {row.id: row.name for row in tx.execute(sa.select(t.organisation.c.id, t.organisation.c.name))}
    return Standing(providers, keys, names, _conflicts(tx, None))


def _conflicts(tx: Transaction, project_id: int | None) -> frozenset[int]:
    column = t.conflict.c.project_id
    rows = tx.execute(
        sa.select(t.conflict.c.organisation_id).where(
            t.conflict.c.ended_at.is_(None),
            column.is_(None) if project_id is None else column == project_id,
        )
    )
    return frozenset(rows.scalars())


def _load_terms(tx: Transaction, here: Standing, project_id: int) -> Terms:
    raw = tx.execute(sa.select(t.project.c.policy).where(t.project.c.id == project_id)).scalar_one()
    policy = parse_policy(raw)
    allowed = None
    if policy.providers:
        allowed = frozenset(
            here.provider_keys[key]
            for key in (name_key(a.name) for a in policy.providers)
            if key in here.provider_keys
        )
    demand = Demand(
        policy.sensitivity,
        here.conflicts | _conflicts(tx, project_id),
        round(policy.stake * WHOLE),
        allowed,
    )
    return Terms(policy, demand)
