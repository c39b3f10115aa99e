"""A table that leaves holds, in every format, what was put in, and a spreadsheet runs none of it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from steelyard.domain.times import SECOND, format_time
from steelyard.formats.tables_out import GROUP, Column, Format, Type, pieces

COLUMNS = [
    Column("id", Type.ID),
    Column('a "text" %s', Type.TEXT),
    Column("json", Type.JSON),
    Column("at", Type.TIME),
    Column("whole", Type.WHOLE),
    Column("number", Type.NUMBER),
    Column("flag", Type.FLAG),
]
MOMENT = 1_772_359_200_123_000
ROWS: list[tuple[Any, ...]] = [
    ("0" * 24, 'é "quoted"\n100 % \u2028', '{"a": [1.5, null]}', MOMENT, -3, 0.25, 1),
    ("1" * 24, "=SUM(A1)", '["@x"]', MOMENT + 1, 2**53, 1e-7, False),
    (None,) * 7,
]


def written(fmt: Format, *batches: list[tuple[Any, ...]]) -> bytes:
    return b"".join(pieces(COLUMNS, ([*zip(*batch, strict=True)] for batch in batches), fmt))


def test_csv_is_shown_and_never_run() -> None:
    header, *rows = csv.reader(io.StringIO(written(Format.csv, ROWS).decode(), newline=""))
    assert header == [column.name for column in COLUMNS]
    assert rows[0][:2] == ["0" * 24, 'é "quoted"\n100 % \u2028']
    assert rows[1] == [
        "1" * 24,
        "'=SUM(A1)",
        '["@x"]',
        "2026-03-01T10:00:00.123Z",
        str(2**53),
        "1e-07",
        "false",
    ]
    assert rows[2] == [""] * 7


def test_parquet_has_types_and_comes_in_pieces() -> None:
    batches = [[*ROWS] for _ in range(2 * GROUP + 3)]
    parts = list(pieces(COLUMNS, ([*zip(*batch, strict=True)] for batch in batches), Format.parquet))
    assert len([part for part in parts if part]) == 3
    file = pq.ParquetFile(io.BytesIO(b"".join(parts)))
    assert file.num_row_groups == 3
    table = file.read()
    assert table.num_rows == len(batches) * len(ROWS)
    assert table.schema.field("at").type == pa.timestamp("us", "UTC")
    assert table.to_pylist()[0] == {
        **dict(zip(table.schema.names, ROWS[0], strict=True)),
        "at": datetime(2026, 3, 1, 10, 0, 0, 123_000, UTC),
        "flag": True,
    }


def test_a_table_without_rows_is_its_header() -> None:
    assert written(Format.csv) == b'id,"a ""text"" %s",json,at,whole,number,flag\r\n'


def test_no_rows_are_a_parquet_file_too() -> None:
    assert pq.read_table(io.BytesIO(written(Format.parquet))).num_rows == 0


def test_a_moment_is_cut_to_the_millisecond_before_and_after_1970() -> None:
    assert format_time(1999) == "1970-01-01T00:00:00.001Z"
    assert format_time(-1) == "1969-12-31T23:59:59.999Z"
    assert format_time(59 * SECOND + 999_999) == "1970-01-01T00:00:59.999Z"
