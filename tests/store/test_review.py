"""What becomes of a task when its answers are reviewed?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.review import Reviewed, review
from steelyard.work.tally import progress


@pytest.fixture
def project(world: World) -> sa.Row:
    return world.project(answers=2, max_answers=2)


@pytest.fixture
def reviewer(world: World) -> Principal:
    return world.person("rita", role="reviewer")


def judgments(world: World) -> list[sa.Row]:
    return world.all(sa.select(t.judgment).order_by(t.judgment.c.id))


def say(world: World, who: Principal, judgment: sa.Row, verdict: str, **more: Any) -> Reviewed:
    return world.write(lambda tx: review(tx, who, judgment.public_id, verdict, **more))


def sums(world: World, project: sa.Row):
    return world.database.read(lambda tx: progress(tx, project.id))


def test_a_fix_is_the_task_s_value_and_no_vote(world: World, project: sa.Row, reviewer: Principal) -> None:
    (task,) = world.tasks(project, 1)
    for who in world.people(2):
        world.answer(who, project, "cat")
    first, _ = judgments(world)
    said = say(world, reviewer, first, "fix", answers={"label": "dog"}, reason="it barks")
    last = world.consensus(task)[-1]
    assert (last.answers, last.confidence, last.method, last.value_from) == (
        {"label": "dog"}, 1.0, "fix", said.fix,
    )  # fmt: skip
    assert [j.current for j in judgments(world)] == [True] * 3, "what was fixed stays as evidence"
    assert (sums(world, project).judgments, sums(world, project).settled) == (2, 1), "it takes no slot"


def test_a_fix_settles_a_task_that_waits_for_more(world: World, project: sa.Row, reviewer: Principal) -> None:
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1)[0], project, "cat")
    say(world, reviewer, judgments(world)[0], "fix", answers={"label": "dog"})
    assert world.task(task).status == "settled"
    found = sums(world, project)
    assert (found.settled, found.wanted, found.judgments) == (1, 1, 1)
    assert world.take(world.people(2)[1], project) == []


def test_a_rejected_answer_is_asked_of_another(world: World, project: sa.Row, reviewer: Principal) -> None:
    (task,) = world.tasks(project, 1)
    first, second = world.people(2)
    world.answer(first, project, "cat")
    world.answer(second, project, "dog")
    with pytest.raises(Invalid):
        say(world, reviewer, judgments(world)[0], "reject")
    say(world, reviewer, judgments(world)[0], "reject", reason="careless")
    assert [w.reason for w in world.all(sa.select(t.withdrawal.c.reason))] == ["rejected"]
    assert world.consensus(task)[-1].answers == {"label": "dog"}
    assert world.take(first, project) == [], "not from the same again"
    assert world.answer(world.people(3)[2], project, "bird") == 1
    with pytest.raises(Conflict):
        say(world, reviewer, judgments(world)[0], "reject", reason="again")


def test_an_accepted_answer_stays_and_is_on_record(
    world: World, project: sa.Row, reviewer: Principal
) -> None:
    world.tasks(project, 1)
    world.answer(world.people(1)[0], project, "cat")
    say(world, reviewer, judgments(world)[0], "accept")
    (row,) = world.all(sa.select(t.review))
    assert (row.verdict, row.person_id, row.fix_id) == ("accept", reviewer.person_id, None)


def test_who_may_review_and_what_is_wrong(world: World, project: sa.Row, reviewer: Principal) -> None:
    world.tasks(project, 1)
    (who,) = world.people(1)
    world.answer(who, project, "cat")
    (judgment,) = judgments(world)
    with pytest.raises(Forbidden):
        say(world, who, judgment, "accept")
    for wrong in ({"verdict": "maybe"}, {"verdict": "fix"}, {"verdict": "accept", "answers": {}}):
        with pytest.raises(Invalid):
            world.write(lambda tx, wrong=wrong: review(tx, reviewer, judgment.public_id, **wrong))
    with pytest.raises(Invalid) as found:
        say(world, reviewer, judgment, "fix", answers={"label": "cow"})
    assert found.value.problems[0].pointer == "/answers/label"
    with pytest.raises(NotFound):
        world.write(lambda tx: review(tx, reviewer, "0" * 24, "accept"))
    world.change("in-house", clearance="public")
    with pytest.raises(Conflict):
        say(world, reviewer, judgment, "accept")
