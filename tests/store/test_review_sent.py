"""Which answers go to a reviewer before they hold?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support.reviews import desk, items, sums
from support.world import World

from steelyard import forms
from steelyard.domain.errors import Conflict
from steelyard.domain.states import ReviewState
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.refit import QuestionFit, write_fits
from steelyard.work.reviewing import falls_on_review
from steelyard.work.submit import submit

READY, CANCELLED = ReviewState.READY, ReviewState.CANCELLED


def status(world: World) -> dict[str, str]:
    return {row.external_id: row.status for row in world.all(sa.select(t.task))}


def answered(world: World, project: sa.Row, *labels: str) -> str:
    """A task that was answered so by as many annotators."""
    (task,) = world.tasks(project, 1)
    for number, label in enumerate(labels):
        world.answer(world.person(f"worker {number}"), project, label)
    return task


def test_every_answer_is_looked_at_where_the_rate_is_one(world: World) -> None:
    project = world.project(review_rate=1)
    task = answered(world, project, "cat")
    row = world.task(task)
    assert (row.status, row.settled_at) == ("review", None)
    assert world.consensus(task)[-1].answers == {"label": "cat"}, "it is there, and not yet final"
    assert items(world) == [(1, "sampled", READY, None)]
    found = sums(world, project)
    assert (found.reviewing, found.settled, found.open, found.judgments) == (1, 0, 0, 1)


def test_a_sample_is_drawn_by_a_hash_that_a_replay_draws_again(world: World) -> None:
    project = world.project(review_rate=0.3)
    tasks = world.tasks(project, 60)
    world.answer(world.people(1)[0], project)
    here = world.one(sa.select(t.installation.c.public_id))
    drawn = {task for task in tasks if falls_on_review(here, task, 0.3)}
    assert {task for task in tasks if world.task(task).status == "review"} == drawn
    assert 6 <= len(drawn) <= 32
    assert drawn != {task for task in tasks if falls_on_review("another", task, 0.3)}, (
        "nobody outside can tell"
    )
    assert sums(world, project).reviewing == len(drawn)


def test_nothing_is_looked_at_unless_the_policy_says_so(world: World) -> None:
    project = world.project(answers=2)
    task = answered(world, project, "cat", "dog")
    assert world.task(task).status == "settled"
    assert world.count(t.review_item) == 0


def test_an_answer_below_the_confidence_is_looked_at(world: World) -> None:
    project = world.project(answers=3, review_below=0.7)
    sure = answered(world, project, "cat", "cat", "cat")
    unsure = answered(world, project, "cat", "cat", "dog")
    assert (world.task(sure).status, world.task(unsure).status) == ("settled", "review")
    assert items(world) == [(1, "confidence", READY, None)]


@pytest.mark.parametrize(
    ("labels", "why"),
    [(("cat", "dog"), "tie"), (("cat", "cat", "dog"), "disagreement"), (("cat", "cat"), None)],
)
def test_adjudication_is_asked_for_where_answers_part(
    world: World, labels: tuple[str, ...], why: str
) -> None:
    project = world.project(answers=len(labels), adjudicate=True)
    task = answered(world, project, *labels)
    assert world.task(task).status == ("review" if why else "settled")
    assert items(world) == ([(1, why, READY, None)] if why else [])


def test_one_question_out_of_several_is_enough_to_part(world: World) -> None:
    form = {
        "questions": [
            {"name": "label", "kind": "choice", "options": ["cat", "dog"]},
            {"name": "age", "kind": "number", "tolerance": 1, "required": False},
        ]
    }
    project = world.project(form=form, answers=2, adjudicate=True)
    for ages, apart in (((3, 3.5), False), ((3, 9), True), ((3, None), False)):
        (task,) = world.tasks(project, 1)
        for number, age in enumerate(ages):
            who = world.person(f"worker {number}")
            (held,) = world.take(who, project)
            answers = {"label": "cat"} if age is None else {"label": "cat", "age": age}
            world.write(lambda tx, held=held, who=who, said=answers: submit(tx, who, held.id, said))
        assert world.task(task).status == ("review" if apart else "settled"), ages


def test_gold_is_never_looked_at(world: World) -> None:
    project = world.project(review_rate=1, gold_rate=0.5)
    world.gold(project, 20)
    world.tasks(project, 10)
    world.answer(world.people(1)[0], project)
    gold = sa.select(t.task.c.id).where(t.task.c.gold.is_not(None))
    assert world.count(t.judgment, t.judgment.c.gold) > 0
    assert world.count(t.review_item, t.review_item.c.task_id.in_(gold)) == 0
    assert world.count(t.review_item) == 10


def fitted(world: World, project: sa.Row, task: sa.Row, value: str, confidence: float) -> None:
    """As a fit over everything would: this value of the task with this confidence."""
    key = world.database.read(lambda tx: question_key(tx, project))
    fit = QuestionFit(
        "label",
        key,
        "test",
        1,
        None,
        1,
        [task.id],
        [task.answers],
        [value],
        [confidence],
        [False],
        [None],
        [],
    )
    write_fits(world.database, project.id, [fit])


def question_key(tx: Transaction, project: sa.Row) -> str:
    form = forms.parse_form(tx.scalar(sa.select(t.form.c.body).where(t.form.c.id == project.form_id)))
    return forms.question_key(form.questions[0])


def test_a_fit_sends_what_it_finds_unsure_and_takes_nothing_back(world: World) -> None:
    project = world.project(review_below=0.5)
    task = answered(world, project, "cat")
    assert world.task(task).status == "settled"
    fitted(world, project, world.task(task), "cat", 0.4)
    assert world.task(task).status == "review"
    assert (sums(world, project).settled, sums(world, project).reviewing) == (0, 1)
    fitted(world, project, world.task(task), "cat", 0.95)
    assert world.task(task).status == "review", "what a reviewer was asked for is asked for"
    assert items(world) == [(1, "confidence", READY, None)]
    desk(world, project).accept()
    fitted(world, project, world.task(task), "cat", 0.4)
    assert world.task(task).status == "settled", "a reviewer has looked at it"


def test_a_fit_that_overrules_an_accepted_answer_asks_a_reviewer_again(world: World) -> None:
    project = world.project(review_rate=1)
    task = answered(world, project, "cat")
    desk(world, project).accept()
    fitted(world, project, world.task(task), "dog", 0.9)
    assert (world.task(task).status, items(world)[-1][:2]) == ("review", (1, "changed"))


def test_a_fit_that_changes_what_a_reviewer_looks_at_begins_anew(world: World) -> None:
    project = world.project(review_rate=1)
    task = answered(world, project, "cat")
    rita = desk(world, project)
    item = rita.one()
    fitted(world, project, world.task(task), "cat", 0.6)
    assert items(world)[0][2] is ReviewState.HELD, "another confidence is no other answer"
    fitted(world, project, world.task(task), "dog", 0.6)
    assert [i[2] for i in items(world)] == [CANCELLED, READY]
    with pytest.raises(Conflict, match="do not hold"):
        rita.say(item, "accept")
    assert rita.one().consensus == ({"label": "dog"}, 0.6, False)


def test_what_was_delivered_is_not_looked_at(world: World) -> None:
    project = world.project(review_below=0.5)
    task = answered(world, project, "cat")
    world.write(lambda tx: tx.execute(sa.update(t.task).values(delivered_at=tx.now)))
    fitted(world, project, world.task(task), "dog", 0.4)
    assert world.task(task).status == "settled"
    assert world.consensus(task)[-1].answers == {"label": "dog"}, "it is a new revision"
