"""Into which split does a task go?

By a hash of its name alone: it stays where it is when others come and go.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from steelyard.domain.errors import invalid

TRAIN = "train"
_NAME = re.compile(r"\w+(\.\w+)*", re.ASCII)


def parse_splits(said: Sequence[str]) -> dict[str, float]:
    """`["test=0.1"]` as shares that add up to 1, what is left being `train`. Raises `Invalid`."""
    shares: dict[str, float] = {}
    for one in said:
        name, _, share = one.partition("=")
        if not _NAME.fullmatch(name) or name in shares:
            raise invalid(
                "/split", "split", f"{one!r}: a split is named once, by letters, digits, _ and dots"
            )
        try:
            shares[name] = float(share)
        except ValueError:
            raise invalid("/split", "split", f"{one!r} is not NAME=SHARE, like test=0.1") from None
        if not 0 < shares[name] < 1 + 1e-9:
            raise invalid("/split", "split", f"{one!r}: a share is above 0 and at most 1")
    rest = 1 - sum(shares.values())
    if rest < -1e-9 or (TRAIN in shares and abs(rest) > 1e-9):
        raise invalid("/split", "split", f"the shares add up to {sum(shares.values()):g}")
    return shares if rest <= 1e-9 else {TRAIN: rest, **shares}


def split_of(key: str, shares: Mapping[str, float]) -> str:
    """The split of the task with this name; `shares` as `parse_splits` gives them."""
    place = int.from_bytes(hashlib.sha256(b"split\0" + key.encode()).digest()[:8]) / 2**64
    # The smaller ones stand at the beginning, so that a share that grows takes from train alone.
    for name, share in sorted(shares.items(), key=lambda pair: (pair[0] == TRAIN, pair[0])):
        if place < share:
            return name
        place -= share
    return TRAIN if TRAIN in shares else max(shares)
