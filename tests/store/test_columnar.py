"""The copy of a project's judgments beside the database: always as it is, whatever happened to the copy."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from support.world import World

from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Database
from steelyard.work import columnar
from steelyard.work.columnar import columns_of, forget, forget_all
from steelyard.work.columns import Columns, read_columns
from steelyard.work.withdraw import withdraw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lab"


@pytest.fixture
def project(world: World) -> sa.Row:
    return world.project(answers=3)


@pytest.fixture
def people(world: World, project: sa.Row) -> list[Principal]:
    """Three who have answered ten tasks each."""
    world.provider("Acme")
    world.tasks(project, 10)
    found = [*world.people(2), *world.people(1, "acme")]
    for who in found:
        world.answer(who, project, lambda held: "cat" if int(held.task[-1], 16) % 2 else "dog")
    return found


def copy(world: World, project: sa.Row, folder: Path) -> Columns:
    """The copy brought up to date, after asserting that it is what the database says."""
    found = columns_of(world.database, folder, project.id)
    straight = world.database.read(lambda tx: read_columns(tx, project.id))
    assert len(found) == len(straight)
    for name in (
        "id",
        "public_id",
        "task",
        "annotator",
        "provider",
        "form",
        "based_on",
        "suggested_by",
        "at",
    ):
        assert np.array_equal(getattr(found, name), getattr(straight, name)), name
    assert np.array_equal(found.shipped, straight.shipped)
    texts = [[c.texts[code] for code in c.answers.tolist()] for c in (found, straight)]
    assert texts[0] == texts[1]
    return found


def parts(folder: Path) -> list[Path]:
    return sorted((folder / "columns").rglob("*.parquet"))


def take_back(world: World, *where: Any) -> int:
    query = sa.select(t.judgment).where(t.judgment.c.current, *where)
    return world.write(lambda tx: withdraw(tx, tx.rows(query), "test", "test", None).judgments)


def answer_more(world: World, project: sa.Row, people: list[Principal], tasks: int = 3) -> None:
    world.tasks(project, tasks)
    for who in people:
        world.answer(who, project)


def test_it_holds_every_current_answer_with_who_gave_it_and_on_what_it_rests(
    world: World, project: sa.Row, people: list[Principal], folder: Path
) -> None:
    found = copy(world, project, folder)
    assert len(found) == 30
    assert set(found.annotator.tolist()) == {who.annotator_id for who in people}
    assert sorted(found.texts) == ['{"label":"cat"}', '{"label":"dog"}']
    assert not found.fix.any()
    ids = {row.public_id for row in world.all(sa.select(t.judgment.c.public_id))}
    assert {found.name(row) for row in range(30)} == ids
    (part,) = parts(folder)
    assert part.stat().st_mode & 0o077 == 0, "nobody else on the machine reads the answers"


def test_what_comes_in_later_is_appended_and_small_parts_are_merged(
    world: World, project: sa.Row, people: list[Principal], folder: Path
) -> None:
    copy(world, project, folder)
    first = parts(folder)
    copy(world, project, folder)
    assert parts(folder) == first
    answer_more(world, project, people, 1)
    copy(world, project, folder)
    assert parts(folder)[0] == first[0], "what is there is not written again"
    assert len(parts(folder)) == 2
    for _ in range(6):
        answer_more(world, project, people, 1)
        copy(world, project, folder)
    assert len(parts(folder)) <= 3


def test_gold_is_not_in_it(world: World, project: sa.Row, people: list[Principal], folder: Path) -> None:
    gold = sa.update(t.judgment).where(t.judgment.c.annotator_id == people[0].annotator_id)
    world.write(lambda tx: tx.execute(gold.values(gold=True)))
    assert len(copy(world, project, folder)) == 20


def test_what_was_withdrawn_is_masked_at_once_and_written_out_when_it_is_much(
    world: World,
    project: sa.Row,
    people: list[Principal],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(columnar, "AT_ONCE", 10)
    copy(world, project, folder)
    before = parts(folder)
    mine = (t.judgment.c.annotator_id == people[0].annotator_id,)
    one = world.one(sa.select(sa.func.min(t.judgment.c.id)).where(*mine))
    assert take_back(world, t.judgment.c.id == one) == 1
    assert len(copy(world, project, folder)) == 29
    assert parts(folder) == before, "one in thirty is only masked"
    assert take_back(world, *mine) == 9
    assert len(copy(world, project, folder)) == 20
    (part,) = parts(folder)
    assert pq.read_metadata(part).num_rows == 20, "a third is written out"
    monkeypatch.undo()
    other = sa.select(sa.func.min(t.judgment.c.id)).where(t.judgment.c.annotator_id == people[1].annotator_id)
    assert take_back(world, t.judgment.c.id == world.one(other)) == 1
    left = len(copy(world, project, folder))
    assert sum(pq.read_metadata(part).num_rows for part in parts(folder)) == left, "of few rows at once"


@pytest.mark.one_database
def test_forgetting_leaves_nothing_on_disk(
    world: World, project: sa.Row, people: list[Principal], folder: Path
) -> None:
    copy(world, project, folder)
    forget(folder, project)
    assert parts(folder) == []
    assert len(copy(world, project, folder)) == 30
    forget_all(folder)
    assert not (folder / "columns").exists()
    assert len(copy(world, project, folder)) == 30
    forget(folder, world.project("Never copied"))


@pytest.mark.one_database
@pytest.mark.parametrize("harm", ["torn", "page", "empty", "junk", "left over", "gap"])
def test_a_part_that_is_not_whole_is_made_anew(
    world: World, project: sa.Row, people: list[Principal], folder: Path, harm: str
) -> None:
    copy(world, project, folder)
    answer_more(world, project, people, 1)
    copy(world, project, folder)
    part = parts(folder)[0]
    data = bytearray(part.read_bytes())
    if harm == "torn":
        part.write_bytes(data[: len(data) // 2])
    elif harm == "page":
        data[40] ^= 0xFF
        part.write_bytes(data)
    elif harm == "empty":
        part.write_bytes(b"")
    elif harm == "junk":
        (part.parent / "other.parquet").write_bytes(b"PAR1 nothing of ours PAR1")
    elif harm == "left over":
        (part.parent / "0123456789abcdef.tmp").write_bytes(b"half")
    else:
        part.unlink()
    assert len(copy(world, project, folder)) == 33
    names = {p.suffix for p in part.parent.iterdir()}
    assert names == {".parquet", ""}, "only parts and the lock are left"


@pytest.mark.one_database
def test_a_part_of_another_database_is_not_believed(
    world: World, project: sa.Row, people: list[Principal], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(world, project, folder)
    before = parts(folder)
    new_name = sa.update(t.installation).values(public_id="f" * 24)
    world.write(lambda tx: tx.execute(new_name))
    copy(world, project, folder)
    assert parts(folder) != before
    monkeypatch.setattr(columnar, "FORM", 99)
    before = parts(folder)
    copy(world, project, folder)
    assert parts(folder) != before


def test_a_database_that_was_put_back_to_an_earlier_day_is_noticed(
    world: World, project: sa.Row, people: list[Principal], folder: Path
) -> None:
    """The same row keys then stand for other answers."""
    copy(world, project, folder)
    last = sa.select(sa.func.max(t.judgment.c.id)).scalar_subquery()
    other = sa.update(t.judgment).where(t.judgment.c.id == last).values(public_id="e" * 24)
    world.write(lambda tx: tx.execute(other))
    found = copy(world, project, folder)
    assert found.name(len(found) - 1) == "e" * 24


@pytest.mark.one_database
def test_deleting_it_loses_nothing(
    world: World, project: sa.Row, people: list[Principal], folder: Path
) -> None:
    copy(world, project, folder)
    shutil.rmtree(folder / "columns")
    assert len(copy(world, project, folder)) == 30


@pytest.mark.one_database
def test_projects_and_worlds_have_folders_of_their_own(
    world: World, project: sa.Row, people: list[Principal], folder: Path
) -> None:
    other = world.project("Others")
    answer_more(world, other, people[:1], 2)
    assert (len(copy(world, project, folder)), len(copy(world, other, folder))) == (30, 2)
    assert {p.parent.name for p in parts(folder)} == {f"live-{project.public_id}", f"live-{other.public_id}"}


def test_many_at_once_do_no_harm(
    world: World, project: sa.Row, people: list[Principal], folder: Path
) -> None:
    found: list[int] = []

    def read() -> None:
        for _ in range(4):
            found.append(len(columns_of(world.database, folder, project.id)))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [30] * 16
    copy(world, project, folder)


def test_a_process_killed_while_it_writes_leaves_nothing_that_is_believed(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Killed in the middle of a part, again and again: whoever comes next finds all rows."""
    world = World(sqlite_database)
    project = world.project(answers=1)
    world.tasks(project, 60)
    world.answer(world.person("ann"), project)
    home = sqlite_database.path.parent  # type: ignore[attr-defined]
    script = """
import os, sys
from pathlib import Path
from steelyard.store.database import open_database
from steelyard.work import columnar
whole, limit = columnar.read_page, int(sys.argv[2])
pages = 0
def page(tx, project, after, through, most=7):
    global pages
    pages += 1
    if pages > limit:
        os.kill(os.getpid(), 9)
    return whole(tx, project, after, through, 7)
columnar.read_page = page
with open_database(Path(sys.argv[1])) as database:
    columnar.columns_of(database, Path(sys.argv[1]), 1)
"""
    for limit in (0, 3, 6):
        done = subprocess.run([sys.executable, "-c", script, str(home), str(limit)], check=False)
        assert done.returncode == -9
    assert len(copy(world, project, home)) == 60
    assert len(parts(home)) == 1


