"""What is the public id of a new thing?

24 lower-case hex digits: 13 of microseconds, 11 of a counter that starts at random in each process, so
ids of one process never repeat and sort by time.
"""

from __future__ import annotations

import itertools
import os
import re

_counter = itertools.count(int.from_bytes(os.urandom(5), "big"))
_SHAPE = re.compile(r"[0-9a-f]{24}")


def new_id(now: int) -> str:
    """A public id for something made at `now` (microseconds UTC)."""
    return f"{now & 0xFFFFFFFFFFFFF:013x}{next(_counter) & 0xFFFFFFFFFFF:011x}"


def is_id(text: object) -> bool:
    return isinstance(text, str) and _SHAPE.fullmatch(text) is not None
