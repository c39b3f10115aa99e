"""/api/tasks/{id}: what is changed of a task that is there."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from steelyard.domain.errors import invalid
from steelyard.http.api.common import REFUSALS, Body, Inst, fields_of, refuse_unknown
from steelyard.http.auth import Asker
from steelyard.store.database import Transaction
from steelyard.work.task_change import change_task
from steelyard.work.task_end import cancel_task

router = APIRouter(prefix="/api", tags=["tasks"], responses=REFUSALS)
LONGEST_REASON = 2000


class TaskChange(Body):
    priority: Any = Field(None, description="holds for the next claim")
    tags: Any = Field(None, description="replaces them whole")
    metadata: Any = Field(None, description="replaces it whole")


class Cancellation(Body):
    reason: Any = Field(None, description="kept with the task")


def _json(row: Any) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "status": row.status,
        "reason": row.reason,
        "priority": row.priority,
        "tags": row.tags,
        "metadata": row.details,
    }


@router.patch("/tasks/{task_id}")
def change(inst: Inst, asker: Asker, task_id: str, body: TaskChange) -> dict[str, Any]:
    """Changes a task's priority, tags or metadata."""
    given = fields_of(body) | (body.model_extra or {})
    return inst.database.write(lambda tx: _json(change_task(tx, asker.principal(tx), task_id, given)))


@router.post("/tasks/{task_id}/cancel")
def cancel(inst: Inst, asker: Asker, task_id: str, body: Cancellation | None = None) -> dict[str, Any]:
    """Cancels a task that is not settled; what is handed in for it later is refused."""
    reason = body.reason if body is not None else None
    if body is not None:
        refuse_unknown(body, "a cancellation")
    if reason is not None and (
        not isinstance(reason, str) or len(reason) > LONGEST_REASON or "\x00" in reason
    ):
        raise invalid("/reason", "type", f"must be a text of at most {LONGEST_REASON} characters")

    def do(tx: Transaction) -> dict[str, Any]:
        return _json(cancel_task(tx, asker.principal(tx), task_id, reason))

    return inst.database.write(do)
