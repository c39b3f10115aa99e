"""/api/providers/{slug}/phase-out and /reinstatement: leaving by and by, and coming back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from steelyard.exit import phase_out
from steelyard.exit.reinstate import reinstate
from steelyard.http.api.common import REFUSALS, Body, Inst, fields_of
from steelyard.http.api.preview import Preview
from steelyard.http.api.providers import provider_read_by
from steelyard.http.auth import Asker
from steelyard.http.render import provider_json
from steelyard.identity.policy import Action, require
from steelyard.providers.reinstatement import reinstatement
from steelyard.store.database import Transaction

router = APIRouter(prefix="/api", tags=["exits"], responses=REFUSALS)


class PhaseOutOrder(Body):
    ends: Any = Field(None, description="a date or a time: then the exit begins by itself")
    starts: Any = Field(None, description="a date or a time; now unless given")
    steps: Any = Field(None, description="how many (1 to 52), or their parts [0.75, 0.5], or [{at, part}]")
    options: Any = Field(None, description="of the exit at the end, as for an exit")


class Reinstatement(Body):
    because: Any = Field(None, description="why it comes back; kept on the provider's record")
    force: Any = Field(None, description="true: although conditions are not met, with a reason in because")


@router.post(
    "/providers/{slug}/phase-out",
    status_code=201,
    responses={200: {"description": "What it would be, with `preview`"}},
)
def order(
    inst: Inst, asker: Asker, slug: str, body: PhaseOutOrder | None = None, preview: Preview = False
) -> JSONResponse:
    """Leaves a provider by a share of the work that declines to a date, on which the exit begins by itself."""
    raw = fields_of(body) if body is not None else {}

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return phase_out.order(tx, asker.principal(tx), slug, raw)

    if preview:
        return JSONResponse({**inst.database.rehearse(do), "preview": True})
    return JSONResponse(inst.database.write(do), status_code=201)


@router.get("/providers/{slug}/phase-out")
def read(inst: Inst, asker: Asker, slug: str) -> dict[str, Any] | None:
    """The provider's phase-out that runs or ran last, with what is used of its limits; null where none was."""

    def look(tx: Transaction) -> dict[str, Any] | None:
        who, row = provider_read_by(tx, asker, slug)
        require(who, Action.READ_RESULTS)  # a vendor's lead is not told
        return phase_out.latest(tx, row.id, who.world)

    return inst.database.read(look)


@router.delete("/providers/{slug}/phase-out", status_code=204)
def end(inst: Inst, asker: Asker, slug: str) -> Response:
    """Ends the phase-out that runs; the provider goes on as before."""

    def do(tx: Transaction) -> None:
        tx.hold_showing()
        phase_out.end(tx, asker.principal(tx), slug)

    inst.database.write(do)
    return Response(status_code=204)


@router.get("/providers/{slug}/reinstatement")
def conditions(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """What must hold for a provider that was left to come back, and what of it does."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = provider_read_by(tx, asker, slug)
        require(who, Action.READ_RESULTS)
        return reinstatement(tx, row)

    return inst.database.read(look)


@router.post("/providers/{slug}/reinstatement")
def come_back(inst: Inst, asker: Asker, slug: str, body: Reinstatement | None = None) -> dict[str, Any]:
    """Puts a provider that was left on trial, where what must hold does; its answers stay withdrawn."""
    raw = fields_of(body) if body is not None else {}

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)
        return provider_json(tx, reinstate(tx, who, slug, raw), who.world)

    return inst.database.write(do)
