"""How does work come in?

What was found right is written with its place in the queue in one transaction. A task with a known
external_id is the same or is refused as changed, never updated silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import new_id
from steelyard.domain.names import name_key
from steelyard.domain.policy import parse_policy
from steelyard.domain.states import AssignmentState, BatchStatus, ProviderStatus, TaskStatus, World
from steelyard.identity.people import provider_named
from steelyard.identity.policy import Principal
from steelyard.jobs.queue import enqueue
from steelyard.ledger.commitments import commit
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.draft import Draft
from steelyard.work.media import blob_digests, check_blobs, has_foreign_url
from steelyard.work.projects import keep_form
from steelyard.work.queue import lane_of, ordinal, put_back, take_places
from steelyard.work.tally import count_tasks

FETCH_JOB = "fetch_content"
BLOCK = 500  # tasks written in one transaction


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row (counted from 0) of what came in."""

    row: int
    pointer: str
    code: str
    message: str


@dataclass
class Created:
    new: int = 0
    same: int = 0
    changed: int = 0
    wrong: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)  # one per row, None where it is wrong

    def add(self, other: Created) -> None:
        for name in ("new", "same", "changed", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.problems += other.problems
        self.ids += other.ids


def write_tasks(
    tx: Transaction,
    who: Principal,
    project: sa.Row,
    drafts: Sequence[Draft],
    *,
    shipment: sa.Row | None = None,
    no_answers: bool = False,
) -> Created:
    """Writes drafts that were found right, in their order. `no_answers`: no assignments are queued, since
    the answers come with the shipment."""
    created = Created()
    known = _known(tx, project.id, [d.external_id for d in drafts if d.external_id is not None])
    fresh: list[tuple[Draft, str]] = []
    seen: dict[str, tuple[bytes, str]] = {}
    for draft in drafts:
        if draft.external_id is None:
            public = new_id(tx.now)
            fresh.append((draft, public))
            created.ids.append(public)
            continue
        before = known.get(draft.external_id) or seen.get(draft.external_id)
        if before is None:
            public = new_id(tx.now)
            seen[draft.external_id] = (draft.digest, public)
            fresh.append((draft, public))
            created.ids.append(public)
        elif before[0] == draft.digest:
            created.same += 1
            created.ids.append(before[1])
        else:
            created.changed += 1
            created.ids.append(None)
            message = (
                f"a task with this external_id ({before[1]}) is there already and differs; it was not changed"
            )
            created.problems.append(RowProblem(draft.row, "/external_id", "changed", message))
    if fresh:
        _write(tx, who, project, fresh, shipment, no_answers)
        created.new += len(fresh)
    return created


def _known(tx: Transaction, project_id: int, external_ids: list[str]) -> dict[str, tuple[bytes, str]]:
    if not external_ids:
        return {}
    rows = tx.execute(_KNOWN, {"project": project_id, "ids": external_ids})
    return {row.external_id: (row.digest, row.public_id) for row in rows}


_KNOWN = sa.select(t.task.c.external_id, t.task.c.digest, t.task.c.public_id).where(
    t.task.c.project_id == sa.bindparam("project"),
    t.task.c.external_id.in_(sa.bindparam("ids", expanding=True)),
)


def _batches(tx: Transaction, project: sa.Row, drafts: Sequence[tuple[Draft, str]]) -> dict[str, sa.Row]:
    found: dict[str, sa.Row] = {}
    for name in sorted({d.batch for d, _ in drafts if d.batch is not None}):
        # Shared: a batch that is started at this moment must see these rows, or these its start.
        row = tx.execute(
            sa.select(t.batch)
            .where(t.batch.c.world == project.world, t.batch.c.name_key == name_key(name))
            .with_for_update(read=True)
        ).first()
        if row is None or row.project_id != project.id:
            raise NotFound(f"there is no batch {name!r} in {project.name}")
        if row.status in (BatchStatus.FINISHED, BatchStatus.CANCELLED):
            raise Conflict(f"the batch {name!r} is {row.status}", "batch_closed")
        found[name] = row
    return found


def _suggesters(tx: Transaction, drafts: Sequence[tuple[Draft, str]]) -> dict[str | None, int]:
    """Row keys of the providers that suggestions are said to come from; what was left suggests nothing."""
    found: dict[str | None, int] = {}
    for name in sorted({d.suggested_by for d, _ in drafts if d.suggested_by is not None}):
        row = provider_named(tx, name, "/suggested_by")
        if row.status == ProviderStatus.EXITED:
            raise Conflict(f"{row.name} was left; its suggestions are not shown", "provider_stopped")
        found[name] = row.id
    return found


def _write(
    tx: Transaction,
    who: Principal,
    project: sa.Row,
    fresh: list[tuple[Draft, str]],
    shipment: sa.Row | None,
    no_answers: bool,
) -> None:
    policy = parse_policy(project.policy)
    batches = _batches(tx, project, fresh)
    suggesters = _suggesters(tx, fresh)
    form_ids = {id(d.form): keep_form(tx, d.form) for d, _ in fresh if d.form is not None}
    giver = shipment.provider_id if shipment is not None else who.provider_id
    commits = [commit(d.content) for d, _ in fresh]
    content_ids = tx.execute(
        sa.insert(t.content).returning(t.content.c.id, sort_by_parameter_order=True),
        [
            {
                "project_id": project.id,
                "provider_id": giver,
                "shipment_id": None if shipment is None else shipment.id,
                "commitment": digest,
                "at": tx.now,
            }
            for _, digest in commits
        ],
    ).scalars().all()  # fmt: skip
    tx.execute(
        sa.insert(t.content_payload),
        [
            {"content_id": key, "body": draft.content, "salt": salt}
            for key, (draft, _), (salt, _) in zip(content_ids, fresh, commits, strict=True)
        ],
    )
    blobs = [
        {"content_id": key, "digest": digest}
        for key, (draft, _) in zip(content_ids, fresh, strict=True)
        for digest in blob_digests(draft.content)
    ]
    if blobs:
        check_blobs(tx, {b["digest"] for b in blobs})
        tx.execute(sa.insert(t.content_blob), blobs)
    wanted = 0 if no_answers else policy.answers
    places, passed = _places(tx, project.id, fresh, batches, wanted)
    rows = []
    for content_id, (draft, public) in zip(content_ids, fresh, strict=True):
        place = places.get(public)
        fetching = project.world == World.LIVE and has_foreign_url(draft.content)
        rows.append(
            {
                "public_id": public,
                "world": project.world,
                "project_id": project.id,
                "batch_id": batches[draft.batch].id if draft.batch else None,
                "content_id": content_id,
                # Gold is checked against the form it was given with, so it keeps that form.
                "form_id": form_ids.get(id(draft.form))
                or (project.form_id if draft.gold or no_answers else None),
                "created_by": who.person_id,
                "external_id": draft.external_id,
                "status": TaskStatus.FETCHING if fetching else TaskStatus.OPEN,
                "gold": "evaluation" if draft.gold is not None else None,
                "priority": _priority(draft, batches),
                "wave": place.wave if place else 0,
                "place": place.place if place else 0,
                "wanted": 0 if draft.gold is not None else wanted,
                "tags": draft.tags,
                "details": draft.details,
                "suggestion": draft.suggestion,
                "suggestion_by": suggesters.get(draft.suggested_by),
                "digest": draft.digest,
                "created_at": tx.now,
            }
        )
    task_ids = tx.execute(
        sa.insert(t.task).returning(t.task.c.id, sort_by_parameter_order=True), rows
    ).scalars().all()  # fmt: skip
    for task_id, row in zip(task_ids, rows, strict=True):
        if row["status"] == TaskStatus.FETCHING:
            enqueue(tx, FETCH_JOB, {"task": task_id}, dedup_key=f"{FETCH_JOB}:{task_id}")
    _write_gold(tx, fresh, task_ids)
    if wanted:
        _queue(tx, project.id, rows, task_ids, places, batches, fresh)
    gold = sum(d.gold is not None for d, _ in fresh)
    count_tasks(tx, project.id, tasks=len(fresh), gold=gold, wanted=(len(fresh) - gold) * wanted)
    lane = lane_of(tx, project.id, {})
    put_back(tx, ((lane, at) for at in passed))


def _priority(draft: Draft, batches: dict[str, sa.Row]) -> int:
    return draft.priority or (batches[draft.batch].priority if draft.batch else 0)


def _places(
    tx: Transaction, project_id: int, fresh, batches, wanted: int
) -> tuple[dict[str, Any], list[int]]:
    """A place in the queue for every task that waits there (gold does not), and the ordinals from which on
    cursors may have passed them."""
    by_priority: dict[int, list[str]] = {}
    if wanted:
        for draft, public in fresh:
            if draft.gold is None:
                by_priority.setdefault(_priority(draft, batches), []).append(public)
    found: dict[str, Any] = {}
    passed: list[int] = []
    for priority in sorted(by_priority):
        publics = by_priority[priority]
        places, joined = take_places(tx, project_id, priority, len(publics))
        found |= dict(zip(publics, places, strict=True))
        if joined:
            passed.append(ordinal(places[0].wave, 0, places[0].place))
    return found, passed


def _queue(tx: Transaction, project_id: int, rows, task_ids, places, batches, fresh) -> None:
    lane = lane_of(tx, project_id, {})
    waiting = []
    for task_id, row, (draft, public) in zip(task_ids, rows, fresh, strict=True):
        if draft.gold is not None:
            continue
        batch = batches[draft.batch] if draft.batch else None
        ready = row["status"] == TaskStatus.OPEN and (batch is None or batch.status == BatchStatus.RUNNING)
        for answer in range(row["wanted"]):
            waiting.append(
                {
                    "public_id": new_id(tx.now),
                    "project_id": project_id,
                    "task_id": task_id,
                    "lane_id": lane,
                    "batch_id": row["batch_id"],
                    "state": int(AssignmentState.READY if ready else AssignmentState.WAITING),
                    "priority": row["priority"],
                    "ordinal": ordinal(places[public].wave, answer, places[public].place),
                }
            )
    if waiting:
        tx.execute(sa.insert(t.assignment), waiting)


def _write_gold(tx: Transaction, fresh, task_ids) -> None:
    for task_id, (draft, _) in zip(task_ids, fresh, strict=True):
        if draft.gold is None:
            continue
        salt, digest = commit(draft.gold)
        gold_id = tx.added(sa.insert(t.gold).values(task_id=task_id, commitment=digest, at=tx.now))
        tx.execute(sa.insert(t.gold_payload).values(gold_id=gold_id, answers=draft.gold, salt=salt))
