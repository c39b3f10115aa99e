"""Which files make up a release, and which columns do they have?

Only these paths may stand in a manifest, so a release can name nothing outside its own folder.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FORMAT = "steelyard-release/2"
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
TABLES = ("content", "judgments", "consensus")

_text, _long = pa.string(), pa.int64()
CONTENT = [
    pa.field("task", _text),
    pa.field("external_id", _text),
    pa.field("provider", _text),
    pa.field("shipment", _text),
    pa.field("at", _text),
    pa.field("commitment", _text),
    pa.field("licence", _text),
    pa.field("sensitivity", _text),
    pa.field("group", _text),
]
# What stands of the content itself, as the release was ordered.
CONTENT_SHOWN = {
    "columns": [pa.field("text", _text), pa.field("blocks", _text)],
    "references": [pa.field("references", pa.list_(_text))],
    "none": [],
}
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
_OF_CONTENT = [*CONTENT, *(field for shown in CONTENT_SHOWN.values() for field in shown)]
RESERVED = frozenset(
    f.name
    for f in (
        *_OF_CONTENT, *JUDGMENTS_BEFORE, *JUDGMENTS_AFTER, *CONSENSUS_BEFORE, *CONSENSUS_AFTER, CHANGE
    )
)  # fmt: skip

CONSENSUS_ROWS = 200_000  # in one part

_TYPES = {pa.string(): "string", pa.int64(): "int64", pa.float64(): "float64", pa.bool_(): "bool"}


def type_name(kind: pa.DataType) -> str:
    """The name of a column's type in a manifest."""
    if pa.types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    return _TYPES.get(kind, str(kind))


def described(schema: pa.Schema) -> list[dict[str, str]]:
    """A schema as it stands in a manifest."""
    return [{"name": field.name, "type": type_name(field.type)} for field in schema]


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_columns(path: Path, columns: list[str]) -> pa.Table:
    """Some columns of one table, all rows."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=columns)
