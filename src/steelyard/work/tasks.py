"""How does work come in?

What was found right is written with its place in the queue in one transaction. A task with a known
external_id is the same or is refused as changed, never updated silently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import new_ids
from steelyard.domain.names import name_key
from steelyard.domain.policy import parse_policy
from steelyard.domain.states import AssignmentState, BatchStatus, ProviderStatus, TaskStatus, World
from steelyard.identity.people import provider_named
from steelyard.identity.policy import Principal
from steelyard.ledger.commitments import salts
from steelyard.store import tables as t
from steelyard.store.bulk import items_of, list_of
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.work import task_rows
from steelyard.work.draft import Draft
from steelyard.work.lanes import NOTHING_BACK, Demands, assigned_to, lane_for
from steelyard.work.media import check_blobs
from steelyard.work.projects import keep_form
from steelyard.work.queue import places_from, put_back, take_places
from steelyard.work.tally import count_tasks
from steelyard.work.task_rows import NewTask

BLOCK = 500  # tasks written in one transaction
MOST_IDS = 10_000  # ids that one answer tells


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row (counted from 0) of what came in; where it was a file with lines or columns,
    the line it begins in (counted from 1) and the column."""

    row: int
    pointer: str
    code: str
    message: str
    line: int | None = None
    column: str | None = None


