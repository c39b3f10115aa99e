"""organisation list, show, add, update, import: legal entities, who holds whom, and which of them are one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from steelyard.cli.common import (
    NO,
    WRONG_USE,
    AsJson,
    Data,
    DatabaseUrl,
    Ended,
    Mode,
    StorageUrl,
    err,
    opened,
    owner,
    show,
)
from steelyard.cli.effect import (
    EndInterest,
    Interest,
    NoInterests,
    Preview,
    carried,
    merged_stakes,
    show_change,
    stakes_given,
)
from steelyard.domain.errors import Invalid, NotFound
from steelyard.domain.ids import is_id
from steelyard.domain.names import name_key
from steelyard.formats.storable import parse_json, storable
from steelyard.providers.organisations import create_organisation, describe, update_organisation
from steelyard.providers.stake_list import import_stakes
from steelyard.providers.stake_rows import check_rows, read_csv
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.organisations import find_organisation, named

app = typer.Typer(no_args_is_help=True)
Which = Annotated[str, typer.Argument(help="The organisation's name, one of its aliases, or its id.")]
Alias = Annotated[list[str] | None, typer.Option("--alias", help="Another name it goes by; repeatable.")]
Lei = Annotated[
    str | None, typer.Option(help="Legal Entity Identifier (ISO 17442); an empty text takes it away.")
]
Country = Annotated[str | None, typer.Option(help="Two letters, such as DE; an empty text takes it away.")]
COLUMNS = {
    "name": "organisation",
    "aliases": "aliases",
    "lei": "LEI",
    "country": "country",
    "interests": "held by",
    "reaches": "reaches",
    "conflict": "in conflict",
}


def _found(tx: Transaction, which: str) -> sa.Row:
    found = find_organisation(tx, which) if is_id(which) else named(tx, which)
    if found is None:
        raise NotFound(f"there is no organisation {which!r}")
    return found


@app.command("list")
def listing(
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    as_json: AsJson = False,
) -> None:
    """List organisations with who holds them and which providers they reach, through all chains."""
    with opened(data, database_url, storage_url, as_json) as installation:

        def look(tx: Transaction) -> list[dict[str, Any]]:
            return describe(tx, tx.rows(sa.select(t.organisation).order_by(t.organisation.c.id)))

        items = installation.database.read(look)
        if as_json:
            show({"items": items}, True)
            return
        show({"items": [_in_words(item) for item in items]}, False, rows="items", columns=COLUMNS)


def _in_words(item: dict[str, Any]) -> dict[str, Any]:
    held = [f"{stake['organisation']} {stake['share'] * 100:.4g} %" for stake in item["interests"]]
    reaches = [f"{reach['provider']} {reach['share'] * 100:.4g} %" for reach in item["reaches"]]
    return {
        **item,
        "aliases": ", ".join(item["aliases"]) or None,
        "interests": ", ".join(held) or None,
        "reaches": ", ".join(reaches) or None,
        "conflict": "yes" if item["conflict"] else "no",
    }


@app.command("show")
def show_one(
    organisation: Which,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show one organisation: who holds it, what it holds, and the providers that it reaches."""
    with opened(data, database_url, storage_url, as_json) as installation:
        show(installation.database.read(lambda tx: describe(tx, [_found(tx, organisation)])[0]), as_json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    alias: Alias = None,
    lei: Lei = None,
    country: Country = None,
    interest: Interest = None,
    preview: Preview = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add an organisation, with who holds it."""
    given = {"name": name, "aliases": alias, "lei": lei or None, "country": country or None}
    raw: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    raw["interests"] = stakes_given(interest)
    with opened(data, database_url, storage_url, as_json) as installation:

        def do(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            row, effect = create_organisation(tx, owner(tx, Mode.live), raw)
            return {**describe(tx, [row])[0], **effect.to_json()}

        show_change(carried(installation, preview, do), as_json)


@app.command()
def update(
    organisation: Which,
    name: Annotated[str | None, typer.Option(help="A new name; the old one stays as an alias.")] = None,
    alias: Alias = None,
    drop_alias: Annotated[
        list[str] | None, typer.Option("--drop-alias", help="A name it no longer goes by; repeatable.")
    ] = None,
    lei: Lei = None,
    country: Country = None,
    interest: Interest = None,
    end_interest: EndInterest = None,
    no_interests: NoInterests = False,
    same_as: Annotated[
        str | None, typer.Option("--same-as", help="Another (name or id) that is the same legal entity.")
    ] = None,
    not_same: Annotated[
        bool, typer.Option("--not-same", help="Take back that it is the same as another.")
    ] = False,
    preview: Preview = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    as_json: AsJson = False,
) -> None:
    """Change an organisation. What stops because of it is stopped and recalled at once. Aliases and stakes that
    are given come beside the others; a stake of the same organisation is replaced."""
    stakes = stakes_given(interest)
    if no_interests and (stakes or end_interest):
        raise typer.BadParameter("give --no-interests or single interests, not both")
    if same_as is not None and not_same:
        raise typer.BadParameter("give --same-as or --not-same, not both")
    given = {"name": name, "lei": lei, "country": country}
    plain: dict[str, Any] = {k: v or None for k, v in given.items() if v is not None}
    with opened(data, database_url, storage_url, as_json) as installation:

        def do(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            row = _found(tx, organisation)
            patch = dict(plain)
            recorded = describe(tx, [row])[0]
            if alias or drop_alias:
                patch["aliases"] = _aliases([*recorded["aliases"], row.name], alias, drop_alias)
            if no_interests or stakes or end_interest:
                before = [] if no_interests else recorded["interests"]
                patch["interests"] = merged_stakes(tx, before, stakes, end_interest)
            if same_as is not None or not_same:
                patch["same_as"] = None if same_as is None else _found(tx, same_as).public_id
            changed, effect = update_organisation(tx, owner(tx, Mode.live), row.public_id, patch)
            return {**describe(tx, [changed])[0], **effect.to_json()}

        show_change(carried(installation, preview, do), as_json)


def _aliases(names: list[str], more: list[str] | None, dropped: list[str] | None) -> list[str]:
    over = {name_key(name) for name in dropped or []}
    known = {name_key(name) for name in names}
    if strange := [name for name in dropped or [] if name_key(name) not in known]:
        raise typer.BadParameter(f"{strange[0]!r} is none of its names")
    return [name for name in names if name_key(name) not in over] + (more or [])


@app.command("import")
def import_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with a header (holder,held,share and optionally since,alias,lei,country), or a JSON list.",
            exists=True,
            dir_okay=False,
        ),
    ],
    preview: Preview = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    as_json: AsJson = False,
) -> None:
    """Record a list of stakes: all of it or, as long as one row is wrong, nothing; the exit status is then 1."""
    with opened(data, database_url, storage_url, as_json) as installation:
        try:
            right, wrong = check_rows(_rows(file))
        except Invalid as refused:
            raise Ended(f"{file}: {refused.message}", WRONG_USE) from None

        def do(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            imported, effect = import_stakes(tx, owner(tx, Mode.live), right, wrong)
            written = not preview and not imported.problems
            return {**imported.to_json(), "written": written, **effect.to_json()}

        answer = carried(installation, preview, do)
        if as_json:
            show(answer, True)
        else:
            for problem in answer["problems"][:20]:
                line = f"row {problem['row'] + 1}{problem['pointer']}: {problem['message']}"
                err.print(line, highlight=False, markup=False, soft_wrap=True)
            show_change({k: v for k, v in answer.items() if k != "problems"}, False)
        if answer["wrong"]:
            raise typer.Exit(NO)


def _rows(file: Path) -> Any:
    content = file.read_bytes()
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
        return parse_json(content)
    return storable(read_csv(content))
