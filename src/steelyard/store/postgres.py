"""How do several servers share one PostgreSQL database and still each see one moment and one clock?

A write runs again from its start when the server refuses it as a deadlock, and never after a commit whose
outcome is unknown. Passwords and parameters stand in no error and no repr.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from sqlalchemy import event, exc

from steelyard.store.database import (
    Database,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreMisused,
    StoreNotCommitted,
    StoreUnavailable,
    Transaction,
)
from steelyard.store.json_text import from_text, to_text

T = TypeVar("T")

TRIES = 5
OLDEST = 15
POOL_WAIT_S = 10.0
# A connection unused for longer is asked whether it still lives before a transaction begins on it.
IDLE_S = 5.0

SHOWING_LOCK = int.from_bytes(b"steelyrd", "big")
MIGRATION_LOCK = SHOWING_LOCK + 1

_OPTIONS = {"connect_timeout": 10, "application_name": "steelyard"}
_RUN_AGAIN = {"40001", "40P01"}  # serialization failure, deadlock
_FULL = "53100"
_CLOCK = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
_READ_CLOCK = sa.text(f"select {_CLOCK}")
_SHARE = sa.text(f"select pg_advisory_xact_lock_shared({SHOWING_LOCK}), {_CLOCK}")
_HOLD = sa.text(f"select pg_advisory_xact_lock({SHOWING_LOCK}), {_CLOCK}")


class PostgresTransaction(Transaction):
    """A transaction on the server; its moment is read at first use, with the lock where one is taken."""

    __slots__ = ("_locks", "_shift", "_writes")

    def __init__(self, connection: sa.Connection, shift: Callable[[], int] | None, writes: bool) -> None:
        super().__init__(connection, "postgresql")
        self._shift = shift
        self._writes = writes
        self._locks: list[sa.TextClause] = []

    def _read_clock(self) -> int:
        return self._shifted(self.connection.execute(_READ_CLOCK).scalar_one())

    def share_showing(self) -> None:
        self._lock(_SHARE)

    def hold_showing(self) -> None:
        self._lock(_HOLD)

    def _lock(self, statement: sa.TextClause) -> None:
        if not self._writes:
            raise StoreMisused("the installation's lock can only be taken in a write transaction")
        if any(
            held is statement for held in self._locks
        ):  # held until the end of the transaction; once is enough
            return
        moment = self.connection.execute(statement).one()[1]
        self._locks.append(statement)
        self.memo.clear()
        if self._now is None:
            self._now = self._shifted(moment)

    def _shifted(self, moment: int) -> int:
        return moment if self._shift is None else moment + self._shift()


class PostgresDatabase(Database):
    """The database on a PostgreSQL server. `shift` is microseconds added to its clock, for tests."""

    dialect = "postgresql"

    def __init__(self, url: str, *, pool_size: int = 20, shift: Callable[[], int] | None = None) -> None:
        super().__init__()
        self._shift = shift
        parsed = _parse(url)
        self._place = _place(parsed)
        self._engine = sa.create_engine(
            parsed,
            isolation_level="READ COMMITTED",
            pool_size=pool_size,
            max_overflow=pool_size // 2,
            pool_timeout=POOL_WAIT_S,
            pool_use_lifo=True,
            hide_parameters=True,
            query_cache_size=2000,
            json_serializer=to_text,
            json_deserializer=from_text,
            connect_args={name: value for name, value in _OPTIONS.items() if name not in parsed.query},
        )
        event.listen(self._engine, "checkin", _stamp)
        event.listen(self._engine, "checkout", self._check_alive)
        # The same pool and the same compiled statements; only how a transaction begins differs.
        self._snapshots = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        try:
            self._check_server()
        except BaseException:
            self._engine.dispose()
            raise

    def __repr__(self) -> str:
        return f"PostgresDatabase({self._place!r})"

    def read(self, fn: Callable[[Transaction], T]) -> T:
        self._check_usable()
        try:
            with self._connect(self._snapshots) as connection, connection.begin():
                return fn(PostgresTransaction(connection, self._shift, writes=False))
        except exc.DBAPIError as error:
            if (told := self._failed(error)) is not None:
                raise told from error
            raise

    def write(self, fn: Callable[[Transaction], T]) -> T:
        self._check_writable()
        self._within.write = True
        try:
            result, tx = self._try_to_write(fn)
        finally:
            self._within.write = False
        tx._run_after_commit()
        return result

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        self._check_writable()
        with self._connect(self._engine) as connection, connection.begin():
            connection.execute(sa.text(f"select pg_advisory_xact_lock({MIGRATION_LOCK})"))
            yield connection

    def close(self) -> None:
        if getattr(self._within, "write", False):
            raise StoreMisused("the database cannot be closed from within a write")
        self._closed = True
        # After a fork the connections are the parent's: forgotten here, not closed.
        self._engine.dispose(close=os.getpid() == self._opened_by)

    def _try_to_write(self, fn: Callable[[Transaction], T]) -> tuple[T, Transaction]:
        for attempt in range(1, TRIES + 1):
            try:
                return self._write_once(fn)
            except exc.DBAPIError as error:
                lost = error.connection_invalidated
                if attempt == TRIES and not lost and _sqlstate(error) in _RUN_AGAIN:
                    raise StoreBusy(f"given up after {TRIES} tries that each met another write") from error
                if attempt == TRIES or not (lost or _sqlstate(error) in _RUN_AGAIN):
                    if (told := self._failed(error)) is not None:
                        raise told from error
                    raise
            time.sleep(random.uniform(0.2, 1.0) * 0.01 * 2**attempt)
        raise AssertionError("unreachable")

    def _write_once(self, fn: Callable[[Transaction], T]) -> tuple[T, Transaction]:
        with self._connect(self._engine) as connection:
            transaction = connection.begin()
            tx = PostgresTransaction(connection, self._shift, writes=True)
            try:
                result = fn(tx)
                if connection.get_transaction() is not transaction or not transaction.is_active:
                    raise StoreMisused("a request must not end its own transaction")
                if _in_error(connection):
                    # The server would answer COMMIT with a rollback, and without an error.
                    raise StoreMisused("an error of the database was caught within a write and not passed on")
            except BaseException:
                connection.rollback()
                raise
            try:
                transaction.commit()
            except exc.DBAPIError as error:
                if _sqlstate(error) in _RUN_AGAIN:
                    raise
                if error.connection_invalidated:
                    self._unavailable(error)
                    raise StoreNotCommitted(
                        "the connection broke during the commit; whether it was written is not known"
                    ) from error
                raise
            self._trouble.over()
            return result, tx

    def _failed(self, error: exc.DBAPIError) -> StoreError | None:
        """What to say when it is the server or its disk that failed; None of any other error."""
        if _sqlstate(error) == _FULL:
            told = StoreFull(f"no space is left for {self._place}: nothing was written")
            self._trouble.met(told.message)
            return told
        return self._unavailable(error) if error.connection_invalidated else None

    @contextmanager
    def _connect(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        try:
            connection = engine.connect()
        except exc.TimeoutError as error:
            raise StoreBusy(f"no connection came free within {POOL_WAIT_S:.0f} s") from error
        except exc.DBAPIError as error:
            raise self._unavailable(error) from None
        with connection:
            yield connection

    def _check_server(self) -> None:
        with self._connect(self._engine) as connection:
            version = connection.scalar(sa.text("select current_setting('server_version_num')::int"))
            encoding = connection.scalar(sa.text("select current_setting('server_encoding')"))
        if version < OLDEST * 10_000:
            raise StoreUnavailable(
                f"{self._place} is PostgreSQL {version // 10_000}; {OLDEST} or newer is needed"
            )
        if encoding != "UTF8":
            raise StoreUnavailable(f"{self._place} stores text as {encoding}; a UTF8 database is needed")

    def _check_alive(self, raw: Any, record: Any, _proxy: object) -> None:
        used = record.info.get("steelyard_used")
        if used is None or time.monotonic() - used < IDLE_S:
            return
        try:
            alive = self._engine.dialect.do_ping(raw)
        except Exception as error:
            raise exc.DisconnectionError() from error  # the pool then connects anew
        if not alive:
            raise exc.DisconnectionError()

    def _unavailable(self, error: exc.DBAPIError) -> StoreUnavailable:
        said = str(error.orig).strip()
        password = self._engine.url.password
        if password:
            said = said.replace(str(password), "***")
        told = StoreUnavailable(f"{self._place} cannot be reached: {said}")
        self._trouble.met(told.message)
        return told


def _parse(url: str) -> sa.URL:
    wrong = "the database URL must look like postgresql://user:password@host:port/name"
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError):
        raise StoreUnavailable(wrong) from None  # the cause would quote the URL, password and all
    if parsed.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise StoreUnavailable(wrong)
    parsed = parsed.set(drivername="postgresql+psycopg")
    password = parsed.query.get("password")
    if isinstance(password, str):
        parsed = parsed.difference_update_query(["password"]).set(password=password)
    return parsed


def _place(url: sa.URL) -> str:
    """What may be said of a URL: who, where and which, without the password and the options."""
    host = url.host or url.query.get("host") or "localhost"
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{host}{port}/{url.database or ''}"


def _stamp(_raw: object, record: Any) -> None:
    record.info["steelyard_used"] = time.monotonic()


def _in_error(connection: sa.Connection) -> bool:
    raw: Any = connection.connection.driver_connection
    return raw.info.transaction_status == TransactionStatus.INERROR


def _sqlstate(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
