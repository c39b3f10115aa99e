"""What `steelyard person`, `team` and `project` print and leave behind, run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import PETS, text_task
from typer.main import get_command

from steelyard.cli.main import app
from steelyard.store import tables as t
from steelyard.wiring import Installation, local_owner, open_installation
from steelyard.work.intake import bring_in
from steelyard.work.projects import create_project

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def program() -> Any:
    return get_command(app)


@pytest.fixture
def run(program: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with --json on the folder; the one object that it printed."""

    def run(*words: str, status: int = 0) -> Any:
        ended = program.main([*words, "--data", str(folder), "--json"], standalone_mode=False)
        printed = capsys.readouterr().out
        assert (ended or 0) == status, printed
        return json.loads(printed)

    return run


def test_people_and_teams_are_changed_listed_and_written_down(run: Run, tmp_path: Path) -> None:
    run("key", "create", "--role", "annotator", "--name", "Ann")
    ann = run("person", "update", "ann", "--skill", "Law", "--language", "DE", "--email", "a@lab.example")
    assert (ann["skills"], ann["languages"], ann["email"]) == (["law"], ["de"], "a@lab.example")
    team = run("team", "create", "Night", "--person", "ann")
    assert [p["name"] for p in team["people"]] == ["Ann"]
    assert [(p["name"], len(p["teams"])) for p in run("person", "list")["items"]] == [
        ("Ann", 1),
        ("owner", 0),
    ]
    assert run("person", "show", "Eve", status=2)["code"] == "not_found"
    out = tmp_path / "ann.ndjson"
    told = run("person", "export", ann["id"], "--out", str(out))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert told["lines"] == lines[-1]["lines"] == len(lines) - 1
    assert {line["what"] for line in lines} == {"person", "annotator", "key", "team", "end"}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["ann.ndjson"]
    assert run("team", "update", "night", "--name", "Day", "--nobody")["people"] == []
    assert run("team", "delete", "day") == {"deleted": "day", "lanes_opened": 0}
    assert run("team", "list")["items"] == []


def test_a_project_is_archived_restored_and_deleted_and_the_command_erases_it(run: Run, folder: Path) -> None:
    with open_installation(folder) as here:
        _zoo(here)
    assert run("project", "delete", "zoo", "--yes", status=2)["code"] == "not_archived"
    assert run("project", "archive", "zoo") == {"project": "zoo", "status": "archived", "recalled": 0}
    assert run("project", "restore", "zoo")["status"] == "active"
    run("project", "archive", "zoo")
    foreseen = run("project", "delete", "zoo")
    assert (foreseen["deleted"], foreseen["erased"]["tasks"]) == (False, 2)
    assert [p["tasks"] for p in run("project", "list", "--status", "archived")["items"]] == [2]
    gone = run("project", "delete", "zoo", "--yes")
    assert (gone["deleted"], gone["status"]) == (True, "deleted")
    assert [p["id"] for p in run("project", "list", "--status", "deleted")["items"]] == [gone["id"]]
    assert run("project", "show", "zoo", status=2)["code"] == "not_found"
    with open_installation(folder) as here:
        left = here.database.read(
            lambda tx: tx.scalar(sa.select(sa.func.count(t.content_payload.c.content_id)))
        )
        assert left == 0
        assert here.database.read(lambda tx: tx.scalar(sa.select(sa.func.count(t.content.c.id)))) == 2


def _zoo(here: Installation) -> None:
    here.database.write(lambda tx: create_project(tx, local_owner(tx, "live"), name="Zoo", form=PETS))
    rows = [text_task(f"animal {i}") for i in range(2)]
    bring_in(here.database, here.blobs, lambda tx: local_owner(tx, "live"), "zoo", rows)
