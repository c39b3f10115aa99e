"""What do all readers of foreign files share? Nothing outside the folder that was named is ever opened.

What is wrong with a file as a whole is raised and names the file; what is wrong with one row is told with it.
"""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import msgspec

from steelyard.domain.errors import Invalid, Problem, TooLarge
from steelyard.domain.form import Form
from steelyard.formats import ndjson
from steelyard.formats.image_head import picture
from steelyard.formats.rows import Row
from steelyard.formats.storable import storable

DOCUMENT_LIMIT = 2_000_000_000
TEXT_LIMIT = 50_000_000
MEDIA_LIMIT = 20_000_000


class BadFile(Invalid):
    """A file cannot be read as what it should be."""

    code = "bad_file"

    def __init__(self, where: str, message: str) -> None:
        super().__init__([Problem("", "file", message)], f"{where}: {message}")


class Into(StrEnum):
    """What an answer that is read becomes."""

    suggestion = "suggestion"
    gold = "gold"
    judgments = "judgments"  # of a shipment


def as_data_url(path: Path) -> str:
    """The bytes of a file as a URL that an import stores."""
    data = bounded(path, MEDIA_LIMIT)
    return f"data:{media_type(path)};base64,{base64.b64encode(data).decode()}"


def media_type(path: Path) -> str:
    with path.open("rb") as file:
        found = picture(file)
    return found.media_type if found else mimetypes.guess_type(path.name)[0] or "application/octet-stream"


@dataclass(frozen=True)
class Reading:
    """How files are read: the project's form, what answers become, the question they answer (by its kind unless
    named), where pictures lie if not beside the annotations, and the URL of a file's bytes."""

    form: Form
    into: Into = Into.suggestion
    question: str | None = None
    images: Path | None = None
    url: Callable[[Path], str] = as_data_url


@dataclass
class Task:
    """A task as it is put together from files; `where` is its place, for errors."""

    where: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Any] | None = None
    external_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    problems: list[str] = field(default_factory=list)
    judgments: list[dict[str, Any]] | None = None  # where the files say who answered

    def row(self, into: Into, line: int | None = None) -> Row:
        """The row of an import."""
        if self.problems:
            return refused(self.where, self.problems, line)
        value: dict[str, Any] = {"content": {"blocks": self.blocks}}
        if self.external_id is not None:
            value["external_id"] = self.external_id
        if self.metadata:
            value["metadata"] = self.metadata
        if self.tags:
            value["tags"] = list(self.tags)
        if into is Into.judgments:
            given = self.judgments
            if given is None:
                given = [] if self.answers is None else [{"answers": self.answers}]
            value["judgments"] = given
        elif self.answers is not None:
            value[into.value] = self.answers
        try:
            storable(value)
        except Invalid as wrong:
            return refused(self.where, [f"{p.pointer}: {p.message}" for p in wrong.problems], line)
        return Row(value, [("", self.where)], line)


def refused(where: str, problems: Sequence[str], line: int | None = None) -> Row:
    """A row that cannot come in."""
    return Row({}, [("", where)], line, [Problem("", "row", said) for said in problems])


def within(folder: Path, name: str) -> Path | None:
    """The file of this name below `folder`; None where there is none, or where it leads out of the folder."""
    if not name or "\x00" in name or len(name) > 1000 or name.startswith(("/", "\\")) or ":" in name[:3]:
        return None
    try:
        home = folder.resolve()
        path = (home / name).resolve()
        return path if path.is_relative_to(home) and path.is_file() else None
    except (OSError, RuntimeError):
        return None


def bounded(path: Path, limit: int) -> bytes:
    """The bytes of a file. Raises `TooLarge`."""
    with path.open("rb") as file:
        return bounded_of(file, path.name, limit)


def bounded_of(file: IO[bytes], name: str, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"{name}: is larger than {limit} bytes")
    return data


def text_of(path: Path, limit: int = TEXT_LIMIT) -> str:
    """A text file. Raises `BadFile`, `TooLarge`."""
    try:
        return bounded(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise BadFile(
            path.name, f"is not UTF-8: byte {wrong.object[wrong.start]:#04x} at {wrong.start}"
        ) from None


def document(path: Path, shape: type[Any]) -> Any:
    """A JSON file as `shape`. Raises `BadFile`, which says where it is something else."""
    data = bounded(path, DOCUMENT_LIMIT).removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as wrong:
        raise BadFile(path.name, str(wrong)[:300]) from None


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """The values of a file of JSON Lines, or of one JSON array, each with its line (from 1; the item of an array); a
    `Problem` for what is no JSON."""
    with path.open("rb") as file:
        if _is_array(file):
            yield from enumerate(ndjson.decoded(ndjson.items(file)[0]), 1)
            return
        for number, line in enumerate(ndjson.lines(file), 1):
            for value in ndjson.decoded([line]):
                yield number, value


def _is_array(file: IO[bytes]) -> bool:
    """Whether the file holds an array over several lines or alone, and not lines that begin with a bracket."""
    first = b""
    for line in ndjson.lines(file):
        first = line.strip()
        if first:
            break
    file.seek(0)
    if not first.startswith(b"["):
        return False
    try:
        whole = isinstance(msgspec.json.decode(first), list)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return True  # it goes on in the next line, or is wrong as either
    return whole and not _has_more(file)


def _has_more(file: IO[bytes]) -> bool:
    """Whether anything stands behind the first line."""
    filled = (line for line in ndjson.lines(file) if line.strip())
    more = next(filled, None) is not None and next(filled, None) is not None
    file.seek(0)
    return more


def files_of(place: Path, pattern: str, what: str) -> list[Path]:
    """`place` itself, or the files in it that go by a pattern. Raises `BadFile` where there is none."""
    if place.is_file():
        return [place]
    found = sorted(path for path in place.glob(pattern) if within(place, str(path.relative_to(place))))
    if not found:
        raise BadFile(place.name, f"holds no {what} ({pattern})")
    return found


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is an object; else an empty one."""
    return value if isinstance(value, Mapping) else {}
