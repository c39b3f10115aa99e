"""How do many requests share one SQLite file and still each have their write on disk when it returns?

One thread writes. It runs the requests that wait, commits them together with one fsync, and only then
answers any of them; a request that fails is rolled back without its neighbours.

Never open the database file by other means than SQLite in a process that uses it: closing such a
descriptor drops SQLite's locks.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any, TypeVar

import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy import exc
from sqlalchemy.pool import NullPool, QueuePool

from steelyard.store.database import (
    Clock,
    Database,
    StoreBusy,
    StoreError,
    StoreMisused,
    StoreNotCommitted,
    StoreUnavailable,
    Transaction,
    system_clock,
)
from steelyard.store.sqlite_file import (
    BUSY_S,
    begin_immediate,
    failure,
    identity,
    is_busy,
    make_engine,
    make_file,
    raw_connection,
)
from steelyard.store.turns import Turns

T = TypeVar("T")

MIGRATION_BUSY_S = 120.0
# A commit takes in no further request after this; with requests under 20 ms it holds the file for 50 ms.
GATHER_S = 0.030
# Under unbroken load the file is left free this often and this long, so that another process gets its turn.
TURN_EVERY_S, TURN_S = 0.100, 0.003
# Memory that the writer keeps pages in at most: what it changes in one commit should fit, or it is written twice.
WRITER_CACHE_KB = 32_000

_OLDEST = (3, 35, 0)


class SqliteTransaction(Transaction):
    """A transaction on the file; what it says of locks holds because there is one writer at a time."""

    __slots__ = ("_clock", "_writes")

    def __init__(self, connection: sa.Connection, clock: Clock, writes: bool) -> None:
        super().__init__(connection, "sqlite", raw_connection(connection))
        self._clock = clock
        self._writes = writes

    def _read_clock(self) -> int:
        return self._clock()

    def share_showing(self) -> None:
        self._check_lockable()

    def hold_showing(self) -> None:
        self._check_lockable()

    def _check_lockable(self) -> None:
        if not self._writes:
            raise StoreMisused("the installation's lock can only be taken in a write transaction")


class _Request:
    """One write that somebody waits for."""

    __slots__ = ("asked_at", "behind", "fn", "future", "result", "tx")

    def __init__(self, fn: Callable[[Transaction], Any], behind: bool = False) -> None:
        self.fn = fn
        self.behind = behind
        self.future: Future[Any] = Future()
        self.asked_at = time.monotonic()
        self.result: Any = None
        self.tx: SqliteTransaction | None = None

    def wait(self) -> Any:
        """The result, once it is durable; runs in the asking thread."""
        try:
            result = self.future.result()
        except BaseException:
            # Interrupted while waiting: what has not begun shall not happen later. Else this does nothing.
            self.future.cancel()
            raise
        finally:
            tx = self.tx
            del self  # its future holds the error, whose traceback holds this frame
        if tx is not None:
            tx._run_after_commit()
        return result


class SqliteDatabase(Database):
    """The database in one file. Other processes may have it open too, each with an object of its own."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, clock: Clock = system_clock) -> None:
        super().__init__()
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StoreUnavailable(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed")
        self.path = Path(path).absolute()
        self._clock = clock
        self._queue: Turns[_Request] = Turns()
        self._gate = threading.Lock()
        self._writer: threading.Thread | None = None
        make_file(self.path)
        self._identity = identity(self.path)
        self._engine = make_engine(
            self.path, poolclass=QueuePool, pool_size=16, max_overflow=-1, pool_use_lifo=True
        )

    def __repr__(self) -> str:
        return f"SqliteDatabase({str(self.path)!r})"

    def read(self, fn: Callable[[Transaction], T]) -> T:
        self._check_usable()
        self._check_there()
        try:
            with self._engine.connect() as connection, connection.begin():
                return fn(SqliteTransaction(connection, self._clock, writes=False))
        except exc.OperationalError as error:
            if is_busy(error.orig):
                raise StoreBusy(f"{self.path} stayed locked for {BUSY_S:.0f} s") from error
            if _writes_in_a_read(error.orig):
                raise
            if (told := self._failed(error)) is not None:
                raise told from error
            raise

    def write(self, fn: Callable[[Transaction], T]) -> T:
        return self._put(fn).wait()

    def ask(self, fn: Callable[[Transaction], T]) -> Callable[[], T]:
        return self._put(fn, behind=True).wait

    def quiet(self) -> bool:
        return self._queue.quiet(time.monotonic())

    async def write_soon(self, fn: Callable[[Transaction], T]) -> T:
        """No thread waits for the writer. Should the asker be cancelled, what has not begun does not happen."""
        request = self._put(fn)
        result = await asyncio.wrap_future(request.future)
        if request.tx is not None and request.tx.has_more_to_do:
            await to_thread.run_sync(request.tx._run_after_commit)
        return result

    def _check_there(self) -> None:
        """Raises when the file was taken away: what is written to it then would be lost with it."""
        if identity(self.path) != self._identity:
            message = (
                f"{self.path} is gone, or not the file that was opened (was its folder moved or deleted?)"
            )
            self._trouble.met(message)
            raise StoreUnavailable(message)

    def _put(self, fn: Callable[[Transaction], Any], behind: bool = False) -> _Request:
        self._check_writable()
        request = _Request(fn, behind)
        with self._gate:
            self._check_usable()
            if self._writer is None:
                self._start_writer()
            self._queue.put(request)
        return request

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        self._check_writable()
        engine = make_engine(self.path, poolclass=NullPool)
        with engine.connect() as connection:
            raw = raw_connection(connection)
            # Tables are rebuilt by copying, which must not cascade; checked as a whole before the commit.
            raw.execute("PRAGMA foreign_keys=OFF")
            raw.execute("PRAGMA query_only=OFF")
            raw.execute("PRAGMA busy_timeout=0")
            begin_immediate(raw, MIGRATION_BUSY_S, self.path)
            with connection.execution_options(steelyard_begun=True).begin():
                yield connection
                if broken := raw.execute("PRAGMA foreign_key_check").fetchall():
                    tables = ", ".join(sorted({row[0] for row in broken}))
                    raise StoreError(f"the migration would leave rows that refer to nothing, in: {tables}")

    def close(self) -> None:
        with self._gate:
            if getattr(self._within, "write", False):
                raise StoreMisused("the database cannot be closed from within a write")
            already, self._closed = self._closed, True
            if not already:
                self._queue.put(None)
        if self._opened_by != os.getpid():
            return
        if self._writer is not None:
            self._writer.join()
        self._engine.dispose()

    # --- the writing thread ---------------------------------------------------------------------------

    def _start_writer(self) -> None:
        """Connect in the asking thread, so that it is told when that fails."""
        connection = self._engine.connect().execution_options(steelyard_begun=True)
        connection.detach()
        raw_connection(connection).execute("PRAGMA query_only=OFF")
        raw_connection(connection).execute(f"PRAGMA cache_size=-{WRITER_CACHE_KB}")
        raw_connection(connection).execute("PRAGMA busy_timeout=0")
        self._writer = threading.Thread(
            target=self._write_on, args=(connection,), name="steelyard-writer", daemon=True
        )
        self._writer.start()

    def _write_on(self, connection: sa.Connection) -> None:
        self._within.write = True
        last_turn = time.monotonic()
        stopped = False
        try:
            while not stopped:
                if self._queue.empty():
                    request = self._queue.get(last_turn)
                    last_turn = time.monotonic()
                else:
                    if time.monotonic() - last_turn > TURN_EVERY_S:
                        time.sleep(TURN_S)
                        last_turn = time.monotonic()
                    request = self._queue.get(time.monotonic())
                stopped = request is None or self._commit_together(connection, request)
        finally:
            self._abandon(stopped)
            connection.close()

    def _abandon(self, stopped: bool) -> None:
        """Nobody may wait for ever, should the writing thread end before its time; then the next write starts
        another one, with a connection of its own."""
        with self._gate:
            self._closed = self._closed or stopped
            self._writer = self._writer if stopped else None
            while True:
                try:
                    request = self._queue.get_nowait(0.0)
                except Empty:
                    return
                if request is not None and request.future.set_running_or_notify_cancel():
                    request.future.set_exception(
                        StoreNotCommitted("the writing thread ended before this was written")
                    )

    def _commit_together(self, connection: sa.Connection, first: _Request) -> bool:
        """Run `first` and those that wait behind it in one transaction. True when told to stop."""
        raw = raw_connection(connection)
        done: list[_Request] = []
        transaction: sa.RootTransaction | None = None
        until = float("inf")
        request: _Request | None = first
        stop = False
        while request is not None:
            if request.future.set_running_or_notify_cancel():
                try:
                    if transaction is None:
                        self._check_there()
                        patience = BUSY_S - (time.monotonic() - request.asked_at)
                        begin_immediate(raw, patience, self.path)
                        transaction = connection.begin()
                        until = time.monotonic() + GATHER_S
                    self._run(connection, raw, request, alone=not done)
                    done.append(request)
                except BaseException as error:
                    if transaction is not None and not (done and _undo_last(raw)):
                        lost, done, transaction = done, [], None
                        try:
                            _roll_back(connection, raw)
                        finally:
                            self._refuse(lost, "a neighbour's failure ended the transaction", error)
                            request.future.set_exception(self._failed(error) or error)
                    else:
                        request.future.set_exception(self._failed(error) or error)
            request = None
            now = time.monotonic()
            if now < until:
                try:
                    # Whoever waits for this commit does not wait for a block of an import too.
                    request = self._queue.get_nowait(now, behind=all(one.behind for one in done))
                    stop = request is None
                except Empty:
                    pass
        if transaction is not None:
            try:
                transaction.commit()
            except BaseException as error:
                try:
                    _roll_back(connection, raw)
                finally:
                    self._refuse(done, "the commit failed", error)
            else:
                self._trouble.over()
                for request in done:
                    request.future.set_result(request.result)
        return stop

    def _refuse(self, requests: list[_Request], why: str, error: BaseException) -> None:
        for request in requests:
            # An error of its own for each: they are raised in different threads.
            refusal = self._failed(error)
            if refusal is None:
                refusal = StoreNotCommitted(f"nothing was written: {why} ({error})")
                refusal.__cause__ = error
            request.future.set_exception(refusal)

    def _failed(self, error: BaseException) -> StoreError | None:
        """What to say when it is the disk that failed; None of any other error."""
        told = failure(error.orig if isinstance(error, exc.DBAPIError) else error, self.path)
        if told is not None:
            told.__cause__ = error
            self._trouble.met(told.message)
        return told

    def _run(
        self, connection: sa.Connection, raw: sqlite3.Connection, request: _Request, alone: bool
    ) -> None:
        # The first in a transaction needs no savepoint: when it fails there is nothing else to keep.
        if not alone:
            raw.execute("SAVEPOINT request")
        transaction = connection.get_transaction()
        request.tx = SqliteTransaction(connection, self._clock, writes=True)
        request.result = request.fn(request.tx)
        if connection.get_transaction() is not transaction or not raw.in_transaction:
            raise StoreMisused("a request must not end its own transaction")
        if not alone:
            raw.execute("RELEASE request")


def _writes_in_a_read(error: BaseException | None) -> bool:
    """A mistake of ours, and not of the disk's."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY


def _undo_last(raw: sqlite3.Connection) -> bool:
    """Roll back the request that failed and keep those before it; False when SQLite has dropped them all."""
    try:
        raw.execute("ROLLBACK TO request")
        raw.execute("RELEASE request")
    except sqlite3.Error:
        return False
    return raw.in_transaction


def _roll_back(connection: sa.Connection, raw: sqlite3.Connection) -> None:
    try:
        connection.rollback()
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
