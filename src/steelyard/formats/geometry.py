"""Where does a shape lie? Pixels of the original, origin top left; turns are in degrees, clockwise, about the middle
of a box."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Point = Sequence[float]
Bounds = tuple[float, float, float, float]  # x, y, width, height


def bounds(points: Sequence[Point]) -> Bounds:
    """The upright box around points; zeros around none."""
    if not points:
        return 0, 0, 0, 0
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def area(points: Sequence[Point]) -> float:
    """Of a polygon that does not cross itself (the shoelace formula)."""
    turned = [*points[1:], *points[:1]]
    return abs(math.fsum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, turned, strict=True))) / 2


def corners(box: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The corners of a box, from its own top left, clockwise."""
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    upright = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    turn = math.radians(box.get("rotation") or 0)
    if not turn:
        return upright
    cx, cy, cos, sin = x + width / 2, y + height / 2, math.cos(turn), math.sin(turn)
    return [
        (cx + (px - cx) * cos - (py - cy) * sin, cy + (px - cx) * sin + (py - cy) * cos) for px, py in upright
    ]


def box_of(four: Sequence[Point]) -> dict[str, float]:
    """The box with these corners, given clockwise from its own top left."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = four
    width = (math.hypot(bx - ax, by - ay) + math.hypot(cx - dx, cy - dy)) / 2
    height = (math.hypot(dx - ax, dy - ay) + math.hypot(cx - bx, cy - by)) / 2
    turn = math.degrees(math.atan2(by - ay, bx - ax))
    middle_x, middle_y = (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4
    box = {"x": middle_x - width / 2, "y": middle_y - height / 2, "width": width, "height": height}
    return box if abs(turn) < 1e-9 else {**box, "rotation": turn}
