"""POST /api/projects/{name}/shipments: how answers that a provider collected elsewhere come in."""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from steelyard.domain.errors import invalid
from steelyard.formats import ndjson
from steelyard.formats.task_files import JSON, NDJSON, format_of_type, rows_of
from steelyard.http.api.common import REFUSALS, Inst
from steelyard.http.api.received import counts_json, created_json, may_create, problem_json, received
from steelyard.http.api.tasks_create import TASKS
from steelyard.http.auth import Asker
from steelyard.work.shipments import receive

router = APIRouter(prefix="/api", tags=["tasks"], responses=REFUSALS)
_TAKEN = ("application/json", "application/x-ndjson")
_BODY = {"required": True, "content": {name: TASKS[name] for name in _TAKEN}}


@router.post("/projects/{slug}/shipments", openapi_extra={"requestBody": _BODY}, status_code=201)
async def ship(
    inst: Inst,
    asker: Asker,
    slug: str,
    request: Request,
    provider: Annotated[str, Query(max_length=200)],
    name: Annotated[str, Query(max_length=200)] = "shipment",
) -> Response:
    """Receives a shipment: tasks, each with `judgments: [{answers, annotator?, at?}]`, of one provider."""
    await may_create(inst, asker, slug)
    sent_as = format_of_type(request.headers.get("content-type", ""))
    if sent_as not in (JSON, NDJSON):
        raise invalid("", "content_type", f"a shipment is sent as {' or '.join(_TAKEN)}")
    body = await received(request)

    def run() -> Response:
        with body:
            rows, _ = rows_of(body, sent_as)
            came = receive(inst.database, asker.principal, slug, provider, name, ndjson.decoded(rows))  # type: ignore[arg-type]
            answer = created_json(came.created, False)
            if answer.status_code == 422:
                return answer
            return JSONResponse(
                {
                    "shipment": came.shipment,
                    "judgments": came.judgments,
                    "counts": counts_json(came.created),
                    "errors": [problem_json(p) for p in came.created.problems],
                },
                status_code=201,
            )

    return await anyio.to_thread.run_sync(run)
