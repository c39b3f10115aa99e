"""What is the answer of this task, as far as is known now?

Settling holds the task's row. Until a project has enough overlap or gold it is a plain vote; after that
each vote weighs what the latest fit says of its annotator. A changed answer is a new revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.form import Form, Question
from steelyard.domain.ids import new_id
from steelyard.domain.policy import Policy
from steelyard.domain.states import AssignmentState, TaskStatus
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.work import reviewing, standing
from steelyard.work.consensus import Inferred, write_consensus
from steelyard.work.ended import has_ended
from steelyard.work.lanes import lane_for
from steelyard.work.queue import ordinal, put_back
from steelyard.work.tally import Progress, count_gold_answer, count_tasks
from steelyard.work.vote import Given, as_fixed, vote

OVERLAP_NEEDED = 50  # tasks with two answers or more
GOLD_NEEDED = 20  # gold answers
Ordered = tuple[int, int]  # (lane, ordinal) of an answer that was ordered

_ANSWERED = Prepared(
    sa.update(t.task).where(t.task.c.id == sa.bindparam("key")).values(answers=sa.bindparam("count"))
)
_settled = (
    sa.update(t.task)
    .where(t.task.c.id == sa.bindparam("key"))
    .values(status=TaskStatus.SETTLED.value, settled_at=sa.bindparam("moment"))
)
_SETTLED = Prepared(_settled)
_ANSWERED_AND_SETTLED = Prepared(_settled.values(answers=sa.bindparam("count")))
_TASK = Prepared(sa.select(t.task).where(t.task.c.id == sa.bindparam("id")).with_for_update(key_share=True))
_j = t.current_judgment
_GIVEN = (
    sa.select(
        _j.c.id,
        _j.c.task_id,
        _j.c.public_id,
        _j.c.annotator_id,
        _j.c.anonymous,
        _j.c.based_on,
        t.judgment_payload.c.answers,
    )
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id)
    .order_by(_j.c.id)
)
_ANSWERS = Prepared(_GIVEN.where(_j.c.task_id == sa.bindparam("task")))
_ANSWERS_OF_MANY = _GIVEN.where(_j.c.task_id.in_(sa.bindparam("tasks", expanding=True)))
_SKILLS = Prepared(
    sa.select(t.skill.c.question_key, t.skill.c.annotator_id, t.skill.c.accuracy, t.skill.c.fit_id).where(
        t.skill.c.project_id == sa.bindparam("project"),
        t.skill.c.question_key.in_(sa.bindparam("keys", expanding=True)),
        t.skill.c.annotator_id.in_(sa.bindparam("ids", expanding=True)),
    )
)
_FORM = Prepared(sa.select(t.form.c.body).where(t.form.c.id == sa.bindparam("id")))
_GOLD_ANSWER = Prepared(
    sa.select(t.gold_payload.c.answers)
    .join(t.gold, t.gold.c.id == t.gold_payload.c.gold_id)
    .where(t.gold.c.task_id == sa.bindparam("task"), t.gold.c.ended_at.is_(None))
)


def qualifies(sums: Progress) -> bool:
    """Whether a project has enough evidence for a fit: before that, truth is a vote."""
    return sums.overlapping >= OVERLAP_NEEDED or sums.gold_judgments >= GOLD_NEEDED


@dataclass(frozen=True)
class Judged:
    """The known answers of a gold task, and for each question that they answer whether it was answered right."""

    known: dict[str, Any]
    correct: dict[str, bool]


def judge_gold(tx: Transaction, form: Form, task_id: int, answers: Mapping[str, Any]) -> Judged:
    """Holds answers of a gold task against what is known."""
    known = _GOLD_ANSWER.scalar(tx, {"task": task_id}) or {}
    correct = {
        question.name: answers.get(question.name) is not None
        and forms.is_correct(question, answers[question.name], known[question.name])
        for question in form.questions
        if known.get(question.name) is not None
    }
    return Judged(known, correct)


def write_gold_results(
    tx: Transaction, who: Principal, row: Any, judgment_id: int, correct: Mapping[str, bool]
) -> None:
    """Writes for each question of a gold task (its row or an assignment's) whether a judgment got it right."""
    rows = [
        {
            "judgment_id": judgment_id,
            "project_id": row.project_id,
            "annotator_id": who.annotator_id,
            "provider_id": who.provider_id,
            "question": question,
            "correct": right,
            "at": tx.now,
        }
        for question, right in correct.items()
    ]
    if rows:
        tx.execute(sa.insert(t.gold_result), rows)
    for row in rows:
        count_gold_answer(
            tx, row["provider_id"], row["project_id"], row["annotator_id"], row["question"], row["correct"]
        )


_forms: dict[str, Form] = {}  # by digest, which says all that is in one
_FORMS_KEPT = 1000


def form_of(tx: Transaction, form_id: int, digest: str) -> Form:
    """The form of this row key and digest; one that was read before is not parsed again."""
    known = _forms.get(digest)
    if known is None:
        known = forms.parse_form(_FORM.scalar(tx, {"id": form_id}))
        while len(_forms) >= _FORMS_KEPT:
            _forms.pop(next(iter(_forms)), None)
        _forms[digest] = known
    return known


def lock_task(tx: Transaction, task_id: int) -> Any:
    """The task's row, which is the caller's alone until the transaction ends."""
    return _TASK.one(tx, {"id": task_id})


def settle_if_answered(tx: Transaction, project: sa.Row, task: Any, form: Form) -> None:
    """Counts a new answer of a task (its locked row), and settles it once it has the answers that it wants."""
    answers = task.answers + 1
    if answers == 2:
        count_tasks(tx, project.id, task.id, overlapping=1)
    policy = standing.terms_of(tx, project.id).policy
    if answers >= task.wanted and task.status == TaskStatus.OPEN and always_settles(policy):
        infer(tx, project, task, form)
        mark_settled(tx, project.id, task, answers)
        return
    _ANSWERED.run(tx, {"key": task.id, "count": answers})
    if answers >= task.wanted:
        put_back(tx, settle(tx, project, task, form, policy))


def always_settles(policy: Policy) -> bool:
    """Whether nothing but settling can follow when a task has its answers."""
    return policy.target_confidence is None and not reviewing.asked_for(policy)


def settle(tx: Transaction, project: sa.Row, task: sa.Row, form: Form, policy: Policy) -> list[Ordered]:
    """Infers the task's answer, and settles the task or orders an answer more, which the caller puts back."""
    return conclude(tx, project.id, task, policy, *infer(tx, project, task, form))


def conclude(
    tx: Transaction, project_id: int, task: sa.Row, policy: Policy, fit_id: int | None, confidence: float
) -> list[Ordered]:
    """Settles a task whose answer was inferred, orders one more where a fit finds it short, or puts it before
    a reviewer; what is before one already begins there anew."""
    if task.status == TaskStatus.REVIEW:
        reviewing.renew(tx, project_id, task)
        return []
    if fit_id is not None and (ordered := order_if_short(tx, project_id, task, policy, confidence)):
        return [ordered]
    if why := reviewing.why_review(tx, task, policy, fit_id, confidence):
        reviewing.send(tx, project_id, task, why)
    else:
        mark_settled(tx, project_id, task)
    return []


Skills = Mapping[tuple[str, int], sa.Row]  # by the key of a question and the row key of an annotator
Fitted = tuple[int | None, float]  # the fit that weighed the answers, and the confidence


def infer(tx: Transaction, project: sa.Row, task: sa.Row, form: Form) -> Fitted:
    """A new revision of the answer from the task's current judgments, of which there is one at least. The
    task's row is locked by the caller.

    Where somebody has fixed an answer, the latest fix is the task's value, and nobody's vote counts.
    """
    rows = _ANSWERS.rows(tx, {"task": task.id})
    inferred = _inferred(task.id, form, rows, _skills(tx, project.id, [form], rows))
    write_consensus(tx, project.id, [inferred])
    return inferred.fit_id, inferred.outcome.confidence


def infer_many(
    tx: Transaction, project: sa.Row, tasks: Sequence[sa.Row], form_of: Mapping[int, Form]
) -> dict[int, Fitted]:
    """`infer` of many tasks of a project at once, by row key; `form_of` are their forms by row key."""
    given: dict[int, list[sa.Row]] = {}
    for row in tx.execute(_ANSWERS_OF_MANY, {"tasks": [task.id for task in tasks]}):
        given.setdefault(row.task_id, []).append(row)
    every = [row for rows in given.values() for row in rows]
    skills = _skills(tx, project.id, list(form_of.values()), every)
    inferred = [_inferred(task.id, form_of[task.form_id], given[task.id], skills) for task in tasks]
    write_consensus(tx, project.id, inferred)
    return {i.task_id: (i.fit_id, i.outcome.confidence) for i in inferred}


def _inferred(task_id: int, form: Form, rows: Sequence[sa.Row], skills: Skills) -> Inferred:
    fixes = [row for row in rows if row.based_on is not None]
    if fixes:
        outcome = as_fixed(fixes[-1].public_id, fixes[-1].answers)
        return Inferred(task_id, outcome, [row.public_id for row in rows], "fix")
    fit_id = None

    def weigh(question: Question, said: Sequence[Given]) -> list[float] | None:
        nonlocal fit_id
        weights, fit = _weights(skills, forms.question_key(question), said)
        fit_id = fit if fit is not None else fit_id
        return weights

    given = [Given(r.public_id, r.answers, None if r.anonymous else r.annotator_id) for r in rows]
    outcome = vote(form, given, weigh)
    method = "vote" if fit_id is None else "weighted vote"
    return Inferred(task_id, outcome, [g.judgment for g in given], method, fit_id)


def mark_settled(tx: Transaction, project_id: int, task: sa.Row, answers: int | None = None) -> None:
    """With `answers`, that many are counted in the same statement."""
    if task.status in (TaskStatus.OPEN, TaskStatus.REVIEW):
        at = {"key": task.id, "moment": tx.now}
        if answers is None:
            _SETTLED.run(tx, at)
        else:
            _ANSWERED_AND_SETTLED.run(tx, {**at, "count": answers})
        less = -1 if task.status == TaskStatus.REVIEW else 0
        count_tasks(tx, project_id, task.id, settled=1, reviewing=less)


def order_if_short(
    tx: Transaction, project_id: int, task: sa.Row, policy: Policy, confidence: float
) -> Ordered | None:
    """Orders one more answer when the confidence is short of the target and the policy allows one.

    The new answer takes the task's own wave and place. A task that was delivered, whose answer is before a
    reviewer or was accepted by one, or whose batch has ended, is not reopened.
    """
    if (
        policy.target_confidence is None
        or confidence >= policy.target_confidence
        or task.wanted >= policy.max_answers
        or task.delivered_at is not None
        or task.status == TaskStatus.REVIEW
        or reviewing.reviewed(tx, [task.id])
        or has_ended(tx, task.batch_id)
    ):
        return None
    return order_answer(tx, project_id, task)


def order_answer(tx: Transaction, project_id: int, task: sa.Row) -> Ordered:
    """Puts one more answer of this task into the queue, in the task's own wave and place; the task's row is
    locked by the caller.

    The caller puts what is returned back when all else is written: a lane's row is locked last, so that
    whoever holds it waits for nobody.
    """
    (ordered,) = order_instead(tx, project_id, [(task, 1)], more=1)
    settled = task.status == TaskStatus.SETTLED
    tx.execute(
        sa.update(t.task)
        .where(t.task.c.id == task.id)
        .values(wanted=task.wanted + 1, status=TaskStatus.OPEN, settled_at=None)
    )
    count_tasks(tx, project_id, task.id, wanted=1, settled=-1 if settled else 0)
    return ordered


def order_instead(
    tx: Transaction, project_id: int, lacking: Sequence[tuple[sa.Row, int]], *, more: int = 0
) -> list[Ordered]:
    """Queues so many answers of each task in its own wave and place, in the stead of some that were withdrawn
    and are counted as wanted already (or `more` beyond those); the caller puts them back at the end."""
    if not lacking:
        return []
    usual = lane_for(tx, project_id)
    rows = [
        {
            "public_id": new_id(tx.now),
            "project_id": project_id,
            "task_id": task.id,
            "lane_id": task.lane_id or usual,
            "batch_id": task.batch_id,
            "state": int(AssignmentState.READY),
            "priority": task.priority,
            "ordinal": ordinal(task.wave, task.wanted - 1 + more, task.place),
        }
        for task, count in lacking
        for _ in range(count)
    ]
    tx.execute(sa.insert(t.assignment), rows)
    return [(row["lane_id"], row["ordinal"]) for row in rows]


def _skills(tx: Transaction, project_id: int, asked: Sequence[Form], rows: Sequence[sa.Row]) -> Skills:
    """What the latest fits say of those who gave these answers, at the questions of these forms."""
    ids = sorted({row.annotator_id for row in rows if not row.anonymous})
    if not ids:
        return {}
    keys = sorted({forms.question_key(question) for form in asked for question in form.questions})
    found = _SKILLS.rows(tx, {"project": project_id, "keys": keys, "ids": ids})
    return {(row.question_key, row.annotator_id): row for row in found}


def _weights(skills: Skills, key: str, said: Sequence[Given]) -> tuple[list[float] | None, int | None]:
    """What the latest fit says of these annotators' accuracy, or None when there is no fit of the question."""
    known = [
        skills[key, g.annotator] for g in said if g.annotator is not None and (key, g.annotator) in skills
    ]
    if not known:
        return None, None
    typical = sum({s.annotator_id: s.accuracy for s in known}.values()) / len({s.annotator_id for s in known})
    weights = [
        skills[key, g.annotator].accuracy
        if g.annotator is not None and (key, g.annotator) in skills
        else typical
        for g in said
    ]
    return weights, max(s.fit_id for s in known)
