"""/api/providers: who answers, and what they are worth."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from pydantic import Field

from steelyard.domain.names import name_key
from steelyard.http.api.common import (
    REFUSALS,
    After,
    Body,
    IdempotencyKey,
    Inst,
    Limit,
    after_key,
    fields_of,
    next_of,
    once,
)
from steelyard.http.api.preview import PREVIEWED, Preview, carried, effect_json
from steelyard.http.auth import Asker
from steelyard.http.render import currency_of, provider_json
from steelyard.identity.policy import Action, Principal, require, require_provider
from steelyard.providers.registry import Changed, create_provider, find_provider, update_provider
from steelyard.providers.scorecard import scorecard
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.page import page_of
from steelyard.work.effect import carry_out

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
    contract: Any = Field(
        None,
        description="reference, starts, ends, notice_days, renews, contact, function, critical, data_location, "
        "subcontractors",
    )


def provider_read_by(tx: Transaction, asker: Any, slug: str) -> tuple[Principal, sa.Row]:
    who = asker.principal(tx)
    require(who, Action.READ_PROVIDERS)
    row = find_provider(tx, slug)
    require_provider(who, row.id)
    return who, row


def _shown(tx: Transaction, who: Principal, row: sa.Row) -> dict[str, Any]:
    """A provider as this reader may see it: its own lead is not told of conflicts, nor what we think of it."""
    shown = provider_json(tx, row, who.world)
    if who.inhouse:
        return shown
    because = "Work on this project has stopped for now."
    stopped = [{**entry, "because": because} for entry in shown["stopped"]]
    return {**shown, "stopped": stopped, "contract": None}


def _changed_json(tx: Transaction, who: Principal, changed: Changed) -> dict[str, Any]:
    """A provider after a change. `stopped` is over all providers, `newly_stopped` this one's part of it."""
    return {
        **provider_json(tx, changed.provider, who.world),
        "newly_stopped": [
            {"project": s.project, "name": s.name, "because": s.because} for s in changed.stopped
        ],
        **effect_json(who, changed.effect),
    }


@router.post("/providers", status_code=201, responses=PREVIEWED)
def create(
    inst: Inst,
    asker: Asker,
    request: Request,
    response: Response,
    body: ProviderFields,
    preview: Preview = False,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Makes a provider, active unless told otherwise, and says where it may be shown nothing."""
    raw = fields_of(body)

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)

        def make() -> dict[str, Any]:
            row, effect = carry_out(tx, lambda: create_provider(tx, who, raw))
            return _changed_json(tx, who, Changed(row, effect))

        return once(tx, who, f"POST {request.url.path}", None if preview else key, raw, make)

    if preview:
        response.status_code = 200
    return carried(inst, preview, do)


@router.get("/providers")
def listing(
    inst: Inst, asker: Asker, name: str | None = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """The providers that the caller's role reaches, the oldest first; `?name=` finds one by its name."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        require(who, Action.READ_PROVIDERS)
        query = sa.select(t.provider)
        if not who.inhouse:
            query = query.where(t.provider.c.id == who.provider_id)
        if name is not None:
            query = query.where(t.provider.c.name_key == name_key(name))
        page = page_of(tx, query, t.provider.c.id, after_key(after), limit)
        return {"items": [_shown(tx, who, row) for row in page.rows], "next": next_of(page)}

    return inst.database.read(look)


@router.get("/providers/{slug}")
def read(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """One provider."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = provider_read_by(tx, asker, slug)
        return _shown(tx, who, row)

    return inst.database.read(look)


@router.patch("/providers/{slug}")
def change(
    inst: Inst, asker: Asker, slug: str, body: ProviderFields, preview: Preview = False
) -> dict[str, Any]:
    """Changes a provider (a merge patch). `stopped`, `resumed` and `recalled` say what followed in the same
    moment, for any provider; `newly_stopped` is this one's part."""
    patch = fields_of(body)

    def do(tx: Transaction) -> dict[str, Any]:
        # The installation's lock comes before anything that is read under it.
        tx.hold_showing()
        who = asker.principal(tx)
        return _changed_json(tx, who, update_provider(tx, who, slug, patch))

    return carried(inst, preview, do)


@router.get("/providers/{slug}/scorecard")
def card(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """Accuracy against gold and as inferred, each with a 95 % interval and n; price per correct answer."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = provider_read_by(tx, asker, slug)
        return scorecard(tx, row, who.world).to_json(currency_of(tx))

    return inst.database.read(look)
