"""A dry run says what an import would say, and writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World, text_task

from steelyard.domain.errors import Forbidden
from steelyard.store import tables as t
from steelyard.store.blobs import FolderBlobs
from steelyard.work.dry_run import look_over
from steelyard.work.intake import bring_in
from steelyard.work.tasks import Created

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def counts(created: Created) -> tuple[int, int, int, int]:
    return created.new, created.same, created.changed, created.wrong


def test_it_says_what_the_import_then_says(world: World, tmp_path: Path) -> None:
    world.project()
    blobs = FolderBlobs(tmp_path / "blobs")
    rows: list[Any] = [text_task(f"row {n}", external_id=str(n)) for n in range(600)]
    bring_in(world.database, blobs, lambda tx: world.owner, "pets", rows[:100])
    rows[7] = text_task("other", external_id="7")  # changed
    rows += [
        rows[555],
        text_task("other", external_id="555"),
        text_task("no id"),
        {},
    ]  # same, changed, new, wrong
    rows += [text_task("x", batch="nope"), {"content": {"blocks": [{"type": "image", "url": PIXEL}]}}]
    before = (world.count(t.task), world.count(t.blob), world.one(sa.select(sa.func.max(t.content.c.id))))
    steps: list[int] = []
    looked = look_over(
        world.database, lambda tx: world.owner, "pets", rows, counted=lambda c: steps.append(c.new)
    )
    assert before == (
        world.count(t.task),
        world.count(t.blob),
        world.one(sa.select(sa.func.max(t.content.c.id))),
    )
    brought = bring_in(world.database, blobs, lambda tx: world.owner, "pets", rows)
    assert counts(looked) == counts(brought) == (502, 100, 2, 2)
    assert [(p.row, p.code) for p in looked.problems] == [(p.row, p.code) for p in brought.problems]
    assert len(steps) > 1


def test_it_is_for_those_who_may_import(world: World) -> None:
    world.project()
    (who,) = world.people(1)
    with pytest.raises(Forbidden):
        look_over(world.database, lambda tx: who, "pets", [text_task("a")])
