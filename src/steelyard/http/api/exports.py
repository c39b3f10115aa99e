"""/api/projects/{name}/export: tasks, judgments or consensus as a file, streamed however long it is."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from steelyard.domain.errors import invalid
from steelyard.formats.tables_out import MEDIA_TYPES, Format
from steelyard.http.api.common import REFUSALS, Inst
from steelyard.http.api.results import AfterLine, History, LineLimit
from steelyard.http.api.tasks import Below, ExternalId, Gold, InBatch, Status, Tag
from steelyard.http.auth import Asker
from steelyard.work.export import Asked, What, export
from steelyard.work.task_list import Wanted

_FILE = {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()}
router = APIRouter(prefix="/api", tags=["results"], responses={**REFUSALS, 200: {"content": _FILE}})
As = Annotated[Format, Query(alias="format", description="ndjson, csv or parquet")]
Content = Annotated[int, Query(ge=0, le=1, description="0: tasks without what they show")]


@router.get("/projects/{slug}/export/{what}", response_class=StreamingResponse)
def exported(
    inst: Inst,
    asker: Asker,
    slug: str,
    what: What,
    fmt: As = Format.ndjson,
    after: AfterLine = None,
    limit: LineLimit = None,
    history: History = 0,
    content: Content = 1,
    status: Status = None,
    batch: InBatch = None,
    tag: Tag = None,
    gold: Gold = None,
    external_id: ExternalId = None,
    confidence_below: Below = None,
) -> StreamingResponse:
    """Tasks, judgments or consensus, whole, in the order of their arrival; `after` an id goes on behind it.

    Tasks take the filters of their list. Whoever exports tasks with their content was shown it.
    """
    wanted = Wanted(status, batch, tag, gold, external_id, confidence_below)
    if what is not What.tasks:
        given = [f.name for f in fields(Wanted) if getattr(wanted, f.name) is not None]
        if given:
            raise invalid(f"/{given[0]}", "unknown", f"narrows tasks, not {what}")
    if history and what is not What.judgments:
        raise invalid("/history", "unknown", f"belongs to judgments, not {what}")
    asked = Asked(what, fmt, after, limit, bool(history), wanted, bool(content))
    stream = export(inst.database, asker.principal, slug, asked)
    headers = {"Content-Disposition": f'attachment; filename="{slug}-{what}.{fmt}"'}
    return StreamingResponse(stream, media_type=MEDIA_TYPES[fmt], headers=headers)
