"""Is this folder, to the last byte, the release that somebody signed?

Needs nothing but the folder: no database, no network, no installation. Every byte is read; whatever is absent,
added, changed or not announced is told in a sentence, and nothing that is wrong with a folder raises.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from steelyard.releases.arrow import compute as pc
from steelyard.releases.bundle import BadBundle, check
from steelyard.releases.layout import BUNDLE, MANIFEST, TABLES, described, file_digest
from steelyard.releases.manifest import BadManifest, read_manifest
from steelyard.releases.signing import key_id

LONGEST_DOCUMENT = 1 << 30  # a manifest beyond this is not read
MOST_PROBLEMS = 1000
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Verified:
    """What was found: `ok` exactly when `problems` is empty.

    `fingerprint` is that of the key which signed (lower-case hex SHA-256), None when there is no valid
    signature; `pinned` says that it is the key that was asked for. `digest` is that of the manifest.
    """

    ok: bool
    problems: list[str]
    fingerprint: str | None = None
    pinned: bool = False
    rows: int = 0
    files: int = 0
    digest: str | None = None
    project: str | None = None
    version: int | None = None
    refitted: bool = False
    manifest: dict[str, Any] | None = field(default=None, repr=False)


def verify(
    folder: Path,
    public_key: Ed25519PublicKey | None = None,
    refit: bool = False,
    *,
    progress: Progress | None = None,
) -> Verified:
    """Checks the release in `folder`, against `public_key` when one is given.

    `refit` also fits anew from the parts alone and compares every row of the consensus. Raises
    NotADirectoryError when there is no such folder; everything else is a problem in the result.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    problems: list[str] = []
    found = _walk(folder, problems)
    manifest, manifest_bytes = _manifest(folder, found, problems)
    if manifest is None:  # which of the others matter is not known, so that comes first
        return Verified(False, [problems[-1], *problems[: min(len(problems) - 1, MOST_PROBLEMS)]])
    signer = _signer(folder, found, manifest, manifest_bytes, problems)
    if public_key is not None and signer is not None and key_id(signer) != key_id(public_key):
        problems.append(f"The release is signed by another key than the one given: {key_id(signer)}.")
    listed = {file["path"]: file for file in manifest["files"]}
    problems += [
        f"{path} is listed in the manifest, but absent." for path in sorted(set(listed) - set(found))
    ]
    problems += [
        f"{path} is not listed in the manifest."
        for path in sorted(set(found) - set(listed) - {MANIFEST, BUNDLE})
    ]
    for done, path in enumerate(sorted(set(listed) & set(found)), 1):
        if len(problems) >= MOST_PROBLEMS:
            problems.append("There are more problems than are told here.")
            break
        problems += _check_file(folder / path, listed[path])
        if progress is not None:
            progress(f"{done:,} of {len(listed):,} files")
    refitted = refit and not problems
    if refitted:
        from steelyard.releases.refit import compare

        if progress is not None:
            progress("fitting anew")
        problems += compare(folder, manifest)
    elif refit:
        problems.append("The refit was not tried, because of the problems above.")
    return Verified(
        ok=not problems,
        problems=problems,
        fingerprint=None if signer is None else key_id(signer),
        pinned=public_key is not None and signer is not None and key_id(signer) == key_id(public_key),
        rows=manifest["counts"]["rows"],
        files=len(listed),
        digest=hashlib.sha256(manifest_bytes).hexdigest(),
        project=manifest["project"]["slug"],
        version=manifest["version"],
        refitted=refitted,
        manifest=manifest,
    )


