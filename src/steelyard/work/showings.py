"""What was shown, to whom and when, one by one?

Exposure is written before anything is shown, under the installation's lock taken shared. So a list that begins
with a `horizon` is neither short nor long, and its pages fit together: below it nothing appears any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import NotFound
from steelyard.domain.ids import is_id
from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Transaction

MOST = 1000
DEFAULT_SENSITIVITY = "internal"


@dataclass(frozen=True)
class Horizon:
    """A moment, and the highest key that a showing had then: all up to it were there, and no others come."""

    row: int
    at: int


@dataclass(frozen=True)
class Which:
    """Which showings: those of one world, narrowed by whatever else is given (row keys; a level)."""

    world: str
    provider_id: int | None = None
    annotator_id: int | None = None
    project_id: int | None = None
    sensitivity: str | None = None  # of the project, when the content was shown
    horizon: Horizon | None = None


def horizon(tx: Transaction) -> Horizon:
    """As of now; in a write. It waits for the claims that have begun, and those that begin come after it: what
    was written before has a key up to `row` and a time up to `at`, what is written later has neither."""
    tx.hold_showing()
    return Horizon(tx.scalar(_HIGHEST), tx.now)


_e = t.exposure
_HIGHEST = sa.select(sa.func.coalesce(sa.func.max(_e.c.id), 0))
NAME = sa.func.coalesce(t.person.c.name, t.annotator.c.external_id)
_now = sa.func.coalesce(t.project.c.policy["sensitivity"].as_string(), DEFAULT_SENSITIVITY)


def narrowed(query: sa.Select, which: Which) -> sa.Select:
    """A query that reads exposure, of these showings alone."""
    of_world = sa.select(t.project.c.id).where(t.project.c.world == which.world)
    query = query.where(_e.c.project_id.in_(of_world))
    for column, wanted in (
        (_e.c.provider_id, which.provider_id),
        (_e.c.annotator_id, which.annotator_id),
        (_e.c.project_id, which.project_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if which.sensitivity is not None:
        now = sa.select(t.project.c.id).where(_now == which.sensitivity)
        unmarked = sa.and_(_e.c.sensitivity.is_(None), _e.c.project_id.in_(now))
        query = query.where(sa.or_(_e.c.sensitivity == which.sensitivity, unmarked))
    if which.horizon is not None:
        query = query.where(_e.c.id <= which.horizon.row)
    return query


def find_annotator(tx: Transaction, annotator_id: str) -> sa.Row:
    """The annotator, with `name` where known and `provider` (its slug); raises `NotFound`."""
    row = tx.row(_ANNOTATOR, {"id": annotator_id}) if is_id(annotator_id) else None
    if row is None:
        raise NotFound("there is no such annotator")
    return row


_ANNOTATOR = (
    sa.select(t.annotator, NAME.label("name"), t.provider.c.slug.label("provider"))
    .join(t.provider, t.provider.c.id == t.annotator.c.provider_id)
    .join(t.person, t.person.c.id == t.annotator.c.person_id, isouter=True)
    .where(t.annotator.c.public_id == sa.bindparam("id"))
)


def listing(
    tx: Transaction, which: Which, after: int = 0, limit: int = MOST
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of showings by their keys, and the key to go on after (None at the end)."""
    page = narrowed(_LISTING, which).where(_e.c.id > after).order_by(_e.c.id).limit(limit + 1)
    rows = tx.rows(page)
    items = [
        {
            "task": row.task,
            "content": row.commitment,
            "provider": row.provider,
            "annotator": row.annotator,
            "annotator_name": row.name,
            "project": row.project,
            "sensitivity": row.sensitivity,
            "assignment": row.assignment,
            "at": format_time(row.at),
        }
        for row in rows[:limit]
    ]
    return items, rows[limit - 1].id if len(rows) > limit else None


_LISTING = (
    sa.select(
        _e.c.id,
        sa.func.coalesce(_e.c.sensitivity, _now).label("sensitivity"),
        _e.c.assignment,
        _e.c.at,
        t.task.c.public_id.label("task"),
        t.content.c.commitment,
        t.annotator.c.public_id.label("annotator"),
        NAME.label("name"),
        t.provider.c.slug.label("provider"),
        t.project.c.slug.label("project"),
    )
    .select_from(_e)
    .join(t.task, t.task.c.id == _e.c.task_id)
    .join(t.content, t.content.c.id == _e.c.content_id)
    .join(t.annotator, t.annotator.c.id == _e.c.annotator_id)
    .join(t.provider, t.provider.c.id == _e.c.provider_id)
    .join(t.project, t.project.c.id == _e.c.project_id)
    .join(t.person, t.person.c.id == t.annotator.c.person_id, isouter=True)
)


def everything(tx: Transaction, which: Which) -> Iterator[dict[str, Any]]:
    """Every showing, read page by page within this transaction: flat in memory, whatever their number."""
    after: int | None = 0
    while after is not None:
        items, after = listing(tx, which, after)
        yield from items
