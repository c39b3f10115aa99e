"""What picture is this, and how large? Told by its first bytes, without decoding it.

Sizes are those of the stored pixels; a turn that EXIF asks for is not made.
"""

from __future__ import annotations

import struct
from typing import IO, NamedTuple

SUFFIXES = (".png", ".jpg", ".gif", ".webp", ".bmp")  # of the pictures that are told
LONGEST_HEAD = 1 << 20  # of a JPEG's segments before its frame


class Picture(NamedTuple):
    suffix: str
    media_type: str
    width: int
    height: int


def picture(file: IO[bytes]) -> Picture | None:
    """What the file at its beginning is; None where it is no PNG, JPEG, GIF, WebP or BMP."""
    head = file.read(32)
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return Picture(".png", "image/png", *struct.unpack(">II", head[16:24]))
        if head[:6] in (b"GIF87a", b"GIF89a"):
            return Picture(".gif", "image/gif", *struct.unpack("<HH", head[6:10]))
        if head.startswith(b"BM"):
            width, height = struct.unpack("<ii", head[18:26])
            return Picture(".bmp", "image/bmp", width, abs(height))
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return Picture(".webp", "image/webp", *_webp(head))
        if head.startswith(b"\xff\xd8"):
            file.seek(2)
            return _jpeg(file)
    except (struct.error, ValueError):
        return None
    return None


def _webp(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError(kind)


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(file: IO[bytes]) -> Picture | None:
    while file.tell() < LONGEST_HEAD:
        mark = file.read(2)
        if len(mark) < 2 or mark[0] != 0xFF:
            return None
        if mark[1] == 0xFF:  # padding
            file.seek(-1, 1)
            continue
        if mark[1] == 1 or 0xD0 <= mark[1] <= 0xD8:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if mark[1] in _FRAMES:
            _, height, width = struct.unpack(">BHH", file.read(5))
            return Picture(".jpg", "image/jpeg", width, height)
        file.seek(length - 2, 1)
    return None
