"""The guide to imports and exports and the client's reference are run as they stand, against a server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.lab import Lab

DOCS = Path(__file__).resolve().parents[2] / "docs"
URL = "http://127.0.0.1:8000"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def json_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_command_of_the_guide_runs(sqlite_lab: Lab, tmp_path: Path) -> None:
    script = "set -euo pipefail\n" + "\n".join(blocks("guide/import-export.md", "sh"))
    more = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "URL": sqlite_lab.url,
        "OWNER": sqlite_lab.owner_key,
        "STEELYARD_DATA": str(sqlite_lab.server.folder),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "line 5, gold.topic: " in done.stderr
    assert "something is wrong with it" in done.stdout
    assert '"same":3' in done.stdout.replace(" ", "")
    names = {path.name for path in (tmp_path / "tickets-export").iterdir()}
    assert names == {"tasks.csv", "judgments.csv", "consensus.csv"}
    assert (tmp_path / "first.ndjson").read_text().count("\n") == 1
    assert json_lines(tmp_path / "for-openai" / "train.jsonl") == json_lines(tmp_path / "written.jsonl")
    assert (tmp_path / "dataset" / "README.md").is_file()
    assert "trl-dpo takes questions of kind pairwise or ranking; the form asks 'reply' (text)" in done.stderr
    assert not (tmp_path / "pairs").exists()


def test_every_snippet_of_the_client_runs(
    sqlite_lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEELYARD_KEY", sqlite_lab.owner_key)
    source = "\n".join(blocks("reference/client.md", "python"))
    assert source.count(URL) == 1
    exec(compile(source.replace(URL, sqlite_lab.url), "client.md", "exec"), {})
    said = capsys.readouterr().out
    assert "{'new': 1000, 'same': 0, 'changed': 0, 'wrong': 0}" in said
    assert "409 task_full" in said
