"""On what does a project's truth rest, as arrays?

The same rows that a release would be inferred from: gold, cancelled and erased tasks are in none of them. Every
row and every fix knows the providers without whom it would not be there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.domain.policy import Policy, parse_policy
from steelyard.domain.states import TaskStatus
from steelyard.providers.registry import IN_HOUSE
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.columns import NOBODY, Asked, Columns, asked_in, read_forms
from steelyard.work.vote import NOT_APPLICABLE

AT_ONCE = 5_000
LEAVES = (TaskStatus.OPEN, TaskStatus.REVIEW, TaskStatus.SETTLED)
_project = sa.bindparam("project")
_GONE = (  # tasks that no release would hold, by the index on (project, status)
    sa.select(t.task.c.id).where(
        t.task.c.project_id == _project,
        t.task.c.status.in_([s.value for s in TaskStatus if s not in LEAVES]),
    ),
    sa.select(t.task.c.id).where(t.task.c.project_id == _project, sa.text("task.gold IS NOT NULL")),
    sa.select(t.task.c.id)
    .join(t.gold, t.gold.c.task_id == t.task.c.id)
    .where(t.task.c.project_id == _project, t.gold.c.ended_at.is_(None)),
)
_GIVEN = (  # tasks whose content an outside provider gave
    sa.select(t.task.c.id, t.content.c.provider_id)
    .join(t.content, t.content.c.id == t.task.c.content_id)
    .where(
        t.content.c.provider_id.in_(sa.bindparam("providers", expanding=True)),
        t.content.c.project_id == _project,
    )
)
_WANTED = sa.select(t.task.c.id, t.task.c.wanted).where(
    t.task.c.project_id == _project, t.task.c.wanted != sa.bindparam("answers")
)
_ANSWERED = sa.select(t.consensus.c.task_id).where(
    t.consensus.c.project_id == _project, t.CONSENSUS_IS_CURRENT
)
_GROUND = sa.select(
    t.judgment.c.id,
    t.judgment.c.provider_id,
    t.judgment.c.suggested_by,
    t.judgment.c.based_on,
    sa.exists().where(t.withdrawal.c.judgment_id == t.judgment.c.id).label("withdrawn"),
).where(t.judgment.c.id.in_(sa.bindparam("ids", expanding=True)))


@dataclass(frozen=True)
class Chain:
    """What a fix rests on: whose judgments and suggestions, and whether one of them is withdrawn."""

    providers: frozenset[int]
    withdrawn: bool


@dataclass(frozen=True)
class Evidence:
    """`tasks` are row keys, sorted; `task` is each row's place among them; `giver` the provider that gave each
    task's content, `NOBODY` for the installation's own; `wanted` how many answers each task wants; `answered`
    whether it has a consensus. `questions` are by form (name and key), `required` by key: whether each task's
    form requires an answer. `chains` is by the place of the fix among the rows; `says` and `not_applicable`:
    whether a row answers any question, and whether it says that none applies."""

    columns: Columns
    policy: Policy
    asked: list[Asked]
    questions: dict[int, list[tuple[str, str]]]
    required: dict[str, NDArray[np.bool_]]
    tasks: NDArray[np.int64]
    task: NDArray[np.int64]
    giver: NDArray[np.int64]
    wanted: NDArray[np.int64]
    answered: NDArray[np.bool_]
    chains: dict[int, Chain]
    says: NDArray[np.bool_]
    not_applicable: NDArray[np.bool_]

    @property
    def drops(self) -> bool:
        """Whether what was derived from somebody's goes with it."""
        return self.policy.derivatives == "drop"

    @cached_property
    def fixes(self) -> NDArray[np.int64]:
        """Places of the fixes among the rows."""
        return np.flatnonzero(self.columns.fix)

    @cached_property
    def concerned(self) -> list[int]:
        """Row keys of the providers without whom something would be missing."""
        found = set(np.unique(self.columns.provider).tolist()) | set(np.unique(self.giver).tolist())
        if self.drops:
            found |= set(np.unique(self.columns.suggested_by).tolist())
            found |= {p for chain in self.chains.values() for p in chain.providers}
        return sorted(found - {NOBODY})


