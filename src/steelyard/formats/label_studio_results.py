"""How does an answer stand in a Label Studio's result, and back?

Shapes are in percent of the picture and turn about their top left corner; spans are code points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.domain.form import Question
from steelyard.formats import geometry
from steelyard.formats.record import Record, answer_to

MEDIA = ("image",)
WORDS = ("text", "html", "image", "chat", "audio", "video", "document")


@dataclass(frozen=True)
class Shown:
    """A block of a task: its place, its type, its key in the data, and the size of a picture."""

    index: int
    kind: str
    key: str
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Control:
    """A tag that asks: of which type its results are, on which blocks, and the tag of its options."""

    tag: str
    type: str
    on: Sequence[str] = WORDS
    option: str = ""
    attributes: Callable[[Question], dict[str, str]] = lambda question: {}


def _rating(question: Question) -> dict[str, str]:
    return {"maxRating": str(question.spec.get("max", 5))}


CONTROLS = {
    "choice": Control("Choices", "choices", option="Choice", attributes=lambda q: {"choice": "single"}),
    "choices": Control("Choices", "choices", option="Choice", attributes=lambda q: {"choice": "multiple"}),
    "rating": Control("Rating", "rating", attributes=_rating),
    "number": Control("Number", "number"),
    "text": Control("TextArea", "textarea"),
    "spans": Control("Labels", "labels", ("text",), "Label"),
    "boxes": Control("RectangleLabels", "rectanglelabels", MEDIA, "Label"),
    "polygons": Control("PolygonLabels", "polygonlabels", MEDIA, "Label"),
    "points": Control("KeyPointLabels", "keypointlabels", MEDIA, "Label"),
}
REGIONS = ("spans", "boxes", "polygons", "points")
Result = dict[str, Any]


def results(
    answers: Mapping[str, Any], questions: Sequence[Question], record: Record, shown: Sequence[Shown]
) -> list[Result]:
    """The results of one annotation; shapes on a picture of unknown size are left out."""
    found: list[Result] = []
    for question in questions:
        answer = answer_to(answers, question)
        control = CONTROLS[question.kind]
        on = [one for one in shown if one.kind in control.on]
        if answer is None or not on:
            continue
        common = {"from_name": question.name, "type": control.type}
        if question.kind not in REGIONS:
            found.append({**common, "to_name": on[0].key, "value": _value(question.kind, answer)})
            continue
        for number, one in enumerate(answer):
            place = next((block for block in on if block.index == one.get("block", 0)), on[0])
            value = _region(question.kind, one, place, record)
            if value is not None:
                label = {control.type: [one.get("label") or question.name]}
                size = (
                    {"original_width": place.size[0], "original_height": place.size[1]} if place.size else {}
                )
                key = str(one.get("id") or f"{question.name}-{number}")
                found.append({"id": key, **common, "to_name": place.key, **size, "value": {**value, **label}})
    return found


def _value(kind: str, answer: Any) -> dict[str, Any]:
    if kind in ("choice", "choices"):
        return {"choices": [answer] if kind == "choice" else answer}
    return {"text": [answer]} if kind == "text" else {kind: answer}


def _region(kind: str, one: Mapping[str, Any], place: Shown, record: Record) -> dict[str, Any] | None:
    if kind == "spans":
        said = record.blocks[place.index]["text"]
        return {"start": one["start"], "end": one["end"], "text": said[one["start"] : one["end"]]}
    if place.size is None:
        return None
    width, height = (100 / n for n in place.size)
    if kind == "points":
        return {"x": one["x"] * width, "y": one["y"] * height, "width": 0.5}
    if kind == "polygons":
        return {"points": [[x * width, y * height] for x, y in one["points"]], "closed": True}
    left, top = geometry.corners(one)[0]
    size = {"width": one["width"] * width, "height": one["height"] * height}
    return {"x": left * width, "y": top * height, **size, "rotation": one.get("rotation") or 0}


# --- back


KINDS_OF = {
    "choices": ("choice", "choices"),
    "rating": ("rating",),
    "number": ("number",),
    "textarea": ("text",),
    "labels": ("spans",),
    "rectanglelabels": ("boxes",),
    "polygonlabels": ("polygons",),
    "keypointlabels": ("points",),
}


def answer_of(result: Mapping[str, Any], kind: str, text: str | None) -> Any:
    """The answer that a result is, or the one region; `text` is what it marks. Raises ValueError, KeyError or
    TypeError where it is none."""
    value = result["value"]
    if kind == "choice":
        (answer,) = value["choices"]
        return answer
    if kind == "choices":
        return list(value["choices"])
    if kind == "text":
        said = value["text"]
        return said if isinstance(said, str) else "\n".join(said)
    if kind in ("rating", "number"):
        return value[kind]
    label = value[result["type"]]
    found = {"label": label[0]} if label else {}
    if kind == "spans":
        start, end = _span(value, text)
        return {**found, "start": start, "end": end}
    width, height = (_finite(result[name]) / 100 for name in ("original_width", "original_height"))
    if kind == "polygons":
        return {**found, "points": [[_finite(x) * width, _finite(y) * height] for x, y in value["points"]]}
    point = {"x": _finite(value["x"]) * width, "y": _finite(value["y"]) * height}
    return {**found, **(point if kind == "points" else _box(point, value, width, height))}


def _box(corner: dict[str, float], value: Mapping[str, Any], width: float, height: float) -> dict[str, float]:
    box = {**corner, "width": _finite(value["width"]) * width, "height": _finite(value["height"]) * height}
    rotation = value.get("rotation") or 0
    if not rotation:
        return box
    turn = math.radians(_finite(rotation))
    half_w, half_h = box["width"] / 2, box["height"] / 2
    x = corner["x"] + half_w * math.cos(turn) - half_h * math.sin(turn) - half_w
    y = corner["y"] + half_w * math.sin(turn) + half_h * math.cos(turn) - half_h
    return {**box, "x": x, "y": y, "rotation": rotation}


def _span(value: Mapping[str, Any], text: str | None) -> tuple[int, int]:
    start, end = value["start"], value["end"]
    if type(start) is not int or type(end) is not int:
        raise ValueError("start and end must be whole numbers")
    if text is None:
        raise ValueError("marks a text that is not shown")
    said = value.get("text")
    if isinstance(said, str) and text[start:end] != said:
        units = text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le", "replace")
        if units == said:  # older versions counted in halves of surrogate pairs
            before = len(text.encode("utf-16-le")[: 2 * start].decode("utf-16-le", "replace"))
            return before, before + len(said)
    if not 0 <= start < end <= len(text):
        raise ValueError(f"{start} to {end} is no place in a text of {len(text)} characters")
    return start, end


def _finite(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise ValueError(f"{str(number)[:40]!r} is no number")
    return number
