"""In which forms do tasks come in, and how is each told from the others?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from steelyard.domain.errors import invalid
from steelyard.domain.form import Form
from steelyard.formats import ndjson
from steelyard.formats.csv_rows import csv_rows
from steelyard.formats.parquet_rows import parquet_rows

Rows = Iterable[Any] | Callable[[Form], Iterable[Any]]

JSON, NDJSON, CSV, PARQUET = "json", "ndjson", "csv", "parquet"
FORMATS = (JSON, NDJSON, CSV, PARQUET)
MEDIA_TYPES = {
    "application/json": JSON,
    "application/x-ndjson": NDJSON,
    "text/csv": CSV,
    "application/vnd.apache.parquet": PARQUET,
}
_SUFFIXES = {
    ".json": JSON, ".jsonl": NDJSON, ".ndjson": NDJSON, ".csv": CSV, ".tsv": CSV, ".parquet": PARQUET, ".pq": PARQUET
}  # fmt: skip


def format_of_type(content_type: str) -> str:
    """The format of a body by its Content-Type; JSON where nothing is said. Raises `Invalid`."""
    media_type = content_type.split(";")[0].strip().lower()
    found = MEDIA_TYPES.get(media_type or "application/json")
    if found is None:
        raise invalid("", "content_type", f"send {', '.join(MEDIA_TYPES)}, not {media_type[:100]}")
    return found


def format_of_file(path: Path) -> str | None:
    """The format by the name of a file; None where that says nothing."""
    return _SUFFIXES.get(path.suffix.lower())


def rows_of(body: IO[bytes], file_format: str) -> tuple[Rows, bool]:
    """The rows, and whether it is one task rather than several."""
    if file_format == JSON:
        return ndjson.items(body)
    if file_format == CSV:
        return lambda form: csv_rows(body, form), False
    if file_format == PARQUET:
        return lambda form: parquet_rows(body, form), False
    return ndjson.lines(body), False
