"""Which tasks are staged, started, paused and finished together, and is none of them lost on the way?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support.reviews import counted, desk
from support.world import World

from steelyard.domain.errors import Conflict
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.batches import change_batch, move_rows
from steelyard.work.tally import progress
from steelyard.work.task_end import end_left, end_tasks


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


def test_a_new_priority_holds_for_all_its_tasks_and_for_cursors_that_have_passed(world: World) -> None:
    project = world.project(answers=2)
    world.batch(project, "Monday")
    plain = world.tasks(project, 2, priority=3)
    urgent = world.tasks(project, 2, batch="Monday")
    (who,) = world.people(1)
    assert world.take(who, project)[0].task == plain[0]
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", priority=9))
    assert [held.task for held in world.take(who, project, 3)] == [*urgent, plain[1]]
    assert {world.task(task).priority for task in urgent} == {9}


def test_a_finished_batch_keeps_what_it_has_and_waits_for_nothing(world: World) -> None:
    project = world.project(answers=2)
    batch = world.batch(project, "Monday")
    answered, begun, untouched = world.tasks(project, 3, batch="Monday")
    one, other = world.people(2)
    world.submit(one, world.take(one, project)[0], "dog")
    (held,) = world.take(one, project)
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "finished"))
    after: int | None = 0
    while after is not None:
        after = world.write(lambda tx, after=after: end_tasks(tx, batch.id, after, 2))
    assert [world.task(task).status for task in (answered, begun, untouched)] == [
        "settled",
        "open",
        "cancelled",
    ]
    assert world.consensus(answered)[-1].answers == {"label": "dog"}
    assert world.take(other, project) == []
    world.submit(one, held, "cat")
    assert world.task(begun).status == "settled"
    sums = world.database.read(lambda tx: progress(tx, project.id))
    assert (sums.tasks, sums.settled, sums.open, sums.wanted, sums.judgments) == (2, 2, 0, 2, 2)


def test_what_a_finished_batch_has_is_reviewed_as_all_else(world: World) -> None:
    project = world.project(answers=2, review_rate=1)
    batch = world.batch(project, "Monday")
    good, bad = world.tasks(project, 2, batch="Monday")
    (who,) = world.people(1)
    world.answer(who, project)
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "finished"))
    assert world.write(lambda tx: end_tasks(tx, batch.id, 0, 5)) is None
    assert {world.task(task).status for task in (good, bad)} == {"review"}
    rita = desk(world, project)
    rita.accept()
    rita.reject()
    assert world.task(good).status == "settled"
    world.write(lambda tx: end_left(tx, [world.task(bad).id]))
    assert world.task(bad).status == "cancelled", "nobody is asked for another answer"
    counted(world, project)


def test_a_cancelled_batch_takes_no_answer_more(world: World) -> None:
    project = world.project()
    batch = world.batch(project, "Monday")
    task, _ = world.tasks(project, 2, batch="Monday")
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "paused"))
    world.write(lambda tx: change_batch(tx, world.owner, "Monday", "cancelled"))
    assert world.write(lambda tx: end_tasks(tx, batch.id, 0, 10)) is None
    assert world.task(task).status == "cancelled"
    assert world.count(t.assignment, t.assignment.c.state != int(AssignmentState.CANCELLED)) == 0
    with pytest.raises(Conflict, match="answers it needs"):
        world.submit(who, held)
    sums = world.database.read(lambda tx: progress(tx, project.id))
    assert (sums.tasks, sums.open, sums.wanted) == (0, 0, 0)


def test_a_batch_knows_how_many_tasks_came_into_it(world: World) -> None:
    project = world.project()
    batch = world.batch(project, "Monday")
    world.tasks(project, 3, batch="Monday")
    world.tasks(project, 2, batch="Monday")
    assert world.one(sa.select(t.batch.c.tasks).where(t.batch.c.id == batch.id)) == 5
