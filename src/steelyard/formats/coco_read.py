"""How does COCO come in as tasks? A task a picture, with the shapes that the form asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from steelyard.domain.form import Question
from steelyard.formats import geometry, rle
from steelyard.formats.coco import KINDS
from steelyard.formats.fitting import questions_for
from steelyard.formats.picture_files import PictureFiles
from steelyard.formats.reading import BadFile, Reading, Task, document, files_of
from steelyard.formats.rows import Row


class _Image(msgspec.Struct, gc=False):
    id: int | str
    file_name: str
    coco_url: str | None = None
    flickr_url: str | None = None
    external_id: str | None = None


class _Annotation(msgspec.Struct):
    image_id: int | str
    category_id: int
    id: int | str | None = None
    bbox: list[float] | None = None
    segmentation: list[list[float]] | dict[str, Any] | None = None
    iscrowd: int = 0
    keypoints: list[float] | None = None
    attributes: dict[str, Any] | None = None


class _Category(msgspec.Struct):
    id: int
    name: str
    supercategory: str | None = None
    keypoints: list[str] | None = None


class _Document(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation] = []
    categories: list[_Category] = []


class _Wrong(ValueError):
    """What is wrong with an annotation."""


def read(place: Path, reading: Reading) -> Iterator[Row]:
    """The rows of one file, or of all in `annotations/` of a folder. Raises `BadFile`, `DoesNotFit`."""
    asked = (reading.question,) if reading.question else ()
    questions = questions_for("COCO", KINDS, reading.form, asked)
    pattern = "annotations/*.json" if (place / "annotations").is_dir() else "*.json"
    files = files_of(place, pattern, "COCO file")
    home = place if place.is_dir() else place.parent
    for path in files:
        found = document(path, _Document)
        categories = {category.id: category for category in found.categories}
        by_image: dict[int | str, list[tuple[int, _Annotation]]] = {}
        for number, annotation in enumerate(found.annotations):
            by_image.setdefault(annotation.image_id, []).append((number, annotation))
        known = {image.id for image in found.images}
        for image_id, given in by_image.items():
            if image_id not in known:
                raise BadFile(
                    path.name, f"annotations[{given[0][0]}].image_id: there is no image {image_id!r}"
                )
        pictures = PictureFiles(reading, home, ("images", f"images/{path.stem}", path.stem, ""))
        for number, image in enumerate(found.images):
            where = f"{path.name}, images[{number}]"
            task = Task(where, external_id=image.external_id or image.file_name[:500])
            if len(files) > 1 or path.parent.name == "annotations":
                task.metadata["split"] = path.stem
            url = image.coco_url or image.flickr_url
            pictures.show(task, image.file_name, url)
            task.answers = {question.name: [] for question in questions}
            for place_in_file, annotation in by_image.get(image.id, ()):
                try:
                    _fill(task.answers, annotation, categories, questions)
                except _Wrong as wrong:
                    task.problems.append(f"annotations[{place_in_file}]{wrong}")
            yield task.row(reading.into)


def _fill(
    answers: dict[str, list[Any]],
    one: _Annotation,
    categories: dict[int, _Category],
    questions: tuple[Question, ...],
) -> None:
    category = categories.get(one.category_id)
    if category is None:
        raise _Wrong(f".category_id: there is no category {one.category_id}")
    kinds = [kind for kind in _offers(one) if any(q.kind == kind for q in questions)]
    if not kinds:
        offered = ", ".join(_offers(one)) or "nothing that can be read"
        raise _Wrong(f": holds {offered}; asked are {', '.join(q.kind for q in questions)}")
    fitting = [q for q in questions if q.kind == kinds[0]]
    question = next((q for q in fitting if q.name == category.supercategory), fitting[0])
    for shape in _SHAPES[kinds[0]](one, category):
        answers[question.name].append({"id": str(one.id), "label": category.name} | shape)
    identify(answers[question.name])


def identify(shapes: list[dict[str, Any]]) -> None:
    """Gives those that share an id ids of their own."""
    seen: set[str] = set()
    for number, shape in enumerate(shapes):
        if shape["id"] in seen:
            shape["id"] = f"{shape['id']}.{number}"
        seen.add(shape["id"])


def _offers(one: _Annotation) -> list[str]:
    """The kinds of shape that an annotation can be, the one that says most first."""
    kinds = []
    if one.keypoints:
        kinds.append("points")
    if isinstance(one.segmentation, dict):
        kinds.append("mask")
    elif one.segmentation and "rotation" not in (one.attributes or {}):
        kinds.append("polygons")
    if one.bbox is not None:
        kinds.append("boxes")
    return kinds


def _attributes(one: _Annotation) -> dict[str, Any]:
    given = {k: v for k, v in (one.attributes or {}).items() if k != "rotation"}
    given |= {"iscrowd": True} if one.iscrowd else {}
    return {"attributes": given} if given else {}


def _boxes(one: _Annotation, category: _Category) -> list[dict[str, Any]]:
    bbox = one.bbox or []
    if len(bbox) != 4:
        raise _Wrong(f".bbox: has {len(bbox)} numbers; x, y, width and height are four")
    turn = (one.attributes or {}).get("rotation")
    ring = one.segmentation[0] if isinstance(one.segmentation, list) and one.segmentation else []
    if turn and len(ring) == 8:
        box = geometry.box_of(_points(ring))
        return [{**box, "rotation": turn, **_attributes(one)}]
    x, y, width, height = bbox
    if width < 0 or height < 0:
        raise _Wrong(".bbox: width and height are 0 or more")
    box = {"x": x, "y": y, "width": width, "height": height}
    return [box | ({"rotation": turn} if isinstance(turn, int | float) and turn else {}) | _attributes(one)]


def _points(flat: list[float]) -> list[list[float]]:
    return [list(pair) for pair in zip(flat[::2], flat[1::2], strict=True)]


def _polygons(one: _Annotation, category: _Category) -> list[dict[str, Any]]:
    parts = one.segmentation if isinstance(one.segmentation, list) else []
    for number, part in enumerate(parts):
        if len(part) < 6 or len(part) % 2:
            raise _Wrong(
                f".segmentation[{number}]: has {len(part)} numbers; a polygon has pairs, three or more"
            )
    part = {"part_of": str(one.id)} if len(parts) > 1 else {}
    found = []
    for flat in parts:
        attributes = _attributes(one).get("attributes", {}) | part
        found.append({"points": _points(flat)} | ({"attributes": attributes} if attributes else {}))
    return found


def _mask(one: _Annotation, category: _Category) -> list[dict[str, Any]]:
    given = one.segmentation if isinstance(one.segmentation, dict) else {}
    size, counts = given.get("size"), given.get("counts")
    try:
        runs = rle.unpack(counts) if isinstance(counts, str) else [int(n) for n in counts or ()]
        rle.check(size or (), runs)
    except (ValueError, TypeError) as wrong:
        raise _Wrong(f".segmentation: {wrong}") from None
    return [{"rle": {"size": size, "counts": rle.pack(runs)}, **_attributes(one)}]


def _keypoints(one: _Annotation, category: _Category) -> list[dict[str, Any]]:
    flat, names = one.keypoints or [], category.keypoints or []
    if len(flat) != 3 * len(names):
        raise _Wrong(f".keypoints: has {len(flat)} numbers; the category names {len(names)} keypoints")
    found = []
    for name, (x, y, visibility) in zip(names, zip(*[iter(flat)] * 3, strict=True), strict=True):
        if visibility:
            attributes = {"instance": str(one.id), "visibility": int(visibility)}
            found.append({"label": name, "x": x, "y": y, "attributes": attributes})
    return found


_SHAPES = {"boxes": _boxes, "polygons": _polygons, "mask": _mask, "points": _keypoints}
