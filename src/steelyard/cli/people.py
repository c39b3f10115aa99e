"""person list, show, update, export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from steelyard.cli.common import (
    AsJson,
    Data,
    DatabaseUrl,
    Mode,
    StorageUrl,
    World,
    every,
    opened,
    owner,
    show,
    write_page,
)
from steelyard.identity.people import (
    describe_people,
    find_person,
    list_people,
    provider_named,
    update_person,
)
from steelyard.store.database import Transaction

app = typer.Typer(no_args_is_help=True)
Named = Annotated[str, typer.Argument(help="The person's name or id.")]
Several = "; several times for several, once with an empty value for none."


@app.command("list")
def listing(
    provider: Annotated[str | None, typer.Option(help="Of this provider alone.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """List people: what they know, their teams, and when they were last seen."""

    def look(tx: Transaction) -> list[dict[str, Any]]:
        only = None if provider is None else provider_named(tx, provider).id
        return _described(tx, every(lambda at: list_people(tx, provider_id=only, after=at, limit=1000)))

    with opened(data, database_url, storage_url, as_json) as installation:
        items = installation.database.read(look)
        if not as_json:
            items = [{**item, **_words(item)} for item in items]
        columns = {"id": "id", "name": "name", "provider": "provider", "languages": "languages"}
        columns |= {"skills": "skills", "teams": "teams", "keys": "keys", "last_active_at": "last seen"}
        show({"items": items}, as_json, rows="items", columns=columns)


@app.command("show")
def show_one(
    person: Named,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Show one person."""
    with opened(data, database_url, storage_url, as_json) as installation:
        found = installation.database.read(
            lambda tx: _described(tx, [find_person(tx, person, by_name=True)])[0]
        )
        show(found if as_json else {**found, **_words(found)}, as_json)


@app.command()
def update(
    person: Named,
    skill: Annotated[list[str] | None, typer.Option(help="What the person knows" + Several)] = None,
    language: Annotated[list[str] | None, typer.Option(help="What the person speaks" + Several)] = None,
    email: Annotated[str | None, typer.Option(help="An address; empty for none.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Change what a person knows; it counts from the next claim on."""
    patch: dict[str, Any] = {}
    for name, given in (("skills", skill), ("languages", language)):
        if given is not None:
            patch[name] = [one for one in given if one.strip()]
    if email is not None:
        patch["email"] = email or None

    def change(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return _described(tx, [update_person(tx, owner(tx, mode), person, patch, by_name=True)])[0]

    with opened(data, database_url, storage_url, as_json) as installation:
        found = installation.database.write(change)
        show(found if as_json else {**found, **_words(found)}, as_json)


@app.command()
def export(
    person: Named,
    out: Annotated[Path, typer.Option(help="The file, JSON Lines; replaced when all of it is there.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Write down all that is kept of one person, in both worlds, a line each; nothing that opens a door."""
    # It makes many statements, which no other command needs.
    from steelyard.work.person_export import export_person

    with opened(data, database_url, storage_url, as_json) as installation:
        row = installation.database.read(lambda tx: find_person(tx, person, by_name=True))
        counted = 0

        def pieces() -> Iterator[str]:
            nonlocal counted
            for piece in export_person(installation.database, row.id):
                counted += piece.count(b"\n")
                yield piece.decode()

        write_page(out, pieces())
        show({"person": row.public_id, "name": row.name, "out": str(out), "lines": counted - 1}, as_json)


def _described(tx: Transaction, rows: list[sa.Row]) -> list[dict[str, Any]]:
    return describe_people(tx, rows, teams=True)


def _words(item: dict[str, Any]) -> dict[str, str]:
    """Lists as a person reads them."""
    words = {name: ", ".join(item[name]) or "-" for name in ("languages", "skills")}
    return {**words, "teams": ", ".join(team["name"] for team in item["teams"]) or "-"}
