"""/api/questions and /api/clarifications: what annotators ask, and what all are told."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from steelyard.domain.times import format_time
from steelyard.http.api.common import (
    REFUSALS,
    After,
    Body,
    IdempotencyKey,
    Inst,
    Limit,
    after_key,
    fields_of,
    once,
    refuse_unknown,
)
from steelyard.http.auth import Asker
from steelyard.store.database import Transaction
from steelyard.work.clarifications import end_clarification, list_clarifications
from steelyard.work.projects import find_project
from steelyard.work.questions import Question, answer, ask, list_questions, read

router = APIRouter(prefix="/api", tags=["questions"], responses=REFUSALS)
State = Literal["open", "answered"]


class Asked(Body):
    text: Any = Field(None, description="what is unclear about the task")


class Answer(Body):
    text: Any = Field(None, description="the answer, which whoever asked is shown")
    share: Any = Field(True, description="whether all who work on the project are shown it")
    asked: Any = Field(None, description="the question in other words, for those it is shared with")


@router.post("/assignments/{assignment_id}/ask", status_code=201)
def put(
    inst: Inst, asker: Asker, request: Request, assignment_id: str, body: Asked, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Asks about the task of an assignment that the caller holds or has answered."""
    raw = fields_of(body)
    refuse_unknown(body, "a question")

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)
        return once(
            tx,
            who,
            f"POST {request.url.path}",
            key,
            raw,
            lambda: {"question": ask(tx, who, assignment_id, raw.get("text"))},
        )

    return inst.database.write(do)


@router.get("/projects/{slug}/questions")
def listing(
    inst: Inst, asker: Asker, slug: str, state: State | None = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """Questions about a project's tasks, oldest first; whoever only works on it sees the own ones."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug)
        found, following = list_questions(tx, who, project.id, state, after_key(after), limit)
        return {
            "items": [_json(question) for question in found],
            "next": None if following is None else str(following),
        }

    return inst.database.read(look)


@router.get("/questions/{question_id}")
def one(inst: Inst, asker: Asker, question_id: str) -> dict[str, Any]:
    """A question with its answer."""
    return _json(inst.database.read(lambda tx: read(tx, asker.principal(tx), question_id)))


@router.post("/questions/{question_id}/answer")
def tell(
    inst: Inst, asker: Asker, request: Request, question_id: str, body: Answer, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Answers a question, once. Shared, it is a clarification for all who work on the project."""
    raw = fields_of(body)
    refuse_unknown(body, "an answer")

    def do(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)

        def once_only() -> dict[str, Any]:
            shared = answer(tx, who, question_id, raw.get("text"), raw.get("share", True), raw.get("asked"))
            return {"question": question_id, "clarification": shared}

        return once(tx, who, f"POST {request.url.path}", key, raw, once_only)

    return inst.database.write(do)


@router.get("/projects/{slug}/clarifications")
def clarifications(
    inst: Inst, asker: Asker, slug: str, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """What was asked and answered for all who work on the project, oldest first."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug)
        found, following = list_clarifications(tx, who, project, after_key(after), limit)
        items = [{"id": c.id, "asked": c.asked, "answer": c.answer, "at": format_time(c.at)} for c in found]
        return {"items": items, "next": None if following is None else str(following)}

    return inst.database.read(look)


@router.delete("/clarifications/{clarification_id}", status_code=204)
def take_back(inst: Inst, asker: Asker, clarification_id: str) -> None:
    """Shows a clarification no more."""
    inst.database.write(lambda tx: end_clarification(tx, asker.principal(tx), clarification_id))


def _json(question: Question) -> dict[str, Any]:
    asker = question.asker
    return {
        "id": question.id,
        "task": question.task,
        "text": question.text,
        "state": question.state,
        "at": format_time(question.at),
        "answered_at": None if question.answered_at is None else format_time(question.answered_at),
        "asker": None
        if asker is None
        else {"annotator": asker.annotator, "name": asker.name, "provider": asker.provider},
        "answers": [{"text": text, "by": by, "at": format_time(at)} for text, by, at in question.answers],
    }
