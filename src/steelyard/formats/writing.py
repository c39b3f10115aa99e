"""What do all writers of foreign files share?"""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from steelyard.domain.form import Question
from steelyard.formats.image_head import SUFFIXES, Picture, picture
from steelyard.formats.record import Media, Record, no_media
from steelyard.formats.splits import TRAIN, split_of

encoded = msgspec.json.Encoder().encode
_SAFE = re.compile(r"\w[\w.-]{0,150}", re.ASCII)


@dataclass(frozen=True)
class Writing:
    """What is to leave, and how: the questions, the shares of the splits, what counts as good where a format knows
    only good and bad, and where the bytes of contents are."""

    project: str
    questions: Sequence[Question]
    shares: Mapping[str, float] = field(default_factory=lambda: {TRAIN: 1.0})
    good: Sequence[str] = ()
    media: Media = no_media

    def split(self, record: Record) -> str:
        return split_of(record.key, self.shares)


class Spool:
    """Records that are read once and wanted twice; they wait in a file."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._decode = msgspec.json.Decoder(Record).decode
        self._records = records

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def first(self) -> Iterator[Record]:
        for record in self._records:
            self._file.write(encoded(record) + b"\n")
            yield record

    def again(self) -> Iterator[Record]:
        self._file.seek(0)
        for line in self._file:
            yield self._decode(line)


class LineFiles:
    """A file of JSON Lines for each split, made when its first line comes."""

    def __init__(self, folder: Path, suffix: str = ".jsonl") -> None:
        self._folder, self._suffix = folder, suffix
        self._open: dict[str, IO[bytes]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> LineFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, split: str, value: Any) -> None:
        self.file(split).write(encoded(value) + b"\n")

    def file(self, split: str) -> IO[bytes]:
        if split not in self._open:
            path = self._folder / f"{split}{self._suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[split] = self._stack.enter_context(path.open("xb"))
        return self._open[split]


@dataclass(frozen=True)
class Placed:
    """A picture that was written into the folder."""

    name: str
    picture: Picture


def place_picture(writing: Writing, record: Record, index: int, folder: Path) -> Placed | None:
    """Writes the picture of a block into `folder`, named as its task; None where it is no picture that can be read
    here."""
    source = writing.media(record.blocks[index].get("url", ""))
    if source is None:
        return None
    with source:
        found = picture(source)
        if found is None or found.width < 1 or found.height < 1:
            return None
        source.seek(0)
        folder.mkdir(parents=True, exist_ok=True)
        name = next(name for name in _names(record, index, found.suffix) if _is_free(folder, name))
        with (folder / name).open("xb") as file:
            shutil.copyfileobj(source, file)
        return Placed(name, found)


def _is_free(folder: Path, name: str) -> bool:
    """Whether no other picture is named so; what stands beside a picture is named without its suffix."""
    path = folder / name
    return not any((folder / f"{path.stem}{suffix}").exists() for suffix in SUFFIXES)


def _names(record: Record, index: int, suffix: str) -> Iterator[str]:
    more = f"-{index}" if sum(b.get("type") == "image" for b in record.blocks) > 1 else ""
    if record.external_id is not None and _SAFE.fullmatch(record.external_id):
        yield f"{record.external_id.removesuffix(suffix)}{more}{suffix}"
    yield f"{record.id}{more}{suffix}"
    for n in itertools.count(2):
        yield f"{record.id}{more}.{n}{suffix}"


NO_PICTURE = "pictures that are not stored here, or are no PNG, JPEG, GIF, WebP or BMP"
NO_TEXT = "tasks that show no text"
