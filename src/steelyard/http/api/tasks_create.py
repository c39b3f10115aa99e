"""POST /api/projects/{name}/tasks: how work comes in, one task or a stream of any length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from steelyard.formats import ndjson
from steelyard.formats.task_files import JSON, MEDIA_TYPES, format_of_type, rows_of
from steelyard.http.api.common import REFUSALS, IdempotencyKey, Inst, once
from steelyard.http.api.received import created_json, may_create, received
from steelyard.http.auth import Asker
from steelyard.identity.policy import Principal
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.intake import bring_in
from steelyard.work.tasks import Created, RowProblem

router = APIRouter(prefix="/api", tags=["tasks"], responses=REFUSALS)
TASKS = {
    "application/json": {
        "schema": {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}
    },
    "application/x-ndjson": {"schema": {"type": "string", "description": "one task a line"}},
    "text/csv": {
        "schema": {"type": "string", "description": "one task a row below a header that names its columns"}
    },
    "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
}
assert TASKS.keys() == MEDIA_TYPES.keys()


@router.post(
    "/projects/{slug}/tasks",
    openapi_extra={"requestBody": {"required": True, "content": TASKS}},
    status_code=201,
    responses={200: {"description": "Nothing new: every row was there already, or none came"}},
)
async def create(
    inst: Inst, asker: Asker, slug: str, request: Request, key: IdempotencyKey = None
) -> Response:
    """Creates tasks: one JSON task, a JSON array, or a stream of JSON Lines, CSV or Parquet.

    Answers counts of new, same, changed and wrong rows, with an error for each row that is wrong: `row` counts
    rows from 0, `line` the lines of a file that has them from 1.
    """
    await may_create(inst, asker, slug)
    sent_as = format_of_type(request.headers.get("content-type", ""))
    body = await received(request)

    def run() -> Response:
        with body:
            rows, single = rows_of(body, sent_as)
            if key is not None and sent_as == JSON and single:
                line = f"POST {request.url.path}"
                return _create_once(inst, asker, slug, line, key, list(ndjson.decoded(rows)))  # type: ignore[arg-type]
            return created_json(bring_in(inst.database, inst.blobs, asker.principal, slug, rows), single)

    return await anyio.to_thread.run_sync(run)


def _create_once(inst: Installation, asker: Any, slug: str, line: str, key: str, rows: list[Any]) -> Response:
    """A single task under an Idempotency-Key: the same answer again for the same body."""

    def remembered(tx: Transaction, who: Principal, write: Callable[[], Created]) -> Created:
        answer = once(tx, who, line, key, rows, lambda: asdict(write()))
        return Created(**{**answer, "problems": [RowProblem(**p) for p in answer["problems"]]})

    created = bring_in(inst.database, inst.blobs, asker.principal, slug, rows, around=remembered)
    return created_json(created, True)
