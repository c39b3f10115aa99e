"""What do all commands share? The options after a command's name, how results are printed, how they end.

Results go to stdout, progress and errors to stderr; with --json stdout holds one JSON object and nothing
else. Exit status: 0 done or holds, 1 the answer is no, 2 wrong use, 3 could not be judged.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from steelyard.cli.endings import NO as NO
from steelyard.cli.endings import NOT_JUDGED as NOT_JUDGED
from steelyard.cli.endings import WRONG_USE as WRONG_USE
from steelyard.domain.errors import SteelyardError
from steelyard.identity.policy import Principal
from steelyard.settings import Settings, from_environment
from steelyard.store.database import StoreError, Transaction
from steelyard.store.page import Page
from steelyard.wiring import Installation, do_due_if_free, local_owner, open_installation

out = Console()
err = Console(stderr=True)


class Mode(StrEnum):
    live = "live"
    test = "test"


Data = Annotated[
    Path | None, typer.Option("--data", help="The data folder ($STEELYARD_DATA, ./steelyard-data).")
]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="A PostgreSQL URL instead of SQLite.")
]
StorageUrl = Annotated[
    str | None, typer.Option("--storage-url", help="Where blobs lie, instead of the folder.")
]
World = Annotated[Mode, typer.Option("--mode", help="Which world: live or test.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else there.")]


class Ended(Exception):
    """The command ends with `status`, having said why."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def settings_of(data: Path | None, database_url: str | None, storage_url: str | None) -> Settings:
    try:
        found = from_environment()
    except ValueError as wrong:
        raise Ended(str(wrong), WRONG_USE) from None
    given = {"data": data, "database_url": database_url, "storage_url": storage_url}
    return Settings(**{**found.__dict__, **{k: v for k, v in given.items() if v is not None}})


@contextmanager
def ending(as_json: bool) -> Iterator[None]:
    """Turns what a use case refuses into one sentence and an exit status."""
    try:
        yield
    except Ended as ended:
        _say(ended.message, as_json, "failed")
        raise typer.Exit(ended.status) from None
    except StoreError as failed:
        _say(failed.message, as_json, failed.code)
        raise typer.Exit(NOT_JUDGED) from None
    except SteelyardError as refused:
        _say(refused.message, as_json, refused.code)
        raise typer.Exit(WRONG_USE) from None
    except OSError as failed:
        where = f": {failed.filename}" if failed.filename else ""
        _say(f"{failed.strerror or failed}{where}", as_json, "system")
        raise typer.Exit(NOT_JUDGED) from None


def _say(message: str, as_json: bool, code: str) -> None:
    if as_json:
        print(json.dumps({"error": message, "code": code}), flush=True)
    err.print("[red]steelyard:[/red]", escape(message), highlight=False, soft_wrap=True)


@contextmanager
def opened(
    data: Path | None, database_url: str | None, storage_url: str | None, as_json: bool = False
) -> Iterator[Installation]:
    """The installation of these options; due jobs are done at the end when nobody else holds the folder."""
    with ending(as_json):
        settings = settings_of(data, database_url, storage_url)
        with open_installation(settings.data, settings=settings) as installation:
            yield installation
            do_due_if_free(installation)


def owner(tx: Transaction, mode: Mode) -> Principal:
    """Whoever can write the data folder acts as its owner."""
    return local_owner(tx, mode.value)


def show(
    value: dict[str, Any], as_json: bool, *, rows: str | None = None, columns: dict[str, str] | None = None
) -> None:
    """Prints a result: as JSON, as a table of `value[rows]` with these columns (key to heading), or as pairs."""
    if as_json:
        print(json.dumps(value, ensure_ascii=False), flush=True)
        return
    if rows is not None and columns is not None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in columns.values():
            table.add_column(heading)
        for item in value[rows]:
            table.add_row(*(_cell(item.get(key)) for key in columns))
        out.print(table if value[rows] else "nothing yet")
        return
    for key, item in value.items():
        out.print(f"[bold]{key}[/bold]  {_cell(item)}", highlight=False, soft_wrap=True)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict) and {"value", "low", "high", "n"} <= set(value):
        return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}] n={value['n']}".replace(
            "[", "\\["
        )
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False).replace("[", "\\[")
    return str(value).replace("[", "\\[")


def every(page: Callable[[int], Page]) -> list[sa.Row]:
    """All rows of a list, page after page; `page` is given the key to go on after."""
    found: list[sa.Row] = []
    after: int | None = 0
    while after is not None:
        part = page(after)
        found += part.rows
        after = part.next
    return found


def show_table(title: str, rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """A table under a title; nothing where there are no rows."""
    if rows:
        if title:
            out.print(f"\n[bold]{title}[/bold]", highlight=False)
        show({"rows": rows}, False, rows="rows", columns=columns)


def write_page(path: Path, pieces: Iterable[str]) -> None:
    """Writes a document; what was at the path is replaced when all of it is there."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
