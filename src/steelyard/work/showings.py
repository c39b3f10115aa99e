"""What was shown, to whom and when, one by one?

A list that begins with a `horizon` is neither short nor long, and its pages fit together. However it is narrowed,
it reads no other showings than those it lists: an index leads to each project and sensitivity that there is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import NotFound
from steelyard.domain.ids import is_id
from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.bulk import items_of, list_of
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.work.exposure_sums import Sum, scope_of, sums
from steelyard.work.horizon import Horizon, Which, horizon, now_of

__all__ = ["MOST", "NAME", "Horizon", "Which", "everything", "find_annotator", "horizon", "listing"]

MOST = 1000
FEWEST = 20  # row keys that are looked up together
NAME = sa.func.coalesce(t.person.c.name, t.annotator.c.external_id)

_e = t.exposure


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
    keys = list(islice(_keys(tx, which, after, limit + 1), limit + 1))
    return _items(tx, keys[:limit]), keys[limit - 1] if len(keys) > limit else None


def everything(tx: Transaction, which: Which) -> Iterator[dict[str, Any]]:
    """Every showing, read page by page within this transaction: flat in memory, whatever their number."""
    keys = _keys(tx, which, 0, MOST)
    while page := list(islice(keys, MOST)):
        yield from _items(tx, page)


def _items(tx: Transaction, keys: Sequence[int]) -> list[dict[str, Any]]:
    return [
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
        for row in _LISTING[tx.dialect].rows(tx, {"keys": list_of(tx, keys)})
    ]


def _keys(tx: Transaction, which: Which, after: int, wanted: int) -> Iterator[int]:
    """Row keys in their order, `wanted` of them soon: those of each project and sensitivity put together."""
    column, whose = scope_of(which)
    groups = sums(tx, which).get(0, [])
    at_once = max(FEWEST, 2 * wanted // max(1, len(groups)))
    return heapq.merge(*(_of_group(tx, which, (column, whose), one, after, at_once) for one in groups))


def _of_group(
    tx: Transaction, which: Which, scope: tuple[str, int], one: Sum, after: int, at_once: int
) -> Iterator[int]:
    statement = PLACES[scope[0], one.sensitivity is not None]
    at = {
        "whose": scope[1],
        "project": one.project_id,
        "sensitivity": one.sensitivity,
        "until": _NO_END if which.horizon is None else which.horizon.row,
        "most": at_once,
    }
    if one.sensitivity is None:
        del at["sensitivity"]
    while found := [row.id for row in statement.rows(tx, {**at, "after": after})]:
        yield from found
        if len(found) < at_once:
            return
        after = found[-1]


_NO_END = (1 << 63) - 1


def _places(column: str, marked: bool) -> sa.Select:
    """Bounds of all columns of the index, and its order: no other one would do, however many there are of it."""
    whose, project = sa.bindparam("whose"), sa.bindparam("project")
    after, until = sa.bindparam("after"), sa.bindparam("until")
    order = (_e.c[column], _e.c.project_id, _e.c.sensitivity, _e.c.id)
    if marked:
        sensitivity = sa.bindparam("sensitivity")
        bounds = (
            sa.tuple_(*order) > sa.tuple_(whose, project, sensitivity, after),
            sa.tuple_(*order) <= sa.tuple_(whose, project, sensitivity, until),
        )
    else:
        mine = (_e.c[column] == whose, _e.c.project_id == project, _e.c.sensitivity.is_(None))
        bounds = (*mine, _e.c.id > after, _e.c.id <= until)
    return sa.select(_e.c.id).where(*bounds).order_by(*order).limit(sa.bindparam("most"))


PLACES = {
    (column, marked): Prepared(_places(column, marked))
    for column in ("provider_id", "annotator_id")
    for marked in (True, False)
}
_LISTING = {
    dialect: Prepared(
        sa.select(
            _e.c.id,
            sa.func.coalesce(_e.c.sensitivity, now_of(t.project)).label("sensitivity"),
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
        .where(_e.c.id.in_(items_of(dialect, "keys", sa.BigInteger)))
        .order_by(_e.c.id)
    )
    for dialect in ("sqlite", "postgresql")
}
