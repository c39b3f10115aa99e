"""exit PROVIDER: the plan of leaving, and leaving."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from steelyard.cli.common import AsJson, Data, DatabaseUrl, Mode, StorageUrl, World, opened, owner, show
from steelyard.exit import execute as execution
from steelyard.exit.plan import plan
from steelyard.providers.registry import find_provider
from steelyard.store.database import Transaction
from steelyard.wiring import do_due_if_free


def exit_command(
    provider: Annotated[str, typer.Argument(help="The provider's slug.")],
    execute: Annotated[
        bool, typer.Option("--execute", help="Carry the plan out; without it nothing changes.")
    ] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Show what hangs on a provider; with --execute stop it, take back what it holds, withdraw its answers
    and revoke its keys."""
    with opened(data, database_url, storage_url, as_json) as installation:
        if not execute:
            show(
                installation.database.read(lambda tx: plan(tx, find_provider(tx, provider), mode.value)),
                as_json,
            )
            return

        def go(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            return execution.begin(tx, owner(tx, Mode.live), provider)

        begun: str = installation.database.write(go)["id"]
        do_due_if_free(installation)
        show(installation.database.read(lambda tx: execution.describe(tx, begun)), as_json)
