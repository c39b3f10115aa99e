"""In which split is a task, now and for ever?

A salted hash of its group says so and nothing else: members of a group stay together, and what else there is in a
release moves nothing. A share that grows takes only from the split behind it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

DEFAULT_SPLITS = (("train", 0.9), ("validation", 0.05), ("test", 0.05))
SALT = "steelyard split 1"
DIGITS = 16  # hexadecimal, of a group's hash


@dataclass(frozen=True)
class Splits:
    """`shares` by name, in order; they add up to 1."""

    shares: tuple[tuple[str, float], ...]
    salt: str

    def groups(self, keys: Iterable[str]) -> list[str]:
        """The hash of each group: 16 hex digits of SHA-256 over the salt, a newline and the group's key."""
        salt, sha256 = self.salt + "\n", hashlib.sha256
        return [sha256((salt + key).encode()).hexdigest()[:DIGITS] for key in keys]

    def of(self, groups: NDArray[np.uint64]) -> pa.Array:
        """The split of each group, whose hash is read as a number (big-endian)."""
        place = groups.astype(np.float64) / 2.0**64
        ends = np.cumsum([share for _, share in self.shares])[:-1]
        names = pa.array([name for name, _ in self.shares], pa.string())
        return names.take(pa.array(np.searchsorted(ends, place, side="right")))
