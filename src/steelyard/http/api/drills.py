"""/api/drills: an exit rehearsed on a copy."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import Field

from steelyard.domain.errors import invalid
from steelyard.exit import drill
from steelyard.exit.document import drill_document
from steelyard.exit.drill_schedule import set_schedule
from steelyard.http.api.common import (
    REFUSALS,
    After,
    Body,
    Inst,
    Limit,
    after_key,
    fields_of,
    refuse_unknown,
)
from steelyard.http.api.exits import PAGE
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, require
from steelyard.providers.registry import find_provider
from steelyard.store.database import Transaction

router = APIRouter(prefix="/api", tags=["exits"], responses=REFUSALS)


class DrillOrder(Body):
    options: Any = Field(None, description="of the exit that is rehearsed: answers, rebuild, to, backups")
    every_days: Any = Field(None, description="again every so many days; 0 ends that")
    now: Any = Field(True, description="false: only the schedule is set")


@router.post("/providers/{slug}/drill", status_code=202)
def rehearse(inst: Inst, asker: Asker, slug: str, body: DrillOrder | None = None) -> dict[str, Any]:
    """Rehearses leaving a provider on a copy of the data; `every_days` sets a schedule."""
    given = fields_of(body) if body is not None else {}
    if body is not None:
        refuse_unknown(body, "a drill")
    now, options = given.get("now", True), given.get("options")
    if not isinstance(now, bool):
        raise invalid("/now", "type", "must be true or false")
    if options is not None and not isinstance(options, dict):
        raise invalid("/options", "type", "must be an object")

    def do(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        row = drill.find_drill(tx, drill.order(tx, who, slug, options, later=now))
        if given.get("every_days") is not None:
            set_schedule(tx, row.provider_id, given["every_days"], row.options, who.person_id)
        found = drill.describe(tx, row)
        if not now:
            drill.forget(tx, row)
        return found

    return inst.database.write(do)


@router.get("/drills")
def listing(
    inst: Inst, asker: Asker, provider: str | None = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """Drills, the newest first, without their reports; `?provider=` those of one provider."""

    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.EXIT)
        key = None if provider is None else find_provider(tx, provider).id
        items, following = drill.listing(tx, key, after_key(after), limit)
        return {"items": items, "next": None if following is None else str(following)}

    return inst.database.read(look)


@router.get("/drills/{drill_id}")
def drilled(inst: Inst, asker: Asker, drill_id: str) -> dict[str, Any]:
    """A drill with its report."""
    return _found(inst, asker, drill_id)


@router.get("/drills/{drill_id}/report.html", response_class=HTMLResponse)
def report_page(inst: Inst, asker: Asker, drill_id: str) -> HTMLResponse:
    """The report of a drill as a document to print and file."""
    return HTMLResponse("".join(drill_document(_found(inst, asker, drill_id))), headers=PAGE)


def _found(inst: Any, asker: Any, drill_id: str) -> dict[str, Any]:
    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.EXIT)
        return drill.describe(tx, drill.find_drill(tx, drill_id))

    return inst.database.read(look)
