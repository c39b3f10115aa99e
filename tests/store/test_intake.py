"""Does work come in whole, once, and with every mistake told where it stands?"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World, text_task

from steelyard.domain.errors import Conflict, Forbidden, NotFound, Problem, TooLarge
from steelyard.formats import ndjson
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs, FolderBlobs
from steelyard.work.batches import change_batch
from steelyard.work.intake import bring_in
from steelyard.work.tasks import Created

PIXEL = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return FolderBlobs(tmp_path / "blobs")


def bring(
    world: World, blobs: Blobs, rows: Iterable[Any], who: Principal | None = None, **more: Any
) -> Created:
    return bring_in(world.database, blobs, lambda tx: who or world.owner, "pets", rows, **more)


def told(created: Created) -> list[tuple[int, str, str]]:
    return [(p.row, p.pointer, p.code) for p in created.problems]


def test_every_row_becomes_a_task_with_the_answers_it_wants(world: World, blobs: Blobs) -> None:
    project = world.project(answers=2)
    created = bring(world, blobs, (text_task(f"row {n}") for n in range(603)))
    assert (created.new, created.same, created.changed, created.wrong) == (603, 0, 0, 0)
    assert len(set(created.ids)) == 603
    assert world.count(t.task, t.task.c.project_id == project.id) == 603
    assert world.count(t.assignment) == 1206


def test_the_same_external_id_is_the_same_task(world: World, blobs: Blobs) -> None:
    world.project()
    first = bring(world, blobs, [text_task("a", external_id="1"), text_task("b", external_id="2")])
    again = bring(world, blobs, [text_task("b", external_id="2"), text_task("c", external_id="3")])
    assert (again.new, again.same) == (1, 1)
    assert again.ids[0] == first.ids[1]
    assert world.count(t.task) == 3


def test_a_known_external_id_with_another_content_is_told_and_changes_nothing(
    world: World, blobs: Blobs
) -> None:
    world.project()
    bring(world, blobs, [text_task("a", external_id="1")])
    before = world.all(sa.select(t.task))
    again = bring(world, blobs, [text_task("other", external_id="1"), text_task("b", external_id="2")])
    assert (again.new, again.changed) == (1, 1)
    assert told(again) == [(0, "/external_id", "changed")]
    assert again.ids[0] is None
    assert world.all(sa.select(t.task).limit(1)) == before
    assert world.count(t.task) == 2


def test_the_same_external_id_twice_in_one_stream_is_one_task(world: World, blobs: Blobs) -> None:
    world.project()
    rows = [text_task("a", external_id="1"), text_task("a", external_id="1"), text_task("b", external_id="1")]
    created = bring(world, blobs, rows)
    assert (created.new, created.same, created.changed) == (1, 1, 1)
    assert created.ids[0] == created.ids[1]


def test_a_wrong_row_says_where_and_leaves_the_others_alone(world: World, blobs: Blobs) -> None:
    world.project()
    rows = [
        text_task("fine"),
        {"external_id": "no content"},
        text_task("x", priority="high", gold={"label": "fish"}),
        Problem("", "json", "line 4 is no JSON"),
        ["no object"],
        text_task("x", external_id="", **{"a/b": 1}),
        text_task("also fine"),
    ]
    created = bring(world, blobs, rows)
    assert (created.new, created.wrong) == (2, 5)
    assert [i is None for i in created.ids] == [False, True, True, True, True, True, False]
    assert told(created) == [
        (1, "/content", "required"),
        (2, "/priority", "range"),
        (2, "/gold/label", "unknown_option"),
        (3, "", "json"),
        (4, "", "type"),
        (5, "/a~1b", "unknown"),
        (5, "/external_id", "type"),
    ]


def test_rows_are_counted_through_the_blocks(world: World, blobs: Blobs) -> None:
    world.project()
    rows = [text_task(f"row {n}") for n in range(1001)]
    rows[777] = {}
    steps: list[int] = []
    created = bring(world, blobs, rows, counted=lambda c: steps.append(c.new + c.wrong))
    assert [p.row for p in created.problems] == [777]
    assert len(steps) > 2
    assert steps == sorted(steps)
    assert steps[-1] == 1001


def test_lines_are_rows_unless_they_are_blank_and_errors_name_the_line(world: World, blobs: Blobs) -> None:
    world.project()
    lines = [json.dumps(text_task(f"row {n}", external_id=str(n))).encode() for n in range(4)]
    stream = b"\xef\xbb\xbf" + b"\r\n\n".join(
        [*lines[:3], b"{", lines[0].replace(b"row 0", b"other"), lines[3]]
    )
    created = bring(world, blobs, ndjson.lines(io.BytesIO(stream)))
    assert (created.new, created.changed, created.wrong) == (4, 1, 1)
    assert [(p.row, p.line, p.code) for p in created.problems] == [(3, 7, "json"), (4, 9, "changed")]
    assert [key is None for key in created.ids] == [False, False, False, True, True, False]


def test_large_contents_are_written_a_few_at_a_time(world: World, blobs: Blobs) -> None:
    world.project()
    steps: list[int] = []
    created = bring(
        world, blobs, (text_task("x" * 30_000) for _ in range(10)), counted=lambda c: steps.append(c.new)
    )
    assert (created.new, steps) == (10, [3, 6, 9, 10])


def test_what_came_before_the_stream_broke_is_there_and_the_rest_is_not(world: World, blobs: Blobs) -> None:
    project = world.project()

    def rows() -> Iterator[Any]:
        yield from (text_task(f"row {n}", external_id=str(n)) for n in range(1200))
        raise TooLarge("a line is too long")

    with pytest.raises(TooLarge):
        bring(world, blobs, rows())
    before = world.count(t.task, t.task.c.project_id == project.id)
    assert 0 < before <= 1200
    again = bring(world, blobs, [text_task(f"row {n}", external_id=str(n)) for n in range(1200)])
    assert (again.new, again.same) == (1200 - before, before)


def test_a_write_that_is_refused_is_said_when_those_asked_for_are_over(world: World, blobs: Blobs) -> None:
    world.project()
    rows = [text_task("a", suggestion={"label": "cat"}, suggested_by="nobody")]
    rows += [text_task(f"row {n}") for n in range(1000)]
    with pytest.raises(NotFound):
        bring(world, blobs, rows)
    assert world.count(t.task) <= 1000  # without a mistake of their own the later ones may be there
    assert world.count(t.task, t.task.c.suggestion.is_not(None)) == 0


def test_inline_bytes_are_kept_as_a_blob(world: World, blobs: Blobs) -> None:
    world.project()
    rows = [{"content": {"blocks": [{"type": "image", "url": PIXEL}]}} for _ in range(2)]
    assert bring(world, blobs, rows).new == 2
    (blob,) = world.all(sa.select(t.blob))
    assert (blob.size, blob.media_type) == (8, "image/png")
    bodies = world.all(sa.select(t.content_payload.c.body))
    assert {b.body["blocks"][0]["url"] for b in bodies} == {f"blob:sha256/{blob.digest}"}
    assert world.count(t.content_blob) == 2


@pytest.mark.parametrize("url", ["data:image/png;base64,@@@", "data:nonsense"])
def test_inline_bytes_that_cannot_be_read_are_told(world: World, blobs: Blobs, url: str) -> None:
    world.project()
    created = bring(world, blobs, [{"content": {"blocks": [{"type": "image", "url": url}]}}])
    assert told(created) == [(0, "/content/blocks/0/url", "url")]


def test_a_blob_that_is_not_there_is_told(world: World, blobs: Blobs) -> None:
    world.project()
    missing = {"content": {"blocks": [{"type": "image", "url": f"blob:sha256/{'0' * 64}"}]}}
    created = bring(world, blobs, [text_task("a"), missing])
    assert (created.new, told(created)) == (1, [(1, "/content/blocks", "blob")])


def test_a_foreign_url_is_fetched_before_anybody_is_shown_it(world: World, blobs: Blobs) -> None:
    project = world.project()
    bring(world, blobs, [{"content": {"blocks": [{"type": "image", "url": "https://example.com/a.png"}]}}])
    (task,) = world.all(sa.select(t.task))
    assert task.status == "fetching"
    assert world.take(world.owner, project) == []
    assert [r.kind for r in world.all(sa.select(t.job.c.kind))] == ["fetch_content"]


def test_nothing_is_fetched_in_the_test_world(world: World, blobs: Blobs) -> None:
    from dataclasses import replace

    from steelyard.domain.states import World as Mode

    world.owner = replace(world.owner, world=Mode.TEST)
    world.project()
    bring(world, blobs, [{"content": {"blocks": [{"type": "image", "url": "https://example.com/a.png"}]}}])
    assert world.all(sa.select(t.task.c.status))[0].status == "open"
    assert world.count(t.job) == 0


def test_a_batch_that_is_unknown_or_closed_is_told(world: World, blobs: Blobs) -> None:
    project = world.project()
    world.batch(project, "Done")
    world.write(lambda tx: change_batch(tx, world.owner, "Done", "finished"))
    rows = [text_task("a", batch="Nope"), text_task("b", batch="done"), text_task("c")]
    created = bring(world, blobs, rows)
    assert told(created) == [(0, "/batch", "unknown"), (1, "/batch", "closed")]
    assert created.new == 1


def test_a_name_of_a_batch_is_taken_once(world: World) -> None:
    project = world.project()
    world.batch(project, "Monday")
    with pytest.raises(Conflict):
        world.batch(project, " MONDAY")


def test_whoever_may_not_create_tasks_creates_none(world: World, blobs: Blobs) -> None:
    world.project()
    (who,) = world.people(1)
    with pytest.raises(Forbidden):
        bring(world, blobs, [text_task("a")], who)


def test_gold_is_kept_apart_and_waits_in_no_queue(world: World, blobs: Blobs) -> None:
    project = world.project(answers=3)
    bring(world, blobs, [text_task("a", gold={"label": "cat"})])
    assert world.count(t.assignment) == 0
    assert world.all(sa.select(t.gold_payload.c.answers))[0].answers == {"label": "cat"}
    assert world.take(world.owner, project) == []


def test_a_task_may_bring_its_own_form(world: World, blobs: Blobs) -> None:
    project = world.project()
    own = {"questions": [{"name": "ok", "kind": "choice", "options": ["yes", "no"]}]}
    created = bring(world, blobs, [text_task("a", form=own, suggestion={"ok": "yes"})])
    assert created.problems == []
    (held,) = world.take(world.owner, project)
    assert held.form["questions"][0]["name"] == "ok"
    created = bring(world, blobs, [text_task("b", form={"questions": []})])
    assert told(created)[0][1].startswith("/form/questions")


def test_two_who_bring_the_same_at_once_create_each_once(world: World, blobs: Blobs) -> None:
    world.project()
    rows = [text_task(f"row {n}", external_id=str(n)) for n in range(700)]
    with ThreadPoolExecutor(3) as pool:
        results = [pool.submit(bring, world, blobs, rows) for _ in range(3)]
        done = [r.result() for r in results]
    assert sum(c.new for c in done) == 700
    assert sum(c.same for c in done) == 1400
    assert world.count(t.task) == 700
    assert world.count(t.assignment) == 700
    assert done[0].ids == done[1].ids == done[2].ids


def test_a_batch_started_while_its_tasks_come_in_loses_none(world: World, blobs: Blobs) -> None:
    project = world.project()
    world.batch(project, "Monday", staged=True)
    rows = [text_task(f"row {n}", batch="Monday") for n in range(1100)]
    with ThreadPoolExecutor(2) as pool:
        coming = pool.submit(bring, world, blobs, rows)
        while world.count(t.task) == 0:
            pass
        world.write(lambda tx: change_batch(tx, world.owner, "Monday", "running"))
        assert coming.result().new == 1100
    assert world.count(t.assignment, t.assignment.c.state == 0) == 1100
