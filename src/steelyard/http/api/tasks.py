"""/api/projects/{name}/tasks and /shipments: how work comes in; /api/tasks: how it is looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import IO, Annotated, Any

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from steelyard.domain.errors import Invalid, NotFound, Problem, TooLarge, invalid
from steelyard.domain.ids import is_id
from steelyard.domain.money import format_money
from steelyard.domain.times import format_time
from steelyard.http.api.common import (
    REFUSALS,
    After,
    IdempotencyKey,
    Inst,
    Limit,
    after_key,
    once,
)
from steelyard.http.api.files import BYTES, serve_block
from steelyard.http.auth import Asker
from steelyard.http.problems import ProblemResponse
from steelyard.http.render import task_content_json
from steelyard.http.storable import parse_json
from steelyard.identity.policy import Action, Principal, may, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work import opened
from steelyard.work.intake import bring_in
from steelyard.work.projects import find_project
from steelyard.work.shipments import receive
from steelyard.work.tasks import Created, RowProblem

router = APIRouter(prefix="/api", tags=["tasks"], responses=REFUSALS)
JSON_LIMIT = 200_000_000
LINE_LIMIT = 50_000_000
STREAM = "application/x-ndjson"
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}
            },
            STREAM: {"schema": {"type": "string", "description": "one task a line"}},
        },
    }
}


async def _may_create(inst: Installation, asker: Any, slug: str) -> None:
    """Refuses before the body is taken in: nobody fills the disk of a server that does not know them."""
    await anyio.to_thread.run_sync(
        lambda: inst.database.read(
            lambda tx: find_project(tx, asker.principal(tx), slug, Action.CREATE_TASKS).id
        )
    )


async def _received(request: Request) -> IO[bytes]:
    """The body in a temporary file: a stream of any length takes no memory."""
    kept = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 (the caller closes it)
    async for chunk in request.stream():
        kept.write(chunk)
    kept.seek(0)
    return kept


def _rows(body: IO[bytes], content_type: str) -> tuple[Iterator[Any], bool]:
    """The rows of a body, and whether it was a single task."""
    if content_type == STREAM:
        return _lines(body), False
    if content_type not in ("application/json", ""):
        raise invalid("", "content_type", f"send application/json or {STREAM}, not {content_type}")
    data = body.read(JSON_LIMIT + 1)
    if len(data) > JSON_LIMIT:
        raise TooLarge(f"a JSON body is at most {JSON_LIMIT} bytes; send {STREAM}, which has no limit")
    parsed = parse_json(data)
    if isinstance(parsed, list):
        return iter(parsed), False
    return iter([parsed]), True


def _lines(body: IO[bytes]) -> Iterator[Any]:
    while line := body.readline(LINE_LIMIT):
        if not line.strip():
            continue
        if len(line) == LINE_LIMIT and not line.endswith(b"\n"):
            raise TooLarge(f"a line is longer than {LINE_LIMIT} bytes")
        try:
            yield parse_json(line)
        except Invalid as wrong:
            yield wrong.problems[0]


def _created_json(created: Created, single: bool) -> JSONResponse:
    errors = [
        {"row": p.row, "pointer": p.pointer, "code": p.code, "message": p.message} for p in created.problems
    ]
    if single and errors:
        raise Invalid([Problem(p.pointer, p.code, p.message) for p in created.problems])
    body: dict[str, Any] = {
        "counts": {
            "new": created.new,
            "same": created.same,
            "changed": created.changed,
            "wrong": created.wrong,
        },
        "errors": errors,
        "ids": created.ids[:10_000],
    }
    if single:
        body["id"] = created.ids[0]
    if errors and not created.new and not created.same:
        first = errors[0]
        detail = f"row {first['row']}{first['pointer']}: {first['message']}"
        problem = {"type": "about:blank", "title": "Unprocessable Content", "status": 422, "code": "invalid"}
        return ProblemResponse({**problem, "detail": detail, **body}, status_code=422)
    return JSONResponse(body, status_code=201 if created.new else 200)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


@router.post(
    "/projects/{slug}/tasks",
    openapi_extra=_BODY,
    status_code=201,
    responses={200: {"description": "Nothing new: every row was there already, or none came"}},
)
async def create(
    inst: Inst, asker: Asker, slug: str, request: Request, key: IdempotencyKey = None
) -> Response:
    """Creates tasks: one JSON task, a JSON array, or an application/x-ndjson stream.

    Answers counts of new, same, changed and wrong rows, with an error a row that is wrong.
    """
    await _may_create(inst, asker, slug)
    body = await _received(request)

    def run() -> Response:
        with body:
            rows, single = _rows(body, _content_type(request))
            if key is None or not single:
                return _created_json(bring_in(inst.database, inst.blobs, asker.principal, slug, rows), single)
            return _create_once(inst, asker, slug, f"POST {request.url.path}", key, list(rows))

    return await anyio.to_thread.run_sync(run)


def _create_once(inst: Installation, asker: Any, slug: str, line: str, key: str, rows: list[Any]) -> Response:
    """A single task under an Idempotency-Key: the same answer again for the same body."""

    def remembered(tx: Transaction, who: Principal, write: Callable[[], Created]) -> Created:
        answer = once(tx, who, line, key, rows, lambda: asdict(write()))
        return Created(**{**answer, "problems": [RowProblem(**p) for p in answer["problems"]]})

    created = bring_in(inst.database, inst.blobs, asker.principal, slug, rows, around=remembered)
    return _created_json(created, True)


@router.post("/projects/{slug}/shipments", openapi_extra=_BODY, status_code=201)
async def ship(
    inst: Inst,
    asker: Asker,
    slug: str,
    request: Request,
    provider: Annotated[str, Query(max_length=200)],
    name: Annotated[str, Query(max_length=200)] = "shipment",
) -> Response:
    """Receives a shipment: tasks, each with `judgments: [{answers, annotator?, at?}]`, of one provider."""
    await _may_create(inst, asker, slug)
    body = await _received(request)

    def run() -> Response:
        with body:
            rows, _ = _rows(body, _content_type(request))
            received = receive(inst.database, asker.principal, slug, provider, name, rows)
            answer = _created_json(received.created, False)
            if answer.status_code == 422:
                return answer
            counts = received.created
            return JSONResponse(
                {
                    "shipment": received.shipment,
                    "judgments": received.judgments,
                    "counts": {
                        "new": counts.new,
                        "same": counts.same,
                        "changed": counts.changed,
                        "wrong": counts.wrong,
                    },
                    "errors": [
                        {"row": p.row, "pointer": p.pointer, "code": p.code, "message": p.message}
                        for p in counts.problems
                    ],
                },
                status_code=201,
            )

    return await anyio.to_thread.run_sync(run)


@router.get("/projects/{slug}/tasks")
def listing(
    inst: Inst,
    asker: Asker,
    slug: str,
    after: After = None,
    limit: Limit = 100,
    status: Annotated[str | None, Query(max_length=20)] = None,
    external_id: Annotated[str | None, Query(max_length=500)] = None,
) -> dict[str, Any]:
    """Tasks in the order of their arrival, with what is known of their answer."""

    def look(tx: Transaction) -> tuple[dict[str, Any], Principal, list[opened.Opened]]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.READ_RESULTS)
        query = (
            sa.select(
                t.task,
                t.content_payload.c.body,
                t.consensus.c.confidence,
                t.consensus.c.tie,
                t.consensus_payload.c.answers.label("value"),
            )
            .join(t.content_payload, t.content_payload.c.content_id == t.task.c.content_id, isouter=True)
            .join(
                t.consensus,
                sa.and_(t.consensus.c.task_id == t.task.c.id, t.consensus.c.current),
                isouter=True,
            )
            .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id, isouter=True)
            .where(t.task.c.project_id == project.id, t.task.c.id > after_key(after))
            .order_by(t.task.c.id)
            .limit(limit + 1)
        )
        if status is not None:
            query = query.where(t.task.c.status == status)
        if external_id is not None:
            query = query.where(t.task.c.external_id == external_id)
        rows = tx.execute(query).all()
        answer = {
            "items": [_task_json(row) for row in rows[:limit]],
            "next": str(rows[limit - 1].id) if len(rows) > limit else None,
        }
        quoted = [
            opened.Opened(row.id, row.content_id, row.project_id)
            for row in rows[:limit]
            if _first_text(row.body) is not None
        ]
        return answer, who, opened.not_written(tx, who, quoted)

    answer, who, shown = inst.database.read(look)
    opened.write_before_showing(inst.database, who, shown)
    return answer


def _task_json(row: sa.Row) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "external_id": row.external_id,
        "status": row.status,
        "reason": row.reason,
        "answers": row.answers,
        "wanted": row.wanted,
        "priority": row.priority,
        "tags": row.tags,
        "metadata": row.details,
        "gold": row.gold is not None,
        "created_at": format_time(row.created_at),
        "preview": _preview(row.body),
        "consensus": None
        if row.value is None
        else {"answers": row.value, "confidence": round(row.confidence, 6), "tie": row.tie},
    }


def _preview(body: dict[str, Any] | None) -> str:
    """The first text of a content, cut; or the type of its first block."""
    text = _first_text(body)
    if text is not None:
        return text[:160]
    blocks = body["blocks"] if body else []
    return blocks[0]["type"] if blocks else "erased"


def _first_text(body: dict[str, Any] | None) -> str | None:
    blocks = body["blocks"] if body else []
    return next((block["text"] for block in blocks if block["type"] == "text"), None)


def _find_task(tx: Transaction, who: Principal, task_id: str) -> sa.Row:
    row = None
    if is_id(task_id):
        row = tx.execute(
            sa.select(t.task).where(t.task.c.public_id == task_id, t.task.c.world == who.world)
        ).first()
    if row is None:
        require(who, Action.READ_RESULTS)
        raise NotFound("there is no such task")
    require(who, Action.READ_RESULTS, row.project_id)
    return row


@router.get("/tasks/{task_id}")
def read(inst: Inst, asker: Asker, task_id: str) -> dict[str, Any]:
    """One task with its content, form, judgments and consensus."""

    def look(tx: Transaction) -> tuple[dict[str, Any], Principal, sa.Row]:
        who = asker.principal(tx)
        row = _find_task(tx, who, task_id)
        body = tx.execute(
            sa.select(t.content_payload.c.body).where(t.content_payload.c.content_id == row.content_id)
        ).scalar()
        form_id = row.form_id or sa.select(t.project.c.form_id).where(t.project.c.id == row.project_id)
        form = tx.execute(
            sa.select(t.form.c.body).where(
                t.form.c.id == (form_id if isinstance(form_id, int) else form_id.scalar_subquery())
            )
        ).scalar_one()
        consensus = tx.execute(
            sa.select(t.consensus, t.consensus_payload.c.answers, t.consensus_payload.c.confidence_by)
            .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id)
            .where(t.consensus.c.task_id == row.id, t.consensus.c.current)
        ).first()
        answer = {
            "id": row.public_id,
            "external_id": row.external_id,
            "status": row.status,
            "reason": row.reason,
            "gold": row.gold is not None,
            "priority": row.priority,
            "tags": row.tags,
            "metadata": row.details,
            "answers": row.answers,
            "wanted": row.wanted,
            "created_at": format_time(row.created_at),
            "content": task_content_json(row.public_id, body) if body else None,
            "suggestion": row.suggestion,
            "form": form,
            "judgments": _judgments(tx, who, row.id),
            "consensus": None
            if consensus is None
            else {
                "answers": consensus.answers,
                "confidence": round(consensus.confidence, 6),
                "confidence_by": consensus.confidence_by,
                "tie": consensus.tie,
                "method": consensus.method,
                "revision": consensus.revision,
                "judgments": consensus.judgments,
                "value_from": consensus.value_from,
            },
        }
        return answer, who, row

    answer, who, row = inst.database.read(look)
    if answer["content"] is not None:
        _shown(inst, who, row)
    return answer


def _shown(inst: Installation, who: Principal, row: sa.Row) -> None:
    """Writes down that a person is shown a task's content, once a day, before it is."""
    one = opened.Opened(row.id, row.content_id, row.project_id)
    shown, today = inst.database.read(
        lambda tx: (opened.not_written(tx, who, [one], opened.today(tx)), opened.today(tx))
    )
    opened.write_before_showing(inst.database, who, shown, today)


