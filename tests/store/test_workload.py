"""What is known of an annotator in a project is kept as it works, and may stop it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Conflict, NotFound
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work import workload


def public(world: World, who: Principal) -> str:
    return world.one(sa.select(t.annotator.c.public_id).where(t.annotator.c.id == who.annotator_id))


def figures(world: World, project: sa.Row, who: Principal) -> dict[str, Any]:
    return world.database.read(lambda tx: workload.figures(tx, project.id, who.annotator_id))


def test_work_time_and_returns_are_counted_as_they_come(world: World) -> None:
    project = world.project()
    world.tasks(project, 3)
    (who,) = world.people(1)
    first, second, third = world.take(who, project, 3)
    world.submit(who, first, spent_ms=1200)
    world.submit(who, second, spent_ms=800)
    world.give_back(who, third)
    found = figures(world, project, who)
    assert (found["judgments"], found["spent_ms"], found["returned"]) == (2, 2000, 1)
    assert (found["name"], found["provider"], found["stopped"]) == (who.name, "in-house", None)
    assert found["last_at"] is not None


def test_who_falls_below_the_threshold_of_gold_is_stopped_and_gives_back_what_it_holds(world: World) -> None:
    project = world.project(gold_rate=0.5, stop_below=0.8, stop_after=3)
    world.tasks(project, 200)
    world.gold(project, 20)
    (who,) = world.people(1)
    last: dict[str, Any] = {}
    for _ in range(40):
        held = world.take(who, project, 2)
        if not held:
            break
        world.submit(who, held[0], "dog")
        last = figures(world, project, who)
        if last["stopped"]:
            break
    assert last["gold"] == {"answers": 3, "correct": 0}
    assert last["stopped"]["because"] == "Your answers were less accurate than this project asks for."
    assert world.count(t.assignment, sa.text("state = 1")) == 0
    refused = world.claim(who, project)
    assert (refused.code, refused.because) == ("stopped", last["stopped"]["because"])


def test_who_is_let_in_again_starts_anew(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    key = public(world, who)
    with pytest.raises(Conflict, match="not stopped"):
        world.write(lambda tx: workload.resume_annotator(tx, world.owner, project, key))
    told = world.write(lambda tx: workload.stop_annotator(tx, world.owner, project, key, "Please call me."))
    assert told["stopped"]["because"] == "Please call me."
    assert world.claim(who, project).because == "Please call me."
    with pytest.raises(Conflict, match="already"):
        world.write(lambda tx: workload.stop_annotator(tx, world.owner, project, key))
    assert world.write(lambda tx: workload.resume_annotator(tx, world.owner, project, key))["stopped"] is None
    assert len(world.take(who, project)) == 1


def test_nobody_is_stopped_who_is_not_there(world: World) -> None:
    project = world.project()
    with pytest.raises(NotFound):
        world.write(lambda tx: workload.stop_annotator(tx, world.owner, project, "0" * 24))


def test_the_list_is_paged_and_narrowed(world: World) -> None:
    project = world.project()
    vendor = world.provider("Vendor")
    world.tasks(project, 4)
    everybody = [*world.people(2), *world.people(2, "vendor")]
    for who in everybody:
        world.take(who, project)

    def page(**narrowed: Any) -> tuple[list[str], int | None]:
        items, following = world.database.read(lambda tx: workload.listing(tx, project.id, **narrowed))
        return [item["name"] for item in items], following

    first, key = page(limit=3)
    assert key is not None
    rest, end = page(limit=3, after=key)
    assert (first + rest, end) == ([who.name for who in everybody], None)
    assert page(provider_id=vendor.id)[0] == [who.name for who in everybody[2:]]
