"""What a write promises, on SQLite and on PostgreSQL, alone and among many."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from support.clock import Clock

import steelyard
from steelyard.domain.errors import Conflict
from steelyard.store import sqlite_file
from steelyard.store.database import (
    Database,
    StoreBusy,
    StoreMisused,
    StoreNotCommitted,
    StoreUnavailable,
    Transaction,
    open_database,
    system_clock,
)
from steelyard.store.postgres import PostgresDatabase
from steelyard.store.sqlite import SqliteDatabase

NOTE = sa.Table(
    "test_note",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("text", sa.Text, unique=True, nullable=False),
    # Checked only at the commit.
    sa.Column("after", sa.ForeignKey("test_note.id", deferrable=True, initially="DEFERRED")),
)
ADD = sa.insert(NOTE).values(text=sa.bindparam("said")).returning(NOTE.c.id)
ALL = sa.select(NOTE.c.text).order_by(NOTE.c.id)


@pytest.fixture
def notes(database: Database) -> Database:
    database.write(lambda tx: NOTE.create(tx.connection))
    return database


@pytest.fixture
def sqlite_notes(sqlite_database: SqliteDatabase) -> SqliteDatabase:
    sqlite_database.write(lambda tx: NOTE.create(tx.connection))
    return sqlite_database


@pytest.fixture
def postgres_notes(postgres_database: PostgresDatabase) -> PostgresDatabase:
    postgres_database.write(lambda tx: NOTE.create(tx.connection))
    return postgres_database


def add(text: str) -> Callable[[Transaction], int]:
    return lambda tx: tx.scalar(ADD, {"said": text})


def said(database: Database) -> list[str]:
    return [row.text for row in database.read(lambda tx: tx.rows(ALL))]


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def in_one_commit(database: SqliteDatabase, *fns: Callable[[Transaction], object]) -> list[Future[object]]:
    """Have the writer find all of these waiting at once, in this order."""
    gate, reached = threading.Event(), threading.Event()

    def hold(_tx: Transaction) -> None:
        reached.set()
        gate.wait(10)
        time.sleep(0.04)  # longer than a commit takes in others, so these begin the next

    pool = ThreadPoolExecutor(len(fns) + 1)
    holding = pool.submit(database.write, hold)
    reached.wait(10)
    futures = []
    for number, fn in enumerate(fns, start=1):
        futures.append(pool.submit(database.write, fn))
        wait_for(lambda number=number: database._queue.qsize() == number)
    gate.set()
    holding.result(10)
    pool.shutdown(wait=True)
    return futures


class TestAWrite:
    def test_returns_what_its_function_returned_and_is_seen_by_later_reads(self, notes: Database) -> None:
        assert notes.write(add("one")) == 1
        assert said(notes) == ["one"]

    def test_that_raises_leaves_nothing_behind(self, notes: Database) -> None:
        def fail(tx: Transaction) -> None:
            add("lost")(tx)
            raise Conflict("no")

        with pytest.raises(Conflict):
            notes.write(fail)
        notes.write(add("kept"))
        assert said(notes) == ["kept"]

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_ended_by_an_interruption_is_rolled_back_and_the_next_one_works(
        self, notes: Database, kind: type[BaseException]
    ) -> None:
        def interrupted(tx: Transaction) -> None:
            add("lost")(tx)
            raise kind

        with pytest.raises(kind):
            notes.write(interrupted)
        notes.write(add("kept"))
        assert said(notes) == ["kept"]

    def test_within_a_write_is_refused_instead_of_waiting_for_ever(self, notes: Database) -> None:
        with pytest.raises(StoreMisused, match="within a write"):
            notes.write(lambda _: notes.write(add("inner")))
        assert said(notes) == []

    def test_may_not_end_its_own_transaction(self, notes: Database) -> None:
        with pytest.raises(StoreMisused, match="end its own"):
            notes.write(lambda tx: tx.connection.rollback())
        notes.write(add("kept"))
        assert said(notes) == ["kept"]

    def test_by_each_of_64_threads_gets_its_own_result(self, notes: Database) -> None:
        def one(number: int) -> tuple[str, str]:
            key = notes.write(add(f"note {number}"))
            found = notes.read(lambda tx: tx.scalar(sa.select(NOTE.c.text).where(NOTE.c.id == key)))
            return f"note {number}", found

        with ThreadPoolExecutor(64) as pool:
            for asked, found in pool.map(one, range(256)):
                assert asked == found

    def test_after_close_is_refused_and_those_before_it_are_done(self, notes: Database) -> None:
        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(notes.write, add(str(number))) for number in range(8)]
            done = sum(future.exception() is None for future in futures)
        assert done == 8
        assert len(said(notes)) == 8
        notes.close()
        notes.close()
        with pytest.raises(StoreMisused, match="closed"):
            notes.write(add("late"))
        with pytest.raises(StoreMisused, match="closed"):
            said(notes)

    def test_in_a_forked_child_is_refused(self, notes: Database) -> None:
        child = os.fork()
        if child == 0:
            try:
                notes.write(add("child"))
            except StoreMisused:
                os._exit(7)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        notes.write(add("parent"))
        assert said(notes) == ["parent"]


class TestAfterCommit:
    def test_runs_when_the_write_is_visible_and_may_write_itself(self, notes: Database) -> None:
        seen: list[list[str]] = []

        def ask(tx: Transaction) -> None:
            add("one")(tx)
            tx.after_commit(lambda: seen.append(said(notes)))
            tx.after_commit(lambda: notes.write(add("two")))

        notes.write(ask)
        assert seen == [["one"]]
        assert said(notes) == ["one", "two"]

    def test_does_not_run_after_a_rollback(self, notes: Database) -> None:
        ran: list[int] = []

        def fail(tx: Transaction) -> None:
            tx.after_commit(lambda: ran.append(1))
            raise Conflict("no")

        with pytest.raises(Conflict):
            notes.write(fail)
        assert ran == []

    def test_that_fails_is_logged_and_does_not_make_the_write_look_undone(
        self, notes: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        def ask(tx: Transaction) -> int:
            tx.after_commit(lambda: 1 // 0)
            return add("one")(tx)

        assert notes.write(ask) == 1
        assert "ZeroDivisionError" in caplog.text


class TestARead:
    def test_does_not_wait_for_a_write(self, notes: Database) -> None:
        inside, finish = threading.Event(), threading.Event()

        def slow(tx: Transaction) -> None:
            add("late")(tx)
            inside.set()
            finish.wait(10)

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(notes.write, slow)
            inside.wait(10)
            assert said(notes) == []
            assert not writing.done()
            finish.set()
            writing.result(10)
        assert said(notes) == ["late"]

    def test_sees_one_moment_however_long_it_takes(self, notes: Database) -> None:
        def twice(tx: Transaction) -> tuple[int, int]:
            before = len(tx.rows(ALL))
            with ThreadPoolExecutor(1) as pool:
                pool.submit(notes.write, add("meanwhile")).result(10)
            return before, len(tx.rows(ALL))

        assert notes.read(twice) == (0, 0)
        assert said(notes) == ["meanwhile"]

    def test_cannot_write(self, notes: Database) -> None:
        with pytest.raises(exc.DBAPIError, match=r"(?i)read-?only"):
            notes.read(add("sneaked"))
        assert said(notes) == []

    def test_cannot_take_the_installations_lock(self, notes: Database) -> None:
        with pytest.raises(StoreMisused):
            notes.read(lambda tx: tx.share_showing())
        with pytest.raises(StoreMisused):
            notes.read(lambda tx: tx.hold_showing())


class TestTheMoment:
    def test_is_the_same_throughout_a_transaction(self, database: Database, clock: Clock) -> None:
        def twice(tx: Transaction) -> tuple[int, int]:
            before = tx.now
            clock.advance(1)
            return before, tx.now

        for run in (database.read, database.write):
            before, after = run(twice)
            assert before == after

    def test_moves_with_the_clock_of_the_test(self, database: Database, clock: Clock) -> None:
        before = database.write(lambda tx: tx.now)
        clock.advance(60)
        assert 60_000_000 <= database.write(lambda tx: tx.now) - before < 120_000_000

    def test_is_the_servers_on_postgresql_also_when_read_with_the_lock(self, postgres_url: str) -> None:
        def locked(tx: Transaction) -> int:
            tx.share_showing()
            return tx.now

        with open_database(None, postgres_url, clock=lambda: 1) as database:
            assert abs(database.write(locked) - system_clock()) < 60_000_000
            assert abs(database.read(lambda tx: tx.now) - system_clock()) < 60_000_000


class TestWritesCommittedTogether:
    def test_do_not_go_down_with_a_neighbour_that_fails(self, sqlite_notes: SqliteDatabase) -> None:
        def fail(tx: Transaction) -> None:
            add("lost")(tx)
            raise Conflict("no")

        futures = in_one_commit(sqlite_notes, add("a"), fail, add("b"), add("a"), fail, add("c"))
        kinds = [type(future.exception()) for future in futures]
        assert kinds == [type(None), Conflict, type(None), exc.IntegrityError, Conflict, type(None)]
        assert said(sqlite_notes) == ["a", "b", "c"]

    def test_survive_when_the_first_of_them_fails(self, sqlite_notes: SqliteDatabase) -> None:
        futures = in_one_commit(sqlite_notes, lambda _: 1 // 0, add("b"))
        assert isinstance(futures[0].exception(), ZeroDivisionError)
        assert futures[1].exception() is None
        assert said(sqlite_notes) == ["b"]

    def test_are_all_refused_when_the_commit_fails(self, sqlite_notes: SqliteDatabase) -> None:
        dangling = sa.insert(NOTE).values(text="dangling", after=999)
        futures = in_one_commit(sqlite_notes, add("a"), lambda tx: tx.execute(dangling).rowcount, add("b"))
        assert [type(future.exception()) for future in futures] == [StoreNotCommitted] * 3
        assert said(sqlite_notes) == []
        sqlite_notes.write(add("again"))
        assert said(sqlite_notes) == ["again"]

    def test_are_refused_when_one_of_them_makes_sqlite_drop_the_transaction(
        self, sqlite_notes: SqliteDatabase
    ) -> None:
        def drop(tx: Transaction) -> None:
            tx.execute(sa.text("insert or rollback into test_note (text) values ('a')"))

        futures = in_one_commit(sqlite_notes, add("a"), drop, add("b"))
        kinds = [type(future.exception()) for future in futures]
        assert kinds == [StoreNotCommitted, exc.IntegrityError, type(None)]
        assert said(sqlite_notes) == ["b"]


class TestAFileSharedWithOtherProcesses:
    def test_shows_what_another_one_wrote(self, sqlite_notes: SqliteDatabase) -> None:
        script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        script += "c.execute(\"insert into test_note (text) values ('from afar')\"); c.commit()"
        subprocess.run([sys.executable, "-c", script, str(sqlite_notes.path)], check=True)
        assert said(sqlite_notes) == ["from afar"]

    def test_is_told_to_be_busy_when_another_one_does_not_let_go(
        self, sqlite_notes: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("steelyard.store.sqlite.BUSY_S", 0.2)
        other = sqlite3.connect(sqlite_notes.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            sqlite_notes.write(add("refused"))
        other.execute("ROLLBACK")
        other.close()
        sqlite_notes.write(add("taken"))
        assert said(sqlite_notes) == ["taken"]

    def test_gives_another_one_its_turn_under_unbroken_load(self, sqlite_notes: SqliteDatabase) -> None:
        stop = threading.Event()

        def load(number: int) -> None:
            count = 0
            while not stop.is_set():
                sqlite_notes.write(add(f"{number}-{count}"))
                count += 1

        with ThreadPoolExecutor(8) as pool, SqliteDatabase(sqlite_notes.path) as other:
            for number in range(8):
                pool.submit(load, number)
            for number in range(5):
                other.write(add(f"other {number}"))
            stop.set()
        assert len([text for text in said(sqlite_notes) if text.startswith("other")]) == 5

    def test_can_be_opened_for_the_first_time_by_many_at_once(self, tmp_path: Path) -> None:
        def open_and_write(number: int) -> None:
            with open_database(tmp_path) as database:
                database.write(lambda tx: NOTE.create(tx.connection, checkfirst=True))
                database.write(add(str(number)))

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(open_and_write, range(6)))
        with open_database(tmp_path) as database:
            assert len(said(database)) == 6

    def test_keeps_every_acknowledged_write_when_its_writer_is_killed(
        self, sqlite_notes: SqliteDatabase
    ) -> None:
        script = """
