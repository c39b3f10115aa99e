"""Which tasks are staged, started, paused and finished together, and is none of them lost on the way?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Conflict
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.batches import change_batch, move_rows


def drain(world: World, who: Principal, project: sa.Row) -> list[str]:
    """The tasks that this annotator is handed, one at a time, until there are none."""
    order = []
    while held := world.take(who, project):
        order.append(held[0].task)
        world.submit(who, held[0])
    return order


def test_a_staged_batch_is_handed_out_when_it_is_started(world: World) -> None:
    project = world.project()
    world.batch(project, "Monday", staged=True)
    other = world.tasks(project, 1)
    staged = world.tasks(project, 2, batch="Monday")
    (who,) = world.people(1)
    assert drain(world, who, project) == other
    world.write(lambda tx: change_batch(tx, world.owner, "monday", "running"))
    assert drain(world, who, project) == staged


def test_a_pause_holds_from_the_next_claim_on_and_a_start_finds_all_again(world: World) -> None:
    project = world.project()
    world.batch(project, "Monday")
    tasks = world.tasks(project, 4, batch="Monday")
    first, second = world.people(2)
    (held,) = world.take(first, project)
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "paused"))
    assert world.take(second, project) == []
    world.submit(first, held)
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "running"))
    assert drain(world, second, project) == tasks[1:]


def test_what_came_back_during_a_pause_is_found_after_it(world: World) -> None:
    project = world.project()
    world.batch(project, "Monday")
    tasks = world.tasks(project, 2, batch="Monday")
    first, second = world.people(2)
    held = world.take(first, project, 2)
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "paused"))
    world.give_back(first, held[0])
    other = world.tasks(project, 1)
    assert drain(world, second, project) == other, "and its cursor passes what waits for the batch"
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "running"))
    assert drain(world, second, project) == [tasks[0]]


def test_a_batch_is_moved_in_chunks_and_none_is_lost(world: World) -> None:
    project = world.project(answers=2)
    batch = world.batch(project, "Monday", staged=True)
    tasks = world.tasks(project, 5, batch="Monday")
    set_status = sa.update(t.batch).where(t.batch.c.id == batch.id).values(status="running")
    world.write(lambda tx: tx.execute(set_status))
    first, second = world.people(2)
    world.write(lambda tx: move_rows(tx, batch.id, 3))
    drain(world, first, project)
    while world.write(lambda tx: move_rows(tx, batch.id, 3)):
        drain(world, first, project)
    assert sorted(drain(world, second, project)) == sorted(tasks)
    assert world.count(t.judgment) == 10


def test_a_finished_batch_hands_out_nothing_more(world: World) -> None:
    project = world.project()
    world.batch(project, "Monday")
    world.tasks(project, 3, batch="Monday")
    first, second = world.people(2)
    (held,) = world.take(first, project)
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "finished"))
    assert world.take(second, project) == []
    world.give_back(first, held)
    assert world.take(second, project) == []
    with pytest.raises(Conflict):
        world.write(lambda tx: change_batch(tx, world.owner, "Monday", "running"))
