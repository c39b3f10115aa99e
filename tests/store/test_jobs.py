"""What happens later: is every job done, at least once, and told when it cannot be?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock

from steelyard.domain.times import SECOND
from steelyard.jobs import queue
from steelyard.jobs.queue import enqueue, fail, finish, heartbeat, take_due
from steelyard.jobs.runner import Runner
from steelyard.store import tables as t
from steelyard.store.database import Database


def add(database: Database, kind: str = "mail", **more: Any) -> bool:
    return database.write(lambda tx: enqueue(tx, kind, more.pop("args", {}), **more))


def take(database: Database, owner: str = "a") -> sa.Row | None:
    return database.write(lambda tx: take_due(tx, owner, ["mail"]))


def jobs(database: Database) -> list[sa.Row]:
    return database.read(lambda tx: list(tx.rows(sa.select(t.job).order_by(t.job.c.id))))


def test_a_job_is_there_only_with_the_fact_that_causes_it(database: Database) -> None:
    def write(tx) -> None:
        enqueue(tx, "mail", {})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write(write)
    assert jobs(database) == []
    add(database)
    assert len(jobs(database)) == 1


def test_a_job_is_done_once_and_forgotten(database: Database) -> None:
    done: list[dict] = []
    add(database, args={"to": 1})
    add(database, args={"to": 2})
    runner = Runner(database, {"mail": done.append})
    assert runner.run_due() == 2
    assert done == [{"to": 1}, {"to": 2}]
    assert jobs(database) == []
    assert runner.run_due() == 0


def test_a_job_waits_for_its_time(database: Database, clock: Clock) -> None:
    add(database, delay_s=60)
    assert take(database) is None
    clock.advance(61)
    assert take(database) is not None


def test_a_job_that_a_job_orders_is_done_too(database: Database) -> None:
    done = []

    def first(args: dict) -> None:
        done.append("first")
        database.write(lambda tx: enqueue(tx, "second", {}))

    add(database, "first")
    Runner(database, {"first": first, "second": lambda args: done.append("second")}).run_due()
    assert done == ["first", "second"]


def test_two_runners_never_have_the_same_job(database: Database) -> None:
    add(database)
    assert take(database, "a") is not None
    assert take(database, "b") is None


def test_a_job_whose_runner_died_is_taken_over_when_its_lease_has_lapsed(
    database: Database, clock: Clock
) -> None:
    add(database)
    job = take(database, "a")
    clock.advance(queue.LEASE / SECOND + 1)
    again = take(database, "b")
    assert job is not None
    assert again is not None
    assert again.id == job.id
    assert not database.write(lambda tx: heartbeat(tx, job.id, "a")), "the first one is told so"
    database.write(lambda tx: finish(tx, job.id, "a"))
    assert len(jobs(database)) == 1, "and cannot end what the second one does"
    database.write(lambda tx: finish(tx, job.id, "b"))
    assert jobs(database) == []


def test_a_heartbeat_keeps_the_job(database: Database, clock: Clock) -> None:
    add(database)
    job = take(database, "a")
    assert job is not None
    for _ in range(3):
        clock.advance(queue.LEASE / SECOND - 5)
        assert database.write(lambda tx: heartbeat(tx, job.id, "a"))
        assert take(database, "b") is None


def test_a_job_that_fails_is_tried_again_later_and_later(database: Database, clock: Clock) -> None:
    add(database)
    waits = []
    for _ in range(5):
        job = take(database)
        assert job is not None
        database.write(lambda tx, job=job: fail(tx, job.id, "a", "no line"))
        (row,) = jobs(database)
        now = database.read(lambda tx: tx.now)
        waits.append((row.run_at - now) / SECOND)
        assert (row.state, row.error) == ("waiting", "no line")
        assert take(database) is None
        clock.advance(waits[-1] + 1)
    for attempt, wait in enumerate(waits):
        assert 0.5 * 2**attempt - 1 <= wait <= 1.5 * 2**attempt


def test_a_job_that_never_works_is_dead_and_told_once(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAX_ATTEMPTS", 3)
    told: list[tuple] = []

    def broken(args: dict) -> None:
        raise ValueError("always")

    runner = Runner(database, {"mail": broken}, lambda *what: told.append(what))
    add(database, args={"to": 1})
    for _ in range(6):
        runner.run_due()
        clock.advance(4000)
    assert told == [("mail", {"to": 1}, "ValueError: always")]
    (row,) = jobs(database)
    assert (row.state, row.attempts) == ("dead", 3)


def test_one_that_waits_already_is_not_added_twice(database: Database) -> None:
    assert add(database, dedup_key="k")
    assert not add(database, dedup_key="k")
    assert add(database, dedup_key="other")
    assert len(jobs(database)) == 2


def test_one_that_runs_already_is_asked_to_run_again(database: Database) -> None:
    """It may have read before the change that asks."""
    runs: list[dict] = []

    def work(args: dict) -> None:
        runs.append(args)
        if len(runs) == 1:
            assert not database.write(lambda tx: enqueue(tx, "mail", {"n": 2}, dedup_key="k"))

    add(database, dedup_key="k", args={"n": 1})
    assert Runner(database, {"mail": work}).run_due() == 2
    assert runs == [{"n": 1}, {"n": 2}]
    assert jobs(database) == []


def test_a_dead_one_is_woken_by_being_asked_for(database: Database, clock: Clock) -> None:
    add(database, dedup_key="k")
    database.write(lambda tx: tx.execute(sa.update(t.job).values(state="dead", attempts=12)))
    assert take(database) is None
    add(database, dedup_key="k", args={"n": 2})
    job = take(database)
    assert job is not None
    assert (job.args, job.attempts) == ({"n": 2}, 0)


def test_a_runner_leaves_kinds_that_it_does_not_know(database: Database) -> None:
    add(database, "unknown")
    assert Runner(database, {"mail": lambda args: None}).run_due() == 0
    assert len(jobs(database)) == 1


def test_a_fault_of_one_job_does_not_keep_the_others(database: Database) -> None:
    done = []

    def work(args: dict) -> None:
        if args["n"] == 1:
            raise ValueError
        done.append(args["n"])

    for n in (1, 2, 3):
        add(database, args={"n": n})
    Runner(database, {"mail": work}).run_due()
    assert done == [2, 3]


def test_running_threads_do_what_comes_and_stop_when_told(database: Database) -> None:
    import threading

    came = threading.Event()
    runner = Runner(database, {"mail": lambda args: came.set()})
    runner.start()
    try:
        add(database)
        assert came.wait(10)
    finally:
        runner.stop()


def test_the_job_of_a_dead_runner_of_this_machine_is_due_at_once(database):
    import socket
    import subprocess
    import sys

    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    done = []
    database.write(lambda tx: enqueue(tx, "count", {}))
    database.write(lambda tx: take_due(tx, f"{socket.gethostname()}:{child.pid}:ab12", ["count"]))
    assert Runner(database, {"count": done.append}).run_due() == 1
    assert done == [{}]
    database.write(lambda tx: enqueue(tx, "count", {}))
    database.write(lambda tx: take_due(tx, "elsewhere:1:ab12", ["count"]))
    assert Runner(database, {"count": done.append}).run_due() == 0, "nobody knows: its lease decides"
