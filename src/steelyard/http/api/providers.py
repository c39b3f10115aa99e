"""/api/providers: who answers, and what they are worth."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from pydantic import Field

from steelyard.domain.names import name_key
from steelyard.http.api.common import (
    REFUSALS,
    Body,
    IdempotencyKey,
    Inst,
    fields_of,
    once,
)
from steelyard.http.auth import Asker
from steelyard.http.render import currency_of, provider_json
from steelyard.identity.policy import Action, Principal, require, require_provider
from steelyard.providers.registry import create_provider, find_provider, update_provider
from steelyard.providers.scorecard import scorecard
from steelyard.store import tables as t
from steelyard.store.database import Transaction

router = APIRouter(prefix="/api", tags=["providers"], responses=REFUSALS)


class ProviderFields(Body):
    name: Any = None
    kind: Any = Field(None, description="people, model or shipment")
    interests: Any = Field(None, description="[{organisation, share, since}]")
    owner: Any = Field(None, description="an organisation that holds all of it")
    clearance: Any = Field(None, description="public, internal, restricted or secret")
    price: Any = Field(None, description="per judgment, a decimal string")
    config: Any = None
    capabilities: Any = None
    status: Any = Field(None, description="trial, active, suspended or exited")


def provider_read_by(tx: Transaction, asker: Any, slug: str) -> tuple[Principal, sa.Row]:
    who = asker.principal(tx)
    require(who, Action.READ_PROVIDERS)
    row = find_provider(tx, slug)
    require_provider(who, row.id)
    return who, row


@router.post("/providers", status_code=201)
def create(
    inst: Inst, asker: Asker, request: Request, body: ProviderFields, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Makes a provider, active unless told otherwise."""
    raw = fields_of(body)

    def do(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        line = f"POST {request.url.path}"
        return once(
            tx, who, line, key, raw, lambda: provider_json(tx, create_provider(tx, who, raw), who.world)
        )

    return inst.database.write(do)


@router.get("/providers")
def listing(inst: Inst, asker: Asker, name: str | None = None) -> dict[str, Any]:
    """Every provider that the caller's role reaches; `?name=` finds one by its name."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        require(who, Action.READ_PROVIDERS)
        query = sa.select(t.provider).order_by(t.provider.c.id)
        if not who.inhouse:
            query = query.where(t.provider.c.id == who.provider_id)
        if name is not None:
            query = query.where(t.provider.c.name_key == name_key(name))
        return {"items": [provider_json(tx, row, who.world) for row in tx.execute(query).all()], "next": None}

    return inst.database.read(look)


@router.get("/providers/{slug}")
def read(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """One provider."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = provider_read_by(tx, asker, slug)
        return provider_json(tx, row, who.world)

    return inst.database.read(look)


@router.patch("/providers/{slug}")
def change(inst: Inst, asker: Asker, slug: str, body: ProviderFields) -> dict[str, Any]:
    """Changes a provider (a merge patch). `newly_stopped` and `recalled` say what stopped in the same moment."""
    patch = fields_of(body)

    def do(tx: Transaction) -> dict[str, Any]:
        # The installation's lock comes before anything that is read under it.
        tx.hold_showing()
        who = asker.principal(tx)
        changed = update_provider(tx, who, slug, patch)
        return {
            **provider_json(tx, changed.provider, who.world),
            "newly_stopped": [
                {"project": s.project, "name": s.name, "because": s.because} for s in changed.stopped
            ],
            "recalled": changed.recalled.count,
            "more_to_recall": changed.recalled.more,
        }

    return inst.database.write(do)


@router.get("/providers/{slug}/scorecard")
def card(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """Accuracy against gold and as inferred, each with a 95 % interval and n; price per correct answer."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = provider_read_by(tx, asker, slug)
        return scorecard(tx, row, who.world).to_json(currency_of(tx))

    return inst.database.read(look)
