"""How does code read and write the database, whichever of the two it is?

A write that has returned is on disk, and one that raised left nothing behind.

SQLite is a file in the data folder (store/sqlite.py), PostgreSQL a server named by URL (store/postgres.py).
Use cases see neither: they take a `Transaction`, which `Database.read` or `Database.write` opens for them.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from anyio import to_thread

from steelyard.domain.errors import SteelyardError
from steelyard.store.trouble import Trouble

T = TypeVar("T")
Clock = Callable[[], int]

_log = logging.getLogger("steelyard.store")


class StoreError(SteelyardError):
    """The database could not do what was asked, or was asked in a way that cannot be done."""

    code = "store_failed"


class StoreBusy(StoreError):
    """Others kept the database for longer than a request waits; nothing was written, trying again is safe."""

    code = "store_busy"


class StoreUnavailable(StoreError):
    """There is no database at the given place just now, or it does not let us in."""

    code = "store_unavailable"


class StoreFull(StoreError):
    """No space is left where the database lies; nothing was written."""

    code = "store_full"


class StoreNotCommitted(StoreError):
    """The commit itself failed: nothing is acknowledged, and what was asked has to be asked again."""

    code = "store_not_committed"


# What is no fault of ours and passes; the database itself says it in the log.
PASSING = (StoreBusy, StoreUnavailable, StoreFull, StoreNotCommitted)


class StoreMisused(StoreError):
    """A mistake in our own code, such as a write within a write, or use after a close or a fork."""

    code = "store_misused"


def system_clock() -> int:
    """Microseconds since 1970 in UTC, from this machine."""
    return time.time_ns() // 1000


class Transaction:
    """What a use case is given: one open transaction, and the one moment at which it happens."""

    __slots__ = ("_after", "_now", "connection", "dialect", "memo", "raw")

    def __init__(self, connection: sa.Connection, dialect: str, raw: Any = None) -> None:
        self.connection = connection
        self.dialect = dialect
        self.raw = raw  # the driver's own connection, where statements go to it as they are
        self._now: int | None = None
        self._after: list[Callable[[], object]] = []
        # What was worked out within this transaction; emptied when a lock is taken, since what was read
        # before may have changed while it was waited for.
        self.memo: dict[str, Any] = {}

    @property
    def now(self) -> int:
        """Microseconds since 1970 in UTC, the same at every reading within the transaction."""
        if self._now is None:
            self._now = self._read_clock()
        return self._now

    def _read_clock(self) -> int:
        raise NotImplementedError

    def execute(
        self,
        statement: sa.Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> sa.CursorResult[Any]:
        """Run a statement; a list of mappings runs it once for each."""
        return self.connection.execute(statement, parameters)  # type: ignore[return-value]

    def added(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> int:
        """The row key that an INSERT of one row has drawn."""
        key = self.execute(statement, parameters).inserted_primary_key
        assert key is not None
        return key[0]

    def scalar(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None where there is no row."""
        return self.connection.execute(statement, parameters).scalar()

    def row(
        self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None
    ) -> sa.Row[Any] | None:
        """The first row, or None."""
        return self.connection.execute(statement, parameters).first()

    def rows(
        self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[sa.Row[Any]]:
        """All rows."""
        return self.connection.execute(statement, parameters).all()

    def share_showing(self) -> None:
        """Take the installation's lock shared; the first statement of whatever shows content.

        Only in a write: a read keeps the snapshot that it began with, so a lock taken in it would guard
        what was true before the wait.
        """
        raise NotImplementedError

    def hold_showing(self) -> None:
        """Take the installation's lock alone, before any change of what eligibility reads; in a write."""
        raise NotImplementedError

    def after_commit(self, fn: Callable[[], object]) -> None:
        """Run `fn()` in the asking thread once the transaction is durable; never when it was rolled back.

        The write has then happened whatever `fn` does, so an error in it is logged, not raised.
        """
        self._after.append(fn)

    @property
    def has_more_to_do(self) -> bool:
        """Whether something is to run once the transaction is durable."""
        return bool(self._after)

    def _run_after_commit(self) -> None:
        for fn in self._after:
            try:
                fn()
            except Exception:
                _log.exception("something that was to run after a commit failed")


class _Rehearsed(Exception):
    """Carries the result of a rehearsal past the rollback."""

    def __init__(self, result: Any) -> None:
        self.result = result


class Database(ABC):
    """One database. Safe to use from many threads; not across a fork."""

    dialect: str

    def __init__(self) -> None:
        self._opened_by = os.getpid()
        self._closed = False
        self._within = threading.local()
        self._trouble = Trouble()

    @abstractmethod
    def read(self, fn: Callable[[Transaction], T]) -> T:
        """`fn(tx)` in a read transaction: one snapshot from its first statement to its end."""

    @abstractmethod
    def write(self, fn: Callable[[Transaction], T]) -> T:
        """`fn(tx)` in a write transaction; returns its result once the commit is durable.

        What `fn` raises is raised here, and everything it wrote is gone. `fn` should touch nothing outside
        the database: on PostgreSQL it runs again after a deadlock (use `tx.after_commit`), and on SQLite it
        runs on the one writing thread, so it should take less than 20 ms.
        """

    def ask(self, fn: Callable[[Transaction], T]) -> Callable[[], T]:
        """Like `write`, for one that has more to do meanwhile: returns what waits for the write and gives its
        result. What one thread asks for is done in that order, behind the writes of others; whoever asks bounds
        how much waits."""
        result = self.write(fn)  # where a write keeps nobody else waiting there is nothing to gain
        return lambda: result

    def quiet(self) -> bool:
        """Whether a long write keeps hardly anybody waiting just now."""
        return True

    async def write_soon(self, fn: Callable[[Transaction], T]) -> T:
        """`write` for an event loop, which goes on meanwhile."""
        return await to_thread.run_sync(lambda: self.write(fn))

    def rehearse(self, fn: Callable[[Transaction], T]) -> T:
        """What `fn(tx)` would return as a write; everything it wrote is rolled back."""

        def act(tx: Transaction) -> None:
            raise _Rehearsed(fn(tx))

        try:
            self.write(act)
        except _Rehearsed as done:
            return done.result
        raise AssertionError("a rehearsal is never committed")

    @abstractmethod
    def migrating(self) -> AbstractContextManager[sa.Connection]:
        """A connection in a transaction that changes the schema; nobody else is in one at the same time."""

    @abstractmethod
    def close(self) -> None:
        """Finish the writes already asked for, then let go of the database. Further use raises."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_usable(self) -> None:
        if self._closed:
            raise StoreMisused("the database was closed")
        if os.getpid() != self._opened_by:
            raise StoreMisused("the database was opened before this process forked; open it anew")

    def _check_writable(self) -> None:
        self._check_usable()
        if getattr(self._within, "write", False):
            raise StoreMisused("a write was asked for within a write; pass the open transaction on instead")


def open_database(
    folder: Path | None,
    url: str | None = None,
    *,
    clock: Clock = system_clock,
) -> Database:
    """The PostgreSQL database at `url`, or else the SQLite file `folder`/steelyard.db, made where absent.

    `clock` tells the time on SQLite; PostgreSQL tells it itself. Raises StoreUnavailable. The schema is
    left as it is: see `store.migrate`.
    """
    if url is not None:
        from steelyard.store.postgres import PostgresDatabase

        return PostgresDatabase(url)
    if folder is None:
        raise StoreUnavailable("neither a data folder nor a database URL was given")
    from steelyard.store.sqlite import SqliteDatabase

    return SqliteDatabase(Path(folder) / "steelyard.db", clock=clock)
