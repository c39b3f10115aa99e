"""How is an installation's database copied, so that an exit can be rehearsed?

Whatever the database is, the copy is one SQLite file of one moment. Nothing that waits to be done comes with
it: what is rehearsed must not call anybody or do anything twice.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction, open_database
from steelyard.store.migrate import migrate
from steelyard.store.sqlite import SqliteDatabase

ROWS = 5000
LEFT_BEHIND = (t.job, t.remembered_post, t.drill_schedule)


def copy_database(source: Database, folder: Path) -> int:
    """Writes the copy to `folder`/steelyard.db, which must not be there; returns its size in bytes."""
    path = folder / "steelyard.db"
    if isinstance(source, SqliteDatabase):
        _vacuum_into(source.path, path)
        with open_database(folder) as copied:
            copied.write(_forget)
    else:
        with open_database(folder) as copied:
            migrate(copied)
            source.read(lambda tx: _copy_rows(tx, copied))
    return path.stat().st_size


def _vacuum_into(source: Path, path: Path) -> None:
    connection = sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=60)
    try:
        connection.execute("VACUUM INTO ?", (str(path),))
    finally:
        connection.close()


def _forget(tx: Transaction) -> None:
    for table in LEFT_BEHIND:
        tx.execute(sa.delete(table))


def _copy_rows(tx: Transaction, copied: Database) -> None:
    """All tables from one snapshot, those that are referred to first."""
    left = {table.name for table in LEFT_BEHIND}
    for table in t.metadata.sorted_tables:
        if table.name in left:
            continue
        rows = tx.connection.execute(sa.select(table), execution_options={"yield_per": ROWS})
        for some in rows.mappings().partitions(ROWS):
            copied.write(lambda to, table=table, some=some: _insert(to, table, some))


def _insert(to: Transaction, table: sa.Table, rows: Any) -> None:
    to.execute(sa.text("PRAGMA defer_foreign_keys=ON"))  # a row may refer to one of its own table
    to.execute(sa.insert(table), [dict(row) for row in rows])
