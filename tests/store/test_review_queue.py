"""Who is handed which review, for how long, and what is shown of it?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.reviews import desk, escalate, items, review_item_of
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from steelyard.domain.states import ReviewState
from steelyard.store import tables as t
from steelyard.work import review_find
from steelyard.work.review import judge
from steelyard.work.review_queue import claim_reviews, expire_reviews, held_reviews, return_review

READY = ReviewState.READY


@pytest.fixture
def project(world: World) -> sa.Row:
    return world.project(review_rate=1, lease_s=60)


def answer_all(world: World, project: sa.Row, count: int, **more: object) -> list[str]:
    tasks = world.tasks(project, count, **more)
    world.answer(world.people(1)[0], project)
    return tasks


def test_priority_comes_first_and_then_age(world: World, project: sa.Row) -> None:
    low = answer_all(world, project, 2)
    high = answer_all(world, project, 1, priority=5)
    assert [item.task for item in desk(world, project).claim(3)] == [*high, *low]


def test_what_one_holds_another_does_not_get(world: World, project: sa.Row) -> None:
    tasks = answer_all(world, project, 3)
    rita, rob = desk(world, project), desk(world, project, "rob")
    first = rita.claim(2)
    assert [item.task for item in first + rob.claim(5)] == tasks
    assert rob.claim() == []
    with pytest.raises(Conflict) as lost:
        rob.say(first[0], "accept")
    assert lost.value.code == "lease_lost"


def test_a_lapsed_review_goes_to_the_next(world: World, project: sa.Row, clock: Clock) -> None:
    answer_all(world, project, 1)
    rita, rob = desk(world, project), desk(world, project, "rob")
    item = rita.one()
    clock.advance(59)
    assert world.write(expire_reviews) == 0
    clock.advance(2)
    assert world.write(expire_reviews) == 1
    again = rob.one()
    assert again.id == item.id
    with pytest.raises(Conflict):
        rita.say(item, "accept")
    rob.say(again, "accept")


def test_what_is_given_back_goes_to_others_and_not_to_the_same(world: World, project: sa.Row) -> None:
    answer_all(world, project, 1)
    rita, rob = desk(world, project), desk(world, project, "rob")
    item = rita.one()
    world.write(lambda tx: return_review(tx, rita.who, item.id))
    assert rita.claim() == []
    with pytest.raises(Conflict):
        world.write(lambda tx: return_review(tx, rita.who, item.id))
    assert rob.one().id == item.id


def test_nobody_reviews_what_they_have_answered_or_answers_what_they_have_seen(world: World) -> None:
    project = world.project(answers=2, review_rate=1)
    world.tasks(project, 1)
    rita, rob = desk(world, project), desk(world, project, "rob")
    world.answer(rita.who, project, "cat")
    world.answer(world.people(1)[0], project, "cat")
    assert rita.claim() == []
    rob.reject()
    assert world.take(rob.who, project) == [], "whoever has seen the answers"
    assert rita.claim() == []
    assert len(world.take(world.people(2)[1], project)) == 1


def test_answers_are_shown_in_a_drawn_order_and_without_their_givers(world: World) -> None:
    project = world.project(answers=3, review_rate=1)
    world.tasks(project, 12)
    for who, label in zip(world.people(3), ("cat", "dog", "cat"), strict=True):
        world.answer(who, project, label)
    given = [row.public_id for row in world.all(sa.select(t.judgment).order_by(t.judgment.c.id))]
    rita = desk(world, project)
    shown = rita.claim(20)
    places = [[given.index(judgment) for judgment, _ in item.answers] for item in shown]
    assert any(place != sorted(place) for place in places)
    (value, confidence, tie) = shown[0].consensus or ({}, 0, True)
    assert (value, tie) == ({"label": "cat"}, False)
    assert 0.5 < confidence < 1
    again = world.write(lambda tx: held_reviews(tx, rita.who))
    assert [i.answers for i in again] == [i.answers for i in shown], "and a reload shows the same order"


def test_a_review_is_found_behind_any_number_that_are_the_reviewer_s_own(
    world: World, project: sa.Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are, they are passed at once: three probes are enough."""
    monkeypatch.setattr(review_find, "PROBES", 3)
    own = desk(world, project, "rita, who answers too")
    world.tasks(project, 60)
    world.answer(own.who, project)
    (other,) = answer_all(world, project, 1)
    assert len(own.claim(1)) == 1, "behind 60 of its own"
    assert own.claim(3) == []
    (low,) = answer_all(world, project, 1, priority=-1)
    assert [item.task for item in own.claim(2)] == [low], "and below the priority of its own"
    assert {item.task for item in desk(world, project, "rob").claim(100)}.isdisjoint({other, low})


