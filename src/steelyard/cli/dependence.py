"""dependence: what hangs on whom?"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from steelyard.cli.common import (
    AsJson,
    Data,
    DatabaseUrl,
    Mode,
    StorageUrl,
    World,
    err,
    opened,
    out,
    owner,
    show,
)
from steelyard.providers import figures
from steelyard.providers.dependence import overview
from steelyard.providers.registry import find_provider
from steelyard.providers.sight import see
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.projects import find_project
from steelyard.work.tally import by_provider


def dependence_command(
    project: Annotated[
        str | None, typer.Option("--project", help="Of this project alone, by its slug.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Show what hangs on whom: shares and concentration, what would be true without each provider and each
    organisation behind it, and what replacing each would take in money and days."""
    with opened(data, database_url, storage_url, as_json) as installation:
        who = installation.database.write(lambda tx: owner(tx, mode))

        def find(tx: Transaction) -> int | None:
            return None if project is None else find_project(tx, who, project).id

        one = installation.database.read(find)
        bring_figures_up_to_date(installation, mode.value, None if one is None else {one})

        def look(tx: Transaction) -> dict[str, Any]:
            return overview(tx, see(tx, mode.value, one), installation.thresholds)

        found = installation.database.read(look)
        if as_json:
            show(found, as_json)
        else:
            _print(found)


def bring_figures_of(installation: Installation, provider: str, world: str) -> None:
    """Works out what is stale in the projects that a provider has answered, with progress on stderr."""

    def look(tx: Transaction) -> set[int]:
        key = find_provider(tx, provider).id
        return {sums.project_id for sums in by_provider(tx, provider_id=key, world=world)}

    bring_figures_up_to_date(installation, world, installation.database.read(look))


def bring_figures_up_to_date(
    installation: Installation, world: str, projects: Collection[int] | None = None
) -> None:
    """Works out what is stale of a world's figures, or of some projects', with progress on stderr."""
    with err.status("") as status:

        def say(text: str) -> None:
            if sys.stderr.isatty():
                status.update(escape(text))
            else:
                err.print(escape(text), highlight=False, soft_wrap=True)

        figures.bring_up_to_date(
            installation.database,
            world,
            lambda key: installation.figures_in_child(key, say if sys.stderr.isatty() else None),
            projects=projects,
            say=say,
        )


def _print(found: Mapping[str, Any]) -> None:
    answered = [project for project in found["projects"] if project["judgments"]]
    whole = [("All projects", found["overall"])] if len(answered) > 1 else []
    for title, group in [*whole, *((project["name"], project) for project in answered)]:
        sources = group["hhi"]["sources"]
        concentration = f", concentration over sources {sources:,} of 10,000"
        out.print(
            f"[bold]{escape(title)}[/bold]  {group['judgments']:,} judgments{concentration}",
            highlight=False,
            soft_wrap=True,
        )
        out.print(_hangs(group["providers"], group["organisations"]))
        out.print(_replaced(group["providers"]))
        for alert in group["alerts"]:
            out.print(f"[yellow]![/yellow] {escape(alert['message'])}", highlight=False, soft_wrap=True)
        out.print()
    if not answered:
        out.print("nothing has been answered yet")


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    return table


def _hangs(providers: Sequence[Mapping[str, Any]], organisations: Sequence[Mapping[str, Any]]) -> Table:
    """What each gives, and what would be without it; an organisation stands for all it has an interest in."""
    table = _table("without", "share", "weight", "changed", "lost", "below target")
    for row in providers:
        state = "" if row["status"] == "active" else f" ({row['status']})"
        table.add_row(
            escape(row["name"]) + state, _percent(row["share"]), _percent(row["weight_share"]), *_without(row)
        )
    for row in organisations:
        name = f"[dim]all of[/dim] {escape(row['organisation'])}"
        table.add_row(name, _percent(row["share"]), _percent(row["weight_share"]), *_without(row))
    return table


def _replaced(providers: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("to replace", "answers", "cost", "from", "to", "time", "from", "to")
    for row in providers:
        replace = row["replace"]
        if replace is None:
            table.add_row(escape(row["name"]), *["-"] * 7)
        elif replace["stranded"]:
            table.add_row(escape(row["name"]), _number(replace["answers"]), *["nobody", "-", "-"] * 2)
        else:
            cost = [f"{Decimal(replace['cost'][name]):,.2f}" for name in ("value", "low", "high")]
            days = replace["days"]
            time = [_time(days[name]) for name in ("value", "low", "high")] if days else ["-"] * 3
            table.add_row(escape(row["name"]), _number(replace["answers"]), *cost, *time)
    return table


def _without(row: Mapping[str, Any]) -> list[str]:
    found = row["without"]
    if found is None:
        return ["-"] * 3
    return [_number(found[name]) for name in ("values_changed", "tasks_lost", "below_target")]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _time(days: float) -> str:
    for unit, length in (("d", 1.0), ("h", 1 / 24), ("min", 1 / 1440)):
        if days >= length:
            return f"{days / length:.3g} {unit}"
    return f"{days * 86400:.0f} s"
