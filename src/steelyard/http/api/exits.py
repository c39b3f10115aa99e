"""/api/exits: leaving a provider, planned, carried out and certified."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import Field

from steelyard.domain.errors import invalid
from steelyard.exit import execute
from steelyard.exit.document import certificate_document, plan_document
from steelyard.exit.plan import plan
from steelyard.http.api.common import REFUSALS, After, Body, Inst, Limit, after_key, fields_of
from steelyard.http.auth import Asker
from steelyard.http.render import currency_of
from steelyard.identity.policy import Action, require
from steelyard.providers.registry import find_provider
from steelyard.store.database import Transaction
from steelyard.wiring import Installation

router = APIRouter(prefix="/api", tags=["exits"], responses=REFUSALS)
# What may be shown as a page, may be saved as a file; nothing in it runs or is fetched.
PAGE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"}


class ExitOrder(Body):
    execute: Any = Field(False, description="false: only the plan")
    answers: Any = Field("withdraw", description="withdraw or keep what it answered")
    rebuild: Any = Field(True, description="build successors of the releases that hold it")
    to: Any = Field(None, description="providers that take its place where it stood alone")
    backups: Any = Field(None, description="names of backups that may still hold what it gave")


@router.post("/providers/{slug}/exit", responses={202: {"description": "An exit with its steps"}})
def leave(inst: Inst, asker: Asker, slug: str, body: ExitOrder | None = None) -> JSONResponse:
    """The plan of leaving a provider; with `execute` the provider is stopped at once and the exit begins."""
    given = fields_of(body) if body is not None else {}
    order = given.pop("execute", False)
    if not isinstance(order, bool):
        raise invalid("/execute", "type", "must be true or false")

    foreseen = _plan(inst, asker, slug)
    if not order:
        return JSONResponse(foreseen)

    def go(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return execute.begin(tx, asker.principal(tx), slug, given, foreseen)

    return JSONResponse(inst.database.write(go), status_code=202)


def _plan(inst: Installation, asker: Any, slug: str) -> dict[str, Any]:
    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        require(who, Action.EXIT)
        return plan(tx, find_provider(tx, slug), who.world)

    return inst.database.read(look)


@router.get("/providers/{slug}/exit/plan.html", response_class=HTMLResponse)
def plan_page(inst: Inst, asker: Asker, slug: str) -> HTMLResponse:
    """The plan as a document to print and sign."""
    found = _plan(inst, asker, slug)
    currency = inst.database.read(currency_of)
    return HTMLResponse("".join(plan_document(found, currency)), headers=PAGE)


@router.get("/exits")
def listing(
    inst: Inst, asker: Asker, provider: str | None = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """Exits, the newest first, without their plans; `?provider=` those of one provider."""

    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.EXIT)
        key = None if provider is None else find_provider(tx, provider).id
        items, following = execute.listing(tx, key, after_key(after), limit)
        return {"items": items, "next": None if following is None else str(following)}

    return inst.database.read(look)


@router.get("/exits/{exit_id}")
def exit_state(inst: Inst, asker: Asker, exit_id: str) -> dict[str, Any]:
    """An exit with its steps as they stand."""

    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.EXIT)
        return execute.describe(tx, exit_id)

    return inst.database.read(look)


Fresh = Annotated[bool, Query(description="look again now, instead of what was found when the exit was done")]


@router.get("/exits/{exit_id}/certificate")
def certified(inst: Inst, asker: Asker, exit_id: str, fresh: Fresh = False) -> dict[str, Any]:
    """What was found after the exit, signed; with `fresh` what is found now."""
    return _certificate(inst, asker, exit_id, fresh)


@router.get("/exits/{exit_id}/certificate.html", response_class=HTMLResponse)
def certificate_page(inst: Inst, asker: Asker, exit_id: str, fresh: Fresh = False) -> HTMLResponse:
    """The certificate as a document to print and sign."""
    found = _certificate(inst, asker, exit_id, fresh)
    return HTMLResponse("".join(certificate_document(found)), headers=PAGE)


def _certificate(inst: Installation, asker: Any, exit_id: str, fresh: bool) -> dict[str, Any]:
    def look(tx: Transaction) -> sa.Row:
        require(asker.principal(tx), Action.EXIT)
        return execute.find_exit(tx, exit_id)

    from steelyard.exit import certificate  # columns and signatures, which the server does not need to start

    row = inst.database.read(look)
    if fresh and row.certificate is not None:
        return certificate.certify(inst.place(), row)
    return certificate.kept(row)
