"""How does a project leave for a Label Studio?

`tasks.json` with every judgment as an annotation and the consensus and the suggestion as predictions, the
`label_config.xml` that shows them, and `images/`, which its local storage serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from steelyard.domain.form import Question
from steelyard.formats.label_studio_results import CONTROLS, Shown, results
from steelyard.formats.record import GOLD, Record, Written
from steelyard.formats.writing import NO_PICTURE, Writing, encoded, place_picture

LOCAL = "/data/local-files/?d="
OBJECTS = {
    "text": "Text", "html": "HyperText", "image": "Image", "audio": "Audio", "video": "Video", "document": "HyperText",
    "chat": "Paragraphs",
}  # fmt: skip
_KEYS = {"chat": "dialogue"}


@dataclass
class _Config:
    """What the tasks show, by the key in their data; known when all were seen."""

    objects: dict[str, str] = field(default_factory=dict)


def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
    """Writes every task but gold, answered or not; splits are no part of it."""
    written = Written()
    config = _Config()
    with (folder / "tasks.json").open("xb") as file:
        for record in records:
            if record.gold is not None:
                written.leave(GOLD)
                continue
            data, shown = _data(folder, record, writing, config, written)
            file.write(b",\n" if written.rows else b"[\n")
            file.write(encoded(_task(record, data, shown, writing.questions)))
            written.add("tasks")
        file.write(b"\n]\n" if written.rows else b"[]\n")
    root = _view(config, writing.questions)
    ElementTree.indent(root)
    (folder / "label_config.xml").write_bytes(ElementTree.tostring(root, "utf-8") + b"\n")
    return written


def _data(
    folder: Path, record: Record, writing: Writing, config: _Config, written: Written
) -> tuple[dict[str, Any], list[Shown]]:
    data: dict[str, Any] = {"id": record.id, "external_id": record.external_id}
    shown: list[Shown] = []
    for index, block in enumerate(record.blocks):
        kind = str(block["type"])
        base = _KEYS.get(kind, kind)
        nth = sum(one.kind == kind for one in shown)
        key = base if nth == 0 else f"{base}_{nth + 1}"
        size = None
        if kind == "image":
            placed = place_picture(writing, record, index, folder / "images")
            if placed is None:
                written.leave(NO_PICTURE)
                data[key] = block["url"]
            else:
                data[key] = f"{LOCAL}images/{placed.name}"
                size = (placed.picture.width, placed.picture.height)
        elif kind == "chat":
            data[key] = [{"author": m["role"], "text": m["content"]} for m in block["messages"]]
        else:
            data[key] = block.get("text", block.get("url"))
        config.objects.setdefault(key, kind)
        shown.append(Shown(index, kind, key, size))
    if record.metadata:
        data["metadata"] = record.metadata
    if record.tags:
        data["tags"] = list(record.tags)
    return data, shown


def _task(
    record: Record, data: dict[str, Any], shown: Sequence[Shown], questions: Sequence[Question]
) -> dict[str, Any]:
    def made(answers: Mapping[str, Any]) -> list[dict[str, Any]]:
        return results(answers, questions, record, shown)

    annotations = [{"result": made(one["answers"]), "ground_truth": False} for one in record.judgments]
    predictions = []
    if record.answers is not None:
        consensus = {"model_version": "consensus", "score": record.confidence, "result": made(record.answers)}
        predictions.append(consensus)
    if record.suggestion is not None:
        predictions.append({"model_version": "suggestion", "result": made(record.suggestion)})
    meta = {"annotators": [one["annotator"] for one in record.judgments]}
    return {"data": data, "annotations": annotations, "predictions": predictions, "meta": meta}


def _view(config: _Config, questions: Sequence[Question]) -> ElementTree.Element:
    root = ElementTree.Element("View")
    for key, kind in config.objects.items():
        more = {"nameKey": "author", "textKey": "text", "layout": "dialogue"} if kind == "chat" else {}
        ElementTree.SubElement(root, OBJECTS.get(kind, "Text"), {"name": key, "value": f"${key}", **more})
    for question in questions:
        control = CONTROLS[question.kind]
        fitting = [key for key, kind in config.objects.items() if kind in control.on] or list(config.objects)
        if not fitting:
            continue
        said = {"name": question.name, "toName": fitting[0], **control.attributes(question)}
        tag = ElementTree.SubElement(root, control.tag, said)
        for leaf in question.leaves if control.option else ():
            ElementTree.SubElement(tag, control.option, {"value": leaf})
    return root
