"""/api/exposure/search: who has seen this text, this file, or what has this hash?"""

from __future__ import annotations

import tempfile
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Query, Request

from steelyard.domain.errors import Forbidden, TooLarge, invalid
from steelyard.formats.storable import parse_json, step
from steelyard.http.api.common import REFUSALS, After, Inst, after_key
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, Principal, require
from steelyard.store.database import Transaction
from steelyard.work import seen
from steelyard.work.projects import find_project_ever

router = APIRouter(prefix="/api", tags=["exposure"], responses=REFUSALS)
JSON_LIMIT = 50_000_000
FILE_LIMIT = 2_000_000_000
JSON = ("application/json", "")
_BODY = {
    "requestBody": {
        "required": True,
        "description": "As JSON a text, or a hash: the SHA-256 of a text or file, or a commitment. Else a file.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string"},
                        "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                        "project": {"type": "string", "description": "a slug: search there alone"},
                    },
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post("/exposure/search", openapi_extra=_BODY)
async def search(
    inst: Inst,
    asker: Asker,
    request: Request,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Who has seen this text, file, or what has this hash? A search that takes long answers what it has found
    so far, and `next`, with which the same question goes on."""
    row = after_key(after)
    await anyio.to_thread.run_sync(lambda: inst.database.read(lambda tx: _may_search(asker.principal(tx))))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    with tempfile.SpooledTemporaryFile(max_size=1 << 20) as body:
        size, most = 0, JSON_LIMIT if kind in JSON else FILE_LIMIT
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise TooLarge(f"a body is at most {most} bytes")
            body.write(chunk)

        def run() -> dict[str, Any]:
            body.seek(0)
            project = None
            if kind in JSON:
                question, project = _asked(parse_json(body.read()))
            else:
                question = seen.of_file(body)  # type: ignore[arg-type]
            who, where = inst.database.read(lambda tx: _where(tx, asker, project))
            found = seen.search(inst.database, question, who.world, after=row, limit=limit, project_id=where)
            return found.to_json()

        return await anyio.to_thread.run_sync(run)


def _may_search(who: Principal) -> Principal:
    """Only in-house: the answer tells of every provider, and whether a guess at a content is right."""
    require(who, Action.READ_PROVIDERS)
    if not who.inhouse:
        raise Forbidden(f"a {who.role} of {who.provider_name} may not search contents")
    return who


def _where(tx: Transaction, asker: Any, project: str | None) -> tuple[Principal, int | None]:
    who = _may_search(asker.principal(tx))
    return who, None if project is None else find_project_ever(tx, who, project, Action.READ_RESULTS).id


def _asked(body: Any) -> tuple[seen.Question, str | None]:
    if not isinstance(body, dict):
        raise invalid("", "type", "must be an object with a text or a hash")
    unknown = sorted(set(body) - {"text", "hash", "project"})
    if unknown:
        raise invalid(f"/{step(unknown[0])}", "unknown", "is not a field of a search")
    if ("text" in body) == ("hash" in body):
        raise invalid("", "required", "must have a text or a hash, and not both; a file is sent as it is")
    project = body.get("project")
    if project is not None and not isinstance(project, str):
        raise invalid("/project", "type", "must be the slug of a project")
    return (seen.of_text(body["text"]) if "text" in body else seen.of_hash(body["hash"])), project
