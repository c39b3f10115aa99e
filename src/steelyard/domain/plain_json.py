"""For which values does an ordinary encoder write RFC 8785 JSON, thirty times as fast as one that can write all?"""

from __future__ import annotations

from typing import Any

import msgspec

EXACT = 2**53 - 1
# What is known to be plain, as `is_plain` says, in a moment.
canonical_plain = msgspec.json.Encoder(order="sorted").encode


def is_plain(value: Any, depth: int = 8) -> bool:
    """Whether an ordinary encoder, thirty times as fast, writes the very same bytes.

    It does where keys are ASCII (RFC 8785 sorts by UTF-16 units), numbers are whole and exact, and no string
    holds half of a surrogate pair.
    """
    kind = type(value)
    if kind is str:
        return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)
    if kind is bool or value is None:
        return True
    if kind is int:
        return -EXACT <= value <= EXACT
    if depth == 0:
        return False
    if kind is dict:
        return all(type(k) is str and k.isascii() and is_plain(v, depth - 1) for k, v in value.items())
    return kind is list and all(is_plain(v, depth - 1) for v in value)
