"""Claim, submit, return: what an annotator does all day."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Response
from pydantic import Field

from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import is_id
from steelyard.domain.states import AssignmentState
from steelyard.http.api.common import REFUSALS, Body, IdempotencyKey, Inst
from steelyard.http.api.files import BYTES, serve_block
from steelyard.http.auth import Asker
from steelyard.http.render import held_json
from steelyard.identity.policy import Action, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import opened, standing
from steelyard.work.claim import claim
from steelyard.work.giveback import give_back
from steelyard.work.held import held_by_me
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
    reason: Any = None


@router.post("/projects/{slug}/claim")
def take(inst: Inst, asker: Asker, slug: str, body: Claim | None = None) -> dict[str, Any]:
    """Hands out assignments under a lease. An empty list says why; it is not an error."""
    wanted = body or Claim(count=1, lease_s=None)

    def do(tx: Transaction) -> dict[str, Any]:
        # The installation's lock comes before anything that is read under it.
        tx.share_showing()
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.WORK)
        taken = claim(tx, who, project, wanted.count, wanted.lease_s)
        answer: dict[str, Any] = {"assignments": [held_json(h) for h in taken.held]}
        if not taken.held:
            answer |= {"code": taken.code, "because": taken.because}
        return answer

    return inst.database.write(do)


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


@router.post("/assignments/{assignment_id}/submit")
def answer(
    inst: Inst, asker: Asker, assignment_id: str, body: Answer, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Takes an answer; with an Idempotency-Key a repetition gets the first answer again."""

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        done = submit(
            tx,
            asker.principal(tx),
            assignment_id,
            body.answers,
            spent_ms=body.spent_ms,
            presentation=body.presentation,
            claim_next=body.claim,
            idempotency_key=key,
        )
        return {"judgment": done.judgment, "next": [held_json(h) for h in done.next]}

    try:
        return inst.database.write(do)
    except Refused as refused:
        if refused.keep is not None:
            inst.database.write(lambda tx, refused=refused: keep_refused(tx, refused))
        raise


@router.post("/assignments/{assignment_id}/return", status_code=204)
def put_back(inst: Inst, asker: Asker, assignment_id: str, body: Return | None = None) -> None:
    """Gives an assignment back, with a reason; it is not handed to the same annotator again."""
    reason = body.reason if body is not None else None
    inst.database.write(lambda tx: give_back(tx, asker.principal(tx), assignment_id, reason))


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
