"""What becomes of a task when judgments on it are withdrawn?

A judgment stays as the fact it is; its mark is taken away, what was derived from it goes with it where the
project says so, the task's answer is inferred anew from what is left, and the answers that it now lacks are
ordered in the same transaction: never is something withdrawn that nobody is asked for again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.policy import Policy, parse_policy
from steelyard.domain.states import AssignmentState, ProjectStatus, TaskStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.ended import end_of_reopened
from steelyard.work.queue import put_back
from steelyard.work.reviewing import drop
from steelyard.work.settle import Ordered, conclude, infer_many, order_instead
from steelyard.work.tally import SHARDS, count_judgments, count_tasks

REJECTED = "rejected"  # why a reviewer's rejection withdraws
_j = t.judgment
_OPEN = (TaskStatus.OPEN, TaskStatus.REVIEW, TaskStatus.SETTLED)
_ids = sa.bindparam("ids", expanding=True)
_LOCKED = sa.select(t.task).where(t.task.c.id.in_(_ids)).order_by(t.task.c.id).with_for_update(key_share=True)
_PROJECTS = sa.select(t.project).where(t.project.c.id.in_(_ids))
_DERIVED = sa.select(_j).where(_j.c.based_on.in_(_ids), _j.c.current).order_by(_j.c.id)
_UNMARK = sa.update(_j).where(_j.c.id.in_(_ids), _j.c.current).values(current=False).returning(_j.c.id)
_LEFT = (
    sa.select(
        _j.c.task_id,
        sa.func.sum(sa.case((_j.c.based_on.is_(None), 1), else_=0)).label("votes"),
        sa.func.sum(sa.case((_j.c.based_on.is_(None), 0), else_=1)).label("fixes"),
    )
    .where(_j.c.task_id.in_(_ids), _j.c.current)
    .group_by(_j.c.task_id)
)
_OUT = (
    sa.select(t.assignment.c.task_id, sa.func.count().label("n"))
    .where(
        t.assignment.c.task_id.in_(_ids),
        t.assignment.c.state.in_(
            (int(AssignmentState.READY), int(AssignmentState.HELD), int(AssignmentState.WAITING))
        ),
    )
    .group_by(t.assignment.c.task_id)
)
_ANSWERED = sa.select(t.consensus.c.task_id).where(t.consensus.c.task_id.in_(_ids), t.CONSENSUS_IS_CURRENT)
_UNANSWER = (
    sa.update(t.consensus)
    .where(t.consensus.c.task_id.in_(_ids), t.CONSENSUS_IS_CURRENT)
    .values(current=False)
)
_REOPEN = (
    sa.update(t.task)
    .where(t.task.c.id == sa.bindparam("key"))
    .values(
        answers=sa.bindparam("left"),
        wanted=sa.bindparam("want"),
        status=sa.bindparam("now_is"),
        settled_at=sa.bindparam("since"),
    )
)
_REJECTED = (
    sa.update(t.workload)
    .where(
        t.workload.c.annotator_id == sa.bindparam("annotator"),
        t.workload.c.project_id == sa.bindparam("project"),
    )
    .values(rejected=t.workload.c.rejected + sa.bindparam("more"))
)
_FORM = sa.select(t.form.c.body).where(t.form.c.id == sa.bindparam("id"))


@dataclass(frozen=True)
class Withdrawn:
    judgments: int = 0
    derived: int = 0
    ordered: int = 0

    def __add__(self, other: Withdrawn) -> Withdrawn:
        return Withdrawn(
            self.judgments + other.judgments, self.derived + other.derived, self.ordered + other.ordered
        )


def withdraw(
    tx: Transaction,
    judgments: Sequence[sa.Row],
    reason: str,
    derived_reason: str,
    person_id: int | None,
    asked_again: Sequence[Ordered] = (),
) -> Withdrawn:
    """Withdraws these judgments (whole rows) for `reason` and, where a project drops derivatives, every fix
    made of them and of those for `derived_reason`. `asked_again` are answers that the caller has put into the
    queue in the stead of some of them."""
    # All tasks first and in one order: whoever submits holds one task and then waits for sums and lanes.
    tasks = tx.rows(_LOCKED, {"ids": sorted({row.task_id for row in judgments})})
    projects = {p.id: p for p in tx.rows(_PROJECTS, {"ids": sorted({r.project_id for r in judgments})})}
    policies = {key: parse_policy(project.policy) for key, project in projects.items()}
    derived = _derived(tx, judgments, policies)
    every = {row.id: row for row in [*judgments, *derived]}
    marked = tx.execute(_UNMARK, {"ids": sorted(every)}).scalars().all()
    if not marked:
        return Withdrawn()
    given = {row.id for row in judgments}
    tx.execute(
        sa.insert(t.withdrawal),
        [
            {
                "judgment_id": key,
                "reason": reason if key in given else derived_reason,
                "person_id": person_id,
                "at": tx.now,
            }
            for key in sorted(marked)
        ],
    )
    _uncount(tx, [every[key] for key in marked], rejected=reason == REJECTED)
    ordered = _reopen(tx, projects, policies, tasks)
    put_back(tx, [*ordered, *asked_again])
    own = sum(key in given for key in marked)
    return Withdrawn(own, len(marked) - own, len(ordered))


def _derived(tx: Transaction, judgments: Sequence[sa.Row], policies: Mapping[int, Policy]) -> list[sa.Row]:
    """What was made of these, and what was made of that, and so on."""
    found: dict[int, sa.Row] = {}
    ground = {r.id for r in judgments if policies[r.project_id].derivatives == "drop"}
    seen = set(ground)
    while ground:
        rows = [row for row in tx.rows(_DERIVED, {"ids": sorted(ground)}) if row.id not in seen]
        found |= {row.id: row for row in rows}
        ground = {row.id for row in rows}
        seen |= ground
    return list(found.values())


def _uncount(tx: Transaction, judgments: Sequence[sa.Row], *, rejected: bool) -> None:
    """Takes them out of the running sums; what was paid stays paid, and a rejection stays on record."""
    sums: Counter[tuple[int, int, int, bool]] = Counter(
        (j.project_id, j.provider_id, j.annotator_id % SHARDS, bool(j.gold))
        for j in judgments
        if j.based_on is None  # a fix takes no slot and was never counted
    )
    for (project, provider, shard, gold), n in sorted(sums.items()):
        less = {"judgments": 0 if gold else -n, "gold_judgments": -n if gold else 0, "spent": 0}
        count_judgments(tx, project, provider, shard, less)
    if rejected:
        own = Counter((j.project_id, j.annotator_id) for j in judgments if j.based_on is None)
        for (project, annotator), n in sorted(own.items()):
            tx.execute(_REJECTED, {"project": project, "annotator": annotator, "more": n})


def _reopen(
    tx: Transaction,
    projects: Mapping[int, sa.Row],
    policies: Mapping[int, Policy],
    tasks: Sequence[sa.Row],
) -> list[Ordered]:
    """Infers each task's answer anew, and orders the answers that it now lacks; the caller puts them back.

    A task that had no answer yet gets none before the last one comes in. One whose value is a fix that stays
    keeps that value and lacks nothing. What a reviewer was to look at and is asked again is not looked at.
    """
    # A deleted project asks nobody anything again, also while it is still being erased; nor is it answered.
    living = {key for key, project in projects.items() if project.status != ProjectStatus.DELETED}
    if dead := [task.id for task in tasks if task.project_id not in living]:
        tx.execute(_UNANSWER, {"ids": dead})
    tasks = [
        task for task in tasks if task.gold is None and task.status in _OPEN and task.project_id in living
    ]
    if not tasks:
        return []
    ids = {"ids": [task.id for task in tasks]}
    left = {row.task_id: row for row in tx.rows(_LEFT, ids)}
    out = {row.task_id: row.n for row in tx.rows(_OUT, ids)}
    answered = set(tx.execute(_ANSWERED, ids).scalars())
    changed, gone, unseen = [], [], []
    missing: dict[int, int] = {}
    sums: dict[tuple[int, int], Counter[str]] = {}
    for task in tasks:
        votes = int(left[task.id].votes) if task.id in left else 0
        fixed = task.id in left and left[task.id].fixes > 0
        waiting = out.get(task.id, 0)
        lacks = 0 if fixed else max(0, min(task.wanted, policies[task.project_id].answers) - votes - waiting)
        missing[task.id] = lacks
        reviewing = task.status == TaskStatus.REVIEW
        lacking = not fixed and (votes == 0 or lacks > 0 or waiting > 0)
        again = lacking and task.status != TaskStatus.OPEN
        wanted = votes + waiting + lacks
        changed.append(
            {
                "key": task.id,
                "left": votes,
                "want": wanted,
                "now_is": str(TaskStatus.OPEN if again else task.status),
                "since": None if again else task.settled_at,
            }
        )
        count = sums.setdefault((task.project_id, task.id % SHARDS), Counter())
        count["wanted"] += wanted - task.wanted
        count["settled"] -= again and not reviewing
        count["reviewing"] -= again and reviewing
        if again and reviewing:
            unseen.append(task.id)
        count["overlapping"] -= votes < 2 <= task.answers
        if votes == 0 and not fixed:
            gone.append(task.id)
    tx.execute(_REOPEN, changed)
    for (project, shard), count in sorted(sums.items()):
        count_tasks(tx, project, shard, **count)
    if gone:
        tx.execute(_UNANSWER, {"ids": gone})
    if unseen:
        drop(tx, unseen)
    fresh = {row.id: row for row in tx.rows(_LOCKED, ids)}
    without = set(gone)
    done = {task.id for task in tasks if not (out.get(task.id) or missing[task.id])} - without
    again = {task.id for task in tasks if task.id in done or task.id in answered} - without
    ordered: list[Ordered] = []
    for project in projects.values():
        here = [fresh[task.id] for task in tasks if task.project_id == project.id]
        form_ids = sorted({task.form_id for task in here if task.id in again})
        form_of = {key: forms.parse_form(tx.scalar(_FORM, {"id": key})) for key in form_ids}
        inferred = infer_many(tx, project, [task for task in here if task.id in again], form_of)
        for task in here:
            if task.id in done:
                ordered += conclude(tx, project.id, task, policies[project.id], *inferred[task.id])
        lacking = [(task, missing[task.id]) for task in here if missing[task.id]]
        ordered += order_instead(tx, project.id, lacking)
    if reopened := [task.id for task in tasks if missing[task.id]]:
        end_of_reopened(tx, reopened)
    return ordered
