"""What does the holder of an assignment see, and what does one hold now?

Only what eligibility allows in this transaction is shown, also of what was claimed before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.work import standing
from steelyard.work.again import WHY_RETURNED


@dataclass(frozen=True)
class Draft:
    """An answer that its writer has not handed in yet, and when it was last kept."""

    answers: dict[str, Any]
    at: int


@dataclass(frozen=True)
class Held:
    """An assignment in somebody's hands, with all that its holder may see."""

    id: str
    lease_until: int
    task: str
    content: dict[str, Any]
    suggestion: dict[str, Any] | None
    form: dict[str, Any]
    project: str  # slug
    instruction: str
    draft: Draft | None = None
    returned: str | None = None  # why a reviewer rejected the holder's answer, which is asked for again


# A task that nobody was shown yet has the form that its project has now.
_FORM_ID = sa.func.coalesce(t.task.c.form_id, t.project.c.form_id)
_SHOW = Prepared(
    sa.select(
        t.assignment.c.id,
        t.assignment.c.public_id,
        t.assignment.c.lease_until,
        t.assignment.c.state,
        t.assignment.c.annotator_id,
        t.assignment.c.task_id,
        t.task.c.public_id.label("task"),
        t.task.c.content_id,
        t.task.c.form_id,
        _FORM_ID.label("shown_form"),
        t.task.c.suggestion,
        t.content_payload.c.body,
        t.form.c.body.label("form"),
        t.answer_draft.c.answers.label("draft"),
        t.answer_draft.c.at.label("draft_at"),
        WHY_RETURNED,
    )
    .join(t.task, t.task.c.id == t.assignment.c.task_id)
    .join(t.content_payload, t.content_payload.c.content_id == t.task.c.content_id)
    .join(t.project, t.project.c.id == t.task.c.project_id)
    .join(t.form, t.form.c.id == _FORM_ID)
    .join(
        t.answer_draft,
        sa.and_(
            t.answer_draft.c.assignment_id == t.assignment.c.id,
            t.answer_draft.c.annotator_id == t.assignment.c.annotator_id,
        ),
        isouter=True,
    )
    .where(t.assignment.c.id.in_(sa.bindparam("ids", expanding=True)))
)


def find_shown(tx: Transaction, assignment_ids: list[int]) -> list[Any]:
    """What is to be shown of these assignments, in the given order."""
    if not assignment_ids:
        return []
    rows = {row.id: row for row in _SHOW.rows(tx, {"ids": assignment_ids})}
    return [rows[key] for key in assignment_ids if key in rows]


def held_of(row: Any, project: Any) -> Held:
    return Held(
        row.public_id,
        row.lease_until,
        row.task,
        row.body,
        row.suggestion,
        row.form,
        project.slug,
        project.instruction,
        None if row.draft_at is None else Draft(row.draft, row.draft_at),
        row.why_returned,
    )


def show(tx: Transaction, who: Principal, project: Any, assignment_ids: list[int]) -> list[Held]:
    """What the caller sees of these assignments, in the given order; of one that has lapsed since it was found,
    and may be in other hands, nothing."""
    return [
        held_of(row, project)
        for row in find_shown(tx, assignment_ids)
        if row.state == AssignmentState.HELD and row.annotator_id == who.annotator_id
    ]


def held_by_me(tx: Transaction, who: Principal, project_id: int | None = None) -> list[Held]:
    """What the caller holds now and may still be shown, oldest first."""
    tx.share_showing()
    query = sa.select(t.assignment.c.id, t.assignment.c.project_id, t.assignment.c.lane_id).where(
        t.assignment.c.annotator_id == who.annotator_id, sa.text("assignment.state = 1")
    )
    if project_id is not None:
        query = query.where(t.assignment.c.project_id == project_id)
    found: list[Held] = []
    by_project: dict[int, list[int]] = {}
    for row in tx.execute(query.order_by(t.assignment.c.claimed_at, t.assignment.c.task_id)):
        if standing.verdict(tx, who.provider_id, row.project_id, gold=row.lane_id is None).allowed:
            by_project.setdefault(row.project_id, []).append(row.id)
    for project_key, ids in by_project.items():
        project = tx.execute(sa.select(t.project).where(t.project.c.id == project_key)).one()
        if project.world == who.world:
            found += show(tx, who, project, ids)
    return found
