"""Which answers are asked of others now?

What was withdrawn was ordered anew in the same transaction. Here the projects are fitted without the
provider, so that what fell short of the wanted confidence is ordered too.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import AssignmentState, ProjectStatus
from steelyard.exit.options import options_of
from steelyard.exit.place import Place
from steelyard.exit.withdraw import forget_skills, reasons
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.columnar import forget
from steelyard.work.refit import refit
from steelyard.work.settle import qualifies
from steelyard.work.tally import progress


def run(place: Place, leaving: sa.Row) -> dict[str, Any]:
    if not options_of(leaving).withdraws:
        return {"ordered": 0, "fitted": []}
    fitted = []
    for project_id, slug in place.database.read(lambda tx: touched(tx, leaving)):
        if place.database.read(lambda tx, key=project_id: qualifies(progress(tx, key))):
            refit(place.database, project_id, place.fit)
            fitted.append(slug)
    for project in place.database.read(lambda tx: _rows_of_touched(tx, leaving)):
        forget(place.folder, project)  # the copy holds what was withdrawn
    # A fit that had read before the withdrawal may have written since.
    place.database.write(lambda tx: forget_skills(tx, leaving.provider_id))
    return {"ordered": place.database.read(lambda tx: _ordered(tx, leaving)), "fitted": fitted}


def touched(tx: Transaction, leaving: sa.Row) -> list[tuple[int, str]]:
    """Row key and slug of every project in which this exit withdrew anything, but those that were deleted."""
    withdrawn = (
        sa.select(t.judgment.c.project_id)
        .join(t.withdrawal, t.withdrawal.c.judgment_id == t.judgment.c.id)
        .where(t.withdrawal.c.reason.in_(reasons(leaving)))
        .distinct()
    )
    query = sa.select(t.project.c.id, t.project.c.slug).where(
        t.project.c.id.in_(withdrawn), t.project.c.status != ProjectStatus.DELETED
    )
    return [(row.id, row.slug) for row in tx.rows(query.order_by(t.project.c.id))]


def _rows_of_touched(tx: Transaction, leaving: sa.Row) -> list[sa.Row]:
    ids = [key for key, _ in touched(tx, leaving)]
    return list(tx.rows(sa.select(t.project).where(t.project.c.id.in_(ids))))


def _ordered(tx: Transaction, leaving: sa.Row) -> int:
    """How many answers are waited for on tasks from which something was withdrawn."""
    tasks = (
        sa.select(t.judgment.c.task_id)
        .join(t.withdrawal, t.withdrawal.c.judgment_id == t.judgment.c.id)
        .where(t.withdrawal.c.reason.in_(reasons(leaving)))
        .distinct()
    )
    out = (AssignmentState.READY, AssignmentState.HELD, AssignmentState.WAITING)
    return tx.scalar(
        sa.select(sa.func.count())
        .select_from(t.assignment)
        .where(t.assignment.c.task_id.in_(tasks), t.assignment.c.state.in_([int(s) for s in out]))
    )
