"""How are the report's figures drawn? As inline SVG whose colours are the page's, so light and dark are one drawing.

Bars begin at zero, dots need not; every mark stands beside its own number, and n is always told.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 560.0
ROW, GAP = 19.0, 13.0


@dataclass(frozen=True)
class Mark:
    """A dot with its interval: `look` is full, hollow, grey or amber; `note` stands beside it."""

    value: float | None
    low: float | None
    high: float | None
    look: str
    note: str


@dataclass(frozen=True)
class Row:
    label: str
    marks: Sequence[Mark]
    struck: bool = False  # the one that the rival bought into


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    label: str
    low: float | None = None
    high: float | None = None
    look: str = "full"
    side: str = "right"  # where the label stands: right, or above the interval, in lines


@dataclass(frozen=True)
class Axis:
    low: float
    high: float
    step: float
    form: str
    title: str

    def ticks(self) -> list[float]:
        """The multiples of the step on the axis."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        return [place * self.step for place in range(first, last + 1)]

    def text(self, value: float) -> str:
        return self.form.format(value)


def interval_rows(rows: Sequence[Row], axis: Axis, told: str) -> str:
    """Rows of dots with intervals, one mark under the other, the numbers in a column at the right."""
    left, right, top = 104.0, 178.0, 8.0
    height = top + sum(ROW * len(row.marks) + GAP for row in rows) + 38
    x = _scale(axis, left, WIDTH - right)
    out = [_open(height, told)]
    bottom = height - 38
    for tick in axis.ticks():
        out.append(_line(x(tick), top, x(tick), bottom, "grid"))
        out.append(_text(x(tick), bottom + 15, axis.text(tick), "tick", "middle"))
    out.append(_text((left + WIDTH - right) / 2, height - 6, axis.title, "title", "middle"))
    y = top
    for row in rows:
        middle = y + GAP / 2 + ROW * len(row.marks) / 2
        out.append(_text(left - 12, middle + 4, row.label, "name struck" if row.struck else "name", "end"))
        for place, mark in enumerate(row.marks):
            at = y + GAP / 2 + ROW * (place + 0.5)
            if mark.value is not None:
                if mark.low is not None and mark.high is not None:
                    ends = x(max(mark.low, axis.low)), x(min(mark.high, axis.high))
                    out.append(_line(ends[0], at, ends[1], at, f"whisker {mark.look}"))
                out.append(_dot(x(mark.value), at, mark.look))
            out.append(_text(WIDTH - right + 10, at + 4, mark.note, "note", "start"))
        y += ROW * len(row.marks) + GAP
        if row is not rows[-1]:
            out.append(_line(left, y, WIDTH - 4, y, "rule"))
    return "".join([*out, "</svg>"])


def scatter(points: Sequence[Point], x_axis: Axis, y_axis: Axis, told: str, *, diagonal: bool = False) -> str:
    """Points with their intervals up and down; with `diagonal` the line on which both axes are the same."""
    height, left, right, top = 340.0, 46.0, 22.0, 30.0
    bottom = height - 46
    x, y = _scale(x_axis, left, WIDTH - right), _scale(y_axis, bottom, top)
    out = [_open(height, told)]
    out += _frame(x_axis, y_axis, x, y, left, WIDTH - right, top, bottom, height)
    if diagonal:
        low, high = max(x_axis.low, y_axis.low), min(x_axis.high, y_axis.high)
        out.append(_line(x(low), y(low), x(high), y(high), "diagonal"))
    for point in points:
        px, py = x(point.x), y(point.y)
        if point.low is not None and point.high is not None:
            ends = y(max(point.low, y_axis.low)), y(min(point.high, y_axis.high))
            out.append(_line(px, ends[0], px, ends[1], f"whisker {point.look}"))
        out.append(_dot(px, py, point.look))
        if point.side == "above":
            top_end = y(point.y if point.high is None else point.high)
            for place, words in enumerate(reversed(point.label.split("\n"))):
                out.append(_text(px, top_end - 7 - 14 * place, words, "note", "middle"))
        else:
            out.append(_text(px + 9, py + 4, point.label, "note", "start"))
    return "".join([*out, "</svg>"])


@dataclass(frozen=True)
class Line:
    """A stepped line; `look` is full, grey or amber."""

    label: str
    points: Sequence[tuple[float, float]]
    look: str


def lines(found: Sequence[Line], x_axis: Axis, y_axis: Axis, told: str, moment: tuple[float, str]) -> str:
    """Lines that are named at their ends, with one moment marked."""
    height, left, right, top = 340.0, 46.0, 118.0, 30.0
    bottom = height - 46
    x, y = _scale(x_axis, left, WIDTH - right), _scale(y_axis, bottom, top)
    out = [_open(height, told)]
    out += _frame(x_axis, y_axis, x, y, left, WIDTH - right, top, bottom, height)
    at, what = moment
    out.append(_line(x(at), top - 8, x(at), bottom, "moment"))
    near_right = x(at) > (left + WIDTH - right) / 2
    out.append(
        _text(
            x(at) + (-6 if near_right else 6), top - 10, what, "amber-text", "end" if near_right else "start"
        )
    )
    ends = _apart([y(line.points[-1][1]) for line in found], 15)
    for line, end in zip(found, ends, strict=True):
        path = " ".join(f"{x(px):.1f},{y(py):.1f}" for px, py in line.points)
        out.append(f'<polyline class="path {line.look}" points="{path}"/>')
        out.append(_text(WIDTH - right + 8, end + 4, line.label, "note", "start"))
    return "".join([*out, "</svg>"])


def _frame(x_axis: Axis, y_axis: Axis, x, y, left, right, top, bottom, height) -> list[str]:
    out = []
    for tick in y_axis.ticks():
        out.append(_line(left, y(tick), right, y(tick), "grid"))
        out.append(_text(left - 8, y(tick) + 4, y_axis.text(tick), "tick", "end"))
    for tick in x_axis.ticks():
        out.append(_line(x(tick), bottom, x(tick), bottom + 4, "grid"))
        out.append(_text(x(tick), bottom + 18, x_axis.text(tick), "tick", "middle"))
    out.append(_text((left + right) / 2, height - 6, x_axis.title, "title", "middle"))
    out.append(_text(0, 11, y_axis.title, "title", "start"))
    return out


def _apart(places: Sequence[float], least: float) -> list[float]:
    """The same places, moved down where two are nearer than `least`."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    return moved


def _scale(axis: Axis, start: float, end: float):
    return lambda value: start + (value - axis.low) / (axis.high - axis.low) * (end - start)


def nice_step(span: float, most: int = 6) -> float:
    """A step of 1, 2 or 5 times a power of ten that parts `span` into at most `most`."""
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))


def axis_from_zero(largest: float, form: str, title: str) -> Axis:
    """An axis from 0 to the first tick that is not below `largest`."""
    step = nice_step(largest or 1.0)
    return Axis(0.0, step * math.ceil(largest / step - 1e-9) if largest else step, step, form, title)


def axis_of_shares(smallest: float, title: str) -> Axis:
    """An axis of shares up to 1 that begins at the tenth below `smallest`."""
    return Axis(max(0.0, math.floor(smallest * 10) / 10), 1.0, 0.1, "{:.1f}", title)


def _open(height: float, told: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-label="{escape(told)}">'


def _text(x: float, y: float, text: str, look: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{look}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, look: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{look}"/>'


def _dot(x: float, y: float, look: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="dot {look}"/>'
