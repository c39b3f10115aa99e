"""How do WebDataset shards come in as tasks?

Nothing is unpacked: members are read from the archive one by one, plain files alone, each of bounded size. Members that
stand together and share a name up to its first dot are one task.
"""

from __future__ import annotations

import base64
import io
import mimetypes
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

from steelyard.domain.errors import Invalid
from steelyard.formats.image_head import picture
from steelyard.formats.reading import MEDIA_LIMIT, BadFile, Reading, Task, files_of, mapping
from steelyard.formats.rows import Row
from steelyard.formats.storable import parse_json

HEADER_LIMIT = 1 << 20  # bytes of one header, names and their extensions included
MOST_MEMBERS = 1000  # of one task
TASK_LIMIT = 200_000_000  # bytes of one task
_TEXTS = ("txt", "text")
_PICTURES = ("png", "jpg", "jpeg", "gif", "webp", "bmp")
_SOUNDS = ("wav", "mp3", "flac", "ogg", "m4a", "audio")
_FILMS = ("mp4", "webm", "mov", "video")


class _Wrong(ValueError):
    """What is wrong with a task."""


def read(place: Path, reading: Reading) -> Iterator[Row]:
    """The rows of one shard or of all `*.tar` in a folder. Raises `BadFile`."""
    for path in files_of(place, "*.tar", "shard"):
        split = path.stem.rpartition("-")[0] or path.stem
        for name, members, problems in _samples(path):
            task = Task(f"{path.name}, {name}", external_id=name[:500], problems=problems)
            task.metadata["split"] = split
            if not problems:
                try:
                    _fill(task, members, reading)
                except _Wrong as wrong:
                    task.problems.append(str(wrong))
            yield task.row(reading.into)


def _samples(path: Path) -> Iterator[tuple[str, dict[str, bytes], list[str]]]:
    """Name, members by suffix, and problems of each task."""
    name: str | None = None
    members: dict[str, bytes] = {}
    problems: list[str] = []
    try:
        with path.open("rb") as file, tarfile.open(fileobj=_Bounded(file), mode="r:") as tar:
            for member in tar:
                if member.isdir():
                    continue
                key, suffix = _parts(member.name)
                if name is not None and key != name:
                    yield name, members, problems
                    members, problems = {}, []
                name = key
                tar.members.clear()  # pyright: ignore[reportAttributeAccessIssue]  (else all of them are kept)
                try:
                    members[suffix] = _bytes(tar, member, members)
                except _Wrong as wrong:
                    problems.append(f"{suffix}: {wrong}")
            file.seek(tar.offset)
            if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):  # the end of an archive is said
                raise EOFError("it breaks off, or a header in it is broken")
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError) as wrong:
        raise BadFile(path.name, f"is not a whole tar file: {str(wrong)[:200]}") from None
    if name is not None:
        yield name, members, problems


def _parts(name: str) -> tuple[str, str]:
    folder, _, last = name.rpartition("/")
    stem, _, suffix = last.partition(".")
    return (f"{folder}/{stem}" if folder else stem), suffix.lower()


def _bytes(tar: tarfile.TarFile, member: tarfile.TarInfo, members: Mapping[str, bytes]) -> bytes:
    parts = PurePosixPath(member.name)
    if parts.is_absolute() or ".." in parts.parts or "\x00" in member.name or len(member.name) > 1000:
        raise _Wrong("has a name that leads out of the archive")
    if not member.isreg() or member.issparse():
        raise _Wrong("is no plain file")
    if len(members) >= MOST_MEMBERS:
        raise _Wrong(f"has more than {MOST_MEMBERS} members")
    if member.size + sum(map(len, members.values())) > TASK_LIMIT:
        raise _Wrong(f"the task is larger than {TASK_LIMIT} bytes")
    file = tar.extractfile(member)
    assert file is not None
    data = bytearray()
    while chunk := file.read(HEADER_LIMIT):
        data += chunk
    if len(data) != member.size:
        raise _Wrong("breaks off")
    return bytes(data)


def _fill(task: Task, members: Mapping[str, bytes], reading: Reading) -> None:
    said: Mapping[str, Any] = {}
    if "json" in members:
        try:
            said = mapping(parse_json(members["json"]))
        except Invalid as wrong:
            raise _Wrong(f"json{wrong.message}") from None
    if isinstance(said.get("blocks"), list):
        _ours(task, said, members)
    else:
        _foreign(task, said, members, reading)
    if not task.blocks and not task.problems:
        task.problems.append("shows nothing")


def _ours(task: Task, said: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    for block in said["blocks"]:
        shown = dict(mapping(block))
        suffix = shown.pop("member", None)
        if suffix is not None:
            if suffix not in members:
                raise _Wrong(f"{str(suffix)[:60]}: is missing beside the json")
            shown["url"] = _url(str(suffix), members[suffix])
        task.blocks.append(shown)
    task.answers = dict(mapping(said.get("answers")))
    if isinstance(said.get("external_id"), str):
        task.external_id = said["external_id"]
    task.tags = said["tags"] if isinstance(said.get("tags"), list) else ()
    task.metadata |= mapping(said.get("metadata"))


def _foreign(task: Task, said: Mapping[str, Any], members: Mapping[str, bytes], reading: Reading) -> None:
    answers: dict[str, Any] = {}
    for suffix, data in members.items():
        last = suffix.rpartition(".")[2]
        if last in _TEXTS:
            task.blocks.append({"type": "text", "text": _text(suffix, data)})
        elif last in _PICTURES or last in _SOUNDS or last in _FILMS:
            kind = "image" if last in _PICTURES else "audio" if last in _SOUNDS else "video"
            task.blocks.append({"type": kind, "url": _url(suffix, data)})
        elif last == "cls":
            _class(answers, _text(suffix, data).strip(), reading)
        elif suffix != "json":
            task.problems.append(f"{suffix}: is no kind of member that is read")
    for key, value in said.items():
        if reading.form.question(key) is not None:
            answers[key] = value
        else:
            task.metadata[key] = value
    task.answers = answers or None


def _class(answers: dict[str, Any], said: str, reading: Reading) -> None:
    """The class of a picture: the place of an option, or its name."""
    question = next((q for q in reading.form.questions if q.kind == "choice"), None)
    if question is None:
        return
    leaves = list(question.leaves)
    if said in leaves:
        answers[question.name] = said
    elif said.isdecimal() and int(said) < len(leaves):
        answers[question.name] = leaves[int(said)]
    else:
        raise _Wrong(f"cls: {said[:60]!r} is no option of {question.name!r}")


def _text(suffix: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _Wrong(f"{suffix}: is not UTF-8") from None


def _url(suffix: str, data: bytes) -> str:
    if len(data) > MEDIA_LIMIT:
        raise _Wrong(f"{suffix}: is larger than {MEDIA_LIMIT} bytes")
    found = picture(io.BytesIO(data))
    kind = found.media_type if found else mimetypes.guess_type(f"a.{suffix}")[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


class _Bounded(io.RawIOBase):
    """A file of which nobody takes much at once: a header that claims to be huge is refused, not read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > HEADER_LIMIT:
            raise ValueError(f"a header of {size} bytes")
        return self._file.read(size)