@dataclass
class Created:
    new: int = 0
    same: int = 0
    changed: int = 0
    wrong: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)  # one per row, None where it is wrong

    def add(self, other: Created) -> None:
        """Takes in what came of the rows behind these; of their ids only the first ones are kept."""
        for name in ("new", "same", "changed", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.problems += other.problems
        self.ids += other.ids[: MOST_IDS - len(self.ids)]


def committed(drafts: Sequence[Draft]) -> list[NewTask]:
    """Drafts with what they are committed to: worked out before the write, for which others wait."""
    sha256 = hashlib.sha256
    drawn = zip(drafts, salts(len(drafts)), strict=True)
    return [
        NewTask(draft, salt, sha256(salt + draft.content).hexdigest(), draft.priority)
        for draft, salt in drawn
    ]


def write_tasks(
    tx: Transaction,
    who: Principal,
    project: Any,
    drafts: Sequence[Draft] | Sequence[NewTask],
    *,
    shipment: sa.Row | None = None,
    no_answers: bool = False,
) -> Created:
    """Writes drafts that were found right, in their order. `no_answers`: no assignments are queued, since
    the answers come with the shipment."""
    tasks = [d if isinstance(d, NewTask) else committed([d])[0] for d in drafts]
    created, fresh = _told_apart(tx, project.id, tasks)
    if fresh:
        _write(tx, who, project, fresh, shipment, no_answers)
        created.new += len(fresh)
    return created


def _told_apart(tx: Transaction, project_id: int, tasks: Sequence[NewTask]) -> tuple[Created, list[NewTask]]:
    """Those that are new, each with its public id, and what is to be said of the others."""
    created = Created()
    drawn = new_ids(tx.now, len(tasks))
    given = [task.draft.external_id for task in tasks if task.draft.external_id is not None]
    known = known_tasks(tx, project_id, given)
    if not known and len(set(given)) == len(given):
        for task, public_id in zip(tasks, drawn, strict=True):
            task.public_id = public_id
        created.ids += drawn
        return created, list(tasks)
    fresh: list[NewTask] = []
    for task, public_id in zip(tasks, drawn, strict=True):
        draft = task.draft
        before = known.get(draft.external_id) if draft.external_id is not None else None
        if before is None:
            task.public_id = public_id
            if draft.external_id is not None:
                known[draft.external_id] = (draft.digest, task.public_id)
            fresh.append(task)
            created.ids.append(task.public_id)
        elif before[0] == draft.digest:
            created.same += 1
            created.ids.append(before[1])
        else:
            created.changed += 1
            created.ids.append(None)
            created.problems.append(changed(draft.row, before[1]))
    return created, fresh


def changed(row: int, public_id: str) -> RowProblem:
    message = f"a task with this external_id ({public_id}) is there already and differs; it was not changed"
    return RowProblem(row, "/external_id", "changed", message)


def known_tasks(
    tx: Transaction, project_id: int, external_ids: Sequence[str]
) -> dict[str, tuple[bytes, str]]:
    """Digest and public id of the tasks that are there, by external_id."""
    if not external_ids:
        return {}
    rows = KNOWN[tx.dialect].rows(tx, {"project": project_id, "ids": list_of(tx, external_ids)})
    return {row.external_id: (row.digest, row.public_id) for row in rows}


KNOWN = {
    dialect: Prepared(
        sa.select(t.task.c.external_id, t.task.c.digest, t.task.c.public_id).where(
            t.task.c.project_id == sa.bindparam("project"), t.task.c.external_id.in_(items_of(dialect, "ids"))
        )
    )
    for dialect in ("sqlite", "postgresql")
}


def _write(
    tx: Transaction,
    who: Principal,
    project: Any,
    tasks: Sequence[NewTask],
    shipment: sa.Row | None,
    no_answers: bool,
) -> None:
    others = [task for task in tasks if not task.draft.simple]
    digests = {digest for task in others for digest in task.draft.blobs}
    if digests:
        check_blobs(tx, digests)
    _find_batches(tx, project, others)
    suggesters = _suggesters(tx, others)
    default_lane = _find_lanes(tx, project.id, tasks, others)
    wanted = 0 if no_answers else parse_policy(project.policy).answers
    waiting = [task for task in tasks if task.draft.gold is None] if wanted else []
    passed = _take_places(tx, project.id, waiting)
    forms = {id(task.draft.form): keep_form(tx, task.draft.form) for task in others if task.draft.form}
    for task in tasks if no_answers else others:
        draft = task.draft
        if draft.foreign and project.world == World.LIVE:
            task.status, task.state = TaskStatus.FETCHING.value, int(AssignmentState.WAITING)
        if draft.form is not None:
            task.form = forms[id(draft.form)]
        elif draft.gold is not None or no_answers:
            task.form = project.form_id  # gold is checked against the form it was given with, and keeps it
    giver, received = (shipment.provider_id, shipment.id) if shipment is not None else (who.provider_id, None)
    contents = task_rows.write_contents(tx, project.id, giver, received, tasks)
    task_rows.write_tasks(tx, who, project, tasks, contents, wanted, default_lane, suggesters)
    gold = [task for task in others if task.draft.gold is not None]
    if others:
        task_rows.ask_to_fetch(tx, others)
        task_rows.write_gold(tx, gold)
    if wanted:
        task_rows.write_assignments(tx, project.id, tasks, wanted)
    count_tasks(
        tx,
        project.id,
        tasks=len(tasks),
        gold=len(gold),
        training=sum(task.draft.training for task in gold),
        wanted=(len(tasks) - len(gold)) * wanted,
    )
    put_back(tx, passed.items())


def _take_places(tx: Transaction, project_id: int, tasks: Sequence[NewTask]) -> dict[int, int]:
    """Gives each a place in the queue; returns, by lane, the ordinals from which on cursors may have passed them."""
    passed: dict[int, int] = {}
    for priority in sorted({task.priority for task in tasks}):
        some = [task for task in tasks if task.priority == priority]
        first, joined = take_places(tx, project_id, priority, len(some))
        for task, (wave, place, at) in zip(some, places_from(first), strict=False):
            task.waits, task.wave, task.place, task.ordinal = True, wave, place, at
        if joined:  # of each lane the first one of its tasks
            lowest = {task.first_lane: task for task in reversed(some)}
            for lane, task in (*lowest.items(), *{task.lane: task for task in reversed(some)}.items()):
                passed[lane] = min(passed.get(lane, NOTHING_BACK), task.ordinal)
    return passed


def _find_batches(tx: Transaction, project: Any, tasks: Sequence[NewTask]) -> None:
    found: dict[str, sa.Row] = {}
    for name in sorted({task.draft.batch for task in tasks if task.draft.batch is not None}):
        # Locked: a batch that is started at this moment must see these rows, or these its start.
        row = tx.execute(
            sa.select(t.batch)
            .where(t.batch.c.world == project.world, t.batch.c.name_key == name_key(name))
            .with_for_update(key_share=True)
        ).first()
        if row is None or row.project_id != project.id:
            raise NotFound(f"there is no batch {name!r} in {project.name}")
        if row.status in (BatchStatus.FINISHED, BatchStatus.CANCELLED):
            raise Conflict(f"the batch {name!r} is {row.status}", "batch_closed")
        found[name] = row
        count = sum(task.draft.batch == name for task in tasks)
        more = sa.update(t.batch).where(t.batch.c.id == row.id)
        tx.execute(more.values(tasks=t.batch.c.tasks + count))
    for task in tasks:
        batch = found.get(task.draft.batch) if task.draft.batch is not None else None
        if batch is not None:
            task.batch, task.priority = batch.id, task.draft.priority or batch.priority
            if batch.status != BatchStatus.RUNNING:
                task.state = int(AssignmentState.WAITING)


def _find_lanes(tx: Transaction, project_id: int, tasks: Sequence[NewTask], others: Sequence[NewTask]) -> int:
    """Gives each the lane of what it demands, as only `others` may; the row key of the lane of those that demand
    nothing."""
    default = lane_for(tx, project_id)
    for task in tasks:
        task.lane = task.first_lane = default
    found: dict[Any, tuple[int, int]] = {((), (), None): (default, default)}
    for task in others:
        draft = task.draft
        key = (draft.skills, draft.languages, draft.assign_to)
        if key not in found:
            alone = assigned_to(tx, None if draft.assign_to is None else dict([draft.assign_to]))
            demands = Demands(draft.skills, draft.languages, team=alone.team)
            usual = lane_for(tx, project_id, demands)
            # A person answers a task once: of several wanted answers the first one is the person's.
            own = (
                usual
                if alone.person is None
                else lane_for(tx, project_id, replace(demands, person=alone.person))
            )
            found[key] = usual, own
        task.lane, task.first_lane = found[key]
    return default


def _suggesters(tx: Transaction, tasks: Sequence[NewTask]) -> dict[str | None, int]:
    """Row keys of the providers that suggestions are said to come from; what was left suggests nothing."""
    found: dict[str | None, int] = {}
    for name in sorted({task.draft.suggested_by for task in tasks if task.draft.suggested_by is not None}):
        row = provider_named(tx, name, "/suggested_by")
        if row.status == ProviderStatus.EXITED:
            raise Conflict(f"{row.name} was left; its suggestions are not shown", "provider_stopped")
        found[name] = row.id
    return found
