"""team list, create, update, delete."""

from __future__ import annotations

from typing import Annotated, Any

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
)
from steelyard.identity.teams import create_team, describe_teams, list_teams, update_team
from steelyard.store.database import Transaction
from steelyard.work.team_end import end_team

app = typer.Typer(no_args_is_help=True)
Named = Annotated[str, typer.Argument(help="The team's name or id.")]
Person = Annotated[
    list[str] | None, typer.Option("--person", help="Name or id of one in it; several times for several.")
]


@app.command("list")
def listing(
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """List teams with the people in them."""

    def look(tx: Transaction) -> list[dict[str, Any]]:
        return describe_teams(tx, every(lambda at: list_teams(tx, after=at, limit=1000)))

    with opened(data, database_url, storage_url, as_json) as installation:
        items = installation.database.read(look)
        if not as_json:
            items = [{**item, **_words(item)} for item in items]
        show(
            {"items": items}, as_json, rows="items", columns={"id": "id", "name": "name", "people": "people"}
        )


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Unique in the installation.")],
    person: Person = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Make a team of people."""

    def make(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return describe_teams(tx, [create_team(tx, owner(tx, mode), name, person or [])])[0]

    with opened(data, database_url, storage_url, as_json) as installation:
        _show(installation.database.write(make), as_json)


@app.command()
def update(
    team: Named,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    person: Person = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Leave nobody in it.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Change a team's name, or who is in it: those named with --person, and nobody else."""
    patch: dict[str, Any] = {} if name is None else {"name": name}
    if person or nobody:
        patch["people"] = person or []

    def change(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return describe_teams(tx, [update_team(tx, owner(tx, mode), team, patch, by_name=True)])[0]

    with opened(data, database_url, storage_url, as_json) as installation:
        _show(installation.database.write(change), as_json)


@app.command()
def delete(
    team: Named,
    force: Annotated[bool, typer.Option("--force", help="Let everybody take what waits for it.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Give a team up; refused while work waits for it, unless --force."""

    def end(tx: Transaction) -> int:
        tx.hold_showing()
        return end_team(tx, owner(tx, mode), team, force=force, by_name=True)

    with opened(data, database_url, storage_url, as_json) as installation:
        show({"deleted": team, "lanes_opened": installation.database.write(end)}, as_json)


def _show(found: dict[str, Any], as_json: bool) -> None:
    show(found if as_json else {**found, **_words(found)}, as_json)


def _words(item: dict[str, Any]) -> dict[str, str]:
    return {"people": ", ".join(person["name"] for person in item["people"]) or "-"}
