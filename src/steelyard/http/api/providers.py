"""/api/providers: who answers, what they are worth, what they saw, what hangs on them, and leaving them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from steelyard.domain.errors import invalid
from steelyard.domain.names import name_key
from steelyard.exit import execute
from steelyard.exit.plan import plan
from steelyard.http.api.common import (
    REFUSALS,
    After,
    Body,
    IdempotencyKey,
    Inst,
    Limit,
    after_key,
    fields_of,
    once,
)
from steelyard.http.auth import Asker
from steelyard.http.render import currency_of, provider_json
from steelyard.identity.policy import Action, Principal, require, require_provider
from steelyard.providers.dependence import dependence
from steelyard.providers.registry import create_provider, find_provider, update_provider
from steelyard.providers.scorecard import scorecard
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import exposure

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


class ExitOrder(Body):
    execute: Any = Field(False, description="false: only the plan")


def _read(tx: Transaction, asker: Any, slug: str) -> tuple[Principal, sa.Row]:
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
        who, row = _read(tx, asker, slug)
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
        who, row = _read(tx, asker, slug)
        return scorecard(tx, row, who.world).to_json(currency_of(tx))

    return inst.database.read(look)


@router.get("/providers/{slug}/dependence")
def hangs(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """What hangs on this provider."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = _read(tx, asker, slug)
        require(who, Action.READ_RESULTS)
        return dependence(tx, row, who.world)

    return inst.database.read(look)


@router.get("/providers/{slug}/exposure")
def shown(inst: Inst, asker: Asker, slug: str, after: After = None, limit: Limit = 1000) -> dict[str, Any]:
    """What this provider was shown: counts, and the showings one by one."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = _read(tx, asker, slug)
        items, following = exposure.listing(tx, row.id, who.world, after_key(after), limit)
        return {
            "counts": exposure.counts(tx, row.id, who.world),
            "items": items,
            "next": None if following is None else str(following),
        }

    return inst.database.read(look)


@router.post("/providers/{slug}/exit", responses={202: {"description": "An exit with its steps"}})
def leave(inst: Inst, asker: Asker, slug: str, body: ExitOrder | None = None) -> JSONResponse:
    """The plan of leaving a provider; with `execute` the provider is stopped at once and the exit begins."""
    order = body.execute if body is not None else False
    if not isinstance(order, bool):
        raise invalid("/execute", "type", "must be true or false")

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        require(who, Action.EXIT)
        return plan(tx, find_provider(tx, slug), who.world)

    def go(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return execute.begin(tx, asker.principal(tx), slug)

    if order:
        return JSONResponse(inst.database.write(go), status_code=202)
    return JSONResponse(inst.database.read(look))


@router.get("/exits/{exit_id}")
def exit_state(inst: Inst, asker: Asker, exit_id: str) -> dict[str, Any]:
    """An exit with its steps as they stand."""

    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.EXIT)
        return execute.describe(tx, exit_id)

    return inst.database.read(look)
