"""What do all judgments of a project say together, and when are they asked?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Database
from steelyard.work import refit as refits
from steelyard.work.fit_child import FitFailed, fit_in_child
from steelyard.work.held import Held
from steelyard.work.refit import due, enqueue_due, fit_project, refit, write_fits
from steelyard.work.tally import progress

Labels = Callable[[Held], str]


@pytest.fixture
def project(world: World) -> sa.Row:
    return world.project(answers=3)


def mostly(right: dict[str, str], every: int) -> Labels:
    """Right but for every `every`-th task, by its place."""
    order = sorted(right)

    def label(held: Held) -> str:
        wrong = order.index(held.task) % every == every - 1
        return {"cat": "dog", "dog": "cat"}[right[held.task]] if wrong else right[held.task]

    return label


def answered(world: World, project: sa.Row, tasks: int = 60) -> tuple[list[Principal], dict[str, str]]:
    """Two good annotators and a poor one have answered every task."""
    keys = world.tasks(project, tasks)
    right = {key: ("cat", "dog")[n % 2] for n, key in enumerate(keys)}
    people = world.people(3)
    for who, every in zip(people, (23, 17, 2), strict=True):
        world.answer(who, project, mostly(right, every))
    return people, right


def due_now(world: World) -> list[int]:
    return world.database.read(due)


def test_a_fit_says_how_good_each_annotator_is(world: World, project: sa.Row) -> None:
    people, right = answered(world, project)
    (fit,) = refit(world.database, project.id)
    assert (fit.question, fit.judgments, len(fit.tasks), set(fit.seen)) == ("label", 180, 60, {3})
    skills = {r.annotator_id: r for r in world.all(sa.select(t.skill))}
    good, fair, poor = (skills[p.annotator_id] for p in people)
    assert good.accuracy > poor.accuracy < fair.accuracy
    assert all(0 <= s.low <= s.accuracy <= s.high <= 1 and s.n == 60 for s in skills.values())
    values = {key: world.consensus(key)[-1] for key in right}
    assert sum(values[key].answers["label"] == right[key] for key in right) >= 57


def test_a_fit_revises_what_it_sees_otherwise_and_nothing_else(world: World, project: sa.Row) -> None:
    _, right = answered(world, project)
    refit(world.database, project.id)
    revised = {key: world.consensus(key) for key in right}
    assert any(len(r) == 2 for r in revised.values())
    assert all(r[-1].current and sum(c.current for c in r) == 1 for r in revised.values())
    assert all(r[-1].fit_id is not None for r in revised.values() if len(r) == 2)
    again = world.count(t.consensus)
    refit(world.database, project.id)
    assert world.count(t.consensus) == again, "the same fit changes nothing"


@pytest.mark.one_database
def test_gold_and_people_who_share_no_task_get_no_inferred_skill(world: World) -> None:
    project = world.project(answers=1, gold_rate=0.3)
    world.gold(project, 5)
    world.tasks(project, 20)
    world.answer(world.people(1)[0], project)
    (fit,) = refit(world.database, project.id)
    assert fit.judgments == 20
    assert world.count(t.skill) == 0


@pytest.mark.one_database
def test_answers_without_an_annotator_get_no_skill(world: World, project: sa.Row) -> None:
    from steelyard.work.shipments import receive

    world.provider("Bulk")
    rows = [
        {"external_id": f"s{n}", "content": {"blocks": [{"type": "text", "text": "x"}]},
         "judgments": [{"answers": {"label": label}} for label in ("cat", "cat", "dog")]}
        for n in range(60)
    ]  # fmt: skip
    receive(world.database, lambda tx: world.owner, "pets", "bulk", "May", rows)
    (fit,) = refit(world.database, project.id)
    assert (fit.judgments, len(fit.tasks)) == (180, 60)
    assert world.count(t.skill) == 0
    assert world.count(t.assignment) == 0


@pytest.mark.one_database
def test_a_task_answered_after_the_fit_was_read_keeps_its_newer_answer(world: World, project: sa.Row) -> None:
    """The fit runs on its own time; what came in meanwhile is not overwritten with what it has not seen."""
    world.patch(project, answers=2, max_answers=4)
    _, right = answered(world, project)
    late = next(key for key in right if world.task(key).status == "settled")
    fits = fit_project(world.database, project.id)
    world.patch(project, target_confidence=0.9)

    def order(tx) -> None:
        from steelyard.work.queue import put_back
        from steelyard.work.settle import order_answer

        row = tx.execute(sa.select(t.task).where(t.task.c.public_id == late)).one()
        put_back(tx, [order_answer(tx, project.id, row)])

    world.write(order)
    (who,) = [world.person("late")]
    (held,) = [h for h in world.take(who, project, 100) if h.task == late]
    world.submit(who, held, "bird")
    before = world.consensus(late)[-1]
    write_fits(world.database, project.id, fits)
    after = world.consensus(late)[-1]
    assert (after.revision, after.judgments) == (before.revision, before.judgments)


@pytest.mark.one_database
def test_after_a_fit_a_target_orders_within_max_answers(world: World) -> None:
    project = world.project(answers=3, max_answers=4, target_confidence=0.99)
    answered(world, project)
    before = world.database.read(lambda tx: progress(tx, project.id))
    assert (before.settled, before.wanted) == (60, 180)
    refit(world.database, project.id)
    found = world.database.read(lambda tx: progress(tx, project.id))
    ordered = found.wanted - 180
    assert 0 < ordered <= 60
    assert found.settled == 60 - ordered
    assert world.count(t.assignment, t.assignment.c.state == 0) == ordered
    refit(world.database, project.id)
    assert world.database.read(lambda tx: progress(tx, project.id)).wanted == found.wanted
    assert world.answer(world.person("fourth"), project) == ordered
    refit(world.database, project.id)
    final = world.database.read(lambda tx: progress(tx, project.id))
    assert (final.wanted, final.open) == (found.wanted, 0)


def test_a_question_is_fitted_for_each_set_of_options_apart(world: World, project: sa.Row) -> None:
    from steelyard.work.projects import update_project

    answered(world, project, 5)
    new = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog", "fish"]}]}
    changed = world.write(lambda tx: update_project(tx, world.owner, project.slug, {"form": new}))
    world.tasks(changed, 5)
    for who in world.people(3):
        world.answer(who, changed)
    fits = refit(world.database, project.id)
    assert sorted(len(f.tasks) for f in fits) == [5, 5]
    assert len({f.key for f in fits}) == 2
    assert {f.judgments for f in fits} == {30}


# --- when ---------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five tasks with overlap are enough."""
    monkeypatch.setattr("steelyard.work.settle.OVERLAP_NEEDED", 5)


