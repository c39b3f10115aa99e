"""How does a folder of a Hugging Face dataset come in as tasks?

Columns of our own say what they are. Of others a column named like a question is its answer, text, pictures and
messages are shown, and all else is metadata. Nothing is decoded but Parquet.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.domain.form import Form
from steelyard.formats.answer_types import answer_in
from steelyard.formats.fitting import described
from steelyard.formats.huggingface import OURS
from steelyard.formats.image_head import picture
from steelyard.formats.parquet_rows import plain
from steelyard.formats.reading import MEDIA_LIMIT, BadFile, Reading, Task, files_of, mapping, within
from steelyard.formats.rows import Row
from steelyard.formats.task_columns import BLOCKS, present

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE = 100
_NUMBERED = re.compile(r"(.+?)_\d+")
_SHARD = re.compile(r"-\d+(-of-\d+)?$")
Put = Callable[[Task, Any], None]


@dataclass(frozen=True)
class _Folder:
    place: Path
    reading: Reading


def read(place: Path, reading: Reading) -> Iterator[Row]:
    """The rows of every Parquet file below a folder, or of one file. Raises `BadFile`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = _Folder(place if place.is_dir() else place.parent, reading)
    for path in files_of(place, "**/*.parquet", "Parquet file"):
        name = str(path.relative_to(folder.place))
        row = 0
        try:
            with pq.ParquetFile(path, pre_buffer=False) as file:
                puts = _puts(file.schema_arrow, folder, name)
                for batch in file.iter_batches(AT_ONCE, use_threads=False):
                    for cells in batch.to_pylist():
                        row += 1
                        yield _task(f"{name}, row {row}", cells, puts, path).row(reading.into)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as wrong:
            raise BadFile(
                name, f"cannot be read after row {row}: {str(wrong).splitlines()[0][:200]}"
            ) from None


def _task(where: str, cells: Mapping[str, Any], puts: Sequence[tuple[str, Put]], path: Path) -> Task:
    split = _SHARD.sub("", path.stem)
    task = Task(where, metadata={} if split in ("", "data") else {"split": split})
    for name, put in puts:
        cell = cells[name]
        if cell is None:
            continue
        try:
            put(task, cell)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
            task.problems.append(f"column {name}: {str(wrong)[:200]}")
    if not task.blocks and not task.problems:
        task.problems.append("shows nothing")
    return task


def _puts(schema: pa.Schema, folder: _Folder, name: str) -> list[tuple[str, Put]]:
    said = _said(schema, OURS)
    classes = mapping(mapping(_said(schema, b"huggingface").get("info")).get("features"))
    puts = []
    shown = False
    for field in schema:
        known = said.get(field.name)
        one = mapping(known) if known else _guessed(field, classes, folder.reading.form)
        shown = shown or "block" in one
        put = _put(field.name, one, folder)
        if put is not None:
            puts.append((field.name, put))
    if not shown:
        message = f"has no column that shows anything: {', '.join(schema.names)[:300]}"
        raise BadFile(name, f"{message}; the form asks {described(folder.reading.form)}")
    return puts


def _said(schema: pa.Schema, key: bytes) -> Mapping[str, Any]:
    try:
        return mapping(json.loads((schema.metadata or {}).get(key, b"{}")))
    except (ValueError, RecursionError):
        return {}


def _guessed(field: pa.Field, classes: Mapping[str, Any], form: Form) -> Mapping[str, Any]:
    """What a column of a foreign dataset is."""
    import pyarrow as pa

    question = form.question(field.name)
    if question is not None:
        names = mapping(classes.get(field.name)).get("names")
        return {"question": question.name, "kind": question.kind, "classes": names or []}
    if field.name in ("id", "external_id"):
        return {"field": field.name}
    parts = {part.name for part in field.type} if pa.types.is_struct(field.type) else set()
    if {"bytes", "path"} <= parts:
        return {"block": "image"}
    inner = field.type.value_type if pa.types.is_list(field.type) else None
    if inner is not None and pa.types.is_struct(inner) and {"role", "content"} <= {p.name for p in inner}:
        return {"block": "chat"}
    numbered = _NUMBERED.fullmatch(field.name)
    base = numbered[1] if numbered else field.name
    if base in BLOCKS and pa.types.is_string(field.type):
        return {"block": base}
    return {}


def _put(name: str, one: Mapping[str, Any], folder: _Folder) -> Put | None:
    if "block" in one:
        return lambda task, cell: task.blocks.append(_block(one, cell, folder))
    if "question" in one:
        question = folder.reading.form.question(one["question"])
        if question is None:
            return lambda task, cell: _metadata(task, name, cell)
        classes = one.get("classes") or []

        def answer(task: Task, cell: Any) -> None:
            if task.answers is None:
                task.answers = {}
            if classes and isinstance(cell, int):
                if cell < 0:
                    return  # how a dataset says that there is no label
                if cell >= len(classes):
                    raise ValueError(f"{cell} is the place of none of {len(classes)} classes")
                cell = classes[cell]
            elif isinstance(cell, str) and question.kind == "choices":
                cell = [cell]
            value = plain(cell)
            if value == value:  # NaN is no answer
                task.answers[question.name] = answer_in(question.kind, value)

        return answer
    return _FIELDS.get(one.get("field", ""), lambda task, cell: _metadata(task, name, cell))


def _id(task: Task, cell: Any) -> None:
    if task.external_id is None:
        task.external_id = str(cell)


def _external_id(task: Task, cell: Any) -> None:
    task.external_id = str(cell)


def _whole_metadata(task: Task, cell: Any) -> None:
    held = json.loads(cell) if isinstance(cell, str) else cell
    task.metadata |= held if isinstance(held, Mapping) else {"metadata": held}


def _metadata(task: Task, name: str, cell: Any) -> None:
    value = present(plain(cell))
    if value is not None:
        task.metadata[name] = value


def _tags(task: Task, cell: Any) -> None:
    task.tags = [str(tag) for tag in cell]


def _nothing(task: Task, cell: Any) -> None:
    """Confidence and ties are inferred anew."""


_FIELDS: dict[str, Put] = {
    "id": _id,
    "external_id": _external_id,
    "tags": _tags,
    "metadata": _whole_metadata,
    "confidence": _nothing,
    "tie": _nothing,
}


def _block(one: Mapping[str, Any], cell: Any, folder: _Folder) -> dict[str, Any]:
    kind = one["block"]
    named = {"name": one["named"]} if one.get("named") else {}
    if kind == "chat":
        messages = [{"role": m["role"], "content": m["content"]} for m in cell]
        return {"type": "chat", "messages": messages} | named
    if kind in ("text", "html"):
        return {"type": kind, "text": str(cell)} | named
    return {"type": kind, "url": _url(cell, folder)} | named


def _url(cell: Any, folder: _Folder) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell.get("bytes"), bytes):
        data = cell["bytes"]
        if len(data) > MEDIA_LIMIT:
            raise ValueError(f"is larger than {MEDIA_LIMIT} bytes")
        found = picture(io.BytesIO(data))
        if found is None:
            raise ValueError("is no PNG, JPEG, GIF, WebP or BMP")
        return f"data:{found.media_type};base64,{base64.b64encode(data).decode()}"
    path = cell.get("path") or ""
    if path.startswith(("http://", "https://", "blob:")):
        return path
    file = within(folder.reading.images or folder.place, path)
    if file is None:
        raise ValueError(f"there is no file {path!r} in the folder")
    return folder.reading.url(file)
