"""import FILE --project P: tasks, or a shipment of answered tasks, from a file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
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
from steelyard.formats.file_format import FileFormat
from steelyard.formats.reading import Into, Reading, as_data_url, media_type
from steelyard.formats.registry import file_formats, find_format
from steelyard.formats.task_files import FORMATS, JSON, NDJSON, Rows, format_of_file, rows_of
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.dry_run import look_over
from steelyard.work.intake import bring_in
from steelyard.work.media import keep_blob_row
from steelyard.work.shipments import receive
from steelyard.work.tasks import Created, RowProblem

SHOWN = 20  # row errors printed


def import_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON Lines, a JSON array, CSV or Parquet; a file or folder of --format.", exists=True
        ),
    ],
    project: Annotated[str, typer.Option(help="The project's slug.")],
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=f"{', '.join(FORMATS)}, by the file's name unless given; or {', '.join(file_formats())}.",
        ),
    ] = None,
    into: Annotated[
        Into | None,
        typer.Option(
            "--as", help="What answers in a file of --format become: suggestion (unless told) or gold."
        ),
    ] = None,
    question: Annotated[
        str | None, typer.Option("--question", help="Which question they answer; by its kind unless told.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Where the pictures are, if not beside.", exists=True, file_okay=False),
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
    with opened(data, database_url, storage_url, as_json) as installation, ExitStack() as stack:

        def who(tx: Transaction) -> Any:
            return owner(tx, mode)

        foreign = None
        stream: IO[bytes] | None = None
        if file_format is not None and file_format not in FORMATS:
            foreign = find_format(file_format)
            ours = (into or Into.suggestion) if provider is None else Into.judgments
            if into is not None and (into is Into.judgments) != (ours is Into.judgments):
                raise Ended("--as judgments and --provider go together: somebody gave them", WRONG_USE)
            keep = as_data_url if provider is None else _keeper(installation)
            rows: Rows = _read_by(foreign, file, ours, question, images, keep)
        elif into or question or images:
            raise Ended(
                f"--as, --question and --images go with --format {', '.join(file_formats())}", WRONG_USE
            )
        elif file.is_dir():
            raise Ended(
                f"{file} is a folder: say with --format which, {', '.join(file_formats())}", WRONG_USE
            )
        else:
            stream = stack.enter_context(file.open("rb"))
            rows = _rows(stream, file, file_format)
        with _progress() as bar:
            size = file.stat().st_size if stream else None
            shown = bar.add_task(f"reading {file.name}", total=size or 1, counts="")

            def counted(so_far: Any) -> None:
                counts = so_far if isinstance(so_far, Created) else so_far.created
                said = f"{counts.new + counts.same:,} in, {counts.changed + counts.wrong:,} not"
                bar.update(shown, completed=stream.tell() if stream else 0, counts=said)

            if provider is not None:
                if dry_run:
                    raise Ended("--dry-run checks tasks; a shipment is received whole", WRONG_USE)
                if foreign is None and callable(rows):
                    raise Ended(
                        "a shipment is JSON Lines or a JSON array: its judgments fit no table", WRONG_USE
                    )
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
    given = rows if callable(rows) else ndjson.decoded(rows)
    came = receive(installation.database, who, project, provider, name, given, counted=counted)
    return came.created, {"shipment": came.shipment, "judgments": came.judgments, **_json(came.created)}


def _read_by(
    fmt: FileFormat,
    file: Path,
    into: Into,
    question: str | None,
    images: Path | None,
    url: Callable[[Path], str],
) -> Rows:
    return lambda form: fmt.read(file, Reading(form, into, question, images, url))


def _keeper(installation: Installation) -> Callable[[Path], str]:
    """Stores the bytes of a file, and says under which address."""

    def keep(path: Path) -> str:
        with path.open("rb") as file:
            digest = installation.blobs.put(file)
        size, kind = path.stat().st_size, media_type(path)
        installation.database.write(lambda tx: keep_blob_row(tx, digest, size, kind))
        return f"blob:sha256/{digest}"

    return keep


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
    found = file_format or format_of_file(file) or NDJSON
    if found in (JSON, NDJSON):  # told apart by what is in it, whatever its name says
        first = stream.read(1)
        while first and (first.isspace() or first in b"\xef\xbb\xbf"):
            first = stream.read(1)
        stream.seek(0)
        found = JSON if first == b"[" else NDJSON
    return rows_of(stream, found)[0]