def answer_some(world: World, project: sa.Row, people: list[Principal], tasks: int) -> None:
    """New tasks, which all of these people answer."""
    world.tasks(project, tasks)
    for who in people:
        world.answer(who, project)


@pytest.mark.one_database
def test_nothing_is_due_before_there_is_enough_evidence(world: World, project: sa.Row, few: None) -> None:
    people = world.people(2)
    answer_some(world, project, people, 4)
    assert due_now(world) == []
    answer_some(world, project, people, 1)
    assert due_now(world) == [project.id]


def test_a_refit_is_due_after_growth_of_a_tenth_and_a_minute(
    world: World, project: sa.Row, clock: Clock, few: None
) -> None:
    people = world.people(2)
    answer_some(world, project, people, 10)
    refit(world.database, project.id)
    clock.advance(61)
    answer_some(world, project, people[:1], 1)
    assert due_now(world) == [], "one more than twenty is no tenth"
    world.answer(people[1], project)
    assert due_now(world) == [project.id]
    refit(world.database, project.id)
    answer_some(world, project, people, 5)
    assert due_now(world) == [], "a minute has not passed"
    clock.advance(61)
    assert due_now(world) == [project.id]


@pytest.mark.one_database
def test_when_all_is_settled_a_refit_is_due_at_once_and_then_no_more(
    world: World, project: sa.Row, few: None
) -> None:
    people = world.people(3)
    answer_some(world, project, people, 20)
    refit(world.database, project.id)
    assert due_now(world) == []
    answer_some(world, project, people[:2], 1)
    assert due_now(world) == []
    world.answer(people[2], project)
    assert due_now(world) == [project.id]
    refit(world.database, project.id)
    assert due_now(world) == []


@pytest.mark.one_database
def test_a_finished_project_with_optional_questions_is_not_fitted_for_ever(world: World, few: None) -> None:
    """No single question has all the judgments of the project."""
    form = {
        "questions": [
            {"name": name, "kind": "choice", "options": ["cat", "dog"], "required": False}
            for name in ("label", "other")
        ]
    }
    project = world.project(form=form, answers=2)
    world.tasks(project, 12)
    first, second = world.people(2)

    def either(tx, who: Principal, held: Held, name: str):
        from steelyard.work.submit import submit

        return submit(tx, who, held.id, {name: "cat"})

    for who in (first, second):
        for n, held in enumerate(world.take(who, project, 20)):
            name = ("label", "other")[n % 2]
            world.write(lambda tx, who=who, held=held, name=name: either(tx, who, held, name))
    assert due_now(world) == [project.id]
    refit(world.database, project.id)
    assert due_now(world) == []


def test_answers_that_were_withdrawn_make_a_refit_due(
    world: World, project: sa.Row, clock: Clock, few: None, tmp_path: Path
) -> None:
    from steelyard.exit import execute, withdraw
    from steelyard.exit.place import Place
    from steelyard.store.blobs import open_blobs

    world.provider("Acme")
    answer_some(world, project, [*world.people(2), *world.people(1, "acme")], 10)
    refit(world.database, project.id)
    world.write(lambda tx: execute.begin(tx, world.owner, "acme"))
    (leaving,) = world.all(sa.select(t.exit))
    withdraw.run(Place(world.database, open_blobs(tmp_path), tmp_path), leaving)
    clock.advance(61)
    assert due_now(world) == [project.id]


def test_a_due_refit_is_ordered_once(world: World, project: sa.Row, few: None) -> None:
    answer_some(world, project, world.people(2), 10)
    assert world.write(enqueue_due) == 1
    world.write(enqueue_due)
    assert [r.kind for r in world.all(sa.select(t.job.c.kind))] == [refits.JOB]


# --- in a child process -----------------------------------------------------------------------------------


def test_a_child_process_fits_the_same(world: World, project: sa.Row, request, tmp_path: Path) -> None:
    answered(world, project, 6)
    folder, url = _place(world.database, request, tmp_path)
    (here,) = fit_project(world.database, project.id)
    (there,) = fit_in_child(folder, url, project.id)
    assert (there.tasks, there.values, there.seen, there.judgments) == (
        here.tasks,
        here.values,
        here.seen,
        here.judgments,
    )
    assert there.confidence == pytest.approx(here.confidence)
    assert there.annotators == [pytest.approx(row) for row in here.annotators]


@pytest.mark.one_database
def test_a_child_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(FitFailed, match="StoreUnavailable"):
        fit_in_child(tmp_path, "postgresql://nobody@127.0.0.1:1/none", 1)


def _place(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str | None]:
    if database.dialect == "sqlite":
        return database.path.parent, None  # type: ignore[attr-defined]
    return tmp_path, request.getfixturevalue("postgres_url")
