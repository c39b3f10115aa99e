"""What holds when several reviewers, and those who answer, are at work at the same moment?"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.reviews import counted, desk
from support.world import World

from steelyard.domain.errors import Conflict
from steelyard.store import tables as t
from steelyard.store.database import StoreBusy
from steelyard.work.review import review
from steelyard.work.review_queue import expire_reviews, return_review


def together(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """All of them at once, each in a thread of its own; what any of them raises is raised here."""
    gate = threading.Barrier(len(acts))

    def act(fn: Callable[[], Any]) -> Any:
        gate.wait(10)
        return fn()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result() for done in [pool.submit(act, fn) for fn in acts]]


def code_of(fn: Callable[[], object]) -> str:
    """Under which code `fn` was refused, "" when it was not."""
    try:
        fn()
    except Conflict as refused:
        return refused.code
    return ""


def patiently(fn: Callable[[], object]) -> None:
    """As a client does that is told to try again."""
    for _ in range(20):
        try:
            fn()
            return
        except StoreBusy:
            continue
    raise AssertionError("always busy")


def test_an_item_is_never_in_two_hands(world: World) -> None:
    project = world.project(review_rate=1, review_levels=2)
    world.tasks(project, 40)
    world.answer(world.people(1)[0], project)
    desks = [desk(world, project, f"reviewer {i}") for i in range(5)]
    hands: Counter[str] = Counter()
    lock = threading.Lock()

    def work(number: int) -> None:
        here, dice, idle = desks[number], random.Random(number), 0
        while idle < 4:
            found = here.claim(dice.randint(1, 4))
            idle = 0 if found else idle + 1
            with lock:
                hands.update(item.id for item in found)
                assert max(hands.values(), default=0) <= 1
            for item in found:
                with lock:  # before it goes back: from then on it may be another's
                    hands[item.id] -= 1
                if dice.random() < 0.1:
                    world.write(lambda tx, item=item: return_review(tx, here.who, item.id))
                else:
                    here.say(item, "accept")

    together([lambda n=n: work(n) for n in range(5)])
    # What was given back waits for one who has not given it back; in the end everything was looked at twice.
    for extra in ("ruth", "ralf"):
        last = desk(world, project, extra)
        while found := last.claim(20):
            for item in found:
                last.say(item, "accept")
    assert {task.status for task in world.all(sa.select(t.task))} == {"settled"}
    per_task = sa.select(t.review_item.c.task_id, t.review_item.c.person_id).where(t.review_item.c.state == 2)
    done = world.all(per_task)
    assert Counter(row.task_id for row in done) == dict.fromkeys({row.task_id for row in done}, 2)
    assert len(done) == len(set(done)) == 80, "two levels of each, by two people"
    counted(world, project)


def test_a_lapse_and_a_verdict_at_once_leave_one_holder(world: World, clock: Clock) -> None:
    project = world.project(review_rate=1, lease_s=5)
    world.tasks(project, 12)
    world.answer(world.people(1)[0], project)
    rita, rob = desk(world, project), desk(world, project, "rob")
    held = rita.claim(12)
    clock.advance(6)
    found = together(
        [
            lambda: [code_of(lambda item=item: rita.say(item, "accept")) for item in held],
            lambda: [world.write(expire_reviews) for _ in range(3)],
            lambda: [rob.claim(3) for _ in range(6)],
        ]
    )
    while again := rob.claim(12):
        for item in again:
            rob.say(item, "accept")
    for held_by_rob in found[2]:
        for item in held_by_rob:
            code_of(lambda item=item: rob.say(item, "accept"))
    assert {task.status for task in world.all(sa.select(t.task))} == {"settled"}
    assert world.count(t.review) == 12, "each was accepted once"
    counted(world, project)


def test_one_review_under_many_verdicts_at_once_has_one(world: World) -> None:
    project = world.project(review_rate=1)
    tasks = world.tasks(project, 6)
    world.answer(world.people(1)[0], project)
    rita = desk(world, project)
    for item in rita.claim(6):
        acts = [
            lambda item=item: code_of(lambda: rita.say(item, "accept")),
            lambda item=item: code_of(lambda: rita.say(item, "fix", answers={"label": "dog"})),
            lambda item=item: code_of(lambda: rita.say(item, "reject", reason="no")),
        ]
        assert sorted(together(acts)) == ["", "lease_lost", "lease_lost"]
    assert world.count(t.review) == 6
    assert {world.task(task).status for task in tasks} <= {"settled", "open"}
    counted(world, project)


@pytest.mark.parametrize("one", ["accept", "fix", "reject"])
def test_two_reviewers_of_one_answer_at_once_leave_what_one_after_the_other_does(
    world: World, one: str
) -> None:
    """One holds the review, the other speaks of the answer itself; whoever comes second finds what is so then."""
    project = world.project(review_rate=1)
    world.tasks(project, 3)
    world.answer(world.people(1)[0], project)
    rita, rob = desk(world, project), desk(world, project, "rob")
    more = {"accept": {}, "fix": {"answers": {"label": "dog"}}, "reject": {"reason": "no"}}
    for item, other in zip(rita.claim(3), more, strict=True):
        said = {**more[other], "verdict": other}
        held, plain = together(
            [
                lambda item=item: code_of(lambda: rita.say(item, one, **more[one])),
                lambda item=item, said=said: code_of(
                    lambda: world.write(lambda tx: review(tx, rob.who, item.answers[0][0], **said))
                ),
            ]
        )
        assert (held, plain) in (("", ""), ("", "not_current"), ("lease_lost", ""))
        task, current = (
            world.task(item.task),
            sa.and_(t.judgment.c.current, t.judgment.c.task_id == t.task.c.id),
        )
        left = world.count(t.judgment.join(t.task, current), t.task.c.public_id == item.task)
        rejected = (one == "reject" and held == "") or (other == "reject" and plain == "")
        assert (task.status, left == 0) == (("open", True) if rejected else ("settled", False))
        assert world.consensus(item.task)[-1].current is not rejected
    assert world.count(t.review_item, t.review_item.c.state == 1) == 0
    counted(world, project)


def test_a_rejection_and_a_submit_at_once_lose_and_double_nothing(world: World) -> None:
    """Whichever comes first, each task ends with as many answers as it wants, and none is asked for twice."""
    project = world.project(answers=2, rejected_to="others")
    world.tasks(project, 15)
    first, second, third, fourth = world.people(4)
    world.answer(first, project)
    rita = desk(world, project)
    given = world.all(sa.select(t.judgment).order_by(t.judgment.c.id))
    held = {h.task: h for h in world.take(second, project, 15)}
    keys = {row.id: row.public_id for row in world.all(sa.select(t.task))}
    for judgment in given:
        together(
            [
                lambda j=judgment: world.write(
                    lambda tx: review(tx, rita.who, j.public_id, "reject", reason="no")
                ),
                lambda j=judgment: world.submit(second, held[keys[j.task_id]]),
            ]
        )
    counted(world, project)
    rows = world.all(sa.select(t.task))
    assert {(row.status, row.answers, row.wanted) for row in rows} == {("open", 1, 2)}
    assert world.count(t.assignment, t.assignment.c.state == 0) == 15
    assert world.take(first, project, 5) == []
    assert world.answer(third, project) == 15
    assert world.answer(fourth, project) == 0
    assert {row.status for row in world.all(sa.select(t.task))} == {"settled"}
    counted(world, project)


def test_a_rejection_to_the_same_and_its_next_answer_at_once(world: World) -> None:
    project = world.project(answers=2, review_rate=1, rejected_to="same")
    world.tasks(project, 8)
    people = world.people(2)
    for who in people:
        world.answer(who, project)
    rita, rob = desk(world, project), desk(world, project, "rob")

    def reviews(here) -> None:
        for _ in range(4):
            for item in here.claim(2):
                patiently(lambda item=item: here.say(item, "reject", reason="again"))

    def answers(who) -> None:
        for _ in range(6):
            patiently(lambda: world.answer(who, project, "dog", most=3))

    together(
        [lambda: reviews(rita), lambda: reviews(rob), lambda: answers(people[0]), lambda: answers(people[1])]
    )
    for who in people:
        world.answer(who, project, "dog")
    rows = world.all(sa.select(t.task))
    assert {(row.answers, row.wanted, row.status) for row in rows} == {(2, 2, "review")}
    assert world.count(t.assignment) == 16, "the same assignments, again"
    assert world.count(t.review_item, t.review_item.c.state == 0) == 8, "one open item a task"
    counted(world, project)
