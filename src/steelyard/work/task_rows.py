"""Which rows is a task made of? All that one block of tasks becomes, written table by table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from steelyard.domain.ids import new_ids
from steelyard.domain.states import AssignmentState, TaskStatus
from steelyard.identity.policy import Principal
from steelyard.ledger.commitments import commitment, salts
from steelyard.store import tables as t
from steelyard.store.bulk import Bulk, draw_keys
from steelyard.store.database import Transaction
from steelyard.store.json_text import to_text
from steelyard.work.draft import Draft
from steelyard.work.hidden_gold import EVALUATION, TRAINING
from steelyard.work.queue import ordinal

FETCH_JOB = "fetch_content"


class NewTask(Struct, gc=False):
    """A draft on its way to being a task: what it is committed to, and what it is given in the write."""

    draft: Draft
    salt: bytes
    commitment: str
    public_id: str = ""
    key: int = 0  # row keys of the task, its content and the lane that it waits in
    content: int = 0
    lane: int = 0
    first_lane: int = 0  # that its first answer waits in
    priority: int = 0
    waits: bool = False  # in the queue of its priority, at this place
    wave: int = 0
    place: int = 0
    batch: int | None = None
    form: int | None = None
    status: str = TaskStatus.OPEN.value
    state: int = int(AssignmentState.READY)  # of its assignments


_CONTENT = Bulk(
    t.content, ("project_id", "provider_id", "shipment_id", "at"), ("id", "commitment", "leaf_salt")
)
_PAYLOAD = Bulk(t.content_payload, (), ("content_id", "body", "salt"))
_BLOB = Bulk(t.content_blob, (), ("content_id", "digest"))
_TASK = Bulk(
    t.task,
    ("world", "project_id", "created_by", "answers", "created_at"),
    (
        *(
            "id",
            "public_id",
            "batch_id",
            "content_id",
            "form_id",
            "external_id",
            "status",
            "gold",
            "priority",
        ),
        *("wave", "place", "wanted", "tags", "details", "lane_id", "suggestion", "suggestion_by", "digest"),
    ),
)
_ASSIGNMENT = Bulk(
    t.assignment,
    ("project_id", "price"),
    ("id", "public_id", "task_id", "lane_id", "batch_id", "state", "priority", "ordinal"),
)
_GOLD = Bulk(t.gold, ("at",), ("id", "task_id", "commitment", "leaf_salt"))
_GOLD_PAYLOAD = Bulk(t.gold_payload, (), ("gold_id", "answers", "salt"))
_JOB = Bulk(t.job, ("kind", "state", "run_at", "attempts"), ("dedup_key", "args"))


def write_contents(
    tx: Transaction, project_id: int, giver: int, shipment_id: int | None, tasks: Sequence[NewTask]
) -> None:
    keys = draw_keys(tx, t.content, len(tasks))
    for task, key in zip(tasks, keys, strict=True):
        task.content = key
    commitments = [task.commitment for task in tasks]
    rows = list(zip(keys, commitments, salts(len(tasks)), strict=True))
    _CONTENT.insert(tx, (project_id, giver, shipment_id, tx.now), rows)
    _PAYLOAD.insert(tx, (), [(task.content, task.draft.body, task.salt) for task in tasks])
    _BLOB.insert(tx, (), [(task.content, d) for task in tasks for d in sorted(task.draft.blobs)])


def write_tasks(
    tx: Transaction,
    who: Principal,
    project: Any,
    tasks: Sequence[NewTask],
    wanted: int,
    default_lane: int,
    suggesters: dict[str | None, int],
) -> None:
    keys = draw_keys(tx, t.task, len(tasks))
    for task, key in zip(tasks, keys, strict=True):
        task.key = key
    drafts = [task.draft for task in tasks]
    columns = (
        keys,
        [task.public_id for task in tasks],
        [task.batch for task in tasks],
        [task.content for task in tasks],
        [task.form for task in tasks],
        [draft.external_id for draft in drafts],
        [task.status for task in tasks],
        [_gold_kind(draft) if draft.gold is not None else None for draft in drafts],
        [task.priority for task in tasks],
        [task.wave for task in tasks],
        [task.place for task in tasks],
        [0 if draft.gold is not None else wanted for draft in drafts],
        [draft.tags for draft in drafts],
        [draft.details for draft in drafts],
        [None if task.lane == default_lane else task.lane for task in tasks],
        [None if draft.suggestion is None else to_text(draft.suggestion) for draft in drafts],
        [suggesters.get(draft.suggested_by) if suggesters else None for draft in drafts],
        [draft.digest for draft in drafts],
    )
    same = (project.world, project.id, who.person_id, 0, tx.now)
    _TASK.insert(tx, same, list(zip(*columns, strict=True)))


def _gold_kind(draft: Draft) -> str:
    return TRAINING if draft.training else EVALUATION


def write_assignments(tx: Transaction, project_id: int, tasks: Sequence[NewTask], wanted: int) -> None:
    """As many as are wanted of each task that waits in the queue."""
    each = [(task, answer) for task in tasks if task.waits for answer in range(wanted)]
    columns = (
        draw_keys(tx, t.assignment, len(each)),
        new_ids(tx.now, len(each)),
        [task.key for task, _ in each],
        [task.lane if answer else task.first_lane for task, answer in each],
        [task.batch for task, _ in each],
        [task.state for task, _ in each],
        [task.priority for task, _ in each],
        [ordinal(task.wave, answer, task.place) for task, answer in each],
    )
    _ASSIGNMENT.insert(tx, (project_id, 0), list(zip(*columns, strict=True)))


def write_gold(tx: Transaction, tasks: Sequence[NewTask]) -> None:
    gold = [task for task in tasks if task.draft.gold is not None]
    if not gold:
        return
    drawn = list(zip(gold, draw_keys(tx, t.gold, len(gold)), salts(len(gold)), strict=True))
    leaves = salts(len(gold))
    _GOLD.insert(
        tx,
        (tx.now,),
        [
            (key, task.key, commitment(salt, task.draft.gold), leaf)
            for (task, key, salt), leaf in zip(drawn, leaves, strict=True)
        ],
    )
    _GOLD_PAYLOAD.insert(tx, (), [(key, to_text(task.draft.gold), salt) for task, key, salt in drawn])


def ask_to_fetch(tx: Transaction, tasks: Sequence[NewTask]) -> None:
    """A job for every task of which something is still elsewhere."""
    _JOB.insert(
        tx,
        (FETCH_JOB, "waiting", tx.now, 0),
        [
            (f"{FETCH_JOB}:{task.public_id}", to_text({"task": task.key}))
            for task in tasks
            if task.status == TaskStatus.FETCHING
        ],
    )
