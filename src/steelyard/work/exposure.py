"""Who was shown what?

Exposure is written in the transaction that shows it, so this list is neither short nor long: prefetched
counts as shown, and what was recalled was seen all the same.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Transaction

MOST = 1000


def counts(tx: Transaction, provider_id: int, world: str) -> dict[str, Any]:
    """How much a provider was shown in one world: distinct tasks, showings, by project, by sensitivity."""
    where = (t.exposure.c.provider_id == provider_id, t.project.c.world == world)
    rows = tx.execute(
        sa.select(
            t.project.c.slug,
            t.project.c.policy,
            sa.func.count(sa.distinct(t.exposure.c.content_id)).label("tasks"),
            sa.func.count().label("showings"),
            sa.func.min(t.exposure.c.at).label("first"),
            sa.func.max(t.exposure.c.at).label("last"),
        )
        .join(t.project, t.project.c.id == t.exposure.c.project_id)
        .where(*where)
        .group_by(t.project.c.id)
    ).all()
    by_sensitivity: dict[str, int] = {}
    for row in rows:
        level = row.policy.get("sensitivity", "internal")
        by_sensitivity[level] = by_sensitivity.get(level, 0) + row.tasks
    return {
        "tasks": sum(row.tasks for row in rows),
        "showings": sum(row.showings for row in rows),
        "by_project": {row.slug: row.tasks for row in rows},
        "by_sensitivity": by_sensitivity,
        "first": format_time(min(row.first for row in rows)) if rows else None,
        "last": format_time(max(row.last for row in rows)) if rows else None,
    }


def listing(
    tx: Transaction, provider_id: int, world: str, after: int = 0, limit: int = MOST
) -> tuple[list[dict[str, Any]], int | None]:
    """Showings in the order they happened, and the key to go on after (None at the end)."""
    rows = tx.execute(
        sa.select(
            t.exposure.c.id,
            t.task.c.public_id.label("task"),
            t.content.c.commitment,
            t.annotator.c.public_id.label("annotator"),
            t.project.c.slug,
            t.exposure.c.at,
        )
        .join(t.task, t.task.c.id == t.exposure.c.task_id)
        .join(t.content, t.content.c.id == t.exposure.c.content_id)
        .join(t.annotator, t.annotator.c.id == t.exposure.c.annotator_id)
        .join(t.project, t.project.c.id == t.exposure.c.project_id)
        .where(t.exposure.c.provider_id == provider_id, t.exposure.c.id > after, t.project.c.world == world)
        .order_by(t.exposure.c.id)
        .limit(limit + 1)
    ).all()
    items = [
        {
            "task": row.task,
            "content": row.commitment,
            "annotator": row.annotator,
            "project": row.slug,
            "at": format_time(row.at),
        }
        for row in rows[:limit]
    ]
    return items, rows[limit - 1].id if len(rows) > limit else None
