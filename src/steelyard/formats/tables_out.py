"""How does a table of any length leave, as CSV or Parquet?

Rows come in batches, a list of values a column, and leave in pieces of bytes: a batch or a few are in memory.
JSON in a cell is text that is JSON already, and is never read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from steelyard.domain.times import format_time
from steelyard.formats.separated import harmless

Batch = Sequence[Sequence[Any]]  # a column of values each
GROUP = 20  # batches in a row group of Parquet


class Type(StrEnum):
    """What the values of a column are; each may be None."""

    ID = "id"  # letters and digits, which nobody has to escape
    TEXT = "text"
    JSON = "json"  # text that is JSON
    TIME = "time"  # microseconds
    WHOLE = "whole"
    NUMBER = "number"
    FLAG = "flag"


class Format(StrEnum):
    ndjson = "ndjson"
    csv = "csv"
    parquet = "parquet"


MEDIA_TYPES = {
    Format.ndjson: "application/x-ndjson",
    Format.csv: "text/csv; charset=utf-8",
    Format.parquet: "application/vnd.apache.parquet",
}


@dataclass(frozen=True)
class Column:
    name: str
    type: Type


def pieces(columns: Sequence[Column], batches: Iterable[Batch], fmt: Format) -> Iterator[bytes]:
    """The table in bytes, a piece a batch or a few."""
    return {Format.csv: _csv, Format.parquet: _parquet}[fmt](columns, batches)


# --- CSV


def _csv(columns: Sequence[Column], batches: Iterable[Batch]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(column.name) for column in columns])
    for batch in batches:
        cells = [_CELLS[c.type](values) for c, values in zip(columns, batch, strict=True)]
        writer.writerows(zip(*cells, strict=True))
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    if rest := text.getvalue():
        yield rest.encode()


_CELLS: dict[Type, Any] = {
    Type.ID: lambda values: values,
    Type.TEXT: lambda values: [harmless(v) for v in values],
    Type.JSON: lambda values: [harmless(v) for v in values],
    Type.TIME: lambda values: [None if v is None else format_time(v) for v in values],
    Type.WHOLE: lambda values: values,
    Type.NUMBER: lambda values: values,
    Type.FLAG: lambda values: [None if v is None else "true" if v else "false" for v in values],
}

# --- Parquet


def _parquet(columns: Sequence[Column], batches: Iterable[Batch]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        Type.TIME: pa.timestamp("us", "UTC"),
        Type.WHOLE: pa.int64(),
        Type.NUMBER: pa.float64(),
        Type.FLAG: pa.bool_(),
    }
    schema = pa.schema([pa.field(c.name, types.get(c.type, pa.string())) for c in columns])
    sink = _Sink()
    writer = pq.ParquetWriter(sink, schema, compression="zstd")
    waiting: list[Any] = []
    for batch in batches:
        arrays = [pa.array(_plain(c, v), f.type) for c, v, f in zip(columns, batch, schema, strict=True)]
        waiting.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
        if len(waiting) == GROUP:
            writer.write_table(pa.Table.from_batches(waiting, schema))
            waiting.clear()
            yield sink.taken()
    if waiting:
        writer.write_table(pa.Table.from_batches(waiting, schema))
    writer.close()
    yield sink.taken()


def _plain(column: Column, values: Sequence[Any]) -> Sequence[Any]:
    return [None if v is None else bool(v) for v in values] if column.type is Type.FLAG else values


class _Sink(io.RawIOBase):
    """Where a file is written from its beginning to its end, and what was written is taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data
