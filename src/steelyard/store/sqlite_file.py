"""How is the SQLite file opened, set up, and waited for when another process writes it?

Every connection syncs each commit, overwrites what is deleted, and may only read unless it is made a writer.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event

from steelyard.store.database import StoreBusy, StoreError, StoreFull, StoreUnavailable
from steelyard.store.json_text import from_text, to_text

BUSY_S = 10.0
# How often one that waits for its turn looks: more often than a turn is long.
LOOK_S, LOOK_AT_MOST_S = 0.0003, 0.0015
_CANNOT_GROW = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


def make_file(path: Path) -> None:
    """Make the file, for its owner alone, and set it to write-ahead logging, which it then remembers."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            with _ignoring_exists():
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        raw = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            _set_write_ahead(raw, path)
        finally:
            raw.close()
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error.strerror}") from error
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error}") from error


@contextmanager
def _ignoring_exists() -> Iterator[None]:
    """Two processes may make the file at the same moment; either's will do."""
    try:
        yield
    except FileExistsError:
        return


def _set_write_ahead(raw: sqlite3.Connection, path: Path) -> None:
    # SQLite does not wait for this lock by itself when two processes open a new file at once.
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            mode = raw.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode == "wal":
                return
            raise StoreUnavailable(f"{path} lies on a file system without shared memory, which SQLite needs")
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            if time.monotonic() > deadline:
                raise StoreBusy(f"{path} stayed locked for {BUSY_S:.0f} s") from error
        time.sleep(0.005)


def make_engine(path: Path, **pool: Any) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        # The driver's own transaction control is off: it begins late and ends at its own will.
        connect_args={
            "isolation_level": None,
            "timeout": BUSY_S,
            "cached_statements": 512,
            "check_same_thread": False,
        },
        hide_parameters=True,
        query_cache_size=2000,
        json_serializer=to_text,
        json_deserializer=from_text,
        **pool,
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(raw: Any, _record: object) -> None:
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA fullfsync=ON")
    raw.execute("PRAGMA checkpoint_fullfsync=ON")
    raw.execute("PRAGMA secure_delete=ON")
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute("PRAGMA temp_store=MEMORY")
    raw.execute("PRAGMA query_only=ON")


def _begin(connection: sa.Connection) -> None:
    if not connection.get_execution_options().get("steelyard_begun"):
        raw_connection(connection).execute("BEGIN")


def begin_immediate(raw: sqlite3.Connection, patience_s: float, path: Path) -> None:
    """Become the one writer of the file, or raise StoreBusy.

    SQLite's own waiting looks only every 100 ms, and under load it never finds the file free: the connection's
    `busy_timeout` is 0.
    """
    deadline = time.monotonic() + patience_s
    pause = LOOK_S
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            if time.monotonic() >= deadline:
                raise StoreBusy(f"another process kept {path} locked for {BUSY_S:.0f} s") from error
        time.sleep(pause)
        pause = min(pause * 1.5, LOOK_AT_MOST_S)


def failure(error: BaseException | None, path: Path) -> StoreError | None:
    """What to say of an error of the driver that is the disk's doing and not ours; None of any other."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    # A file that may not grow (a limit of its size, a quota) is an error of writing to SQLite.
    if code & 0xFF == sqlite3.SQLITE_FULL or code in _CANNOT_GROW:
        return StoreFull(f"no space is left for {path} ({error}): nothing was written")
    if code & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return StoreUnavailable(f"{path} cannot be written or read just now ({error})")
    return None


def identity(path: Path) -> tuple[int, int] | None:
    """What tells this file from every other; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_busy(error: object) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def raw_connection(connection: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)
