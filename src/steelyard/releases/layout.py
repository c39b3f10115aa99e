"""Which files make up a release, and which columns do they have?

The same rows always give the same bytes: the writer's options and the sizes of row groups are part of the
format, and nothing of the moment or the machine enters a file.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FORMAT = "steelyard-release/1"
MANIFEST = "manifest.json"
BUNDLE = "bundle.json"

# The only paths that a manifest may name, and what each holds.
PATHS = {
    "content": re.compile(r"content/([0-9a-f]{64})\.parquet"),
    "judgments": re.compile(r"judgments/([0-9a-f]{64})\.parquet"),
    "consensus": re.compile(r"consensus/part-[0-9]{5}\.parquet"),
    "blob": re.compile(r"blobs/([0-9a-f]{64})"),
}
NAMED_BY_DIGEST = ("content", "judgments", "blob")

_text, _long = pa.string(), pa.int64()
CONTENT = [
    pa.field("task", _text),
    pa.field("external_id", _text),
    pa.field("provider", _text),
    pa.field("shipment", _text),
    pa.field("at", _text),
    pa.field("commitment", _text),
    pa.field("text", _text),
    pa.field("blocks", _text),
]
JUDGMENTS_BEFORE = [
    pa.field("judgment", _text),
    pa.field("task", _text),
    pa.field("annotator", _text),
    pa.field("provider", _text),
    pa.field("shipment", _text),
    pa.field("at", _text),
    pa.field("form", _text),
    pa.field("fix", pa.bool_()),
    pa.field("based_on", _text),
]
JUDGMENTS_AFTER = [pa.field("answers", _text), pa.field("spent_ms", _long)]
CONSENSUS_BEFORE = [pa.field("task", _text), pa.field("external_id", _text)]
CONSENSUS_AFTER = [
    pa.field("answers", _text),
    pa.field("confidence", pa.float64()),
    pa.field("confidence_by", _text),
    pa.field("tie", pa.bool_()),
    pa.field("judgments", pa.list_(_text)),
    pa.field("providers", pa.list_(_text)),
    pa.field("value_from", _text),
    pa.field("value_from_by", _text),
    pa.field("split", _text),
]
CHANGE = pa.field("change", _text)
CHANGES = ("same", "confidence", "value", "gone", "new")
# Names that no question's column may take, in any table, so that a column has one name in all of them.
RESERVED = frozenset(
    f.name
    for f in (*CONTENT, *JUDGMENTS_BEFORE, *JUDGMENTS_AFTER, *CONSENSUS_BEFORE, *CONSENSUS_AFTER, CHANGE)
)

ROW_GROUP_ROWS = 50_000
ROW_GROUP_BYTES = 32 << 20
CONSENSUS_ROWS = 200_000  # in one part

_TYPES = {pa.string(): "string", pa.int64(): "int64", pa.float64(): "float64", pa.bool_(): "bool"}
_SPLITS = ((90, "train"), (95, "validation"), (100, "test"))


def type_name(kind: pa.DataType) -> str:
    """The name of a column's type in a manifest."""
    if pa.types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    return _TYPES.get(kind, str(kind))


def described(schema: pa.Schema) -> list[dict[str, str]]:
    """A schema as it stands in a manifest."""
    return [{"name": field.name, "type": type_name(field.type)} for field in schema]


def split_of(name: str) -> str:
    """train, validation or test (90 : 5 : 5), for ever the same for one external id or task id."""
    digest = hashlib.sha256(b"steelyard split 1\n" + name.encode()).digest()
    place = int.from_bytes(digest[:8], "big") % 100
    return next(split for below, split in _SPLITS if place < below)


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_columns(path: Path, columns: list[str]) -> pa.Table:
    """Some columns of one table, all rows."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=columns)


class TableWriter:
    """Writes rows to one Parquet file, a row group at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        self._columns: dict[str, list[Any]] = {name: [] for name in schema.names}
        self._waiting = self._bytes = 0
        self._writer = pq.ParquetWriter(
            path,
            schema,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=3,
            use_dictionary=True,
            write_statistics=True,
            store_schema=False,
        )

    def add(self, row: dict[str, Any], size: int = 0) -> None:
        """A row by column name, absent ones null; `size` is about how many bytes it holds."""
        for name, column in self._columns.items():
            column.append(row.get(name))
        self._waiting += 1
        self._bytes += size
        if self._waiting >= ROW_GROUP_ROWS or self._bytes >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        if self._waiting:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.table(self._columns, schema=self._schema), row_group_size=ROW_GROUP_ROWS)
        self.rows += self._waiting
        self._waiting = self._bytes = 0
        for column in self._columns.values():
            column.clear()
