"""Which rows is a task made of? All that one block of tasks becomes, written table by table."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
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
    salt: bytes | bytearray
    commitment: str
    priority: int
    public_id: str = ""
    key: int = 0  # row keys of the task and of the lane that it waits in
    lane: int = 0
    first_lane: int = 0  # that its first answer waits in
    waits: bool = False  # in the queue of its priority, at this place
    wave: int = 0
    place: int = 0
    ordinal: int = 0  # of its first answer
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
        *("id", "public_id", "content_id", "external_id", "priority", "wave", "place", "tags", "details"),
        *("digest", "batch_id", "form_id", "status", "gold", "wanted", "lane_id"),
        *("suggestion", "suggestion_by"),
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


_is_simple = attrgetter("draft.simple")


def write_contents(
    tx: Transaction,
    project_id: int,
    giver: int,
    shipment_id: int | None,
    tasks: Sequence[NewTask],
) -> Sequence[int]:
    """The row keys of what the tasks show, in their order."""
    keys = draw_keys(tx, t.content, len(tasks))
    facts = keys, [task.commitment for task in tasks], salts(len(tasks))
    _CONTENT.insert(tx, (project_id, giver, shipment_id, tx.now), facts)
    _PAYLOAD.insert(tx, (), (keys, [task.draft.body for task in tasks], [task.salt for task in tasks]))
    if not all(map(_is_simple, tasks)):
        shown = [
            (key, digest)
            for task, key in zip(tasks, keys, strict=True)
            for digest in sorted(task.draft.blobs)
        ]
        _BLOB.insert(tx, (), ([key for key, _ in shown], [digest for _, digest in shown]))
    return keys


def write_tasks(
    tx: Transaction,
    who: Principal,
    project: Any,
    tasks: Sequence[NewTask],
    contents: Sequence[int],
    wanted: int,
    default_lane: int,
    suggesters: dict[str | None, int],
) -> Sequence[int]:
    """The row keys of the tasks, in their order; each task knows its own, too."""
    keys = draw_keys(tx, t.task, len(tasks))
    drafts = [task.draft for task in tasks]
    for task, key in zip(tasks, keys, strict=True):
        task.key = key
    columns = [
        keys,
        [task.public_id for task in tasks],
        contents,
        [draft.external_id for draft in drafts],
        [task.priority for task in tasks],
        [task.wave for task in tasks],
        [task.place for task in tasks],
        [draft.tags for draft in drafts],
        [draft.details for draft in drafts],
        [draft.digest for draft in drafts],
    ]
    if not all(map(_is_simple, tasks)):
        columns += (
            [task.batch for task in tasks],
            [task.form for task in tasks],
            [task.status for task in tasks],
            [_gold_kind(draft) if draft.gold is not None else None for draft in drafts],
            [0 if draft.gold is not None else wanted for draft in drafts],
            [None if task.lane == default_lane else task.lane for task in tasks],
            [None if draft.suggestion is None else to_text(draft.suggestion) for draft in drafts],
            [suggesters.get(draft.suggested_by) if suggesters else None for draft in drafts],
        )
    else:  # of these there is nothing else to say than of the first one
        first = tasks[0]
        alike = (first.batch, first.form, first.status, None, wanted, None, None, None)
        columns += [[value] * len(tasks) for value in alike]
    _TASK.insert(tx, (project.world, project.id, who.person_id, 0, tx.now), columns)
    return keys


def _gold_kind(draft: Draft) -> str:
    return TRAINING if draft.training else EVALUATION


def write_assignments(tx: Transaction, project_id: int, tasks: Sequence[NewTask], wanted: int) -> None:
    """As many as are wanted of each task that waits in the queue."""
    if wanted == 1:
        each = [task for task in tasks if task.waits]
        lanes = [task.first_lane for task in each]
        ordinals = [task.ordinal for task in each]
    else:
        each = [task for task in tasks if task.waits for _ in range(wanted)]
        answers = list(range(wanted)) * (len(each) // wanted)
        lanes = [task.lane if n else task.first_lane for task, n in zip(each, answers, strict=True)]
        ordinals = [ordinal(task.wave, n, task.place) for task, n in zip(each, answers, strict=True)]
    columns = (
        draw_keys(tx, t.assignment, len(each)),
        new_ids(tx.now, len(each)),
        [task.key for task in each],
        lanes,
        [task.batch for task in each],
        [task.state for task in each],
        [task.priority for task in each],
        ordinals,
    )
    _ASSIGNMENT.insert(tx, (project_id, 0), columns)


def write_gold(tx: Transaction, tasks: Sequence[NewTask]) -> None:
    gold = [task for task in tasks if task.draft.gold is not None]
    keys, drawn = draw_keys(tx, t.gold, len(gold)), salts(len(gold))
    answers = [task.draft.gold for task in gold]
    made = [commitment(salt, given) for salt, given in zip(drawn, answers, strict=True)]
    _GOLD.insert(tx, (tx.now,), (keys, [task.key for task in gold], made, salts(len(gold))))
    _GOLD_PAYLOAD.insert(tx, (), (keys, [to_text(given) for given in answers], drawn))


def ask_to_fetch(tx: Transaction, tasks: Sequence[NewTask]) -> None:
    """A job for every task of which something is still elsewhere."""
    fetching = [task for task in tasks if task.status == TaskStatus.FETCHING]
    names = [f"{FETCH_JOB}:{task.public_id}" for task in fetching]
    args = [to_text({"task": task.key}) for task in fetching]
    _JOB.insert(tx, (FETCH_JOB, "waiting", tx.now, 0), (names, args))
