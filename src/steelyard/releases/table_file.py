"""Which bytes does a table become, however its rows come in, and in how much memory?

Row groups end where the rows say, never where a batch ended, so the same rows give the same bytes. What waits for
its group to be full lies in memory up to a bound, beyond it on disk.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from steelyard.releases.arrow import compute as pc

ROW_GROUP_ROWS = 50_000
ROW_GROUP_BYTES = 16 << 20  # of the column of JSON
WAITING_BYTES = 48 << 20  # of all tables of a build together


class Waiting:
    """How much waits in memory over all tables; beyond the bound, who has most moves to disk."""

    def __init__(self, scratch: Path, most: int = WAITING_BYTES) -> None:
        self.scratch, self.most = scratch, most
        self._bytes: dict[TableFile, int] = {}
        self._total = 0
        self._numbers = itertools.count()

    def changed(self, table: TableFile, size: int) -> None:
        self._total += size - self._bytes.pop(table, 0)
        if size:
            self._bytes[table] = size
        while self._total > self.most:
            largest = max(self._bytes, key=self._bytes.__getitem__)
            largest.move_to_disk(self.scratch / f"{next(self._numbers)}.arrow")
            self._total -= self._bytes.pop(largest)


class TableFile:
    """One Parquet file that is being written."""

    def __init__(self, path: Path, schema: pa.Schema, waiting: Waiting) -> None:
        self.path, self.schema = path, schema
        self.rows = 0
        self._all = waiting
        self._waiting: list[pa.Table | Path] = []
        self._rows = self._bytes = self._memory = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table, sizes: NDArray[np.int64]) -> None:
        """Rows in the columns of the schema, and for each how many bytes of JSON it holds."""
        while table.num_rows:
            ends = np.cumsum(sizes[: ROW_GROUP_ROWS - self._rows]) + self._bytes
            full = int(np.searchsorted(ends, ROW_GROUP_BYTES)) + 1
            cut = min(full, len(ends))
            here = table.slice(0, cut)
            self._waiting.append(here)
            self._rows += cut
            self._bytes = int(ends[cut - 1])
            self._memory += here.nbytes
            if self._rows >= ROW_GROUP_ROWS or self._bytes >= ROW_GROUP_BYTES:
                self._flush()
            table, sizes = table.slice(cut), sizes[cut:]
        self._all.changed(self, self._memory)

    def move_to_disk(self, path: Path) -> None:
        tables = [part for part in self._waiting if isinstance(part, pa.Table)]
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, self.schema) as writer:
            for table in tables:
                writer.write_table(table)
        self._waiting = [part for part in self._waiting if isinstance(part, Path)] + [path]
        self._memory = 0

    def close(self) -> None:
        if self._rows or self._writer is None:
            self._flush()
        self._all.changed(self, 0)
        assert self._writer is not None
        self._writer.close()

    def _flush(self) -> None:
        if self._writer is None:
            self._writer = open_writer(self.path, self.schema)
        if self._rows:
            parts = [_read(part) if isinstance(part, Path) else part for part in self._waiting]
            table = pa.concat_tables(parts).combine_chunks()
            self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            for part in self._waiting:
                if isinstance(part, Path):
                    part.unlink()
        self.rows += self._rows
        self._waiting, self._rows, self._bytes, self._memory = [], 0, 0, 0


def open_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer whose options are part of the format: nothing of the moment or the machine enters a file."""
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in schema.names if name not in UNIQUE],  # type: ignore[arg-type]
        write_statistics=[name for name in schema.names if name not in UNTOLD],  # type: ignore[arg-type]
        store_schema=False,
    )


# Columns in which no value comes twice: a dictionary of them would be the column again.
UNIQUE = frozenset({"judgment", "task", "external_id", "commitment", "text", "blocks", "judgments", "group"})
# Columns that nobody looks for by their least and greatest value.
UNTOLD = frozenset(
    {"external_id", "commitment", "group", "text", "blocks", "answers", "judgments", "confidence_by"}
)


def _read(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        return reader.read_all()


def sizes_of(column: pa.ChunkedArray | pa.Array) -> NDArray[np.int64]:
    """The bytes of every text in a column without nulls."""

    return np.asarray(pc.binary_length(column)).astype(np.int64)


@contextmanager
def waiting_room(folder: Path) -> Iterator[Waiting]:
    """Where tables keep what waits: a folder that is gone afterwards."""
    import shutil

    scratch = folder / ".waiting"
    scratch.mkdir()
    try:
        yield Waiting(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
