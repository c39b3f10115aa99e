"""How is a statement that runs in every claim and submit run without being looked at anew each time?

The statement is written once, in SQLAlchemy Core, for both databases. On SQLite it is compiled at its first use
and from then on given to the driver as it is; on PostgreSQL, where the server's own work outweighs it, Core runs
it. Values go in and come out as Core's types make them.
"""

from __future__ import annotations

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from steelyard.store.database import Transaction

_EXPANDING = re.compile(r"__\[POSTCOMPILE_(\w+)\]")
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What SQLite is given, and how values go in and out."""

    sql: str
    values: Callable[[Mapping[str, Any]], Sequence[Any]]  # of the parameters, in the order of their places
    lists: dict[int, str]  # which of them are lists, by place
    found: Callable[[Any], Any] | None  # what a row of the driver's becomes


class Prepared:
    """A Core statement with `bindparam`s; a parameter of an IN is `bindparam(name, expanding=True)`.

    A parameter of an UPDATE is not named as a column, except of a value that it sets: Core would set it.
    """

    __slots__ = ("_compiled", "_wide", "statement")

    def __init__(self, statement: sa.Executable) -> None:
        self.statement = statement
        self._compiled: _Compiled | None = None
        self._wide: dict[tuple[int, ...], str] = {}

    def rows(self, tx: Transaction, parameters: Mapping[str, Any] = _NOTHING) -> Sequence[Any]:
        """All rows; their columns are attributes."""
        if tx.dialect != "sqlite":
            return tx.execute(self.statement, parameters).all()
        cursor = self._execute(tx, parameters)
        found = self._compiled.found  # type: ignore[union-attr]
        assert found is not None, "the statement returns no rows"
        return [found(row) for row in cursor.fetchall()]

    def row(self, tx: Transaction, parameters: Mapping[str, Any] = _NOTHING) -> Any:
        """The first row, or None."""
        rows = self.rows(tx, parameters)
        return rows[0] if rows else None

    def one(self, tx: Transaction, parameters: Mapping[str, Any] = _NOTHING) -> Any:
        """The first row, which is there."""
        return self.rows(tx, parameters)[0]

    def scalar(self, tx: Transaction, parameters: Mapping[str, Any] = _NOTHING) -> Any:
        """The first column of the first row, or None where there is no row."""
        row = self.row(tx, parameters)
        return None if row is None else row[0]

    def run(self, tx: Transaction, parameters: Mapping[str, Any] = _NOTHING) -> int:
        """Runs a statement that returns no rows; how many it touched."""
        if tx.dialect != "sqlite":
            return tx.execute(self.statement, parameters).rowcount
        return self._execute(tx, parameters).rowcount

    def added(self, tx: Transaction, parameters: Mapping[str, Any]) -> int:
        """Runs an INSERT of one row; the row key that it has drawn."""
        if tx.dialect != "sqlite":
            return tx.added(self.statement, parameters)
        key = self._execute(tx, parameters).lastrowid
        assert key is not None
        return key

    def _execute(self, tx: Transaction, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
        compiled = self._compiled
        if compiled is None:
            compiled = self._compiled = _compile(self.statement, tx)
        sql, values = compiled.sql, compiled.values(parameters)
        if compiled.lists:
            sql, values = self._widened(compiled, values)
        try:
            return tx.raw.execute(sql, values)
        except sqlite3.Error as error:
            raise exc.DBAPIError.instance(
                sql, None, error, sqlite3.Error, hide_parameters=True, dialect=tx.connection.dialect
            ) from error

    def _widened(self, compiled: _Compiled, values: Sequence[Any]) -> tuple[str, list[Any]]:
        """The statement with a place for each value of its lists, and all values in the order of places."""
        flat: list[Any] = []
        for at, value in enumerate(values):
            if at in compiled.lists:
                flat += value
            else:
                flat.append(value)
        sizes = tuple([len(values[at]) for at in compiled.lists])
        sql = self._wide.get(sizes)
        if sql is None:
            many = dict(zip(compiled.lists.values(), sizes, strict=True))

            def places(found: re.Match[str]) -> str:
                return ", ".join("?" * many[found[1]]) or "NULL"

            sql = self._wide[sizes] = _EXPANDING.sub(places, compiled.sql)
        return sql, flat


def insert(table: sa.Table, *names: str) -> Prepared:
    """An INSERT of one row with these columns; others take their defaults."""
    return Prepared(sa.insert(table).values({name: sa.bindparam(name) for name in names}))


def _compile(statement: Any, tx: Transaction) -> _Compiled:
    known: Any = tx.connection.dialect
    dialect = SQLiteDialect_pysqlite(
        paramstyle="qmark",
        json_serializer=known._json_serializer,
        json_deserializer=known._json_deserializer,
    )
    dialect.server_version_info = known.server_version_info
    compiled: Any = statement.compile(dialect=dialect)
    lists = set(_EXPANDING.findall(compiled.string))
    return _Compiled(
        compiled.string,
        _values(compiled, lists),
        {at: name for at, name in enumerate(compiled.positiontup) if name in lists},
        _found(compiled._result_columns or [], dialect),
    )


def _values(compiled: Any, lists: set[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """A function of its own for each statement, so that no value is asked what is to be done with it."""
    made = {column.key: column.default.arg for column in getattr(compiled, "insert_prefetch", ())}
    known: dict[str, Any] = {}
    parts = []
    for at, name in enumerate(compiled.positiontup):
        bind = compiled.binds[name]
        convert = compiled._bind_processors.get(name)
        convert = convert if callable(convert) and name not in lists else None
        if name in made and callable(made[name]):
            known[f"made{at}"] = made[name]
            part = f"made{at}(None)"
        elif name in made or not bind.required:  # a value that stands in the statement itself
            value = made.get(name, bind.effective_value)
            known[f"fixed{at}"] = value if convert is None else convert(value)
            parts.append(f"fixed{at}")
            continue
        else:
            part = f"given[{name!r}]"
        if convert is not None:
            known[f"convert{at}"] = convert
            part = f"convert{at}({part})"
        parts.append(part)
    return eval(f"lambda given: ({''.join(part + ', ' for part in parts)})", known)


def _found(columns: Sequence[Any], dialect: Any) -> Callable[[Any], Any] | None:
    if not columns:
        return None
    make = namedtuple("Found", [c.keyname for c in columns], rename=True)._make
    converts = [c.type._cached_result_processor(dialect, None) for c in columns]
    if not any(converts):
        return make
    known: dict[str, Any] = {"make": make}
    parts = []
    for at, convert in enumerate(converts):
        if convert is None:
            parts.append(f"row[{at}]")
        else:
            known[f"convert{at}"] = convert
            parts.append(f"convert{at}(row[{at}])")
    return eval(f"lambda row: make(({', '.join(parts)},))", known)
