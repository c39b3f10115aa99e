"""How is a fault in a form or an answer told?

Every message says what was found and what would be right, and points at the place (RFC 6901).
"""

from __future__ import annotations

import math
from typing import Any

from steelyard.domain.errors import Problem

LARGEST_EXACT = 2**53 - 1
NAMES = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


def join(pointer: str, *steps: str | int) -> str:
    """`pointer` with further steps, escaped."""
    return pointer + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def described(value: Any) -> str:
    """What a value is, for a message; never long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a huge integer"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    return NAMES.get(type(value), f"a {type(value).__name__}")


def quoted(text: str, longest: int = 60) -> str:
    return repr(text if len(text) <= longest else text[: longest - 3] + "...")


def text_problem(value: Any, pointer: str, what: str, longest: int, *, blank: bool = False) -> Problem | None:
    """The fault of a text: not text, blank, too long, or not storable."""
    if not isinstance(value, str):
        return Problem(pointer, "wrong_type", f"{what} must be text, not {described(value)}")
    if not blank and not value.strip():
        return Problem(pointer, "blank", f"{what} must not be blank")
    if len(value) > longest:
        return Problem(
            pointer, "too_long", f"{what} has {len(value)} characters; at most {longest} are taken"
        )
    if "\0" in value:
        return Problem(pointer, "bad_character", f"{what} contains a NUL character")
    if any("\ud800" <= c <= "\udfff" for c in value):
        return Problem(pointer, "bad_character", f"{what} contains half of a surrogate pair")
    return None


def as_integer(value: Any) -> int | None:
    """An exact integer (4 or 4.0), or None: true is no integer and a huge one is not exact in JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and (not math.isfinite(value) or value != int(value)):
        return None
    return int(value) if abs(value) <= LARGEST_EXACT else None


def as_number(value: Any) -> float | None:
    """A finite float, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
