"""Claim, submit, return: what an annotator does all day."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import is_id
from steelyard.domain.states import AssignmentState
from steelyard.domain.times import format_time
from steelyard.http.api.common import REFUSALS, Body, IdempotencyKey, Inst
from steelyard.http.api.files import BYTES, serve_block
from steelyard.http.auth import Asker, Credentials
from steelyard.http.hot import answer, asks_for, body_of, idempotency_key, write
from steelyard.http.render import held_json
from steelyard.identity.policy import Action, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import opened, standing
from steelyard.work.claim import claim
from steelyard.work.giveback import give_back
from steelyard.work.held import held_by_me
from steelyard.work.keep import extend, keep_draft
from steelyard.work.projects import find_project
from steelyard.work.submit import Refused, keep_refused, submit

router = APIRouter(prefix="/api", tags=["work"], responses=REFUSALS)
HELD, DONE = int(AssignmentState.HELD), int(AssignmentState.DONE)


class Claim(Body):
    count: Any = Field(1, description="how many at most, 1 to 100")
    lease_s: Any = Field(None, description="seconds until they go back; the project's lease unless given")


class Answer(Body):
    answers: Any = Field(None, description="by question name")
    spent_ms: Any = Field(None, description="time spent, in milliseconds")
    presentation: Any = Field(None, description="how it was shown, such as the order of candidates")
    claim: Any = Field(0, description="how many new assignments to hand out in the same round trip")


class Return(Body):
    reason: Any = Field(None, description="why; a reviewer must be told")
    to: Any = Field("others", description="others, anyone (the caller too) or review")


class Draft(Body):
    answers: Any = Field(None, description="what there is so far, by question name; nothing of it is checked")
    spent_ms: Any = Field(None, description="time spent, in milliseconds")


class Extension(Body):
    lease_s: Any = Field(None, description="seconds from now; the project's lease unless given")


@router.post("/projects/{slug}/claim", openapi_extra=asks_for(Claim))
async def take(request: Request, slug: str) -> Response:
    """Hands out assignments under a lease. An empty list says why; it is not an error."""
    return answer(await claim_for(request, slug))


async def claim_for(request: Request, slug: str) -> dict[str, Any]:
    wanted = await body_of(request)

    def do(tx: Transaction, asker: Credentials) -> dict[str, Any]:
        # The installation's lock comes before anything that is read under it.
        tx.share_showing()
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.WORK)
        taken = claim(tx, who, project, wanted.get("count", 1), wanted.get("lease_s"))
        found: dict[str, Any] = {"assignments": [held_json(h) for h in taken.held]}
        if not taken.held:
            found |= {"code": taken.code, "because": taken.because}
        return found

    return await write(request, do)


@router.get("/assignments")
def held(
    inst: Inst, asker: Asker, project: Annotated[str | None, Query(max_length=100)] = None
) -> dict[str, Any]:
    """What the caller holds now, oldest first."""

    def look(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)
        key = None if project is None else find_project(tx, who, project, Action.WORK).id
        return {"items": [held_json(h) for h in held_by_me(tx, who, key)], "next": None}

    return inst.database.write(look)


@router.post("/assignments/{assignment_id}/submit", openapi_extra=asks_for(Answer, required=True))
async def hand_in(request: Request, assignment_id: str, key: IdempotencyKey = None) -> Response:
    """Takes an answer; with an Idempotency-Key a repetition gets the first answer again."""
    return answer(await submit_for(request, assignment_id))


async def submit_for(request: Request, assignment_id: str) -> dict[str, Any]:
    key = idempotency_key(request)
    body = await body_of(request, required=True)

    def do(tx: Transaction, asker: Credentials) -> dict[str, Any]:
        tx.share_showing()
        done = submit(
            tx,
            asker.principal(tx),
            assignment_id,
            body.get("answers"),
            spent_ms=body.get("spent_ms"),
            presentation=body.get("presentation"),
            claim_next=body.get("claim", 0),
            idempotency_key=key,
        )
        taken: dict[str, Any] = {"judgment": done.judgment, "next": [held_json(h) for h in done.next]}
        if done.lesson is not None:
            taken["training"] = {"answers": done.lesson.answers, "correct": done.lesson.correct}
        return taken

    try:
        return await write(request, do)
    except Refused as refused:
        late = refused
        if late.keep is not None:
            await write(request, lambda tx, asker: keep_refused(tx, late))
        raise


@router.post("/assignments/{assignment_id}/return", status_code=204)
def put_back(inst: Inst, asker: Asker, assignment_id: str, body: Return | None = None) -> None:
    """Gives an assignment back, with a reason; to others unless told."""
    given = body or Return(reason=None, to="others")
    inst.database.write(lambda tx: give_back(tx, asker.principal(tx), assignment_id, given.reason, given.to))


@router.put("/assignments/{assignment_id}/draft")
def autosave(inst: Inst, asker: Asker, assignment_id: str, body: Draft) -> dict[str, Any]:
    """Keeps an answer that is not finished, for its writer alone, and renews the lease."""

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        until = keep_draft(tx, asker.principal(tx), assignment_id, body.answers, body.spent_ms)
        return {"lease_until": format_time(until)}

    return inst.database.write(do)


@router.post("/assignments/{assignment_id}/extend")
def renew(inst: Inst, asker: Asker, assignment_id: str, body: Extension | None = None) -> dict[str, Any]:
    """Renews the lease; it never ends earlier than it did."""

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        until = extend(tx, asker.principal(tx), assignment_id, body.lease_s if body is not None else None)
        return {"lease_until": format_time(until)}

    return inst.database.write(do)


@router.get("/assignments/{assignment_id}/content/{block}", response_class=Response, responses=BYTES)
def content(inst: Inst, asker: Asker, assignment_id: str, block: int) -> Response:
    """The bytes of a block, for the one who holds the assignment and may still be shown it."""

    def look(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)
        row = tx.execute(_CONTENT, {"id": assignment_id}).first() if is_id(assignment_id) else None
        if row is None or row.world != who.world:
            raise NotFound("you hold no such assignment")
        require(who, Action.WORK, row.project_id)
        # The stop comes before the hands it is in: what was recalled is in nobody's.
        if not standing.verdict(tx, who.provider_id, row.project_id, gold=row.lane_id is None).allowed:
            raise Conflict("Your provider's work on this project has stopped.", "provider_stopped")
        if row.annotator_id != who.annotator_id or row.state not in (HELD, DONE):
            raise NotFound("you hold no such assignment")
        if row.state == DONE:  # what is held was written in the claim
            again = opened.Opened(row.task_id, row.content_id, row.project_id, assignment_id)
            opened.write(tx, who, opened.not_written(tx, who, [again], opened.today(tx)))
        return row.body

    return serve_block(inst, inst.database.write(look), block)


# Answered before all other paths are tried; the routes above describe them.
HOT = {("projects", "claim"): claim_for, ("assignments", "submit"): submit_for}
_CONTENT = (
    sa.select(
        t.assignment.c.project_id,
        t.assignment.c.task_id,
        t.assignment.c.lane_id,
        t.assignment.c.annotator_id,
        t.assignment.c.state,
        t.task.c.content_id,
        t.task.c.world,
        t.content_payload.c.body,
    )
    .join(t.task, t.task.c.id == t.assignment.c.task_id)
    .join(t.content_payload, t.content_payload.c.content_id == t.task.c.content_id)
    .where(t.assignment.c.public_id == sa.bindparam("id"))
)
