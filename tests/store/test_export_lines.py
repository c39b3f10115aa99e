"""The lines that the database writes say what its columns hold, whatever stands in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World, text_task

from steelyard.domain.times import format_time
from steelyard.formats.tables_out import Column, Type
from steelyard.store import tables as t
from steelyard.store.blobs import FolderBlobs
from steelyard.store.database import Transaction
from steelyard.work.export import Asked, What, export
from steelyard.work.export_shapes import Consensus, Judgments
from steelyard.work.export_tasks import Tasks
from steelyard.work.intake import bring_in
from steelyard.work.task_list import Wanted, search_of

ODD = ['"quoted" \\ 100 %s', "ünï ☃ 🦊", "{}", "null", "/</script>", "'", "plain"]
CONFIDENCE = [1.0, 0.0, 0.97, 1 / 3, 0.1234565, 2e-7, 0.999_999_9]


def value(column: Column, cell: Any) -> Any:
    """What JSON has of a cell."""
    if cell is None:
        return None
    if column.type is Type.JSON:
        return json.loads(cell)
    if column.type is Type.TIME:
        return format_time(cell)
    return bool(cell) if column.type is Type.FLAG else cell


def both(world: World, shape: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows by their lines, and by their columns."""

    def look(tx: Transaction) -> tuple[Any, Any]:
        return shape.lines(tx, 0, 500), shape.page(tx, 0, 500)

    lines, page = world.database.read(look)
    assert (lines.rows, lines.last) == (page.rows, page.last)
    assert list(lines.unseen) == list(page.unseen)
    assert lines.text.isascii()
    names = [column.name for column in shape.columns]
    rows = [
        dict(zip(names, map(value, shape.columns, row), strict=True))
        for row in zip(*page.columns, strict=True)
    ]
    return [json.loads(line) for line in lines.text.splitlines()], rows


@pytest.fixture
def odd(world: World) -> World:
    project = world.project(answers=2)
    world.batch(project, ODD[1])
    for text in ODD:
        more = {
            "external_id": text,
            "tags": [text],
            "metadata": {text: [1, 2.5, None, text, "line\u2028\x7f\n"]},
        }
        world.add(project, [text_task(text, **more, suggestion={"label": "dog"}, batch=ODD[1])])
    for person in world.people(2):
        world.answer(person, project)
    world.add(project, [text_task("bare")])

    def scatter(tx: Transaction) -> None:
        keys = tx.execute(sa.select(t.consensus.c.id).where(t.consensus.c.current)).scalars().all()
        for key, confidence in zip(keys, CONFIDENCE, strict=True):
            tx.execute(sa.update(t.consensus).where(t.consensus.c.id == key).values(confidence=confidence))
        tx.execute(sa.update(t.task).where(t.task.c.external_id == "'").values(reason=ODD[0]))

    world.write(scatter)
    return world


def test_judgments(odd: World) -> None:
    lines, rows = both(odd, Judgments(1, None, history=True))
    assert len(lines) == 2 * len(ODD)
    assert lines == rows
    assert {line["external_id"] for line in lines} == set(ODD)
    lines, rows = both(odd, Judgments(1, None))
    assert lines == rows


def test_consensus(odd: World) -> None:
    lines, rows = both(odd, Consensus(1, None))
    assert len(lines) == len(ODD)
    assert {type(line["confidence"]) for line in lines} == {float}
    for line, row in zip(lines, rows, strict=True):
        assert line.pop("confidence") == pytest.approx(row.pop("confidence"), abs=1.5e-6)
        assert line == row


@pytest.mark.parametrize("content", [True, False])
@pytest.mark.parametrize("narrowed", [True, False])
def test_tasks(odd: World, content: bool, narrowed: bool) -> None:
    wanted = Wanted(batch=ODD[1]) if narrowed else None
    search = wanted and odd.database.read(lambda tx: search_of(tx, 1, wanted))
    lines, rows = both(odd, Tasks(odd.owner, 1, None, search, content))
    assert len(lines) == len(ODD) + (0 if narrowed else 1)
    assert ("content" in lines[0]) == content
    for line, row in zip(lines, rows, strict=True):
        answers, confidence, tie = row.pop("answers"), row.pop("confidence"), row.pop("tie")
        found = line.pop("consensus")
        assert line == row
        if answers is None:
            assert found is None
        else:
            assert found.pop("confidence") == pytest.approx(confidence, abs=1.5e-6)
            assert found == {"answers": answers, "tie": tie}


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(tag="a")])
def test_stored_bytes_are_links_and_what_was_erased_is_null(
    world: World, tmp_path: Path, wanted: Wanted
) -> None:
    world.project()
    pixel = {"type": "image", "url": "data:image/png;base64,iVBORw0KGgo="}
    text = {"type": "text", "text": 'says "blob:sha256/'}
    contents = [[pixel], [text, pixel], [text], [text]]
    rows = [{"content": {"blocks": blocks}, "tags": ["a"]} for blocks in contents]
    made = bring_in(world.database, FolderBlobs(tmp_path), lambda tx: world.owner, "pets", rows)
    last = world.task(str(made.ids[3])).content_id
    payload = t.content_payload
    world.write(lambda tx: tx.execute(sa.delete(payload).where(payload.c.content_id == last)))
    stream = export(world.database, lambda tx: world.owner, "pets", Asked(What.tasks, wanted=wanted))
    lines = [json.loads(line) for line in b"".join(stream).splitlines()]
    assert [line["id"] for line in lines] == made.ids

    def link(n: int, block: int) -> dict[str, str]:
        return {"type": "image", "url": f"/api/tasks/{made.ids[n]}/content/{block}"}

    shown = [line["content"] and line["content"]["blocks"] for line in lines]
    assert shown == [[link(0, 0)], [text, link(1, 1)], [text], None]
    assert world.count(t.exposure) == 3, "of what was erased nothing is shown"
