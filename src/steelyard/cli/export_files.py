"""export PROJECT --format F: the answered tasks in the files of others, a folder that is there whole or not at all."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from steelyard.cli.common import WRONG_USE, Ended, Mode, err, owner
from steelyard.domain.errors import Invalid
from steelyard.formats.registry import find_format
from steelyard.formats.splits import parse_splits
from steelyard.formats.writing import Writing
from steelyard.releases.folder import put_in_place, room_beside, sync_all
from steelyard.store.blobs import BlobMissing
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.export_records import leave
from steelyard.work.intake import decode_data_url
from steelyard.work.task_list import Wanted

_BLOB = "blob:sha256/"


@dataclass(frozen=True)
class Options:
    """The format, which tasks, which questions, which splits, and what is good."""

    fmt: str
    wanted: Wanted
    questions: tuple[str, ...]
    splits: tuple[str, ...]
    good: tuple[str, ...]


def check_free(out: Path) -> None:
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise Ended(f"{out} is there already; a folder for an export is absent or empty", WRONG_USE)


def export_files(
    installation: Installation, mode: Mode, project: str, asked: Options, out: Path | None
) -> dict[str, Any]:
    """Writes the folder; what to tell of it."""
    fmt = find_format(asked.fmt)
    shares = parse_splits(asked.splits)
    if out is None:
        raise Ended(f"say with --out which folder: {fmt.name} is a folder of files", WRONG_USE)
    check_free(out)

    def who(tx: Transaction) -> Any:
        return owner(tx, mode)

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        shown, done = bar.add_task(fmt.name), 0

        def counted(rows: int) -> None:
            nonlocal done
            done += rows
            bar.update(shown, description=f"{fmt.name}: {done:,} tasks")

        leaving = leave(
            installation.database, who, project, asked.wanted, judgments=fmt.judgments, counted=counted
        )
        questions = fmt.questions(leaving.form, asked.questions)
        writing = Writing(leaving.name, questions, shares, asked.good, lambda url: _bytes(installation, url))
        with room_beside(out, "exporting") as room:
            written = fmt.write(room, leaving.records, writing)
            sync_all(room)
            put_in_place(room, out)
    return {"project": project, "rows": written.rows, "left_out": written.left_out, "out": str(out)}


def _bytes(installation: Installation, url: str) -> IO[bytes] | None:
    """What a block shows, where it is kept here."""
    try:
        if url.startswith(_BLOB):
            return installation.blobs.open(url.removeprefix(_BLOB))
        return io.BytesIO(decode_data_url(url, "")[0]) if url.startswith("data:") else None
    except (BlobMissing, Invalid):
        return None
