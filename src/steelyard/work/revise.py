"""May this annotator go back to an answer, and what becomes of the task then?

A revision is a judgment of its own that supersedes the one before: it takes no slot, keeps its assignment and its
price, and the task's answer is inferred anew with it. Once a reviewer has spoken the answer stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.errors import Conflict, Invalid, NotFound, invalid
from steelyard.domain.ids import is_id, new_id
from steelyard.domain.states import TaskStatus
from steelyard.identity.policy import Action, Principal, require
from steelyard.ledger.commitments import canonical, commit
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import reviewing, standing
from steelyard.work.queue import put_back
from steelyard.work.settle import infer, order_if_short
from steelyard.work.submit import MAX_SPENT

TRAINING = "training"
_j = t.judgment
_ids = sa.bindparam("ids", expanding=True)
_MINE = (
    sa.select(_j, t.task.c.world)
    .join(t.task, t.task.c.id == _j.c.task_id)
    .where(_j.c.public_id == sa.bindparam("id"))
)
_SEEN_BEFORE = sa.select(_j.c.public_id, _j.c.body_digest).where(
    _j.c.task_id == sa.bindparam("task"),
    _j.c.supersedes == sa.bindparam("row"),
    _j.c.idempotency_key == sa.bindparam("key"),
)
_TASK = sa.select(t.task).where(t.task.c.id == sa.bindparam("task")).with_for_update(key_share=True)
_STOPPED = sa.select(t.workload.c.stopped_because).where(
    t.workload.c.annotator_id == sa.bindparam("me"),
    t.workload.c.project_id == sa.bindparam("project"),
    t.workload.c.stopped_at.is_not(None),
)
_SPENT = (
    sa.update(t.workload)
    .where(
        t.workload.c.annotator_id == sa.bindparam("me"), t.workload.c.project_id == sa.bindparam("project")
    )
    .values(spent_ms=t.workload.c.spent_ms + sa.bindparam("more"))
)
_FIXED = (
    sa.select(_j.c.task_id).where(_j.c.task_id.in_(_ids), _j.c.current, _j.c.based_on.is_not(None)).distinct()
)
_ACCEPTED = sa.select(t.review.c.judgment_id).where(
    t.review.c.judgment_id.in_(_ids), t.review.c.verdict == "accept", t.review.c.review_item_id.is_(None)
)


def _beside(after: bool) -> sa.Select[Any]:
    """The same annotator's work that was answered next to a judgment in time."""
    moment, row = sa.bindparam("moment"), sa.bindparam("row")
    side = (_j.c.at >= moment, _j.c.id > row) if after else (_j.c.at <= moment, _j.c.id < row)
    order = (_j.c.at, _j.c.id) if after else (_j.c.at.desc(), _j.c.id.desc())
    return (
        sa.select(_j)
        .where(
            _j.c.annotator_id == sa.bindparam("me"),
            _j.c.project_id == sa.bindparam("project"),
            _j.c.gold == sa.false(),
            _j.c.based_on.is_(None),
            _j.c.current,
            *side,
        )
        .order_by(*order)
        .limit(1)
    )


_NEXT, _LAST = _beside(True), _beside(False)


@dataclass(frozen=True)
class Revised:
    judgment: str
    replayed: bool = False


def revise(
    tx: Transaction,
    who: Principal,
    judgment_id: str,
    answers: Any,
    *,
    spent_ms: Any = None,
    idempotency_key: str | None = None,
) -> Revised:
    """Supersedes one's own current answer.

    Raises `NotFound`, `Invalid` (422) with a pointer to each field, or `Conflict` (409: idempotency_mismatch;
    provider_stopped; stopped: the annotator is; not_current: superseded, rejected or withdrawn; seen: the right
    answer was shown; reviewed).
    """
    tx.share_showing()
    require(who, Action.WORK)
    row = tx.row(_MINE, {"id": judgment_id}) if is_id(judgment_id) else None
    if row is None or row.world != who.world or row.annotator_id != who.annotator_id:
        raise NotFound("there is no such answer of yours")
    require(who, Action.WORK, row.project_id)
    task = tx.execute(_TASK, {"task": row.task_id}).one()
    key, digest = _stored(idempotency_key), _digest(answers, spent_ms)
    if key is not None:
        before = tx.row(_SEEN_BEFORE, {"task": row.task_id, "row": row.id, "key": key})
        if before is not None and before.body_digest != digest:
            raise Conflict("this Idempotency-Key came before with another body", "idempotency_mismatch")
        if before is not None:
            return Revised(before.public_id, replayed=True)
    require_going_on(tx, who, row.project_id)
    if not tx.scalar(sa.select(_j.c.current).where(_j.c.id == row.id)) or task.status == TaskStatus.CANCELLED:
        raise Conflict("This answer counts no more.", "not_current")
    if task.gold == TRAINING:
        raise Conflict("You were shown the right answer.", "seen")
    if row.based_on is not None or closed(tx, [row]):
        raise Conflict("A reviewer has looked at this answer.", "reviewed")
    body = tx.scalar(sa.select(t.form.c.body).where(t.form.c.id == row.form_id))
    form = forms.parse_form(body)
    if problems := forms.check_answers(form, answers):
        raise Invalid(problems)
    if digest is None:
        raise invalid("/answers", "json", "cannot be kept exactly as JSON")
    if spent_ms is not None and (
        isinstance(spent_ms, bool) or not isinstance(spent_ms, int) or not 0 <= spent_ms <= MAX_SPENT
    ):
        raise invalid("/spent_ms", "range", "must be a whole number of milliseconds, at most a week")
    public = _write(tx, row, answers, spent_ms, key, digest)
    if spent_ms:
        tx.execute(_SPENT, {"me": row.annotator_id, "project": row.project_id, "more": spent_ms})
    if not row.gold:
        _infer_again(tx, task, form)
    return Revised(public)


