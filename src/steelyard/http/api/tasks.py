"""/api/projects/{name}/tasks and /api/tasks: how tasks are looked at."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Response

from steelyard.domain.errors import NotFound
from steelyard.domain.ids import is_id
from steelyard.domain.money import format_money
from steelyard.domain.times import format_time
from steelyard.http.api.common import REFUSALS, After, Inst, Limit, after_key
from steelyard.http.api.files import BYTES, serve_block
from steelyard.http.auth import Asker
from steelyard.http.render import task_content_json
from steelyard.identity.policy import Action, Principal, may, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work import opened, standing
from steelyard.work.projects import find_project
from steelyard.work.task_list import Wanted, listed, search_of

router = APIRouter(prefix="/api", tags=["tasks"], responses=REFUSALS)
Status = Annotated[
    str | None, Query(max_length=20, description="open, review, settled, fetching, cancelled, error")
]
InBatch = Annotated[str | None, Query(max_length=200, description="the name of a batch")]
Tag = Annotated[str | None, Query(max_length=200)]
Gold = Annotated[str | None, Query(max_length=20, description="evaluation, training, any or no")]
ExternalId = Annotated[str | None, Query(max_length=500)]
Below = Annotated[float | None, Query(description="settled with less confidence than this")]


@router.get("/projects/{slug}/tasks")
def listing(
    inst: Inst,
    asker: Asker,
    slug: str,
    after: After = None,
    limit: Limit = 100,
    status: Status = None,
    batch: InBatch = None,
    tag: Tag = None,
    gold: Gold = None,
    external_id: ExternalId = None,
    confidence_below: Below = None,
) -> dict[str, Any]:
    """Tasks in the order of their arrival, with what is known of their answer.

    Where few tasks are what is asked for, a page may hold fewer than `limit`, or none, and still have a `next`.
    """
    wanted = Wanted(status, batch, tag, gold, external_id, confidence_below)

    def look(tx: Transaction) -> tuple[dict[str, Any], Principal, list[opened.Opened]]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.READ_RESULTS)
        found = search_of(tx, project.id, wanted).find(tx, after_key(after), limit)
        rows = listed(tx, found.keys)
        answer = {
            "items": [_task_json(row) for row in rows],
            "next": None if found.next is None else str(found.next),
        }
        quoted = [
            opened.Opened(row.id, row.content_id, row.project_id)
            for row in rows
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
        "training": row.gold == "training",
        "batch": row.batch_name,
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
    standing.require_there(tx, row.project_id, "there is no such task")
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
            .where(t.consensus.c.task_id == row.id, sa.text("consensus.current"))  # as in the index
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
