"""Does an export hold everything once, in order, and is what it shows written down before it leaves?"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from support.world import World, text_task

from steelyard.domain.errors import Forbidden, Invalid
from steelyard.formats.tables_out import Format
from steelyard.store import tables as t
from steelyard.store.blobs import FolderBlobs
from steelyard.store.database import Transaction
from steelyard.work import task_list
from steelyard.work.export import FEWEST, FIRST, MOST, Asked, What, export
from steelyard.work.intake import bring_in
from steelyard.work.task_list import Wanted

Lines = Callable[..., list[Any]]


@pytest.fixture
def lines(world: World) -> Lines:
    def run(what: What = What.tasks, **asked: Any) -> list[Any]:
        stream = export(world.database, lambda tx: world.owner, "pets", Asked(what, **asked))
        return [json.loads(line) for line in b"".join(stream).splitlines()]

    return run


def shown(world: World) -> int:
    return world.count(t.exposure, t.exposure.c.annotator_id == world.owner.annotator_id)


def test_every_task_leaves_once_in_its_order(world: World, lines: Lines) -> None:
    project = world.project()
    ids = world.tasks(project, 1503)
    counts: list[int] = []
    stream = export(world.database, lambda tx: world.owner, "pets", Asked(What.tasks), counted=counts.append)
    assert [json.loads(line)["id"] for line in b"".join(stream).splitlines()] == ids
    assert counts == [FIRST, MOST, 3]
    assert [line["id"] for line in lines(after=ids[600], limit=550)] == ids[601:1151]
    assert lines(after=ids[-1]) == []


def test_long_rows_leave_few_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.work.export.FIRST", 2)
    world.add(world.project(), [text_task("long " * 12_000) for _ in range(FEWEST + 3)])
    counts: list[int] = []
    stream = export(world.database, lambda tx: world.owner, "pets", Asked(What.tasks), counted=counts.append)
    assert [len(piece.splitlines()) for piece in stream] == [2, FEWEST, 1]
    assert counts == [2, FEWEST, 1]


def test_a_task_leaves_whole(world: World, lines: Lines, tmp_path: Path) -> None:
    project = world.project()
    world.batch(project, "Monday")
    pixel = "data:image/png;base64,iVBORw0KGgo="
    content = {"blocks": [{"type": "text", "text": "été"}, {"type": "image", "url": pixel}]}
    row = {"external_id": "=1", "content": content, "tags": ["x"], "metadata": {"a": 1.5}, "batch": "Monday"}
    made = bring_in(
        world.database,
        FolderBlobs(tmp_path),
        lambda tx: world.owner,
        "pets",
        [{**row, "suggestion": {"label": "dog"}}],
    )
    world.answer(world.owner, project)
    (line,) = lines()
    assert line.pop("created_at").endswith("Z")
    assert line == {
        "id": made.ids[0],
        "external_id": "=1",
        "status": "settled",
        "reason": None,
        "batch": "Monday",
        "priority": 0,
        "tags": ["x"],
        "metadata": {"a": 1.5},
        "gold": None,
        "answered": 1,
        "wanted": 1,
        "suggestion": {"label": "dog"},
        "content": {
            "blocks": [
                {"type": "text", "text": "été"},
                {"type": "image", "url": f"/api/tasks/{made.ids[0]}/content/1"},
            ]
        },
        "consensus": {**line["consensus"], "answers": {"label": "cat"}, "tie": False},
    }


def test_whoever_takes_contents_away_was_shown_them_once(world: World, lines: Lines) -> None:
    project = world.project()
    world.tasks(project, 7)
    first = world.take(world.owner, project)[0]
    assert shown(world) == 1  # by the claim
    assert "content" not in lines(content=False)[0]
    assert shown(world) == 1
    stream = export(world.database, lambda tx: world.owner, "pets", Asked(What.tasks, limit=3))
    assert next(stream)
    assert shown(world) == 3  # before the piece left, and not again what was held
    lines()
    lines()
    assert shown(world) == 7
    where = t.exposure.c.assignment.is_not(None)
    assert world.all(sa.select(t.exposure.c.assignment).where(where))[0].assignment == first.id


def test_tasks_are_narrowed_as_their_list_is(
    world: World, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_list, "LOOKED_AT", 10)
    project = world.project()
    rows = [
        text_task(f"row {n}", external_id=str(n), tags=["rare"] if n in (3, 47) else []) for n in range(50)
    ]
    world.add(project, rows)
    world.add(project, [text_task("gold", external_id="g", gold={"label": "cat"})])
    world.answer(world.owner, project, most=5)

    def found(**wanted: Any) -> list[str]:
        return [line["external_id"] for line in lines(wanted=Wanted(**wanted), content=False)]

    assert found(tag="rare") == ["3", "47"]
    assert found(gold="any") == ["g"]
    assert found(status="settled") == ["0", "1", "2", "3", "4"]
    assert found(status="settled", tag="rare") == ["3"]
    assert found(status="open", gold="no")[0] == "5"
    assert found(external_id="47") == ["47"]
    assert found(tag="nobody has it") == []
    with pytest.raises(Invalid):
        found(status="odd")


def test_judgments_leave_current_or_all(world: World, lines: Lines) -> None:
    project = world.project(answers=2)
    tasks = world.tasks(project, 2)
    ann, bob = world.people(2)
    world.answer(ann, project, "cat")
    world.answer(bob, project, "dog")
    first = world.all(sa.select(t.judgment).order_by(t.judgment.c.id))[0]
    world.write(lambda tx: _withdraw(tx, first.id))
    now = lines(What.judgments)
    assert [(line["task"], line["answers"]) for line in now] == [
        (tasks[1], {"label": "cat"}), (tasks[0], {"label": "dog"}), (tasks[1], {"label": "dog"})
    ]  # fmt: skip
    assert set(now[0]) == {"id", "task", "external_id", "annotator", "provider", "answers", "at", "gold"}
    assert now[0]["provider"] == "in-house"
    assert len({line["annotator"] for line in now}) == 2
    assert [line["current"] for line in lines(What.judgments, history=True)] == [False, True, True, True]
    assert lines(What.judgments, after=now[0]["id"], limit=1) == [now[1]]


def _withdraw(tx: Transaction, key: int) -> None:
    tx.execute(sa.update(t.judgment).where(t.judgment.c.id == key).values(current=False))


def test_a_consensus_leaves_with_what_it_rests_on(world: World, lines: Lines) -> None:
    project = world.project()
    tasks = world.tasks(project, 3)
    world.answer(world.owner, project, most=2)
    found = lines(What.consensus)
    assert [(line["task"], line["answers"], line["settled"]) for line in found] == [
        (tasks[0], {"label": "cat"}, True), (tasks[1], {"label": "cat"}, True)
    ]  # fmt: skip
    assert [line["judgments"] for line in found] == [[line["id"]] for line in lines(What.judgments)]
    assert {type(line["confidence"]) for line in found} == {float}


def test_a_table_has_a_column_for_every_question_that_was_asked(world: World) -> None:
    form = {
        "questions": [
            {"name": "label", "kind": "choice", "options": ["cat", "=dog"]},
            {"name": "cute", "kind": "rating"},
            {"name": "weight", "kind": "number"},
            {"name": "tricks", "kind": "choices", "options": ["sit", "roll"], "required": False},
        ]
    }
    project = world.project(form=form)
    world.tasks(project, 2)
    answers = {"label": "=dog", "cute": 4, "weight": 3.5, "tricks": ["sit"]}
    from steelyard.work.submit import submit

    for held in world.take(world.owner, project, 2):
        world.write(lambda tx, held=held: submit(tx, world.owner, held.id, answers))

    def written(what: What, fmt: Format) -> bytes:
        return b"".join(export(world.database, lambda tx: world.owner, "pets", Asked(what, fmt)))

    (first, _) = csv.DictReader(io.StringIO(written(What.judgments, Format.csv).decode(), newline=""))
    assert json.loads(first["answers"]) == answers
    assert [first[f"answers.{name}"] for name in answers] == ["'=dog", "4", "3.5", '["sit"]']
    for what in What:
        table = pq.read_table(io.BytesIO(written(what, Format.parquet)))
        assert table.num_rows == 2
        cells = {name: table.column(f"answers.{name}").to_pylist()[0] for name in answers}
        assert cells == {"label": "=dog", "cute": 4, "weight": 3.5, "tricks": '["sit"]'}


def test_an_export_is_for_those_who_read_results(world: World) -> None:
    world.project()
    (who,) = world.people(1)
    for what in What:
        with pytest.raises(Forbidden):
            export(world.database, lambda tx: who, "pets", Asked(what))
    with pytest.raises(Invalid):
        export(world.database, lambda tx: world.owner, "pets", Asked(What.tasks, after="nonsense"))
