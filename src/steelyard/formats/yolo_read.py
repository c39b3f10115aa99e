"""How does a YOLO dataset come in as tasks? A task a picture; one without a label file shows nothing of the classes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from steelyard.domain.form import Question
from steelyard.formats import geometry
from steelyard.formats.fitting import question_of
from steelyard.formats.image_head import picture
from steelyard.formats.picture_files import PictureFiles
from steelyard.formats.reading import BadFile, Reading, Task, mapping, text_of, within
from steelyard.formats.rows import Row

SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"}
YAML_LIMIT = 1_000_000
LABEL_LIMIT = 10_000_000


def reader(*, turned: bool) -> Callable[[Path, Reading], Iterator[Row]]:
    """The reader of `yolo`, or of `yolo-obb`, where four corners are a box and not a polygon."""

    def read(place: Path, reading: Reading) -> Iterator[Row]:
        kinds = ("boxes",) if turned else ("boxes", "polygons")
        question = question_of("yolo-obb" if turned else "YOLO", kinds, reading.form, reading.question)
        home = place if place.is_dir() else place.parent
        names = _names(place if place.is_file() else _described(home))
        pictures = PictureFiles(reading, home, ("",))
        for path in _pictures(home):
            name = path.relative_to(home).as_posix()
            task = Task(name, external_id=name[:500])
            split = path.parent.name
            if split != "images":
                task.metadata["split"] = split
            found = pictures.show(task, name)
            labels = _labels_of(home, path)
            task.answers = {question.name: []}
            if found is not None and labels is not None:
                with found.open("rb") as file:
                    size = picture(file)
                assert size is not None
                task.where = labels.relative_to(home).as_posix()
                _fill(task, question, labels, names, (size.width, size.height))
            yield task.row(reading.into)

    return read


def _described(home: Path) -> Path:
    for name in ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "labels/classes.txt"):
        if within(home, name):
            return home / name
    raise BadFile(home.name, "holds neither data.yaml nor classes.txt with the names of the classes")


def _names(path: Path) -> dict[int, str]:
    """The classes by number."""
    text = text_of(path, YAML_LIMIT)
    if path.suffix == ".txt":
        return dict(enumerate(line.strip() for line in text.splitlines() if line.strip()))
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise BadFile(path.name, "holds an alias; none is read")
        names = mapping(yaml.safe_load(text)).get("names")
    except (yaml.YAMLError, ValueError, RecursionError) as wrong:
        raise BadFile(path.name, f"is not YAML: {' '.join(str(wrong).split())[:200]}") from None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(
        type(n) is int and isinstance(v, str | int) for n, v in names.items()
    ):
        raise BadFile(path.name, "names: must be a list of names, or each by its number")
    return {number: str(name) for number, name in names.items()}


def _pictures(home: Path) -> Iterator[Path]:
    found = False
    for path in sorted(
        (home / "images").rglob("*") if (home / "images").is_dir() else home.glob("*/images/*")
    ):
        if path.suffix.lower() in SUFFIXES:
            found = True
            yield path
    if not found:
        raise BadFile(home.name, "holds no pictures in images/")


def _labels_of(home: Path, path: Path) -> Path | None:
    """The last folder `images` on the way becomes `labels`."""
    parts = list(path.relative_to(home).parts)
    at = len(parts) - 1 - parts[::-1].index("images")
    parts[at] = "labels"
    return within(home, str(Path(*parts).with_suffix(".txt")))


def _fill(task: Task, question: Question, path: Path, names: dict[int, str], size: tuple[int, int]) -> None:
    shapes: list[dict[str, Any]] = []
    for line, text in enumerate(text_of(path, LABEL_LIMIT).splitlines(), 1):
        if not text.strip():
            continue
        try:
            shape = _shape(text.split(), question, names, size)
            shapes.append({"id": str(line), **shape})
        except ValueError as wrong:
            task.problems.append(f"line {line}: {wrong}")
    task.answers = {question.name: shapes}


def _shape(
    cells: list[str], question: Question, names: dict[int, str], size: tuple[int, int]
) -> dict[str, Any]:
    try:
        number, values = int(cells[0]), [float(cell) for cell in cells[1:]]
    except ValueError:
        raise ValueError(f"is not a class and numbers: {' '.join(cells)[:60]!r}") from None
    if number not in names:
        raise ValueError(f"there is no class {number}")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("has numbers that are not finite")
    pixels = [value * size[place % 2] for place, value in enumerate(values)]
    label = {"label": names[number]}
    if question.kind == "boxes" and len(pixels) == 4:
        x, y, width, height = pixels
        return {**label, "x": x - width / 2, "y": y - height / 2, "width": width, "height": height}
    ring = [list(pair) for pair in zip(pixels[::2], pixels[1::2], strict=False)]
    if question.kind == "boxes" and len(pixels) == 8:
        return {**label, **geometry.box_of(ring)}
    if question.kind == "polygons" and len(pixels) >= 6 and len(pixels) % 2 == 0:
        return {**label, "points": ring}
    raise ValueError(f"has {len(pixels)} numbers, which are none of the {question.kind} that are asked")
