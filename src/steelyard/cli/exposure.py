"""exposure: who was shown what, and who has seen this?"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

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
    out,
    owner,
    show,
)
from steelyard.cli.exits import write_page
from steelyard.domain.policy import SENSITIVITIES
from steelyard.domain.times import format_time
from steelyard.providers.registry import find_provider
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work import exposure, seen, seen_export, showings
from steelyard.work.exposure_export import Format, Subject, export
from steelyard.work.projects import project_at
from steelyard.work.reveal import reveal
from steelyard.work.showings import Horizon, Which

SILENT_FOR_S, EVERY_S = 2.0, 1.0


def exposure_command(
    provider: Annotated[
        str | None, typer.Argument(help="The provider's slug; without it, all of them.")
    ] = None,
    annotator: Annotated[str | None, typer.Option(help="Of one annotator, by id.")] = None,
    project: Annotated[str | None, typer.Option(help="In one project, by slug.")] = None,
    sensitivity: Annotated[
        str | None, typer.Option(help=f"Of one sensitivity when shown: {', '.join(SENSITIVITIES)}.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Who has seen this text?")] = None,
    file: Annotated[Path | None, typer.Option(help="Who has seen this file?")] = None,
    hash_: Annotated[
        str | None, typer.Option("--hash", help="Who has seen what has this SHA-256, or this commitment?")
    ] = None,
    commitment: Annotated[
        str | None, typer.Option("--reveal", help="The salt and the content that prove a commitment.")
    ] = None,
    fmt: Annotated[Format | None, typer.Option("--format", help="Write all of it in this format.")] = None,
    out_file: Annotated[Path | None, typer.Option("--out", help="To this file; else to stdout.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Show what a provider, or an annotator, was shown; or search: who has seen this text, file or hash?"""
    with opened(data, database_url, storage_url, as_json) as installation:
        database = installation.database
        if out_file is not None and fmt is None:
            fmt = _format_of(out_file)
        question = _question(text, file, hash_)
        narrowed = Which(mode.value, sensitivity=_level(sensitivity))
        if commitment is not None:
            show(database.write(lambda tx: reveal(tx, owner(tx, mode), commitment)), as_json=True)
        elif question is not None:
            if annotator is not None or sensitivity is not None:
                raise Ended("a search is narrowed by PROVIDER and --project alone", WRONG_USE)
            _search(database, question, mode, provider, project, fmt, out_file, as_json)
        elif provider is not None or annotator is not None:

            def scope(tx: Transaction) -> tuple[Which, Subject]:
                return _scope(tx, narrowed, provider, annotator, project)

            _one(database, scope, fmt, out_file, as_json)
        elif fmt is not None:
            raise Ended("name a PROVIDER or an --annotator to write out", WRONG_USE)
        else:
            _all(database, narrowed, project, as_json)


def _format_of(path: Path) -> Format:
    try:
        return Format(path.suffix.lower().lstrip("."))
    except ValueError:
        raise Ended(f"{path}: say --format csv, json or html", WRONG_USE) from None


def _level(sensitivity: str | None) -> str | None:
    if sensitivity is not None and sensitivity not in SENSITIVITIES:
        raise Ended(f"--sensitivity must be one of {', '.join(SENSITIVITIES)}", WRONG_USE)
    return sensitivity


def _question(text: str | None, file: Path | None, hash_: str | None) -> seen.Question | None:
    if sum(given is not None for given in (text, file, hash_)) > 1:
        raise Ended("give one of --text, --file and --hash", WRONG_USE)
    if text is not None:
        return seen.of_text(text, "--text")
    if hash_ is not None:
        return seen.of_hash(hash_, "--hash")
    if file is None:
        return None
    with file.open("rb") as opened_file:
        return seen.of_file(opened_file)


# --- who was shown what --------------------------------------------------------------------------------

Scope = Callable[[Transaction], tuple[Which, Subject]]


def _scope(
    tx: Transaction, which: Which, provider: str | None, annotator: str | None, project: str | None
) -> tuple[Which, Subject]:
    which = replace(which, project_id=_project(tx, which.world, project))
    found = None if provider is None else find_provider(tx, provider)
    if annotator is None:
        assert found is not None
        return replace(which, provider_id=found.id), Subject.of_provider(found)
    row = showings.find_annotator(tx, annotator)
    if found is not None and row.provider_id != found.id:
        raise Ended(f"{annotator} is no annotator of {provider}", WRONG_USE)
    return replace(which, annotator_id=row.id), Subject.of_annotator(row)


def _project(tx: Transaction, world: str, slug: str | None) -> int | None:
    return None if slug is None else project_at(tx, slug, world, deleted=True).id


def _one(database: Database, scope: Scope, fmt: Format | None, out_file: Path | None, as_json: bool) -> None:
    database.read(scope)
    horizon = database.write(showings.horizon)

    def below(tx: Transaction) -> tuple[Which, Subject]:
        which, subject = scope(tx)
        return replace(which, horizon=horizon), subject

    if fmt is None:
        database.read(lambda tx: _tell_one(tx, *below(tx), horizon, as_json))
        return
    told = {"as_of": format_time(horizon.at)}

    def write(tx: Transaction) -> None:
        which, subject = below(tx)
        told["showings"] = exposure.count(tx, which)["showings"]
        _write(export(tx, which, subject, fmt), out_file)

    database.read(write)
    _tell_written(told, out_file, as_json)


