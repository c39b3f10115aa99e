"""Training comes before work, its answers are shown, and it counts for nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from support.world import World

from steelyard.store import tables as t
from steelyard.work.tally import progress


def lessons(world: World, project: sa.Row, count: int) -> list[str]:
    return world.tasks(project, count, gold={"label": "cat"}, training=True)


def test_it_comes_before_work_and_says_what_would_have_been_right(world: World) -> None:
    project = world.project()
    work = world.tasks(project, 1)
    first, second = lessons(world, project, 2)
    (who,) = world.people(1)
    held = world.take(who, project, 5)
    assert [h.task for h in held] == [first, second]
    done = world.submit(who, held[0], "dog")
    assert done.lesson is not None
    assert (done.lesson.answers, done.lesson.correct) == ({"label": "cat"}, {"label": False})
    assert world.claim(who, project).because == "Finish the training first."
    lesson = world.submit(who, held[1], "cat", claim_next=1)
    assert lesson.lesson is not None
    assert lesson.lesson.correct == {"label": True}
    assert [h.task for h in lesson.next] == work
    assert world.submit(who, lesson.next[0]).lesson is None


def test_who_gets_too_few_right_is_stopped(world: World) -> None:
    project = world.project(training_pass=0.6)
    world.tasks(project, 1)
    lessons(world, project, 2)
    good, poor = world.people(2)
    for who, label in ((good, "cat"), (poor, "dog")):
        for held in world.take(who, project, 2):
            world.submit(who, held, label)
    assert len(world.take(good, project)) == 1
    refused = world.claim(poor, project)
    assert (refused.held, refused.code) == ([], "stopped")
    assert refused.because == "0 of 2 answers of the training were right; 60% are asked for."


def test_training_that_is_added_later_comes_before_further_work(world: World) -> None:
    project = world.project()
    work = world.tasks(project, 2)
    (who,) = world.people(1)
    assert [h.task for h in world.take(who, project)] == work[:1]
    (lesson,) = lessons(world, project, 1)
    assert [h.task for h in world.take(who, project)] == [lesson]


def test_it_is_neither_evidence_nor_progress(world: World) -> None:
    project = world.project(gold_rate=0.5)
    world.tasks(project, 3)
    lessons(world, project, 2)
    (who,) = world.people(1)
    world.answer(who, project)
    sums = world.database.read(lambda tx: progress(tx, project.id))
    assert (sums.judgments, sums.gold_judgments, sums.settled, sums.training, sums.open) == (3, 0, 3, 2, 0)
    assert world.count(t.gold_result) == 0
    (load,) = world.all(sa.select(t.workload).where(t.workload.c.annotator_id == who.annotator_id))
    assert (load.training_answers, load.training_correct, load.judgments) == (2, 2, 3)