def test_an_answer_that_commits_late_with_a_lower_row_key_is_not_missed(
    postgres_database: Database, tmp_path: Path
) -> None:
    """On PostgreSQL keys are drawn before the commit. The copy waits for whoever may still write one."""
    world = World(postgres_database)
    project = world.project(answers=2)
    world.tasks(project, 2)
    slow, fast = world.people(2)
    held, other = world.take(slow, project)[0], world.take(fast, project)[0]
    written, go_on = threading.Event(), threading.Event()

    def late(tx: Any) -> None:
        from steelyard.work.submit import submit

        submit(tx, slow, held.id, {"label": "cat"})
        written.set()
        assert go_on.wait(30)

    found: list[int] = []
    writing = threading.Thread(target=lambda: world.write(late))
    reading = threading.Thread(
        target=lambda: found.append(len(columns_of(world.database, tmp_path, project.id)))
    )
    writing.start()
    assert written.wait(30)
    world.submit(fast, other, "dog")
    reading.start()
    reading.join(0.5)
    assert found == [], "it waits while somebody may still write a lower key"
    go_on.set()
    writing.join()
    reading.join()
    assert found == [2]
    assert len(copy(world, project, tmp_path)) == 2


def test_what_is_gone_is_found_by_an_index(world: World, project: sa.Row) -> None:
    def plan(tx: Any) -> str:
        sent: list[tuple[str, Any]] = []
        event.listen(tx.connection, "before_cursor_execute", lambda *say: sent.append((say[2], say[3])))
        tx.rows(columnar._GONE, {"project": project.id, "through": 10})
        if tx.dialect == "postgresql":
            tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        prefix = "EXPLAIN QUERY PLAN " if tx.dialect == "sqlite" else "EXPLAIN "
        return str(tx.connection.exec_driver_sql(prefix + sent[0][0], sent[0][1]).all())

    assert "judgment_not_current" in world.write(plan)