def read_evidence(tx: Transaction, project_id: int, columns: Columns) -> Evidence:
    """What inference without somebody reads of a project beside its judgments."""
    project = tx.execute(sa.select(t.project).where(t.project.c.id == project_id)).one()
    policy = parse_policy(project.policy)
    given = {"project": project_id}
    gone = [key for query in _GONE for key in tx.execute(query, given).scalars()]
    if gone:
        columns = columns.where(~np.isin(columns.task, np.array(gone, dtype=np.int64)))
    tasks, task = np.unique(columns.task, return_inverse=True)
    task = task.astype(np.int64).reshape(-1)
    used = read_forms(tx, np.unique(columns.form).tolist())
    outside = tx.execute(sa.select(t.provider.c.id).where(t.provider.c.slug != IN_HOUSE)).scalars().all()
    giver = np.full(len(tasks), NOBODY, dtype=np.int64)
    _put(giver, tasks, tx.rows(_GIVEN, given | {"providers": outside}))
    wanted = np.full(len(tasks), policy.answers, dtype=np.int64)
    _put(wanted, tasks, tx.rows(_WANTED, given | {"answers": policy.answers}))
    answered = np.array(tx.execute(_ANSWERED, given).scalars().all(), dtype=np.int64)
    says, not_applicable = _said(columns, used)
    return Evidence(
        columns=columns,
        policy=policy,
        asked=asked_in(columns, used, project.form_id),
        questions={
            key: [(q.name, forms.question_key(q)) for q in form.questions] for key, form in used.items()
        },
        required=_required(columns, used, tasks, task),
        tasks=tasks,
        task=task,
        giver=giver,
        wanted=wanted,
        answered=np.isin(tasks, answered),
        chains=_chains(tx, columns),
        says=says,
        not_applicable=not_applicable,
    )


def _put(target: NDArray[np.int64], tasks: NDArray[np.int64], rows: Iterable[Any]) -> None:
    """Writes (task, value) rows to the places of the tasks; tasks that are not there are left out."""
    pairs = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2)
    if len(pairs) and len(tasks):
        place = np.minimum(np.searchsorted(tasks, pairs[:, 0]), len(tasks) - 1)
        here = tasks[place] == pairs[:, 0]
        target[place[here]] = pairs[here, 1]


def _said(columns: Columns, used: dict[int, Form]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each row: does it answer any question, does it say that none applies?"""
    names = {question.name for form in used.values() for question in form.questions}
    says = np.zeros(len(columns.texts), dtype=bool)
    not_applicable = np.zeros(len(columns.texts), dtype=bool)
    for code, text in enumerate(columns.texts):
        answers = json.loads(text)
        says[code] = any(answers.get(name) is not None for name in names)
        not_applicable[code] = answers.get(NOT_APPLICABLE) is True
    return says[columns.answers], not_applicable[columns.answers]


def _required(
    columns: Columns, used: dict[int, Form], tasks: NDArray[np.int64], task: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """By question whether each task's form requires it; a task is asked by one form."""
    form_keys, code = np.unique(columns.form, return_inverse=True)
    form_of = np.zeros(len(tasks), dtype=np.int64)
    form_of[task] = code
    found: dict[str, NDArray[np.bool_]] = {}
    for place, key in enumerate(form_keys.tolist()):
        for question in used[key].questions:
            if question.required:
                by_form = found.setdefault(forms.question_key(question), np.zeros(len(form_keys), dtype=bool))
                by_form[place] = True
    return {key: by_form[form_of] for key, by_form in found.items()}


def _chains(tx: Transaction, columns: Columns) -> dict[int, Chain]:
    """For every fix what the chain below it is made of."""
    places = np.flatnonzero(columns.fix).tolist()
    ground: dict[int, sa.Row] = {}
    wanted = {int(columns.based_on[place]) for place in places}
    while wanted:
        some = sorted(wanted)[:AT_ONCE]
        wanted.difference_update(some)
        for row in tx.rows(_GROUND, {"ids": some}):
            ground[row.id] = row
            if row.based_on is not None and row.based_on not in ground:
                wanted.add(row.based_on)
    return {place: _follow(int(columns.based_on[place]), ground) for place in places}


def _follow(judgment: int, ground: dict[int, sa.Row]) -> Chain:
    providers: set[int] = set()
    withdrawn, seen = False, set()
    at: int | None = judgment
    while at is not None and at not in seen:
        seen.add(at)
        providers.add(ground[at].provider_id)
        if ground[at].suggested_by is not None:
            providers.add(ground[at].suggested_by)
        withdrawn = withdrawn or bool(ground[at].withdrawn)
        at = ground[at].based_on
    return Chain(frozenset(providers), withdrawn)
