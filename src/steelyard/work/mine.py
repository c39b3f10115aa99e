"""What has this annotator answered in a project, and which of it may it go back to?

Gold is among it as everything else. What was rejected is shown with the reason; content is shown only while the
annotator may still be shown it, and that is written down first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, invalid
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import opened
from steelyard.work.revise import TRAINING, closed, require_going_on
from steelyard.work.withdraw import REJECTED

_j = t.judgment
_w = t.withdrawal
_LISTING = (
    sa.select(
        _j,
        t.task.c.public_id.label("task"),
        t.task.c.content_id,
        t.task.c.gold.label("kind"),
        t.task.c.status,
        t.assignment.c.public_id.label("assignment"),
        t.form.c.body.label("form"),
        t.judgment_payload.c.answers,
        t.content_payload.c.body,
        _w.c.reason.label("withdrawn"),
    )
    .join(t.task, t.task.c.id == _j.c.task_id)
    .join(t.form, t.form.c.id == _j.c.form_id)
    .join(t.assignment, t.assignment.c.id == _j.c.assignment_id)
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id)
    .join(t.content_payload, t.content_payload.c.content_id == t.task.c.content_id)
    .join(_w, _w.c.judgment_id == _j.c.id, isouter=True)
    .where(
        _j.c.annotator_id == sa.bindparam("me"),
        _j.c.project_id == sa.bindparam("project"),
        sa.or_(_j.c.current, _w.c.id.is_not(None)),  # the rest was superseded
    )
    .order_by(_j.c.at.desc(), _j.c.id.desc())
    .limit(sa.bindparam("count"))
)
_OLDER = sa.or_(
    _j.c.at < sa.bindparam("moment"),
    sa.and_(_j.c.at == sa.bindparam("moment"), _j.c.id < sa.bindparam("row")),
)
_AT = sa.select(_j.c.at).where(_j.c.id == sa.bindparam("row"), _j.c.annotator_id == sa.bindparam("me"))
_REASONS = (
    sa.select(t.review.c.judgment_id, t.review.c.reason)
    .where(t.review.c.judgment_id.in_(sa.bindparam("ids", expanding=True)), t.review.c.verdict == "reject")
    .order_by(t.review.c.id)
)


@dataclass(frozen=True)
class Mine:
    """An own answer. `state` is current, rejected or withdrawn; `content` is None when it is shown no more."""

    id: str
    assignment: str
    task: str
    content: dict[str, Any] | None
    form: dict[str, Any]
    answers: dict[str, Any]
    at: int
    spent_ms: int | None
    state: str
    reason: str | None
    revisable: bool


def mine(
    tx: Transaction, who: Principal, project: Any, after: int = 0, limit: int = 100
) -> tuple[list[Mine], int | None]:
    """A page of what the caller has answered, the newest first, and the key to go on after (None at the end);
    in a write. Raises `Invalid`."""
    tx.share_showing()
    require(who, Action.WORK, project.id)
    query, at = _LISTING, {"me": who.annotator_id, "project": project.id, "count": limit + 1}
    if after:
        moment = tx.scalar(_AT, {"row": after, "me": who.annotator_id})
        if moment is None:
            raise invalid("/after", "cursor", "is not a `next` of a page of this list")
        query, at = query.where(_OLDER), {**at, "moment": moment, "row": after}
    rows = tx.rows(query, at)
    shown = rows[:limit]
    going_on = _goes_on(tx, who, project.id)
    over = closed(tx, [row for row in shown if row.current]) if going_on else set()
    reasons = {
        row.judgment_id: row.reason
        for row in tx.rows(_REASONS, {"ids": [row.id for row in shown if row.withdrawn == REJECTED]})
    }
    if going_on:
        seen = [opened.Opened(row.task_id, row.content_id, project.id, row.assignment) for row in shown]
        opened.write(tx, who, opened.not_written(tx, who, seen, opened.today(tx)))
    found = [
        Mine(
            row.public_id,
            row.assignment,
            row.task,
            row.body if going_on else None,
            row.form,
            row.answers,
            row.at,
            row.spent_ms,
            _state(row),
            reasons.get(row.id),
            going_on and _open(row) and row.id not in over,
        )
        for row in shown
    ]
    return found, shown[-1].id if len(rows) > limit else None


def _goes_on(tx: Transaction, who: Principal, project_id: int) -> bool:
    try:
        require_going_on(tx, who, project_id)
    except Conflict:
        return False
    return True


def _state(row: sa.Row) -> str:
    if row.withdrawn is None:
        return "current"
    return "rejected" if row.withdrawn == REJECTED else "withdrawn"


def _open(row: sa.Row) -> bool:
    return row.current and row.kind != TRAINING and row.status != "cancelled"