def require_going_on(tx: Transaction, who: Principal, project_id: int) -> None:
    """Raises `Conflict` where the caller, or its provider, works on this project no more.

    Asked as for work, of gold too: what may be gone back to tells nobody which was gold.
    """
    if not standing.verdict(tx, who.provider_id, project_id).allowed:
        raise Conflict("Your provider's work on this project has stopped.", "provider_stopped")
    stopped = tx.row(_STOPPED, {"me": who.annotator_id, "project": project_id})
    if stopped is not None:
        raise Conflict(stopped[0] or "Your work on this project has stopped.", "stopped")


def closed(tx: Transaction, judgments: Sequence[sa.Row]) -> set[int]:
    """Those of these judgments (row keys) that a reviewer has had the last word on.

    No reviewer sees gold; it is closed when what its annotator answered next is, so that nobody can tell it by
    staying open.
    """
    work = [j for j in judgments if not j.gold]
    beside = {j.id: _neighbour(tx, j) for j in judgments if j.gold}
    asked = [*work, *(j for j in beside.values() if j is not None)]
    if not asked:
        return set()
    tasks = {j.task_id for j in asked}
    over = reviewing.reviewed(tx, tasks) | set(tx.execute(_FIXED, {"ids": sorted(tasks)}).scalars())
    accepted = set(tx.execute(_ACCEPTED, {"ids": sorted(j.id for j in asked)}).scalars())
    done = {j.id for j in asked if j.task_id in over or j.id in accepted}
    gold = {key for key, neighbour in beside.items() if neighbour is not None and neighbour.id in done}
    return {j.id for j in work if j.id in done} | gold


def _neighbour(tx: Transaction, gold: sa.Row) -> sa.Row | None:
    at = {"me": gold.annotator_id, "project": gold.project_id, "moment": gold.at, "row": gold.id}
    return tx.row(_NEXT, at) or tx.row(_LAST, at)


def _stored(key: str | None) -> str | None:
    """The key as it stands on the row: no key of a submit, which is another path, can be the same."""
    return None if key is None else f"revise\n{key}"


def _digest(answers: Any, spent_ms: Any) -> str | None:
    try:
        return hashlib.sha256(canonical({"answers": answers, "spent_ms": spent_ms})).hexdigest()
    except Invalid:
        return None


def _write(
    tx: Transaction, row: sa.Row, answers: Any, spent_ms: int | None, key: str | None, digest: str
) -> str:
    tx.execute(sa.update(_j).where(_j.c.id == row.id).values(current=False))
    salt, commitment = commit(answers)
    public = new_id(tx.now)
    judgment = tx.added(
        sa.insert(_j).values(
            public_id=public,
            project_id=row.project_id,
            task_id=row.task_id,
            assignment_id=row.assignment_id,
            annotator_id=row.annotator_id,
            provider_id=row.provider_id,
            form_id=row.form_id,
            supersedes=row.id,
            commitment=commitment,
            price=row.price,
            spent_ms=spent_ms,
            at=tx.now,
            gold=row.gold,
            idempotency_key=key,
            body_digest=digest if key is not None else None,
            suggested_by=row.suggested_by,
        )
    )
    tx.execute(sa.insert(t.judgment_payload).values(judgment_id=judgment, answers=answers, salt=salt))
    return public


def _infer_again(tx: Transaction, task: sa.Row, form: Any) -> None:
    """The task's answer, where it has one, with the revision; one that was delivered only gets a new revision
    of it."""
    known = sa.select(t.consensus.c.id).where(t.consensus.c.task_id == task.id, t.CONSENSUS_IS_CURRENT)
    if tx.row(known) is not None:
        project = tx.execute(sa.select(t.project).where(t.project.c.id == task.project_id)).one()
        policy = standing.terms_of(tx, project.id).policy
        fit_id, confidence = infer(tx, project, task, form)
        if task.delivered_at is None and task.status == TaskStatus.SETTLED:
            short = None if fit_id is None else order_if_short(tx, project.id, task, policy, confidence)
            if short is not None:
                put_back(tx, [short])
            elif why := reviewing.why_review(tx, task, policy, fit_id, confidence, first=True):
                reviewing.send(tx, project.id, task, why)
    if task.status == TaskStatus.REVIEW:
        reviewing.renew(tx, task.project_id, task)
