"""What is the answer of a task, as far as is known now?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work import settle
from steelyard.work.tally import progress


def answers(world: World, project: sa.Row, people: list[Principal], labels: list[str]) -> None:
    for who, label in zip(people, labels, strict=True):
        (held,) = world.take(who, project)
        world.submit(who, held, label)


def test_a_task_settles_when_it_has_the_answers_it_wants(world: World) -> None:
    project = world.project(answers=3)
    (task,) = world.tasks(project, 1)
    people = world.people(3)
    answers(world, project, people[:2], ["cat", "cat"])
    assert (world.task(task).status, world.consensus(task)) == ("open", [])
    answers(world, project, people[2:], ["dog"])
    (found,) = world.consensus(task)
    assert world.task(task).status == "settled"
    assert world.task(task).settled_at is not None
    assert (found.answers, found.tie, found.method, found.revision) == ({"label": "cat"}, False, "vote", 1)
    assert len(found.judgments) == 3
    assert 0.5 < found.confidence < 1


def test_a_tie_is_settled_and_marked(world: World) -> None:
    project = world.project(answers=2)
    (task,) = world.tasks(project, 1)
    answers(world, project, world.people(2), ["cat", "dog"])
    (found,) = world.consensus(task)
    assert found.tie
    assert found.answers["label"] in ("cat", "dog")
    assert found.confidence == pytest.approx(0.5, abs=0.15)
    assert world.task(task).status == "settled"


def test_agreement_is_surer_than_dissent(world: World) -> None:
    project = world.project(answers=3)
    agreed, split = world.tasks(project, 2)
    people = world.people(3)
    for who, label in zip(people, ["cat", "cat", "dog"], strict=True):
        held = {h.task: h for h in world.take(who, project, 2)}
        world.submit(who, held[agreed], "bird")
        world.submit(who, held[split], label)
    assert world.consensus(agreed)[0].confidence > world.consensus(split)[0].confidence


def test_a_question_that_nobody_answered_has_no_value(world: World) -> None:
    form = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog"]},
                          {"name": "remark", "kind": "text", "required": False}]}  # fmt: skip
    project = world.project(form=form)
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1)[0], project)
    assert world.consensus(task)[0].answers == {"label": "cat"}


def skilled(world: World, project: sa.Row, accuracy: dict[int, float]) -> None:
    """As if a fit had said this of these annotators."""
    from steelyard import forms

    body = world.one(sa.select(t.form.c.body).where(t.form.c.id == project.form_id))
    (question,) = forms.parse_form(body).questions
    key = forms.question_key(question)

    def write(tx) -> None:
        fit = tx.added(
            sa.insert(t.fit).values(
                project_id=project.id, question="label", question_key=key, method="dawid-skene",
                judgments=1, iterations=1, at=tx.now,
            )
        )  # fmt: skip
        for annotator, value in accuracy.items():
            tx.execute(
                sa.insert(t.skill).values(
                    project_id=project.id, question_key=key, annotator_id=annotator, question="label",
                    fit_id=fit, n=100, correct=value * 100, accuracy=value, low=value, high=value,
                )
            )  # fmt: skip

    world.write(write)


def test_after_a_fit_an_accurate_annotator_outweighs_two_careless_ones(world: World) -> None:
    project = world.project(answers=3)
    (task,) = world.tasks(project, 1)
    people = world.people(3)
    expert, *careless = (p.annotator_id for p in people)
    skilled(world, project, {expert: 0.98, careless[0]: 0.45, careless[1]: 0.45})
    answers(world, project, people, ["bird", "cat", "cat"])
    (found,) = world.consensus(task)
    assert found.answers == {"label": "bird"}
    assert (found.method, found.fit_id) == ("weighted vote", 1)


def test_before_a_fit_a_target_orders_nothing(world: World) -> None:
    project = world.project(answers=2, max_answers=5, target_confidence=0.999)
    (task,) = world.tasks(project, 1)
    answers(world, project, world.people(2), ["cat", "dog"])
    assert world.task(task).status == "settled"
    assert world.count(t.assignment) == 2


def test_a_target_orders_answers_one_by_one_and_no_more_than_max(world: World) -> None:
    project = world.project(answers=2, max_answers=4, target_confidence=0.9999)
    (task,) = world.tasks(project, 1)
    people = world.people(6)
    skilled(world, project, {p.annotator_id: 0.6 for p in people})
    answers(world, project, people[:2], ["cat", "dog"])
    assert (world.task(task).status, world.task(task).wanted) == ("open", 3)
    answers(world, project, people[2:4], ["cat", "dog"])
    assert (world.task(task).status, world.task(task).wanted) == ("settled", 4)
    assert world.take(people[5], project) == []
    assert [c.revision for c in world.consensus(task)] == [1, 2, 3]
    assert sum(c.current for c in world.consensus(task)) == 1
    sums = world.database.read(lambda tx: progress(tx, project.id))
    assert (sums.wanted, sums.settled, sums.judgments) == (4, 1, 4)


def test_a_target_that_is_reached_orders_nothing(world: World) -> None:
    project = world.project(answers=2, max_answers=4, target_confidence=0.9)
    (task,) = world.tasks(project, 1)
    people = world.people(2)
    skilled(world, project, {p.annotator_id: 0.99 for p in people})
    answers(world, project, people, ["cat", "cat"])
    assert (world.task(task).status, world.task(task).wanted) == ("settled", 2)


def test_a_task_that_was_delivered_is_not_reopened(world: World) -> None:
    project = world.project(answers=2, max_answers=4, target_confidence=0.9999)
    (task,) = world.tasks(project, 1)
    people = world.people(2)
    skilled(world, project, {p.annotator_id: 0.6 for p in people})
    delivered = sa.update(t.task).values(delivered_at=1)
    world.write(lambda tx: tx.execute(delivered))
    answers(world, project, people, ["cat", "dog"])
    assert world.task(task).status == "settled"


def test_truth_is_a_vote_until_there_is_enough_overlap_or_gold() -> None:
    from steelyard.work.tally import Progress

    assert not settle.qualifies(Progress(overlapping=49, gold_judgments=19))
    assert settle.qualifies(Progress(overlapping=50))
    assert settle.qualifies(Progress(gold_judgments=20))
