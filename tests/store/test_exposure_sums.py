"""Are the sums of what was shown what one counts, wherever they end and whatever is asked for?"""

from __future__ import annotations

import importlib
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World
from test_plans import explained, in_order

from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import exposure, exposure_sums, showings
from steelyard.work.exposure_sums import sum_up
from steelyard.work.showings import Horizon, Which

LEVELS = ("internal", "restricted", "secret")


@pytest.fixture
def acme(world: World) -> sa.Row:
    return world.provider("Acme", clearance="secret")


def wanted_of(rows: list[sa.Row], which: Which, now: dict[int, str]) -> list[tuple[sa.Row, str]]:
    return [
        (row, row.sensitivity or now[row.project_id])
        for row in rows
        if which.provider_id in (None, row.provider_id)
        and which.annotator_id in (None, row.annotator_id)
        and which.project_id in (None, row.project_id)
        and (which.horizon is None or row.id <= which.horizon.row)
        and which.sensitivity in (None, row.sensitivity or now[row.project_id])
    ]


def counted(rows: list[sa.Row], which: Which, now: dict[int, str]) -> dict[str, Any]:
    """Row by row, as the words say."""
    here = wanted_of(rows, which, now)
    by_project: dict[str, set] = {}
    by_level: dict[str, set] = {}
    for row, level in here:
        by_project.setdefault(row.slug, set()).add(row.task_id)
        by_level.setdefault(level, set()).add(row.task_id)
    times = [row.at for row, _ in here]
    return {
        "tasks": len({row.task_id for row, _ in here}),
        "showings": len(here),
        "by_project": {slug: len(found) for slug, found in sorted(by_project.items())},
        "by_sensitivity": {level: len(found) for level, found in sorted(by_level.items())},
        "by_reference": 0,
        "first": format_time(min(times)) if times else None,
        "last": format_time(max(times)) if times else None,
    }


def shown(world: World) -> list[sa.Row]:
    return world.all(
        sa.select(t.exposure, t.project.c.slug)
        .join(t.project, t.project.c.id == t.exposure.c.project_id)
        .order_by(t.exposure.c.id)
    )


def check(world: World, which: Which) -> None:
    """Figures, figures by annotator and the list say what stands in the rows."""
    rows = shown(world)
    now = {row.id: row.policy["sensitivity"] for row in world.all(sa.select(t.project))}
    assert world.database.read(lambda tx: exposure.count(tx, which)) == counted(rows, which, now), which
    listed = world.database.read(lambda tx: list(showings.everything(tx, which)))
    wanted = [(row.assignment, format_time(row.at), level) for row, level in wanted_of(rows, which, now)]
    assert [(item["assignment"], item["at"], item["sensitivity"]) for item in listed] == wanted
    if which.provider_id is not None and which.annotator_id is None:
        by, after = {}, 0
        while after is not None:
            items, after = world.database.read(
                lambda tx, at=after: exposure.by_annotator(tx, which, at, limit=1)
            )
            by |= {item.pop("annotator"): item for item in items}
            assert all(item.pop("name") for item in items)
        people = world.all(sa.select(t.annotator.c.id, t.annotator.c.public_id))
        told = {p.public_id: counted(rows, replace(which, annotator_id=p.id), now) for p in people}
        assert by == {key: found for key, found in told.items() if found["showings"]}, which


TABLES = (t.provider_exposure, t.annotator_exposure)


def sums_of(world: World) -> list[list[tuple]]:
    return [
        [tuple(row) for row in world.all(sa.select(table).order_by(*table.primary_key))] for table in TABLES
    ]


def as_migrated(tx: Transaction) -> list[list[tuple]]:
    """What the upgrade makes of the showings that are there; the sums are then as they were."""
    upgrade = importlib.import_module("steelyard.store.migrations.versions.0004_after_the_task_plane")
    found = []
    for table in TABLES:
        query = sa.select(table).order_by(*table.primary_key)
        kept = [dict(row._mapping) for row in tx.rows(query)]
        tx.execute(sa.delete(table))
        keys = [column.name for column in table.primary_key if column.name != "sensitivity"]
        tx.execute(sa.text(upgrade._counted(table.name, keys)))
        found.append([tuple(row) for row in tx.rows(query)])
        tx.execute(sa.delete(table))
        tx.execute(sa.insert(table), kept)
    return found


