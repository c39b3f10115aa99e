"""How does a project become a folder that `datasets.load_dataset` loads?

Parquet in `data/`, and a README.md whose YAML head names the splits, the columns and their types. The head and the
files say the same: both are written from one list of columns.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.domain.form import Question
from steelyard.formats.answer_types import answer_type, cell_of, messages_type
from steelyard.formats.huggingface_head import front_matter
from steelyard.formats.image_head import picture
from steelyard.formats.record import MEDIA, OTHER_FORM, Record, Written, answer_to, answered
from steelyard.formats.writing import Spool, Writing

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS, BYTES = 1000, 64_000_000  # in memory at once
SHARD = 500_000_000  # bytes of one file, before the next is begun
OURS = b"steelyard"  # under this name the Parquet files say what each column is
_BASE = ("id", "external_id", "tags", "metadata", "confidence", "tie")


@dataclass(frozen=True)
class Column:
    """A column: a field of the task, its nth block that is named and typed so, or the answer to a question."""

    name: str
    block: tuple[str, str, int] | None = None  # name or type, type, which of them
    question: Question | None = None
    classes: tuple[str, ...] = ()  # of a choice: it is kept as their places

    @property
    def type(self) -> pa.DataType:
        import pyarrow as pa

        if self.classes:
            return pa.int64()
        if self.question is not None:
            return answer_type(self.question.kind)
        if self.block is not None:
            if self.block[1] == "image":
                return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
            return messages_type() if self.block[1] == "chat" else pa.string()
        types = {"tags": pa.list_(pa.string()), "confidence": pa.float64(), "tie": pa.bool_()}
        return types.get(self.name, pa.string())

    @property
    def says(self) -> dict[str, Any]:
        """What the column is, for whoever reads it back."""
        if self.block is not None:
            named, kind, _ = self.block
            return {"block": kind, "named": None if named == _plain_name(kind) else named}
        if self.question is not None:
            return {"question": self.question.name, "kind": self.question.kind, "classes": self.classes}
        return {"field": self.name}


def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
    """Writes the tasks that have an answer. Every task is read twice: columns are known when all were seen."""
    written = Written()
    with Spool(answered(records, written)) as spool:
        columns = _columns(spool.first(), writing.questions)
        with ExitStack() as stack:
            files: dict[str, _Shards] = {}
            for record in spool.again():
                split = writing.split(record)
                if split not in files:
                    files[split] = stack.enter_context(_Shards(folder / "data", split, columns))
                files[split].add(_row(record, columns, writing, written))
                written.add(split)
    if not written.rows:
        with _Shards(folder / "data", "train", columns) as empty:
            empty.flush()
        written.rows["train"] = 0
    head = front_matter([(c.name, c.type, c.classes, _is_image(c)) for c in columns], written.rows)
    (folder / "README.md").write_text(head + _card(writing, columns, written), "utf-8")
    return written


def _is_image(column: Column) -> bool:
    return column.block is not None and column.block[1] == "image"


def _columns(records: Iterable[Record], questions: Sequence[Question]) -> list[Column]:
    most: dict[tuple[str, str], int] = {}
    classes: dict[str, dict[str, None]] = {
        q.name: dict.fromkeys(q.leaves) for q in questions if q.kind == "choice"
    }
    for record in records:
        for key, count in _counted(record).items():
            most[key] = max(most.get(key, 0), count)
        for name, known in classes.items():
            answer = (record.answers or {}).get(name)
            if isinstance(answer, str):  # an option of an earlier form stands behind today's
                known.setdefault(answer)
    taken: set[str] = set(_BASE)
    columns = [Column(name) for name in _BASE]
    for (named, kind), count in most.items():
        for nth in range(count):
            name = _free(named if nth == 0 else f"{named}_{nth + 1}", taken)
            columns.append(Column(name, block=(named, kind, nth)))
    for question in questions:
        known = tuple(classes.get(question.name, ()))
        columns.append(Column(_free(question.name, taken), question=question, classes=known))
    return columns


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{name}_"
    taken.add(name)
    return name


def _named(block: Mapping[str, Any]) -> tuple[str, str]:
    kind = str(block["type"])
    name = block.get("name")
    return (name if isinstance(name, str) and name else _plain_name(kind), kind)


def _plain_name(kind: str) -> str:
    return "messages" if kind == "chat" else kind


def _counted(record: Record) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for block in record.blocks:
        key = _named(block)
        counts[key] = counts.get(key, 0) + 1
    return counts


def _row(record: Record, columns: Sequence[Column], writing: Writing, written: Written) -> dict[str, Any]:
    blocks: dict[tuple[str, str, int], Mapping[str, Any]] = {}
    seen: dict[tuple[str, str], int] = {}
    for block in record.blocks:
        key = _named(block)
        nth = seen[key] = seen.get(key, -1) + 1
        blocks[*key, nth] = block
    row: dict[str, Any] = {
        "id": record.id,
        "external_id": record.external_id,
        "tags": list(record.tags),
        "metadata": json.dumps(record.metadata, ensure_ascii=False) if record.metadata else None,
        "confidence": record.confidence,
        "tie": record.tie,
    }
    for column in columns[len(_BASE) :]:
        if column.block is not None:
            row[column.name] = _block(blocks.get(column.block), writing)
        elif column.question is not None:
            given = (record.answers or {}).get(column.question.name)
            answer = answer_to(record.answers or {}, column.question)
            if given is not None and answer is None:
                written.leave(OTHER_FORM.replace("tasks", "answers"))
            elif answer is not None and column.classes:
                answer = column.classes.index(answer)
            row[column.name] = answer if column.classes else cell_of(column.question.kind, answer)
    return row


def _block(block: Mapping[str, Any] | None, writing: Writing) -> Any:
    if block is None:
        return None
    if block["type"] in ("text", "html"):
        return block["text"]
    if block["type"] == "chat":
        return [{"role": m["role"], "content": m["content"]} for m in block["messages"]]
    if block["type"] not in MEDIA[:1]:
        return block["url"]
    source = writing.media(block["url"])
    if source is None:
        return {"bytes": None, "path": block["url"]}
    with source:
        data = source.read()
    found = picture(io.BytesIO(data))
    return {"bytes": data, "path": f"image{found.suffix}" if found else "image"}


class _Shards:
    """The Parquet files of one split; a part of a thousand rows is in memory."""

    def __init__(self, folder: Path, split: str, columns: Sequence[Column]) -> None:
        import pyarrow as pa

        self._folder, self._split, self._shard = folder, split, 0
        said = json.dumps({c.name: c.says for c in columns}, ensure_ascii=False).encode()
        self._schema = pa.schema([pa.field(c.name, c.type) for c in columns], metadata={OURS: said})
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._writer: pq.ParquetWriter | None = None
        folder.mkdir(exist_ok=True)

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None and self._rows:
            self.flush()
        self._end()

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self._bytes += sum(_size(cell) for cell in row.values())
        if len(self._rows) >= ROWS or self._bytes >= BYTES:
            self.flush()

    def flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            path = self._folder / f"{self._split}-{self._shard:05d}.parquet"
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
            self._path, self._shard = path, self._shard + 1
        self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows, self._bytes = [], 0
        if self._path.stat().st_size > SHARD:
            self._end()

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _size(cell: Any) -> int:
    if isinstance(cell, dict):
        return len(cell.get("bytes") or b"")
    return len(cell) if isinstance(cell, str) else 8


def _card(writing: Writing, columns: Sequence[Column], written: Written) -> str:
    return "".join(_card_lines(writing, columns, written))


def _card_lines(writing: Writing, columns: Sequence[Column], written: Written) -> Iterator[str]:
    yield f"# {writing.project}\n\n"
    yield "Answered tasks and the inferred answer of each, with its confidence.\n\n| split | rows |\n|---|---|\n"
    yield from (f"| {split} | {rows} |\n" for split, rows in written.rows.items())
    yield "\n| column | what it holds |\n|---|---|\n"
    for column in columns:
        if column.question is not None:
            title = " ".join(column.question.title.split()).replace("|", "\\|")
            yield f"| `{column.name}` | answer ({column.question.kind}){title and ': '}{title} |\n"
        elif column.block is not None:
            yield f"| `{column.name}` | shown: {column.block[1]} |\n"
        else:
            yield f"| `{column.name}` | {_MEANING[column.name]} |\n"


_MEANING = {
    "id": "the task",
    "external_id": "the task's name at whoever asked",
    "tags": "tags of the task",
    "metadata": "JSON",
    "confidence": "probability that the answer is right, the lowest over the required questions",
    "tie": "whether the answers were even",
}
