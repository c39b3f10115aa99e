"""Does a task wait for those whom it demands, and for nobody else?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World, text_task

from steelyard.domain.ids import new_id
from steelyard.store import tables as t
from steelyard.store.blobs import FolderBlobs
from steelyard.work.intake import bring_in
from steelyard.work.tally import progress
from steelyard.work.tasks import Created


@pytest.fixture
def bring(world: World, tmp_path: Any) -> Any:
    blobs = FolderBlobs(tmp_path / "blobs")

    def run(*rows: Any) -> Created:
        return bring_in(world.database, blobs, lambda tx: world.owner, "pets", rows)

    return run


def lanes(world: World) -> list[Any]:
    """What each task demands, in the order of the tasks; None for the lane of everybody."""
    query = (
        sa.select(t.task.c.lane_id, t.lane.c.demands)
        .select_from(t.task)
        .join(t.lane, t.lane.c.id == t.task.c.lane_id, isouter=True)
        .order_by(t.task.c.id)
    )
    return [row.demands if row.lane_id is not None else None for row in world.all(query)]


def test_skills_and_languages_are_what_is_demanded(world: World, bring: Any) -> None:
    world.project()
    created = bring(
        text_task("a"),
        text_task("b", skills=["Birds", "anatomy", "birds "], languages=["DE"]),
        text_task("c", languages=["de"], skills=["anatomy", "birds"]),
        text_task("d", skills=[]),
    )
    assert created.new == 4
    wanted = {"skills": ["anatomy", "birds"], "languages": ["de"]}
    assert lanes(world) == [None, wanted, wanted, None]
    waiting = world.all(sa.select(t.assignment.c.task_id, t.assignment.c.lane_id).order_by(t.assignment.c.id))
    assert len({row.lane_id for row in waiting}) == 2


def test_a_person_or_a_team_may_be_named_and_must_be_there(world: World, bring: Any) -> None:
    project = world.project()
    ann, bob = world.person("Ann"), world.person("Bob")
    team = world.write(
        lambda tx: tx.added(
            sa.insert(t.team).values(
                public_id=new_id(tx.now), name="Night", name_key="night", created_at=tx.now
            )
        )
    )
    world.write(
        lambda tx: tx.execute(
            sa.insert(t.team_member), [{"team_id": team, "person_id": bob.person_id, "at": 1}]
        )
    )
    created = bring(
        text_task("for ann", assign_to={"person": "ann"}),
        text_task("nobody", assign_to={"person": "Nemo"}),
        text_task("for the night", assign_to={"team": "night"}),
        text_task("also for ann", assign_to={"person": ann.person}),
        text_task("wrong", assign_to={"people": "ann"}),
        text_task("wrong too", assign_to="ann"),
    )
    assert (created.new, created.wrong) == (3, 3)
    assert [(p.row, p.pointer, p.code) for p in created.problems] == [
        (1, "/assign_to/person", "unknown"), (4, "/assign_to", "type"), (5, "/assign_to", "type")
    ]  # fmt: skip
    shown = {ann.name: 2, bob.name: 1, "olga": 0}
    for who in (ann, bob, world.owner):
        assert len(world.take(who, project, 10)) == shown[who.name]


def test_training_gold_stands_beside_gold_and_is_counted(world: World, bring: Any) -> None:
    project = world.project()
    created = bring(
        text_task("a", gold={"label": "cat"}, training=True),
        text_task("b", gold={"label": "cat"}, training=False),
        text_task("c", training=True),
        text_task("d", gold={"label": "cat"}, training="yes"),
    )
    assert [(p.row, p.pointer, p.code) for p in created.problems] == [
        (2, "/training", "alone"), (3, "/training", "type")
    ]  # fmt: skip
    assert [row.gold for row in world.all(sa.select(t.task.c.gold).order_by(t.task.c.id))] == [
        "training", "evaluation"
    ]  # fmt: skip
    sums = world.database.read(lambda tx: progress(tx, project.id))
    assert (sums.tasks, sums.gold, sums.training, sums.open) == (2, 2, 1, 0)


@pytest.mark.parametrize("field", ["skills", "languages"])
def test_what_is_no_list_of_names_is_told(world: World, bring: Any, field: str) -> None:
    world.project()
    for wrong in ("de", [1], [""], ["x" * 101]):
        assert [p.pointer for p in bring(text_task("a", **{field: wrong})).problems] == [f"/{field}"]
