"""Is this answer accepted, fixed or rejected?

A fix is a judgment of its own, based on the one it fixes: it is the task's value, takes no slot and is no vote.
A rejection withdraws the answer and asks for another. Whoever reviews is shown the content, so eligibility is
asked as for an annotator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.errors import Conflict, Invalid, NotFound, invalid
from steelyard.domain.ids import is_id, new_id
from steelyard.domain.states import AssignmentState, TaskStatus
from steelyard.identity.policy import Action, Principal, require
from steelyard.ledger.commitments import commit
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.settle import infer, mark_settled
from steelyard.work.tally import count_tasks
from steelyard.work.withdraw import withdraw

VERDICTS = ("accept", "fix", "reject")
REJECTED = "rejected"
LONGEST_REASON = 2000
_j = t.judgment


@dataclass(frozen=True)
class Reviewed:
    """Public ids of the review and, where one was made, of the fix."""

    review: str
    verdict: str
    fix: str | None = None


def review(
    tx: Transaction, who: Principal, judgment_id: str, verdict: Any, answers: Any = None, reason: Any = None
) -> Reviewed:
    """Records a verdict on a judgment and does what follows from it.

    Raises `NotFound`, `Invalid` naming the field, `Conflict` when the judgment counts no more, the task is
    gold or was cancelled, or the reviewer's provider may not be shown it.
    """
    tx.share_showing()
    require(who, Action.REVIEW)
    row = _find(tx, who, judgment_id)
    _check(verdict, answers, reason)
    if not standing.verdict(tx, who.provider_id, row.project_id).allowed:
        raise Conflict("your provider's work on this project has stopped", "provider_stopped")
    task = tx.execute(
        sa.select(t.task).where(t.task.c.id == row.task_id).with_for_update(key_share=True)
    ).one()
    if not tx.scalar(sa.select(_j.c.current).where(_j.c.id == row.id)):
        raise Conflict("this answer counts no more", "not_current")
    if task.gold is not None or task.status == TaskStatus.CANCELLED:
        raise Conflict("answers of gold and of cancelled tasks are not reviewed", "not_reviewed")
    fix_id, fix = None, None
    if verdict == "fix":
        fix_id, fix = _fix(tx, who, row, task, answers)
    elif verdict == "reject":
        withdraw(tx, [row], REJECTED, REJECTED, who.person_id)
    public = new_id(tx.now)
    tx.execute(
        sa.insert(t.review).values(
            public_id=public,
            judgment_id=row.id,
            person_id=who.person_id,
            verdict=verdict,
            reason=reason,
            fix_id=fix_id,
            at=tx.now,
        )
    )
    return Reviewed(public, verdict, fix)


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


def _check(verdict: Any, answers: Any, reason: Any) -> None:
    if verdict not in VERDICTS:
        raise invalid("/verdict", "choice", f"must be one of {', '.join(VERDICTS)}")
    if reason is not None and (
        not isinstance(reason, str) or len(reason) > LONGEST_REASON or "\x00" in reason
    ):
        raise invalid("/reason", "type", f"must be a text of at most {LONGEST_REASON} characters")
    if verdict == "reject" and not (reason or "").strip():
        raise invalid("/reason", "required", "a rejection says why")
    if verdict != "fix" and answers is not None:
        raise invalid("/answers", "alone", "answers come with a fix only")


def _fix(tx: Transaction, who: Principal, row: sa.Row, task: sa.Row, answers: Any) -> tuple[int, str]:
    form = forms.parse_form(tx.scalar(sa.select(t.form.c.body).where(t.form.c.id == row.form_id)))
    problems = forms.check_answers(form, answers)
    if problems:
        raise Invalid(problems)
    salt, commitment = commit(answers)
    public = new_id(tx.now)
    key = tx.added(
        sa.insert(_j).values(
            public_id=public,
            project_id=row.project_id,
            task_id=row.task_id,
            annotator_id=who.annotator_id,
            provider_id=who.provider_id,
            form_id=row.form_id,
            based_on=row.id,
            commitment=commitment,
            at=tx.now,
        )
    )
    tx.execute(sa.insert(t.judgment_payload).values(judgment_id=key, answers=answers, salt=salt))
    project = tx.execute(sa.select(t.project).where(t.project.c.id == row.project_id)).one()
    infer(tx, project, task, form)
    mark_settled(tx, project.id, task)
    _want_no_more(tx, task)
    return key, public


def _want_no_more(tx: Transaction, task: sa.Row) -> None:
    """The value is known: answers that nobody has begun are not waited for."""
    waiting = (AssignmentState.READY, AssignmentState.WAITING)
    gone = tx.execute(
        sa.update(t.assignment)
        .where(t.assignment.c.task_id == task.id, t.assignment.c.state.in_([int(s) for s in waiting]))
        .values(state=int(AssignmentState.CANCELLED))
    ).rowcount
    if gone:
        tx.execute(sa.update(t.task).where(t.task.c.id == task.id).values(wanted=task.wanted - gone))
        count_tasks(tx, task.project_id, task.id, wanted=-gone)
