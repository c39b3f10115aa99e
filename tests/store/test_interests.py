"""Who holds whom? Organisations, their names, what they hold through others, and which of them are one."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from steelyard.providers.interests import set_installation_conflicts
from steelyard.providers.organisations import create_organisation, describe, update_organisation
from steelyard.providers.registry import Stopped, blocked, find_provider
from steelyard.store import tables as t
from steelyard.work.effect import Effect
from steelyard.work.organisations import named
from steelyard.work.projects import create_project, update_project
from steelyard.work.queue import refresh_cursors

LEI, OTHER_LEI = "5493001KJTIIGC8Y1R12", "HWUPKR0MPOU8FGXBT394"


def made(world: World, name: str, **fields: Any) -> str:
    """The id of a new organisation."""
    raw = {"name": name, **fields}
    return world.write(lambda tx: create_organisation(tx, world.owner, raw)[0].public_id)


def change(world: World, which: str, **patch: Any) -> Effect:
    """Changes the organisation of that id or name."""

    def do(tx) -> Effect:
        row = named(tx, which)
        return update_organisation(tx, world.owner, row.public_id if row else which, patch)[1]

    return world.write(do)


def shown(world: World, which: str) -> dict[str, Any]:
    def look(tx) -> dict[str, Any]:
        row = named(tx, which)
        assert row is not None, which
        return describe(tx, [row])[0]

    return world.database.read(look)


def stops(world: World, provider: str) -> list[Stopped]:
    return world.database.read(lambda tx: list(blocked(tx, find_provider(tx, provider).id).values()))


def held_by(organisation: str, share: float, **more: Any) -> dict[str, Any]:
    return {"organisation": organisation, "share": share, **more}


@pytest.fixture
def project(world: World) -> sa.Row:
    """Acme is held by Holding B, which nobody holds yet; the project is in conflict with Rival."""
    world.provider("Acme", owner="Holding B")
    return world.project(conflicts=["Rival"])


def test_a_stake_two_levels_up_stops_a_provider_and_the_reason_names_the_chain(
    world: World, project: sa.Row
) -> None:
    world.tasks(project, 5)
    (who,) = world.people(1, "acme")
    world.take(who, project, 3)
    assert change(world, "Holding B", interests=[held_by("Holding A", 0.49)]).stopped == ()
    effect = change(world, "Holding A", interests=[held_by("Rival", 0.5)])
    [stop] = effect.stopped
    assert (stop.at.provider, stop.at.project, stop.held) == ("acme", "pets", 3)
    assert stop.because == (
        "Rival, named in the conflicts, holds 24.5 % of Acme through Holding A (50 %) and Holding B (49 %)"
    )
    assert effect.recalled.count == 3
    assert world.claim(who, project).code == "stopped"
    effect = change(world, "Holding A", interests=[])
    assert [(p.provider, p.project) for p in effect.resumed] == [("acme", "pets")]
    assert world.take(who, project)


def test_one_stake_stops_every_provider_that_it_reaches(world: World, project: sa.Row) -> None:
    world.provider("Borealis", interests=[held_by("Holding B", 0.3)])
    world.provider("Cirrus", owner="Somebody else")
    other = world.project("Birds", conflicts=["Rival"], stake=0.2)
    effect = change(world, "Holding B", interests=[held_by("Rival", 0.6)])
    assert [(s.at.provider, s.at.project) for s in effect.stopped] == [
        ("acme", "pets"), ("acme", "birds"), ("borealis", "pets")
    ]  # fmt: skip
    assert effect.stopped[2].because == (
        "Rival, named in the conflicts, holds 18 % of Borealis through Holding B (60 %), "
        "which holds 30 % of Borealis"
    )
    world.patch(other, stake=0)
    reaches = {r["provider"]: r["share"] for r in shown(world, "Rival")["reaches"]}
    assert reaches == {"acme": 0.6, "borealis": 0.18}


def test_the_reason_tells_the_largest_chain_and_that_there_are_others(world: World, project: sa.Row) -> None:
    change(world, "Holding B", interests=[held_by("Rival", 0.4)])
    stakes = [held_by("Holding B", 0.5), held_by("Rival", 0.05)]
    assert world.change("acme", interests=stakes).stopped == [], "it was stopped already"
    [stopped] = stops(world, "acme")
    assert stopped.because == (
        "Rival, named in the conflicts, holds 25 % of Acme: 20 % through Holding B (40 %), "
        "which holds 50 % of Acme, the rest in other ways"
    )
    world.change("acme", interests=[held_by("Holding B", 0.5), held_by("Rival", 0.3)])
    [stopped] = stops(world, "acme")
    assert stopped.because == (
        "Rival, named in the conflicts, holds 50 % of Acme: 30 % directly, the rest in other ways"
    )


def test_a_chain_of_minority_stakes_is_an_interest_however_small(world: World, project: sa.Row) -> None:
    for below, above in (("Holding B", "H1"), ("H1", "H2"), ("H2", "H3")):
        change(world, below, interests=[held_by(above, 0.001)])
    [stop] = change(world, "H3", interests=[held_by("Rival", 0.001)]).stopped
    assert "holds 0.0001 % of Acme through H3 (0.1 %), H2 (0.1 %), H1 (0.1 %)" in stop.because


def test_what_stays_keeps_its_record_and_what_ends_stays_in_history(world: World) -> None:
    made(world, "Holding", interests=[held_by("A Fund", 0.2), held_by("B Fund", 0.1, since="2031-01-01")])
    before = world.all(sa.select(t.interest).order_by(t.interest.c.id))
    assert {row.recorded_by for row in before} == {world.owner.person_id}
    change(world, "Holding", interests=[held_by("a fund", 0.2)])
    after = world.all(sa.select(t.interest).order_by(t.interest.c.id))
    assert after[0] == before[0]
    assert after[1].ended_at is not None
    assert shown(world, "Holding")["interests"] == [{"organisation": "A Fund", "share": 0.2, "since": None}]
    assert shown(world, "A Fund")["holds"] == [{"organisation": "Holding", "share": 0.2, "since": None}]


def test_a_name_made_in_passing_is_said(world: World) -> None:
    assert change(world, made(world, "Holding"), interests=[held_by("Rivall", 0.2)]).made == ("Rivall",)
    assert change(world, "Holding", interests=[held_by("RIVALL", 0.3)]).made == ()
    assert world.write(lambda tx: set_installation_conflicts(tx, world.owner, ["Foe", "Rivall"])).made == (
        "Foe",
    )


# --- names and identifiers --------------------------------------------------------------------------------


def test_a_name_or_alias_belongs_to_one_organisation(world: World) -> None:
    made(world, "Straße AG", aliases=["Strasse Holding"])
    with pytest.raises(Conflict) as refused:
        made(world, " STRASSE  ag ")
    assert refused.value.code == "name_taken"
    other = made(world, "Other")
    with pytest.raises(Conflict, match="same_as") as refused:
        change(world, other, aliases=["strasse holding"])
    assert refused.value.code == "name_taken"
    assert "'Straße AG'" in refused.value.message
    change(world, "Straße AG", aliases=["SAG", "s.a.g."])
    assert shown(world, "sag")["aliases"] == ["SAG", "s.a.g."]
    change(world, other, aliases=["Strasse Holding"])


def test_a_new_name_leaves_the_old_one_as_an_alias(world: World) -> None:
    made(world, "Foe", aliases=["F"])
    change(world, "Foe", name="Foe Industries")
    found = shown(world, "foe")
    assert (found["name"], found["aliases"]) == ("Foe Industries", ["F", "Foe"])
    change(world, "Foe", name="FOE industries")
    assert shown(world, "foe")["name"] == "FOE industries"
    change(world, "Foe", name="f")
    assert set(shown(world, "foe")["aliases"]) == {"FOE industries", "Foe"}


def test_a_name_that_a_policy_uses_stays(world: World, project: sa.Row) -> None:
    """Else the next change of that policy would make a new organisation, and be in conflict with nobody."""
    change(world, "Rival", name="Rival Industries")
    with pytest.raises(Conflict) as refused:
        change(world, "Rival", aliases=[])
    assert refused.value.code == "name_used"
    world.patch(project, answers=1)
    assert world.change("acme", owner="Rival Industries").stopped


def test_an_identifier_is_one_legal_entitys(world: World) -> None:
    rival = made(world, "Rival", lei=LEI.lower(), country="de")
    assert (shown(world, "Rival")["lei"], shown(world, "Rival")["country"]) == (LEI, "DE")
    foe = made(world, "Foe")
    with pytest.raises(Conflict) as refused:
        change(world, foe, lei=LEI)
    assert refused.value.code == "lei_taken"
    change(world, foe, same_as=rival)
    change(world, foe, lei=LEI)
    with pytest.raises(Conflict) as refused:
        change(world, foe, same_as=None)
    assert refused.value.code == "lei_taken"
    with pytest.raises(Conflict) as refused:
        change(world, foe, lei=OTHER_LEI)
    assert refused.value.code == "lei_differs"
    change(world, foe, lei=None, country=None, same_as=None)


def test_a_wrong_field_is_named_and_nothing_changes(world: World) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": " "}, "/name"),
        ({"aliases": "x"}, "/aliases"),
        ({"aliases": ["ok", 5]}, "/aliases/1"),
        ({"lei": "529900ABCDEFGHIJ1299"}, "/lei"),
        ({"country": "Germany"}, "/country"),
        ({"interests": [{"organisation": "A", "share": 0}]}, "/interests/0/share"),
        ({"interests": [{"organisation": "A"}, {"organisation": " a "}]}, "/interests/1/organisation"),
        ({"interests": [{"organisation": "holding"}]}, "/interests/0/organisation"),
        ({"same_as": "0" * 24}, "/same_as"),
        ({"same_as": ["x"]}, "/same_as"),
        ({"unheard": 1}, "/unheard"),
    ]
    made(world, "Holding")
    before = world.all(sa.select(t.organisation))
    for patch, pointer in wrong:
        with pytest.raises(Invalid) as refused:
            change(world, "Holding", **{"name": "New name", **patch})
        assert refused.value.problems[0].pointer == pointer
    assert world.all(sa.select(t.organisation)) == before


def test_only_an_owner_of_the_live_world_changes_organisations(world: World) -> None:
    manager = world.person("mia", role="manager")
    tester = world.person("tess", role="owner", mode="test")
    for who in (manager, tester):
        with pytest.raises(Forbidden):
            world.write(lambda tx, who=who: create_organisation(tx, who, {"name": "X"}))
    with pytest.raises(NotFound):
        change(world, "nobody at all")


# --- found to be one --------------------------------------------------------------------------------------


def test_what_is_said_of_one_holds_of_the_other_when_they_are_the_same(world: World, project: sa.Row) -> None:
    """Interests held by, in, and conflicts naming either count for both; null takes it back."""
    world.tasks(project, 3)
    (who,) = world.people(1, "acme")
    world.take(who, project, 2)
    rival_inc = made(world, "Rival Inc")
    world.change("acme", interests=[held_by("Rival Inc", 0.2)])
    rival = shown(world, "Rival")["id"]
    [stop] = change(world, rival_inc, same_as=rival).stopped
    assert (stop.at.provider, stop.held) == ("acme", 2)
    assert stop.because == "Rival (the same as Rival Inc), named in the conflicts, holds 20 % of Acme"
    assert shown(world, "Rival Inc")["same_as"] == rival
    assert shown(world, "Rival")["reaches"] == shown(world, "Rival Inc")["reaches"] == [
        {"provider": "acme", "share": 0.2}
    ]  # fmt: skip
    effect = change(world, rival_inc, same_as=None)
    assert [p.provider for p in effect.resumed] == ["acme"]
    assert change(world, rival, same_as=rival_inc).stopped, "either way round"
    facts = world.all(sa.select(t.interest.c.ended_at).where(t.interest.c.ended_at.is_(None)))
    assert len(facts) == 1, "facts stay as they were recorded"


def test_an_interest_in_one_is_an_interest_in_the_other(world: World, project: sa.Row) -> None:
    made(world, "B Holding", interests=[held_by("Rival", 0.5)])
    [stop] = change(world, "B Holding", same_as=shown(world, "Holding B")["id"]).stopped
    assert "through Holding B (the same as B Holding) (50 %)" in stop.because


def test_joins_of_joins_are_one_and_a_ring_is_refused(world: World, project: sa.Row) -> None:
    ids = {name: made(world, name) for name in ("R1", "R2", "R3")}
    world.change("acme", interests=[held_by("R1", 0.1)])
    change(world, "R1", same_as=ids["R2"])
    change(world, "R2", same_as=ids["R3"])
    assert change(world, "R3", same_as=shown(world, "Rival")["id"]).stopped
    for name, other, code in (("R3", "R3", "itself"), ("R3", "R1", "ring"), ("Rival", "R2", "ring")):
        with pytest.raises(Invalid) as refused:
            change(world, name, same_as=ids[other])
        assert refused.value.problems[0].code == code
    assert change(world, "R2", same_as=None).resumed


def test_stakes_recorded_under_both_names_add_up_and_one_in_itself_is_nothing(world: World) -> None:
    world.provider("Acme", interests=[held_by("R1", 0.2), held_by("R2", 0.1)])
    change(world, "R1", interests=[held_by("R2", 0.5)])
    change(world, "R2", same_as=shown(world, "R1")["id"])
    assert shown(world, "R2")["reaches"] == [{"provider": "acme", "share": 0.3}]


def test_two_providers_of_one_owner_under_two_names_are_one_source(world: World) -> None:
    world.provider("Acme", owner="R1")
    world.provider("Borealis", owner="R2")
    project = world.project(answers=2, different_providers=True)
    world.tasks(project, 1)
    (first,), (second,) = world.people(1, "acme"), world.people(1, "borealis")
    world.answer(first, project)
    change(world, "R1", same_as=shown(world, "R2")["id"])
    assert world.claim(second, project).code == "nothing"
    change(world, "R1", same_as=None)
    world.write(refresh_cursors)  # as is done every half a minute
    assert world.take(second, project)


def test_who_changed_an_organisation_stands_in_the_record(world: World) -> None:
    foe = made(world, "Foe")
    other = made(world, "Other")
    change(world, foe, same_as=other)
    change(world, foe, same_as=None, name="Foe Two")
    rows = world.all(sa.select(t.organisation_change).order_by(t.organisation_change.c.id))
    assert [row.person_id for row in rows] == [world.owner.person_id] * 4
    assert rows[2].change == {"same_as": {"from": None, "to": other}}
    assert rows[3].change["same_as"] == {"from": other, "to": None}
    assert rows[3].change["names"] == {"from": ["Foe"], "to": ["Foe", "Foe Two"]}


# --- the installation's conflicts -------------------------------------------------------------------------


def test_the_installations_conflicts_hold_for_every_project_of_both_worlds_later_ones_too(
    world: World,
) -> None:
    world.provider("Acme", owner="Holding B")
    change(world, "Holding B", interests=[held_by("Rival", 0.1)])
    tester = world.person("tess", role="owner", mode="test")

    def in_test(name: str) -> sa.Row:
        form = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog"]}]}
        return world.write(lambda tx: create_project(tx, tester, name=name, form=form, policy={}))

    live, test = world.project("Live"), in_test("Test")
    effect = world.write(lambda tx: set_installation_conflicts(tx, world.owner, ["Rival"]))
    assert [(s.at.project, s.at.world) for s in effect.stopped] == [("live", "live"), ("test", "test")]
    later, later_test = world.project("Later"), in_test("Later")
    answerer = world.person("ann", "acme")
    tested = world.person("ann t", "acme", mode="test")
    for who, where in ((answerer, live), (tested, test), (answerer, later), (tested, later_test)):
        assert world.claim(who, where).code == "stopped"
    assert shown(world, "Rival")["conflict"]
    assert not shown(world, "Holding B")["conflict"]
    # A project's own list does not take the installation's away.
    world.write(lambda tx: update_project(tx, world.owner, "later", {"policy": {"conflicts": []}}))
    assert world.claim(answerer, later).code == "stopped"
    effect = world.write(lambda tx: set_installation_conflicts(tx, world.owner, []))
    assert len(effect.resumed) == 4


def test_a_conflict_of_the_installation_counts_under_every_name(world: World) -> None:
    world.provider("Acme", owner="Foe Industries")
    world.project()
    world.write(lambda tx: set_installation_conflicts(tx, world.owner, ["Foe"]))
    assert change(world, "Foe", same_as=shown(world, "Foe Industries")["id"]).stopped
    assert shown(world, "Foe Industries")["conflict"]