import os, sys, threading, sqlalchemy as sa
from pathlib import Path
from steelyard.store.sqlite import SqliteDatabase
database = SqliteDatabase(Path(sys.argv[1]))
statement = sa.text("insert into test_note (text) values (:text)")
def run(thread):
    for number in range(100_000):
        text = f"{thread}-{number}"
        database.write(lambda tx: tx.execute(statement, {"text": text}).rowcount)
        os.write(1, f"{text}\\n".encode())
for thread in range(8):
    threading.Thread(target=run, args=(thread,)).start()
"""
        source = str(Path(steelyard.__file__).resolve().parent.parent)
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(sqlite_notes.path)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": source},
            text=True,
        )
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.readlines()
        process.wait()
        process.stdout.close()
        whole = {line.strip() for line in acknowledged if line.endswith("\n")}
        assert len(whole) >= 200
        assert whole <= set(said(sqlite_notes))
        sqlite_notes.write(add("the next one"))

    def test_is_readable_by_its_owner_alone_and_set_to_lose_nothing(
        self, sqlite_notes: SqliteDatabase, tmp_path: Path
    ) -> None:
        open_database(tmp_path / "new").close()
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "new" / "steelyard.db").stat().st_mode & 0o777 == 0o600
        wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
        patience = round(sqlite_file.BUSY_S * 1000)
        # The writer waits by looking itself, oftener than SQLite does.
        for run, timeout in ((sqlite_notes.read, patience), (sqlite_notes.write, 0)):
            for name, value in {**wanted, "busy_timeout": timeout}.items():
                assert run(lambda tx, name=name: tx.scalar(sa.text(f"pragma {name}"))) == value

    def test_that_is_no_database_is_told_by_its_path(self, tmp_path: Path) -> None:
        (tmp_path / "steelyard.db").write_bytes(b"something else, and long enough to be looked at" * 100)
        with pytest.raises(StoreUnavailable, match=r"steelyard\.db"):
            open_database(tmp_path)


class TestPostgresql:
    def test_makes_a_change_wait_for_those_who_show_and_those_after_wait_for_it(
        self, postgres_notes: PostgresDatabase
    ) -> None:
        inside, finish = threading.Event(), threading.Event()

        def show(tx: Transaction) -> None:
            tx.share_showing()
            inside.set()
            finish.wait(10)
            add("shown")(tx)

        def change(tx: Transaction) -> list[str]:
            tx.hold_showing()
            return [row.text for row in tx.rows(ALL)]

        with ThreadPoolExecutor(3) as pool:
            showing = pool.submit(postgres_notes.write, show)
            inside.wait(10)
            assert pool.submit(postgres_notes.write, lambda tx: tx.share_showing()).result(10) is None
            changing = pool.submit(postgres_notes.write, change)
            time.sleep(0.2)
            assert not changing.done()
            finish.set()
            showing.result(10)
            assert changing.result(10) == ["shown"]

    def test_runs_a_write_again_after_a_deadlock(self, postgres_notes: PostgresDatabase) -> None:
        first, second = postgres_notes.write(add("x")), postgres_notes.write(add("y"))
        both = threading.Barrier(2, timeout=10)
        tries: list[int] = []

        def lock(key: int) -> sa.Update:
            return sa.update(NOTE).where(NOTE.c.id == key).values(text=NOTE.c.text + "!")

        def crosswise(a: int, b: int) -> Callable[[Transaction], None]:
            def run(tx: Transaction) -> None:
                tries.append(a)
                tx.execute(lock(a))
                if tries.count(a) == 1:
                    both.wait()
                tx.execute(lock(b))

            return run

        with ThreadPoolExecutor(2) as pool:
            futures = [
                pool.submit(postgres_notes.write, crosswise(*pair))
                for pair in ((first, second), (second, first))
            ]
            for future in futures:
                future.result(20)
        assert len(tries) == 3
        assert sorted(said(postgres_notes)) == ["x!!", "y!!"]

    def test_does_not_acknowledge_a_write_that_swallowed_an_error(
        self, postgres_notes: PostgresDatabase
    ) -> None:
        postgres_notes.write(add("a"))

        def swallow(tx: Transaction) -> None:
            with pytest.raises(exc.IntegrityError):
                add("a")(tx)

        with pytest.raises(StoreMisused, match="caught"):
            postgres_notes.write(swallow)

    def test_connects_anew_when_the_server_has_dropped_a_waiting_connection(
        self, postgres_notes: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        end_others = sa.text(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        url = postgres_notes._engine.url.render_as_string(hide_password=False)
        with PostgresDatabase(url) as other:
            postgres_notes.write(add("a"))
            assert other.write(lambda tx: tx.scalar(end_others)) >= 1
            postgres_notes.write(add("b"))
            monkeypatch.setattr("steelyard.store.postgres.IDLE_S", 0)
            assert other.write(lambda tx: tx.scalar(end_others)) >= 1
            assert said(postgres_notes) == ["a", "b"]

    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
    def test_is_reached_by_every_usual_form_of_url(self, postgres_url: str, scheme: str) -> None:
        with open_database(None, scheme + postgres_url[postgres_url.index(":") :]) as database:
            assert database.dialect == "postgresql"

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://me:geheim@127.0.0.1:1/x",
            "postgresql://me@127.0.0.1:1/x?password=geheim",
            "postgresql://me:geheim@127.0.0.1:port/x",
            "mysql://me:geheim@127.0.0.1/x",
        ],
    )
    def test_never_says_a_password(self, url: str) -> None:
        with pytest.raises(StoreUnavailable) as caught:
            open_database(None, url)
        assert "geheim" not in "".join(traceback.format_exception(caught.value))

    def test_shows_no_password_in_its_repr_and_no_parameters_in_errors(
        self, postgres_notes: PostgresDatabase
    ) -> None:
        postgres_notes.write(add("private words"))
        url = postgres_notes._engine.url.set(password="geheim")
        with PostgresDatabase(url.render_as_string(hide_password=False)) as database:
            assert "geheim" not in repr(database)
        with pytest.raises(exc.IntegrityError) as caught:
            postgres_notes.write(add("private words"))
        assert "[SQL parameters hidden" in str(caught.value)


def test_a_rehearsal_tells_what_would_be_and_leaves_nothing(notes):
    def act(tx):
        tx.scalar(ADD, {"said": "rehearsed"})
        return len(tx.rows(ALL))

    assert notes.rehearse(act) == 1
    assert said(notes) == []
