"""/api/projects/{name}/batches: tasks that are staged, started, paused and finished together."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from steelyard.domain.errors import invalid
from steelyard.domain.times import format_time
from steelyard.http.api.common import REFUSALS, After, Body, Inst, Limit, after_key, next_of, refuse_unknown
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action
from steelyard.store.database import Transaction
from steelyard.work.batches import change_batch, checked_priority, create_batch, find_batch, list_batches
from steelyard.work.projects import find_project

router = APIRouter(prefix="/api", tags=["batches"], responses=REFUSALS)


class NewBatch(Body):
    name: Any = Field(None, description="unique in its world")
    staged: Any = Field(False, description="true: its tasks wait until it is started")
    priority: Any = Field(0, description="the priority of tasks that name none")


class BatchChange(Body):
    status: Any = Field(None, description="running, paused, finished or cancelled")
    priority: Any = Field(None, description="of all its tasks, from now on")


def _json(row: Any) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": row.name,
        "status": row.status,
        "priority": row.priority,
        "tasks": row.tasks,
        "created_at": format_time(row.created_at),
    }


@router.post("/projects/{slug}/batches", status_code=201)
def create(inst: Inst, asker: Asker, slug: str, body: NewBatch) -> dict[str, Any]:
    """Makes a batch, running unless staged."""
    refuse_unknown(body, "a batch")
    if not isinstance(body.staged, bool):
        raise invalid("/staged", "type", "must be true or false")
    checked_priority(body.priority)

    def do(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.MANAGE_PROJECTS)
        return _json(create_batch(tx, who, project, body.name, staged=body.staged, priority=body.priority))

    return inst.database.write(do)


@router.get("/projects/{slug}/batches")
def listing(inst: Inst, asker: Asker, slug: str, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """The batches of a project, newest first."""

    def look(tx: Transaction) -> dict[str, Any]:
        project = find_project(tx, asker.principal(tx), slug, Action.READ_RESULTS)
        page = list_batches(tx, project, after=after_key(after), limit=limit)
        return {"items": [_json(row) for row in page.rows], "next": next_of(page)}

    return inst.database.read(look)


@router.get("/batches/{name}")
def read(inst: Inst, asker: Asker, name: str) -> dict[str, Any]:
    """One batch."""
    return inst.database.read(lambda tx: _json(find_batch(tx, asker.principal(tx), name)))


@router.patch("/batches/{name}")
def change(inst: Inst, asker: Asker, name: str, body: BatchChange) -> dict[str, Any]:
    """Starts, pauses, prioritises, finishes or cancels a batch; it holds for the next claim."""
    refuse_unknown(body, "a change of a batch")

    def do(tx: Transaction) -> dict[str, Any]:
        return _json(change_batch(tx, asker.principal(tx), name, body.status, body.priority))

    return inst.database.write(do)
