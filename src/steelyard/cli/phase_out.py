"""exit PROVIDER --phase-out and provider reinstate: leaving by and by, and coming back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from steelyard.cli.common import (
    NO,
    AsJson,
    Data,
    DatabaseUrl,
    Mode,
    StorageUrl,
    opened,
    owner,
    show,
)
from steelyard.exit import phase_out
from steelyard.exit.reinstate import reinstate
from steelyard.http.render import provider_json
from steelyard.providers.registry import find_provider
from steelyard.providers.reinstatement import reinstatement
from steelyard.store.database import Transaction
from steelyard.wiring import Installation

STEPS = {"at": "from", "part": "part of its share"}
LIMITS = {
    "project": "project",
    "first_share": "share at first",
    "share": "share now",
    "mine": "its answers",
    "of": "of",
    "allowed": "at most",
    "stranded": "stranded",
}


def phase_out_command(
    installation: Installation,
    provider: str,
    ends: str | None,
    starts: str | None,
    steps: int | None,
    as_json: bool,
    *,
    options: Mapping[str, Any] | None = None,
    preview: bool = False,
) -> None:
    """Orders a phase-out and shows it; with `preview` nothing changes, and without `ends` the one that runs
    or ran last is shown."""
    database = installation.database
    if ends is None and starts is None and steps is None:
        world = Mode.live.value
        found = database.read(lambda tx: phase_out.latest(tx, find_provider(tx, provider).id, world))
        _show(found or {"provider": provider, "state": None, "steps": [], "limits": []}, as_json)
        return
    given = {"ends": ends, "starts": starts, "steps": steps, "options": options}
    raw = {name: value for name, value in given.items() if value is not None}

    def go(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return phase_out.order(tx, owner(tx, Mode.live), provider, raw)

    _show({**database.rehearse(go), "preview": True} if preview else database.write(go), as_json)


def end_phase_out_command(installation: Installation, provider: str, as_json: bool) -> None:
    """Ends the phase-out that runs; the provider goes on as before."""

    def go(tx: Transaction) -> dict[str, Any] | None:
        tx.hold_showing()
        phase_out.end(tx, owner(tx, Mode.live), provider)
        return phase_out.latest(tx, find_provider(tx, provider).id, Mode.live.value)

    _show(installation.database.write(go) or {}, as_json)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show(found, True)
        return
    show({name: value for name, value in found.items() if name not in ("steps", "limits")}, False)
    for rows, columns in (("steps", STEPS), ("limits", LIMITS)):
        if found.get(rows):
            show(found, False, rows=rows, columns=columns)


def reinstate_command(
    provider: Annotated[str, typer.Argument(help="The provider's slug.")],
    because: Annotated[str | None, typer.Option(help="Why; kept on the provider's record.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Although conditions are not met; --because says why.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only show what must hold and what does.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    as_json: AsJson = False,
) -> None:
    """Put a provider that was left on trial, where what must then hold does. Its answers stay withdrawn."""
    with opened(data, database_url, storage_url, as_json) as installation:
        if check:
            found = installation.database.read(lambda tx: reinstatement(tx, find_provider(tx, provider)))
            columns = {"step": "before", "title": "must hold", "holds": "does", "detail": "because"}
            show(found, as_json, rows="conditions", columns=columns)
            if not found["may"]:
                raise typer.Exit(NO)
            return
        raw = {"because": because, "force": True if force else None}

        def go(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            return provider_json(tx, reinstate(tx, owner(tx, Mode.live), provider, raw), Mode.live.value)

        show(installation.database.write(go), as_json)
