"""What does a person know, who works together, and from when on does it count?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from steelyard.identity.people import describe_people, find_person, list_people, update_person
from steelyard.identity.policy import Principal
from steelyard.identity.sessions import sign_in_with_key
from steelyard.identity.teams import create_team, describe_teams, list_teams, update_team
from steelyard.store import tables as t
from steelyard.work.lanes import Demands, lane_for
from steelyard.work.team_end import end_team


def shown(world: World, who: Principal) -> dict[str, Any]:
    return world.database.read(lambda tx: describe_people(tx, [find_person(tx, who.person)], teams=True)[0])


def change(world: World, who: Principal, by: Principal | None = None, **patch: Any) -> sa.Row:
    return world.write(lambda tx: update_person(tx, by or world.owner, who.person, patch))


def team(world: World, name: str, *people: Principal) -> sa.Row:
    return world.write(lambda tx: create_team(tx, world.owner, name, [p.person for p in people]))


def give(world: World, project: sa.Row, demands: Demands) -> int:
    """Makes all that waits in a project demand this; the lane's row key."""

    def do(tx: Any) -> int:
        lane = lane_for(tx, project.id, demands)
        tx.execute(
            sa.update(t.assignment).where(t.assignment.c.project_id == project.id).values(lane_id=lane)
        )
        return lane

    return world.write(do)


