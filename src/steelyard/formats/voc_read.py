"""How does Pascal VOC come in as tasks? A task an XML file, with its picture beside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from steelyard.formats.fitting import question_of
from steelyard.formats.picture_files import PictureFiles
from steelyard.formats.plain_xml import parse
from steelyard.formats.reading import BadFile, Reading, Task, files_of, refused, text_of
from steelyard.formats.rows import Row
from steelyard.formats.voc import FLAGS

_ROUNDED = 1e-6  # a box without width, whose edges were written with so many digits


def read(place: Path, reading: Reading) -> Iterator[Row]:
    """The rows of one file, or of all in `Annotations/` of a folder. Raises `BadFile`, `DoesNotFit`; a file that
    cannot be read is a wrong row."""
    question = question_of("Pascal VOC", ("boxes",), reading.form, reading.question)
    pattern = "Annotations/*.xml" if (place / "Annotations").is_dir() else "*.xml"
    files = files_of(place, pattern, "annotations")
    home = place if place.is_dir() else place.parent
    if place.is_file() and home.name == "Annotations":
        home = home.parent
    splits = _splits(home)
    pictures = PictureFiles(reading, home, ("JPEGImages", "images", "Annotations", ""))
    for path in files:
        try:
            root = parse(path)
        except BadFile as wrong:
            yield refused(path.name, [wrong.problems[0].message])
            continue
        name = (root.findtext("filename") or "").strip()
        task = Task(path.name, external_id=path.stem[:500])
        if path.stem in splits:
            task.metadata["split"] = splits[path.stem]
        pictures.show(task, name)
        shapes = []
        for number, one in enumerate(root.iterfind("object"), 1):
            try:
                shapes.append({"id": str(number), **_box(one)})
            except ValueError as wrong:
                task.problems.append(f"object {number}: {wrong}")
        task.answers = {question.name: shapes}
        yield task.row(reading.into)


def _splits(home: Path) -> dict[str, str]:
    """Of each picture by its name: the split that lists it."""
    found: dict[str, str] = {}
    for path in sorted((home / "ImageSets" / "Main").glob("*.txt")):
        for line in text_of(path).splitlines():
            cells = line.split()
            if len(cells) == 1:  # those of two columns say which pictures show a class
                found.setdefault(cells[0], path.stem)
    return found


def _box(one: Element) -> dict[str, Any]:
    label = (one.findtext("name") or "").strip()
    if not label:
        raise ValueError("name: is missing")
    box = one.find("bndbox")
    if box is None:
        raise ValueError("bndbox: is missing")
    left, top, right, bottom = (_number(box, name) for name in ("xmin", "ymin", "xmax", "ymax"))
    width, height = right - left + 1, bottom - top + 1
    if width < -_ROUNDED or height < -_ROUNDED:
        raise ValueError("bndbox: ends before it begins")
    flags = {flag: True for flag in FLAGS if (one.findtext(flag) or "").strip() == "1"}
    found = {
        "label": label,
        "x": left - 1,
        "y": top - 1,
        "width": max(width, 0),
        "height": max(height, 0),
    }
    return found | ({"attributes": flags} if flags else {})


def _number(box: Element, name: str) -> float:
    said = (box.findtext(name) or "").strip()
    try:
        value = float(said)
    except ValueError:
        raise ValueError(f"bndbox.{name}: {said[:40]!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"bndbox.{name}: must be finite")
    return int(value) if value.is_integer() else value
