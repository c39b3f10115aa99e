"""Which releases has a project had, and who was left out of them?

Only the database remembers who was left out; the release itself must not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from steelyard.domain.errors import NotFound
from steelyard.domain.names import name_key
from steelyard.releases.arrow import compute as pc
from steelyard.releases.layout import MANIFEST, PATHS, file_digest
from steelyard.releases.manifest import BadManifest, read_manifest, read_options
from steelyard.releases.options import Options
from steelyard.store import tables as t
from steelyard.store.database import Transaction


@dataclass(frozen=True)
class Release:
    """A release as the database has it; `without` are names of providers, `at` microseconds."""

    id: str
    version: int
    path: str
    digest: str
    rows: int
    at: int
    without: list[str]


class Before:
    """The consensus of the predecessor, read as far as it is asked for."""

    def __init__(self, paths: list[Path]) -> None:
        self.count = sum(pq.read_metadata(path).num_rows for path in paths)
        self._tables = self._read(paths)
        self._ahead = _BEFORE.empty_table()

    def of(self, tasks: pa.ChunkedArray) -> pa.Table:
        """Answers and confidence of these tasks, null where there are none. Tasks are sorted, and later ones than
        any asked for before."""
        last = tasks[-1].as_py()
        pieces = [self._ahead]
        while pieces[-1].num_rows == 0 or pieces[-1].column("task")[-1].as_py() < last:
            if (following := next(self._tables, None)) is None:
                break
            pieces.append(following)
        known = pa.concat_tables(pieces).combine_chunks()
        found = known.take(
            pc.index_in(tasks.combine_chunks(), value_set=known.column("task").combine_chunks())
        )
        self._ahead = known.filter(pc.greater(known.column("task"), last))
        return found

    def _read(self, paths: list[Path]) -> Iterator[pa.Table]:
        for path in paths:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(columns=_BEFORE.names):
                    yield pa.Table.from_batches([batch]).select(_BEFORE.names)


_BEFORE = pa.schema(
    [pa.field("task", pa.string()), pa.field("answers", pa.string()), pa.field("confidence", pa.float64())]
)


def latest_release(tx: Transaction, project_id: int) -> sa.Row | None:
    """The row of the project's newest release: the predecessor of the next."""
    return tx.row(
        sa.select(t.release)
        .where(t.release.c.project_id == project_id)
        .order_by(t.release.c.version.desc())
        .limit(1)
    )


def releases_of(tx: Transaction, project_id: int) -> list[Release]:
    """All releases of a project, the newest first."""
    left_out: dict[int, list[str]] = {}
    query = (
        sa.select(t.release_provider.c.release_id, t.provider.c.name)
        .join(t.provider, t.provider.c.id == t.release_provider.c.provider_id)
        .join(t.release, t.release.c.id == t.release_provider.c.release_id)
        .where(t.release.c.project_id == project_id, t.release_provider.c.left_out)
        .order_by(t.provider.c.name)
    )
    for row in tx.rows(query):
        left_out.setdefault(row.release_id, []).append(row.name)
    rows = tx.rows(
        sa.select(t.release).where(t.release.c.project_id == project_id).order_by(t.release.c.version.desc())
    )
    return [
        Release(r.public_id, r.version, r.path, r.digest, r.rows, r.at, left_out.get(r.id, [])) for r in rows
    ]


def providers_named(tx: Transaction, names: list[str]) -> dict[int, str]:
    """Row key and slug of each provider with one of these names or slugs. Raises `NotFound`."""
    found: dict[int, str] = {}
    for name in names:
        row = tx.row(sa.select(t.provider).where(t.provider.c.slug == name)) or tx.row(
            sa.select(t.provider).where(t.provider.c.name_key == name_key(name))
        )
        if row is None:
            raise NotFound(f"there is no provider {name!r}")
        found[row.id] = row.slug
    return found


def ordered_as(path: Path) -> Options:
    """How the release in this folder was ordered; the usual way where it is no longer there to be read."""
    try:
        return read_options(read_manifest((path / MANIFEST).read_bytes()))
    except (OSError, BadManifest):
        return Options()


def read_before(path: Path, digest: str) -> Before | None:
    """The consensus of the release in this folder, or None where it is no longer there as it was built."""
    try:
        manifest_path = path / MANIFEST
        if file_digest(manifest_path) != digest:
            return None
        manifest: dict[str, Any] = json.loads(manifest_path.read_bytes())
        paths = []
        for file in manifest["files"]:
            if file["kind"] != "consensus" or not PATHS["consensus"].fullmatch(file["path"]):
                continue
            if file_digest(path / file["path"]) != file["sha256"]:
                return None
            paths.append(path / file["path"])
        return Before(sorted(paths))
    except OSError:
        return None