def _judgments(tx: Transaction, who: Principal, task_id: int) -> list[dict[str, Any]]:
    j = t.current_judgment
    rows = tx.execute(
        sa.select(
            j.c.public_id,
            j.c.at,
            j.c.price,
            j.c.spent_ms,
            t.provider.c.slug,
            t.annotator.c.public_id.label("annotator"),
            sa.func.coalesce(t.person.c.name, t.annotator.c.external_id).label("annotator_name"),
            t.judgment_payload.c.answers,
        )
        .join(t.provider, t.provider.c.id == j.c.provider_id)
        .join(t.annotator, t.annotator.c.id == j.c.annotator_id)
        .join(t.person, t.person.c.id == t.annotator.c.person_id, isouter=True)
        .join(t.judgment_payload, t.judgment_payload.c.judgment_id == j.c.id)
        .where(j.c.task_id == task_id)
        .order_by(j.c.id)
    )
    manages = may(who, Action.READ_PROVIDERS)
    return [
        {
            "id": row.public_id,
            "provider": row.slug,
            "annotator": row.annotator,
            "answers": row.answers,
            "at": format_time(row.at),
            "spent_ms": row.spent_ms,
            **({"annotator_name": row.annotator_name, "price": format_money(row.price)} if manages else {}),
        }
        for row in rows
    ]


@router.get("/tasks/{task_id}/content/{block}", response_class=Response, responses=BYTES)
def content(inst: Inst, asker: Asker, task_id: str, block: int) -> Response:
    """The bytes of one block of a task's content, for those who read results."""

    def look(tx: Transaction) -> tuple[dict[str, Any] | None, Principal, sa.Row]:
        who = asker.principal(tx)
        row = _find_task(tx, who, task_id)
        body = tx.execute(
            sa.select(t.content_payload.c.body).where(t.content_payload.c.content_id == row.content_id)
        ).scalar()
        return body, who, row

    body, who, row = inst.database.read(look)
    answer = serve_block(inst, body, block)
    _shown(inst, who, row)
    return answer