def _walk(folder: Path, problems: list[str]) -> dict[str, os.stat_result]:
    """Every regular file by its path below the folder; anything else is a problem."""
    found: dict[str, os.stat_result] = {}
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            entries = sorted(os.scandir(folder / below), key=lambda e: e.name)
        except OSError as error:
            problems.append(f"{below or 'The folder'} cannot be read: {error.strerror}.")
            continue
        if below and not entries:
            problems.append(f"{_shown(below)} is an empty folder.")
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                problems.append(f"{_shown(path)} cannot be read: {error.strerror}.")
                continue
            if stat.S_ISDIR(status.st_mode):
                waiting.append(path)
            elif stat.S_ISREG(status.st_mode):
                found[path] = status
            elif stat.S_ISLNK(status.st_mode):
                problems.append(f"{_shown(path)} is a symbolic link.")
            else:
                problems.append(f"{_shown(path)} is neither a file nor a folder.")
    return found


def _shown(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


def _read(folder: Path, name: str, found: dict[str, os.stat_result], problems: list[str]) -> bytes | None:
    if name not in found:
        problems.append(f"{name} is absent.")
    elif found[name].st_size > LONGEST_DOCUMENT:
        problems.append(f"{name} is larger than {LONGEST_DOCUMENT:,} bytes.")
    else:
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror}.")
    return None


def _manifest(
    folder: Path, found: dict[str, os.stat_result], problems: list[str]
) -> tuple[dict[str, Any] | None, bytes]:
    data = _read(folder, MANIFEST, found, problems)
    if data is None:
        return None, b""
    try:
        return read_manifest(data), data
    except BadManifest as wrong:
        problems.append(f"{MANIFEST} {wrong}.")
        return None, data


def _signer(
    folder: Path,
    found: dict[str, os.stat_result],
    manifest: dict[str, Any],
    manifest_bytes: bytes,
    problems: list[str],
) -> Ed25519PublicKey | None:
    data = _read(folder, BUNDLE, found, problems)
    if data is None:
        return None
    try:
        return check(manifest, manifest_bytes, data)
    except BadBundle as wrong:
        problems.append(f"{BUNDLE} {wrong}.")
        return None


def _check_file(path: Path, said: dict[str, Any]) -> list[str]:
    name = said["path"]
    try:
        size, digest = path.stat().st_size, file_digest(path)
        if size != said["bytes"]:
            return [f"{name} has {size:,} bytes, not the {said['bytes']:,} that it was signed with."]
        if digest != said["sha256"]:
            return [f"{name} was changed: its bytes are not those that were signed."]
        if said["kind"] not in TABLES:
            return []
        return list(_check_table(path, said))
    except OSError as error:
        return [f"{name} cannot be read: {error.strerror or error}."]
    except (pa.ArrowException, ValueError, KeyError) as error:
        return [f"{name} is not the table that it should be: {str(error)[:200]}."]


def _check_table(path: Path, said: dict[str, Any]) -> Iterator[str]:
    """A table holds what the manifest says of it; a source part is of one provider and one shipment or day."""
    name = said["path"]
    providers: set[Any] = set()
    shipments: set[Any] = set()
    days: set[Any] = set()
    with pq.ParquetFile(path) as table:
        if table.metadata.num_rows != said["rows"]:
            yield f"{name} has {table.metadata.num_rows:,} rows, not {said['rows']:,}."
        if said["rows"] == 0 or table.metadata.num_rows == 0:
            yield f"{name} has no rows."
        if described(table.schema_arrow) != said["schema"]:
            yield f"{name} has other columns than the manifest says."
        if said["kind"] == "consensus":
            return
        for batch in table.iter_batches(columns=["provider", "shipment", "at"]):
            providers.update(batch.column("provider").unique().to_pylist())
            shipments.update(batch.column("shipment").unique().to_pylist())
            days.update(pc.utf8_slice_codeunits(batch.column("at"), 0, 10).unique().to_pylist())
    if providers != {said["provider"]}:
        yield f"{name} holds rows of another provider than {said['provider']}."
    if shipments != {said["shipment"]}:
        yield f"{name} holds rows of another shipment than the manifest says."
    if said["day"] is not None and days != {said["day"]}:
        yield f"{name} holds rows of another day than {said['day']}."
