"""Do tasks leave for a Label Studio with what was answered, and come back from one?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support.records import image, problems, question, record, text, values, write

LABEL = question("label", "choice", "cat", 'd<&"og')
EVERY = (
    LABEL,
    question("many", "choices", "x", "y"),
    question("stars", "rating", max=7),
    question("price", "number"),
    question("words", "text"),
    question("marks", "spans", "PER"),
    question("found", "boxes", "cat"),
    question("outlines", "polygons", "hill"),
    question("joints", "points", "nose"),
)
ANSWERS = {
    "label": 'd<&"og',
    "many": ["x", "y"],
    "stars": 6,
    "price": 2.5,
    "words": "one\ntwo",
    "marks": [{"id": "s", "label": "PER", "start": 2, "end": 5}],
    "found": [
        {"id": "b", "label": "cat", "x": 4.0, "y": 3.0, "width": 10.0, "height": 6.0, "block": 1},
        {
            "id": "t",
            "label": "cat",
            "x": 14.0,
            "y": 9.0,
            "width": 8.0,
            "height": 4.0,
            "rotation": 30,
            "block": 1,
        },
    ],
    "outlines": [{"id": "p", "label": "hill", "points": [[0.0, 0.0], [8.0, 0.0], [8.0, 6.0]], "block": 1}],
    "joints": [{"id": "k", "label": "nose", "x": 4.0, "y": 6.0, "block": 1}],
}
SHOWN = [text("😀 Ada <b>"), image(), {"type": "chat", "messages": [{"role": "user", "content": "?"}]}]


def tasks(folder: Path) -> Any:
    return json.loads((folder / "tasks.json").read_bytes())


def near(answers: Any) -> Any:
    if isinstance(answers, dict):
        return {key: near(one) for key, one in answers.items()}
    if isinstance(answers, list):
        return [near(one) for one in answers]
    return pytest.approx(answers, abs=1e-6) if isinstance(answers, float) else answers


def test_a_project_moves_with_all_that_was_answered(tmp_path: Path) -> None:
    judgments = [
        {"id": "1", "annotator": "ann", "answers": ANSWERS},
        {"id": "2", "annotator": "ben", "answers": {}},
    ]
    records = [
        record(
            1, SHOWN, ANSWERS, external_id="one", tags=["n"], metadata={"a": 1}, confidence=0.9,
            judgments=judgments, suggestion={"label": "cat"},
        ),
        record(2, [text("open")]),
        record(3, [text("gold")], gold="evaluation"),
    ]  # fmt: skip
    written = write(tmp_path / "out", "label-studio", EVERY, records)
    assert (written.rows, written.left_out) == ({"tasks": 2}, {"gold": 1})
    (first, second) = values(tmp_path / "out", "label-studio", EVERY, "judgments")
    assert first["external_id"] == "one"
    assert (first["tags"], first["metadata"]) == (["n"], {"a": 1})
    shown = first["content"]["blocks"]
    assert shown[1].pop("url").startswith("data:image/png;base64,")
    assert shown == [SHOWN[0], {"type": "image"}, SHOWN[2]]
    assert first["judgments"] == [
        {"answers": near(ANSWERS), "annotator": "ann"},
        {"answers": {}, "annotator": "ben"},
    ]
    assert (second["judgments"], second["content"]["blocks"]) == ([], [text("open")])
    gold, _ = values(tmp_path / "out", "label-studio", EVERY, "gold")
    assert gold["gold"] == near(ANSWERS)
    suggested, _ = values(tmp_path / "out", "label-studio", EVERY, "suggestion")
    assert suggested["suggestion"] == near(ANSWERS)  # of the predictions the consensus stands first


def test_what_a_label_studio_imports(tmp_path: Path) -> None:
    judged = [{"id": "1", "annotator": "ann", "answers": ANSWERS}]
    write(tmp_path / "out", "label-studio", EVERY, [record(1, SHOWN, judgments=judged, external_id="one")])
    (task,) = tasks(tmp_path / "out")
    assert task["data"]["image"] == "/data/local-files/?d=images/one.png"
    assert (tmp_path / "out" / "images" / "one.png").is_file()
    results = {one.get("id") or one["from_name"]: one for one in task["annotations"][0]["result"]}
    box = results["b"]
    assert (box["type"], box["to_name"], box["original_width"]) == ("rectanglelabels", "image", 40)
    assert box["value"] == near(
        {"x": 10.0, "y": 10.0, "width": 25.0, "height": 20.0, "rotation": 0, "rectanglelabels": ["cat"]}
    )
    assert results["s"]["value"] == {"start": 2, "end": 5, "text": "Ada", "labels": ["PER"]}
    assert results["label"]["value"] == {"choices": ['d<&"og']}
    root = ElementTree.parse(tmp_path / "out" / "label_config.xml").getroot()
    objects = {tag.get("name"): tag.tag for tag in root if tag.get("value", "").startswith("$")}
    assert objects == {"text": "Text", "image": "Image", "dialogue": "Paragraphs"}
    controls = {tag.get("name"): (tag.tag, tag.get("toName")) for tag in root if tag.get("toName")}
    assert controls["found"] == ("RectangleLabels", "image")
    assert controls["marks"] == ("Labels", "text")
    assert set(controls) == {q.name for q in EVERY}
    assert [choice.get("value") for choice in root.iterfind("Choices[@name='label']/Choice")] == list(
        LABEL.leaves
    )


def exported(tmp_path: Path, *given: Any) -> Path:
    (tmp_path / "in.json").write_text(json.dumps(list(given)))
    return tmp_path / "in.json"


def chosen(value: str, **more: Any) -> dict[str, Any]:
    result = {"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": [value]}}
    return {"result": [result], **more}


def test_a_foreign_export_answers_the_question_of_the_fitting_kind(tmp_path: Path) -> None:
    data = {
        "review": "fine",
        "photo": "https://example.com/a.jpg",
        "call": "https://example.com/a.wav?x",
        "n": 3,
    }
    annotations = [
        chosen("cat", completed_by={"id": 1, "email": "a@example.com"}, was_cancelled=True),
        chosen("cat", completed_by=7),
        chosen('d<&"og', completed_by={"email": "b@example.com"}, ground_truth=True),
    ]
    place = exported(tmp_path, {"id": 5, "data": data, "annotations": annotations})
    (task,) = values(place, "label-studio", (LABEL,), "judgments")
    assert task["content"]["blocks"] == [
        text("fine"), image("https://example.com/a.jpg"), {"type": "audio", "url": "https://example.com/a.wav?x"}
    ]  # fmt: skip
    assert (task["external_id"], task["metadata"]) == ("5", {"n": 3})
    assert [(one["annotator"], one["answers"]["label"]) for one in task["judgments"]] == [
        ("7", "cat"), ("b@example.com", 'd<&"og')
    ]  # fmt: skip
    (task,) = values(place, "label-studio", (LABEL,), "gold")
    assert task["gold"] == {"label": 'd<&"og'}


def test_places_counted_in_utf16_are_set_right(tmp_path: Path) -> None:
    result = {"type": "labels", "from_name": "x", "to_name": "text", "id": "r"}
    value = {"start": 3, "end": 6, "text": "Ada", "labels": ["PER"]}
    place = exported(
        tmp_path, {"data": {"text": "😀 Ada"}, "predictions": [{"result": [{**result, "value": value}]}]}
    )
    (task,) = values(place, "label-studio", (question("marks", "spans", "PER"),), "suggestion")
    assert task["suggestion"]["marks"] == [{"id": "r", "label": "PER", "start": 2, "end": 5}]


def test_a_wrong_task_is_told_with_its_field(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    box = {"type": "rectanglelabels", "to_name": "image", "original_width": 10, "original_height": 10}
    value = {"x": 1, "y": 2, "width": 3, "rectanglelabels": ["cat"]}

    def one(result: Any) -> dict[str, Any]:
        return {"data": {"text": "x"}, "annotations": [{"result": [result]}]}

    span = {"type": "labels", "to_name": "text", "value": {"start": 0, "end": 9, "labels": ["PER"]}}
    (tmp_path / "below").mkdir()
    place = exported(
        tmp_path / "below",
        {"data": []},
        {"data": {"n": 3}},
        one({**box, "value": value}),
        one({**box, "value": {**value, "height": "x"}}),
        one({"type": "brushlabels", "from_name": "b", "value": {}}),
        one(span),
        one({"type": "choices", "value": {"choices": ["a", "b"]}}),
        {"data": {"image": "/data/local-files/?d=..%2Fsecret.png"}},
    )
    found = problems(place, "label-studio", EVERY)
    for number, (said, part) in enumerate(
        zip(
            found,
            [
                "data: must be an object", "data: shows nothing", "annotations[0].result[0].value: height is missing",
                "value: 'x' is no number", "brushlabels 'b' answers no question",
                "value: 0 to 9 is no place in a text of 1", "value: too many values", "no picture '../secret.png'",
            ],
            strict=True,
        ),
        1,
    ):  # fmt: skip
        assert said.startswith(f"in.json, task {number}: ")
        assert part in said