def _tell_one(tx: Transaction, which: Which, subject: Subject, horizon: Horizon, as_json: bool) -> None:
    told: dict[str, Any] = {subject.kind: subject.id, "name": subject.name, "as_of": format_time(horizon.at)}
    told |= exposure.count(tx, which)
    people, _ = exposure.by_annotator(tx, which, limit=1000) if which.provider_id is not None else ([], None)
    if as_json:
        show({**told, "annotators": people}, as_json=True)
        return
    show(told, as_json=False)
    if people:
        out.print()
        _columns(people, ("annotator", "name", "tasks", "showings", "first", "last"))


def _all(database: Database, which: Which, project: str | None, as_json: bool) -> None:
    """Every provider, with how much it was shown."""
    horizon = database.write(showings.horizon)

    def look(tx: Transaction) -> list[dict[str, Any]]:
        here = replace(which, project_id=_project(tx, which.world, project), horizon=horizon)
        return [
            {"provider": row.slug, **exposure.count(tx, replace(here, provider_id=row.id))}
            for row in tx.rows(t.provider.select().order_by(t.provider.c.id))
        ]

    items = database.read(look)
    if as_json:
        show({"as_of": format_time(horizon.at), "items": items}, as_json=True)
    else:
        _columns(items, ("provider", "tasks", "showings", "first", "last"))


# --- who has seen this ---------------------------------------------------------------------------------


def _search(
    database: Database,
    question: seen.Question,
    mode: Mode,
    provider: str | None,
    project: str | None,
    fmt: Format | None,
    out_file: Path | None,
    as_json: bool,
) -> None:
    def begin(tx: Transaction) -> int | None:
        if provider is not None:
            find_provider(tx, provider)
        return _project(tx, mode.value, project)

    project_id = database.read(begin)
    as_of = format_time(database.write(showings.horizon).at)
    found = _searched(database, question, mode, project_id)
    if provider is not None:  # what it was not shown itself is no answer to the question
        items = [{**i, "shown": [s for s in i["shown"] if s["provider"] == provider]} for i in found.items]
        found = replace(found, items=[item for item in items if item["shown"]])
    if fmt is not None:
        narrowed = {k: v for k, v in {"project": project, "provider": provider}.items() if v is not None}
        _write(seen_export.export(found, fmt, as_of, narrowed), out_file)
        _tell_written({"as_of": as_of, "matches": len(found.items)}, out_file, as_json)
    elif as_json:
        show({**found.to_json(), "as_of": as_of}, as_json=True)
    else:
        _tell_found(found, provider)


def _tell_found(found: seen.Found, provider: str | None) -> None:
    erased = f" ({found.erased:,} more were erased and cannot be searched)" if found.erased else ""
    to = f" and were shown to {provider}" if provider is not None else ""
    out.print(f"Of {found.searched:,} contents{erased} {len(found.items):,} match{to}.", highlight=False)
    for item in found.items:
        named = f" ({item['external_id']})" if item["external_id"] is not None else ""
        line = (
            f"task {item['task']}{named} in {item['project']}: {item['matched']}, given by {item['given_by']}"
        )
        out.print(f"\n{line}", markup=False, highlight=False, soft_wrap=True)
        if item["shown"]:
            _columns(item["shown"], ("provider", "name", "annotator", "first", "last", "times"))
        else:
            out.print("nobody was shown it")


def _searched(database: Database, question: seen.Question, mode: Mode, project_id: int | None) -> seen.Found:
    """Everything that is to be found, page after page."""
    progress = _progress()
    found = seen.Found(question.by, [], 0, 0, 0)
    while found.next is not None:
        page = seen.search(
            database,
            question,
            mode.value,
            project_id=project_id,
            after=found.next,
            limit=1000,
            progress=progress,
        )
        searched, erased = found.searched + page.searched, found.erased + page.erased
        found = replace(page, items=found.items + page.items, searched=searched, erased=erased)
    return found


def _progress() -> seen.Progress:
    """Tells on stderr how far a search is, once it takes longer than two seconds."""
    begun = told = time.monotonic()

    def tell(searched: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - begun > SILENT_FOR_S and now - told > EVERY_S:
            told = now
            err.print(f"searched {searched:,} of {total:,}", highlight=False)

    return tell


def _columns(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """A table of which nothing is cut off, so that ids can be copied; times to the second."""
    cells = [list(names)] + [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    for line in cells:
        told = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        out.print(told, markup=False, highlight=False, soft_wrap=True)


def _cell(value: Any) -> str:
    if isinstance(value, str) and len(value) == 24 and value.endswith("Z") and value[10] == "T":
        return f"{value[:10]} {value[11:19]}"
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


# --- files ---------------------------------------------------------------------------------------------


def _write(pieces: Iterable[str], out_file: Path | None) -> None:
    if out_file is not None:
        write_page(out_file, pieces)
        return
    for piece in pieces:
        sys.stdout.write(piece)
    sys.stdout.flush()


def _tell_written(told: dict[str, Any], out_file: Path | None, as_json: bool) -> None:
    if out_file is not None:
        show({"file": str(out_file), **told}, as_json)
