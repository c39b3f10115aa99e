"""Is the list of what was shown exact while claims go on? Below its horizon nothing appears any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Database, StoreMisused, Transaction
from steelyard.work import exposure, showings
from steelyard.work.claim import claim
from steelyard.work.showings import Horizon, Which


@pytest.fixture
def acme(world: World) -> sa.Row:
    return world.provider("Acme")


@contextmanager
def held_open(world: World, who: Principal, project: sa.Row) -> Iterator[threading.Event]:
    """A claim whose rows are inserted and not committed, until the event is set."""
    written, go = threading.Event(), threading.Event()

    def slowly(tx: Transaction) -> None:
        claim(tx, who, project)
        written.set()
        assert go.wait(20)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(world.write, slowly)
        assert written.wait(20)
        try:
            yield go
        finally:
            go.set()
            done.result()


def keys(world: World, which: Which, limit: int = 1000) -> list[str]:
    found, after = [], 0
    while after is not None:
        items, after = world.database.read(lambda tx, at=after: showings.listing(tx, which, at, limit))
        found += [item["assignment"] for item in items]
    return found


def test_a_claim_that_commits_late_is_in_the_list_that_began_before(world: World, acme: sa.Row) -> None:
    """Its row may have a lower key than rows that are listed already: pages by key alone would pass it."""
    project = world.project()
    world.tasks(project, 4)
    one, other = world.people(2, "acme")
    with ThreadPoolExecutor(2) as pool, held_open(world, one, project) as go:
        later = pool.submit(world.take, other, project)
        if world.database.dialect == "postgresql":  # on SQLite one writes at a time
            later.result(20)
            assert world.count(t.exposure) == 1, "the later claim is there, the earlier one is not yet"
        listing = pool.submit(world.write, showings.horizon)
        threading.Event().wait(0.2)
        assert not listing.done(), "it waits for the claim that has begun"
        go.set()
        horizon = listing.result(20)
    later.result(20)
    assert len(keys(world, Which("live", acme.id, horizon=horizon), limit=1)) == 2


def test_what_is_shown_later_is_not_in_the_pages_of_a_list(world: World, acme: sa.Row) -> None:
    project = world.project()
    world.tasks(project, 6)
    (who,) = world.people(1, "acme")
    world.take(who, project, 3)
    which = Which("live", acme.id, horizon=world.write(showings.horizon))
    first, after = world.database.read(lambda tx: showings.listing(tx, which, 0, 2))
    before = world.database.read(lambda tx: exposure.count(tx, which))
    world.take(who, project, 3)
    rest, end = world.database.read(lambda tx: showings.listing(tx, which, after or 0, 2))
    assert (len(first), len(rest), end) == (2, 1, None)
    assert world.database.read(lambda tx: exposure.count(tx, which)) == before
    assert before["showings"] == 3


def test_lists_that_are_taken_amid_claims_are_all_exact(world: World, acme: sa.Row) -> None:
    project = world.project(answers=4)
    world.tasks(project, 60)
    people = world.people(4, "acme")
    done = threading.Event()

    def work(who: Principal) -> None:
        while held := world.take(who, project, 2):
            world.submit(who, held[0], claim_next=1)
            for other in held[1:]:  # at the end there is but one left
                world.give_back(who, other)

    def look() -> list[tuple[Horizon, list[str]]]:
        taken = []
        while not done.is_set():
            horizon = world.write(showings.horizon)
            taken.append((horizon, keys(world, Which("live", acme.id, horizon=horizon), limit=7)))
            done.wait(0.005)
        return taken

    with ThreadPoolExecutor(5) as pool:
        looking = pool.submit(look)
        try:
            for working in [pool.submit(work, who) for who in people]:
                working.result(60)
        finally:
            done.set()
        taken = looking.result(20)
    rows = world.all(sa.select(t.exposure).order_by(t.exposure.c.id))
    assert len(rows) > 200
    assert len({horizon.row for horizon, _ in taken}) > 3
    for horizon, listed in taken:
        assert listed == [row.assignment for row in rows if row.id <= horizon.row]
        if world.database.dialect == "postgresql":  # where the test's clock goes on by itself
            assert listed == [row.assignment for row in rows if row.at <= horizon.at]


def test_a_horizon_is_taken_in_a_write(database: Database) -> None:
    with pytest.raises(StoreMisused):
        database.read(showings.horizon)
    assert database.write(showings.horizon).row == 0
