"""Which shapes of an answer lie on which picture, and what are their labels?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from steelyard.domain.form import Question
from steelyard.formats import rle
from steelyard.formats.record import Record, answer_to

Shape = Mapping[str, Any]
_NUMBERS = {
    "boxes": ("x", "y", "width", "height"),
    "points": ("x", "y"),
}
BROKEN = "shapes that are none"


def pictures(record: Record) -> list[int]:
    """The places of the pictures that it shows."""
    return [index for index, _ in record.of_type("image")]


def on_picture(record: Record, question: Question, index: int) -> list[Shape]:
    """The shapes in the answer to a question that lie on this picture; those that name none are on the first."""
    shown = pictures(record)
    found = []
    for shape in answer_to(record.answers or {}, question) or ():
        block = shape.get("block", 0)
        if (block if block in shown else shown[0]) == index:
            found.append(shape)
    return found


def is_sound(kind: str, shape: Shape) -> bool:
    """Whether a shape has what its kind has."""
    if kind == "polygons":
        points = shape.get("points")
        return isinstance(points, list) and len(points) >= 3 and all(_point(p) for p in points)
    if kind == "mask":
        try:
            run_lengths(shape)
        except (ValueError, KeyError, TypeError):
            return False
        return True
    return all(_number(shape.get(name)) for name in _NUMBERS[kind])


def run_lengths(shape: Shape) -> tuple[list[int], list[int]]:
    """Size and runs of a mask. Raises ValueError, KeyError or TypeError."""
    size, counts = shape["rle"]["size"], shape["rle"]["counts"]
    runs = rle.unpack(counts) if isinstance(counts, str) else list(counts)
    rle.check(size, runs)
    return list(size), runs


def _point(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(_number(n) for n in value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def label_of(shape: Shape, question: Question) -> str:
    """Its label; the name of its question where it has none."""
    label = shape.get("label")
    return label if isinstance(label, str) and label else question.name


class Labels:
    """The labels of each question in the order of the form, those of earlier forms behind them."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._of = {q.name: dict.fromkeys(q.leaves) for q in questions}
        self._questions = questions

    def seen(self, records: Iterable[Record]) -> None:
        """Takes in the labels of what was answered."""
        for record in records:
            for question in self._questions:
                for shape in answer_to(record.answers or {}, question) or ():
                    self._of[question.name].setdefault(label_of(shape, question))

    def of(self, question: Question) -> list[str]:
        return list(self._of[question.name])
