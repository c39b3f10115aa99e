"""How do boxes leave as Pascal VOC?

`JPEGImages/`, `Annotations/NAME.xml`, `ImageSets/Main/SPLIT.txt`. Coordinates are those of the devkit: the first
pixel is 1 and the last is inside, so that a box over a whole picture is 1, 1, width, height. Fractions stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.formats.fitting import DoesNotFit
from steelyard.formats.record import Record, Written, answered
from steelyard.formats.shapes import BROKEN, Shape, is_sound, label_of, on_picture, pictures
from steelyard.formats.writing import NO_PICTURE, LineFiles, Placed, Writing, place_picture

TURNED = "turned boxes"
FLAGS = ("truncated", "difficult", "occluded")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
    """Writes the answered tasks; rows are pictures."""
    written = Written()
    (folder / "Annotations").mkdir()
    with LineFiles(folder / "ImageSets" / "Main", ".txt") as sets:
        for record in answered(records, written):
            split = writing.split(record)
            for index in pictures(record):
                placed = place_picture(writing, record, index, folder / "JPEGImages")
                if placed is None:
                    written.leave(NO_PICTURE)
                    continue
                stem = Path(placed.name).stem
                tree = _annotation(record, index, placed, writing.questions[0], written)
                ElementTree.indent(tree)
                with (folder / "Annotations" / f"{stem}.xml").open("xb") as file:
                    ElementTree.ElementTree(tree).write(file, "utf-8")
                sets.file(split).write(stem.encode() + b"\n")
                written.add(split)
    return written


def _annotation(
    record: Record, index: int, placed: Placed, question: Question, written: Written
) -> ElementTree.Element:
    root = ElementTree.Element("annotation")
    _add(root, "folder", "JPEGImages")
    _add(root, "filename", placed.name)
    size = ElementTree.SubElement(root, "size")
    _add(size, "width", placed.picture.width)
    _add(size, "height", placed.picture.height)
    _add(size, "depth", 3)
    _add(root, "segmented", 0)
    for shape in on_picture(record, question, index):
        if not is_sound("boxes", shape):
            written.leave(BROKEN)
        elif shape.get("rotation"):
            written.leave(TURNED)
        else:
            _object(root, shape, question)
    return root


def _object(root: ElementTree.Element, shape: Shape, question: Question) -> None:
    label = label_of(shape, question)
    if _NOT_XML.search(label):
        message = f"the label {label!r} of question {question.name!r} holds a character that XML cannot"
        raise DoesNotFit([Problem("", "label", message)], message)
    one = ElementTree.SubElement(root, "object")
    _add(one, "name", label)
    _add(one, "pose", "Unspecified")
    attributes = shape.get("attributes") or {}
    for flag in FLAGS:
        _add(one, flag, int(attributes.get(flag) is True))
    box = ElementTree.SubElement(one, "bndbox")
    _add(box, "xmin", shape["x"] + 1)
    _add(box, "ymin", shape["y"] + 1)
    _add(box, "xmax", shape["x"] + shape["width"])
    _add(box, "ymax", shape["y"] + shape["height"])


def _add(parent: ElementTree.Element, name: str, value: Any) -> None:
    said = f"{value:.10g}" if isinstance(value, float) else str(value)
    ElementTree.SubElement(parent, name).text = said
