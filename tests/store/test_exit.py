"""How is a provider left, and can it be gone on with wherever it was broken off?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Unauthenticated
from steelyard.exit import execute
from steelyard.exit.plan import plan
from steelyard.identity.keys import authenticate_key
from steelyard.providers.registry import find_provider
from steelyard.store import tables as t
from steelyard.work.tally import by_provider, progress


@pytest.fixture
def project(world: World) -> sa.Row:
    world.provider("Acme", price="0.10")
    return world.project(answers=2)


def begin(world: World, slug: str = "acme") -> dict[str, Any]:
    return world.write(lambda tx: execute.begin(tx, world.owner, slug))


def carry_on(world: World) -> None:
    for job in world.all(sa.select(t.job).where(t.job.c.kind == execute.JOB)):
        execute.carry_on(world.database, job.args)


def described(world: World, exit: dict[str, Any]) -> dict[str, Any]:
    return world.database.read(lambda tx: execute.describe(tx, exit["id"]))


def sums(world: World, project: sa.Row):
    return world.database.read(lambda tx: progress(tx, project.id))


def test_the_plan_counts_and_changes_nothing(world: World, project: sa.Row) -> None:
    world.tasks(project, 5)
    world.answer(world.people(1)[0], project)
    (who,) = world.people(1, "acme")
    world.answer(who, project, most=3)
    world.take(who, project, 1)
    found = world.database.read(lambda tx: plan(tx, find_provider(tx, "acme"), "live"))
    assert (found["in_flight"], found["exposed"], found["judgments"], found["keys"]) == (1, 4, 3, 1)
    assert found["share"] == pytest.approx(3 / 8)
    assert world.provider_row("acme").status == "active"
    assert world.take(who, project)


def test_leaving_stops_at_once_and_does_the_rest_in_steps(world: World, project: sa.Row) -> None:
    world.tasks(project, 4)
    key = world.key("lee", provider="acme")
    who = world.database.read(lambda tx: authenticate_key(tx, key))
    world.answer(who, project, most=2)
    world.take(who, project, 2)
    exit = begin(world)
    assert world.held(world.provider_row("acme")) == 0
    assert world.claim(who, project).code == "stopped"
    assert [(s["name"], s["state"]) for s in exit["steps"]] == [
        ("stop", "done"),
        ("withdraw", "waiting"),
        ("revoke_keys", "waiting"),
    ]
    assert exit["steps"][0]["detail"] == {"recalled": 2}
    carry_on(world)
    after = described(world, exit)
    assert (after["state"], [s["state"] for s in after["steps"]]) == ("done", ["done"] * 3)
    assert [s["detail"] for s in after["steps"][1:]] == [{"withdrawn": 2}, {"revoked": 1}]
    assert after["done_at"] is not None
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_key(tx, key))


def test_its_answers_are_withdrawn_and_stay_as_facts(world: World, project: sa.Row) -> None:
    world.tasks(project, 3)
    (who,) = world.people(1, "acme")
    world.answer(who, project)
    begin(world)
    carry_on(world)
    assert world.count(t.judgment) == 3
    assert world.count(t.current_judgment) == 0
    assert {r.reason for r in world.all(sa.select(t.withdrawal.c.reason))} == {"exit"}
    (acme,) = world.database.read(lambda tx: by_provider(tx, project.id))
    assert (acme.judgments, acme.spent) == (0, 300_000), "what was paid stays paid"


def test_the_answers_it_gave_are_ordered_from_others(world: World, project: sa.Row) -> None:
    tasks = world.tasks(project, 4)
    inside, other = world.people(2)
    (who,) = world.people(1, "acme")
    world.answer(inside, project, "cat")
    world.answer(who, project, "dog")
    assert sums(world, project).settled == 4
    begin(world)
    carry_on(world)
    found = sums(world, project)
    assert (found.settled, found.judgments, found.wanted, found.overlapping) == (0, 4, 8, 0)
    assert {world.task(key).status for key in tasks} == {"open"}
    assert world.take(inside, project) == [], "not from whom answered already"
    assert world.answer(other, project, "cat") == 4
    found = sums(world, project)
    assert (found.settled, found.judgments, found.overlapping) == (4, 8, 4)
    for key in tasks:
        last = world.consensus(key)[-1]
        assert (last.answers, len(last.judgments), last.current) == ({"label": "cat"}, 2, True)


def test_what_is_left_of_a_task_says_its_answer_meanwhile(world: World, project: sa.Row) -> None:
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1)[0], project, "cat")
    world.answer(world.people(1, "acme")[0], project, "dog")
    assert world.consensus(task)[-1].tie
    begin(world)
    carry_on(world)
    last = world.consensus(task)[-1]
    assert (last.answers, last.tie, len(last.judgments)) == ({"label": "cat"}, False, 1)


def test_a_task_that_only_it_answered_has_no_answer_any_more(world: World, project: sa.Row) -> None:
    project = world.patch(project, answers=1, max_answers=1)
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1, "acme")[0], project)
    begin(world)
    carry_on(world)
    assert [c.current for c in world.consensus(task)] == [False]
    assert (world.task(task).status, world.task(task).answers) == ("open", 0)
    assert world.answer(world.people(1)[0], project) == 1
    assert world.task(task).status == "settled"


def test_a_task_that_was_not_settled_yet_gets_no_answer_by_an_exit(world: World, project: sa.Row) -> None:
    project = world.patch(project, answers=3)
    (task,) = world.tasks(project, 1)
    first, second, third = world.people(3)
    world.answer(first, project, "cat")
    world.answer(world.people(1, "acme")[0], project, "dog")
    begin(world)
    carry_on(world)
    assert (world.consensus(task), world.task(task).status) == ([], "open")
    assert sums(world, project).settled == 0
    world.answer(second, project, "cat")
    assert world.consensus(task) == []
    world.answer(third, project, "cat")
    assert len(world.consensus(task)[-1].judgments) == 3
    assert sums(world, project).settled == 1


def test_an_extra_answer_that_is_still_out_settles_the_task_when_it_comes(
    world: World, project: sa.Row
) -> None:
    """Two were wanted and one more ordered: with one withdrawn, the one that waits makes it two again."""
    project = world.patch(project, max_answers=3)
    (task,) = world.tasks(project, 1)
    inside, late = world.people(2)
    world.answer(inside, project, "cat")
    world.answer(world.people(1, "acme")[0], project, "dog")

    def order(tx) -> None:
        from steelyard.work.queue import put_back
        from steelyard.work.settle import order_answer

        row = tx.execute(sa.select(t.task)).one()
        put_back(tx, [order_answer(tx, project.id, row)])

    world.write(order)
    begin(world)
    carry_on(world)
    assert world.task(task).status == "open"
    assert world.answer(late, project, "cat") == 1
    assert (world.task(task).status, world.task(task).wanted) == ("settled", 2)
    found = sums(world, project)
    assert (found.settled, found.wanted, found.judgments) == (1, 2, 2)


def test_tasks_of_its_shipments_are_asked_of_others(world: World, project: sa.Row) -> None:
    from steelyard.work.shipments import receive

    rows = [
        {
            "external_id": str(n),
            "content": {"blocks": [{"type": "text", "text": "x"}]},
            "judgments": [{"answers": {"label": "cat"}}] * 10,
        }
        for n in range(2)
    ]
    receive(world.database, lambda tx: world.owner, "pets", "acme", "May", rows)
    assert sums(world, project).settled == 2
    begin(world)
    carry_on(world)
    found = sums(world, project)
    assert (found.settled, found.judgments, found.wanted) == (0, 0, 4)
    assert [world.answer(who, project) for who in world.people(3)] == [2, 2, 0]
    assert sums(world, project).settled == 2


def test_gold_it_answered_is_withdrawn_and_nothing_is_ordered(world: World, project: sa.Row) -> None:
    world.change("acme", status="trial")
    world.gold(project, 3)
    (who,) = world.people(1, "acme")
    assert world.answer(who, project) == 3
    begin(world)
    carry_on(world)
    assert world.count(t.current_judgment) == 0
    assert world.take(world.owner, project) == []
    assert world.count(t.gold_result) == 3, "what it was worth is remembered"


@pytest.mark.parametrize("chunk", [1, 3])
def test_broken_off_anywhere_it_is_gone_on_with(
    world: World, project: sa.Row, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    world.tasks(project, 5)
    world.answer(world.people(1)[0], project)
    world.answer(world.people(1, "acme")[0], project)
    exit = begin(world)
    monkeypatch.setattr(execute, "CHUNK", chunk)
    (job,) = world.all(sa.select(t.job).where(t.job.c.kind == execute.JOB))
    write, breaks = world.database.write, iter(range(1, 30))

    class Killed(Exception):
        pass

    def carry_on_for(writes: int) -> None:
        left = [writes]

        def counted(fn):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return write(fn)

        monkeypatch.setattr(world.database, "write", counted)
        try:
            execute.carry_on(world.database, job.args)
        finally:
            monkeypatch.setattr(world.database, "write", write)

    rounds = 0
    while described(world, exit)["state"] != "done":
        rounds += 1
        try:
            carry_on_for(next(breaks) % 2 + 1)
        except Killed:
            continue
    assert rounds > 1
    after = described(world, exit)
    assert [s["detail"] for s in after["steps"][1:]] == [{"withdrawn": 5}, {"revoked": 1}]
    found = sums(world, project)
    assert (found.judgments, found.settled, found.wanted) == (5, 0, 10)
    assert world.count(t.assignment, t.assignment.c.state == 0) == 5
    execute.carry_on(world.database, job.args)
    assert described(world, exit) == after, "once more does no harm"
    assert world.count(t.withdrawal) == 5


def test_an_exit_that_runs_is_not_begun_twice(world: World, project: sa.Row) -> None:
    first = begin(world)
    assert begin(world)["id"] == first["id"]
    assert world.count(t.exit) == 1


def test_a_provider_that_came_back_can_be_left_again(world: World, project: sa.Row) -> None:
    first = begin(world)
    carry_on(world)
    world.change("acme", status="trial")
    assert begin(world)["id"] != first["id"]


def test_in_house_is_never_left(world: World) -> None:
    with pytest.raises(Conflict):
        begin(world, "in-house")


def test_only_an_owner_leaves(world: World, project: sa.Row) -> None:
    manager = world.person("mia", role="manager")
    with pytest.raises(Forbidden):
        world.write(lambda tx: execute.begin(tx, manager, "acme"))
    assert world.provider_row("acme").status == "active"
