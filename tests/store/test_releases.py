"""What leaves in a release, and what does not?"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from unit.releases.release_state import DAY, START, State, pets

from steelyard.domain.errors import NotFound
from steelyard.releases import build as build_module
from steelyard.releases.build import Built
from steelyard.releases.folder import PlaceTaken
from steelyard.releases.history import releases_of
from steelyard.releases.verify import verify
from steelyard.store import tables as t
from steelyard.store.blobs import BlobMissing
from steelyard.store.database import Database


@pytest.fixture
def state(database: Database, tmp_path: Path) -> State:
    return pets(database, tmp_path / "home")


def manifest(built: Built) -> dict:
    return json.loads((built.path / "manifest.json").read_bytes())


def table(built: Built, kind: str) -> list[dict]:
    paths = [f["path"] for f in manifest(built)["files"] if f["kind"] == kind]
    tables = [pq.read_table(built.path / path) for path in paths]
    return pa.concat_tables(tables, promote_options="default").to_pylist() if tables else []


def consensus(built: Built) -> dict[str, dict]:
    return {row["external_id"]: row for row in table(built, "consensus")}


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def everything(folder: Path) -> str:
    """All that can be read in a release: raw bytes, values and metadata of tables, payloads of envelopes."""
    import base64

    said = []
    for path, data in files(folder).items():
        said += [path, data.decode("latin-1")]
        if path.endswith(".parquet"):
            read = pq.read_table(folder / path)
            said += [str(read.to_pylist()), str(read.schema), str(pq.read_metadata(folder / path).to_dict())]
    payload = json.loads((folder / "bundle.json").read_bytes())["dsseEnvelope"]["payload"]
    return "\n".join([*said, base64.b64decode(payload).decode()])


def test_a_release_stands_at_its_usual_place_and_verifies(state: State) -> None:
    built = state.build()
    assert built.path == state.folder / "releases" / "pets-v1"
    assert built.version == 1
    assert built.providers == ["acme-labels", "borealis", "in-house"]
    found = verify(built.path, refit=True)
    assert found.problems == []
    assert found.refitted
    assert (found.rows, found.digest) == (built.rows, built.digest)
    assert built.digest == hashlib.sha256((built.path / "manifest.json").read_bytes()).hexdigest()
    assert {p.name for p in built.path.parent.iterdir() if not p.name.endswith(".lock")} == {"pets-v1"}


def test_the_consensus_says_on_what_it_rests(state: State) -> None:
    row = consensus(state.build())["early-0"]
    assert row["label"] == "cat"
    assert json.loads(row["answers"])["label"] == "cat"
    assert row["providers"] == ["acme-labels", "borealis", "in-house"]
    assert len(row["judgments"]) == 4
    assert 0 < row["confidence"] <= 1
    assert json.loads(row["confidence_by"])["label"] == row["confidence"]
    assert row["split"] in ("train", "validation", "test")
    assert "change" not in row


@pytest.mark.one_database
def test_a_fix_is_the_value_and_no_vote(state: State) -> None:
    built = state.build()
    row = consensus(built)["fixed"]
    assert (row["label"], row["confidence"]) == ("bird", 1.0)
    fix = next(j for j in table(built, "judgments") if j["fix"])
    assert row["value_from"] == fix["judgment"]
    assert fix["based_on"] in row["judgments"]


@pytest.mark.one_database
def test_gold_never_leaves(state: State) -> None:
    built = state.build()
    assert "hidden-gold" not in everything(built.path)
    assert "secret of the exam" not in everything(built.path)


@pytest.mark.one_database
def test_gold_that_is_marked_only_in_its_own_table_does_not_leave_either(state: State) -> None:
    state.database.write(lambda tx: tx.execute(sa.update(t.task).values(gold=None)))
    assert "hidden-gold" not in everything(state.build().path)


def test_what_was_withdrawn_superseded_cancelled_or_erased_does_not_leave(state: State) -> None:
    gone = state.add_task("cancelled", "never mind", status="cancelled")
    state.judge(gone, "ann", {"label": "cat"})
    erased = state.add_task("erased", "personal")
    state.judge(erased, "ann", {"label": "cat"})
    content = sa.select(t.task.c.content_id).where(t.task.c.id == erased).scalar_subquery()
    state.database.write(
        lambda tx: tx.execute(sa.delete(t.content_payload).where(t.content_payload.c.content_id == content))
    )
    kept = state.add_task("kept", "fine")
    withdrawn = state.judge(kept, "ann", {"label": "cat"})
    state.judge(kept, "bob", {"label": "dog"})
    state.withdraw(withdrawn)
    built = state.build()
    assert not {"cancelled", "erased"} & set(consensus(built))
    assert consensus(built)["kept"]["label"] == "dog"
    assert state.public["judgment", withdrawn] not in everything(built.path)


def test_each_part_is_of_one_provider_and_one_shipment_or_day(state: State) -> None:
    built = state.build()
    parts = [f for f in manifest(built)["files"] if f["kind"] in ("content", "judgments")]
    for part in parts:
        rows = pq.read_table(built.path / part["path"]).to_pylist()
        assert {row["provider"] for row in rows} == {part["provider"]}
        assert {row["shipment"] for row in rows} == {part["shipment"]}
        if part["shipment"] is None:
            assert {row["at"][:10] for row in rows} == {part["day"]}
    whence = {(p["kind"], p["provider"], p["day"] or "shipment", tuple(p["depends"])) for p in parts}
    assert ("judgments", "acme-labels", "shipment", ("in-house",)) in whence
    assert ("judgments", "in-house", "2026-03-01", ("acme-labels",)) in whence
    assert ("content", "in-house", "2026-03-02", ()) in whence


@pytest.mark.one_database
def test_an_anonymous_answer_has_no_annotator(state: State) -> None:
    rows = table(state.build(), "judgments")
    alone = [row for row in rows if row["shipment"] is not None]
    assert [row["annotator"] for row in alone] == [None]
    assert all(row["annotator"] for row in rows if row["shipment"] is None)


@pytest.mark.one_database
def test_the_bytes_of_what_contents_show_are_in_the_release(state: State) -> None:
    built = state.build()
    digest = hashlib.sha256(b"\x89PNG not really").hexdigest()
    assert (built.path / "blobs" / digest).read_bytes() == b"\x89PNG not really"


@pytest.mark.one_database
def test_the_same_state_gives_the_same_bytes(state: State, tmp_path: Path) -> None:
    first = state.build(tmp_path / "one")
    forget(state)
    second = state.build(tmp_path / "two")
    assert files(first.path) == files(second.path)


def forget(state: State) -> None:
    state.database.write(
        lambda tx: (tx.execute(sa.delete(t.release_provider)), tx.execute(sa.delete(t.release)))
    )


@pytest.mark.one_database
def test_parts_that_have_not_changed_are_carried_over_byte_for_byte(state: State) -> None:
    first = state.build()
    late = state.add_task("new", "the third day", at=START + 2 * DAY)
    state.judge(late, "ann", {"label": "cat"}, at=START + 2 * DAY)
    second = state.build()
    was, now = files(first.path), files(second.path)
    source = {path for path in was if path.startswith(("content/", "judgments/", "blobs/"))}
    assert source
    assert all(now[path] == was[path] for path in source)
    assert len([path for path in now if path.startswith(("content/", "judgments/"))]) == len(source) - 1 + 2


@pytest.mark.one_database
def test_a_successor_says_what_has_changed(state: State) -> None:
    first = state.build()
    second = state.build()
    assert manifest(second)["predecessor"] == first.digest
    assert manifest(second)["changes"] == {
        "same": second.rows, "confidence": 0, "value": 0, "gone": 0, "new": 0,
    }  # fmt: skip
    late = state.add_task("new", "x")
    state.judge(late, "ann", {"label": "cat"})
    third = state.build(None, "Acme Labels")
    changes = manifest(third)["changes"]
    assert changes["new"] == 1
    assert changes["gone"] >= 3
    assert consensus(third)["new"]["change"] == "new"
    assert verify(third.path, refit=True).problems == []


@pytest.mark.one_database
def test_without_a_predecessor_s_folder_nothing_is_said_of_changes(state: State) -> None:
    shutil.rmtree(state.build().path)
    second = state.build()
    assert manifest(second)["changes"] is None
    assert "change" not in consensus(second)["early-0"]


@pytest.mark.one_database
@pytest.mark.parametrize("derivatives", ["drop", "keep"])
@pytest.mark.parametrize("named", ["Acme Labels", "acme-labels"])
def test_of_a_provider_that_is_left_out_there_is_no_trace(
    database: Database, tmp_path: Path, derivatives: str, named: str
) -> None:
    state = pets(database, tmp_path / "home", derivatives=derivatives)
    first = state.build()
    theirs = {j["judgment"] for j in table(first, "judgments") if j["provider"] == "acme-labels"}
    own = {f["sha256"] for f in manifest(first)["files"] if f["provider"] == "acme-labels"}
    assert theirs
    assert own
    second = state.build(None, named)
    said = everything(second.path)
    trace = {
        "acme",
        "Acme",
        *theirs,
        *own,
        *(state.public["annotator", state.annotators[a]] for a in ("amy", "abe", "nobody")),
    }
    assert sorted(word for word in trace if word in said) == []
    assert verify(second.path, refit=True).problems == []
    others = {
        path
        for path, f in {f["path"]: f for f in manifest(first)["files"]}.items()
        if f["provider"] and "acme-labels" not in (f["provider"], *f["depends"])
    }
    assert others <= set(files(second.path))


def test_a_row_is_gone_when_its_value_rests_on_what_is_left_out(state: State) -> None:
    first = state.build()
    assert consensus(first)["worded"]["value_from"] in {
        j["judgment"] for j in table(first, "judgments") if j["provider"] == "acme-labels"
    }
    second = state.build(None, "acme-labels")
    left = consensus(second)
    assert not {"alone", "given", "fixed", "worded"} & set(left)
    assert {"early-0", "pictured"} <= set(left)
    assert left["early-0"]["providers"] == ["borealis", "in-house"]
    worded = next(row["task"] for row in table(second, "content") if row["external_id"] == "worded")
    assert manifest(second)["withheld"] == [worded]


@pytest.mark.one_database
def test_what_was_derived_stays_when_the_policy_says_keep(database: Database, tmp_path: Path) -> None:
    state = pets(database, tmp_path / "home", derivatives="keep")
    built = state.build(None, "acme-labels")
    row = consensus(built)["fixed"]
    assert row["label"] == "bird"
    assert [j["based_on"] for j in table(built, "judgments") if j["fix"]] == [None]
    assert "worded" in consensus(built)
    assert manifest(built)["withheld"] == []


@pytest.mark.one_database
def test_a_fix_of_a_withdrawn_judgment_is_withdrawn_with_it(state: State) -> None:
    task = state.add_task("twice", "x")
    wrong = state.judge(task, "amy", {"label": "dog"})
    state.judge(task, "ann", {"label": "cat"})
    state.judge(task, "bob", {"label": "bird"}, based_on=wrong)
    state.withdraw(wrong)
    assert "twice" not in consensus(state.build())


def test_the_database_remembers_who_was_left_out(state: State) -> None:
    state.build()
    built = state.build(None, "acme-labels")
    newest, oldest = state.database.read(lambda tx: releases_of(tx, state.project))
    assert (newest.version, newest.without, newest.digest) == (2, ["Acme Labels"], built.digest)
    assert (oldest.version, oldest.without, oldest.path) == (
        1,
        [],
        str(state.folder / "releases" / "pets-v1"),
    )
    query = sa.select(t.release_provider).where(t.release_provider.c.left_out)
    rows = state.database.read(lambda tx: tx.rows(query))
    assert [(r.provider_id, r.judgments) for r in rows] == [(state.providers["acme-labels"], 0)]


@pytest.mark.one_database
def test_forms_that_ask_the_same_name_otherwise_have_columns_and_fits_of_their_own(state: State) -> None:
    other = state.add_form(
        {"questions": [{"name": "label", "kind": "rating"}, {"name": "task", "kind": "text"}]}
    )
    task = state.add_task("other", "x")
    state.judge(task, "ann", {"label": 4, "task": "feed it"}, form=other)
    built = state.build()
    row = consensus(built)["other"]
    assert json.loads(row["answers"]) == {"label": 4, "task": "feed it"}
    assert 4 in (row["label"], row.get("label_rating"))
    assert row["task_text"] == "feed it"
    assert len([fit for fit in manifest(built)["fit"].values() if fit["question"] == "label"]) == 2
    assert verify(built.path, refit=True).problems == []


@pytest.mark.one_database
def test_an_answer_of_not_applicable_has_a_row_without_a_value(state: State) -> None:
    task = state.add_task("nothing", "x")
    state.judge(task, "ann", {"not_applicable": True})
    built = state.build()
    row = consensus(built)["nothing"]
    assert (row["label"], row["confidence"], row["answers"]) == (None, 0.0, '{"not_applicable":true}')
    assert verify(built.path, refit=True).problems == []


def test_a_project_without_judgments_gives_a_release_without_rows(database: Database, tmp_path: Path) -> None:
    state = State(database, tmp_path / "home")
    state.add_project()
    built = state.build()
    assert built.rows == 0
    assert verify(built.path, refit=True).problems == []


@pytest.mark.one_database
def test_the_place_must_be_absent_or_empty(state: State, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(PlaceTaken, match="not empty"):
        state.build(tmp_path / "out")
    (tmp_path / "out" / "mine.txt").unlink()
    assert state.build(tmp_path / "out").path == tmp_path / "out"
    with pytest.raises(PlaceTaken, match="not empty"):
        state.build(tmp_path / "out")


@pytest.mark.one_database
def test_an_unknown_project_or_provider_leaves_nothing(state: State, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no project 'nope'"):
        state.build(tmp_path / "out", slug="nope")
    with pytest.raises(NotFound, match="no provider 'Nobody Inc'"):
        state.build(tmp_path / "out", "Nobody Inc")
    assert not [p for p in tmp_path.iterdir() if "out" in p.name]
    assert state.database.read(lambda tx: releases_of(tx, state.project)) == []


@pytest.mark.one_database
def test_absent_bytes_of_a_blob_stop_the_build_and_leave_nothing(state: State, tmp_path: Path) -> None:
    state.blobs.delete(hashlib.sha256(b"\x89PNG not really").hexdigest())
    with pytest.raises(BlobMissing):
        state.build(tmp_path / "out")
    assert not [p for p in tmp_path.iterdir() if "out" in p.name]


@pytest.mark.one_database
def test_a_build_that_dies_before_it_is_recorded_is_built_again(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = state.build()
    forget(state)
    assert first.path.exists()
    second = state.build()
    assert (second.path, second.digest) == (first.path, first.digest)

    def fail(*_: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(build_module, "_record", fail)
    with pytest.raises(RuntimeError):
        state.build()
    assert {p.name for p in first.path.parent.iterdir() if not p.name.endswith(".lock")} == {"pets-v1"}


@pytest.mark.one_database
def test_what_a_killed_build_left_behind_is_swept_by_the_next(state: State, tmp_path: Path) -> None:
    left = tmp_path / ".out.building-0123456789abcdef"
    left.mkdir()
    (left / "half").write_text("x")
    state.build(tmp_path / "out")
    assert not left.exists()


def test_worlds_have_releases_of_their_own(state: State) -> None:
    live = state.build()
    test = State(state.database, state.folder, form=state.form, _numbers=state._numbers)
    test.add_project(world="test")
    built = test.build(world="test")
    assert built.version == 1
    assert built.path != live.path
