"""How does a page of rows leave the database as JSON Lines already written?

The database joins the text of a whole page in one step, so no value of it becomes an object here and other threads
go on meanwhile. Both databases write the same lines, in ASCII, in the order of the row keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.times import SECOND
from steelyard.formats.tables_out import Column, Type
from steelyard.store.database import Transaction
from steelyard.store.json_text import in_ascii
from steelyard.store.prepared import Prepared
from steelyard.work.opened import Opened

DIALECTS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Field:
    """A field of a line and the expression of its value: `there` where that is never null, as an id, a time and a
    number never are."""

    name: str
    type: Type
    value: sa.ColumnElement[Any]
    there: bool = False

    @property
    def column(self) -> Column:
        return Column(self.name, self.type)


@dataclass(frozen=True)
class Lines:
    """Rows that follow one another, as JSON Lines; the row key of the last one (None where there are no rows)."""

    text: bytes
    rows: int
    last: int | None
    unseen: Sequence[Opened] = ()  # what they show and somebody was not shown yet


def page_of(dialect: str, query: sa.Select, fields: Sequence[Field]) -> Prepared:
    """The statement of a page: `query` selects the row key `id`, in its order, cut to a page."""
    page = query.add_columns(written(dialect, "{", fields, "}\n").label("line")).subquery("page")
    joined = sa.func.group_concat(page.c.line, sa.literal_column("''"))
    if dialect == "postgresql":  # SQLite takes them as they come, in the order of the page
        joined = sa.func.string_agg(page.c.line, sa.literal_column("'' ORDER BY page.id"))
    count, last = sa.func.count(), sa.func.max(page.c.id)
    return Prepared(sa.select(count.label("rows"), last.label("last"), joined.label("text")))


def read(tx: Transaction, pages: Mapping[str, Prepared], given: Mapping[str, Any]) -> Lines:
    row = pages[tx.dialect].one(tx, given)
    return Lines(encoded(row.text or ""), row.rows, row.last)


def encoded(text: str) -> bytes:
    return text.encode("ascii") if text.isascii() else in_ascii(text.encode()).encode("ascii")


def written(dialect: str, head: str, fields: Sequence[Field], tail: str) -> sa.ColumnElement[str]:
    """The fields as JSON between `head` and `tail`."""
    lite = dialect == "sqlite"
    pieces, values = [], []
    for field in fields:
        piece, *more = (_in_sqlite if lite else _in_postgres)(field)
        pieces.append(f'"{field.name}":{piece}')
        values += more
    line = sa.literal(head + ",".join(pieces) + tail, sa.Text)
    return sa.func.printf(line, *values) if lite else sa.func.format(line, *values)


def _in_sqlite(field: Field) -> tuple[Any, ...]:
    """A piece of a format, and what fills it."""
    kind, value = field.type, field.value
    if kind is Type.ID:
        return '"%s"', value
    if kind is Type.TEXT:
        return "%s", sa.func.json_quote(value)
    if kind is Type.TIME:
        second = sa.func.strftime(_text("%Y-%m-%dT%H:%M:%S"), value.op("/")(_SECOND), _text("unixepoch"))
        return '"%s.%03dZ"', second, value.op("/")(_MS).op("%")(_MS)
    if kind is Type.NUMBER:
        return "%!.6f", value  # as short as can be, and always with a point
    return "%s", _plain(field)


def _in_postgres(field: Field) -> tuple[Any, ...]:
    kind, value = field.type, field.value
    if kind is Type.ID:
        return '"%s"', value
    if kind is Type.TEXT:
        return "%s", sa.func.coalesce(sa.cast(sa.func.to_json(value), sa.Text), _text("null"))
    if kind is Type.TIME:
        moment = sa.literal_column("timestamp 'epoch'") + value.op("/")(_MS) * _A_MS
        return '"%s"', sa.func.to_char(moment, _text('YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    if kind is Type.NUMBER:
        return "%s", sa.func.to_char(sa.cast(value, sa.Numeric), _text("FM999999999999990.099999"))
    return "%s", _plain(field)


def _plain(field: Field) -> sa.ColumnElement[Any]:
    if field.type is Type.FLAG:
        return sa.case((field.value, _text("true")), else_=_text("false"))
    return field.value if field.there else sa.func.coalesce(sa.cast(field.value, sa.Text), _text("null"))


def _text(value: str) -> sa.ColumnElement[str]:
    """A constant that stands in the statement."""
    return sa.literal_column(f"'{value}'", sa.Text)


_SECOND, _MS = (sa.literal_column(str(number)) for number in (SECOND, 1000))
_A_MS = sa.literal_column("interval '1 millisecond'")
