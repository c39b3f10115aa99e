"""What is the answer of this task, as far as is known now?

Settling holds the task's row. Until a project has enough overlap or gold it is a plain vote; after that
each vote weighs what the latest fit says of its annotator. A changed answer is a new revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.form import Form, Question
from steelyard.domain.ids import new_id
from steelyard.domain.policy import Policy, parse_policy
from steelyard.domain.states import AssignmentState, TaskStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.consensus import Inferred, write_consensus
from steelyard.work.queue import lane_of, ordinal, put_back
from steelyard.work.tally import Progress, count_tasks
from steelyard.work.vote import Given, as_fixed, vote

OVERLAP_NEEDED = 50  # tasks with two answers or more
GOLD_NEEDED = 20  # gold answers
Ordered = tuple[int, int]  # (lane, ordinal) of an answer that was ordered

_ANSWERED = sa.update(t.task).where(t.task.c.id == sa.bindparam("key")).values(answers=sa.bindparam("count"))
_SETTLED = (
    sa.update(t.task)
    .where(t.task.c.id == sa.bindparam("key"))
    .values(status=TaskStatus.SETTLED.value, settled_at=sa.bindparam("moment"))
)
_TASK = sa.select(t.task).where(t.task.c.id == sa.bindparam("id")).with_for_update(key_share=True)
_j = t.current_judgment
_ANSWERS = (
    sa.select(
        _j.c.id,
        _j.c.public_id,
        _j.c.annotator_id,
        _j.c.anonymous,
        _j.c.based_on,
        t.judgment_payload.c.answers,
    )
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id)
    .where(_j.c.task_id == sa.bindparam("task"))
    .order_by(_j.c.id)
)
_SKILLS = sa.select(t.skill.c.annotator_id, t.skill.c.accuracy, t.skill.c.fit_id).where(
    t.skill.c.project_id == sa.bindparam("project"),
    t.skill.c.question_key == sa.bindparam("key"),
    t.skill.c.annotator_id.in_(sa.bindparam("ids", expanding=True)),
)
_GOLD_ANSWER = (
    sa.select(t.gold_payload.c.answers)
    .join(t.gold, t.gold.c.id == t.gold_payload.c.gold_id)
    .where(t.gold.c.task_id == sa.bindparam("task"), t.gold.c.ended_at.is_(None))
)


def qualifies(sums: Progress) -> bool:
    """Whether a project has enough evidence for a fit: before that, truth is a vote."""
    return sums.overlapping >= OVERLAP_NEEDED or sums.gold_judgments >= GOLD_NEEDED


def judge_gold(
    tx: Transaction,
    form: Form,
    task_id: int,
    judgment_id: int,
    annotator_id: int,
    provider_id: int,
    project_id: int,
    answers: Mapping[str, Any],
) -> None:
    """Writes for each question that the gold answers whether this judgment got it right."""
    known = tx.execute(_GOLD_ANSWER, {"task": task_id}).scalar()
    if known is None:
        return
    rows = [
        {
            "judgment_id": judgment_id,
            "project_id": project_id,
            "annotator_id": annotator_id,
            "provider_id": provider_id,
            "question": question.name,
            "correct": answers.get(question.name) is not None
            and forms.is_correct(question, answers[question.name], known[question.name]),
            "at": tx.now,
        }
        for question in form.questions
        if known.get(question.name) is not None
    ]
    if rows:
        tx.execute(sa.insert(t.gold_result), rows)


def settle_if_answered(tx: Transaction, project: sa.Row, task_id: int, form: Form) -> None:
    """Counts a new answer of a task, and settles the task once it has the answers that it wants."""
    task = tx.execute(_TASK, {"id": task_id}).one()
    answers = task.answers + 1
    tx.execute(_ANSWERED, {"key": task_id, "count": answers})
    if answers == 2:
        count_tasks(tx, project.id, task_id, overlapping=1)
    if answers >= task.wanted:
        put_back(tx, settle(tx, project, task, form, parse_policy(project.policy)))


def settle(tx: Transaction, project: sa.Row, task: sa.Row, form: Form, policy: Policy) -> list[Ordered]:
    """Infers the task's answer, and settles the task or orders an answer more, which the caller puts back."""
    fit_id, confidence = infer(tx, project, task, form)
    if fit_id is not None and (ordered := order_if_short(tx, project.id, task, policy, confidence)):
        return [ordered]
    mark_settled(tx, project.id, task)
    return []


