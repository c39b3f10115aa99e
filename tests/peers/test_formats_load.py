"""Do the libraries that others train with load what is exported? Against `datasets` and `pycocotools` themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.records import image, question, record, text, write

from steelyard.formats import rle

HOW = "is not installed; `uv pip install --python .venv/bin/python datasets pillow pycocotools` brings it"


def test_datasets_loads_the_splits_with_their_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets: Any = pytest.importorskip("datasets", reason=f"datasets {HOW}")
    asked = (
        question("label", "choice", "cat", "dög: '😀'"),
        question("marks", "spans"),
        question("outlines", "polygons"),
        question("better", "pairwise"),
        question("price", "number"),
    )
    answers = {
        "label": "dög: '😀'",
        "marks": [{"id": "s", "start": 0, "end": 2, "label": "A", "attributes": {"sure": True}}],
        "outlines": [{"label": "a", "points": [[0, 0], [1, 0.5], [2, 2]]}],
        "better": {"winner": "b", "strength": 2},
        "price": 9.5,
    }
    chat = {"type": "chat", "messages": [{"role": "user", "content": "?"}]}
    records = [record(n, [text("one"), image(), chat], answers, confidence=0.9) for n in range(40)]
    written = write(tmp_path / "out", "huggingface", asked, records, shares={"train": 0.8, "test": 0.2})
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == written.rows
    row = loaded["train"][0]
    assert loaded["train"].features["label"].int2str(row["label"]) == answers["label"]
    assert row["image"].size == (40, 30)
    assert (row["text"], row["messages"], row["price"]) == ("one", chat["messages"], 9.5)
    assert row["better"] == answers["better"]
    assert row["outlines"][0]["points"] == answers["outlines"][0]["points"]
    lines = write(
        tmp_path / "sft", "trl-sft", (question("reply", "text"),), [record(1, [chat], {"reply": "!"})]
    )
    assert lines.rows == {"train": 1}
    sft = datasets.load_dataset("json", data_dir=str(tmp_path / "sft"), cache_dir=str(tmp_path / "cache"))
    assert sft["train"][0]["messages"][-1] == {"role": "assistant", "content": "!"}


def test_pycocotools_loads_shapes_as_they_are(tmp_path: Path) -> None:
    coco: Any = pytest.importorskip("pycocotools.coco", reason=f"pycocotools {HOW}")
    asked = (
        question("found", "boxes", "cat"),
        question("outlines", "polygons"),
        question("sky", "mask"),
        question("joints", "points", "nose", "tail"),
    )
    answers = {
        "found": [{"label": "cat", "x": 1, "y": 2, "width": 3, "height": 4}],
        "outlines": [{"label": "hill", "points": [[0, 0], [8, 0], [8, 6], [0, 6]]}],
        "sky": [{"label": "sky", "rle": {"size": [30, 40], "counts": rle.pack([3, 5, 40, 7, 1145])}}],
        "joints": [{"label": "nose", "x": 3, "y": 4}, {"label": "tail", "x": 9, "y": 8}],
    }
    write(tmp_path / "out", "coco", asked, [record(1, [image()], answers)])
    loaded = coco.COCO(str(tmp_path / "out" / "annotations" / "train.json"))
    box, outline, sky, joints = loaded.loadAnns(loaded.getAnnIds())
    assert loaded.loadCats(box["category_id"])[0]["name"] == "cat"
    assert box["bbox"] == [1, 2, 3, 4]
    assert int(loaded.annToMask(outline).sum()) == outline["area"] == 48
    assert int(loaded.annToMask(sky).sum()) == sky["area"] == 12
    mask: Any = pytest.importorskip("pycocotools.mask")
    assert mask.toBbox(loaded.annToRLE(sky)).tolist() == sky["bbox"]
    assert loaded.loadCats(joints["category_id"])[0]["keypoints"] == ["nose", "tail"]
    evaluation: Any = pytest.importorskip("pycocotools.cocoeval")
    found = [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.9}]
    judged = evaluation.COCOeval(loaded, loaded.loadRes(found), "bbox")
    judged.params.catIds = [1]
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    assert judged.stats[0] == pytest.approx(1.0)
