"""/api/projects/{name}/judgments and /consensus: what came of it, as streams that can be resumed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from steelyard.formats.tables_out import MEDIA_TYPES, Format
from steelyard.http.api.common import REFUSALS, Inst
from steelyard.http.auth import Asker
from steelyard.wiring import Installation
from steelyard.work.export import Asked, What, export

STREAM = MEDIA_TYPES[Format.ndjson]
router = APIRouter(
    prefix="/api",
    tags=["results"],
    responses={**REFUSALS, 200: {"content": {STREAM: {"schema": {"type": "string"}}}}},
)
AfterLine = Annotated[str | None, Query(description="the id of the line to go on after")]
LineLimit = Annotated[int | None, Query(ge=1)]
History = Annotated[int, Query(ge=0, le=1, description="1: all that were ever given, marked")]


@router.get("/projects/{slug}/judgments", response_class=StreamingResponse)
def judgments(
    inst: Inst,
    asker: Asker,
    slug: str,
    after: AfterLine = None,
    limit: LineLimit = None,
    history: History = 0,
) -> StreamingResponse:
    """Current judgments, a line each; `history=1` for all that were ever given, marked."""
    return _stream(inst, asker, slug, Asked(What.judgments, after=after, limit=limit, history=bool(history)))


@router.get("/projects/{slug}/consensus", response_class=StreamingResponse)
def consensus(
    inst: Inst, asker: Asker, slug: str, after: AfterLine = None, limit: LineLimit = None
) -> StreamingResponse:
    """The current answer of every task that has one, a line each."""
    return _stream(inst, asker, slug, Asked(What.consensus, after=after, limit=limit))


def _stream(inst: Installation, asker: Asker, slug: str, asked: Asked) -> StreamingResponse:
    return StreamingResponse(export(inst.database, asker.principal, slug, asked), media_type=STREAM)
