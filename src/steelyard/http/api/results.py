"""/api/projects/{name}/judgments and /consensus: what came of it, as streams that can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from steelyard.domain.errors import invalid
from steelyard.domain.ids import is_id
from steelyard.domain.times import format_time
from steelyard.http.api.common import REFUSALS, Inst
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.projects import find_project

PAGE = 500
STREAM = "application/x-ndjson"
router = APIRouter(
    prefix="/api",
    tags=["results"],
    responses={**REFUSALS, 200: {"content": {STREAM: {"schema": {"type": "string"}}}}},
)
AfterLine = Annotated[str | None, Query(description="the id of the line to go on after")]
LineLimit = Annotated[int | None, Query(ge=1)]


@router.get("/projects/{slug}/judgments", response_class=StreamingResponse)
def judgments(
    inst: Inst,
    asker: Asker,
    slug: str,
    after: AfterLine = None,
    limit: LineLimit = None,
    history: Annotated[int, Query(ge=0, le=1)] = 0,
) -> StreamingResponse:
    """Current judgments, a line each; `history=1` for all that were ever given, marked."""
    j = t.judgment
    query = (
        sa.select(
            j.c.id,
            j.c.public_id,
            j.c.at,
            j.c.gold,
            j.c.current,
            t.task.c.public_id.label("task"),
            t.task.c.external_id,
            t.annotator.c.public_id.label("annotator"),
            t.provider.c.slug.label("provider"),
            t.judgment_payload.c.answers,
        )
        .join(t.task, t.task.c.id == j.c.task_id)
        .join(t.annotator, t.annotator.c.id == j.c.annotator_id)
        .join(t.provider, t.provider.c.id == j.c.provider_id)
        .join(t.judgment_payload, t.judgment_payload.c.judgment_id == j.c.id, isouter=True)
        .order_by(j.c.id)
    )
    if not history:
        query = query.where(j.c.current)

    def line(row: sa.Row) -> dict[str, Any]:
        shown = {
            "id": row.public_id,
            "task": row.task,
            "external_id": row.external_id,
            "annotator": row.annotator,
            "provider": row.provider,
            "answers": row.answers,
            "at": format_time(row.at),
            "gold": row.gold,
        }
        return {**shown, "current": row.current} if history else shown

    return _stream(inst, asker, slug, query, j, after, limit, line)


@router.get("/projects/{slug}/consensus", response_class=StreamingResponse)
def consensus(
    inst: Inst, asker: Asker, slug: str, after: AfterLine = None, limit: LineLimit = None
) -> StreamingResponse:
    """The current answer of every task that has one, a line each."""
    c = t.consensus
    query = (
        sa.select(
            c.c.id,
            c.c.public_id,
            c.c.confidence,
            c.c.tie,
            c.c.judgments,
            t.task.c.public_id.label("task"),
            t.task.c.external_id,
            t.task.c.status,
            t.consensus_payload.c.answers,
        )
        .join(t.task, t.task.c.id == c.c.task_id)
        .join(t.consensus_payload, t.consensus_payload.c.consensus_id == c.c.id, isouter=True)
        .where(c.c.current)
        .order_by(c.c.id)
    )

    def line(row: sa.Row) -> dict[str, Any]:
        return {
            "id": row.public_id,
            "task": row.task,
            "external_id": row.external_id,
            "answers": row.answers,
            "confidence": round(row.confidence, 6),
            "tie": row.tie,
            "judgments": row.judgments,
            "settled": row.status == "settled",
        }

    return _stream(inst, asker, slug, query, c, after, limit, line)


def _stream(
    inst: Installation,
    asker: Any,
    slug: str,
    query: sa.Select,
    table: sa.Table,
    after: str | None,
    limit: int | None,
    line: Callable[[sa.Row], dict[str, Any]],
) -> StreamingResponse:
    """Pages of a query by its key, each its own short read: a long export holds nobody up."""

    def begin(tx: Transaction) -> tuple[int, int]:
        project = find_project(tx, asker.principal(tx), slug, Action.READ_RESULTS)
        if after is None:
            return project.id, 0
        key = None
        if is_id(after):
            key = tx.execute(
                sa.select(table.c.id).where(table.c.public_id == after, table.c.project_id == project.id)
            ).scalar()
        if key is None:
            raise invalid("/after", "cursor", "is not the id of a line of this stream")
        return project.id, key

    project_id, start = inst.database.read(begin)

    def lines() -> Iterator[bytes]:
        at, left = start, limit
        while left is None or left > 0:
            count = PAGE if left is None else min(PAGE, left)
            page = query.where(table.c.project_id == project_id, table.c.id > at).limit(count)
            rows = inst.database.read(lambda tx, page=page: tx.execute(page).all())
            if rows:
                yield b"".join(
                    json.dumps(line(row), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                    for row in rows
                )
                at = rows[-1].id
            if len(rows) < count:
                return
            left = None if left is None else left - len(rows)

    return StreamingResponse(lines(), media_type=STREAM)
