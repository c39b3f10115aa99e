"""import FILE --project P: tasks, or a shipment of answered tasks, from a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

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
from steelyard.domain.errors import Invalid
from steelyard.http.storable import parse_json
from steelyard.store.database import Transaction
from steelyard.work.intake import bring_in
from steelyard.work.shipments import receive
from steelyard.work.tasks import Created


def import_command(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines, or a JSON array, of tasks.", exists=True, dir_okay=False)
    ],
    project: Annotated[str, typer.Option(help="The project's slug.")],
    provider: Annotated[
        str | None, typer.Option(help="The provider of a shipment: each task brings its judgments.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The shipment's name; the file's name unless given.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Bring tasks in. Rows that are wrong are told with their row and field, the others come in; the exit
    status is 1 when any was wrong."""
    with opened(data, database_url, storage_url, as_json) as installation:

        def who(tx: Transaction) -> Any:
            return owner(tx, mode)

        size = file.stat().st_size
        with (
            file.open("rb") as stream,
            _progress() as bar,
        ):
            shown = bar.add_task(f"reading {file.name}", total=size or 1)

            def counted(_: Any) -> None:
                bar.update(shown, completed=stream.tell())

            rows = _rows(stream, file)
            if provider is None:
                created = bring_in(
                    installation.database, installation.blobs, who, project, rows, counted=counted
                )
                result: dict[str, Any] = _json(created)
            else:
                received = receive(
                    installation.database, who, project, provider, name or file.name, rows, counted=counted
                )
                created = received.created
                result = {"shipment": received.shipment, "judgments": received.judgments, **_json(created)}
        if as_json:
            show(result, True)
        else:
            for problem in created.problems[:20]:
                err.print(
                    f"row {problem.row + 1}{problem.pointer}: {problem.message}",
                    highlight=False,
                    markup=False,
                )
            show({k: v for k, v in result.items() if k != "errors"}, False)
        if created.wrong or created.changed:
            raise typer.Exit(NO)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    return Progress(*columns, TimeElapsedColumn(), console=err, transient=True)


def _json(created: Created) -> dict[str, Any]:
    counts = {"new": created.new, "same": created.same, "changed": created.changed, "wrong": created.wrong}
    return {"counts": counts, "errors": [asdict(p) for p in created.problems]}


def _rows(stream: Any, file: Path) -> Iterator[Any]:
    first = stream.read(1)
    while first and first.isspace():
        first = stream.read(1)
    stream.seek(0)
    if first == b"[":
        try:
            yield from parse_json(stream.read())
        except Invalid as wrong:
            raise Ended(f"{file}: {wrong.message}", WRONG_USE) from None
        return
    while line := stream.readline():
        if line.strip():
            try:
                yield parse_json(line)
            except Invalid as wrong:
                yield wrong.problems[0]
