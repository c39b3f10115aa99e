"""What leaves as a file? All of it, of one moment, in little memory, and never a content."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World, text_task

from steelyard.store import tables as t
from steelyard.store.database import Database
from steelyard.work import exposure, seen, seen_export, showings
from steelyard.work.exposure_export import Format, Subject, export, file_name
from steelyard.work.showings import Which

EVIL = '=HYPERLINK("http://x")'


@pytest.fixture
def acme(world: World) -> sa.Row:
    return world.provider("Acme & <Sons>")


def exported(world: World, which: Which, subject: Subject, fmt: Format) -> str:
    return world.database.read(lambda tx: "".join(export(tx, which, subject, fmt)))


def shown(world: World, provider: sa.Row, number: int = 5) -> tuple[Which, Subject]:
    project = world.project()
    world.add(project, [text_task(f"the content {n} itself") for n in range(number)])
    world.take(world.person(EVIL, "acme-sons"), project, number)
    return Which("live", provider.id, horizon=world.write(showings.horizon)), Subject.of_provider(provider)


def test_every_format_tells_the_same_showings(world: World, acme: sa.Row) -> None:
    which, subject = shown(world, acme)
    items = world.database.read(lambda tx: list(showings.everything(tx, which)))
    table = list(csv.DictReader(io.StringIO(exported(world, which, subject, Format.csv), newline="")))
    told = json.loads(exported(world, which, subject, Format.json))
    page = exported(world, which, subject, Format.html)
    assert [(row["at"], row["task"], row["content"], row["assignment"]) for row in table] == [
        (i["at"], i["task"], i["content"], i["assignment"]) for i in items
    ]
    assert told["items"] == items
    assert told["counts"] == world.database.read(lambda tx: exposure.count(tx, which))
    assert (told["of"]["id"], told["world"]) == ("acme-sons", "live")
    assert [(a["name"], a["tasks"]) for a in told["annotators"]] == [(EVIL, 5)]
    for item in items:
        assert page.count(f">{item['content']}<") == 1
    assert "Acme &amp; &lt;Sons&gt;" in page
    assert file_name(subject, which, Format.html).startswith("exposure-acme-sons-20")


def test_no_content_leaves_and_no_cell_is_a_formula(world: World, acme: sa.Row) -> None:
    which, subject = shown(world, acme)
    for fmt in Format:
        text = exported(world, which, subject, fmt)
        assert "itself" not in text
        if fmt is Format.csv:
            assert all(row["annotator_name"] == "'" + EVIL for row in csv.DictReader(io.StringIO(text)))


def test_an_annotators_file_is_of_that_annotator_alone(world: World, acme: sa.Row) -> None:
    shown(world, acme)
    project = world.project("More")
    world.tasks(project, 2)
    other = world.person("Other", "acme-sons")
    world.take(other, project, 2)
    row = world.one(sa.select(t.annotator.c.public_id).where(t.annotator.c.id == other.annotator_id))
    subject = world.database.read(lambda tx: Subject.of_annotator(showings.find_annotator(tx, row)))
    told = json.loads(exported(world, Which("live", annotator_id=other.annotator_id), subject, Format.json))
    assert (told["of"]["name"], told["counts"]["tasks"], len(told["items"])) == ("Other", 2, 2)


def test_a_part_says_what_it_is_a_part_of(world: World, acme: sa.Row) -> None:
    which, subject = shown(world, acme)
    (project,) = world.all(sa.select(t.project))
    (annotator,) = world.all(sa.select(t.annotator).where(t.annotator.c.provider_id == acme.id))
    part = replace(which, project_id=project.id, sensitivity="secret", annotator_id=annotator.id)
    told = json.loads(exported(world, part, subject, Format.json))
    assert told["narrowed"] == {"annotator": annotator.public_id, "project": "pets", "sensitivity": "secret"}
    assert (told["items"], told["counts"]["tasks"], told["annotators"]) == ([], 0, [])
    page = exported(world, part, subject, Format.html)
    assert "Only of this sensitivity" in page
    assert "Only of this project" in page
    assert "Only of this" not in exported(world, which, subject, Format.html)


def test_nothing_shown_is_a_whole_file_too(world: World, acme: sa.Row) -> None:
    which, subject = Which("live", acme.id), Subject.of_provider(acme)
    assert json.loads(exported(world, which, subject, Format.json))["items"] == []
    assert exported(world, which, subject, Format.csv).count("\n") == 1
    assert "Nothing was shown." in exported(world, which, subject, Format.html)


@pytest.mark.parametrize("fmt", Format)
def test_many_showings_take_no_more_memory(sqlite_database: Database, fmt: Format) -> None:
    world = World(sqlite_database)
    acme = world.provider("Acme & <Sons>")
    which, subject = shown(world, acme, 1)
    row = dict(world.all(sa.select(t.exposure))[0]._mapping)

    def many(tx: Any) -> None:
        tx.execute(sa.insert(t.exposure), [{**row, "id": row["id"] + n} for n in range(1, 6_000)])

    world.write(many)
    which = Which("live", acme.id, horizon=world.write(showings.horizon))

    def whole(tx: Any) -> tuple[int, int]:
        size = biggest = 0
        for number, piece in enumerate(export(tx, which, subject, fmt)):
            if number == 3:
                tracemalloc.start()
            size += len(piece)
        biggest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, biggest

    size, biggest = world.database.read(whole)
    assert size > 6_000 * 150
    assert biggest < 4_000_000, "a page of rows, not all of them"


def test_who_has_seen_it_leaves_as_a_file_that_does_not_say_what(world: World, acme: sa.Row) -> None:
    shown(world, acme)
    found = seen.search(world.database, seen.of_text("the content"), "live")
    pages = {fmt: "".join(seen_export.export(found, fmt, "2031-01-01T00:00:00.000Z")) for fmt in Format}
    table = list(csv.DictReader(io.StringIO(pages[Format.csv], newline="")))
    assert [row["name"] for row in table] == ["'" + EVIL] * 5
    assert len(json.loads(pages[Format.json])["items"]) == 5
    assert "2031-01-01T00:00:00.000Z" in pages[Format.html]
    assert not any("the content" in page for page in pages.values())
    nobody = seen.search(world.database, seen.of_text("never"), "live")
    assert "nobody was shown it" in "".join(seen_export.export(nobody, Format.html, "now"))
