"""What are the projects' answers worth as they stand?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.policy import parse_policy
from steelyard.domain.states import ProjectStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.tally import progress

_c = t.consensus


def worth(tx: Transaction) -> dict[int, dict[str, Any]]:
    """By project (row key), of both worlds: tasks, settled, answered, mean confidence, and how many answers
    are below the project's target confidence (None where it has none)."""
    found: dict[int, dict[str, Any]] = {}
    living = t.project.c.status != ProjectStatus.DELETED
    for project in tx.rows(sa.select(t.project).where(living).order_by(t.project.c.id)):
        target = parse_policy(project.policy).target_confidence
        below = sa.func.sum(sa.case((_c.c.confidence < (target or 0.0), 1), else_=0))
        row = tx.execute(
            sa.select(
                sa.func.count().label("answered"),
                sa.func.avg(_c.c.confidence).label("confidence"),
                below.label("below"),
            ).where(_c.c.project_id == project.id, t.CONSENSUS_IS_CURRENT)
        ).one()
        sums = progress(tx, project.id)
        found[project.id] = {
            "project": project.slug,
            "name": project.name,
            "world": project.world,
            "tasks": sums.tasks - sums.gold,
            "settled": sums.settled,
            "answered": row.answered,
            "confidence": None if row.confidence is None else round(row.confidence, 6),
            "below_target": None if target is None else int(row.below or 0),
        }
    return found
