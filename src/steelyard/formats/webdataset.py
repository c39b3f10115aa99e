"""How does a project leave as WebDataset shards?

Tar files in which the members of one task stand together under its id: `.json` with all that is known of it, `.txt`
with its first text, and its media. The same tasks give the same bytes.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from steelyard.formats.image_head import picture
from steelyard.formats.record import MEDIA, Record, Written, answer_to, answered
from steelyard.formats.writing import Writing, encoded

SHARD = 500_000_000  # bytes, after which the next is begun
IN_MEMORY = 8 << 20
_SUFFIXES = {"audio": "audio", "video": "video", "document": "document"}


def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
    """Writes the answered tasks; rows are tasks."""
    written = Written()
    with ExitStack() as stack:
        shards: dict[str, _Shards] = {}
        for record in answered(records, written):
            split = writing.split(record)
            if split not in shards:
                shards[split] = stack.enter_context(_Shards(folder, split))
            shards[split].begin()
            for suffix, file in _members(record, writing):
                with file:
                    shards[split].add(f"{record.id}.{suffix}", file)
            written.add(split)
        if not shards:
            stack.enter_context(_Shards(folder, "train")).begin()
    return written


def _members(record: Record, writing: Writing) -> Iterator[tuple[str, IO[bytes]]]:
    """The suffix and bytes of each member."""
    blocks: list[dict[str, Any]] = []
    media: list[tuple[str, IO[bytes]]] = []
    for index, block in enumerate(record.blocks):
        shown = dict(block)
        source = writing.media(block["url"]) if block["type"] in MEDIA else None
        if source is not None:
            suffix = f"{index}.{_suffix(block['type'], source)}" if index else _suffix(block["type"], source)
            shown = {**{k: v for k, v in shown.items() if k != "url"}, "member": suffix}
            media.append((suffix, source))
        blocks.append(shown)
    given = record.answers or {}
    answers = {q.name: answer for q in writing.questions if (answer := answer_to(given, q)) is not None}
    said = {
        "external_id": record.external_id,
        "blocks": blocks,
        "answers": answers,
        "confidence": record.confidence,
        "tie": record.tie,
        "tags": list(record.tags),
        "metadata": dict(record.metadata),
    }
    yield "json", io.BytesIO(encoded(said))
    first = next((block["text"] for _, block in record.of_type("text")), None)
    if first is not None:
        yield "txt", io.BytesIO(first.encode())
    yield from media


def _suffix(kind: str, source: IO[bytes]) -> str:
    found = picture(source)
    source.seek(0)
    return found.suffix[1:] if found else _SUFFIXES.get(kind, "bin")


class _Shards:
    """The tar files of one split."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder, self._split, self._number = folder, split, 0
        self._tar: tarfile.TarFile | None = None

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, *_: object) -> None:
        if self._tar is not None:
            self._tar.close()

    def begin(self) -> None:
        """Before a task: the next shard where this one is full."""
        if self._tar is not None and self._tar.offset >= SHARD:
            self._tar.close()
            self._tar = None
        if self._tar is None:
            path = self._folder / f"{self._split}-{self._number:06d}.tar"
            self._tar = tarfile.open(path, "x", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
            self._number += 1

    def add(self, name: str, file: IO[bytes]) -> None:
        assert self._tar is not None
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as held:
            shutil.copyfileobj(file, held)
            member = tarfile.TarInfo(name)
            member.size = held.tell()
            held.seek(0)
            self._tar.addfile(member, held)
