"""How is a mask written as run lengths?

COCO's encoding: pixels column by column, runs of 0 and 1 in turn, as integers or packed into ASCII. A mask never
becomes pixels here.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST_PIXELS = 1 << 31


def unpack(text: str) -> list[int]:
    """The runs of packed ones. Raises ValueError."""
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64:
            raise ValueError(f"{character!r} stands in no run lengths")
        value |= (code & 0x1F) << shift
        shift += 5
        if shift > 60:
            raise ValueError("a run is too long")
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        if len(counts) > 2:
            value += counts[-2]
        counts.append(value)
        value = shift = 0
    if shift:
        raise ValueError("the run lengths break off")
    return counts


def pack(counts: Sequence[int]) -> str:
    """The runs in COCO's packed form."""
    out: list[int] = []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            code = value & 0x1F
            value >>= 5
            more = value != (-1 if code & 0x10 else 0)
            out.append(48 + (code | 0x20 if more else code))
    return bytes(out).decode("ascii")


def check(size: Sequence[int], counts: Sequence[int]) -> None:
    """Raises ValueError unless the runs cover a picture of `size` (height, width) exactly."""
    if len(size) != 2 or not all(type(n) is int and n >= 0 for n in size) or size[0] * size[1] > MOST_PIXELS:
        raise ValueError("size must be [height, width]")
    if any(count < 0 for count in counts) or sum(counts) != size[0] * size[1]:
        raise ValueError(f"the run lengths do not cover {size[0]} x {size[1]} pixels")


def area(counts: Sequence[int]) -> int:
    return sum(counts[1::2])


def bounds(size: Sequence[int], counts: Sequence[int]) -> tuple[int, int, int, int]:
    """(x, y, width, height) of what is set; zeros where nothing is."""
    height = size[0]
    at, found = 0, False
    left, top, right, bottom = size[1], height, 0, 0
    for index, count in enumerate(counts):
        if index % 2 and count:
            found = True
            first, last = divmod(at, height), divmod(at + count - 1, height)
            left, right = min(left, first[0]), max(right, last[0])
            whole = first[0] != last[0]  # it goes on in the next column, from bottom to top
            top = 0 if whole else min(top, first[1])
            bottom = height - 1 if whole else max(bottom, last[1])
        at += count
    return (left, top, right - left + 1, bottom - top + 1) if found else (0, 0, 0, 0)
