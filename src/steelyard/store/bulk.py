"""How are hundreds of rows written at once?

With as few statements as there can be: the driver hands its thread's turn to others at every step of a statement,
so a row a step would take one turn after the other and keep the database open meanwhile. Values are given as the
database keeps them: JSON as text (store/json_text.py), bytes, numbers; columns that are not named stay null.
"""

from __future__ import annotations

import itertools
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
# What a column of a block holds: whole numbers that follow one another, one value for all rows, one a row.
_KINDS = _COUNTED, _ALIKE, _VARYING = ("counted", "alike", "varying")
_Shape = tuple[str, ...]
_POSTGRES = postgresql.dialect()


class Bulk:
    """An INSERT of many rows into `table`: the columns `same` have one value for all rows, `each` one a row."""

    __slots__ = ("_bytes", "_postgres", "_statements", "each", "same", "table")

    def __init__(self, table: sa.Table, same: Sequence[str], each: Sequence[str]) -> None:
        self.table, self.same, self.each = table, tuple(same), tuple(each)
        # The driver looks long for somebody who would convert bytes, and not for a bytearray.
        kinds = [table.c[name] for name in each]
        self._bytes = [isinstance(c.type, sa.LargeBinary) and not c.nullable for c in kinds]
        names = ", ".join(f'"{name}"' for name in (*same, *each))
        alike = [f"%s::{_type(table.c[name])}" for name in same]
        arrays = ", ".join(f"%s::{_type(table.c[name])}[]" for name in each)
        values = ", ".join([*alike, "u.*"])
        self._postgres = f'INSERT INTO "{table.name}" ({names}) SELECT {values} FROM unnest({arrays}) AS u'
        self._statements: dict[tuple[_Shape, int], str] = {}

    def insert(self, tx: Transaction, same: Sequence[Any], columns: Sequence[Sequence[Any]]) -> None:
        """Inserts as many rows as each of the `columns` has values, in their order."""
        if not columns[0]:
            return
        if tx.dialect == "sqlite":
            self._into_sqlite(tx, same, columns)
        else:
            tx.connection.exec_driver_sql(self._postgres, (*same, *map(list, columns)))

    def _into_sqlite(self, tx: Transaction, same: Sequence[Any], columns: Sequence[Sequence[Any]]) -> None:
        raw: Any = tx.connection.connection.dbapi_connection
        shape = tuple(map(_kind, columns))
        of = {kind: [c for c, found in zip(columns, shape, strict=True) if found == kind] for kind in _KINDS}
        fixed = (*same, *(column[0] for column in of[_ALIKE]))
        varying = [
            list(map(bytearray, column)) if as_bytes and type(column[0]) is bytes else column
            for column, kind, as_bytes in zip(columns, shape, self._bytes, strict=True)
            if kind == _VARYING
        ]
        at, sql, rows = 0, "", len(columns[0])
        try:
            for size in _SIZES:
                while at + size <= rows:
                    sql = self._statements.get((shape, size)) or self._statement(shape, size)
                    counts = [column[at] for column in of[_COUNTED]]
                    block = zip(*[column[at : at + size] for column in varying], strict=True)
                    raw.execute(sql, (*fixed, *counts, *chain.from_iterable(block)))
                    at += size
        except sqlite3.Error as error:
            raise exc.DBAPIError.instance(
                sql, None, error, sqlite3.Error, hide_parameters=True, dialect=tx.connection.dialect
            ) from error

    def _statement(self, shape: _Shape, size: int) -> str:
        """Its parameters: what is the same for all rows, the first values of what counts, then row by row."""
        place = itertools.count(1)
        same = [f"?{next(place)}" for _ in self.same]
        alike = [f"?{next(place)}" for kind in shape if kind == _ALIKE]
        counted = [f"?{next(place)}+" for kind in shape if kind == _COUNTED]

        def row(number: int) -> str:
            given = {_ALIKE: iter(alike), _COUNTED: iter([f"{first}{number}" for first in counted])}
            each = [f"?{next(place)}" if kind == _VARYING else next(given[kind]) for kind in shape]
            return f"({','.join([*same, *each])})"

        names = ", ".join(f'"{name}"' for name in (*self.same, *self.each))
        head = f'INSERT INTO "{self.table.name}" ({names}) VALUES '
        sql = self._statements[shape, size] = head + ",".join(map(row, range(size)))
        return sql


def _kind(column: Sequence[Any]) -> str:
    """A value that is given row by row costs as much as all else that the driver does of a row; so what is alike in
    all rows is given once, and what counts from a number on is counted there."""
    if type(column) is range:
        return _COUNTED
    first = column[0]
    return _ALIKE if first == column[-1] and column.count(first) == len(column) else _VARYING


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
