"""Is this answer accepted, fixed or rejected?

A fix is a judgment of its own, based on the one it fixes: it is the task's value, takes no slot and is no vote.
A rejection withdraws answers and asks for others. Whoever reviews is shown the content, so eligibility is
asked as for an annotator.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import is_id
from steelyard.domain.states import ReviewState, TaskStatus
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import reviewing, standing
from steelyard.work.again import order_lacking
from steelyard.work.review_find import may_take
from steelyard.work.verdict import (
    ACCEPT,
    FIX,
    REJECT,
    VERDICTS,
    Case,
    Reviewed,
    accept,
    case_of,
    complete,
    fix,
    record,
    reject,
    value_of,
)

LONGEST_REASON = 2000
_j = t.judgment
_c = t.consensus
_LOCKED = sa.select(t.task).where(t.task.c.id == sa.bindparam("task")).with_for_update(key_share=True)
_ITEM = (
    sa.select(t.review_item, t.task.c.world)
    .join(t.task, t.task.c.id == t.review_item.c.task_id)
    .where(t.review_item.c.public_id == sa.bindparam("id"))
)
_CURRENT = (
    sa.select(_j, t.judgment_payload.c.answers)
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id)
    .where(_j.c.task_id == sa.bindparam("task"), _j.c.current)
    .order_by(_j.c.id)
)
_VALUE = (
    sa.select(_c.c.value_from, t.consensus_payload.c.answers)
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == _c.c.id)
    .where(_c.c.task_id == sa.bindparam("task"), t.CONSENSUS_IS_CURRENT)
)


def review(
    tx: Transaction, who: Principal, judgment_id: str, verdict: Any, answers: Any = None, reason: Any = None
) -> Reviewed:
    """Records a verdict on a judgment and does what follows from it; where the task waits for a reviewer and
    the caller may be that one, it completes the item.

    Raises `NotFound`, `Invalid` naming the field, `Conflict` when the judgment counts no more, the task is
    gold or was cancelled, or the reviewer's provider may not be shown it.
    """
    tx.share_showing()
    require(who, Action.REVIEW)
    row = _find(tx, who, judgment_id)
    _check(verdict, answers, reason)
    _require_shown(tx, who, row.project_id)
    task = tx.execute(_LOCKED, {"task": row.task_id}).one()
    judgments = tx.rows(_CURRENT, {"task": task.id})
    if row.id not in {j.id for j in judgments}:
        raise Conflict("this answer counts no more", "not_current")
    if task.gold is not None or task.status == TaskStatus.CANCELLED:
        raise Conflict("answers of gold and of cancelled tasks are not reviewed", "not_reviewed")
    item = next(iter(reviewing.open_items(tx, [task.id])), None)
    if item is not None and not may_take(tx, who, item):
        item = None
    case = case_of(tx, who, task, judgments, item)
    if verdict == REJECT:
        return reject(tx, case, [row], reason)
    if verdict == FIX:
        return fix(tx, case, row, answers, reason)
    value = tx.row(_VALUE, {"task": task.id})
    said = next(j.answers for j in judgments if j.id == row.id)
    if item is not None and value is not None and reviewing.agrees(case.form, said, value.answers):
        return accept(tx, case, row, reason)
    return Reviewed(record(tx, who, row.id, ACCEPT, reason, None, None), ACCEPT)


def judge(
    tx: Transaction,
    who: Principal,
    item_id: str,
    verdict: Any,
    answers: Any = None,
    reason: Any = None,
    judgments: Any = None,
) -> Reviewed:
    """The verdict on a task that the caller holds an item of. A fix names the judgment that it fixes, a
    rejection those that it rejects, in `judgments`; unless named, a fix is of the task's value, and a
    rejection of all its current answers. Of an escalated task with none named it needs no reason.

    `review` is the item's public id. Raises `NotFound`, `Invalid` naming the field, `Conflict`
    (provider_stopped; lease_lost; no_answer: there is nothing to accept).
    """
    tx.share_showing()
    require(who, Action.REVIEW)
    found = tx.row(_ITEM, {"id": item_id}) if is_id(item_id) else None
    if found is None or found.world != who.world:
        raise NotFound("there is no such review")
    require(who, Action.REVIEW, found.project_id)
    _require_shown(tx, who, found.project_id)
    task = tx.execute(_LOCKED, {"task": found.task_id}).one()
    item = next((i for i in reviewing.open_items(tx, [task.id]) if i.id == found.id), None)
    if (
        item is None
        or item.state != ReviewState.HELD
        or item.person_id != who.person_id
        or task.status != TaskStatus.REVIEW
    ):
        raise Conflict("You do not hold this review any more; its answers may have changed.", "lease_lost")
    case = case_of(tx, who, task, tx.rows(_CURRENT, {"task": task.id}), item)
    escalated = not case.judgments or reviewing.told(item.why)[0] == reviewing.Why.ESCALATED
    named = _named(case, verdict, judgments)
    _check(verdict, answers, reason, why_needed=bool(named or not escalated))
    value = tx.row(_VALUE, {"task": task.id})
    if verdict == ACCEPT:
        if value is None:
            raise Conflict("there is no answer yet that could be accepted", "no_answer")
        done = accept(tx, case, value_of(case, value), reason)
    elif verdict == FIX:
        base = named[0] if named else value_of(case, value) if case.judgments else None
        done = fix(tx, case, base, answers, reason)
    elif named or not escalated:
        done = reject(tx, case, named or case.judgments, reason)
    else:
        complete(tx, case, REJECT, reason)
        order_lacking(tx, case.project, task)
        done = Reviewed("", REJECT)
    return Reviewed(found.public_id, done.verdict, done.fix)


def project_of(tx: Transaction, item_id: str) -> sa.Row:
    """The project of an item that is there."""
    found = sa.select(t.review_item.c.project_id).where(t.review_item.c.public_id == item_id)
    return tx.execute(sa.select(t.project).where(t.project.c.id == found.scalar_subquery())).one()


def _require_shown(tx: Transaction, who: Principal, project_id: int) -> None:
    if not standing.verdict(tx, who.provider_id, project_id).allowed:
        raise Conflict("your provider's work on this project has stopped", "provider_stopped")


def _find(tx: Transaction, who: Principal, judgment_id: str) -> sa.Row:
    row = None
    if is_id(judgment_id):
        row = tx.row(
            sa.select(_j)
            .join(t.task, t.task.c.id == _j.c.task_id)
            .where(_j.c.public_id == judgment_id, t.task.c.world == who.world)
        )
    if row is None:
        raise NotFound("there is no such judgment")
    require(who, Action.REVIEW, row.project_id)
    return row


def _check(verdict: Any, answers: Any, reason: Any, *, why_needed: bool = True) -> None:
    if verdict not in VERDICTS:
        raise invalid("/verdict", "choice", f"must be one of {', '.join(VERDICTS)}")
    if reason is not None and (
        not isinstance(reason, str) or len(reason) > LONGEST_REASON or "\x00" in reason
    ):
        raise invalid("/reason", "type", f"must be a text of at most {LONGEST_REASON} characters")
    if verdict == REJECT and why_needed and not (reason or "").strip():
        raise invalid("/reason", "required", "a rejection says why")
    if verdict != FIX and answers is not None:
        raise invalid("/answers", "alone", "answers come with a fix only")


def _named(case: Case, verdict: Any, judgments: Any) -> list[sa.Row]:
    if judgments is None:
        return []
    if not isinstance(judgments, list) or not all(isinstance(name, str) for name in judgments):
        raise invalid("/judgments", "type", "must be a list of ids of judgments")
    if verdict == ACCEPT and judgments:
        raise invalid("/judgments", "alone", "what is accepted is the task's answer, not single judgments")
    if verdict == FIX and len(judgments) > 1:
        raise invalid("/judgments", "range", "a fix is based on one judgment")
    known = {j.public_id: j for j in case.judgments}
    for place, name in enumerate(judgments):
        if name not in known:
            raise invalid(f"/judgments/{place}", "unknown", "is no current answer of this task")
    return [known[name] for name in dict.fromkeys(judgments)]
