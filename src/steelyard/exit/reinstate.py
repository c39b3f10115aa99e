"""How does a provider that was left come back? On trial, where what must then hold does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, Invalid, Problem
from steelyard.domain.states import ProviderStatus
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.providers.registry import find_provider, update_provider
from steelyard.providers.reinstatement import FIELDS
from steelyard.store.database import Transaction


def reinstate(tx: Transaction, who: Principal, slug: str, raw: Mapping[str, Any]) -> sa.Row:
    """Puts a provider that was left on trial, as setting its status does; `raw` may hold `because` and `force`.

    Raises `Forbidden`, `NotFound`, `Invalid`, and `Conflict`: "not_left" for a provider that was not, and
    "conditions" saying what does not hold.
    """
    require(who, Action.EXIT)
    require_live(who)
    tx.hold_showing()
    unknown = sorted(set(raw) - set(FIELDS))
    if unknown:
        raise Invalid(
            [Problem(f"/{name}", "unknown", "is not a field of a reinstatement") for name in unknown]
        )
    provider = find_provider(tx, slug)
    if provider.status != ProviderStatus.EXITED:
        raise Conflict(f"{provider.name} is {provider.status}; only who was left comes back", "not_left")
    given = {name: value for name, value in raw.items() if value is not None}
    return update_provider(tx, who, slug, {"status": ProviderStatus.TRIAL.value, **given}).provider
