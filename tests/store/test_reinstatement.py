"""May a provider that was left come back, and only when what must then hold does?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid
from steelyard.domain.ids import new_id
from steelyard.domain.times import format_time
from steelyard.exit.reinstate import reinstate
from steelyard.providers.registry import find_provider
from steelyard.providers.reinstatement import reinstatement, unmet
from steelyard.store import tables as t
from steelyard.work import standing
from steelyard.work.organisations import organisation_named

# For what hangs on no statement of its own: the same on either database.
once = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DAY = 24 * 3600


@pytest.fixture
def project(world: World) -> sa.Row:
    """A project that Acme worked on before it was left."""
    world.provider("Acme", price="0.10")
    project = world.project(answers=1, conflicts=["Rival"])
    world.tasks(project, 2)
    world.answer(world.person("ann", "acme"), project, most=1)
    return project


def leave(world: World, *, state: str = "done", holds: bool | None = True, keys: bool = True) -> None:
    """Acme is left, as an exit and its certificate would have it."""
    world.change("acme", status="exited")
    acme = world.provider_row("acme")
    people = sa.select(t.person.c.id).where(t.person.c.provider_id == acme.id)

    def write(tx: Any) -> None:
        tx.execute(
            sa.insert(t.exit).values(
                public_id=new_id(tx.now),
                provider_id=acme.id,
                person_id=world.owner.person_id,
                state=state,
                plan={},
                certificate=None if holds is None else {"holds": holds},
                at=tx.now,
            )
        )
        if keys:
            tx.execute(
                sa.update(t.api_key).where(t.api_key.c.person_id.in_(people)).values(revoked_at=tx.now)
            )

    world.write(write)


def back(world: World, **raw: Any) -> sa.Row:
    return world.write(lambda tx: reinstate(tx, world.owner, "acme", raw))


def told(world: World) -> dict[str, Any]:
    return world.database.read(lambda tx: reinstatement(tx, find_provider(tx, "acme")))


def missing(world: World) -> list[str]:
    return [condition["name"] for condition in told(world)["conditions"] if not condition["holds"]]


def detail(world: World, name: str) -> str:
    return next(c["detail"] for c in told(world)["conditions"] if c["name"] == name)


def contract(world: World, **fields: Any) -> None:
    world.write(
        lambda tx: tx.execute(
            sa.update(t.provider).where(t.provider.c.slug == "acme").values(contract=fields)
        )
    )


def gold_answers(world: World, clock: Clock, project: sa.Row, right: int, wrong: int, name: str) -> None:
    """So many answers of gold by a new annotator of Acme."""
    who = world.person(name, "acme")
    if world.provider_row("acme").status == "active":
        world.change("acme", status="trial")
    world.gold(project, right + wrong)
    held = world.take(who, project, right + wrong)
    assert len(held) == right + wrong
    for i, one in enumerate(held):
        world.submit(who, one, "cat" if i < right else "dog")
    clock.advance(1)


def test_one_that_was_left_cleanly_comes_back_on_trial(world: World, project: sa.Row) -> None:
    leave(world)
    found = told(world)
    assert (found["next"], found["may"]) == ("trial", True)
    assert missing(world) == ["gold"], "what is judged on trial is told before"
    assert back(world, because="A new owner").status == "trial"
    (change,) = world.all(sa.select(t.provider_change).order_by(t.provider_change.c.id.desc()).limit(1))
    assert change.change == {"status": {"from": "exited", "to": "trial"}, "because": "A new owner"}
    assert change.person_id == world.owner.person_id
    assert told(world)["next"] == "active"


@once
def test_setting_the_status_is_the_same(world: World, project: sa.Row) -> None:
    leave(world, holds=False)
    with pytest.raises(Conflict) as refused:
        world.change("acme", status="trial")
    assert refused.value.code == "conditions"
    assert world.provider_row("acme").status == "exited"
    with pytest.raises(Conflict):
        world.change("acme", status="active")


@once
def test_never_straight_to_active(world: World, project: sa.Row) -> None:
    leave(world)
    with pytest.raises(Conflict) as refused:
        world.change("acme", status="active")
    assert refused.value.code == "illegal_move"


@once
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"state": "running", "holds": None}, "still running"),
        ({"holds": None}, "no certificate"),
        ({"holds": False}, "did not hold"),
    ],
)
def test_its_exit_must_be_finished_and_certified(
    world: World, project: sa.Row, how: dict[str, Any], said: str
) -> None:
    leave(world, **how)
    assert "left" in missing(world)
    assert said in detail(world, "left")
    with pytest.raises(Conflict) as refused:
        back(world)
    assert refused.value.code == "conditions"
    assert said in refused.value.message


@once
def test_one_that_was_only_stopped_has_no_certificate(world: World, project: sa.Row) -> None:
    world.change("acme", status="exited")
    assert "without an exit" in detail(world, "left")


def test_a_rival_behind_it_is_named_with_its_chain(world: World, project: sa.Row) -> None:
    leave(world)
    world.change("acme", interests=[{"organisation": "Meridian", "share": 0.4}])
    assert missing(world) == ["gold"]

    def buy(tx: Any) -> None:
        tx.hold_showing()
        rival, meridian = organisation_named(tx, "Rival"), organisation_named(tx, "Meridian")
        tx.execute(
            sa.insert(t.interest).values(
                holder_id=rival, organisation_id=meridian, share=500_000, recorded_at=tx.now
            )
        )
        standing.changed(tx)

    world.write(buy)
    assert missing(world) == ["no_conflict", "gold"]
    said = detail(world, "no_conflict")
    assert said.startswith("For Pets: Rival")
    assert "20 %" in said
    assert "Meridian" in said
    world.patch(project, stake=0.5)
    assert missing(world) == ["gold"]


@once
def test_a_conflict_with_what_it_never_worked_on_does_not_count(world: World, project: sa.Row) -> None:
    world.project("Other", conflicts=["Foe"], sensitivity="secret")
    world.change("acme", interests=[{"organisation": "Foe", "share": 1}])
    leave(world)
    assert missing(world) == ["gold"]


def test_keys_of_before_must_have_ended_and_new_ones_do_not_count(world: World, project: sa.Row) -> None:
    leave(world, keys=False)
    assert "keys" in missing(world)
    assert "Keys of before that are valid: 1; sessions: 0." in detail(world, "keys")
    world.write(lambda tx: tx.execute(sa.update(t.api_key).values(revoked_at=tx.now)))
    back(world)
    world.key("ann", provider="acme")
    assert missing(world) == ["gold"]


@once
def test_a_contract_that_is_recorded_must_be_in_force(world: World, project: sa.Row, clock: Clock) -> None:
    leave(world)
    today = format_time(world.database.read(lambda tx: tx.now))[:10]
    contract(world, reference="MSA 7")
    assert missing(world) == ["gold"]
    contract(world, starts="2020-01-01", ends=today)
    assert missing(world) == ["gold"], "its last day is in it"
    clock.advance(DAY)
    assert "contract" in missing(world)
    assert f"ended on {today}" in detail(world, "contract")
    contract(world, starts="2999-01-01")
    assert "starts on 2999-01-01" in detail(world, "contract")
    contract(world, ends="some day")
    assert "contract" in missing(world)


@once
def test_its_clearance_must_cover_what_it_worked_on(world: World, project: sa.Row) -> None:
    leave(world)
    world.patch(project, sensitivity="secret")
    assert "clearance" in missing(world)
    assert detail(world, "clearance") == "Pets is secret, it is cleared for internal."
    world.change("acme", clearance="secret")
    assert missing(world) == ["gold"]


def test_on_trial_it_must_show_that_it_is_as_good_as_it_was(
    world: World, project: sa.Row, clock: Clock
) -> None:
    gold_answers(world, clock, project, 16, 4, "before")  # 0.80
    leave(world)
    back(world)
    with pytest.raises(Conflict) as refused:
        world.change("acme", status="active")
    assert refused.value.code == "conditions"
    gold_answers(world, clock, project, 19, 0, "since")
    assert "19 of 19 gold answers" in detail(world, "gold")
    assert missing(world) == ["gold"], "one short of twenty"
    gold_answers(world, clock, project, 1, 0, "last")
    assert "0.750 in at least 20 is needed (0.800 before it was left, minus 5 points)" in detail(
        world, "gold"
    )
    assert (told(world)["may"], missing(world)) == (True, [])
    assert world.change("acme", status="active").provider.status == "active"
    assert told(world)["next"] is None


@once
def test_being_as_good_must_be_certain_not_likely(world: World, project: sa.Row, clock: Clock) -> None:
    gold_answers(world, clock, project, 16, 4, "before")
    leave(world)
    back(world)
    gold_answers(world, clock, project, 18, 2, "since")  # 0.9, but at least 0.699 with confidence
    assert missing(world) == ["gold"]


def test_where_little_is_known_of_before_seven_in_ten_are_needed(
    world: World, project: sa.Row, clock: Clock
) -> None:
    gold_answers(world, clock, project, 3, 0, "before")
    leave(world)
    back(world)
    gold_answers(world, clock, project, 18, 2, "since")
    assert "0.700 in at least 20 is needed (only 3 gold answers are known from before)" in detail(
        world, "gold"
    )
    assert missing(world) == ["gold"]
    gold_answers(world, clock, project, 4, 0, "more")
    assert missing(world) == []


@once
def test_on_its_way_back_it_cannot_go_round_by_a_stop(world: World, project: sa.Row) -> None:
    leave(world)
    back(world)
    world.change("acme", status="suspended")
    with pytest.raises(Conflict):
        world.change("acme", status="active")
    world.change("acme", status="trial")
    with pytest.raises(Conflict):
        world.change("acme", status="active")


@once
def test_one_that_has_been_active_again_is_as_any_other(world: World, project: sa.Row) -> None:
    leave(world)
    back(world)
    world.change("acme", status="active", force=True, because="The board wants it")
    world.change("acme", status="suspended")
    assert world.change("acme", status="active").provider.status == "active"
    row = world.provider_row("acme")
    assert world.database.read(lambda tx: unmet(tx, row)) == []


def test_an_owners_reason_stands_for_what_does_not_hold_and_is_recorded(
    world: World, project: sa.Row
) -> None:
    leave(world, holds=False)
    with pytest.raises(Invalid) as wrong:
        back(world, force=True)
    assert [p.pointer for p in wrong.value.problems] == ["/because"]
    back(world, force=True, because="Nobody else speaks Basque")
    (change,) = world.all(sa.select(t.provider_change).order_by(t.provider_change.c.id.desc()).limit(1))
    assert change.change["because"] == "Nobody else speaks Basque"
    assert change.change["forced"] == ["left"]


@once
def test_a_manager_takes_the_last_step_when_all_holds_and_no_other(
    world: World, project: sa.Row, clock: Clock
) -> None:
    from steelyard.providers.registry import update_provider

    mia = world.person("mia", role="manager")

    def by_mia(**patch: Any) -> Any:
        return world.write(lambda tx: update_provider(tx, mia, "acme", patch))

    leave(world)
    with pytest.raises(Forbidden):
        by_mia(status="trial")
    with pytest.raises(Forbidden):
        world.write(lambda tx: reinstate(tx, mia, "acme", {}))
    back(world)
    with pytest.raises(Forbidden):
        by_mia(status="active", force=True, because="I say so")
    gold_answers(world, clock, project, 20, 0, "since")
    assert by_mia(status="active").provider.status == "active"


@once
@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ({"because": ""}, "/because"),
        ({"because": 5}, "/because"),
        ({"force": "yes"}, "/force"),
        ({"x": 1}, "/x"),
    ],
)
def test_what_is_wrong_is_named(world: World, project: sa.Row, raw: dict[str, Any], pointer: str) -> None:
    leave(world)
    with pytest.raises(Invalid) as wrong:
        back(world, **raw)
    assert [p.pointer for p in wrong.value.problems] == [pointer]


@once
def test_only_who_was_left_comes_back(world: World, project: sa.Row) -> None:
    with pytest.raises(Conflict) as refused:
        back(world)
    assert refused.value.code == "not_left"
    assert (told(world)["may"], told(world)["conditions"]) == (False, [])
    with pytest.raises(Invalid):
        world.change("acme", status="suspended", because="late")
    world.change("acme", status="suspended")
    assert world.change("acme", status="active").provider.status == "active", "a stop asks for nothing"
