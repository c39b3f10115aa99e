"""What is an annotator handed, and what does it find out about it?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Forbidden, Invalid, NotFound
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.giveback import give_back
from steelyard.work.held import held_by_me, show
from steelyard.work.hidden_gold import falls_on_gold
from steelyard.work.tally import progress


def golds_of(world: World, who: Principal) -> list[sa.Row]:
    query = (
        sa.select(t.assignment.c.id, t.assignment.c.public_id, t.assignment.c.state, t.task.c.public_id.label("task"))
        .join(t.task, t.task.c.id == t.assignment.c.task_id)
        .where(t.assignment.c.annotator_id == who.annotator_id, t.assignment.c.lane_id.is_(None))
        .order_by(t.assignment.c.id)
    )  # fmt: skip
    return world.all(query)


def test_a_claim_shows_content_form_and_instruction_and_says_until_when(world: World, clock: Clock) -> None:
    project = world.project(lease_s=90)
    world.add(project, [world.row(suggestion={"label": "dog"}, metadata={"secret": 1}, tags=["x"])])
    (who,) = world.people(1)
    before = world.write(lambda tx: tx.now)
    (held,) = world.take(who, project)
    assert held.content["blocks"][0]["text"].startswith("text ")
    assert held.suggestion == {"label": "dog"}
    assert held.form["questions"][0]["name"] == "label"
    assert held.project == "pets"
    assert 90_000_000 <= held.lease_until - before < 100_000_000
    assert "secret" not in repr(held)
    assert "external" not in repr(held)


@pytest.mark.parametrize("count", [0, 101, True, "3", 1.0])
def test_a_count_out_of_range_is_refused(world: World, count: object) -> None:
    project = world.project()
    with pytest.raises(Invalid) as refused:
        world.claim(world.owner, project, count)  # type: ignore[arg-type]
    assert refused.value.problems[0].pointer == "/count"


@pytest.mark.parametrize("lease_s", [0, 86_401, True, "60"])
def test_a_lease_out_of_range_is_refused(world: World, lease_s: object) -> None:
    project = world.project()
    with pytest.raises(Invalid) as refused:
        world.claim(world.owner, project, 1, lease_s)  # type: ignore[arg-type]
    assert refused.value.problems[0].pointer == "/lease_s"


def test_an_empty_claim_says_why(world: World) -> None:
    project = world.project()
    (who,) = world.people(1)
    assert world.claim(who, project).code == "nothing"
    world.tasks(project, 1)
    world.provider("Acme", clearance="public")
    (outsider,) = world.people(1, "acme")
    assert world.claim(outsider, project).code == "stopped"


def test_a_machine_in_house_does_not_answer(world: World) -> None:
    project = world.project()
    machine = world.person("ci", role="machine")
    with pytest.raises(Forbidden):
        world.claim(machine, project)


def test_what_one_holds_can_be_listed_and_is_what_may_still_be_shown(world: World) -> None:
    project = world.project()
    world.tasks(project, 3)
    world.provider("Acme")
    (who,) = world.people(1, "acme")
    held = world.take(who, project, 2)
    listed = world.write(lambda tx: held_by_me(tx, who))
    assert {h.id for h in listed} == {h.id for h in held}
    world.change("acme", status="suspended")
    assert world.write(lambda tx: held_by_me(tx, who)) == []


def test_what_lapsed_since_it_was_found_is_not_shown(world: World) -> None:
    """On PostgreSQL a sweep may commit between the finding and the showing."""
    project = world.project()
    world.tasks(project, 2)
    one, other = world.people(2)
    mine, kept = world.take(one, project, 2)
    keys = [row.id for row in world.all(sa.select(t.assignment.c.id).order_by(t.assignment.c.id))]
    world.write(lambda tx: give_back(tx, one, mine.id, "not for me"))

    def still() -> list[str]:
        return [h.id for h in world.write(lambda tx: show(tx, one, project, keys))]

    assert still() == [kept.id]
    assert [h.id for h in world.take(other, project, 2)] == [mine.id]
    assert still() == [kept.id]


def test_a_key_of_the_other_world_does_not_reach_a_project(world: World) -> None:
    from steelyard.work.projects import find_project

    project = world.project()
    tester = world.person("tess", mode="test")
    with pytest.raises(NotFound):
        world.write(lambda tx: find_project(tx, tester, project.slug))


# --- hidden gold ------------------------------------------------------------------------------------


def test_gold_falls_at_about_its_rate() -> None:
    fallen = sum(falls_on_gold(annotator, n, 0.1) for annotator in range(20) for n in range(500))
    assert 880 < fallen < 1120
    assert not any(falls_on_gold(1, n, 0.0) for n in range(1000))


def test_gold_falls_at_about_its_rate_among_what_is_claimed(world: World) -> None:
    project = world.project(gold_rate=0.2)
    world.gold(project, 60)
    world.tasks(project, 220)
    (who,) = world.people(1)
    world.answer(who, project, most=200)
    assert 24 < len(golds_of(world, who)) < 57


def test_nobody_gets_the_same_gold_twice(world: World) -> None:
    project = world.project(gold_rate=0.5)
    gold = world.gold(project, 6)
    world.tasks(project, 60)
    for who in world.people(2):
        world.answer(who, project, most=30)
        assert sorted(g.task for g in golds_of(world, who)) == sorted(gold)


def test_work_goes_on_when_all_gold_was_seen(world: World) -> None:
    project = world.project(gold_rate=0.5)
    world.gold(project, 1)
    world.tasks(project, 10)
    (who,) = world.people(1)
    assert world.answer(who, project) == 11


def test_where_no_work_waits_nothing_falls_on_gold(world: World) -> None:
    project = world.project(gold_rate=0.5)
    world.gold(project, 40)
    world.tasks(project, 5)
    first, second = world.people(2)
    world.answer(first, project)
    assert len(golds_of(world, first)) < 40
    assert [world.take(second, project, 5) for _ in range(20)] == [[]] * 20


def test_gold_is_left_out_of_progress_and_settling(world: World) -> None:
    project = world.project(gold_rate=0.5)
    gold = world.gold(project, 3)
    world.tasks(project, 10)
    (who,) = world.people(1)
    world.answer(who, project, "dog")
    sums = world.database.read(lambda tx: progress(tx, project.id))
    assert (sums.tasks, sums.gold, sums.wanted, sums.judgments, sums.gold_judgments) == (13, 3, 10, 10, 3)
    assert (sums.settled, sums.open) == (10, 0)
    for key in gold:
        assert world.consensus(key) == []
        assert (world.task(key).status, world.task(key).answers) == ("open", 0)


def test_each_gold_answer_is_judged_at_once(world: World) -> None:
    project = world.project(gold_rate=0.5)
    world.gold(project, 4, "cat")
    world.tasks(project, 10)
    right, wrong = world.people(2)
    world.answer(right, project, "cat", most=10)
    world.answer(wrong, project, "dog", most=10)
    results = world.all(sa.select(t.gold_result.c.annotator_id, t.gold_result.c.correct))
    assert {(r.annotator_id, r.correct) for r in results} == {
        (right.annotator_id, True),
        (wrong.annotator_id, False),
    }
    assert len(results) == world.count(t.judgment, t.judgment.c.gold)


def test_a_gold_assignment_that_lapses_is_cancelled_and_may_come_again(world: World, clock: Clock) -> None:
    world.provider("Acme", status="trial")
    project = world.project(lease_s=10)
    (gold,) = world.gold(project, 1)
    (who,) = world.people(1, "acme")
    (held,) = world.take(who, project)
    assert held.task == gold
    assert world.take(who, project) == []
    clock.advance(20)
    assert world.expire() == 1
    states = {r.state for r in world.all(sa.select(t.assignment.c.state))}
    assert states == {AssignmentState.CANCELLED}
    (again,) = world.take(who, project)
    assert again.task == gold
    assert again.id != held.id


def test_declined_gold_does_not_come_again(world: World) -> None:
    world.provider("Acme", status="trial")
    project = world.project()
    world.gold(project, 1)
    (who,) = world.people(1, "acme")
    world.give_back(who, world.take(who, project)[0])
    assert world.take(who, project) == []


def test_a_provider_on_trial_gets_gold_and_nothing_else(world: World) -> None:
    world.provider("Acme", status="trial")
    project = world.project(gold_rate=0.0)
    world.tasks(project, 5)
    gold = world.gold(project, 3)
    (who,) = world.people(1, "acme")
    assert sorted(h.task for h in world.take(who, project, 50)) == sorted(gold)
    assert world.take(who, project, 50) == []


def test_neither_place_nor_id_tells_which_is_gold(world: World, clock: Clock) -> None:
    project = world.project(gold_rate=0.4)
    world.add(project, [world.row(gold={"label": "cat"}) if n % 3 == 0 else world.row() for n in range(90)])
    clock.advance(3600)
    places: list[int] = []
    moments = []
    for who in world.people(6):
        held = world.take(who, project, 10)
        gold = {g.public_id for g in golds_of(world, who)}
        places += [i for i, h in enumerate(held) if h.id in gold]
        moments += [h.id[:13] for h in held]
    assert len(set(places)) > 5, "gold stands anywhere in a claim of many"
    assert len(set(moments)) == 1, "the moment in an id is that of the task, not of the claim"
    listed = world.write(lambda tx: held_by_me(tx, who))
    last = [h.id for h in listed][-len(gold) :]
    assert len(gold) == 0 or set(last) != gold or len(gold) == len(listed)


# --- limits -----------------------------------------------------------------------------------------


def test_a_ceiling_ends_what_a_provider_is_handed(world: World) -> None:
    world.provider("Acme")
    project = world.project(providers=["in-house", {"name": "acme", "ceiling": 3}])
    world.tasks(project, 10)
    first, second = world.people(2, "acme")
    assert len(world.take(first, project, 2)) == 2
    assert len(world.take(second, project, 10)) == 1
    assert world.take(first, project, 10) == []
    (mine,) = world.people(1)
    assert len(world.take(mine, project, 10)) == 7


def test_a_ceiling_of_zero_hands_out_nothing(world: World) -> None:
    world.provider("Acme")
    project = world.project(providers=["in-house", {"name": "acme", "ceiling": 0}])
    world.tasks(project, 3)
    (who,) = world.people(1, "acme")
    assert world.take(who, project) == []


def test_a_share_ends_what_a_provider_is_handed(world: World) -> None:
    world.provider("Acme")
    project = world.project(answers=1, providers=["in-house", {"name": "acme", "share": 0.29}])
    world.tasks(project, 100)
    (who,) = world.people(1, "acme")
    assert world.answer(who, project) == 29


def test_a_budget_ends_what_is_paid_for(world: World) -> None:
    world.provider("Acme", price="0.30")
    project = world.project(budget="1.00")
    world.tasks(project, 10)
    first, second = world.people(2, "acme")
    assert len(world.take(first, project, 2)) == 2
    assert len(world.take(second, project, 5)) == 1
    assert world.take(second, project) == []
    (free,) = world.people(1)
    assert len(world.take(free, project, 10)) == 7


def test_the_price_is_that_of_the_claim(world: World) -> None:
    world.provider("Acme", price="0.30")
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1, "acme")
    (held,) = world.take(who, project)
    world.change("acme", price="0.90")
    world.submit(who, held)
    assert world.one(sa.select(t.judgment.c.price)) == 300_000


# --- different providers --------------------------------------------------------------------------------


def test_two_providers_of_one_owner_are_one_source(world: World) -> None:
    world.provider("Acme", owner="Holding")
    world.provider("Acme East", owner="Holding")
    world.provider("Borealis", interests=[{"organisation": "Holding", "share": 0.4}])
    project = world.project(answers=2, different_providers=True)
    world.tasks(project, 3)
    (acme,), (east,), (other,) = (world.people(1, p) for p in ("acme", "acme-east", "borealis"))
    assert world.answer(acme, project) == 3
    assert world.take(east, project) == []
    assert world.answer(other, project) == 3


def test_two_people_of_one_provider_are_one_source(world: World) -> None:
    project = world.project(answers=2, different_providers=True)
    world.tasks(project, 2)
    first, second = world.people(2)
    assert len(world.take(first, project, 5)) == 2
    assert world.take(second, project, 5) == []


def test_what_the_same_source_returned_is_found_again(world: World) -> None:
    world.provider("Acme", owner="Holding")
    world.provider("Acme East", owner="Holding")
    project = world.project(answers=2, different_providers=True)
    world.tasks(project, 2)
    (acme,), (east,) = world.people(1, "acme"), world.people(1, "acme-east")
    held = world.take(acme, project, 2)
    assert world.take(east, project) == []
    world.give_back(acme, held[0])
    assert [h.task for h in world.take(east, project, 5)] == [held[0].task]
