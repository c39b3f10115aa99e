"""Behaviour of `steelyard aggregate` and `steelyard agreement`."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from steelyard.cli.aggregate import aggregate_command, agreement_command

app = typer.Typer()
app.command("aggregate")(aggregate_command)
app.command("agreement")(agreement_command)

TABLE = "task,worker,label\n007,a,1.0\n007,b,1.0\n007,c,2\n08,a,2\n08,b,2\n"


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(TABLE)
    return path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_values_come_out_as_they_went_in(labels, tmp_path):
    out = tmp_path / "out.csv"
    assert run("aggregate", labels, "--out", out).exit_code == 0
    rows = list(csv.DictReader(out.open()))
    assert [(r["task"], r["label"], r["answers"]) for r in rows] == [("007", "1.0", "3"), ("08", "2", "2")]
    assert [name for name in rows[0]] == ["task", "label", "confidence", "answers"]  # noqa: C416


def test_parquet_goes_in_and_out(labels, tmp_path):
    out, again = tmp_path / "out.parquet", tmp_path / "again.csv"
    table = tmp_path / "labels.parquet"
    import pyarrow as pa

    rows = list(csv.DictReader(labels.open()))
    pq.write_table(pa.Table.from_pylist(rows), table)
    assert run("aggregate", table, "--out", out, "--annotators", again).exit_code == 0
    assert pq.read_table(out).column("label").to_pylist() == ["1.0", "2"]
    assert [r["annotator"] for r in csv.DictReader(again.open())] == ["a", "b", "c"]


def test_json_stands_alone_on_stdout(labels, tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text("task,label\n007,2\n")
    done = run("aggregate", labels, "--score", gold, "--json")
    said = json.loads(done.stdout)
    assert said["score"] == {"tasks": 1, "unknown_tasks": 0, "accuracy": 0.0, "majority_accuracy": 0.0}
    assert [r["label"] for r in said["results"]] == ["1.0", "2"]
    known = json.loads(run("aggregate", labels, "--gold", gold, "--json").stdout)
    assert [r["label"] for r in known["results"]] == ["2", "2"]


def test_agreement_is_told(labels):
    done = run("agreement", labels, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["percent"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("task,worker,label\n1,a,x\n1,a,y\n", 2, "row 2"),
        ("task,worker,label\n1,a,x\n2,a,\n", 2, "row 2: label is missing"),
        ("task,label\n1,x\n", 2, "no column annotator"),
        ("task,worker,label\n", 3, "no rows"),
        ("", 2, "empty"),
        ("task,worker,label\n1,a\n", 2, "cannot be read"),
    ],
)
def test_what_cannot_be_aggregated_is_told_in_a_sentence(tmp_path, text, status, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    out = tmp_path / "out.csv"
    out.write_text("before")
    done = run("aggregate", path, "--out", out)
    assert done.exit_code == status
    assert words in done.stderr
    assert "bad.csv" in done.stderr
    assert out.read_text() == "before"


def test_wrong_use_ends_with_2(labels, tmp_path):
    assert run("aggregate", tmp_path / "absent.csv").exit_code == 2
    assert run("aggregate", labels, "--kind", "pairwise").exit_code == 2
    assert run("aggregate", labels, "--method", "magic").exit_code == 2
    assert run("aggregate", labels, "--out", tmp_path / "x.txt").exit_code == 2
    assert run("aggregate", labels, "--out", tmp_path / "absent" / "x.csv").exit_code == 2


def test_what_cannot_be_judged_ends_with_3(labels, tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text("task,label\nelsewhere,x\n")
    assert run("aggregate", labels, "--score", gold).exit_code == 3
    assert run("aggregate", labels, "--gold", gold).exit_code == 2
    alone = tmp_path / "alone.csv"
    alone.write_text("task,worker,label\n1,a,x\n2,b,y\n")
    assert run("agreement", alone).exit_code == 3