def test_figures_are_what_one_counts_wherever_the_sums_end(
    world: World, acme: sa.Row, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claims, lapses and changes of sensitivity in two projects; sums are drawn now and then, horizons too."""
    monkeypatch.setattr(exposure_sums, "AT_ONCE", 7)
    dice = random.Random(4)
    projects = [world.project(name, answers=3, lease_s=5) for name in ("One", "Two")]
    for project in projects:
        world.tasks(project, 8)
    people = world.people(2, "acme") + world.people(1)
    horizons: list[Horizon | None] = [None]
    for step in range(30):
        world.take(dice.choice(people), projects[0 if step < 3 else dice.randrange(2)], dice.randint(1, 3))
        clock.advance(1 + 6 * (step % 3 == 0))
        if step % 3 == 0:
            world.expire()
        if step % 6 == 4:
            world.patch(dice.choice(projects), sensitivity=dice.choice(LEVELS))
        if step == 5:  # as in rows that are older than the column
            world.write(lambda tx: tx.execute(sa.update(t.exposure).values(sensitivity=None)))
        if step % 9 == 7:
            horizons.append(world.write(showings.horizon))
        if step in (10, 22):
            assert sum_up(world.database, 1) > 0
    kept = world.one(sa.select(t.installation.c.exposure_summed))
    assert 0 < kept < len(shown(world)), "some is kept, and some is counted"
    assert any(one and one.row < kept for one in horizons), "some lists began before the sums ended"
    assert world.count(t.exposure, t.exposure.c.sensitivity.is_(None)) > 0
    for horizon in horizons:
        for level in (None, *LEVELS):
            for project_id in (None, projects[1].id):
                which = Which("live", acme.id, None, project_id, level, horizon)
                check(world, which)
        check(world, Which("live", None, people[0].annotator_id, projects[0].id, "internal", horizon))
    sum_up(world.database, 1)
    assert sums_of(world) == world.write(as_migrated), "an upgrade counts as the sums do"


def test_two_servers_that_sum_up_at_once_count_nothing_twice(
    world: World, acme: sa.Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposure_sums, "AT_ONCE", 3)
    project = world.project(answers=2)
    world.tasks(project, 30)
    for who in world.people(2, "acme"):
        world.take(who, project, 30)
    with ThreadPoolExecutor(3) as pool:
        added = list(pool.map(lambda _: sum_up(world.database, 1), range(3)))
    assert sum(added) <= 60
    sum_up(world.database, 1)
    assert world.one(sa.select(sa.func.sum(t.provider_exposure.c.showings))) == 60
    assert world.one(sa.select(sa.func.sum(t.annotator_exposure.c.showings))) == 60
    check(world, Which("live", acme.id))


def test_few_showings_are_left_to_be_counted(world: World, acme: sa.Row) -> None:
    project = world.project()
    world.tasks(project, 3)
    (who,) = world.people(1, "acme")
    world.take(who, project, 3)
    assert sum_up(world.database) == 0
    assert world.count(t.provider_exposure) == 0
    check(world, Which("live", acme.id))


def test_places_are_found_by_index_and_what_is_since_by_its_keys(world: World, acme: sa.Row) -> None:
    project = world.project(answers=1)
    world.tasks(project, 100)
    (who,) = world.people(1, "acme")
    world.take(who, project, 100)

    def more(tx: Any) -> None:
        row = dict(tx.rows(sa.select(t.exposure).limit(1))[0]._mapping)
        rows = [
            {**row, "id": 1000 + n, "sensitivity": None if n % 10 == 0 else "internal"} for n in range(3000)
        ]
        tx.execute(sa.insert(t.exposure), rows)
        tx.execute(sa.update(t.installation).values(exposure_summed=3900))
        tx.execute(sa.text("ANALYZE"))

    world.write(more)
    at = {"project": project.id, "after": 0, "until": 10_000, "most": 20}
    for (column, marked), statement in showings.PLACES.items():
        whose = acme.id if column == "provider_id" else who.annotator_id
        more_of_it = {"sensitivity": "internal"} if marked else {}
        plan = explained(world, statement, {**at, **more_of_it, "whose": whose})
        assert "exposure_by" in plan, plan
        assert in_order(plan), plan
    which = Which("live", acme.id, horizon=Horizon(3950, 0))
    plan = explained(world, exposure_sums._query("provider_id", which), {"whose": [acme.id]})
    assert "SCAN exposure" not in plan, plan
    assert "Seq Scan on exposure" not in plan, plan
    assert "exposure_by_task" in plan, plan
