"""What holds when many annotators claim, submit, return and lapse at the same time?"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Conflict
from steelyard.identity.policy import Principal
from steelyard.providers.registry import ensure_in_house
from steelyard.store import tables as t
from steelyard.work.queue import refresh_cursors
from steelyard.work.tally import progress


def crowd(world: World, people: list[Principal], work: Callable[[Principal], None]) -> None:
    """Everybody works in a thread of their own; what any of them raises is raised here."""
    with ThreadPoolExecutor(len(people)) as pool:
        for done in [pool.submit(work, who) for who in people]:
            done.result()


def until_settled(world: World, project: sa.Row, turn: Callable[[Principal, random.Random], int]):
    """Works turn by turn until every task is settled; cursors are refreshed now and then, as a server does."""

    def work(who: Principal) -> None:
        dice = random.Random(who.annotator_id)
        idle = 0
        while idle < 40:
            if turn(who, dice):
                idle = 0
                continue
            if not world.database.read(lambda tx: progress(tx, project.id)).open:
                return
            idle += 1
            if idle % 10 == 0:
                world.write(refresh_cursors)
            threading.Event().wait(0.005)

    return work


def check(world: World, project: sa.Row, tasks: int, answers: int) -> None:
    per_task = world.all(sa.select(t.judgment.c.task_id, sa.func.count()).group_by(t.judgment.c.task_id))
    assert Counter(n for _, n in per_task) == {answers: tasks}, "none is short and none is over"
    pairs = world.all(sa.select(t.judgment.c.task_id, t.judgment.c.annotator_id))
    assert len({(r.task_id, r.annotator_id) for r in pairs}) == len(pairs), "nobody answered one twice"
    sums = world.database.read(lambda tx: progress(tx, project.id))
    assert (sums.settled, sums.judgments, sums.open) == (tasks, tasks * answers, 0)
    assert world.count(t.consensus, t.consensus.c.current) == tasks
    assert world.count(t.assignment, t.assignment.c.state != 2) == 0


def test_three_answers_of_each_task_from_eight_who_also_return(world: World) -> None:
    project = world.project(answers=3)
    world.tasks(project, 120)
    people = world.people(8)

    def turn(who: Principal, dice: random.Random) -> int:
        held = world.take(who, project, dice.randint(1, 12))
        returned = False
        for one in held:
            if dice.random() < 0.02 and not returned:
                world.give_back(who, one)
                returned = True
            else:
                world.submit(who, one, dice.choice(["cat", "dog"]))
        return len(held)

    crowd(world, people, until_settled(world, project, turn))
    check(world, project, 120, 3)
    shown = world.count(t.exposure)
    assert shown == 360 + world.count(t.declined)


def test_one_answer_is_never_in_two_hands(world: World) -> None:
    project = world.project()
    world.tasks(project, 100)
    hands: Counter[str] = Counter()
    lock = threading.Lock()

    def turn(who: Principal, dice: random.Random) -> int:
        held = world.take(who, project, dice.randint(1, 5))
        for one in held:
            with lock:
                hands[one.task] += 1
            world.submit(who, one)
        return len(held)

    crowd(world, world.people(64), until_settled(world, project, turn))
    assert set(hands.values()) == {1}
    check(world, project, 100, 1)


def test_answers_within_one_round_trip_and_under_a_budget(world: World) -> None:
    """Whoever counts against a limit counts alone, and still two who submit and claim do not wait for ever."""
    world.provider("Acme", price="0.01")
    project = world.project(answers=2, budget="100")
    world.tasks(project, 40)

    def turn(who: Principal, dice: random.Random) -> int:
        held, done = world.take(who, project), 0
        while held:
            held = world.submit(who, held[0], claim_next=1).next
            done += 1
        return done

    crowd(world, world.people(5, "acme"), until_settled(world, project, turn))
    check(world, project, 40, 2)


def test_a_budget_is_not_overspent_by_many(world: World) -> None:
    world.provider("Acme", price="0.01")
    project = world.project(budget="0.50")
    world.tasks(project, 100)
    crowd(world, world.people(5, "acme"), lambda who: world.answer(who, project) and None)
    assert world.count(t.judgment) == 50


def test_two_sources_of_each_task_when_three_share_an_owner(world: World) -> None:
    for name in ("Acme", "Acme East", "Acme West"):
        world.provider(name, owner="Holding")
    project = world.project(answers=2, different_providers=True)
    world.tasks(project, 40)
    holding = [world.people(2, p)[i] for p in ("acme", "acme-east", "acme-west") for i in (0, 1)]
    others = world.people(2)

    def turn(who: Principal, dice: random.Random) -> int:
        held = world.take(who, project, dice.randint(1, 4))
        for one in held:
            world.submit(who, one)
        return len(held)

    crowd(world, [*holding, *others], until_settled(world, project, turn))
    check(world, project, 40, 2)
    own = {who.provider_id for who in holding}
    sources = world.all(
        sa.select(t.judgment.c.task_id, sa.func.count()).where(t.judgment.c.provider_id.in_(own))
        .group_by(t.judgment.c.task_id)
    )  # fmt: skip
    assert {n for _, n in sources} == {1}


def test_leases_that_lapse_under_work_lose_nothing(world: World, clock: Clock) -> None:
    project = world.project(answers=2, lease_s=5)
    world.tasks(project, 80)
    codes: set[str] = set()

    def turn(who: Principal, dice: random.Random) -> int:
        held = world.take(who, project, 4)
        if dice.random() < 0.2:
            clock.advance(6)
            world.expire()
        for one in held:
            try:
                world.submit(who, one)
            except Conflict as lost:
                codes.add(lost.code)
        return len(held)

    crowd(world, world.people(5), until_settled(world, project, turn))
    check(world, project, 80, 2)
    assert codes <= {"lease_lost", "task_full"}


def test_the_same_answer_sent_by_many_at_once_is_there_once(world: World) -> None:
    project = world.project()
    world.tasks(project, 5)
    (who,) = world.people(1)
    for held in world.take(who, project, 5):
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(world.submit, who, held, idempotency_key="k") for _ in range(4)]
            assert len({d.result().judgment for d in done}) == 1
    assert world.count(t.judgment) == 5


@pytest.mark.parametrize("count", [1, 3])
def test_one_annotator_in_two_windows_gets_nothing_twice(world: World, count: int) -> None:
    project = world.project(answers=2)
    world.tasks(project, 30)
    (who,) = world.people(1)
    got: list[str] = []
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(world.take, who, project, count) for _ in range(9)]:
            got += [h.task for h in done.result()]
    assert len(got) == len(set(got)) == 9 * count


def test_making_the_built_in_provider_twice_makes_one(world: World) -> None:
    world.write(ensure_in_house)
    assert world.count(t.provider, t.provider.c.slug == "in-house") == 1
