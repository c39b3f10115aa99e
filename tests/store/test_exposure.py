"""How much was shown to whom? Every showing counts, however it ended."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.store import tables as t
from steelyard.work import exposure, showings
from steelyard.work.claim import claim
from steelyard.work.showings import Which


def listed(world: World, provider: sa.Row, limit: int = 1000) -> list[dict]:
    found, after = [], 0
    while True:
        here = after
        items, following = world.database.read(
            lambda tx, here=here: showings.listing(tx, Which("live", provider.id), here, limit)
        )
        found += items
        if following is None:
            return found
        assert len(items) == limit
        after = following


def counts(world: World, provider: sa.Row, mode: str = "live", **narrowed: Any) -> dict:
    which = Which(mode, provider.id, **narrowed)
    return world.database.read(lambda tx: exposure.count(tx, which))


@pytest.fixture
def acme(world: World) -> sa.Row:
    return world.provider("Acme", clearance="secret")


def test_each_claim_is_one_exposure_in_the_same_transaction(world: World, acme: sa.Row) -> None:
    project = world.project()
    tasks = world.tasks(project, 5)
    (who,) = world.people(1, "acme")
    held = world.take(who, project, 3)
    rows = world.all(sa.select(t.exposure).order_by(t.exposure.c.id))
    assert [r.assignment for r in rows] == [h.id for h in held]
    assert {(r.provider_id, r.annotator_id) for r in rows} == {(acme.id, who.annotator_id)}
    assert [i["task"] for i in listed(world, acme)] == tasks[:3]


def test_a_claim_that_is_rolled_back_showed_nothing(world: World, acme: sa.Row) -> None:
    project = world.project()
    world.tasks(project, 2)
    (who,) = world.people(1, "acme")

    def write(tx) -> None:
        assert claim(tx, who, project, 2).held
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.write(write)
    assert listed(world, acme) == []
    assert len(world.take(who, project, 2)) == 2


def test_an_empty_claim_shows_nothing(world: World, acme: sa.Row) -> None:
    project = world.project()
    (who,) = world.people(1, "acme")
    world.take(who, project)
    assert counts(world, acme)["showings"] == 0
    assert counts(world, acme)["first"] is None


def test_what_is_fetched_ahead_of_an_answer_counts(world: World, acme: sa.Row) -> None:
    project = world.project()
    world.tasks(project, 5)
    (who,) = world.people(1, "acme")
    (held,) = world.take(who, project)
    world.submit(who, held, claim_next=3)
    assert counts(world, acme)["tasks"] == 4


def test_what_was_recalled_returned_or_lapsed_was_seen_all_the_same(
    world: World, acme: sa.Row, clock: Clock
) -> None:
    project = world.project(lease_s=5)
    world.tasks(project, 6)
    (who,) = world.people(1, "acme")
    held = world.take(who, project, 3)
    world.give_back(who, held[0])
    clock.advance(10)
    assert world.expire() == 2
    world.take(who, project, 2)
    world.change("acme", status="suspended")
    found = counts(world, acme)
    assert (found["tasks"], found["showings"]) == (3, 5), "two were shown twice"


def test_gold_counts_as_what_it_is_shown_as(world: World, acme: sa.Row) -> None:
    project = world.project()
    world.gold(project, 3)
    world.change("acme", status="trial")
    (who,) = world.people(1, "acme")
    world.take(who, project, 5)
    assert counts(world, acme)["tasks"] == 3


def test_counts_and_list_agree_and_are_told_by_project_and_sensitivity(world: World, acme: sa.Row) -> None:
    pets, secrets = world.project(answers=2), world.project("Secrets", sensitivity="secret")
    world.tasks(pets, 4)
    world.tasks(secrets, 2)
    for who in world.people(2, "acme"):
        world.take(who, pets, 4)
        world.take(who, secrets, 1)
    found = counts(world, acme)
    items = listed(world, acme)
    assert found["by_project"] == {"pets": 4, "secrets": 2}
    assert found["by_sensitivity"] == {"internal": 4, "secret": 2}
    assert (found["tasks"], found["showings"]) == (6, 10)
    assert len(items) == 10
    assert len({i["task"] for i in items}) == 6
    assert (found["first"], found["last"]) == (items[0]["at"], items[-1]["at"])


def test_a_claim_that_is_asked_again_shows_others_and_both_count(
    world: World, acme: sa.Row, clock: Clock
) -> None:
    project = world.project(lease_s=5)
    world.tasks(project, 3)
    (who,) = world.people(1, "acme")
    lost = world.take(who, project)  # the answer never arrived
    again = world.take(who, project)
    assert {h.task for h in lost}.isdisjoint(h.task for h in again)
    found = counts(world, acme)
    assert (found["tasks"], found["showings"]) == (2, 2), "nobody knows that it did not arrive"
    clock.advance(10)
    world.expire()
    assert [h.task for h in world.take(who, project)] == [lost[0].task]
    found = counts(world, acme)
    assert (found["tasks"], found["showings"]) == (2, 3), "shown once more is one more showing"


def test_the_list_is_read_in_pages_without_gap_or_overlap(world: World, acme: sa.Row) -> None:
    project = world.project()
    world.tasks(project, 7)
    (who,) = world.people(1, "acme")
    world.take(who, project, 7)
    whole = listed(world, acme)
    assert len(whole) == 7
    for limit in (1, 3, 7, 8):
        assert listed(world, acme, limit) == whole


def test_the_list_names_contents_by_salted_commitments(world: World, acme: sa.Row) -> None:
    project = world.project()
    same = {"content": {"blocks": [{"type": "text", "text": "the very same"}]}}
    world.add(project, [same, dict(same)])
    (who,) = world.people(1, "acme")
    world.take(who, project, 2)
    first, second = (i["content"] for i in listed(world, acme))
    assert first != second, "equal contents cannot be told to be equal"
    assert len(first) == 64


def test_the_worlds_are_counted_apart(world: World, acme: sa.Row) -> None:
    from dataclasses import replace

    from steelyard.domain.states import World as Mode

    (live,) = world.people(1, "acme")
    tester = world.person("acme 0", "acme", mode="test")
    assert tester.annotator_id == live.annotator_id
    owner = world.owner
    world.owner = replace(owner, world=Mode.TEST)
    project = world.project()
    world.tasks(project, 2)
    world.take(tester, project, 2)
    assert counts(world, acme)["tasks"] == 0
    assert counts(world, acme, "test")["tasks"] == 2


# --- how sensitive it was ---------------------------------------------------------------------------------


def test_a_showing_keeps_the_sensitivity_that_the_project_had(world: World, acme: sa.Row) -> None:
    project = world.project(answers=2)
    world.tasks(project, 4)
    one, other = world.people(2, "acme")
    world.take(one, project, 3)
    world.patch(project, sensitivity="secret")
    world.take(other, project, 2)
    found = counts(world, acme)
    assert found["by_sensitivity"] == {"internal": 3, "secret": 2}
    assert (found["tasks"], found["showings"]) == (len({i["task"] for i in listed(world, acme)}), 5)
    assert found["by_project"] == {"pets": found["tasks"]}
    assert [i["sensitivity"] for i in listed(world, acme)] == ["internal"] * 3 + ["secret"] * 2


def test_showings_from_before_it_was_written_down_follow_the_project(world: World, acme: sa.Row) -> None:
    project = world.project(sensitivity="restricted", answers=2)
    world.tasks(project, 3)
    (who, other) = world.people(2, "acme")
    world.take(who, project, 3)
    world.write(lambda tx: tx.execute(sa.update(t.exposure).values(sensitivity=None)))
    assert counts(world, acme)["by_sensitivity"] == {"restricted": 3}
    world.take(other, project, 1)
    found = counts(world, acme)
    assert (found["tasks"], found["showings"]) == (3, 4)
    assert found["by_sensitivity"] == {"restricted": 3}, "an old and a new showing of one task are one task"
    assert {i["sensitivity"] for i in listed(world, acme)} == {"restricted"}
    assert counts(world, acme, sensitivity="restricted")["showings"] == 4
    world.patch(project, sensitivity="public")
    assert counts(world, acme)["by_sensitivity"] == {"public": 3, "restricted": 1}
    assert counts(world, acme, sensitivity="public")["showings"] == 3
    assert counts(world, acme, sensitivity="restricted")["showings"] == 1


def test_counts_and_list_are_narrowed_alike(world: World, acme: sa.Row) -> None:
    pets, secrets = world.project(answers=2), world.project("Secrets", sensitivity="secret", answers=2)
    world.tasks(pets, 3)
    world.tasks(secrets, 2)
    people = world.people(2, "acme")
    for who in people:
        world.take(who, pets, 3)
        world.take(who, secrets, 1)
    for which, number in (
        (Which("live", acme.id, annotator_id=people[0].annotator_id), 4),
        (Which("live", acme.id, project_id=pets.id), 6),
        (Which("live", acme.id, sensitivity="secret"), 2),
        (Which("live", acme.id, project_id=pets.id, sensitivity="secret"), 0),
        (Which("live", acme.id, project_id=pets.id, annotator_id=people[1].annotator_id), 3),
    ):
        found = world.database.read(lambda tx, which=which: exposure.count(tx, which))
        items, _ = world.database.read(lambda tx, which=which: showings.listing(tx, which))
        assert (found["showings"], found["tasks"]) == (number, len({i["task"] for i in items})), which
        assert len(items) == number


def test_each_annotator_is_told_with_a_name_and_what_it_was_shown(world: World, acme: sa.Row) -> None:
    project = world.project(answers=3)
    world.tasks(project, 3)
    people = world.people(3, "acme")
    for n, who in enumerate(people[:2], 1):
        world.take(who, project, n)
    which = Which("live", acme.id)
    items, following = world.database.read(lambda tx: exposure.by_annotator(tx, which))
    assert [(i["name"], i["tasks"], i["showings"], i["by_sensitivity"]) for i in items] == [
        ("acme 0", 1, 1, {"internal": 1}),
        ("acme 1", 2, 2, {"internal": 2}),
    ], "who was shown nothing is not in the list"
    assert following is None
    first, after = world.database.read(lambda tx: exposure.by_annotator(tx, which, limit=1))
    second, end = world.database.read(lambda tx: exposure.by_annotator(tx, which, after or 0, limit=1))
    assert (first + second, end) == (items, None)
    mine = Which("live", annotator_id=people[1].annotator_id)
    assert world.database.read(lambda tx: exposure.count(tx, mine))["tasks"] == 2
