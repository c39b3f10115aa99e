"""Is anything shown, held or taken after a change of interests that was fired in the middle of it?

Two databases of one installation, as two servers have them: what the one has stopped, the other obeys.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.identity.policy import Principal
from steelyard.providers.organisations import update_organisation
from steelyard.providers.stake_list import import_stakes
from steelyard.providers.stake_rows import check_rows
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.store.postgres import PostgresDatabase
from steelyard.store.sqlite import SqliteDatabase
from steelyard.work.claim import Claimed, claim
from steelyard.work.effect import Effect
from steelyard.work.organisations import named
from steelyard.work.submit import Refused, submit

T = TypeVar("T")
Change = Callable[[Transaction, Principal], Effect]


def organisation(tx: Transaction, who: Principal, name: str, **patch: Any) -> Effect:
    row = named(tx, name)
    assert row is not None
    return update_organisation(tx, who, row.public_id, patch)[1]


def two_levels_up(tx: Transaction, who: Principal) -> Effect:
    return organisation(tx, who, "Holding A", interests=[{"organisation": "Rival", "share": 0.01}])


def found_to_be_one(tx: Transaction, who: Principal) -> Effect:
    rival = named(tx, "Rival")
    assert rival is not None
    return organisation(tx, who, "Holding A", same_as=rival.public_id)


def from_a_list(tx: Transaction, who: Principal) -> Effect:
    rows = [{"holder": "Rival", "held": "New Holding", "share": "5%"}]
    rows.append({"holder": "New Holding", "held": "Holding A", "share": "5%"})
    return import_stakes(tx, who, *check_rows(rows))[1]


def undone(tx: Transaction, who: Principal) -> Effect:
    return organisation(tx, who, "Holding A", interests=[], same_as=None)


CHANGES = {"two levels up": two_levels_up, "two are one": found_to_be_one, "a list": from_a_list}


def stage(world: World, tasks: int, answers: int = 1) -> sa.Row:
    """Holding A holds a part of Holding B, which holds Acme; the project is in conflict with Rival."""
    world.provider("Acme", owner="Holding B")
    project = world.project(answers=answers, conflicts=["Rival"])
    world.tasks(project, tasks)
    stake = [{"organisation": "Holding A", "share": 0.3}]
    world.write(lambda tx: organisation(tx, world.owner, "Holding B", interests=stake))
    return project


class Interrupted:
    """Fires something in another thread when a database is about to send its n-th statement, and goes on when
    that is done or waits for a lock."""

    def __init__(self, database: PostgresDatabase, fire: Callable[[], T]) -> None:
        self._database = database
        self._fire = fire
        self._pool = ThreadPoolExecutor(1)
        self.fired: Future[Any] | None = None
        self._left = 0
        self._thread = 0
        sa.event.listen(database._engine, "before_cursor_execute", self._before)

    def run(self, at: int, fn: Callable[[Transaction], T]) -> T:
        self.fired, self._left, self._thread = None, at, threading.get_ident()
        return self._database.write(fn)

    def close(self) -> None:
        sa.event.remove(self._database._engine, "before_cursor_execute", self._before)
        self._pool.shutdown()

    def _before(self, *_: object) -> None:
        if threading.get_ident() != self._thread:
            return
        self._left -= 1
        if self._left == 0:
            self.fired = self._pool.submit(self._fire)
            self._thread = 0
            while not self.fired.done() and not self._waits():
                time.sleep(0.002)

    def _waits(self) -> bool:
        waiting = sa.text(
            "select count(*) from pg_locks where not granted and database ="
            " (select oid from pg_database where datname = current_database())"
        )
        return self._database.read(lambda tx: tx.scalar(waiting)) > 0


@pytest.fixture
def other(postgres_url: str) -> Iterator[PostgresDatabase]:
    with PostgresDatabase(postgres_url) as database:
        yield database


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_fired_between_any_two_statements_of_a_claim_nothing_is_held_or_shown_afterwards(
    postgres_database: PostgresDatabase, other: PostgresDatabase, change: Change
) -> None:
    world = World(postgres_database)
    project = stage(world, 3)
    (who,) = world.people(1, "acme")
    interrupted = Interrupted(other, lambda: world.write(lambda tx: change(tx, world.owner)))
    before, after = 0, 0
    try:
        for at in range(1, 100):
            shown_before = world.count(t.exposure)
            claimed: Claimed = interrupted.run(at, lambda tx: claim(tx, who, project, 2))
            if interrupted.fired is None:
                break  # the claim has fewer statements
            effect: Effect = interrupted.fired.result(30)
            # Either the claim came first and what it took went back with the change, or it saw the change.
            assert effect.recalled.count == len(claimed.held)
            assert claimed.held or claimed.code == "stopped"
            assert world.count(t.assignment, t.assignment.c.state == 1) == 0
            assert world.count(t.exposure) == shown_before + len(claimed.held)
            assert world.claim(who, project).code == "stopped"
            before, after = before + bool(claimed.held), after + (not claimed.held)
            world.write(lambda tx: undone(tx, world.owner))
    finally:
        interrupted.close()
    assert after >= 1, "fired before the lock"
    assert before >= 8, "and after it, between the statements"


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_fired_between_any_two_statements_of_a_submit_no_answer_is_taken_afterwards(
    postgres_database: PostgresDatabase, other: PostgresDatabase, change: Change
) -> None:
    world = World(postgres_database)
    project = stage(world, 60)
    (who,) = world.people(1, "acme")
    interrupted = Interrupted(other, lambda: world.write(lambda tx: change(tx, world.owner)))
    taken, refused = 0, 0
    try:
        for at in range(1, 100):
            [held] = world.take(who, project)
            judged = world.count(t.judgment)

            def hand_in(tx: Transaction, held: str = held.id) -> None:
                submit(tx, who, held, {"label": "cat"})

            code = ""
            try:
                interrupted.run(at, hand_in)
            except Refused as no:
                code = no.code
            assert code in ("", "provider_stopped")
            stood = not code
            if interrupted.fired is None:
                break
            effect: Effect = interrupted.fired.result(30)
            assert effect.recalled.count == (0 if stood else 1)
            assert world.count(t.judgment) == judged + stood
            assert world.count(t.assignment, t.assignment.c.state == 1) == 0
            taken, refused = taken + stood, refused + (not stood)
            world.write(lambda tx: undone(tx, world.owner))
    finally:
        interrupted.close()
    assert refused >= 1
    assert taken >= 8


@pytest.fixture(params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest) -> Iterator[tuple[World, Database]]:
    """An installation, and its database opened a second time."""
    if request.param == "sqlite":
        first: Database = request.getfixturevalue("sqlite_database")
        again: Database = SqliteDatabase(request.getfixturevalue("sqlite_database").path)
    else:
        first = request.getfixturevalue("postgres_database")
        again = PostgresDatabase(request.getfixturevalue("postgres_url"))
    with again:
        yield World(first), again


@pytest.mark.parametrize("change", [two_levels_up, found_to_be_one], ids=["two levels up", "two are one"])
def test_while_everybody_works_at_two_servers_nothing_is_shown_or_taken_after_the_change(
    two: tuple[World, Database], change: Change
) -> None:
    world, second = two
    project = stage(world, 400, answers=2)
    acme = world.provider_row("acme")
    people = world.people(4, "acme")
    over = threading.Event()
    codes: set[str] = set()

    def work(who: Principal, database: Database) -> None:
        while not over.is_set():
            claimed = database.write(lambda tx: claim(tx, who, project, 3))
            codes.add(claimed.code)
            if claimed.code:
                time.sleep(0.01)
            for held in claimed.held:
                try:
                    database.write(lambda tx, key=held.id: submit(tx, who, key, {"label": "cat"}))
                except Refused as refused:
                    codes.add(refused.code)

    def seen() -> tuple[int, int, int]:
        return (
            world.count(t.exposure, t.exposure.c.provider_id == acme.id),
            world.count(t.judgment, t.judgment.c.provider_id == acme.id),
            world.held(acme),
        )

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(work, who, (world.database, second)[i % 2]) for i, who in enumerate(people)]
        try:
            while seen()[1] < 12:
                time.sleep(0.005)
            second.write(lambda tx: change(tx, world.owner))
            at_the_change = seen()
            assert at_the_change[2] == 0
            time.sleep(0.2)
            assert seen() == at_the_change
        finally:
            over.set()
    for done in running:
        done.result()
    assert seen() == at_the_change
    assert codes <= {"", "stopped", "provider_stopped"}
    assert "stopped" in codes
