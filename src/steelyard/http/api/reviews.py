"""/api/judgments/{id}/review: accept, fix or reject an answer."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from steelyard.http.api.common import (
    REFUSALS,
    Body,
    IdempotencyKey,
    Inst,
    fields_of,
    once,
    refuse_unknown,
)
from steelyard.http.auth import Asker
from steelyard.store.database import Transaction
from steelyard.work.review import review

router = APIRouter(prefix="/api", tags=["results"], responses=REFUSALS)


class Verdict(Body):
    verdict: Any = Field(None, description="accept, fix or reject")
    answers: Any = Field(None, description="with a fix: what the answer should have been")
    reason: Any = Field(None, description="why; a rejection must say so")


@router.post("/judgments/{judgment_id}/review", status_code=201)
def judge(
    inst: Inst, asker: Asker, request: Request, judgment_id: str, body: Verdict, key: IdempotencyKey = None
) -> dict[str, Any]:
    """A verdict on a judgment. A fix becomes the task's value; a rejected answer is asked of another."""
    raw = fields_of(body)
    refuse_unknown(body, "a review")

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)

        def once_only() -> dict[str, Any]:
            said = review(tx, who, judgment_id, raw.get("verdict"), raw.get("answers"), raw.get("reason"))
            return {"id": said.review, "verdict": said.verdict, "judgment": said.fix}

        return once(tx, who, f"POST {request.url.path}", key, raw, once_only)

    return inst.database.write(do)
