"""How does a test of a file format get records, pictures and questions?"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from steelyard.domain.form import Form, Question
from steelyard.formats.reading import Into, Reading
from steelyard.formats.record import Record, Written, of_bytes
from steelyard.formats.registry import find_format
from steelyard.formats.rows import Row
from steelyard.formats.writing import Writing

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
words = st.text(st.sampled_from("aé中😀-x1"), min_size=1, max_size=6)


def png(width: int, height: int, shade: int = 0) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = (b"\0" + bytes([shade]) * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


PICTURES = {"blob:1": png(40, 30), "blob:2": png(8, 9, 200)}


def question(name: str, kind: str, *options: str, **spec: Any) -> Question:
    return Question(name, kind, spec={**({"options": options} if options else {}), **spec})


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def image(url: str = "blob:1") -> dict[str, Any]:
    return {"type": "image", "url": url}


def record(number: int, blocks: Sequence[Mapping[str, Any]], answers: Any = None, **more: Any) -> Record:
    return Record(f"{number:024x}", list(blocks), answers, **more)


def write(
    folder: Path, fmt: str, questions: Sequence[Question], records: Sequence[Record], **more: Any
) -> Written:
    """Writes the records into a new folder."""
    folder.mkdir(exist_ok=True)
    found = find_format(fmt)
    chosen = found.questions(Form(tuple(questions)))
    return found.write(folder, iter(records), Writing("Pets", chosen, media=of_bytes(PICTURES), **more))


def read(place: Path, fmt: str, questions: Sequence[Question], into: str = "gold", **more: Any) -> list[Row]:
    return list(find_format(fmt).read(place, Reading(Form(tuple(questions)), Into(into), **more)))


def values(
    place: Path, fmt: str, questions: Sequence[Question], into: str = "gold", **more: Any
) -> list[Any]:
    """The tasks that are read, all of which are right."""
    rows = read(place, fmt, questions, into, **more)
    assert [p.message for row in rows for p in row.problems] == []
    return [row.value for row in rows]


def problems(place: Path, fmt: str, questions: Sequence[Question], **more: Any) -> list[str]:
    """What is said to be wrong, each with its place."""
    rows = read(place, fmt, questions, **more)
    return [f"{row.columns[0][1]}: {p.message}" for row in rows for p in row.problems]
