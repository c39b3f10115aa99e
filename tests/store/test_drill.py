"""Can leaving be rehearsed without anything being changed, and does the rehearsal tell the truth?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid
from steelyard.exit import drill, execute
from steelyard.exit.drill_schedule import DAY, order_due, set_schedule
from steelyard.exit.place import Place
from steelyard.releases.build import build
from steelyard.releases.signing import load_or_make_key
from steelyard.store import tables as t
from steelyard.store.blobs import open_blobs


@pytest.fixture
def project(world: World) -> sa.Row:
    world.provider("Acme", price="0.10")
    project = world.project(answers=2)
    world.tasks(project, 6)
    world.answer(world.people(1)[0], project, "cat")
    (who,) = world.people(1, "acme")
    world.answer(who, project, "dog", most=4)
    world.take(who, project, 1)
    return project


@pytest.fixture
def place(world: World, tmp_path: Path, project: sa.Row) -> Place:
    place = Place(world.database, open_blobs(tmp_path), tmp_path, done_by="test")
    key = load_or_make_key(tmp_path)
    build(world.database, place.blobs, "pets", "live", None, without=[], signing_key=key, folder=tmp_path)
    return place


def ordered(world: World, options: dict[str, Any] | None = None) -> sa.Row:
    public = world.write(lambda tx: drill.order(tx, world.owner, "acme", options))
    return world.database.read(lambda tx: drill.find_drill(tx, public))


def everything(world: World) -> dict[str, int]:
    """How many rows each table has, and what changes in place."""
    found = {name: world.count(table) for name, table in t.metadata.tables.items()}
    found["current"] = world.count(t.current_judgment)
    found["held"] = world.count(t.assignment, t.assignment.c.state == 1)
    return found


@pytest.mark.one_database
def test_a_drill_does_every_step_and_changes_nothing(
    world: World, project: sa.Row, place: Place, tmp_path: Path
) -> None:
    before = everything(world)
    report = drill.run(place, ordered(world).id)
    assert [s["name"] for s in report["steps"]] == list(execute.STEPS)
    assert [s["error"] for s in report["steps"]] == [None] * 8
    assert all(s["ms"] is not None for s in report["steps"])
    assert report["certificate"]["holds"] is True
    after = everything(world)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"drill", "job"}, "the record of the drill and its job alone"
    assert world.provider_row("acme").status == "active"
    assert list((tmp_path / drill.FOLDER).iterdir()) == [], "the copy is gone"
    assert [p.name for p in (tmp_path / "releases").iterdir() if p.is_dir()] == ["pets-v1"]


def test_its_report_is_what_the_exit_then_finds(world: World, project: sa.Row, place: Place) -> None:
    report = drill.run(place, ordered(world).id)
    (worth,) = report["projects"]
    assert (worth["before"]["settled"], worth["after"]["settled"]) == (4, 0)
    assert (worth["before"]["answered"], worth["after"]["answered"]) == (4, 4)
    assert worth["after"]["confidence"] != worth["before"]["confidence"]
    against = {a["what"]: (a["planned"], a["done"]) for a in report["against_plan"]}
    assert against["assignments recalled"] == (1, 1)
    assert against["keys revoked"] == (1, 1)
    assert against["releases rebuilt"] == (1, 1)
    exit = world.write(lambda tx: execute.begin(tx, world.owner, "acme"))
    (job,) = world.all(sa.select(t.job.c.args).where(t.job.c.kind == execute.JOB))
    execute.carry_on(place, job.args)
    done = world.database.read(lambda tx: execute.describe(tx, exit["id"]))
    foretold = {s["name"]: s["detail"] for s in report["steps"]}
    for step in done["steps"]:
        if step["name"] not in ("rebuild", "certificate"):  # they name places
            assert step["detail"] == foretold[step["name"]], step["name"]


@pytest.mark.one_database
def test_a_step_that_would_fail_is_told_with_its_reason(
    world: World, project: sa.Row, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> dict[str, Any]:
        raise OSError("the disk is full")

    monkeypatch.setitem(execute.ACTS, "rebuild", full)
    row = ordered(world)
    drill.run(place, row.id)
    found = world.database.read(lambda tx: drill.describe(tx, drill.find_drill(tx, row.public_id)))
    assert (found["state"], found["error"]) == ("failed", "rebuild: OSError: the disk is full")
    assert found["report"]["certificate"] is None


@pytest.mark.one_database
def test_drills_come_by_a_schedule(world: World, project: sa.Row, place: Place, clock: Clock) -> None:
    row = ordered(world)
    world.write(lambda tx: set_schedule(tx, row.provider_id, 90, row.options, row.person_id))
    assert world.write(order_due) == 0
    clock.advance(90 * DAY / 1_000_000 + 1)
    assert world.write(order_due) == 1
    assert world.write(order_due) == 0
    clock.advance(400 * DAY / 1_000_000)
    assert world.write(order_due) == 1, "once, however long nobody was there"
    assert world.count(t.drill) == 3
    with pytest.raises(Invalid):
        world.write(lambda tx: set_schedule(tx, row.provider_id, -1, {}, None))
    world.write(lambda tx: set_schedule(tx, row.provider_id, 0, {}, None))
    assert world.count(t.drill_schedule) == 0


@pytest.mark.one_database
def test_who_may_not_leave_may_not_rehearse_it(world: World, project: sa.Row) -> None:
    manager = world.person("mia", role="manager")
    with pytest.raises(Forbidden):
        world.write(lambda tx: drill.order(tx, manager, "acme"))
    with pytest.raises(Conflict):
        world.write(lambda tx: drill.order(tx, world.owner, "in-house"))
