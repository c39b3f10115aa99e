"""Do the tasks of a project leave as records, and is what they show written down before they leave?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.json as pj
import pyarrow.parquet as pq
import pytest
from support.world import World, text_task

from steelyard.domain.errors import Forbidden, NotFound
from steelyard.formats.reading import Into, Reading
from steelyard.formats.record import Record
from steelyard.formats.registry import find_format
from steelyard.store import tables as t
from steelyard.store.blobs import FolderBlobs
from steelyard.work.export_records import leave
from steelyard.work.intake import bring_in
from steelyard.work.shipments import receive
from steelyard.work.task_list import Wanted


def records(world: World, slug: str = "pets", wanted: Wanted | None = None, **more: Any) -> list[Record]:
    return list(leave(world.database, lambda tx: world.owner, slug, wanted, **more).records)


def test_every_task_leaves_with_what_it_shows_and_its_answer(world: World, tmp_path: Path) -> None:
    project = world.project()
    pixel = "data:image/png;base64,iVBORw0KGgo="
    content = {"blocks": [{"type": "text", "text": "été"}, {"type": "image", "url": pixel}]}
    row = {"external_id": "a", "content": content, "tags": ["x"], "metadata": {"a": 1.5}}
    blobs = FolderBlobs(tmp_path)
    bring_in(world.database, blobs, lambda tx: world.owner, "pets", [{**row, "suggestion": {"label": "dog"}}])
    world.answer(world.owner, project)
    world.add(project, [text_task("gold", gold={"label": "cat"}), text_task("open")])
    before = world.count(t.exposure)
    leaving = leave(world.database, lambda tx: world.owner, "pets", judgments=True)
    assert (leaving.name, leaving.form.questions[0].name, world.count(t.exposure)) == (
        "Pets",
        "label",
        before,
    )
    first, gold, last = leaving.records
    assert world.count(t.exposure) == 3 > before
    assert first.blocks[1]["url"].startswith("blob:sha256/")
    assert (first.external_id, first.tags, first.metadata) == ("a", ["x"], {"a": 1.5})
    assert (first.answers, first.tie, first.suggestion) == ({"label": "cat"}, False, {"label": "dog"})
    assert [one["answers"] for one in first.judgments] == [{"label": "cat"}]
    assert (gold.gold, gold.answers, last.answers, last.judgments) == ("evaluation", None, None, ())


def test_only_what_is_wanted_leaves_and_only_to_whom_it_may(world: World) -> None:
    project = world.project()
    world.add(project, [text_task(str(n), external_id=str(n)) for n in range(3)])
    assert [r.external_id for r in records(world, wanted=Wanted(external_id="1"))] == ["1"]
    person = world.person("ann")
    with pytest.raises(Forbidden):
        leave(world.database, lambda tx: person, "pets")
    with pytest.raises(NotFound):
        records(world, "nosuch")


def test_a_shipment_of_foreign_files_tells_where_it_is_wrong(world: World, tmp_path: Path) -> None:
    world.project()
    world.provider("Acme", kind="shipment", owner="Acme")
    lines = '{"text": "a", "label": "cat"}\n{"text": "b", "label": "cow"}\n'
    (tmp_path / "in").mkdir()
    (tmp_path / "lines").write_text(lines)
    pq.write_table(pj.read_json(tmp_path / "lines"), tmp_path / "in" / "data.parquet")
    came = receive(
        world.database,
        lambda tx: world.owner,
        "pets",
        "Acme",
        "first",
        lambda form: find_format("huggingface").read(tmp_path / "in", Reading(form, Into.judgments)),
    )
    assert (came.judgments, came.created.wrong) == (1, 1)
    (problem,) = came.created.problems
    assert (problem.pointer, problem.column) == ("/judgments/0/answers/label", "data.parquet, row 2")
