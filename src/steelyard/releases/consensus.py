"""How does the consensus become files, and what has changed in it since the release before?

Both are sorted by task, so they are read side by side and neither is held whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from steelyard.releases.arrow import compute as pc
from steelyard.releases.derive import Derived
from steelyard.releases.history import Before
from steelyard.releases.layout import CHANGE, CHANGES, CONSENSUS_ROWS, file_digest
from steelyard.releases.part_files import FileEntry, table_entry
from steelyard.releases.table_file import TableFile, sizes_of, waiting_room


def write_consensus(
    folder: Path, derived: Derived, before: Before | None
) -> tuple[list[FileEntry], dict[str, int] | None]:
    """The files and, where there is a release before, the number of tasks by change."""
    schema = derived.schema if before is None else pa.schema([*derived.schema, CHANGE])
    changes: dict[str, int] = dict.fromkeys(CHANGES, 0)
    entries: list[FileEntry] = []
    with waiting_room(folder) as waiting:
        for tables in _portions(derived.tables(), CONSENSUS_ROWS):
            path = folder / "consensus" / f"part-{len(entries):05d}.parquet"
            path.parent.mkdir(exist_ok=True)
            file = TableFile(path, schema, waiting)
            for table in tables:
                if before is not None:
                    change = _changes(table, before)
                    table = table.append_column(CHANGE, change)
                    for row in pc.value_counts(change).to_pylist():
                        changes[row["values"]] += row["counts"]
                file.add(table, sizes_of(table.column("answers")))
            file.close()
            entries.append(table_entry(folder, "consensus", path, file_digest(path)))
    if before is None:
        return entries, None
    changes["gone"] = before.count - sum(changes[c] for c in ("same", "confidence", "value"))
    return entries, changes


def _portions(tables: Iterator[pa.Table], size: int) -> Iterator[Iterator[pa.Table]]:
    """The rows in runs of `size`; each must be used up before the next is asked for."""
    waiting: list[pa.Table] = []

    def portion() -> Iterator[pa.Table]:
        left = size
        while left and (waiting or (waiting.extend(islice(tables, 1)) or waiting)):
            table = waiting.pop()
            if table.num_rows > left:
                waiting.append(table.slice(left))
                table = table.slice(0, left)
            left -= table.num_rows
            yield table

    while waiting or (waiting.extend(islice(tables, 1)) or waiting):
        yield portion()


def _changes(table: pa.Table, before: Before) -> pa.Array:
    was = before.of(table.column("task"))
    names = pa.array(["new", "value", "confidence", "same"], pa.string())
    known = np.asarray(pc.is_valid(was.column("answers")))
    value = np.asarray(pc.fill_null(pc.equal(was.column("answers"), table.column("answers")), False))
    sure = np.asarray(pc.fill_null(pc.equal(was.column("confidence"), table.column("confidence")), False))
    return names.take(pa.array(np.where(known, np.where(value, np.where(sure, 3, 2), 1), 0)))
