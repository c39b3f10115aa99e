"""What `steelyard person`, `team` and `project` print and leave behind, run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import PETS, text_task
from typer.testing import CliRunner

from steelyard.cli.main import app
from steelyard.store import tables as t
from steelyard.wiring import Installation, local_owner, open_installation
from steelyard.work.intake import bring_in
from steelyard.work.projects import create_project

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a command with --json on the folder; the one object that it printed."""

    def run(*words: str, status: int = 0) -> Any:
        arguments = [*words, "--data", str(folder), "--json"]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == status, done.output
        return json.loads(done.stdout)

    return run


def test_people_are_listed_changed_and_written_down(run: Run, tmp_path: Path) -> None:
    for name in ("Ann", "Bob"):
        run("key", "create", "--role", "annotator", "--name", name)
    ann = run("person", "update", "ann", "--skill", "Law", "--language", "DE", "--email", "a@lab.example")
    assert (ann["skills"], ann["languages"], ann["email"]) == (["law"], ["de"], "a@lab.example")
    assert run("person", "update", "Ann", "--skill", "")["skills"] == []
    assert [p["name"] for p in run("person", "list")["items"]] == ["Ann", "Bob", "owner"]
    assert run("person", "show", ann["id"])["languages"] == ["de"]
    assert run("person", "show", "Eve", status=2)["code"] == "not_found"
    out = tmp_path / "ann.ndjson"
    told = run("person", "export", "ann", "--out", str(out))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert told["lines"] == lines[-1]["lines"] == len(lines) - 1
    assert {line["what"] for line in lines} == {"person", "annotator", "key", "end"}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["ann.ndjson"]


def test_teams_are_made_changed_and_given_up(run: Run) -> None:
    run("key", "create", "--role", "annotator", "--name", "Ann")
    team = run("team", "create", "Night", "--person", "ann")
    assert [p["name"] for p in team["people"]] == ["Ann"]
    assert run("team", "update", "night", "--name", "Day", "--nobody")["people"] == []
    assert [row["name"] for row in run("team", "list")["items"]] == ["Day"]
    assert run("team", "create", "day", status=2)["code"] == "name_taken"
    assert run("team", "delete", team["id"]) == {"deleted": team["id"], "lanes_opened": 0}


def test_a_project_is_archived_restored_and_deleted_and_the_command_erases_it(run: Run, folder: Path) -> None:
    with open_installation(folder) as here:
        _zoo(here)
    assert run("project", "show", "zoo")["tasks"] == 2
    assert run("project", "delete", "zoo", "--yes", status=2)["code"] == "not_archived"
    assert run("project", "archive", "zoo") == {"project": "zoo", "status": "archived", "recalled": 0}
    assert run("project", "restore", "zoo")["status"] == "active"
    run("project", "archive", "zoo")
    foreseen = run("project", "delete", "zoo")
    assert (foreseen["deleted"], foreseen["erased"]["tasks"]) == (False, 2)
    assert [p["slug"] for p in run("project", "list", "--status", "archived")["items"]] == ["zoo"]
    gone = run("project", "delete", "zoo", "--yes")
    assert (gone["deleted"], gone["status"]) == (True, "deleted")
    assert run("project", "list")["items"] == []
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
