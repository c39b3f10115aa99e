"""What becomes of a task that waits for a reviewer, verdict by verdict?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.reviews import counted, desk, escalate, items, sums
from support.world import World

from steelyard.domain.errors import Conflict, Invalid
from steelyard.domain.states import ReviewState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.giveback import give_back
from steelyard.work.review import review
from steelyard.work.shipments import receive
from steelyard.work.withdraw import withdraw

READY, DONE, CANCELLED = ReviewState.READY, ReviewState.DONE, ReviewState.CANCELLED


def answered(world: World, project: sa.Row, *labels: str) -> tuple[str, list[Principal]]:
    """A task with these answers, and who gave them."""
    (task,) = world.tasks(project, 1)
    people = world.people(len(labels))
    for who, label in zip(people, labels, strict=True):
        world.answer(who, project, label)
    return task, people


def judgments(world: World) -> list[sa.Row]:
    return world.all(sa.select(t.judgment).order_by(t.judgment.c.id))


def test_what_is_accepted_is_settled(world: World) -> None:
    project = world.project(answers=2, review_rate=1)
    task, _ = answered(world, project, "cat", "cat")
    rita = desk(world, project)
    item = rita.one()
    done = rita.say(item, "accept", reason="clear")
    assert (done.review, done.verdict, done.fix) == (item.id, "accept", None)
    assert world.task(task).status == "settled"
    (row,) = world.all(sa.select(t.review))
    assert (row.verdict, row.reason, row.judgment_id) == ("accept", "clear", judgments(world)[0].id)
    counted(world, project)
    with pytest.raises(Conflict):
        rita.say(item, "accept")


def test_a_fix_is_the_value_at_the_next_level(world: World) -> None:
    project = world.project(answers=2, review_rate=1, review_levels=2)
    task, _ = answered(world, project, "cat", "cat")
    fixed = desk(world, project).fix("dog")
    assert world.task(task).status == "review"
    rob = desk(world, project, "rob")
    item = rob.one()
    assert item.consensus == ({"label": "dog"}, 1.0, False)
    assert [said for _, said in item.answers] == [{"label": "cat"}] * 2, "the fix is not among the answers"
    rob.say(item, "accept")
    last = world.consensus(task)[-1]
    assert (last.answers, last.value_from, world.task(task).status) == (
        {"label": "dog"},
        fixed.fix,
        "settled",
    )
    counted(world, project)


def test_a_fix_of_a_fix_is_the_value(world: World) -> None:
    project = world.project(review_rate=1, review_levels=2)
    task, _ = answered(world, project, "cat")
    first = desk(world, project).fix("dog")
    second = desk(world, project, "rob").fix("bird")
    assert world.consensus(task)[-1].answers == {"label": "bird"}
    based = {j.public_id: j.based_on for j in judgments(world)}
    keys = {j.id: j.public_id for j in judgments(world)}
    assert keys[based[second.fix]] == first.fix
    counted(world, project)


def test_a_fix_names_what_it_fixes(world: World) -> None:
    project = world.project(answers=2, review_rate=1)
    answered(world, project, "cat", "dog")
    rita = desk(world, project)
    item = rita.one()
    second = judgments(world)[1]
    for wrong in (["0" * 24], [second.public_id, item.answers[0][0], "x"], "x", [1]):
        with pytest.raises(Invalid):
            rita.say(item, "fix", answers={"label": "bird"}, judgments=wrong)
    done = rita.say(item, "fix", answers={"label": "bird"}, judgments=[second.public_id])
    assert next(j.based_on for j in judgments(world) if j.public_id == done.fix) == second.id


def test_what_is_rejected_is_asked_of_others(world: World) -> None:
    project = world.project(answers=2, review_rate=1)
    task, people = answered(world, project, "cat", "dog")
    rita = desk(world, project)
    with pytest.raises(Invalid) as wrong:
        rita.say(rita.one(), "reject")
    assert wrong.value.problems[0].pointer == "/reason"
    item = world.one(sa.select(t.review_item.c.public_id))
    rita.say(item, "reject", reason="not looked at")
    row = world.task(task)
    assert (row.status, row.answers, row.wanted) == ("open", 0, 2)
    assert [w.reason for w in world.all(sa.select(t.withdrawal))] == ["rejected"] * 2
    assert world.one(sa.select(sa.func.sum(t.workload.c.rejected))) == 2
    assert items(world) == [(1, "sampled", DONE, "reject")]
    counted(world, project)
    assert [world.take(who, project) for who in people] == [[], []]
    for who in world.people(4)[2:]:
        assert world.answer(who, project, "cat") == 1
    assert items(world)[1:] == [(1, "sampled", READY, None)], "and is looked at again"
    counted(world, project)


def test_of_several_answers_only_the_named_are_rejected(world: World) -> None:
    project = world.project(answers=3, review_rate=1)
    task, _ = answered(world, project, "cat", "dog", "cat")
    rita = desk(world, project)
    rita.say(rita.one(), "reject", reason="no dog", judgments=[judgments(world)[1].public_id])
    assert [j.current for j in judgments(world)] == [True, False, True]
    assert (world.task(task).status, world.task(task).answers) == ("open", 2)
    assert world.answer(world.person("new"), project, "cat") == 1
    assert desk(world, project, "rob").one().consensus
    counted(world, project)


def test_with_enough_left_after_a_rejection_the_answer_is_looked_at_again(world: World) -> None:
    project = world.project(answers=2, max_answers=3, review_rate=1)
    task, _ = answered(world, project, "cat", "dog")
    world.write(lambda tx: _one_more(tx, project, task))
    world.answer(world.person("third"), project, "cat")
    rita = desk(world, project)
    rita.say(rita.one(), "reject", reason="no dog", judgments=[judgments(world)[1].public_id])
    assert (world.task(task).status, world.task(task).answers) == ("review", 2)
    assert items(world)[-1][2] is READY
    assert world.consensus(task)[-1].tie is False
    counted(world, project)


def _one_more(tx: Any, project: sa.Row, task: str) -> None:
    from steelyard.work.queue import put_back
    from steelyard.work.reviewing import drop
    from steelyard.work.settle import order_answer
    from steelyard.work.tally import count_tasks

    row = tx.execute(sa.select(t.task).where(t.task.c.public_id == task)).one()
    drop(tx, [row.id])
    count_tasks(tx, project.id, row.id, reviewing=-1)
    put_back(tx, [order_answer(tx, project.id, row)])


def test_a_rejected_answer_goes_back_to_the_same_with_the_reason(world: World) -> None:
    project = world.project(answers=2, review_rate=1, rejected_to="same")
    task, (_, second) = answered(world, project, "cat", "dog")
    before = {row.public_id for row in world.all(sa.select(t.assignment))}
    rita = desk(world, project)
    rita.say(rita.one(), "reject", reason="look at the ears", judgments=[judgments(world)[1].public_id])
    assert (world.task(task).status, world.task(task).wanted) == ("open", 2)
    assert world.take(world.person("third"), project) == [], "it is nobody else's"
    (held,) = world.take(second, project)
    assert held.id in before, "an assignment keeps its id"
    assert held.returned == "look at the ears"
    world.submit(second, held, "cat")
    rob = desk(world, project, "rob")
    assert [said for _, said in rob.one().answers] == [{"label": "cat"}] * 2
    counted(world, project)


def test_the_same_key_with_the_second_answer_is_no_repetition_of_the_first(world: World) -> None:
    project = world.project(review_rate=1, rejected_to="same")
    (task,) = world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    world.submit(who, held, "cat", idempotency_key="k")
    desk(world, project).reject()
    (held,) = world.take(who, project)
    world.submit(who, held, "dog", idempotency_key="k")
    assert [(j.current, j.idempotency_key) for j in judgments(world)] == [(False, None), (True, "k")]
    assert world.task(task).status == "review"


def test_what_was_rejected_of_one_who_is_stopped_goes_to_others(world: World) -> None:
    world.provider("Acme")
    project = world.project(review_rate=1, rejected_to="same")
    world.tasks(project, 1)
    (away,) = world.people(1, "acme")
    world.answer(away, project)
    world.change("acme", status="suspended")
    desk(world, project).reject()
    assert len(world.take(world.person("another"), project)) == 1
    counted(world, project)


def test_a_rejection_at_the_second_level_takes_the_fix_of_the_first_with_it(world: World) -> None:
    project = world.project(review_rate=1, review_levels=2, derivatives="keep")
    task, _ = answered(world, project, "cat")
    desk(world, project).fix("dog")
    desk(world, project, "rob").reject()
    assert not any(j.current for j in judgments(world))
    assert (world.task(task).status, world.task(task).answers) == ("open", 0)
    assert len(world.take(world.person("another"), project)) == 1
    counted(world, project)


def test_a_withdrawn_answer_cancels_the_review_or_begins_it_anew(world: World) -> None:
    project = world.project(answers=2, review_rate=1)
    task, _ = answered(world, project, "cat", "dog")
    rita = desk(world, project)
    item = rita.one()
    world.write(lambda tx: withdraw(tx, [judgments_of(tx)[0]], "exit:x", "exit:x:derived", None))
    assert items(world) == [(1, "sampled", CANCELLED, None)]
    assert world.task(task).status == "open"
    with pytest.raises(Conflict) as lost:
        rita.say(item, "accept")
    assert lost.value.code == "lease_lost"
    counted(world, project)
    world.answer(world.person("another"), project)
    world.patch(project, answers=1)
    rob = desk(world, project, "rob")
    item = rob.one()
    world.write(lambda tx: withdraw(tx, [judgments_of(tx)[0]], "exit:x", "exit:x:derived", None))
    assert world.task(task).status == "review"
    with pytest.raises(Conflict):
        rob.say(item, "accept")
    assert len(rob.one().answers) == 1
    counted(world, project)


def judgments_of(tx: Any) -> list[sa.Row]:
    return tx.rows(sa.select(t.judgment).where(t.judgment.c.current).order_by(t.judgment.c.id))


# --- escalated


def test_an_escalated_task_is_waited_for_by_nobody_until_a_reviewer_has_spoken(world: World) -> None:
    project = world.project(answers=2)
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1)[0], project, "cat")
    escalate(world, world.people(2)[1], project)
    assert (world.task(task).status, sums(world, project).reviewing) == ("review", 1)
    assert world.take(world.person("another"), project) == []
    counted(world, project)
    rita = desk(world, project)
    item = rita.one()
    with pytest.raises(Conflict) as nothing:
        rita.say(item, "accept")
    assert nothing.value.code == "no_answer"
    rita.say(item, "reject", reason="one can see it well enough")
    (row,) = world.all(sa.select(t.review_item))
    assert (row.verdict, row.reason) == ("reject", "one can see it well enough")
    assert world.task(task).status == "open"
    assert world.take(world.people(2)[1], project) == [], "not to the one who escalated it"
    assert world.answer(world.person("another"), project, "cat") == 1
    assert world.task(task).status == "settled"
    counted(world, project)


def test_a_reviewer_answers_what_nobody_could(world: World) -> None:
    project = world.project(answers=3)
    (task,) = world.tasks(project, 1)
    (other,) = world.people(1)
    (held,) = world.take(other, project)
    escalate(world, world.people(2)[1], project)
    done = desk(world, project).fix("bird")
    row = world.task(task)
    assert (row.status, row.answers, row.wanted) == ("settled", 1, 1)
    (judgment,) = judgments(world)
    assert (judgment.public_id, judgment.based_on) == (done.fix, None)
    assert world.consensus(task)[-1].answers == {"label": "bird"}
    with pytest.raises(Conflict):
        world.submit(other, held)
    counted(world, project)


def test_a_fix_of_an_escalated_task_rests_on_an_answer_where_there_is_one(world: World) -> None:
    project = world.project(answers=3, review_levels=2)
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1)[0], project, "cat")
    escalate(world, world.people(2)[1], project)
    desk(world, project).fix("bird")
    assert [j.based_on is None for j in judgments(world)] == [True, False]
    assert world.task(task).status == "review"
    desk(world, project, "rob").accept()
    row = world.task(task)
    assert (row.status, row.answers, row.wanted) == ("settled", 1, 1)
    counted(world, project)


def test_gold_that_is_escalated_stays_where_it_is(world: World) -> None:
    project = world.project(gold_rate=0.5)
    world.gold(project, 5)
    world.tasks(project, 20)
    (who,) = world.people(1)
    held = world.take(who, project, 10)
    gold = set(world.all(sa.select(t.task.c.public_id).where(t.task.c.gold.is_not(None))))
    (one, *_) = [h for h in held if (h.task,) in {tuple(g) for g in gold}]
    world.write(lambda tx: give_back(tx, who, one.id, "odd", "review"))
    assert world.count(t.review_item) == 0
    assert world.task(one.task).status == "open"


# --- a verdict on a judgment


def say(world: World, who: Principal, judgment: sa.Row, verdict: str, **more: Any) -> None:
    world.write(lambda tx: review(tx, who, judgment.public_id, verdict, **more))


def test_a_verdict_on_an_answer_completes_the_review_of_its_task(world: World) -> None:
    project = world.project(answers=2, adjudicate=True, review_levels=2)
    task, _ = answered(world, project, "cat", "dog")
    cat, dog = judgments(world)
    rita, rob = desk(world, project), desk(world, project, "rob")
    say(world, rita.who, dog, "accept")
    assert [i[2] for i in items(world)] == [READY], "it is not what the task says: on record, no more"
    rob.one()
    say(world, rita.who, cat, "accept")
    assert items(world) == [(1, "tie", DONE, "accept"), (2, "level", READY, None)]
    say(world, rita.who, cat, "accept")
    assert items(world)[1][2] is READY, "another person's word is wanted"
    say(world, rob.who, dog, "fix", answers={"label": "bird"})
    assert (world.task(task).status, world.consensus(task)[-1].answers) == ("settled", {"label": "bird"})
    counted(world, project)


def test_a_verdict_of_one_who_may_not_review_the_task_leaves_it_to_others(world: World) -> None:
    project = world.project(review_rate=1)
    (task,) = world.tasks(project, 1)
    rita = desk(world, project)
    world.answer(rita.who, project)
    say(world, rita.who, judgments(world)[0], "fix", answers={"label": "dog"})
    assert world.task(task).status == "review"
    assert desk(world, project, "rob").one().consensus == ({"label": "dog"}, 1.0, False)
    counted(world, project)


def test_a_shipped_answer_is_looked_at_as_any_other(world: World) -> None:
    world.provider("Acme")
    project = world.project(review_rate=1, review_levels=1)
    rows = [{**world.row(), "judgments": [{"answers": {"label": "cat"}}]} for _ in range(2)]
    receive(world.database, lambda tx: world.owner, project.slug, "acme", "May", rows)
    assert {task.status for task in world.all(sa.select(t.task))} == {"review"}
    desk(world, project).accept()
    desk(world, project).reject()
    assert sorted(task.status for task in world.all(sa.select(t.task))) == ["open", "settled"]
    counted(world, project)
