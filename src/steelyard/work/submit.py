"""Is this answer taken?

Judged in one order: who you are; the same key and body seen before; whether the provider may still see it;
whether the lease still stands; the form. An answer that was acknowledged is durable and there once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.errors import Conflict, Invalid, NotFound, invalid
from steelyard.domain.ids import is_id, new_id
from steelyard.domain.states import AssignmentState, TaskStatus
from steelyard.identity.policy import Action, Principal, require
from steelyard.ledger.commitments import canonical, commit
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared, insert
from steelyard.work import standing, workload
from steelyard.work.claim import MOST, claim
from steelyard.work.held import Held, show
from steelyard.work.hidden_gold import TRAINING
from steelyard.work.keep import drop_draft
from steelyard.work.settle import form_of, judge_gold, lock_task, settle_if_answered, write_gold_results
from steelyard.work.tally import count_judgment

MAX_SPENT = 7 * 24 * 3600 * 1000


class Refused(Conflict):
    """An answer that is not taken; `keep` says that an outside provider gets a receipt for it."""

    def __init__(self, message: str, code: str, keep: dict[str, Any] | None = None) -> None:
        super().__init__(message, code)
        self.keep = keep


@dataclass(frozen=True)
class Lesson:
    """What a training task teaches: the known answers, and which questions were answered right."""

    answers: dict[str, Any]
    correct: dict[str, bool]


@dataclass(frozen=True)
class Submitted:
    judgment: str
    next: list[Held]
    replayed: bool = False
    lesson: Lesson | None = None


_ASSIGNMENT = Prepared(
    sa.select(
        t.assignment.c.id,
        t.assignment.c.project_id,
        t.assignment.c.task_id,
        t.assignment.c.state,
        t.assignment.c.annotator_id,
        t.assignment.c.price,
        t.task.c.world,
        t.task.c.status.label("task_status"),
        t.task.c.gold,
        t.task.c.form_id,
        t.task.c.suggestion_by,
        sa.select(t.form.c.digest)
        .where(t.form.c.id == t.task.c.form_id)
        .scalar_subquery()
        .label("form_digest"),
        sa.exists().where(t.answer_draft.c.assignment_id == t.assignment.c.id).label("drafted"),
    )
    .join(t.task, t.task.c.id == t.assignment.c.task_id)
    .where(t.assignment.c.public_id == sa.bindparam("id"))
    .with_for_update(of=t.assignment)
)
_SEEN_BEFORE = Prepared(
    sa.select(t.judgment.c.public_id, t.judgment.c.body_digest).where(
        t.judgment.c.assignment_id == sa.bindparam("assignment"),
        t.judgment.c.annotator_id == sa.bindparam("me"),
        t.judgment.c.idempotency_key == sa.bindparam("key"),
    )
)
_PROJECT = Prepared(sa.select(t.project).where(t.project.c.id == sa.bindparam("id")))
_DONE = Prepared(
    sa.update(t.assignment)
    .where(t.assignment.c.id == sa.bindparam("key"))
    .values(state=int(AssignmentState.DONE), lease_until=None)
)
_JUDGMENT = insert(
    t.judgment, "public_id", "project_id", "task_id", "assignment_id", "annotator_id", "provider_id", "form_id",
    "commitment", "price", "spent_ms", "at", "gold", "idempotency_key", "body_digest", "suggested_by",
)  # fmt: skip
_PAYLOAD = insert(t.judgment_payload, "judgment_id", "answers", "presentation", "salt")


def submit(
    tx: Transaction,
    who: Principal,
    assignment_id: str,
    answers: Any,
    *,
    spent_ms: Any = None,
    presentation: Any = None,
    claim_next: Any = 0,
    idempotency_key: str | None = None,
) -> Submitted:
    """Takes an answer and, with `claim_next`, hands out that many assignments in the same round trip.

    Raises `NotFound`, `Refused` (409: idempotency_mismatch, provider_stopped, lease_lost, task_full) or
    `Invalid` (422) with a pointer to each field.
    """
    tx.share_showing()
    require(who, Action.WORK)
    row = _ASSIGNMENT.row(tx, {"id": assignment_id}) if is_id(assignment_id) else None
    if row is None or row.world != who.world:
        raise NotFound("there is no such assignment")
    require(who, Action.WORK, row.project_id)
    digest = _digest(answers, spent_ms, presentation)
    project = _PROJECT.one(tx, {"id": row.project_id})
    before = _before(tx, who, row.id, idempotency_key)
    if before is not None:
        if before.body_digest != digest:
            raise Refused("this Idempotency-Key came before with another body", "idempotency_mismatch")
        return Submitted(before.public_id, _still_held(tx, who, project), replayed=True)
    allowed = standing.verdict(tx, who.provider_id, row.project_id, gold=row.gold is not None)
    keep = _receipt(who, row, answers) if digest is not None else None
    if not allowed.allowed:
        message = "Your provider's work on this project has stopped; this answer was not taken."
        raise Refused(message, "provider_stopped", keep)
    if row.state != AssignmentState.HELD or row.annotator_id != who.annotator_id:
        if row.task_status in (TaskStatus.SETTLED, TaskStatus.REVIEW, TaskStatus.CANCELLED):
            raise Refused("This task has all the answers it needs.", "task_full", keep)
        raise Refused("Someone else may have this task now; the lease on it was lost.", "lease_lost", keep)
    if row.task_status == TaskStatus.CANCELLED:
        raise Refused("This task was cancelled.", "task_full", keep)
    form = form_of(tx, row.form_id, row.form_digest)
    problems = forms.check_answers(form, answers)
    if problems:
        raise Invalid(problems)
    if digest is None:
        raise invalid("/answers", "json", "cannot be kept exactly as JSON")
    _check_rest(spent_ms, presentation, claim_next)
    judgment_id, public = _write(tx, who, row, answers, spent_ms, presentation, idempotency_key, digest)
    _DONE.run(tx, {"key": row.id})
    if row.drafted or tx.dialect != "sqlite":  # elsewhere a draft may have come while this one waited
        drop_draft(tx, row.id)
    # The task before the sums, as whatever withdraws an answer takes them: two never wait for each other.
    task = lock_task(tx, row.task_id) if row.gold is None else None
    training = row.gold == TRAINING
    count_judgment(
        tx, row.project_id, who.provider_id, who.annotator_id, gold=row.gold is not None, price=row.price,
        training=training,
    )  # fmt: skip
    lesson = None
    if task is not None:
        workload.count_work(tx, who.annotator_id, row.project_id, spent_ms, row.price)
        settle_if_answered(tx, project, task, form)
    else:
        judged = judge_gold(tx, form, row.task_id, answers)
        if not training:
            write_gold_results(tx, who, row, judgment_id, judged.correct)
        workload.count_gold(
            tx, who.annotator_id, row.project_id, spent_ms, row.price,
            correct=all(judged.correct.values()), training=training,
        )  # fmt: skip
        if training:
            lesson = Lesson(judged.known, judged.correct)
        else:
            workload.stop_if_below(
                tx, who.annotator_id, row.project_id, standing.terms_of(tx, project.id).policy
            )
    following = claim(tx, who, project, claim_next).held if claim_next else []
    return Submitted(public, following, lesson=lesson)


def _digest(answers: Any, spent_ms: Any, presentation: Any) -> str | None:
    """None for a body that cannot be kept exactly: its sender is told so when all else has been judged."""
    body = {"answers": answers, "spent_ms": spent_ms, "presentation": presentation}
    try:
        return hashlib.sha256(canonical(body)).hexdigest()
    except Invalid:
        return None


def _before(tx: Transaction, who: Principal, assignment: int, key: str | None) -> sa.Row | None:
    if key is None:
        return None
    return _SEEN_BEFORE.row(tx, {"assignment": assignment, "me": who.annotator_id, "key": key})


def _still_held(tx: Transaction, who: Principal, project: sa.Row) -> list[Held]:
    """What a replay shows in `next`: only what the caller still holds and may still be shown."""
    rows = tx.execute(
        sa.select(t.assignment.c.id, t.assignment.c.lane_id)
        .where(
            t.assignment.c.annotator_id == who.annotator_id,
            t.assignment.c.project_id == project.id,
            sa.text("assignment.state = 1"),
        )
        .order_by(t.assignment.c.claimed_at, t.assignment.c.task_id)
    ).all()
    may = [
        r.id
        for r in rows
        if standing.verdict(tx, who.provider_id, project.id, gold=r.lane_id is None).allowed
    ]
    return show(tx, who, project, may)


def _check_rest(spent_ms: Any, presentation: Any, claim_next: Any) -> None:
    if spent_ms is not None and (
        isinstance(spent_ms, bool) or not isinstance(spent_ms, int) or not 0 <= spent_ms <= MAX_SPENT
    ):
        raise invalid("/spent_ms", "range", "must be a whole number of milliseconds, at most a week")
    if presentation is not None and not isinstance(presentation, Mapping):
        raise invalid("/presentation", "type", "must be an object")
    if isinstance(claim_next, bool) or not isinstance(claim_next, int) or not 0 <= claim_next <= MOST:
        raise invalid("/claim", "range", f"must be a whole number from 0 to {MOST}")


def _write(
    tx: Transaction,
    who: Principal,
    row: sa.Row,
    answers: Any,
    spent_ms: int | None,
    presentation: Any,
    key: str | None,
    digest: str,
) -> tuple[int, str]:
    public = new_id(tx.now)
    salt, commitment = commit(answers)
    judgment_id = _JUDGMENT.added(
        tx,
        {
            "public_id": public,
            "project_id": row.project_id,
            "task_id": row.task_id,
            "assignment_id": row.id,
            "annotator_id": who.annotator_id,
            "provider_id": who.provider_id,
            "form_id": row.form_id,
            "commitment": commitment,
            "price": row.price,
            "spent_ms": spent_ms,
            "at": tx.now,
            "gold": row.gold is not None,
            "idempotency_key": key,
            "body_digest": digest if key is not None else None,
            "suggested_by": row.suggestion_by,
        },
    )
    _PAYLOAD.run(
        tx, {"judgment_id": judgment_id, "answers": answers, "presentation": presentation, "salt": salt}
    )
    return judgment_id, public


def _receipt(who: Principal, row: sa.Row, answers: Any) -> dict[str, Any] | None:
    """What is kept of a refused answer of an outside provider: that it came, and a commitment to it."""
    if who.inhouse:
        return None
    salt, digest = commit(answers)
    return {
        "assignment_id": row.id,
        "provider_id": who.provider_id,
        "annotator_id": who.annotator_id,
        "commitment": digest,
        "salt": salt,
    }


def keep_refused(tx: Transaction, refused: Refused) -> None:
    """Writes the receipt of an answer that was refused; its own transaction, since the submit rolled back."""
    if refused.keep is not None:
        values = {**refused.keep, "public_id": new_id(tx.now), "reason": refused.code, "at": tx.now}
        tx.execute(sa.insert(t.refused_receipt).values(**values))