def test_what_a_person_knows_is_kept_in_one_writing(world: World) -> None:
    ann = world.person("ann")
    change(world, ann, skills=["  Law", "medical", "LAW "], languages=["de", "EN"], email="Ann@Lab.example")
    found = shown(world, ann)
    assert (found["skills"], found["languages"]) == (["law", "medical"], ["de", "en"])
    assert found["email"] == "ann@lab.example"
    change(world, ann, skills=None, email=None)
    found = shown(world, ann)
    assert (found["skills"], found["languages"], found["email"]) == ([], ["de", "en"], None)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"skills": "law"}, "/skills"),
        ({"skills": [" "]}, "/skills"),
        ({"languages": [1]}, "/languages"),
        ({"email": "nobody"}, "/email"),
        ({"name": "Bob"}, "/name"),
        ({"provider": "acme"}, "/provider"),
    ],
)
def test_a_wrong_field_of_a_person_is_named(world: World, patch: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        change(world, world.person("ann"), **patch)
    assert [p.pointer for p in refused.value.problems] == [pointer]


def test_an_address_belongs_to_one_person(world: World) -> None:
    ann, bob = world.person("ann"), world.person("bob")
    change(world, ann, email="a@lab.example")
    with pytest.raises(Conflict):
        change(world, bob, email="A@LAB.example")
    change(world, ann, email="A@lab.example")


@pytest.mark.one_database
def test_the_house_says_what_people_know_and_a_vendors_lead_reads_it(world: World) -> None:
    world.provider("Acme")
    lead, hand = world.person("lea", "acme", "manager"), world.person("hal", "acme")
    change(world, hand, world.person("mia", role="manager"), skills=["law"])
    for who in (lead, hand, world.person("rob", role="reviewer"), world.person("tia", "acme", mode="test")):
        with pytest.raises(Forbidden):
            change(world, hand, who, skills=[])
    with pytest.raises(Forbidden):  # what both worlds share is changed from the live one
        change(world, hand, world.person("tom", role="owner", mode="test"), skills=[])
    assert shown(world, hand)["skills"] == ["law"]


def test_a_gained_skill_counts_at_the_next_claim_and_a_lost_one_takes_nothing_back(world: World) -> None:
    project = world.project(skills=["law"])
    world.tasks(project, 2)
    ann = world.person("ann")
    assert world.take(ann, project, 2) == []
    change(world, ann, skills=["law"])
    [held] = world.take(ann, project)
    change(world, ann, skills=[])
    assert world.submit(ann, held).judgment
    assert world.take(ann, project) == []


def test_how_far_somebody_has_looked_is_forgotten_when_they_gain_something(world: World) -> None:
    project = world.project()
    world.tasks(project, 2)
    ann, bob = world.people(2)
    for who in (ann, bob):
        world.take(who, project)
    mine = t.queue_cursor.c.annotator_id == ann.annotator_id
    assert world.count(t.queue_cursor, mine) > 0
    change(world, ann, email="a@lab.example", skills=[])
    assert world.count(t.queue_cursor, mine) > 0
    change(world, ann, languages=["de"])
    assert world.count(t.queue_cursor, mine) == 0
    assert world.count(t.queue_cursor) > 0


def test_a_team_is_people_however_they_are_named(world: World) -> None:
    ann, bob = world.person("ann"), world.person("bob")
    made = world.write(lambda tx: create_team(tx, world.owner, "Night", [ann.person, " BOB", "ann"]))
    [found] = world.database.read(lambda tx: describe_teams(tx, [made]))
    assert [p["name"] for p in found["people"]] == ["ann", "bob"]
    assert shown(world, bob)["teams"] == [{"id": made.public_id, "name": "Night"}]
    world.write(
        lambda tx: update_team(tx, world.owner, made.public_id, {"name": "Day", "people": [ann.person]})
    )
    assert shown(world, bob)["teams"] == []
    assert shown(world, ann)["teams"] == [{"id": made.public_id, "name": "Day"}]
    for name, people, pointer in (("", [], "/name"), ("X", ["ann", "eve"], "/people/1"), ("X", 3, "/people")):
        with pytest.raises(Invalid) as refused:
            world.write(lambda tx, n=name, p=people: create_team(tx, world.owner, n, p))
        assert refused.value.problems[0].pointer == pointer
    with pytest.raises(Conflict):
        team(world, " DAY ")


def test_whoever_joins_a_team_takes_what_waits_for_it(world: World) -> None:
    project = world.project()
    world.tasks(project, 2)
    ann, bob = world.people(2)
    night = team(world, "Night", ann)
    give(world, project, Demands(team=night.public_id))
    assert world.take(bob, project) == []
    assert len(world.take(ann, project)) == 1
    world.write(lambda tx: update_team(tx, world.owner, night.public_id, {"people": [bob.person]}))
    assert len(world.take(bob, project)) == 1
    assert world.take(ann, project) == []


def test_a_team_for_which_work_waits_is_given_up_only_on_purpose(world: World) -> None:
    project = world.project()
    world.tasks(project, 3)
    ann, bob = world.people(2)
    change(world, ann, skills=["law"])
    night = team(world, "Night", ann)
    lane = give(world, project, Demands(skills=("law",), team=night.public_id))
    [held] = world.take(ann, project)
    with pytest.raises(Conflict, match="work of 1 project waits"):
        world.write(lambda tx: end_team(tx, world.owner, night.public_id))
    assert world.write(lambda tx: end_team(tx, world.owner, night.public_id, force=True)) == 1
    assert world.all(sa.select(t.team)) == []
    assert world.take(bob, project) == [], "the skill is demanded still"
    change(world, bob, skills=["law"])
    assert len(world.take(bob, project)) == 1
    world.submit(ann, held)
    assert world.one(sa.select(t.lane.c.demands).where(t.lane.c.id == lane)) == {"skills": ["law"]}
    with pytest.raises(NotFound):
        world.write(lambda tx: end_team(tx, world.owner, night.public_id))


def test_a_team_for_which_work_is_staged_is_given_up_only_on_purpose(world: World) -> None:
    project = world.project()
    night = team(world, "Night", world.person("ann"))
    world.batch(project, "Monday", staged=True)
    world.tasks(project, 1, batch="Monday", assign_to={"team": "Night"})
    with pytest.raises(Conflict) as waits:
        world.write(lambda tx: end_team(tx, world.owner, night.public_id))
    assert waits.value.code == "team_has_work"
    assert world.write(lambda tx: end_team(tx, world.owner, night.public_id, force=True)) == 1


def test_a_team_without_work_is_given_up_and_its_name_is_free(world: World) -> None:
    project = world.project()
    ann = world.person("ann")
    night = team(world, "Night", ann)
    give(world, project, Demands(team=night.public_id))
    assert world.write(lambda tx: end_team(tx, world.owner, "night", by_name=True)) == 0
    team(world, "Night", ann)


def test_people_are_listed_in_pages_by_provider_and_name(world: World) -> None:
    world.provider("Acme")
    people = [*world.people(3), *world.people(2, "acme")]
    names = ["olga", *(p.name for p in people)]

    def walk(**more: Any) -> list[str]:
        found, after = [], 0
        while after is not None:
            page = world.database.read(lambda tx, at=after: list_people(tx, after=at, limit=2, **more))
            assert len(page.rows) <= 2
            found += [row.name for row in page.rows]
            after = page.next
        return found

    assert walk() == names
    assert walk(provider_id=people[-1].provider_id) == names[-2:]
    assert walk(name="WORKER 1") == ["worker 1"]
    assert [row.name for row in world.database.read(lambda tx: list_teams(tx)).rows] == []


def test_a_person_shows_when_it_was_last_seen(world: World, clock: Clock) -> None:
    project = world.project()
    world.tasks(project, 1)
    key = world.key("ann")
    ann = world.person("ann")
    assert (shown(world, ann)["keys"], shown(world, ann)["last_active_at"]) == (2, None)
    world.write(lambda tx: sign_in_with_key(tx, key))
    signed_in = shown(world, ann)["last_active_at"]
    clock.advance(60)
    world.answer(ann, project)
    assert shown(world, ann)["last_active_at"] > signed_in
