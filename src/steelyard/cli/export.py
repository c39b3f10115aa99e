"""export PROJECT: tasks, judgments and consensus, into a file or a folder."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from steelyard.cli.common import (
    WRONG_USE,
    AsJson,
    Data,
    DatabaseUrl,
    Ended,
    Mode,
    StorageUrl,
    World,
    err,
    opened,
    owner,
    show,
)
from steelyard.cli.export_files import Options, check_free, export_files
from steelyard.formats.registry import file_formats
from steelyard.formats.tables_out import Format
from steelyard.releases.folder import put_in_place, room_beside, sync_all
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.export import Asked, What, export
from steelyard.work.task_list import Wanted

_SUFFIXES = {
    ".ndjson": Format.ndjson,
    ".jsonl": Format.ndjson,
    ".csv": Format.csv,
    ".parquet": Format.parquet,
}


def export_command(
    project: Annotated[str, typer.Argument(help="The project's slug.")],
    what: Annotated[
        list[What] | None,
        typer.Option("--what", help="tasks, judgments or consensus; all of them unless told."),
    ] = None,
    fmt: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="ndjson, csv or parquet (ndjson, or as --out is named); or, for the answered tasks, one of "
            f"{', '.join(file_formats())}.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="A file (.ndjson, .csv, .parquet), or a folder that is absent or empty; else stdout.",
        ),
    ] = None,
    status: Annotated[str | None, typer.Option(help="Only tasks of this status.")] = None,
    batch: Annotated[str | None, typer.Option(help="Only tasks of this batch.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only tasks with this tag.")] = None,
    gold: Annotated[str | None, typer.Option(help="Only evaluation, training, any or no gold.")] = None,
    confidence_below: Annotated[float | None, typer.Option(help="Only tasks less sure than this.")] = None,
    question: Annotated[
        list[str] | None, typer.Option("--question", help="Of a file format: only these questions.")
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option("--split", help="Of a file format: a split and its share, test=0.1; the rest is train."),
    ] = None,
    good: Annotated[
        list[str] | None,
        typer.Option(
            "--good", help="Of a format of good and bad: the options, or the least level, that are good."
        ),
    ] = None,
    content: Annotated[
        bool, typer.Option("--content/--no-content", help="Tasks with or without what they show.")
    ] = True,
    history: Annotated[
        bool, typer.Option("--history", help="Judgments that are superseded or withdrawn too.")
    ] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Write a project's tasks, judgments and consensus out. What is written is there whole or not at all. Who
    exports tasks with their content was shown it, and that is written down."""
    with opened(data, database_url, storage_url, as_json) as installation:
        wanted = Wanted(status, batch, tag, gold, None, confidence_below)
        if fmt is not None and fmt not in list(Format):
            _refuse_with_format(fmt, what=what, history=history, no_content=not content)
            options = Options(fmt, wanted, tuple(question or ()), tuple(split or ()), tuple(good or ()))
            show(export_files(installation, mode, project, options, out), as_json)
            return
        if question or split or good:
            raise Ended(
                f"--question, --split and --good go with --format {', '.join(file_formats())}", WRONG_USE
            )
        if wanted != Wanted() and what != [What.tasks]:
            raise Ended(
                "--status, --batch, --tag, --gold and --confidence-below go with --what tasks", WRONG_USE
            )
        asked = {
            one: Asked(
                one,
                Format(fmt) if fmt else _format_of(out),
                history=history and one is What.judgments,
                wanted=wanted if one is What.tasks else Wanted(),
                content=content,
            )
            for one in (what or list(What))
        }
        rows = _write(installation, mode, project, asked, out, as_json)
        if out is not None:
            show({"project": project, "rows": {str(k): n for k, n in rows.items()}, "out": str(out)}, as_json)


def _refuse_with_format(fmt: str, **given: object) -> None:
    wrong = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if wrong:
        raise Ended(f"{' and '.join(wrong)} go with ndjson, csv and parquet, not with {fmt}", WRONG_USE)


def _format_of(out: Path | None) -> Format:
    return Format.ndjson if out is None else _SUFFIXES.get(out.suffix.lower(), Format.ndjson)


def _write(
    installation: Installation,
    mode: Mode,
    project: str,
    asked: dict[What, Asked],
    out: Path | None,
    as_json: bool,
) -> dict[What, int]:
    """Writes each of them; how many rows it was."""

    def who(tx: Transaction) -> Any:
        return owner(tx, mode)

    def write(one: Asked, file: IO[bytes]) -> int:
        counts: list[int] = []
        with _progress(one.what) as told:
            for piece in export(installation.database, who, project, one, counted=counts.append):
                file.write(piece)
                told(sum(counts))
        return sum(counts)

    first = next(iter(asked.values()))
    if out is None:
        if len(asked) > 1 or as_json or first.fmt is Format.parquet:
            raise Ended("say with --out where it goes: stdout takes one of --what, as text", WRONG_USE)
        return {first.what: write(first, sys.stdout.buffer)}
    if len(asked) == 1 and out.suffix.lower() in _SUFFIXES:
        if out.is_dir():
            raise Ended(f"{out} is a folder", WRONG_USE)
        with _replacing(out) as file:
            return {first.what: write(first, file)}
    check_free(out)
    rows: dict[What, int] = {}
    with room_beside(out, "exporting") as room:
        for one in asked.values():
            with (room / f"{one.what}.{one.fmt}").open("wb") as file:
                rows[one.what] = write(one, file)
        sync_all(room)
        put_in_place(room, out)
    return rows


@contextmanager
def _replacing(out: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `out` when all of it is written."""
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _progress(what: What) -> Iterator[Any]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        shown = bar.add_task(f"{what}")
        yield lambda rows: bar.update(shown, description=f"{what}: {rows:,} rows")
