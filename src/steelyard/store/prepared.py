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
Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class _Compiled:
    """What SQLite is given, and how values go in and out."""

    sql: str
    fixed: dict[str, Any]  # values that stand in the statement itself
    binds: list[tuple[str, Convert]]
    defaults: list[tuple[str, Any]]  # of columns that the caller leaves out: a value, or what makes one
    expanding: list[str]
    make: Callable[[Any], Any] | None
    results: list[tuple[int, Convert]]
    width: int


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
        cursor, compiled = self._execute(tx, parameters)
        rows = cursor.fetchall()
        make = compiled.make
        assert make is not None, "the statement returns no rows"
        if not compiled.results:
            return [make(row) for row in rows]
        found = []
        for row in rows:
            values = list(row)
            for at, convert in compiled.results:
                values[at] = convert(values[at])
            found.append(make(values))
        return found

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
        return self._execute(tx, parameters)[0].rowcount

    def added(self, tx: Transaction, parameters: Mapping[str, Any]) -> int:
        """Runs an INSERT of one row; the row key that it has drawn."""
        if tx.dialect != "sqlite":
            return tx.added(self.statement, parameters)
        key = self._execute(tx, parameters)[0].lastrowid
        assert key is not None
        return key

    def _execute(self, tx: Transaction, parameters: Mapping[str, Any]) -> tuple[sqlite3.Cursor, _Compiled]:
        compiled = self._compiled
        if compiled is None:
            compiled = self._compiled = _compile(self.statement, tx)
        given = {**compiled.fixed, **parameters}
        sql = self._widened(compiled, given) if compiled.expanding else compiled.sql
        for name, value in compiled.defaults:
            given[name] = value(None) if callable(value) else value
        for name, convert in compiled.binds:
            given[name] = convert(given[name])
        raw: Any = tx.connection.connection.dbapi_connection
        try:
            return raw.execute(sql, given), compiled
        except sqlite3.Error as error:
            raise exc.DBAPIError.instance(
                sql, None, error, sqlite3.Error, hide_parameters=True, dialect=tx.connection.dialect
            ) from error

    def _widened(self, compiled: _Compiled, given: dict[str, Any]) -> str:
        """The statement with a place for each value of its lists."""
        sizes = tuple(len(given[name]) for name in compiled.expanding)
        sql = self._wide.get(sizes)
        if sql is None:
            many = dict(zip(compiled.expanding, sizes, strict=True))

            def places(found: re.Match[str]) -> str:
                name = found[1]
                return ", ".join(f":{name}__{i}" for i in range(many[name])) or "NULL"

            sql = self._wide[sizes] = _EXPANDING.sub(places, compiled.sql)
        for name in compiled.expanding:
            for i, value in enumerate(given.pop(name)):
                given[f"{name}__{i}"] = value
        return sql


def insert(table: sa.Table, *names: str) -> Prepared:
    """An INSERT of one row with these columns; others take their defaults."""
    return Prepared(sa.insert(table).values({name: sa.bindparam(name) for name in names}))


def _compile(statement: Any, tx: Transaction) -> _Compiled:
    known: Any = tx.connection.dialect
    dialect = SQLiteDialect_pysqlite(
        paramstyle="named",
        json_serializer=known._json_serializer,
        json_deserializer=known._json_deserializer,
    )
    dialect.server_version_info = known.server_version_info
    compiled: Any = statement.compile(dialect=dialect)
    expanding = list(_EXPANDING.findall(compiled.string))
    prefetched = [(column.key, column.default.arg) for column in getattr(compiled, "insert_prefetch", ())]
    names = {name for name, _ in prefetched}
    fixed = {
        name: bind.effective_value
        for name, bind in compiled.binds.items()
        if not bind.required and name not in names
    }
    columns = compiled._result_columns or []
    results = [(i, c.type._cached_result_processor(dialect, None)) for i, c in enumerate(columns)]
    make = None
    if columns:
        make = namedtuple("Found", [c.keyname for c in columns], rename=True)._make
    return _Compiled(
        compiled.string,
        fixed,
        [(n, p) for n, p in compiled._bind_processors.items() if callable(p) and n not in expanding],
        prefetched,
        list(dict.fromkeys(expanding)),
        make,
        [(i, p) for i, p in results if p is not None],
        len(columns),
    )
