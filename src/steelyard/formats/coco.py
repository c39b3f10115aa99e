"""How do shapes on pictures become COCO?

`annotations/SPLIT.json` with the pictures in `images/`: boxes as bounding boxes, polygons and masks as
segmentations, points as keypoints. Each file is written as it goes; nothing but labels is held.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from steelyard.domain.form import Question
from steelyard.formats import geometry, rle
from steelyard.formats.record import Record, Written, answered
from steelyard.formats.shapes import (
    BROKEN,
    Labels,
    Shape,
    is_sound,
    label_of,
    on_picture,
    pictures,
    run_lengths,
)
from steelyard.formats.writing import NO_PICTURE, Placed, Spool, Writing, encoded, place_picture

KINDS = ("boxes", "polygons", "mask", "points")
Annotation = dict[str, Any]


def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
    """Writes the answered tasks; rows are pictures. Tasks are read twice: categories are known when all were seen."""
    written = Written()
    labels = Labels(writing.questions)
    with Spool(answered(records, written)) as spool, ExitStack() as stack:
        labels.seen(spool.first())
        categories = _Categories(writing.questions, labels)
        files: dict[str, _File] = {}
        for record in spool.again():
            split = writing.split(record)
            if split not in files:
                files[split] = stack.enter_context(_File())
            for index in pictures(record):
                placed = place_picture(writing, record, index, folder / "images")
                if placed is None:
                    written.leave(NO_PICTURE)
                    continue
                files[split].add(
                    _image(record, index, placed), _annotations(record, index, categories, written)
                )
                written.add(split)
        (folder / "annotations").mkdir()
        for split, file in files.items() or {"train": stack.enter_context(_File())}.items():
            file.end(folder / "annotations" / f"{split}.json", categories.listed)
            written.add(split, 0)
    return written


class _Categories:
    """A category for each label of a question; one alone, with its labels as keypoints, for a question of points."""

    def __init__(self, questions: Iterable[Question], labels: Labels) -> None:
        self.questions = list(questions)
        self.listed: list[dict[str, Any]] = []
        self.keypoints: dict[str, list[str]] = {}
        self._ids: dict[tuple[str, str], int] = {}
        for question in self.questions:
            names = labels.of(question)
            if question.kind == "points":
                self.keypoints[question.name] = names
                self._add(question, question.name, {"keypoints": names, "skeleton": []})
            else:
                for name in names:
                    self._add(question, name, {})

    def _add(self, question: Question, name: str, more: dict[str, Any]) -> None:
        number = self._ids[question.name, name] = len(self.listed) + 1
        self.listed.append({"id": number, "name": name, "supercategory": question.name, **more})

    def of(self, question: Question, shape: Shape) -> int:
        return self._ids[question.name, label_of(shape, question)]

    def of_points(self, question: Question) -> int:
        return self._ids[question.name, question.name]


class _File:
    """One COCO file. Pictures and annotations stand in different lists, so each waits in a file of its own."""

    def __init__(self) -> None:
        self._parts: tuple[IO[bytes], IO[bytes]] = (tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115
        self._images = self._annotations = 0

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts:
            part.close()

    def add(self, image: dict[str, Any], annotations: Iterable[Annotation]) -> None:
        self._images += 1
        self._put(0, {"id": self._images, **image}, self._images)
        for annotation in annotations:
            self._annotations += 1
            numbers = {"id": self._annotations, "image_id": self._images}
            self._put(1, {**numbers, **annotation}, self._annotations)

    def _put(self, part: int, value: Any, number: int) -> None:
        self._parts[part].write((b",\n" if number > 1 else b"") + encoded(value))

    def end(self, path: Path, categories: list[dict[str, Any]]) -> None:
        with path.open("xb") as file:
            file.write(b'{"info": {"description": "exported by Steelyard"}, "licenses": [],\n"categories": ')
            file.write(encoded(categories))
            for name, part in zip((b"images", b"annotations"), self._parts, strict=True):
                file.write(b',\n"' + name + b'": [\n')
                part.seek(0)
                shutil.copyfileobj(part, file)
                file.write(b"]")
            file.write(b"}\n")


def _image(record: Record, index: int, placed: Placed) -> dict[str, Any]:
    key = record.key if len(pictures(record)) == 1 else f"{record.key}-{index}"
    size = {"width": placed.picture.width, "height": placed.picture.height}
    return {"file_name": placed.name, **size, "external_id": key}


def _annotations(
    record: Record, index: int, categories: _Categories, written: Written
) -> Iterator[Annotation]:
    for question in categories.questions:
        sound = []
        for shape in on_picture(record, question, index):
            if is_sound(question.kind, shape):
                sound.append(shape)
            else:
                written.leave(BROKEN)
        if question.kind == "points":
            yield from _keypoints(sound, categories.of_points(question), categories.keypoints[question.name])
        elif question.kind == "polygons":
            yield from _polygons(sound, question, categories)
        else:
            for shape in sound:
                made = _box(shape) if question.kind == "boxes" else _mask(shape)
                yield {"category_id": categories.of(question, shape), **made, **_attributes(shape)}


def _box(box: Shape) -> Annotation:
    if not box.get("rotation"):
        found = [box["x"], box["y"], box["width"], box["height"]]
        return {"bbox": found, "area": box["width"] * box["height"], "segmentation": []}
    ring = geometry.corners(box)
    flat = [n for point in ring for n in point]
    return {"bbox": list(geometry.bounds(ring)), "area": box["width"] * box["height"], "segmentation": [flat]}


def _mask(shape: Shape) -> Annotation:
    size, runs = run_lengths(shape)
    packed = {"size": size, "counts": rle.pack(runs)}
    return {"bbox": list(rle.bounds(size, runs)), "area": rle.area(runs), "segmentation": packed}


def _polygons(shapes: list[Shape], question: Question, categories: _Categories) -> Iterator[Annotation]:
    """One annotation for each, or for those that are parts of one thing."""
    things: dict[Any, list[Shape]] = {}
    for number, shape in enumerate(shapes):
        part_of = (shape.get("attributes") or {}).get("part_of")
        things.setdefault(
            ("one", number) if part_of is None else (str(part_of), label_of(shape, question)), []
        ).append(shape)
    for parts in things.values():
        points = [point for shape in parts for point in shape["points"]]
        yield {
            "category_id": categories.of(question, parts[0]),
            "bbox": list(geometry.bounds(points)),
            "area": sum(geometry.area(shape["points"]) for shape in parts),
            "segmentation": [[n for point in shape["points"] for n in point] for shape in parts],
            **_attributes(parts[0]),
        }


def _keypoints(shapes: list[Shape], category: int, names: list[str]) -> Iterator[Annotation]:
    """One annotation for each instance; a label that comes again begins a further one."""
    instances: list[tuple[Any, dict[str, Shape]]] = []
    for shape in shapes:
        of = (shape.get("attributes") or {}).get("instance")
        label = shape.get("label") or names[0]
        for known, labelled in instances:
            if known == of and label not in labelled:
                labelled[label] = shape
                break
        else:
            instances.append((of, {label: shape}))
    for _, labelled in instances:
        flat: list[float] = []
        for name in names:
            shape = labelled.get(name)
            flat += [shape["x"], shape["y"], _visibility(shape)] if shape else [0, 0, 0]
        x, y, width, height = geometry.bounds([(s["x"], s["y"]) for s in labelled.values()])
        yield {
            "category_id": category,
            "bbox": [x, y, width, height],
            "area": width * height,
            "segmentation": [],
            "iscrowd": 0,
            "keypoints": flat,
            "num_keypoints": len(labelled),
        }


def _visibility(shape: Shape) -> int:
    said = (shape.get("attributes") or {}).get("visibility")
    return said if said in (1, 2) else 2


def _attributes(shape: Shape) -> dict[str, Any]:
    given = {k: v for k, v in (shape.get("attributes") or {}).items() if k not in ("iscrowd", "part_of")}
    if shape.get("rotation"):
        given["rotation"] = shape["rotation"]
    crowd = int(bool((shape.get("attributes") or {}).get("iscrowd")))
    return {"iscrowd": crowd, "attributes": given} if given else {"iscrowd": crowd}
