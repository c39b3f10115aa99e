"""Does a preview say exactly what the change then does, and leave everything as it was?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.providers.interests import set_installation_conflicts
from steelyard.providers.organisations import create_organisation, update_organisation
from steelyard.providers.registry import create_provider, update_provider
from steelyard.providers.stake_list import import_stakes
from steelyard.providers.stake_rows import check_rows
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.effect import Effect, carry_out
from steelyard.work.organisations import find_organisation, named
from steelyard.work.projects import change_project
from steelyard.work.recall import recall

Change = Callable[[World, Transaction], Effect]


def organisation(tx: Transaction, world: World, name: str, **patch: Any) -> Effect:
    row = named(tx, name)
    assert row is not None
    return update_organisation(tx, world.owner, row.public_id, patch)[1]


def a_list(tx: Transaction, world: World) -> Effect:
    rows = [
        {"holder": "Foe", "held": "Middle", "share": "10%"},
        {"holder": "Middle", "held": "provider:acme", "share": 0.5},
        {"holder": "Middle", "held": "borealis", "share": 0.5},
    ]
    return import_stakes(tx, world.owner, *check_rows(rows))[1]


CHANGES: dict[str, Change] = {
    "an owner": lambda w, tx: update_provider(tx, w.owner, "acme", {"owner": "Foe"}).effect,
    "a status": lambda w, tx: update_provider(tx, w.owner, "acme", {"status": "suspended"}).effect,
    "on trial": lambda w, tx: update_provider(tx, w.owner, "acme", {"status": "trial"}).effect,
    "a clearance": lambda w, tx: update_provider(tx, w.owner, "acme", {"clearance": "public"}).effect,
    "a name": lambda w, tx: update_provider(tx, w.owner, "acme", {"name": "New"}).effect,
    "a conflict of all": lambda w, tx: set_installation_conflicts(tx, w.owner, ["Fund"]),
    "a conflict": lambda w, tx: change_project(tx, w.owner, "pets", {"policy": {"conflicts": ["Fund"]}})[1],
    "a sensitivity": lambda w, tx: change_project(tx, w.owner, "pets", {"policy": {"sensitivity": "secret"}})[
        1
    ],
    "who is allowed": lambda w, tx: change_project(tx, w.owner, "pets", {"policy": {"providers": []}})[1],
    "a stake above": lambda w, tx: organisation(
        tx, w, "Fund", interests=[{"organisation": "Foe", "share": 0.1}]
    ),
    "two are one": lambda w, tx: organisation(
        tx, w, "Fund", same_as=(named(tx, "Foe") or pytest.fail("no Foe")).public_id
    ),
    "an organisation": lambda w, tx: create_organisation(
        tx, w.owner, {"name": "New", "interests": [{"organisation": "Foe"}]}
    )[1],
    "a list": lambda w, tx: a_list(tx, w),
    "a provider": lambda w, tx: carry_out(
        tx, lambda: create_provider(tx, w.owner, {"name": "New", "owner": "Foe"})
    )[1],
}


@pytest.fixture
def busy(world: World) -> World:
    """Two providers that a fund has stakes in, each holding work of a project; another one is stopped."""
    for name in ("Acme", "Borealis"):
        world.provider(name, interests=[{"organisation": "Fund", "share": 0.25}])
    world.provider("Cirrus", owner="Foe")
    pets = world.project(conflicts=["Foe"], providers=["Acme", "Borealis", "Cirrus"])
    world.project("Birds")
    world.tasks(pets, 6)
    for provider in ("acme", "borealis"):
        (who,) = world.people(1, provider)
        world.take(who, pets, 2)
    return world


def everything(world: World) -> dict[str, list[sa.Row]]:
    tables = (
        t.organisation, t.organisation_name, t.interest, t.conflict, t.provider, t.provider_change, t.project,
        t.installation, t.assignment, t.lane, t.job,
    )  # fmt: skip
    return {table.name: world.all(sa.select(table).order_by(*table.primary_key)) for table in tables}


def test_nothing_is_left_of_any_preview(busy: World) -> None:
    before = everything(busy)
    for name, change in CHANGES.items():
        told = busy.database.rehearse(lambda tx, change=change: change(busy, tx))
        assert told.stopped or told.resumed or name in ("an organisation", "a name"), name
        assert sum(stop.held for stop in told.stopped) == told.recalled.count, name
    assert everything(busy) == before


@pytest.mark.parametrize("name", ["an owner", "a conflict of all", "two are one", "a list"])
def test_a_preview_is_what_then_happens(busy: World, name: str) -> None:
    change = CHANGES[name]
    foreseen = busy.database.rehearse(lambda tx: change(busy, tx))
    happened = busy.write(lambda tx: change(busy, tx))
    assert happened.to_json() == foreseen.to_json()
    held = busy.count(t.assignment, t.assignment.c.state == 1)
    assert held == 4 - happened.to_json()["recalled"]
    assert sum(stop.held for stop in happened.stopped) == happened.to_json()["recalled"]


def test_what_is_told_names_provider_project_reason_and_count(busy: World) -> None:
    told = busy.database.rehearse(lambda tx: CHANGES["a stake above"](busy, tx)).to_json()
    assert told == {
        "stopped": [
            {
                "provider": provider,
                "name": name,
                "project": "pets",
                "project_name": "Pets",
                "world": "live",
                "because": f"Foe, named in the conflicts, holds 2.5 % of {name} through Fund (10 %), "
                f"which holds 25 % of {name}",
                "held": 2,
            }
            for provider, name in (("acme", "Acme"), ("borealis", "Borealis"))
        ],
        "resumed": [],
        "recalled": 4,
        "more_to_recall": False,
        "organisations_made": [],
    }
    happened = busy.write(lambda tx: change_project(tx, busy.owner, "pets", {"policy": {"conflicts": []}})[1])
    assert happened.to_json()["resumed"] == [
        {"provider": "cirrus", "name": "Cirrus", "project": "pets", "project_name": "Pets", "world": "live"}
    ]


def test_from_trial_to_suspended_the_gold_it_holds_is_told_too(world: World) -> None:
    world.provider("Acme", status="trial")
    project = world.project()
    world.gold(project, 3)
    (who,) = world.people(1, "acme")
    world.take(who, project, 2)
    effect = world.change("acme", status="suspended").effect
    assert [(stop.at.project, stop.held) for stop in effect.stopped] == [("pets", 2)]
    effect = world.change("acme", status="trial").effect
    assert [place.project for place in effect.resumed] == ["pets"]


def test_more_than_can_be_recalled_at_once_is_told_whole(
    busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.work.effect.recall", lambda tx: recall(tx, at_once=1))
    effect = busy.write(lambda tx: CHANGES["a stake above"](busy, tx))
    assert (effect.recalled.count, effect.waiting, effect.recalled.more) == (1, 3, True)
    assert sorted(stop.held for stop in effect.stopped) == [2, 2]
    assert effect.to_json()["recalled"] == 4


def test_a_preview_of_a_name_makes_no_organisation(busy: World) -> None:
    foreseen = busy.database.rehearse(
        lambda tx: update_provider(tx, busy.owner, "acme", {"owner": "Misspelt"}).effect
    )
    assert foreseen.made == ("Misspelt",)
    assert busy.database.read(lambda tx: named(tx, "Misspelt")) is None
    made = busy.write(lambda tx: create_organisation(tx, busy.owner, {"name": "Misspelt"}))
    assert made[1] == replace(made[1], made=())
    assert busy.database.read(lambda tx: find_organisation(tx, made[0].public_id)).name == "Misspelt"
