"""In which order is work handed out, and is what was put back found again?"""

from __future__ import annotations

from itertools import groupby

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Conflict
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work import queue
from steelyard.work.lanes import NOTHING_BACK
from steelyard.work.queue import refresh_cursors


@pytest.fixture
def small_waves(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(queue, "WAVE", 4)
    return 4


def drain(world: World, who: Principal, project: sa.Row) -> list[str]:
    """The tasks that this annotator is handed, one at a time, until there are none."""
    order = []
    while held := world.take(who, project):
        order.append(held[0].task)
        world.submit(who, held[0])
    return order


def test_all_first_answers_of_a_wave_come_before_its_second_ones(world: World, small_waves: int) -> None:
    project = world.project(answers=2)
    tasks = world.tasks(project, 4)
    first, second = world.people(2)
    handed = []
    for _ in range(4):
        handed += [world.take(first, project)[0].task, world.take(second, project)[0].task]
    assert sorted(handed[:4]) == sorted(tasks), "four claims, four different tasks"
    assert sorted(handed) == sorted(tasks * 2)


def test_a_wave_is_finished_before_the_next_begins(world: World, small_waves: int) -> None:
    project = world.project(answers=2)
    tasks = world.tasks(project, 12)
    people = world.people(3)
    handed: list[str] = []
    while len(handed) < 24:
        for who in people:
            for held in world.take(who, project):
                handed.append(held.task)
                world.submit(who, held)
    waves = [tasks.index(task) // small_waves for task in handed]
    # Each annotator skips what it has itself, so only the tail of a wave may run over into the next.
    assert [wave for wave, _ in groupby(waves[:7])] == [0]
    assert sorted(handed) == sorted(tasks * 2)
    for wave in range(2):
        last = max(i for i, w in enumerate(waves) if w == wave)
        assert sum(w > wave + 1 for w in waves[:last]) == 0


def test_a_single_annotator_passes_through_the_tasks_as_they_arrived(world: World, small_waves: int) -> None:
    project = world.project(answers=3)
    tasks = world.tasks(project, 10)
    (who,) = world.people(1)
    assert drain(world, who, project) == tasks


def test_a_higher_priority_goes_first(world: World) -> None:
    project = world.project()
    low, high = world.tasks(project, 3), world.tasks(project, 3, priority=5)
    below = world.tasks(project, 2, priority=-1)
    (who,) = world.people(1)
    assert drain(world, who, project) == high + low + below


def test_a_higher_priority_that_arrives_later_is_handed_out_next(world: World) -> None:
    project = world.project()
    low = world.tasks(project, 2)
    (who,) = world.people(1)
    assert world.take(who, project)[0].task == low[0]
    (urgent,) = world.tasks(project, 1, priority=9)
    assert world.take(who, project)[0].task == urgent


def test_nobody_gets_a_task_twice_and_no_task_more_answers_than_wanted(world: World) -> None:
    project = world.project(answers=2)
    world.tasks(project, 7)
    for who in world.people(4):
        drain(world, who, project)
    per_task = world.all(sa.select(t.judgment.c.task_id, sa.func.count()).group_by(t.judgment.c.task_id))
    assert [n for _, n in per_task] == [2] * 7
    pairs = world.all(sa.select(t.judgment.c.task_id, t.judgment.c.annotator_id))
    assert len(set(map(tuple, pairs))) == len(pairs)


def test_a_claim_of_many_never_holds_two_answers_of_one_task(world: World) -> None:
    project = world.project(answers=3)
    world.tasks(project, 4)
    (who,) = world.people(1)
    held = world.take(who, project, 100)
    assert len(held) == len({h.task for h in held}) == 4
    assert world.take(who, project, 100) == []


def test_siblings_that_a_claim_of_many_looked_at_are_there_for_others(world: World) -> None:
    project = world.project(answers=2)
    world.tasks(project, 3)
    first, second = world.people(2)
    assert world.take(second, project, 1)
    assert len(world.take(first, project, 100)) == 3
    assert len(world.take(second, project, 100)) == 2


def test_a_returned_task_goes_to_another_and_not_to_the_same_again(world: World) -> None:
    project = world.project()
    tasks = world.tasks(project, 3)
    first, second = world.people(2)
    held = world.take(first, project, 3)
    world.give_back(first, held[0])
    assert world.take(first, project) == []
    assert [h.task for h in world.take(second, project)] == [tasks[0]]


def test_what_another_returned_is_found_behind_the_cursor(world: World) -> None:
    project = world.project()
    tasks = world.tasks(project, 4)
    first, second = world.people(2)
    held = world.take(first, project, 2)
    world.take(second, project, 2)
    assert world.take(second, project) == [], "its cursor has passed all there is"
    world.give_back(first, held[1])
    assert [h.task for h in world.take(second, project)] == [tasks[1]]


def test_only_its_holder_can_return_an_assignment(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    first, second = world.people(2)
    (held,) = world.take(first, project)
    with pytest.raises(Conflict):
        world.give_back(second, held)
    world.give_back(first, held)
    with pytest.raises(Conflict):
        world.give_back(first, held)


def test_a_lapsed_lease_returns_the_task_to_the_queue(world: World, clock: Clock) -> None:
    project = world.project(lease_s=60)
    tasks = world.tasks(project, 2)
    first, second = world.people(2)
    world.take(first, project, 2)
    assert world.take(second, project) == []
    clock.advance(59)
    assert world.expire() == 0
    clock.advance(2)
    assert world.expire() == 2
    assert [h.task for h in world.take(second, project)] == [tasks[0]]
    assert [h.task for h in world.take(first, project)] == [tasks[1]], "a lapse is no refusal"


def test_a_lease_may_be_longer_than_the_projects(world: World, clock: Clock) -> None:
    project = world.project(lease_s=60)
    world.tasks(project, 1)
    (who,) = world.people(1)
    world.claim(who, project, 1, lease_s=600)
    clock.advance(300)
    assert world.expire() == 0


def test_the_sweep_takes_back_a_bounded_number_at_a_time(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = world.project(lease_s=1)
    world.tasks(project, 510)
    (who,) = world.people(1)
    for _ in range(6):
        world.take(who, project, 100)
    clock.advance(5)
    assert [world.expire(), world.expire(), world.expire()] == [500, 10, 0]


def test_tasks_that_join_a_half_filled_wave_are_found(world: World) -> None:
    project = world.project(answers=2)
    world.tasks(project, 3)
    first, second = world.people(2)
    assert len(drain(world, first, project)) == 3
    assert world.take(first, project) == []
    later = world.tasks(project, 2)
    assert [h.task for h in world.take(first, project, 5)] == later
    assert len(drain(world, second, project)) == 5


def test_tasks_in_a_new_wave_are_found(world: World, small_waves: int) -> None:
    project = world.project()
    world.tasks(project, 4)
    (who,) = world.people(1)
    drain(world, who, project)
    later = world.tasks(project, 5)
    assert drain(world, who, project) == later


def test_refreshed_cursors_find_what_nobody_put_back(world: World) -> None:
    """On PostgreSQL a claim passes rows that another holds locked, and that one may roll back. On SQLite nobody
    does, and only whose answers are one source may change."""
    project = world.project(different_providers=world.database.dialect == "sqlite")
    world.tasks(project, 3)
    (who,) = world.people(1)
    held = world.take(who, project, 3)
    hidden = sa.update(t.assignment).where(t.assignment.c.public_id == held[1].id)
    hidden = hidden.values(state=0, annotator_id=None, provider_id=None, lease_until=None)
    assert world.take(who, project) == []
    world.write(lambda tx: tx.execute(hidden))
    assert world.take(who, project) == [], "nothing says that it is there"
    assert world.write(refresh_cursors) == 1
    assert [h.task for h in world.take(who, project)] == [held[1].task]


def test_what_was_put_back_long_ago_makes_no_claim_begin_there(world: World) -> None:
    project = world.project()
    world.tasks(project, 6)
    first, second = world.people(2)
    held = world.take(first, project, 2)
    world.give_back(first, held[0])
    for one in world.take(second, project, 3):
        world.submit(second, one)
    before = world.all(sa.select(t.lane))[0]
    refreshed = world.write(refresh_cursors)
    (lane,) = world.all(sa.select(t.lane))
    lowest = world.one(sa.select(sa.func.min(t.assignment.c.ordinal)).where(t.assignment.c.state == 0))
    assert before.put_back < lane.put_back == lowest
    assert refreshed == lane.epoch - before.epoch == (0 if world.database.dialect == "sqlite" else 1)
    assert len(drain(world, second, project)) == 2
    world.write(refresh_cursors)
    assert world.one(sa.select(t.lane.c.put_back)) == NOTHING_BACK
    world.give_back(first, held[1])
    assert drain(world, second, project) == [held[1].task]


def test_refreshing_leaves_lanes_without_ready_rows_alone(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    drain(world, who, project)
    assert world.write(refresh_cursors) == 0


def test_a_task_keeps_the_form_of_its_first_claim(world: World) -> None:
    from support.world import PETS

    from steelyard.work.projects import update_project

    project = world.project(answers=2)
    world.tasks(project, 2)
    first, second = world.people(2)
    (before,) = world.take(first, project)
    new = {"questions": [{**PETS["questions"][0], "options": ["cat", "fish"]}]}
    project = world.write(lambda tx: update_project(tx, world.owner, project.slug, {"form": new}))
    held = {h.task: h.form for h in world.take(second, project, 2)}
    assert held[before.task] == before.form
    (other,) = (form for task, form in held.items() if task != before.task)
    assert other["questions"][0]["options"] == ["cat", "fish"]
