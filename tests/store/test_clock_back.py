"""What holds when the clock is set back? Leases and jobs end as if it had not been."""

from __future__ import annotations

import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.jobs import queue
from steelyard.store import tables as t
from steelyard.work.clock_back import ClockWatch

HOURS = 3 * 3600


def test_a_lease_lapses_as_late_as_it_would_have_and_no_later(world: World, clock: Clock) -> None:
    project = world.project(answers=1, lease_s=600)
    world.tasks(project, 3)
    ann, bob = world.people(2)
    [early] = world.take(ann, project, 1)
    watch = ClockWatch()
    world.write(watch)
    clock.advance(500)
    [late] = world.take(ann, project, 1)
    clock.advance(-HOURS)
    world.write(watch)
    world.write(watch)  # and another server does as well
    assert world.expire() == 0
    world.submit(ann, late)
    clock.advance(601)
    assert world.expire() == 1
    assert early.task in {held.task for held in world.take(bob, project, 3)}


def test_a_server_that_starts_after_the_clock_was_set_back_sees_it_too(world: World, clock: Clock) -> None:
    project = world.project(answers=1, lease_s=600)
    world.tasks(project, 2)
    ann, _ = world.people(2)
    world.take(ann, project, 1)
    clock.advance(-HOURS)
    world.write(ClockWatch())
    clock.advance(602)
    assert world.expire() == 1
    clock.advance(HOURS)
    [held] = world.take(ann, project, 1)
    clock.advance(300)
    world.write(ClockWatch())
    until = world.one(sa.select(t.assignment.c.lease_until).where(t.assignment.c.public_id == held.id))
    assert until == held.lease_until, "a clock that goes on moves nothing"


def test_no_job_waits_for_the_clock_to_catch_up(world: World, clock: Clock) -> None:
    watch = ClockWatch()
    world.write(watch)
    world.write(lambda tx: queue.enqueue(tx, "now", {}))
    world.write(lambda tx: queue.enqueue(tx, "soon", {}, delay_s=60))
    world.write(lambda tx: queue.enqueue(tx, "running", {}))
    taken = world.write(lambda tx: queue.take_due(tx, "somebody", ["running"]))
    clock.advance(-HOURS)
    world.write(watch)
    kinds = ["now", "soon", "running"]
    assert world.write(lambda tx: queue.take_due(tx, "me", kinds)) is None, "what was put off is not hurried"
    clock.advance(62)
    again = [world.write(lambda tx: queue.take_due(tx, "me", kinds)) for _ in kinds]
    assert {job.kind for job in again} == set(kinds)
    assert taken.id in {job.id for job in again}


def test_the_order_of_the_queue_is_that_of_arrival_whatever_the_clock_says(
    world: World, clock: Clock
) -> None:
    project = world.project(answers=1)
    made = world.tasks(project, 3)
    clock.advance(-HOURS)
    made += world.tasks(project, 3)
    clock.advance(2 * HOURS)
    made += world.tasks(project, 3)
    [ann] = world.people(1)
    assert len(set(made)) == 9
    assert [held.task for held in world.take(ann, project, 9)] == made
