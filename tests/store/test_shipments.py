"""How do answers come in by the bundle, and what is made of them?"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World, text_task

from steelyard.domain.errors import Conflict, Forbidden, NotFound
from steelyard.store import tables as t
from steelyard.work import shipments
from steelyard.work.shipments import Received, receive
from steelyard.work.tally import progress


@pytest.fixture
def project(world: World) -> sa.Row:
    world.provider("Bulk", kind="shipment")
    return world.project(answers=3, max_answers=5, target_confidence=0.999)


def said(*labels: str, annotators: Iterable[str | None] = ()) -> list[dict[str, Any]]:
    names = [*annotators, *[None] * len(labels)]
    judged = (
        {"answers": {"label": label}, "annotator": name} for label, name in zip(labels, names, strict=False)
    )
    return [{k: v for k, v in j.items() if v is not None} for j in judged]


def answered(external_id: str, *labels: str, **more: Any) -> dict[str, Any]:
    annotators = more.pop("annotators", ())
    return text_task(
        f"text {external_id}",
        external_id=external_id,
        judgments=said(*labels, annotators=annotators),
        **more,
    )


def ship(world: World, rows: Iterable[Any], provider: str = "bulk", **more: Any) -> Received:
    return receive(world.database, lambda tx: world.owner, "pets", provider, "May", rows, **more)


def sums(world: World, project: sa.Row):
    return world.database.read(lambda tx: progress(tx, project.id))


def test_ten_answers_of_nobody_in_particular_are_all_kept(world: World, project: sa.Row) -> None:
    got = ship(world, [answered("1", *["cat"] * 7, *["dog"] * 3)])
    assert (got.created.new, got.judgments) == (1, 10)
    rows = world.all(sa.select(t.judgment))
    assert len(rows) == 10
    assert all(r.anonymous and r.current for r in rows)
    assert len({r.annotator_id for r in rows}) == 1
    (task,) = got.created.ids
    assert task is not None
    (found,) = world.consensus(task)
    assert (found.answers, found.tie, len(found.judgments)) == ({"label": "cat"}, False, 10)
    assert (world.task(task).status, world.task(task).answers) == ("settled", 10)


def test_a_shipment_leaves_no_work_behind(world: World, project: sa.Row) -> None:
    ship(world, [answered("1", "cat"), answered("2", "cat", "dog")])
    assert world.count(t.assignment) == 0
    assert world.count(t.job) == 0
    assert world.take(world.owner, project) == []
    found = sums(world, project)
    assert (found.tasks, found.settled, found.judgments, found.wanted, found.overlapping) == (2, 2, 3, 3, 1)


def test_a_tie_is_marked(world: World, project: sa.Row) -> None:
    got = ship(world, [answered("1", "cat", "dog")])
    (task,) = got.created.ids
    assert task is not None
    assert world.consensus(task)[0].tie


def test_named_annotators_are_the_providers_own_and_stay(world: World, project: sa.Row) -> None:
    ship(world, [answered("1", "cat", "dog", annotators=["w1", "w2"])])
    ship(world, [answered("2", "cat", "dog", annotators=["w1", "anonymous"])])
    bulk = world.provider_row("bulk")
    rows = world.all(sa.select(t.annotator).where(t.annotator.c.provider_id == bulk.id))
    assert {(r.external_id, r.anonymous) for r in rows} == {
        ("w1", False),
        ("w2", False),
        ("anonymous", True),
    }


def test_what_was_answered_is_said_to_be_the_providers(world: World, project: sa.Row) -> None:
    got = ship(world, [{**answered("1", "cat"), "judgments": [
        {"answers": {"label": "cat"}, "at": "2026-01-02T03:04:05Z"}]}])  # fmt: skip
    (row,) = world.all(sa.select(t.judgment))
    bulk = world.provider_row("bulk")
    (shipment,) = world.all(sa.select(t.shipment))
    assert (row.provider_id, row.shipment_id, row.price) == (bulk.id, shipment.id, 0)
    assert row.at == 1_767_323_045_000_000
    assert (shipment.public_id, shipment.rows, shipment.name) == (got.shipment, 1, "May")
    assert world.all(sa.select(t.content.c.provider_id))[0].provider_id == bulk.id
    assert world.count(t.exposure) == 0


def test_the_same_shipment_sent_twice_adds_nothing(world: World, project: sa.Row) -> None:
    rows = [answered(str(n), "cat", "dog", "cat") for n in range(5)]
    ship(world, rows)
    before = sums(world, project)
    again = ship(world, rows)
    assert (again.created.new, again.created.same, again.judgments) == (0, 5, 0)
    assert sums(world, project) == before
    assert (world.count(t.judgment), world.count(t.consensus)) == (15, 5)


def test_the_same_row_twice_in_a_shipment_counts_once(world: World, project: sa.Row) -> None:
    row = answered("1", "cat", "dog", annotators=["w1", "w2"])
    got = ship(world, [row, row])
    assert (got.created.new, got.created.same, got.judgments) == (1, 1, 2)
    assert (sums(world, project).judgments, world.count(t.consensus)) == (2, 1)


def test_two_who_send_the_same_at_once_add_it_once(world: World, project: sa.Row) -> None:
    rows = [answered(str(n), "cat", "dog", "cat") for n in range(120)]
    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(ship, world, rows) for _ in range(3)]
        assert sum(d.result().judgments for d in done) == 360
    assert (world.count(t.task), world.count(t.judgment), world.count(t.consensus)) == (120, 360, 120)


def test_wrong_rows_are_told_with_row_and_place_and_nothing_of_them_is_written(
    world: World, project: sa.Row
) -> None:
    rows = [
        answered("1", "cat"),
        answered("2", "fish"),
        text_task("no judgments", external_id="3"),
        answered("4", "cat", "dog", annotators=["w", "w"]),
        {**answered("5", "cat"), "judgments": ["cat"]},
        {**answered("6", "cat"), "judgments": [{"answers": {"label": "cat"}, "at": "yesterday"}]},
        {**answered("7", "cat"), "judgments": [{"answers": {"label": "cat"}, "annotator": "a\x00"}]},
        {**answered("8", "cat"), "content": {"blocks": [{"type": "image", "url": "data:image/png,x"}]}},
        answered("9", "cat", colour="red"),
        7,
        answered("10", "dog"),
    ]
    got = ship(world, rows)
    assert [(p.row, p.pointer) for p in got.created.problems] == [
        (1, "/judgments/0/answers/label"),
        (2, "/judgments"),
        (3, "/judgments/1/annotator"),
        (4, "/judgments/0"),
        (5, "/judgments/0/at"),
        (6, "/judgments/0/annotator"),
        (7, "/content/blocks/0/url"),
        (8, "/colour"),
        (9, ""),
    ]
    assert (got.created.new, got.created.wrong, got.judgments) == (2, 9, 2)
    assert {r.external_id for r in world.all(sa.select(t.task.c.external_id))} == {"1", "10"}
    assert (world.count(t.judgment), world.count(t.content)) == (2, 2)


def test_answers_for_a_task_that_waits_take_it_out_of_the_queue(world: World, project: sa.Row) -> None:
    task_only = {k: v for k, v in answered("1", "cat").items() if k != "judgments"}
    (task,) = world.add(project, [task_only])
    got = ship(world, [answered("1", "cat", "cat")])
    assert (got.created.same, got.judgments) == (1, 2)
    assert world.task(task).status == "settled"
    assert world.take(world.owner, project) == [], "nobody is asked for what is there"
    found = sums(world, project)
    assert (found.tasks, found.wanted, found.settled, found.judgments) == (1, 2, 1, 2)


def test_a_task_that_was_answered_here_keeps_its_own_answers(world: World, project: sa.Row) -> None:
    task_only = {k: v for k, v in answered("1", "cat").items() if k != "judgments"}
    (task,) = world.add(project, [task_only])
    world.submit(world.owner, world.take(world.owner, project)[0], "bird")
    got = ship(world, [answered("1", "cat", "cat")])
    assert got.judgments == 0
    assert (world.task(task).answers, world.count(t.judgment)) == (1, 1)


@pytest.mark.parametrize("status", ["suspended", "exited"])
def test_a_stopped_provider_sends_nothing(world: World, project: sa.Row, status: str) -> None:
    world.change("bulk", status=status)
    with pytest.raises(Conflict):
        ship(world, [answered("1", "cat")])
    assert world.count(t.shipment) == 0


def test_a_provider_that_is_stopped_half_way_adds_nothing_more(
    world: World, project: sa.Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipments, "BLOCK", 2)

    def stop(received: Received) -> None:
        if received.created.new == 2:
            world.change("bulk", status="suspended")

    with pytest.raises(Conflict):
        ship(world, [answered(str(n), "cat") for n in range(6)], counted=stop)
    assert world.count(t.judgment) == 2


def test_only_who_may_create_tasks_brings_a_shipment(world: World, project: sa.Row) -> None:
    (who,) = world.people(1)
    with pytest.raises(Forbidden):
        receive(world.database, lambda tx: who, "pets", "bulk", "May", [answered("1", "cat")])
    with pytest.raises(NotFound):
        ship(world, [answered("1", "cat")], provider="nobody")


def test_a_row_that_is_gold_and_brings_answers_is_refused_at_its_gold(world: World, project: sa.Row) -> None:
    got = ship(world, [{**answered("1", "cat"), "gold": {"label": "cat"}}, answered("2", "dog")])
    assert (got.created.new, got.created.wrong, got.judgments) == (1, 1, 1)
    assert [(p.row, p.pointer) for p in got.created.problems] == [(0, "/gold")]
