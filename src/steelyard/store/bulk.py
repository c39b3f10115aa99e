"""How are hundreds of rows written at once?

With as few statements as there can be: the driver hands its thread's turn to others at every step of a statement,
so a row a step would take one turn after the other and keep the database open meanwhile. Values are given as the
database keeps them: JSON as text (store/json_text.py), bytes, numbers; columns that are not named stay null.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql

from steelyard.store.database import Transaction
from steelyard.store.json_text import to_text

# Rows in one statement, so that a statement is one of few and stays prepared.
_SIZES = (250, 50, 10, 1)
_POSTGRES = postgresql.dialect()


class Bulk:
    """An INSERT of many rows into `table`: the columns `same` have one value for all rows, `each` one a row."""

    __slots__ = ("_postgres", "_sqlite", "each", "same", "table")

    def __init__(self, table: sa.Table, same: Sequence[str], each: Sequence[str]) -> None:
        self.table, self.same, self.each = table, tuple(same), tuple(each)
        names = ", ".join(f'"{name}"' for name in (*same, *each))
        head = f'INSERT INTO "{table.name}" ({names}) '
        first = ", ".join((*(f"?{i}" for i in range(1, len(same) + 1)), *"?" * len(each)))
        self._sqlite = {size: head + "VALUES " + ", ".join([f"({first})"] * size) for size in _SIZES}
        alike = [f"%s::{_type(table.c[name])}" for name in same]
        arrays = ", ".join(f"%s::{_type(table.c[name])}[]" for name in each)
        self._postgres = f"{head}SELECT {', '.join([*alike, 'u.*'])} FROM unnest({arrays}) AS u"

    def insert(self, tx: Transaction, same: Sequence[Any], rows: Sequence[Sequence[Any]]) -> None:
        """Inserts the rows, in their order."""
        if not rows:
            return
        if tx.dialect == "sqlite":
            self._into_sqlite(tx, same, rows)
        else:
            columns = [list(column) for column in zip(*rows, strict=True)]
            tx.connection.exec_driver_sql(self._postgres, (*same, *columns))

    def _into_sqlite(self, tx: Transaction, same: Sequence[Any], rows: Sequence[Sequence[Any]]) -> None:
        raw: Any = tx.connection.connection.dbapi_connection
        at, sql = 0, ""
        try:
            for size in _SIZES:
                sql = self._sqlite[size]
                while at + size <= len(rows):
                    raw.execute(sql, (*same, *chain.from_iterable(rows[at : at + size])))
                    at += size
        except sqlite3.Error as error:
            raise exc.DBAPIError.instance(
                sql, None, error, sqlite3.Error, hide_parameters=True, dialect=tx.connection.dialect
            ) from error


def draw_keys(tx: Transaction, table: sa.Table, count: int) -> Sequence[int]:
    """Row keys for as many new rows, in order; within a write."""
    if tx.dialect == "sqlite":  # nobody else writes until this transaction ends
        last = tx.connection.exec_driver_sql(f'SELECT coalesce(max(id), 0) FROM "{table.name}"').scalar_one()
        return range(last + 1, last + 1 + count)
    return tx.execute(_DRAW, {"table": table.name, "count": count}).scalars().all()


_DRAW = sa.text(
    "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, cast(:count AS integer))"
)


def _type(column: sa.Column[Any]) -> str:
    if isinstance(column.type, sa.String):
        return "TEXT"
    return column.type.compile(dialect=_POSTGRES)


def list_of(tx: Transaction, items: Sequence[str] | Sequence[int]) -> Any:
    """Texts or row keys as one parameter, for `items_of`: however many there are, it is the same statement."""
    return to_text(list(items)) if tx.dialect == "sqlite" else list(items)


def items_of(dialect: str, name: str, kind: Any = sa.Text) -> sa.Select[Any]:
    """The items of the parameter `name`, for an IN."""
    if dialect == "sqlite":
        return sa.select(sa.func.json_each(sa.bindparam(name)).table_valued("value").c.value)
    return sa.select(sa.func.unnest(sa.bindparam(name, type_=postgresql.ARRAY(kind))))
