"""Does a project leave as a dataset folder, and come back from it?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.records import image, problems, question, read, record, text, texts, values, write

from steelyard.formats.reading import BadFile

LABEL = question("label", "choice", "cat", "dog")
EVERY = (
    LABEL,
    question("marks", "spans"),
    question("found", "boxes"),
    question("areas", "mask"),
    question("better", "pairwise"),
    question("order", "ranking"),
    question("talk", "chat"),
    question("price", "number"),
    question("stars", "rating"),
    question("tags", "choices", "x", "y"),
    question("form", "fields"),
)
ANSWERS = {
    "label": "dog",
    "marks": [{"id": "s1", "start": 0, "end": 2, "label": "A", "attributes": {"sure": True}}],
    "found": [{"id": "b", "label": "cat", "x": 1.0, "y": 2.5, "width": 3.0, "height": 4.0, "rotation": 0.0}],
    "areas": [{"label": "sky", "rle": {"size": [2, 2], "counts": "04"}}],
    "better": {"winner": "a", "strength": 2},
    "order": [["b"], ["a", "c"]],
    "talk": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    "price": 9.5,
    "stars": 4,
    "tags": ["x", "y"],
    "form": {"total": "9.50"},
}


def test_a_dataset_comes_back_with_every_kind_of_answer(tmp_path: Path) -> None:
    chat = {"type": "chat", "messages": [{"role": "user", "content": "?"}]}
    blocks = [text("one"), image(), chat, text("two", name="hint")]
    one = record(
        1, blocks, ANSWERS, external_id="t1", tags=["n"], metadata={"shop": {"a": [1]}}, confidence=0.9
    )
    written = write(tmp_path / "out", "huggingface", EVERY, [one, record(2, [text("x")], {"label": "cat"})])
    assert written.rows == {"train": 2}
    first, second = values(tmp_path / "out", "huggingface", EVERY)
    shown = first["content"]["blocks"]
    assert shown[1].pop("url").startswith("data:image/png;base64,")
    assert shown == [text("one"), {"type": "image"}, chat, text("two", name="hint")]
    assert first["gold"] == ANSWERS
    assert (first["external_id"], first["tags"]) == ("t1", ["n"])
    assert first["metadata"] == {"split": "train", "shop": {"a": [1]}}
    assert second["gold"] == {"label": "cat"}
    assert second["external_id"] == f"{2:024x}"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(texts, st.sampled_from(["cat", "dog", None]), texts), min_size=1, max_size=6))
def test_whatever_is_written_comes_back(
    rows: list[tuple[str, str | None, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("dataset") / "out"
    words = question("words", "text")
    records = [
        record(n, [text(shown)], {k: v for k, v in (("label", label), ("words", said)) if v is not None})
        for n, (shown, label, said) in enumerate(rows)
    ]
    write(folder, "huggingface", (LABEL, words), records)
    back = values(folder, "huggingface", (LABEL, words))
    expected = [(shown, {"label": label, "words": said}) for shown, label, said in rows]
    assert [
        (
            one["content"]["blocks"][0]["text"],
            {"label": one["gold"].get("label"), "words": one["gold"].get("words", "")},
        )
        for one in back
    ] == expected


def test_the_head_says_what_the_files_are(tmp_path: Path) -> None:
    odd = question("ünï: '\u2028\x85", "choice", "yes", "😀", "null")
    records = [record(n, [text("x")], {odd.name: "😀"}) for n in range(60)]
    written = write(tmp_path / "out", "huggingface", (odd,), records, shares={"train": 0.5, "test": 0.5})
    head = yaml.safe_load((tmp_path / "out" / "README.md").read_text("utf-8").split("---\n")[1])
    assert {f["split"]: f["path"] for f in head["configs"][0]["data_files"]} == {
        "train": "data/train-*.parquet",
        "test": "data/test-*.parquet",
    }
    features = {f["name"]: f for f in head["dataset_info"]["features"]}
    assert features[odd.name]["dtype"]["class_label"]["names"] == {"0": "yes", "1": "😀", "2": "null"}
    for split, rows in written.rows.items():
        table = pq.read_table(tmp_path / "out" / "data" / f"{split}-00000.parquet")
        assert (table.num_rows, table.schema.names) == (rows, list(features))
        assert set(table.column(odd.name).to_pylist()) == {1}


def test_gold_and_what_nobody_answered_stay_behind(tmp_path: Path) -> None:
    records = [
        record(1, [text("x")], {"label": "cat"}),
        record(2, [text("x")]),
        record(3, [text("x")], {"label": "cat"}, gold="evaluation"),
        record(4, [text("x")], {"not_applicable": True}),
    ]
    written = write(tmp_path / "out", "huggingface", (LABEL,), records)
    assert (sum(written.rows.values()), sum(written.left_out.values())) == (1, 3)
    empty = write(tmp_path / "empty", "huggingface", (LABEL,), records[1:2])
    assert empty.rows == {"train": 0}
    with pytest.raises(BadFile, match="no column that shows anything"):
        read(tmp_path / "empty", "huggingface", (LABEL,))


def table(folder: Path, rows: list[dict[str, Any]], **metadata: str) -> Path:
    folder.mkdir()
    made = pa.Table.from_pylist(rows).replace_schema_metadata(metadata)
    pq.write_table(made, folder / "train-00000-of-00001.parquet")
    return folder


def test_a_foreign_dataset_is_told_by_its_columns(tmp_path: Path) -> None:
    features = {"label": {"names": ["dog", "cat"], "_type": "ClassLabel"}}
    place = table(
        tmp_path / "in",
        [{"text": "a", "label": 1, "source": "web"}, {"text": "b", "label": -1, "source": "web"}],
        huggingface=json.dumps({"info": {"features": features}}),
    )
    first, second = values(place, "huggingface", (LABEL,), "suggestion")
    assert first["content"]["blocks"] == [text("a")]
    assert first["metadata"] == {"split": "train", "source": "web"}
    assert (first["suggestion"], second["suggestion"]) == ({"label": "cat"}, {})


def test_a_wrong_cell_is_told_with_file_row_and_column(tmp_path: Path) -> None:
    features = json.dumps({"info": {"features": {"label": {"names": ["dog"]}}}})
    place = table(
        tmp_path / "in", [{"text": "a", "label": 0}, {"text": "a", "label": 9}], huggingface=features
    )
    assert problems(place, "huggingface", (LABEL,)) == [
        "train-00000-of-00001.parquet, row 2: column label: 9 is the place of none of 1 classes"
    ]
    outside = [{"image": {"bytes": None, "path": "../secret.png"}, "label": "cat"}]
    (tmp_path / "secret.png").write_bytes(b"x")
    (said,) = problems(table(tmp_path / "out", outside), "huggingface", (LABEL,))
    assert "there is no file '../secret.png'" in said
    (tmp_path / "in" / "train-00000-of-00001.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(BadFile, match="train-00000"):
        read(place, "huggingface", (LABEL,))