def infer(tx: Transaction, project: sa.Row, task: sa.Row, form: Form) -> tuple[int | None, float]:
    """A new revision of the answer from the task's current judgments, of which there is one at least: (the
    fit that weighed them, the confidence). The task's row is locked by the caller.

    Where somebody has fixed an answer, the latest fix is the task's value, and nobody's vote counts.
    """
    rows = tx.execute(_ANSWERS, {"task": task.id}).all()
    fixes = [row for row in rows if row.based_on is not None]
    if fixes:
        outcome = as_fixed(fixes[-1].public_id, fixes[-1].answers)
        write_consensus(tx, project.id, [Inferred(task.id, outcome, [row.public_id for row in rows], "fix")])
        return None, outcome.confidence
    fit_id = None

    def weigh(question: Question, said: Sequence[Given]) -> list[float] | None:
        nonlocal fit_id
        weights, fit = _weights(tx, project.id, forms.question_key(question), said)
        fit_id = fit if fit is not None else fit_id
        return weights

    given = [Given(r.public_id, r.answers, None if r.anonymous else r.annotator_id) for r in rows]
    outcome = vote(form, given, weigh)
    method = "vote" if fit_id is None else "weighted vote"
    judgments = [g.judgment for g in given]
    write_consensus(tx, project.id, [Inferred(task.id, outcome, judgments, method, fit_id)])
    return fit_id, outcome.confidence


def mark_settled(tx: Transaction, project_id: int, task: sa.Row) -> None:
    if task.status == TaskStatus.OPEN:
        tx.execute(_SETTLED, {"key": task.id, "moment": tx.now})
        count_tasks(tx, project_id, task.id, settled=1)


def order_if_short(
    tx: Transaction, project_id: int, task: sa.Row, policy: Policy, confidence: float
) -> Ordered | None:
    """Orders one more answer when the confidence is short of the target and the policy allows one.

    The new answer takes the task's own wave and place. A task that was delivered is not reopened.
    """
    if (
        policy.target_confidence is None
        or confidence >= policy.target_confidence
        or task.wanted >= policy.max_answers
        or task.delivered_at is not None
    ):
        return None
    return order_answer(tx, project_id, task)


def order_answer(tx: Transaction, project_id: int, task: sa.Row, *, replacing: bool = False) -> Ordered:
    """Puts one more answer of this task into the queue, in the task's own wave and place; the task's row is
    locked by the caller. `replacing`: it stands in for one that was withdrawn, so no more are wanted.

    The caller puts what is returned back when all else is written: a lane's row is locked last, so that
    whoever holds it waits for nobody.
    """
    lane = lane_of(tx, project_id, {})
    more = 0 if replacing else 1
    at = ordinal(task.wave, task.wanted - 1 + more, task.place)
    tx.execute(
        sa.insert(t.assignment).values(
            public_id=new_id(tx.now),
            project_id=project_id,
            task_id=task.id,
            lane_id=lane,
            batch_id=task.batch_id,
            state=int(AssignmentState.READY),
            priority=task.priority,
            ordinal=at,
        )
    )
    settled = task.status == TaskStatus.SETTLED
    tx.execute(
        sa.update(t.task)
        .where(t.task.c.id == task.id)
        .values(wanted=task.wanted + more, status=TaskStatus.OPEN, settled_at=None)
    )
    count_tasks(tx, project_id, task.id, wanted=more, settled=-1 if settled else 0)
    return lane, at


def _weights(
    tx: Transaction, project_id: int, key: str, said: Sequence[Given]
) -> tuple[list[float] | None, int | None]:
    """What the latest fit says of these annotators' accuracy, or None when there is no fit of the question."""
    ids = sorted({g.annotator for g in said if g.annotator is not None})
    if not ids:
        return None, None
    rows = tx.execute(_SKILLS, {"project": project_id, "key": key, "ids": ids})
    skills = {row.annotator_id: row for row in rows}
    if not skills:
        return None, None
    typical = sum(s.accuracy for s in skills.values()) / len(skills)
    weights = [skills[g.annotator].accuracy if g.annotator in skills else typical for g in said]
    return weights, max(s.fit_id for s in skills.values())
