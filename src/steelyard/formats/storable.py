"""What JSON is taken in? Only such as every database, release and reply gives back as it was sent.

JSON's grammar lets NaN, infinities, NUL, half a surrogate pair and any depth through; here they are refused
with a pointer to the place, before anything is written.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from steelyard.domain.errors import Invalid, Problem, invalid

DEEPEST = 100  # levels of nesting
_DECODE = msgspec.json.Decoder().decode


def parse_json(data: bytes, pointer: str = "") -> Any:
    """JSON that both databases keep as it was sent; raises `Invalid` saying where it breaks."""
    if surely_storable(data):
        try:
            return _DECODE(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass  # the reading below takes what this one does not, or says where it breaks

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        parsed = json.loads(data, parse_constant=refuse)
    except RecursionError:
        raise Invalid([Problem(pointer, "depth", f"is nested deeper than {DEEPEST} levels")]) from None
    except ValueError as wrong:
        raise Invalid([Problem(pointer, "json", f"is not JSON: {wrong}"[:300])]) from None
    return storable(parsed, pointer)


def surely_storable(data: bytes) -> bool:
    """Whether all that msgspec decodes from this JSON can be stored; what it cannot tell at a glance is False.

    msgspec refuses NaN, infinities and halves of surrogate pairs by itself.
    """
    return b"\\u0000" not in data and data.count(b"[") + data.count(b"{") <= DEEPEST


def storable(value: Any, pointer: str = "") -> Any:
    """`value` itself; raises `Invalid` for what JSON's grammar lets through and no database, release or
    reply can hold: NaN, infinities, NUL, half a surrogate pair, nesting beyond `DEEPEST`."""
    waiting = [(value, pointer, 0)]
    while waiting:
        item, at, depth = waiting.pop()
        if isinstance(item, str):
            _check_text(item, at)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise invalid(at, "number", "must be a finite number")
        elif isinstance(item, dict | list):
            if depth == DEEPEST:
                raise invalid(pointer, "depth", f"is nested deeper than {DEEPEST} levels")
            if isinstance(item, dict):
                for name in item:
                    _check_text(name, at)
                waiting += [(child, f"{at}/{step(name)}", depth + 1) for name, child in item.items()]
            else:
                waiting += [(child, f"{at}/{i}", depth + 1) for i, child in enumerate(item)]
    return value


def _check_text(text: str, at: str) -> None:
    if "\x00" in text:
        raise invalid(at, "text", "contains a NUL character")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise invalid(at, "text", "contains half of a surrogate pair")


def step(name: str) -> str:
    """A name as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
