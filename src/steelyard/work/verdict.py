"""What follows from a verdict on a task's answers?

Accepted or fixed, the answer goes to the next level or is settled; rejected, it is withdrawn and asked for again.
The task's row is locked all the while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.errors import Invalid
from steelyard.domain.form import Form
from steelyard.domain.ids import new_id
from steelyard.domain.policy import Policy
from steelyard.domain.states import AssignmentState, ReviewState, TaskStatus, move
from steelyard.identity.policy import Principal
from steelyard.ledger.commitments import commit
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import reviewing, standing
from steelyard.work.again import back_to_same, keep_from
from steelyard.work.review_find import kept_from_too
from steelyard.work.settle import infer, mark_settled
from steelyard.work.tally import count_judgment, count_tasks
from steelyard.work.withdraw import REJECTED, withdraw

ACCEPT, FIX, REJECT = VERDICTS = ("accept", "fix", "reject")
_j = t.judgment
_OUT = tuple(int(s) for s in (AssignmentState.READY, AssignmentState.WAITING))


@dataclass(frozen=True)
class Reviewed:
    """Public ids of the review and, where one was made, of the fix."""

    review: str
    verdict: str
    fix: str | None = None


@dataclass(frozen=True)
class Case:
    """A task whose row is locked, with its form and its current judgments, and the open item, locked too, that
    this verdict completes (None: the verdict completes none)."""

    who: Principal
    project: sa.Row
    policy: Policy
    task: sa.Row
    form: Form
    judgments: Sequence[sa.Row]
    item: sa.Row | None

    @property
    def item_id(self) -> int | None:
        return None if self.item is None else self.item.id


def case_of(
    tx: Transaction, who: Principal, task: sa.Row, judgments: Sequence[sa.Row], item: sa.Row | None
) -> Case:
    project = tx.execute(sa.select(t.project).where(t.project.c.id == task.project_id)).one()
    form_id = task.form_id if task.form_id is not None else project.form_id
    form = forms.parse_form(tx.scalar(sa.select(t.form.c.body).where(t.form.c.id == form_id)))
    return Case(who, project, standing.terms_of(tx, project.id).policy, task, form, judgments, item)


def value_of(case: Case, value: sa.Row | None) -> sa.Row:
    """The judgment that the task's value comes from, or the first that says the same, or the first."""
    for judgment in case.judgments:
        if value is not None and judgment.public_id == value.value_from:
            return judgment
    agreeing = (j for j in case.judgments if value and reviewing.agrees(case.form, j.answers, value.answers))
    return next(agreeing, case.judgments[0])


def accept(tx: Transaction, case: Case, row: sa.Row, reason: str | None) -> Reviewed:
    public = record(tx, case.who, row.id, ACCEPT, reason, None, case.item_id)
    _advance(tx, case, ACCEPT, reason)
    return Reviewed(public, ACCEPT)


def fix(tx: Transaction, case: Case, base: sa.Row | None, answers: Any, reason: str | None) -> Reviewed:
    """A fix of `base`; where nobody has answered, an answer of the reviewer's own."""
    problems = forms.check_answers(case.form, answers)
    if problems:
        raise Invalid(problems)
    salt, commitment = commit(answers)
    public_fix = new_id(tx.now)
    key = tx.added(
        sa.insert(_j).values(
            public_id=public_fix,
            project_id=case.project.id,
            task_id=case.task.id,
            annotator_id=case.who.annotator_id,
            provider_id=case.who.provider_id,
            form_id=case.project.form_id if case.task.form_id is None else case.task.form_id,
            based_on=None if base is None else base.id,
            commitment=commitment,
            at=tx.now,
        )
    )
    tx.execute(sa.insert(t.judgment_payload).values(judgment_id=key, answers=answers, salt=salt))
    if base is None:
        _count_own_answer(tx, case)
    fixed = key if base is None else base.id
    public = record(tx, case.who, fixed, FIX, reason, key, case.item_id)
    infer(tx, case.project, case.task, case.form)
    if case.item is not None:
        _advance(tx, case, FIX, reason)
    elif case.task.status == TaskStatus.REVIEW:
        reviewing.renew(tx, case.project.id, case.task)
    else:
        _settle(tx, case)
    return Reviewed(public, FIX, public_fix)


