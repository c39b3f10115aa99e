"""What of a task may be changed once it is there? Its priority and what the caller notes beside it.

Content, form, gold and external_id stay as they came in: answers were given to those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Invalid, NotFound, Problem, invalid
from steelyard.domain.ids import is_id
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.batches import checked_priority
from steelyard.work.queue import put_back

FIELDS = ("priority", "tags", "metadata")
LONGEST_TAG = 200


def change_task(tx: Transaction, who: Principal, task_id: str, patch: Mapping[str, Any]) -> sa.Row:
    """Changes priority, tags (whole) or metadata (whole); raises `NotFound`, `Invalid` naming the field."""
    row = None
    if is_id(task_id):
        row = tx.row(
            sa.select(t.task)
            .where(t.task.c.public_id == task_id, t.task.c.world == who.world)
            .with_for_update(key_share=True)
        )
    if row is None:
        require(who, Action.MANAGE_PROJECTS)
        raise NotFound("there is no such task")
    require(who, Action.MANAGE_PROJECTS, row.project_id)
    standing.require_there(tx, row.project_id, "there is no such task")
    unknown = sorted(set(patch) - set(FIELDS))
    if unknown:
        message = f"is not a field of a task that can be changed; {', '.join(FIELDS)} are"
        raise Invalid([Problem(f"/{unknown[0]}", "unknown", message)])
    values: dict[str, Any] = {}
    if "priority" in patch:
        values["priority"] = checked_priority(patch["priority"])
    if "tags" in patch:
        values["tags"] = _tags(patch["tags"])
    if "metadata" in patch:
        if not isinstance(patch["metadata"], Mapping):
            raise invalid("/metadata", "type", "must be an object")
        values["details"] = dict(patch["metadata"])
    if values:
        tx.execute(sa.update(t.task).where(t.task.c.id == row.id).values(**values))
    if values.get("priority", row.priority) != row.priority:
        a = t.assignment
        moved = tx.execute(
            sa.update(a)
            .where(a.c.task_id == row.id)
            .values(priority=values["priority"])
            .returning(a.c.lane_id, a.c.ordinal)
        ).all()
        waits = (t.review_item.c.task_id == row.id, sa.text("review_item.state = 0"))
        tx.execute(sa.update(t.review_item).where(*waits).values(priority=values["priority"]))
        put_back(tx, ((each.lane_id, each.ordinal) for each in moved))
    return tx.execute(sa.select(t.task).where(t.task.c.id == row.id)).one()


def _tags(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(
        isinstance(tag, str) and 0 < len(tag) <= LONGEST_TAG and tag.isprintable() for tag in value
    ):
        raise invalid("/tags", "type", f"must be a list of strings of at most {LONGEST_TAG} characters")
    return list(dict.fromkeys(value))
