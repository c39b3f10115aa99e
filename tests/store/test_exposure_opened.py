"""What a person is shown outside an assignment is exposure too, written down once a day."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Forbidden, NotFound
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.bulk import list_of
from steelyard.store.database import Transaction
from steelyard.work import exposure, opened, showings
from steelyard.work.reveal import reveal
from steelyard.work.showings import Which


def of(world: World, task: str) -> opened.Opened:
    row = world.task(task)
    return opened.Opened(row.id, row.content_id, row.project_id)


def open_today(world: World, who: Principal, *tasks: str) -> None:
    today = world.database.read(opened.today)
    opened.write_before_showing(world.database, who, [of(world, task) for task in tasks], today)


def rows(world: World) -> list[sa.Row]:
    return world.all(sa.select(t.exposure).order_by(t.exposure.c.id))


def test_a_task_that_a_manager_opens_is_a_showing_without_an_assignment(world: World) -> None:
    project = world.project(sensitivity="restricted")
    task, _ = world.tasks(project, 2)
    manager = world.person("mia", role="manager")
    open_today(world, manager, task)
    (row,) = rows(world)
    assert (row.annotator_id, row.provider_id) == (manager.annotator_id, manager.provider_id)
    assert (row.assignment, row.sensitivity) == (None, "restricted")
    which = Which("live", annotator_id=manager.annotator_id)
    assert world.database.read(lambda tx: exposure.count(tx, which))["tasks"] == 1
    ((item,), _) = world.database.read(lambda tx: showings.listing(tx, which))
    assert (item["task"], item["assignment"], item["annotator_name"]) == (task, None, "mia")


def test_a_page_that_asks_often_writes_once_a_day(world: World, clock: Clock) -> None:
    project = world.project()
    tasks = world.tasks(project, 3)
    manager, other = world.person("mia", role="manager"), world.person("ned", role="reviewer")
    for _ in range(3):
        open_today(world, manager, *tasks)
    assert len(rows(world)) == 3
    open_today(world, other, tasks[0])
    assert len(rows(world)) == 4, "each person was shown it"
    clock.advance(24 * 3600)
    open_today(world, manager, tasks[0])
    assert len(rows(world)) == 5


def test_what_was_claimed_today_is_not_written_again(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    open_today(world, who, held.task)
    assert len(rows(world)) == 1


def test_a_list_writes_what_nothing_is_known_of_however_many(world: World, clock: Clock) -> None:
    project = world.project()
    tasks = world.tasks(project, 450)
    manager = world.person("mia", role="manager")
    open_today(world, manager, tasks[0])
    clock.advance(24 * 3600)
    listed = [of(world, task) for task in tasks]
    for _ in range(2):
        opened.write_before_showing(world.database, manager, listed)
    assert len(rows(world)) == 450, "one that was opened on another day is known already"


def test_what_is_known_is_found_by_content_however_much_one_was_shown(world: World) -> None:
    project = world.project()
    tasks = world.tasks(project, 2)
    manager = world.person("mia", role="manager")
    open_today(world, manager, *tasks)

    def plan(tx: Transaction) -> str:
        sent: list[tuple[str, Any]] = []
        event.listen(tx.connection, "before_cursor_execute", lambda *say: sent.append((say[2], say[3])))
        asked = {"contents": list_of(tx, [1, 2]), "me": manager.annotator_id, "since": 0}
        tx.execute(opened._KNOWN[tx.dialect].statement, asked).all()
        sqlite = tx.dialect == "sqlite"
        if not sqlite:  # with two rows it would read them all
            tx.execute(sa.text("set local enable_seqscan = off"))
        rows = tx.connection.exec_driver_sql(
            ("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + sent[0][0], sent[0][1]
        )
        return "\n".join(str(row[-1]) for row in rows)

    assert "exposure_content_id" in world.write(plan)


def test_a_commitment_is_revealed_by_its_salt_and_payload(world: World) -> None:
    import hashlib

    project = world.project()
    (task,) = world.tasks(project, 1)
    content = world.one(sa.select(t.content.c.commitment))
    told = world.write(lambda tx: reveal(tx, world.owner, content))
    found = hashlib.sha256(bytes.fromhex(told["salt"]) + told["payload"].encode()).hexdigest()
    assert found == told["content"] == content
    assert [row.task_id for row in rows(world)] == [world.task(task).id], "whoever asks was shown it"
    with pytest.raises(NotFound):
        world.write(lambda tx: reveal(tx, world.owner, "0" * 64))
    (annotator,) = world.people(1)
    with pytest.raises(Forbidden):
        world.write(lambda tx: reveal(tx, annotator, content))
    world.write(lambda tx: tx.execute(sa.delete(t.content_payload)))
    with pytest.raises(NotFound):
        world.write(lambda tx: reveal(tx, world.owner, content))
