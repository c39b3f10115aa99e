"""How is a Parquet file of tasks read, row by row?

A few hundred rows are in memory at a time. Columns may be typed (numbers, lists, structs); a null, an empty text
and NaN are no value.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from typing import IO, Any

from steelyard.domain.errors import invalid
from steelyard.domain.form import Form
from steelyard.domain.times import format_time
from steelyard.formats.rows import Row
from steelyard.formats.task_columns import TaskColumns, present

AT_ONCE = 500


def parquet_rows(body: IO[bytes], form: Form) -> Iterator[Row]:
    """The rows of a file that can be read from any place. Raises `Invalid` where it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(body, pre_buffer=False)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as wrong:
        raise invalid("", "parquet", f"is not a whole Parquet file: {_first_line(wrong)}") from None
    columns = TaskColumns(schema.names, form)
    for field in schema:
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            message = "holds bytes; it must hold text (data: URLs, or blob: addresses of bytes sent before)"
            raise invalid(f"/{field.name}", "type", message)
    done = 0
    try:
        for batch in file.iter_batches(AT_ONCE, use_threads=False):
            cells = [
                _cells(name, column, done) for name, column in zip(schema.names, batch.columns, strict=True)
            ]
            for row in zip(*cells, strict=True):
                yield columns.row([present(cell) for cell in row])
            done += batch.num_rows
    except (pa.ArrowException, OSError) as wrong:
        raise invalid("", "parquet", f"cannot be read after row {done}: {_first_line(wrong)}") from None


def _cells(name: str, column: Any, done: int) -> list[Any]:
    try:
        return [plain(value) for value in column.to_pylist()]
    except (UnicodeDecodeError, ValueError, OverflowError) as wrong:
        message = f"column {name}, rows {done} to {done + len(column) - 1}: {_first_line(wrong)}"
        raise invalid(f"/{name}", "value", message) from None


def plain(value: Any) -> Any:
    """What JSON can hold of a value."""
    if isinstance(value, datetime.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return format_time(round(zoned.timestamp() * 1_000_000))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes | datetime.timedelta):
        raise ValueError(f"holds {type(value).__name__}, which JSON cannot")
    return value


def _first_line(wrong: Exception) -> str:
    return (str(wrong).strip() or type(wrong).__name__).splitlines()[0][:300]
