"""/api/exits: leaving a provider, planned and carried out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field

from steelyard.domain.errors import invalid
from steelyard.exit import execute
from steelyard.exit.plan import plan
from steelyard.http.api.common import REFUSALS, Body, Inst
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, require
from steelyard.providers.registry import find_provider
from steelyard.store.database import Transaction

router = APIRouter(prefix="/api", tags=["exits"], responses=REFUSALS)


class ExitOrder(Body):
    execute: Any = Field(False, description="false: only the plan")


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
