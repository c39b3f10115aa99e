"""How are rows that come in any order written as parts, each of one provider and one shipment or day?

A part is named by the SHA-256 of its bytes, which depend on its rows alone: one that has not changed is the same
file in every release.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from steelyard.releases.layout import described, file_digest
from steelyard.releases.table_file import TableFile, Waiting

FileEntry = dict[str, Any]


@dataclass(frozen=True)
class PartKey:
    """Of whom and whence a part is: a shipment, or where there is none a UTC day (days since 1970).

    `depends` are the other providers without whom its rows would not be: those who gave the content, those
    whose judgments were fixed, and those whose suggestion was on the screen. `fields` are the columns of its
    answers, so that forms with the same ones share parts.
    """

    provider: int
    shipment: int | None
    day: int | None
    depends: tuple[int, ...] = ()
    licence: str | None = None
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def day_name(self) -> str | None:
        if self.day is None:
            return None
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=self.day)).strftime("%Y-%m-%d")


class PartFiles:
    """All parts of one kind that are being written below a folder."""

    def __init__(self, folder: Path, kind: str, waiting: Waiting) -> None:
        self.folder, self.kind, self.waiting = folder, kind, waiting
        self._files: dict[PartKey, TableFile] = {}

    def add(
        self,
        table: pa.Table,
        sizes: NDArray[np.int64],
        codes: NDArray[np.int64],
        keys: Sequence[PartKey],
    ) -> None:
        """Rows of one schema; `codes` say for each which of `keys` it is of."""
        if len(keys) == 1:
            self._file(keys[0], table.schema).add(table, sizes)
            return
        order = np.argsort(codes.astype(np.int16) if len(keys) < 2**15 else codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(keys)))
        for key, start, end in zip(keys, [0, *ends[:-1].tolist()], ends.tolist(), strict=True):
            rows = order[start:end]  # copied, so that what waits does not keep the whole table
            self._file(key, table.schema).add(table.take(pa.array(rows)).combine_chunks(), sizes[rows])

    def _file(self, key: PartKey, schema: pa.Schema) -> TableFile:
        if key not in self._files:
            below = self.folder / self.kind
            below.mkdir(exist_ok=True)
            path = below / f".arriving-{len(self._files)}"
            self._files[key] = TableFile(path, schema, self.waiting)
        return self._files[key]

    def finish(self, entry: Callable[[PartKey], FileEntry]) -> list[tuple[PartKey, FileEntry]]:
        """Brings all parts to their names; what `entry` says of a key goes into the part's entry."""
        found = []
        for key, file in self._files.items():
            file.close()
            digest = file_digest(file.path)
            path = file.path.with_name(f"{digest}.parquet")
            os.rename(file.path, path)
            found.append((key, table_entry(self.folder, self.kind, path, digest) | entry(key)))
        return found


def table_entry(folder: Path, kind: str, path: Path, digest: str) -> FileEntry:
    """A manifest's entry for a table; whose it is, is for the caller to add."""
    with pq.ParquetFile(path) as table:
        rows, schema = table.metadata.num_rows, described(table.schema_arrow)
    return file_entry(folder, kind, path, digest) | {"rows": rows, "schema": schema}


def file_entry(folder: Path, kind: str, path: Path, digest: str) -> FileEntry:
    """A manifest's entry for a file that is no table."""
    return {
        "path": path.relative_to(folder).as_posix(), "kind": kind, "sha256": digest, "bytes": path.stat().st_size,
        "rows": None, "schema": None, "provider": None, "shipment": None, "day": None, "depends": None,
        "licence": None,
    }  # fmt: skip


def combined(*columns: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A code for each row, equal where all columns are, and for each code the first row that has it. Codes are
    in the order in which they first come."""
    codes = _coded(columns[0])
    for column in columns[1:]:
        other = _coded(column)
        codes = _coded(codes * (int(other.max(initial=0)) + 1) + other)
    first = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, first


def _coded(column: NDArray[Any]) -> NDArray[np.int64]:
    encoded = pa.array(np.ascontiguousarray(column)).dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
