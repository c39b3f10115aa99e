"""What is the public id of a new thing?

24 lower-case hex digits: 13 of microseconds, 11 of a counter that starts at random in each process, so
ids of one process never repeat and sort by time.
"""

from __future__ import annotations

import itertools
import os
import re

_BYTES = [f"{byte:02x}" for byte in range(256)]
_SHAPE = re.compile(r"[0-9a-f]{24}")


def _begin() -> None:
    global _counter
    _counter = itertools.count(int.from_bytes(os.urandom(5), "big"))


_begin()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin)  # else both would go on from the same number


def new_id(now: int) -> str:
    """A public id for something made at `now` (microseconds UTC)."""
    return f"{now & 0xFFFFFFFFFFFFF:013x}{next(_counter) & 0xFFFFFFFFFFF:011x}"


def new_ids(now: int, count: int) -> list[str]:
    """As many public ids, in order."""
    time = f"{now & 0xFFFFFFFFFFFFF:013x}"
    ids: list[str] = []
    upper, head = -1, ""
    for number in itertools.islice(_counter, count):
        if number >> 8 != upper:
            upper = number >> 8
            head = f"{time}{upper & 0xFFFFFFFFF:09x}"
        ids.append(head + _BYTES[number & 0xFF])
    return ids


def is_id(text: object) -> bool:
    return isinstance(text, str) and _SHAPE.fullmatch(text) is not None
