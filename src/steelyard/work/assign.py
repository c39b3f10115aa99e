"""Who in particular gets this work?

What waits is moved into the lane of a person or a team; what is held or done stays where it is. A person answers
a task once: only one of its answers is the person's, the others wait for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, Invalid, Problem, invalid
from steelyard.domain.ids import is_id
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.lanes import Demands, abilities, assigned_to, lane_for
from steelyard.work.queue import put_back

MOST = 1000
_TASKS = (
    sa.select(t.task.c.id, t.task.c.public_id, t.task.c.lane_id, t.lane.c.demands)
    .join(t.lane, t.lane.c.id == t.task.c.lane_id, isouter=True)
    .where(
        t.task.c.project_id == sa.bindparam("project"),
        t.task.c.public_id.in_(sa.bindparam("ids", expanding=True)),
        t.task.c.gold.is_(None),
    )
    .order_by(t.task.c.id)
    .with_for_update(key_share=True, of=t.task)
)
_WAITING = (
    sa.select(t.assignment.c.id, t.assignment.c.task_id, t.assignment.c.ordinal)
    .where(
        t.assignment.c.task_id.in_(sa.bindparam("tasks", expanding=True)),
        sa.text("assignment.state IN (0, 4)"),
    )
    .order_by(t.assignment.c.task_id, t.assignment.c.ordinal, t.assignment.c.id)
    .with_for_update(of=t.assignment)
)


@dataclass(frozen=True)
class Assigned:
    tasks: int  # that were found
    moved: int  # waiting answers that go to somebody else now


def assign(tx: Transaction, who: Principal, project: Any, task_ids: Any, to: Any) -> Assigned:
    """Gives tasks that wait to `{"person": ...}` or `{"team": ...}`, or (null) back to everybody.

    Raises `Invalid` for ids that are none and for somebody who may not do the work.
    """
    tx.share_showing()
    require(who, Action.MANAGE_PROJECTS, project.id)
    if (
        not isinstance(task_ids, list)
        or not 1 <= len(task_ids) <= MOST
        or not all(is_id(key) for key in task_ids)
    ):
        raise invalid("/tasks", "type", f"must be a list of 1 to {MOST} ids of tasks")
    wanted = assigned_to(tx, to, "/to")
    tasks = tx.rows(_TASKS, {"project": project.id, "ids": list(dict.fromkeys(task_ids))})
    known = {row.public_id for row in tasks}
    missing = [
        Problem(f"/tasks/{i}", "unknown", "is no task of this project that can be given to somebody")
        for i, key in enumerate(task_ids)
        if key not in known
    ]
    if missing:
        raise Invalid(missing)
    _check_person(tx, project, wanted, [Demands.of_json(row.demands or {}) for row in tasks])
    waiting: dict[int, list[Any]] = {}
    for row in tx.rows(_WAITING, {"tasks": [row.id for row in tasks]}):
        waiting.setdefault(row.task_id, []).append(row)
    places: dict[int, list[Any]] = {}
    for task in tasks:
        everybody = replace(Demands.of_json(task.demands or {}), person=None, team=wanted.team)
        usual = lane_for(tx, project.id, everybody)
        tx.execute(sa.update(t.task).where(t.task.c.id == task.id).values(lane_id=usual))
        rows = waiting.get(task.id, [])
        if wanted.person is not None and rows:
            own = lane_for(tx, project.id, replace(everybody, person=wanted.person))
            places.setdefault(own, []).append(rows.pop(0))
        places.setdefault(usual, []).extend(rows)
    moved = 0
    for lane, rows in places.items():
        moved += len(rows)
        if rows:
            move = sa.update(t.assignment).where(t.assignment.c.id.in_([row.id for row in rows]))
            tx.execute(move.values(lane_id=lane))
    put_back(tx, ((lane, row.ordinal) for lane, rows in places.items() for row in rows))
    return Assigned(len(tasks), moved)


def _check_person(tx: Transaction, project: Any, wanted: Demands, asked: Sequence[Demands]) -> None:
    """Work is not given to somebody who could never take it."""
    if wanted.person is None:
        return
    person = tx.execute(sa.select(t.person).where(t.person.c.public_id == wanted.person)).one()
    verdict = standing.verdict(tx, person.provider_id, project.id)
    if not verdict.allowed:
        raise Conflict(f"{person.name} may not be shown this work: {verdict.because}", "provider_stopped")
    policy = standing.terms_of(tx, project.id).policy
    mine = abilities(tx, person.id)
    skills = {*policy.skills, *(skill for demands in asked for skill in demands.skills)}
    languages = {*policy.languages, *(name for demands in asked for name in demands.languages)}
    if lacking := mine.lacks(sorted(skills), sorted(languages)):
        raise invalid("/to/person", "lacks", f"{person.name} lacks {' and '.join(lacking)}")


def open_lanes_of(tx: Transaction, provider_id: int) -> int:
    """Lets everybody take what was given to people of a provider that is left; from how many lanes."""
    lanes = tx.rows(_LANES_OF, {"provider": provider_id})
    for lane in lanes:
        demands = {name: value for name, value in lane.demands.items() if name != "person"}
        # Under another digest: what is given to this person later is the person's alone again.
        opened = sa.update(t.lane).where(t.lane.c.id == lane.id)
        tx.execute(opened.values(demands=demands, person_id=None, digest=f"opened:{lane.id}"))
    put_back(tx, ((lane.id, 0) for lane in lanes))
    return len(lanes)


_LANES_OF = (
    sa.select(t.lane.c.id, t.lane.c.demands)
    .join(t.person, t.person.c.id == t.lane.c.person_id)
    .where(t.person.c.provider_id == sa.bindparam("provider"))
    .order_by(t.lane.c.id)
    .with_for_update(of=t.lane)
)
