"""What GET of an export promises: a file in three formats, narrowed like the list, that goes on where it was cut."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
from support.lab import Lab, answer_all, pointers, problem
from support.server import text_tasks

TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


def test_what_leaves_is_the_same_in_every_format(lab: Lab) -> None:
    slug = lab.work(5)
    answer_all(lab.owner, slug)
    http = lab.http(lab.owner_key)
    for what in ("tasks", "judgments", "consensus"):
        bodies = {}
        for fmt, media_type in TYPES.items():
            answer = http.get(f"/api/projects/{slug}/export/{what}", params={"format": fmt})
            assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
            name = f'attachment; filename="{slug}-{what}.{fmt}"'
            assert answer.headers["content-disposition"] == name
            bodies[fmt] = answer.content
        ids = [json.loads(line)["id"] for line in bodies["ndjson"].splitlines()]
        assert len(ids) == 5
        assert [row["id"] for row in csv.DictReader(io.StringIO(bodies["csv"].decode(), newline=""))] == ids
        assert pq.read_table(io.BytesIO(bodies["parquet"])).column("id").to_pylist() == ids
        if what != "tasks":
            assert http.get(f"/api/projects/{slug}/{what}").content == bodies["ndjson"]


def test_what_is_asked_wrongly_is_told(lab: Lab) -> None:
    slug = lab.project()
    http = lab.http(lab.owner_key)
    for path, pointer in (
        ("judgments?status=open", "/status"),
        ("tasks?history=1", "/history"),
        ("tasks?status=odd", "/status"),
        ("tasks?after=nothing", "/after"),
        ("tasks?format=xml", "/query/format"),
        ("nothing", "/path/what"),
    ):
        answer = http.get(f"/api/projects/{slug}/export/{path}")
        assert pointers(problem(answer, 422))[0].endswith(pointer.rpartition("/")[2]), path


def test_the_command_writes_a_file_or_a_folder_whole_or_not_at_all(sqlite_lab: Lab, tmp_path: Path) -> None:
    slug, server = sqlite_lab.project(), sqlite_lab.server
    sqlite_lab.owner.create_tasks(slug, text_tasks(4))
    answer_all(sqlite_lab.owner, slug, most=3)
    folder = tmp_path / "out"
    told = server.command("export", slug, "--format", "csv", "--out", folder, "--json").json
    assert told["rows"] == {"tasks": 4, "judgments": 3, "consensus": 3}
    assert sorted(path.name for path in folder.iterdir()) == ["consensus.csv", "judgments.csv", "tasks.csv"]
    assert "absent or empty" in server.command("export", slug, "--out", folder, status=2).stderr
    lines = server.command("export", slug, "--what", "judgments").stdout.splitlines()
    assert len([json.loads(line) for line in lines]) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
