"""/api/judgments/{id}/revise and /api/projects/{name}/mine: going back to what one has answered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from steelyard.domain.times import format_time
from steelyard.http.api.common import REFUSALS, After, Body, IdempotencyKey, Inst, after_key
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action
from steelyard.store.database import Transaction
from steelyard.work.mine import Mine, mine
from steelyard.work.projects import find_project
from steelyard.work.revise import revise

Page = Annotated[int, Query(ge=1, le=100)]
router = APIRouter(prefix="/api", tags=["work"], responses=REFUSALS)


class Revision(Body):
    answers: Any = Field(None, description="by question name; all of them, also those that stay")
    spent_ms: Any = Field(None, description="time spent on the revision, in milliseconds")


@router.post("/judgments/{judgment_id}/revise")
def again(
    inst: Inst, asker: Asker, judgment_id: str, body: Revision, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Supersedes one's own answer; with an Idempotency-Key a repetition gets the first answer again."""

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)
        done = revise(tx, who, judgment_id, body.answers, spent_ms=body.spent_ms, idempotency_key=key)
        return {"judgment": done.judgment}

    return inst.database.write(do)


@router.get("/projects/{slug}/mine")
def own(inst: Inst, asker: Asker, slug: str, after: After = None, limit: Page = 50) -> dict[str, Any]:
    """What the caller has answered, the newest first, and what of it may be revised."""

    def look(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.WORK)
        found, following = mine(tx, who, project, after_key(after), limit)
        return {
            "items": [_json(one) for one in found],
            "next": None if following is None else str(following),
        }

    return inst.database.write(look)


def _json(one: Mine) -> dict[str, Any]:
    return {
        "id": one.id,
        "assignment": one.assignment,
        "task": {"id": one.task, "content": None if one.content is None else _content(one)},
        "form": one.form,
        "answers": one.answers,
        "at": format_time(one.at),
        "spent_ms": one.spent_ms,
        "state": one.state,
        "reason": one.reason,
        "revisable": one.revisable,
    }


def _content(one: Mine) -> dict[str, Any]:
    """Blobs are links that ask who is asking."""
    assert one.content is not None
    blocks = []
    for index, block in enumerate(one.content["blocks"]):
        shown = dict(block)
        if isinstance(shown.get("url"), str) and shown["url"].startswith("blob:"):
            shown["url"] = f"/api/assignments/{one.assignment}/content/{index}"
        blocks.append(shown)
    return {"blocks": blocks}
