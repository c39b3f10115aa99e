"""How does work come in?

A task is checked whole before anything of it is written; a row that is wrong says where, and leaves the
others alone. A task with a known external_id is the same or is refused as changed, never updated silently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.content import MEDIA, check_content
from steelyard.domain.errors import Conflict, Invalid, NotFound, Problem
from steelyard.domain.form import Form
from steelyard.domain.ids import new_id
from steelyard.domain.names import checked_name, name_key
from steelyard.domain.policy import parse_policy
from steelyard.domain.states import AssignmentState, BatchStatus, TaskStatus, World
from steelyard.identity.policy import Principal
from steelyard.jobs.queue import enqueue
from steelyard.ledger.commitments import canonical, commit
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert
from steelyard.work.queue import lane_of, ordinal, put_back, take_places
from steelyard.work.tally import count_tasks

FIELDS = ("external_id", "content", "form", "priority", "tags", "metadata", "gold", "suggestion", "batch")
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


@dataclass(frozen=True)
class Draft:
    """A task that was found right: what is to be written of it."""

    row: int
    external_id: str | None
    content: dict[str, Any]
    form: Form | None
    priority: int
    tags: list[str]
    details: dict[str, Any]
    gold: dict[str, Any] | None
    suggestion: dict[str, Any] | None
    batch: str | None
    digest: bytes


def check_task(
    raw: Any, row: int, form: Form, keep_inline: Callable[[str, str], str]
) -> Draft | list[Problem]:
    """A draft, or everything that is wrong with this row.

    `form` is the project's current one; `keep_inline(url, pointer)` stores a data: URL and returns its
    blob: address, raising `Invalid` when it cannot.
    """
    if not isinstance(raw, Mapping):
        return [Problem("", "type", "must be an object")]
    problems = [
        Problem(f"/{_escape(k)}", "unknown", "is not a field of a task") for k in raw if k not in FIELDS
    ]
    content = raw.get("content")
    if content is None:
        problems.append(Problem("/content", "required", "is missing"))
    else:
        problems += check_content(content)
    external_id = raw.get("external_id")
    if external_id is not None and not short_text(external_id, 500):
        problems.append(Problem("/external_id", "type", "must be a string of 1 to 500 characters"))
    priority = raw.get("priority", 0)
    if isinstance(priority, bool) or not isinstance(priority, int) or not -1_000_000 <= priority <= 1_000_000:
        problems.append(Problem("/priority", "range", "must be a whole number from -1000000 to 1000000"))
    tags = [] if raw.get("tags") is None else raw["tags"]
    if not isinstance(tags, list) or not all(short_text(tag, 200) for tag in tags):
        problems.append(Problem("/tags", "type", "must be a list of strings of at most 200 characters"))
    details = {} if raw.get("metadata") is None else raw["metadata"]
    if not isinstance(details, Mapping):
        problems.append(Problem("/metadata", "type", "must be an object"))
    own = None
    if raw.get("form") is not None:
        try:
            own = forms.parse_form(raw["form"])
        except Invalid as wrong:
            problems += [Problem(f"/form{p.pointer}", p.code, p.message) for p in wrong.problems]
    for name in ("gold", "suggestion"):
        if raw.get(name) is not None and not (raw.get("form") is not None and own is None):
            problems += forms.check_answers(own or form, raw[name], f"/{name}")
    batch = raw.get("batch")
    if batch is not None and not short_text(batch, 200):
        problems.append(Problem("/batch", "type", "must be the name of a batch"))
    if problems:
        return problems
    try:
        digest = hashlib.sha256(canonical({k: raw.get(k) for k in FIELDS if raw.get(k) is not None})).digest()
        kept = {"blocks": [_kept(b, i, keep_inline) for i, b in enumerate(raw["content"]["blocks"])]}
    except Invalid as wrong:
        return wrong.problems
    return Draft(
        row,
        external_id,
        kept,
        own,
        priority,
        list(dict.fromkeys(tags)),
        dict(details),
        raw.get("gold"),
        raw.get("suggestion"),
        batch,
        digest,
    )


def _kept(block: Mapping[str, Any], index: int, keep_inline: Callable[[str, str], str]) -> dict[str, Any]:
    kept = dict(block)
    if kept["type"] in MEDIA and kept["url"].startswith("data:"):
        kept["url"] = keep_inline(kept["url"], f"/content/blocks/{index}/url")
    return kept


def _escape(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def short_text(value: Any, longest: int) -> bool:
    return (
        isinstance(value, str) and 0 < len(value) <= longest and "\x00" not in value and value.isprintable()
    )


def create_batch(
    tx: Transaction, who: Principal, project: sa.Row, name: Any, *, staged: bool = False, priority: int = 0
) -> sa.Row:
    """A new batch; its tasks are in the queue at once unless it is staged. `Conflict` when the name is taken."""
    name = checked_name(name)
    key = name_key(name)
    find = sa.select(t.batch).where(t.batch.c.world == who.world, t.batch.c.name_key == key)
    if tx.execute(find).first():
        raise Conflict(f"there is a batch named {name!r} already", "name_taken")
    tx.execute(
        sa.insert(t.batch).values(
            public_id=new_id(tx.now),
            project_id=project.id,
            world=who.world,
            name=name,
            name_key=key,
            status=BatchStatus.STAGED if staged else BatchStatus.RUNNING,
            priority=priority,
            created_at=tx.now,
        )
    )
    return tx.execute(find).one()


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


def _write(
    tx: Transaction,
    who: Principal,
    project: sa.Row,
    fresh: list[tuple[Draft, str]],
    shipment: sa.Row | None,
    no_answers: bool,
) -> None:
    from steelyard.work.projects import keep_form  # projects and tasks know each other

    policy = parse_policy(project.policy)
    batches = _batches(tx, project, fresh)
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
        _check_blobs(tx, {b["digest"] for b in blobs})
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


def blob_digests(content: Mapping[str, Any]) -> set[str]:
    """The blobs that a content shows, by digest."""
    urls = (block.get("url") for block in content["blocks"])
    return {
        u.removeprefix("blob:sha256/") for u in urls if isinstance(u, str) and u.startswith("blob:sha256/")
    }


def has_foreign_url(content: Mapping[str, Any]) -> bool:
    return any(
        isinstance(b.get("url"), str) and b["url"].startswith(("http://", "https://"))
        for b in content["blocks"]
    )


def keep_blob_row(tx: Transaction, digest: str, size: int, media_type: str) -> None:
    tx.execute(
        upsert(tx, t.blob)
        .values(digest=digest, size=size, media_type=media_type, created_at=tx.now)
        .on_conflict_do_nothing()
    )


def _check_blobs(tx: Transaction, digests: set[str]) -> None:
    there = set(tx.execute(sa.select(t.blob.c.digest).where(t.blob.c.digest.in_(sorted(digests)))).scalars())
    missing = sorted(digests - there)
    if missing:
        message = f"there is no blob sha256/{missing[0]}; send its bytes first"
        raise Invalid([Problem("/content/blocks", "blob", message)])
