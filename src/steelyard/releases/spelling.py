"""How do a million ids and times become text, and text ids again, with no step for each?

Every id is 24 hex digits for 12 bytes and every time 24 characters, so whole columns are spelled as one array of
bytes. Ids sort as their text does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from steelyard.domain.times import format_time

RAW, SPELLED = 12, 24  # bytes of an id, and digits
DAY_MS = 86_400_000
_PAIRS = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2").view(np.uint16)
_DIGIT = np.full(256, 255, dtype=np.uint8)
_DIGIT[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16)
Bytes = NDArray[np.uint8]


def spell_ids(raw: Bytes) -> pa.Array:
    """`raw` holds 12 bytes a row."""
    return _fixed(_PAIRS.take(raw).view(np.uint8), SPELLED)


def read_ids(texts: pa.Array | pa.ChunkedArray) -> Bytes:
    """The 12 bytes of every id; ValueError where one is none."""
    data = fixed_text(texts, SPELLED)
    digits = _DIGIT.take(data)
    if (digits == 255).any():
        raise ValueError("an id is not 24 hexadecimal digits")
    return digits[:, 0::2] * np.uint8(16) + digits[:, 1::2]


def fixed_text(texts: pa.Array | pa.ChunkedArray, width: int) -> Bytes:
    """The characters of ASCII texts of one width; ValueError where one is null or of another width."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    count = len(texts)
    if not count:
        return np.empty((0, width), dtype=np.uint8)
    _, ends, characters = texts.buffers()
    offsets = np.frombuffer(ends, np.int32, count + 1, 4 * texts.offset)
    if texts.null_count or characters is None or (np.diff(offsets) != width).any():
        raise ValueError(f"a text is not of {width} characters")
    return np.frombuffer(characters, np.uint8)[offsets[0] : offsets[-1]].reshape(count, width)


def spell_times(micros: NDArray[np.int64]) -> pa.Array:
    """RFC 3339 with milliseconds and Z, as `format_time` spells one."""
    millis = np.floor_divide(micros, 1000)
    coded = pa.array(np.floor_divide(millis, DAY_MS)).dictionary_encode()
    days, place = coded.dictionary.to_numpy(), coded.indices.to_numpy()
    dates = [format_time(day * DAY_MS * 1000)[:-13] for day in days.tolist()]
    if any(len(date) != 11 for date in dates):  # of a year that has not four digits
        return pa.array([format_time(at) for at in micros.tolist()], pa.string())
    spelled = np.empty((len(micros), SPELLED), dtype=np.uint8)
    spelled[:, :11] = np.frombuffer("".join(dates).encode(), np.uint8).reshape(-1, 11).take(place, axis=0)
    rest = (millis - days[place] * DAY_MS).astype(np.int32)
    for at, unit, size in ((11, 3_600_000, 2), (14, 60_000, 2), (17, 1000, 2), (20, 1, 3)):
        value, rest = np.divmod(rest, unit) if unit > 1 else (rest, rest)
        for digit in reversed(range(size)):
            value, last = np.divmod(value, 10)
            spelled[:, at + digit] = last + 48
    for at, character in ((13, ":"), (16, ":"), (19, "."), (23, "Z")):
        spelled[:, at] = ord(character)
    return _fixed(spelled, SPELLED)


def constant(text: str | None, count: int) -> pa.Array:
    """The same text in every row."""
    if text is None:
        return pa.nulls(count, pa.string())
    return pa.repeat(pa.scalar(text, pa.string()), count)


def _fixed(data: NDArray[Any], width: int) -> pa.Array:
    count = data.size // width
    offsets = np.arange(count + 1, dtype=np.int64) * width
    return pa.StringArray.from_buffers(
        count, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(np.ascontiguousarray(data))
    )


class KnownIds:
    """Distinct ids in the order of their texts; an id's code is its place among them."""

    def __init__(self, high: NDArray[np.uint64], low: NDArray[np.uint32]) -> None:
        """`high` the first 8 bytes of each, `low` the other 4. ValueError where an id stands twice."""
        heads = high if _rising(high) else np.unique(high)
        packed = np.searchsorted(heads, high).astype(np.uint64) << np.uint64(32) | low
        if not _rising(packed):
            packed.sort()
            if not _rising(packed):
                raise ValueError("the content of a task is there twice")
        self._heads, self._packed = heads, packed

    def __len__(self) -> int:
        return len(self._packed)

    def codes(self, raw: Bytes) -> NDArray[np.int64]:
        """ValueError for an id that is not known."""
        high, low = halves(raw)
        if not len(self):
            if len(raw):
                raise ValueError("a judgment is on a task whose content is not here")
            return np.empty(0, dtype=np.int64)
        head = np.minimum(np.searchsorted(self._heads, high), len(self._heads) - 1)
        packed = head.astype(np.uint64) << np.uint64(32) | low
        place = np.minimum(np.searchsorted(self._packed, packed), len(self) - 1)
        if ((self._heads[head] != high) | (self._packed[place] != packed)).any():
            raise ValueError("a judgment is on a task whose content is not here")
        return place

    def raw(self, low: int, high: int) -> Bytes:
        """The bytes of the ids with codes from `low` to before `high`."""
        packed = self._packed[low:high]
        raw = np.empty((len(packed), RAW), dtype=np.uint8)
        raw[:, :8] = self._heads[packed >> np.uint64(32)].astype(">u8").view(np.uint8).reshape(-1, 8)
        raw[:, 8:] = packed.astype(np.uint32).astype(">u4").view(np.uint8).reshape(-1, 4)
        return raw


def halves(raw: Bytes) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """The first 8 bytes of each id and the other 4, as numbers that sort as they do."""
    high = np.ascontiguousarray(raw[:, :8]).view(">u8").reshape(-1).astype(np.uint64)
    low = np.ascontiguousarray(raw[:, 8:]).view(">u4").reshape(-1).astype(np.uint32)
    return high, low


def _rising(values: NDArray[Any]) -> bool:
    return bool((values[1:] > values[:-1]).all())
