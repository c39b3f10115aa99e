"""What does a reviewer see of a task whose answer it looks at?

Never whose the answers are, in which order they came, or what the levels before said; a fix of theirs is the
task's answer now.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.reviewing import told

_i = t.review_item
_j = t.judgment


@dataclass(frozen=True)
class Shown:
    """An item in a reviewer's hands. `answers` are (public id of the judgment, what it says), in the order in
    which they are shown; `consensus` is (answers, confidence, tie) where there is one."""

    id: str
    level: int
    why: str
    said: str | None
    lease_until: int
    task: str
    content: dict[str, Any] | None
    form: dict[str, Any]
    project: str  # slug
    instruction: str
    answers: list[tuple[str, dict[str, Any]]]
    consensus: tuple[dict[str, Any], float, bool] | None


_SHOW = (
    sa.select(
        _i.c.id,
        _i.c.public_id,
        _i.c.level,
        _i.c.why,
        _i.c.lease_until,
        _i.c.task_id,
        t.task.c.public_id.label("task"),
        t.content_payload.c.body,
        t.form.c.body.label("form"),
    )
    .join(t.task, t.task.c.id == _i.c.task_id)
    .join(t.project, t.project.c.id == _i.c.project_id)
    .join(t.form, t.form.c.id == sa.func.coalesce(t.task.c.form_id, t.project.c.form_id))
    .join(t.content_payload, t.content_payload.c.content_id == t.task.c.content_id, isouter=True)
    .where(_i.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_VOTES = (
    sa.select(_j.c.task_id, _j.c.public_id, t.judgment_payload.c.answers)
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id)
    .where(_j.c.task_id.in_(sa.bindparam("tasks", expanding=True)), _j.c.current, _j.c.based_on.is_(None))
)
_VALUES = (
    sa.select(
        t.consensus.c.task_id, t.consensus.c.confidence, t.consensus.c.tie, t.consensus_payload.c.answers
    )
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id)
    .where(t.consensus.c.task_id.in_(sa.bindparam("tasks", expanding=True)), t.CONSENSUS_IS_CURRENT)
)


def show_items(tx: Transaction, project: Any, ids: list[int]) -> list[Shown]:
    items = {row.id: row for row in tx.rows(_SHOW, {"ids": ids})}
    tasks = [row.task_id for row in items.values()]
    votes: dict[int, list[tuple[str, dict[str, Any]]]] = {task: [] for task in tasks}
    for row in tx.rows(_VOTES, {"tasks": tasks}):
        votes[row.task_id].append((row.public_id, row.answers))
    values = {row.task_id: row for row in tx.rows(_VALUES, {"tasks": tasks})}
    found = []
    for row in (items[key] for key in ids):
        value = values.get(row.task_id)
        why, said = told(row.why)
        found.append(
            Shown(
                row.public_id,
                row.level,
                why,
                said,
                row.lease_until,
                row.task,
                row.body,
                row.form,
                project.slug,
                project.instruction,
                sorted(votes[row.task_id], key=lambda vote, item=row.public_id: _drawn(item, vote[0])),
                None if value is None else (value.answers, value.confidence, bool(value.tie)),
            )
        )
    return found


def _drawn(item: str, judgment: str) -> bytes:
    """Answers come in an order that is another for each item and says nothing of when they were given."""
    return hashlib.blake2b(f"{item}:{judgment}".encode(), digest_size=8).digest()
