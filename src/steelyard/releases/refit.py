"""Do the parts of this release, and nothing else, give the values that it says?

If so, nothing of what is not in the parts is left in any value or confidence: not of a provider that was left
out, either.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from steelyard.domain.errors import SteelyardError
from steelyard.releases.derive import derive
from steelyard.releases.encoding import canonical
from steelyard.releases.layout import CHANGE, CHANGES, described
from steelyard.releases.manifest import read_forms

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
    derived = derive(
        folder,
        paths["judgments"],
        paths["content"],
        read_forms(manifest),
        manifest["project"]["form"],
        manifest["withheld"],
    )
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
    wrong = 0
    changes: dict[str, int] = {}
    for here, anew in zip_longest(_rows(folder, paths["consensus"]), derived.rows()):
        if here is not None:
            change = here.pop(CHANGE.name, None)
            changes[change] = changes.get(change, 0) + 1
        if here == anew:
            continue
        wrong += 1
        if wrong <= MOST_TOLD:
            yield _told(here, anew)
        if here is None or anew is None or here.get("task") != anew["task"]:
            yield "From there on the rows are about other tasks."
            break
    if wrong > MOST_TOLD:
        yield f"{wrong - MOST_TOLD} more rows differ from the refit."
    said = manifest["changes"]
    wanted = {None: manifest["counts"]["rows"]} if said is None else _without_gone(said)
    if {k: n for k, n in changes.items() if n} != {k: n for k, n in wanted.items() if n}:
        yield "The changes that the manifest counts are not those in the consensus."


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


def _rows(folder: Path, paths: list[str]) -> Iterator[dict[str, Any]]:
    for path in paths:
        with pq.ParquetFile(folder / path) as table:
            for batch in table.iter_batches(batch_size=10_000):
                yield from batch.to_pylist()


def _paths(manifest: dict[str, Any], kind: str) -> list[str]:
    return [file["path"] for file in _files(manifest, kind)]


def _files(manifest: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [file for file in manifest["files"] if file["kind"] == kind]
