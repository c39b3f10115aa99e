"""Work goes to whom it asks for: skills, languages, a person, a team."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Conflict, Invalid
from steelyard.domain.ids import new_id
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.assign import Assigned, assign, open_lanes_of
from steelyard.work.giveback import give_back


def knows(world: World, who: Principal, *, skills: Any = (), languages: Any = ()) -> None:
    change = sa.update(t.person).where(t.person.c.id == who.person_id)
    world.write(lambda tx: tx.execute(change.values(skills=list(skills), languages=list(languages))))


def team(world: World, name: str, *people: Principal) -> None:
    def make(tx):
        key = tx.added(
            sa.insert(t.team).values(
                public_id=new_id(tx.now), name=name, name_key=name.lower(), created_at=tx.now
            )
        )
        for who in people:
            tx.execute(sa.insert(t.team_member).values(team_id=key, person_id=who.person_id, at=tx.now))

    world.write(make)


def given(world: World, project: sa.Row, tasks: list[str], to: Any) -> Assigned:
    return world.write(lambda tx: assign(tx, world.owner, project, tasks, to))


def taken(world: World, who: Principal, project: sa.Row, count: int = 20) -> list[str]:
    return [held.task for held in world.take(who, project, count)]


def test_a_task_that_asks_for_a_skill_goes_to_those_who_have_it(world: World) -> None:
    project = world.project()
    (law,) = world.tasks(project, 1, skills=["Law "])
    (plain,) = world.tasks(project, 1)
    lay, lawyer = world.people(2)
    knows(world, lawyer, skills=["law"])
    assert taken(world, lay, project) == [plain]
    assert taken(world, lawyer, project) == [law]


def test_every_skill_and_language_must_be_there(world: World) -> None:
    project = world.project()
    world.tasks(project, 1, skills=["law"], languages=["de", "fr"])
    half, whole = world.people(2)
    knows(world, half, skills=["law"], languages=["de"])
    knows(world, whole, skills=["law", "tax"], languages=["de", "en", "fr"])
    assert taken(world, half, project) == []
    assert len(taken(world, whole, project)) == 1


def test_a_project_that_asks_of_everybody_says_what_is_lacking(world: World) -> None:
    project = world.project(skills=["Radiology"], languages=["en"])
    world.tasks(project, 1)
    one, other = world.people(2)
    knows(world, other, skills=["radiology"], languages=["en"])
    refused = world.claim(one, project)
    assert (refused.held, refused.code) == ([], "nothing")
    assert refused.because == "This project asks for the skill radiology and the language en."
    assert len(taken(world, other, project)) == 1


def test_priority_comes_before_the_lane(world: World) -> None:
    project = world.project()
    (low,) = world.tasks(project, 1, skills=["law"], priority=1)
    (high,) = world.tasks(project, 1, priority=5)
    (lawyer,) = world.people(1)
    knows(world, lawyer, skills=["law"])
    assert taken(world, lawyer, project) == [high, low]


def test_what_is_given_to_a_person_waits_for_that_person_and_comes_first(world: World) -> None:
    project = world.project()
    first, second, third = world.tasks(project, 3)
    anna, ben = world.people(2)
    assert given(world, project, [third], {"person": anna.name}) == Assigned(1, 1)
    assert taken(world, ben, project) == [first, second]
    assert taken(world, anna, project) == [third]


def test_of_several_answers_one_is_the_person_s(world: World) -> None:
    project = world.project(answers=3)
    (task,) = world.tasks(project, 1)
    anna, ben, cleo = world.people(3)
    given(world, project, [task], {"person": anna.person})
    assert [taken(world, who, project) for who in (ben, cleo, anna)] == [[task]] * 3


def test_what_is_given_to_a_team_goes_to_its_members(world: World) -> None:
    project = world.project()
    inside, outside = world.people(2)
    team(world, "Lawyers", inside)
    (task,) = world.tasks(project, 1, assign_to={"team": "lawyers"})
    assert taken(world, outside, project) == []
    assert taken(world, inside, project) == [task]


def test_a_task_comes_in_for_a_person(world: World) -> None:
    project = world.project()
    anna, ben = world.people(2)
    (task,) = world.tasks(project, 1, assign_to={"person": anna.name})
    assert taken(world, ben, project) == []
    assert taken(world, anna, project) == [task]


def test_given_back_to_everybody_it_is_everybody_s(world: World) -> None:
    project = world.project()
    tasks = world.tasks(project, 2)
    anna, ben = world.people(2)
    given(world, project, tasks, {"person": anna.name})
    assert taken(world, ben, project) == []
    assert given(world, project, tasks[:1], None) == Assigned(1, 1)
    assert taken(world, ben, project) == tasks[:1]


def test_what_a_person_returns_goes_to_the_others(world: World) -> None:
    project = world.project()
    tasks = world.tasks(project, 1)
    anna, ben = world.people(2)
    given(world, project, tasks, {"person": anna.name})
    (held,) = world.take(anna, project)
    world.give_back(anna, held)
    assert taken(world, anna, project) == []
    assert taken(world, ben, project) == tasks


def test_what_is_returned_to_anyone_may_come_again(world: World) -> None:
    project = world.project()
    tasks = world.tasks(project, 1)
    (anna,) = world.people(1)
    (held,) = world.take(anna, project)
    world.write(lambda tx: give_back(tx, anna, held.id, "later", "anyone"))
    assert taken(world, anna, project) == tasks


def test_held_work_stays_in_its_hands(world: World) -> None:
    project = world.project()
    tasks = world.tasks(project, 2)
    anna, ben = world.people(2)
    (held,) = world.take(ben, project)
    assert given(world, project, tasks, {"person": anna.name}) == Assigned(2, 1)
    world.submit(ben, held)
    assert taken(world, anna, project) == tasks[1:]


def test_nothing_is_given_to_somebody_who_could_never_take_it(world: World) -> None:
    project = world.project()
    (task,) = world.tasks(project, 1, skills=["law"])
    (anna,) = world.people(1)
    with pytest.raises(Invalid) as refused:
        given(world, project, [task], {"person": anna.name})
    assert refused.value.problems[0].pointer == "/to/person"
    world.provider("Vendor", status="suspended")
    vera = world.person("vera", "vendor")
    with pytest.raises(Conflict, match="may not be shown"):
        given(world, project, [task], {"person": vera.name})


@pytest.mark.parametrize(
    ("tasks", "to", "pointer"),
    [
        ([], None, "/tasks"),
        (["x"], None, "/tasks"),
        (["0" * 24], None, "/tasks/0"),
        (None, {"person": "nobody"}, "/to/person"),
        (None, {"team": 5}, "/to/team"),
        (None, {"person": "a", "team": "b"}, "/to"),
        (None, [], "/to"),
    ],
)
def test_what_is_wrong_is_told(world: World, tasks: Any, to: Any, pointer: str) -> None:
    project = world.project()
    tasks = world.tasks(project, 1) if tasks is None else tasks
    with pytest.raises(Invalid) as refused:
        given(world, project, tasks, to)
    assert refused.value.problems[0].pointer == pointer


def test_work_of_people_whose_provider_is_left_is_everybody_s(world: World) -> None:
    project = world.project()
    vendor = world.provider("Vendor")
    vera = world.person("vera", "vendor")
    first = world.tasks(project, 1, assign_to={"person": "vera"})
    (ben,) = world.people(1)
    assert taken(world, ben, project) == []
    assert world.write(lambda tx: open_lanes_of(tx, vendor.id)) == 1
    assert taken(world, ben, project) == first
    again = world.tasks(project, 1, assign_to={"person": "vera"})
    assert taken(world, ben, project) == []
    assert taken(world, vera, project) == again


def test_a_task_that_comes_in_for_a_person_waits_for_everybody_with_its_other_answers(world: World) -> None:
    project = world.project(answers=2)
    anna, ben, cleo = world.people(3)
    (task,) = world.tasks(project, 1, assign_to={"person": anna.name})
    assert taken(world, ben, project) == [task]
    assert taken(world, cleo, project) == []
    assert taken(world, anna, project) == [task]
