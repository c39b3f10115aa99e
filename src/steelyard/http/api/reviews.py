"""/api/reviews and /api/projects/{name}/reviews: what waits for a reviewer, and what is said of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from steelyard.domain.errors import invalid
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
from steelyard.http.render import task_content_json
from steelyard.identity.policy import Action
from steelyard.store.database import Transaction
from steelyard.work.projects import find_project
from steelyard.work.review import judge, project_of, review
from steelyard.work.review_list import list_reviews
from steelyard.work.review_queue import MOST, claim_reviews, held_reviews, return_review
from steelyard.work.review_shown import Shown

router = APIRouter(prefix="/api", tags=["review"], responses=REFUSALS)
State = Literal["ready", "held", "done", "cancelled"]


class Claim(Body):
    count: Any = Field(1, description="how many at most, 1 to 100")
    lease_s: Any = Field(None, description="seconds until they go back; the project's lease unless given")


class Verdict(Body):
    verdict: Any = Field(None, description="accept, fix or reject")
    answers: Any = Field(None, description="with a fix: what the answer should have been")
    reason: Any = Field(None, description="why; a rejection must say so")


class ItemVerdict(Verdict):
    judgments: Any = Field(None, description="which answers are rejected, or which one is fixed")
    claim: Any = Field(0, description="how many new reviews to hand out in the same round trip")


class Return(Body):
    reason: Any = None


@router.post("/projects/{slug}/reviews/claim")
def take(inst: Inst, asker: Asker, slug: str, body: Claim | None = None) -> dict[str, Any]:
    """Hands out reviews under a lease, by priority and then age. An empty list says why; it is not an error."""
    wanted = body or Claim(count=1, lease_s=None)

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.REVIEW)
        taken = claim_reviews(tx, who, project, wanted.count, wanted.lease_s)
        answer: dict[str, Any] = {"items": [review_json(shown) for shown in taken.held]}
        if not taken.held:
            answer |= {"code": taken.code, "because": taken.because}
        return answer

    return inst.database.write(do)


@router.get("/projects/{slug}/reviews")
def listing(
    inst: Inst,
    asker: Asker,
    slug: str,
    state: State | None = None,
    level: Annotated[int | None, Query(ge=1, le=5)] = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Reviews of a project, oldest first. Whoever only reviews is told the verdicts of its own alone."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.REVIEW)
        items, following = list_reviews(tx, who, project.id, state, level, after_key(after), limit)
        return {"items": items, "next": None if following is None else str(following)}

    return inst.database.read(look)


@router.get("/reviews")
def held(inst: Inst, asker: Asker) -> dict[str, Any]:
    """What the caller holds now, oldest first."""

    def look(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        return {"items": [review_json(s) for s in held_reviews(tx, asker.principal(tx))], "next": None}

    return inst.database.write(look)


@router.post("/reviews/{review_id}/submit")
def answer(
    inst: Inst, asker: Asker, request: Request, review_id: str, body: ItemVerdict, key: IdempotencyKey = None
) -> dict[str, Any]:
    """A verdict on what the caller holds; with an Idempotency-Key a repetition gets the first answer again."""
    raw = fields_of(body)
    refuse_unknown(body, "a verdict")
    more = raw.pop("claim", 0)

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)
        if isinstance(more, bool) or not isinstance(more, int) or not 0 <= more <= MOST:
            raise invalid("/claim", "range", f"must be a whole number from 0 to {MOST}")
        fresh = False

        def once_only() -> dict[str, Any]:
            nonlocal fresh
            fresh = True
            said = judge(
                tx,
                who,
                review_id,
                raw.get("verdict"),
                raw.get("answers"),
                raw.get("reason"),
                raw.get("judgments"),
            )
            return {"review": said.review, "verdict": said.verdict, "fix": said.fix}

        done = once(tx, who, f"POST {request.url.path}", key, raw, once_only)
        project = project_of(tx, review_id)
        if not fresh:  # what was handed out with it, as far as it is still held
            shown = [s for s in held_reviews(tx, who) if s.project == project.slug]
        else:
            shown = claim_reviews(tx, who, project, more).held if more else []
        return {**done, "next": [review_json(s) for s in shown]}

    return inst.database.write(do)


@router.post("/reviews/{review_id}/return", status_code=204)
def put_back(inst: Inst, asker: Asker, review_id: str, body: Return | None = None) -> None:
    """Gives a review back, with a reason; it is not handed to the same reviewer again."""
    reason = body.reason if body is not None else None
    inst.database.write(lambda tx: return_review(tx, asker.principal(tx), review_id, reason))


@router.post("/judgments/{judgment_id}/review", status_code=201)
def judge_one(
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


def review_json(shown: Shown) -> dict[str, Any]:
    """An item as its reviewer sees it: answers are A, B, C, in the order drawn for it."""
    value = shown.consensus
    return {
        "id": shown.id,
        "level": shown.level,
        "why": shown.why,
        "said": shown.said,
        "lease_until": format_time(shown.lease_until),
        "task": {
            "id": shown.task,
            "content": None if shown.content is None else task_content_json(shown.task, shown.content),
        },
        "form": shown.form,
        "project": shown.project,
        "instruction": shown.instruction,
        "answers": [
            {"judgment": judgment, "by": letters(place), "answers": said}
            for place, (judgment, said) in enumerate(shown.answers)
        ],
        "consensus": None
        if value is None
        else {"answers": value[0], "confidence": round(value[1], 6), "tie": value[2]},
    }


def letters(place: int) -> str:
    """A to Z, then AA and so on."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