def test_what_waits_for_the_next_level_hides_nothing_from_who_has_done_this_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_find, "PROBES", 4)
    project = world.project(review_rate=1, review_levels=2, answers=2)
    tasks = world.tasks(project, 30)
    rita, rob = desk(world, project), desk(world, project, "rob")
    for who in world.people(2):
        world.answer(who, project)
    for item in rita.claim(30):
        rita.say(item, "accept")
    assert rita.claim(1) == []
    given_back = rob.one()
    world.write(lambda tx: return_review(tx, rob.who, given_back.id))
    (new,) = world.tasks(project, 1)
    for who in world.people(2):
        world.answer(who, project)
    assert [item.task for item in rita.claim(2)] == [new]
    assert [item.task for item in rob.claim(30)] == tasks[1:], "all of them, but what it gave back"


def test_what_is_shown_is_written_down_first(world: World, project: sa.Row) -> None:
    (task,) = answer_all(world, project, 1)
    rita = desk(world, project)
    rita.one()
    row = world.task(task)
    assert world.count(t.exposure, t.exposure.c.annotator_id == rita.who.annotator_id) == 1
    (shown,) = world.all(sa.select(t.exposure).where(t.exposure.c.annotator_id == rita.who.annotator_id))
    assert (shown.task_id, shown.content_id) == (row.id, row.content_id)


def test_a_stop_takes_reviews_back_and_hands_none_out(world: World, project: sa.Row) -> None:
    answer_all(world, project, 2)
    rita = desk(world, project)
    item = rita.one()
    world.change("in-house", clearance="public")
    assert review_item_of(world, item.id).state == READY
    with pytest.raises(Conflict) as stopped:
        rita.say(item, "accept")
    assert stopped.value.code == "provider_stopped"
    found = world.write(lambda tx: claim_reviews(tx, rita.who, project))
    assert (found.held, found.code) == ([], "stopped")
    world.change("in-house", clearance="secret")
    assert len(rita.claim(5)) == 2


def test_later_levels_are_another_s_and_see_nothing_of_the_earlier(world: World) -> None:
    project = world.project(review_rate=1, review_levels=3)
    answer_all(world, project, 1)
    people = [desk(world, project, name) for name in ("rita", "rob", "ruth")]
    for level, here in enumerate(people, 1):
        for earlier in people[: level - 1]:
            assert earlier.claim() == []
        item = here.one()
        assert (item.level, item.why) == (level, "sampled" if level == 1 else "level")
        assert [said for _, said in item.answers] == [{"label": "cat"}]
        here.say(item, "accept")
    assert {status for *_, status in items(world)} == {"accept"}


def test_levels_begin_anew_with_the_answers(world: World) -> None:
    """Two reviewers are enough for two levels, however often an answer is rejected."""
    project = world.project(review_rate=1, review_levels=2)
    (task,) = world.tasks(project, 1)
    rita, rob = desk(world, project), desk(world, project, "rob")
    for number, (first, second) in enumerate(((rita, rob), (rob, rita))):
        world.answer(world.person(f"worker {number}"), project)
        first.accept()
        assert first.claim() == []
        if number == 0:
            second.reject()
            assert world.task(task).status == "open"
        else:
            second.accept()
    assert world.task(task).status == "settled"


def test_an_escalated_task_shows_what_was_said_and_not_by_whom(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    escalate(world, world.people(1)[0], project, "a cat: or a dog?")
    item = desk(world, project).one()
    assert (item.why, item.said, item.answers, item.consensus) == (
        "escalated", "a cat: or a dog?", [], None,
    )  # fmt: skip


def test_who_may_and_what_is_wrong(world: World, project: sa.Row) -> None:
    answer_all(world, project, 1)
    rita = desk(world, project)
    item = world.one(sa.select(t.review_item.c.public_id))
    (annotator,) = world.people(1)
    with pytest.raises(Forbidden):
        world.write(lambda tx: claim_reviews(tx, annotator, project))
    for count in (0, 101, True, "1", 1.5):
        with pytest.raises(Invalid):
            world.write(lambda tx, count=count: claim_reviews(tx, rita.who, project, count))
    for lease in (0, 86_401, "1"):
        with pytest.raises(Invalid):
            world.write(lambda tx, lease=lease: claim_reviews(tx, rita.who, project, 1, lease))
    other = world.person("tess", role="reviewer", mode="test")
    for who, name in ((rita.who, "0" * 24), (rita.who, "x"), (other, item)):
        with pytest.raises(NotFound):
            world.write(lambda tx, who=who, name=name: return_review(tx, who, name))
        with pytest.raises(NotFound):
            world.write(lambda tx, who=who, name=name: judge(tx, who, name, "accept"))
