"""What of a project waits for a reviewer, and what was said of the rest?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import ReviewState
from steelyard.domain.times import format_time
from steelyard.identity.policy import Action, Principal, may
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.reviewing import told

MOST_LEVELS = 5
_i = t.review_item
_LISTING = (
    sa.select(_i, t.task.c.public_id.label("task"), t.task.c.external_id, t.person.c.name.label("person"))
    .join(t.task, t.task.c.id == _i.c.task_id)
    .join(t.person, t.person.c.id == _i.c.person_id, isouter=True)
    .order_by(_i.c.id)
)


_OF_ONE = _LISTING.where(
    _i.c.project_id == sa.bindparam("project"),
    _i.c.state == sa.bindparam("in_state"),
    _i.c.level == sa.bindparam("at_level"),
    _i.c.id > sa.bindparam("after"),
)


def list_reviews(
    tx: Transaction,
    who: Principal,
    project_id: int,
    state: str | None,
    level: int | None,
    after: int,
    limit: int,
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of items by their keys, and the key to go on after (None at the end).

    Who said what is told to those who steer the project; a reviewer, who may come to the next level of any of
    them, is told of its own.
    """
    if state is None and level is None:
        rows = tx.rows(_LISTING.where(_i.c.project_id == project_id, _i.c.id > after).limit(limit + 1))
    else:
        # Of each state and level they are in order by an index, and so are they then together.
        states = list(ReviewState) if state is None else [ReviewState[state.upper()]]
        levels = range(1, MOST_LEVELS + 1) if level is None else [level]
        found: list[sa.Row] = []
        for one in states:
            for at in levels:
                here = {"project": project_id, "in_state": int(one), "at_level": at, "after": after}
                found += tx.rows(_OF_ONE.limit(limit + 1), here)
        rows = sorted(found, key=lambda row: row.id)[: limit + 1]
    steers = may(who, Action.MANAGE_PROJECTS, project_id)
    items = [_shown(row, steers or row.person_id == who.person_id) for row in rows[:limit]]
    return items, rows[limit - 1].id if len(rows) > limit else None


def _shown(row: sa.Row, told_all: bool) -> dict[str, Any]:
    why, said = told(row.why)
    return {
        "id": row.public_id,
        "task": row.task,
        "external_id": row.external_id,
        "level": row.level,
        "why": why,
        "said": said,
        "state": ReviewState(row.state).name.lower(),
        "priority": row.priority,
        "at": format_time(row.at),
        "lease_until": None if row.lease_until is None else format_time(row.lease_until),
        "done_at": None if row.done_at is None else format_time(row.done_at),
        "by": row.person if told_all else None,
        "verdict": row.verdict if told_all else None,
        "reason": row.reason if told_all else None,
    }
