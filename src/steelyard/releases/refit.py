"""Do the parts of this release, and nothing else, give the values that it says?

If so, nothing of what is not in the parts is left in any value or confidence: not of a provider that was left
out, either.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from steelyard.domain.errors import SteelyardError
from steelyard.releases.arrow import compute as pc
from steelyard.releases.derive import derive
from steelyard.releases.encoding import canonical
from steelyard.releases.layout import CHANGE, CHANGES, described
from steelyard.releases.manifest import read_forms, read_options

MOST_TOLD = 5
# What tables can do to a fit when whoever signed them did not build them as we do.
_UNFIT = (
    SteelyardError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    OSError,
    pa.ArrowException,
)


def compare(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """What differs between the release and a fresh fit of its parts, in sentences; its files are sound."""
    try:
        return list(_differences(folder, manifest))
    except _UNFIT as wrong:
        return [f"The parts could not be fitted: {str(wrong)[:300]}."]


def _differences(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    paths = {kind: _paths(manifest, kind) for kind in ("judgments", "content", "consensus")}
    with (
        tempfile.TemporaryDirectory() as scratch,
        derive(
            folder,
            paths["judgments"],
            paths["content"],
            read_forms(manifest),
            manifest["project"]["form"],
            manifest["withheld"],
            read_options(manifest),
            Path(scratch),
        ) as derived,
    ):
        for name in sorted(set(manifest["fit"]) | set(derived.fit)):
            if canonical(manifest["fit"].get(name)) != canonical(derived.fit.get(name)):
                yield f"The refit of {name!r} is not the fit that the manifest tells of."
        wanted_columns = described(derived.schema)
        if any(
            [c for c in f["schema"] if c["name"] != CHANGE.name] != wanted_columns
            for f in _files(manifest, "consensus")
        ):
            yield "The consensus has other columns than the refit."
            return
        changes: dict[str | None, int] = {}
        here = _side_by_side(_rows(folder, paths["consensus"], changes), derived.tables())
        yield from _rows_that_differ(here)
    said = manifest["changes"]
    wanted = {None: manifest["counts"]["rows"]} if said is None else _without_gone(said)
    if {k: n for k, n in changes.items() if n} != {k: n for k, n in wanted.items() if n}:
        yield "The changes that the manifest counts are not those in the consensus."


def _rows_that_differ(pairs: Iterator[tuple[pa.Table | None, pa.Table | None]]) -> Iterator[str]:
    """Told row by row, though only where tables differ."""
    wrong = 0
    for ours, theirs in pairs:
        if ours is not None and theirs is not None and ours.equals(theirs):
            continue
        for here, anew in zip_longest(_listed(ours), _listed(theirs)):
            if here == anew:
                continue
            wrong += 1
            if wrong <= MOST_TOLD:
                yield _told(here, anew)
            if here is None or anew is None or here.get("task") != anew["task"]:
                yield "From there on the rows are about other tasks."
                return
    if wrong > MOST_TOLD:
        yield f"{wrong - MOST_TOLD} more rows differ from the refit."


def _side_by_side(
    here: Iterator[pa.Table], anew: Iterator[pa.Table]
) -> Iterator[tuple[pa.Table | None, pa.Table | None]]:
    """Both cut at the same rows; when one has ended, None for it and the rest of the other."""
    ours, theirs = next(here, None), next(anew, None)
    while ours is not None or theirs is not None:
        if ours is None or theirs is None:
            yield ours, theirs
            ours, theirs = next(here, None), next(anew, None)
            continue
        cut = min(ours.num_rows, theirs.num_rows)
        yield ours.slice(0, cut), theirs.slice(0, cut)
        ours = ours.slice(cut) if ours.num_rows > cut else next(here, None)
        theirs = theirs.slice(cut) if theirs.num_rows > cut else next(anew, None)


def _listed(table: pa.Table | None) -> list[dict[str, Any]]:
    return [] if table is None else table.to_pylist()


def _without_gone(said: dict[str, Any]) -> dict[str, Any]:
    return {name: said.get(name) for name in CHANGES if name != "gone"}


def _told(here: dict[str, Any] | None, anew: dict[str, Any] | None) -> str:
    if anew is None:
        return f"Task {here and here.get('task')} has a row in the consensus, but the refit gives none."
    if here is None:
        return f"Task {anew['task']} has no row in the consensus, but the refit gives one."
    if here.get("task") != anew["task"]:
        return f"Where the consensus has task {here.get('task')}, the refit has {anew['task']}."
    columns = sorted(name for name in set(here) | set(anew) if here.get(name) != anew.get(name))
    return f"Task {anew['task']} differs from the refit in {', '.join(columns)}."


def _rows(folder: Path, paths: list[str], changes: dict[str | None, int]) -> Iterator[pa.Table]:
    """The consensus without `change`, which is counted."""
    for path in paths:
        with pq.ParquetFile(folder / path) as file:
            for batch in file.iter_batches(batch_size=10_000):
                table = pa.Table.from_batches([batch])
                if CHANGE.name in table.column_names:
                    for row in pc.value_counts(table.column(CHANGE.name)).to_pylist():
                        changes[row["values"]] = changes.get(row["values"], 0) + row["counts"]
                    table = table.drop_columns([CHANGE.name])
                else:
                    changes[None] = changes.get(None, 0) + table.num_rows
                yield table


def _paths(manifest: dict[str, Any], kind: str) -> list[str]:
    return [file["path"] for file in _files(manifest, kind)]


def _files(manifest: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [file for file in manifest["files"] if file["kind"] == kind]
