"""What was asked and answered once, for all who work on a project?

A clarification says neither who asked nor about which task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import is_id, new_id
from steelyard.identity.policy import Action, Principal, may, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing

_c = t.clarification
_LISTING = (
    sa.select(_c)
    .where(
        _c.c.project_id == sa.bindparam("project"), _c.c.id > sa.bindparam("after"), _c.c.ended_at.is_(None)
    )
    .order_by(_c.c.id)
    .limit(sa.bindparam("count"))
)


@dataclass(frozen=True)
class Clarification:
    id: str
    asked: str
    answer: str
    at: int


def share_answer(tx: Transaction, who: Principal, question: sa.Row, asked: str, answer: str) -> str:
    """Shows an answer to all; the clarification's public id."""
    public = new_id(tx.now)
    tx.execute(
        sa.insert(_c).values(
            public_id=public,
            project_id=question.project_id,
            question_id=question.id,
            person_id=who.person_id,
            asked=asked,
            answer=answer,
            at=tx.now,
        )
    )
    return public


def list_clarifications(
    tx: Transaction, who: Principal, project: Any, after: int, limit: int
) -> tuple[list[Clarification], int | None]:
    """A page of what holds now, oldest first, and the key to go on after (None at the end).

    Raises `Conflict` where the caller's provider may be shown nothing of the project.
    """
    require(who, Action.READ_ASKED, project.id)
    shown = standing.verdict(tx, who.provider_id, project.id, gold=True).allowed
    if not shown and not may(who, Action.READ_RESULTS, project.id):
        raise Conflict("Your provider's work on this project has stopped.", "provider_stopped")
    rows = tx.rows(_LISTING, {"project": project.id, "after": after, "count": limit + 1})
    items = [Clarification(row.public_id, row.asked, row.answer, row.at) for row in rows[:limit]]
    return items, rows[limit - 1].id if len(rows) > limit else None


def end_clarification(tx: Transaction, who: Principal, clarification_id: str) -> None:
    """Shows it no more; it stays on record. Raises `NotFound`."""
    require(who, Action.REVIEW)
    row = None
    if is_id(clarification_id):
        row = tx.row(
            sa.select(_c.c.id, _c.c.project_id, t.project.c.world)
            .join(t.project, t.project.c.id == _c.c.project_id)
            .where(_c.c.public_id == clarification_id, _c.c.ended_at.is_(None))
        )
    if row is None or row.world != who.world:
        raise NotFound("there is no such clarification")
    require(who, Action.REVIEW, row.project_id)
    standing.require_there(tx, row.project_id, "there is no such clarification")
    tx.execute(sa.update(_c).where(_c.c.id == row.id).values(ended_at=tx.now))