def _count_own_answer(tx: Transaction, case: Case) -> None:
    """The reviewer's answer is the only one: it counts as any other, and who holds the task still need not go on."""
    held = (t.assignment.c.task_id == case.task.id, t.assignment.c.state == int(AssignmentState.HELD))
    tx.execute(
        sa.update(t.assignment)
        .where(*held)
        .values(state=int(AssignmentState.CANCELLED), lease_until=sa.null())
    )
    tx.execute(sa.update(t.task).where(t.task.c.id == case.task.id).values(answers=1))
    who = case.who
    count_judgment(tx, case.project.id, who.provider_id, who.annotator_id, gold=False, price=0)


def reject(tx: Transaction, case: Case, rows: Sequence[sa.Row], reason: str | None) -> Reviewed:
    if case.item is not None:
        complete(tx, case, REJECT, reason)
    public = [record(tx, case.who, row.id, REJECT, reason, None, case.item_id) for row in rows]
    keep_from(tx, case.who, [case.task.id])
    again = back_to_same(tx, rows) if case.policy.rejected_to == "same" else []
    withdraw(tx, rows, REJECTED, REJECTED, case.who.person_id, again)
    return Reviewed(public[0], REJECT)


def record(
    tx: Transaction,
    who: Principal,
    judgment: int,
    verdict: str,
    reason: Any,
    fix: int | None,
    item: int | None,
) -> str:
    public = new_id(tx.now)
    tx.execute(
        sa.insert(t.review).values(
            public_id=public,
            judgment_id=judgment,
            person_id=who.person_id,
            verdict=verdict,
            reason=reason,
            fix_id=fix,
            at=tx.now,
            review_item_id=item,
        )
    )
    return public


def complete(tx: Transaction, case: Case, verdict: str, reason: str | None) -> None:
    item = case.item
    assert item is not None
    state = move(ReviewState(item.state), ReviewState.DONE)
    tx.execute(
        sa.update(t.review_item)
        .where(t.review_item.c.id == item.id)
        .values(
            state=int(state),
            person_id=case.who.person_id,
            verdict=verdict,
            reason=reason,
            done_at=tx.now,
            lease_until=sa.null(),
        )
    )


def _advance(tx: Transaction, case: Case, verdict: str, reason: str | None) -> None:
    """To the next level, or settled."""
    assert case.item is not None
    complete(tx, case, verdict, reason)
    if case.item.level < case.policy.review_levels:
        kept_from = kept_from_too(case.who.annotator_id, case.item.kept_from)
        reviewing.add_item(
            tx, case.project.id, case.task, case.item.level + 1, reviewing.Why.LEVEL, kept_from
        )
    else:
        _settle(tx, case)


def _settle(tx: Transaction, case: Case) -> None:
    """The value is known: answers that nobody has begun are not waited for."""
    mark_settled(tx, case.project.id, case.task)
    a = t.assignment
    tx.execute(
        sa.update(a)
        .where(a.c.task_id == case.task.id, a.c.state.in_(_OUT))
        .values(state=int(AssignmentState.CANCELLED))
    )
    held = sa.select(sa.func.count()).where(
        a.c.task_id == case.task.id, a.c.state == int(AssignmentState.HELD)
    )
    answers = tx.scalar(sa.select(t.task.c.answers).where(t.task.c.id == case.task.id))
    wanted = answers + tx.scalar(held)
    if wanted != case.task.wanted:
        tx.execute(sa.update(t.task).where(t.task.c.id == case.task.id).values(wanted=wanted))
        count_tasks(tx, case.project.id, case.task.id, wanted=wanted - case.task.wanted)
