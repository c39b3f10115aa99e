"""import FILE --project P: tasks, or a shipment of answered tasks, from a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from steelyard.cli.common import (
    NO,
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
from steelyard.formats import ndjson
from steelyard.formats.task_files import FORMATS, JSON, NDJSON, Rows, format_of_file, rows_of
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.dry_run import look_over
from steelyard.work.intake import bring_in
from steelyard.work.shipments import receive
from steelyard.work.tasks import Created, RowProblem

SHOWN = 20  # row errors printed


def import_command(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines, a JSON array, CSV or Parquet.", exists=True, dir_okay=False)
    ],
    project: Annotated[str, typer.Option(help="The project's slug.")],
    file_format: Annotated[
        str | None,
        typer.Option("--format", help=f"{', '.join(FORMATS)}; by the file's name unless given."),
    ] = None,
    provider: Annotated[
        str | None, typer.Option(help="The provider of a shipment: each task brings its judgments.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The shipment's name; the file's name unless given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Bring tasks in. Rows that are wrong are told with their line and field, the others come in; the exit
    status is 1 when any was wrong."""
    with opened(data, database_url, storage_url, as_json) as installation, file.open("rb") as stream:

        def who(tx: Transaction) -> Any:
            return owner(tx, mode)

        rows = _rows(stream, file, file_format)
        with _progress() as bar:
            shown = bar.add_task(f"reading {file.name}", total=file.stat().st_size or 1, counts="")

            def counted(so_far: Any) -> None:
                counts = so_far if isinstance(so_far, Created) else so_far.created
                said = f"{counts.new + counts.same:,} in, {counts.changed + counts.wrong:,} not"
                bar.update(shown, completed=stream.tell(), counts=said)

            if provider is not None:
                if dry_run:
                    raise Ended("--dry-run checks tasks; a shipment is received whole", WRONG_USE)
                created, told = _ship(installation, who, project, provider, name or file.name, rows, counted)
            else:
                created, told = _bring(installation, who, project, rows, counted, dry_run)
        if as_json:
            show(told, True)
        else:
            _print(created, told)
        if created.wrong or created.changed:
            raise typer.Exit(NO)


def _bring(
    installation: Installation, who: Any, project: str, rows: Rows, counted: Callable[[Any], None], dry: bool
) -> tuple[Created, dict[str, Any]]:
    database = installation.database
    if dry:
        created = look_over(database, who, project, rows, counted=counted)
        return created, {"dry_run": True, **_json(created)}
    created = bring_in(database, installation.blobs, who, project, rows, counted=counted)
    return created, _json(created)


def _ship(
    installation: Installation,
    who: Any,
    project: str,
    provider: str,
    name: str,
    rows: Rows,
    counted: Callable[[Any], None],
) -> tuple[Created, dict[str, Any]]:
    if callable(rows):
        raise Ended("a shipment is JSON Lines or a JSON array: its judgments fit no table", WRONG_USE)
    came = receive(installation.database, who, project, provider, name, ndjson.decoded(rows), counted=counted)
    return came.created, {"shipment": came.shipment, "judgments": came.judgments, **_json(came.created)}


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    said = TextColumn("{task.fields[counts]}")
    return Progress(*columns, TimeElapsedColumn(), said, console=err, transient=True)


def _json(created: Created) -> dict[str, Any]:
    counts = {"new": created.new, "same": created.same, "changed": created.changed, "wrong": created.wrong}
    errors = [{k: v for k, v in asdict(p).items() if v is not None} for p in created.problems]
    return {"counts": counts, "errors": errors}


def _print(created: Created, told: dict[str, Any]) -> None:
    for problem in created.problems[:SHOWN]:
        err.print(f"{_place(problem)}: {problem.message}", highlight=False, markup=False, soft_wrap=True)
    more = created.wrong + created.changed - len({p.row for p in created.problems[:SHOWN]})
    if more > 0:
        err.print(f"and {more:,} more rows", highlight=False)
    show({k: v for k, v in told.items() if k != "errors"}, False)


def _place(problem: RowProblem) -> str:
    """Where it is, as one finds it in the file: the line where there are lines, else the row, counted from 1."""
    where = f"row {problem.row + 1}" if problem.line is None else f"line {problem.line}"
    return (
        f"{where}, {problem.column}"
        if problem.column
        else f"{where}{problem.pointer and ' '}{problem.pointer}"
    )


def _rows(stream: IO[bytes], file: Path, file_format: str | None) -> Rows:
    if file_format is not None and file_format not in FORMATS:
        raise Ended(f"--format is one of {', '.join(FORMATS)}, not {file_format}", WRONG_USE)
    found = file_format or format_of_file(file) or NDJSON
    if found in (JSON, NDJSON):  # told apart by what is in it, whatever its name says
        first = stream.read(1)
        while first and (first.isspace() or first in b"\xef\xbb\xbf"):
            first = stream.read(1)
        stream.seek(0)
        found = JSON if first == b"[" else NDJSON
    return rows_of(stream, found)[0]
