"""project list, show, archive, restore, delete."""

from __future__ import annotations

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
    err,
    every,
    opened,
    owner,
    show,
    show_table,
)
from steelyard.domain.states import ProjectStatus
from steelyard.domain.times import format_time
from steelyard.identity.policy import Principal
from steelyard.store.database import Transaction
from steelyard.work.effect import Effect
from steelyard.work.project_end import delete_project, describe_deleted, releases_left, what_goes
from steelyard.work.projects import change_project, find_project, list_projects
from steelyard.work.tally import progress

app = typer.Typer(no_args_is_help=True)
Slug = Annotated[str, typer.Argument(help="The project's slug.")]


@app.command("list")
def listing(
    status: Annotated[
        ProjectStatus | None, typer.Option(help="Only these; all that were not deleted unless given.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """List projects, newest first, with how far they are."""

    def look(tx: Transaction, who: Principal) -> list[dict[str, Any]]:
        rows = every(lambda after: list_projects(tx, who, status=status, after=after, limit=1000))
        describe = describe_deleted if status is ProjectStatus.DELETED else _described
        return [describe(tx, row) for row in rows]

    with opened(data, database_url, storage_url, as_json) as installation:
        columns = {"slug": "project", "name": "name", "status": "status"}
        if status is ProjectStatus.DELETED:
            columns |= {"deleted_at": "deleted", "erasure": "erasure"}
        else:
            columns |= {"tasks": "tasks", "settled": "settled", "judgments": "judgments"}
        who = installation.database.write(lambda tx: owner(tx, mode))
        items = installation.database.read(lambda tx: look(tx, who))
        show({"items": items}, as_json, rows="items", columns=columns)


@app.command("show")
def show_one(
    project: Slug,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Show one project: its policy, how far it is, and its releases."""

    def look(tx: Transaction, who: Principal) -> dict[str, Any]:
        row = find_project(tx, who, project)
        more = {"instruction": row.instruction, "policy": row.policy, "releases": releases_left(tx, row.id)}
        return {**_described(tx, row), **more}

    with opened(data, database_url, storage_url, as_json) as installation:
        who = installation.database.write(lambda tx: owner(tx, mode))
        show(installation.database.read(lambda tx: look(tx, who)), as_json)


@app.command()
def archive(
    project: Slug,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Let a project rest: it takes no work and hands none out; what is held goes back. It can be read."""
    with opened(data, database_url, storage_url, as_json) as installation:
        row, effect = installation.database.write(lambda tx: _to(tx, mode, project, ProjectStatus.ARCHIVED))
        gone_back = effect.recalled.count + effect.waiting
        show({"project": row.slug, "status": row.status, "recalled": gone_back}, as_json)


@app.command()
def restore(
    project: Slug,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Let an archived project go on where it was."""
    with opened(data, database_url, storage_url, as_json) as installation:
        row, _ = installation.database.write(lambda tx: _to(tx, mode, project, ProjectStatus.ACTIVE))
        show({"project": row.slug, "status": row.status}, as_json)


@app.command()
def delete(
    project: Slug,
    yes: Annotated[bool, typer.Option("--yes", help="Delete it; without this only say what goes.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Delete an archived project: what it asked, showed and was answered is erased, what was done stays."""

    def look(tx: Transaction) -> dict[str, Any]:
        return {**what_goes(tx, owner(tx, mode), project), "deleted": False}

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        row = delete_project(tx, owner(tx, mode), project, project)
        return {**describe_deleted(tx, row), "deleted": True}

    with opened(data, database_url, storage_url, as_json) as installation:
        found = installation.database.write(do if yes else look)
        if as_json:
            show(found, True)
            return
        releases = found["releases"] if yes else found["kept"]["releases"]
        pairs = {k: v for k, v in found.items() if k not in ("releases", "kept", "erased", "deleted")}
        show({**pairs, **({} if yes else found["erased"])}, False)
        show_table(
            "Releases that stay where they are",
            releases,
            {"version": "version", "path": "path", "rows": "rows"},
        )
        if not yes:
            err.print("Nothing was deleted. With --yes all of this goes and does not come back.")


def _to(tx: Transaction, mode: Mode, slug: str, status: ProjectStatus) -> tuple[sa.Row, Effect]:
    tx.hold_showing()
    who = owner(tx, mode)
    return change_project(tx, who, slug, {"status": status})


def _described(tx: Transaction, row: sa.Row) -> dict[str, Any]:
    sums = progress(tx, row.id)
    return {
        "id": row.public_id,
        "name": row.name,
        "slug": row.slug,
        "status": row.status,
        "created_at": format_time(row.created_at),
        "tasks": sums.tasks - sums.gold,
        "settled": sums.settled,
        "gold": sums.gold,
        "judgments": sums.judgments,
    }
