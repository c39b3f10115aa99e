"""exit PROVIDER: the plan of leaving, leaving, leaving by and by, and a rehearsal of it.

`--execute` ends with 0 when the certificate holds, with 1 when something is left that should not be.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from steelyard.cli.common import (
    NO,
    NOT_JUDGED,
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
    show_table,
    write_page,
)
from steelyard.cli.dependence import bring_figures_of
from steelyard.cli.drill import drill_command
from steelyard.cli.phase_out import end_phase_out_command, phase_out_command
from steelyard.domain.states import ExitState
from steelyard.exit import execute as execution
from steelyard.exit.document import certificate_document, plan_document
from steelyard.exit.plan import plan
from steelyard.http.render import currency_of
from steelyard.providers.registry import find_provider
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.wiring import Installation, do_due_if_free

PATIENCE_S = 3600.0
_SHORT = (
    "provider", "status", "in_flight", "queued", "stranded", "exposed", "judgments", "share",
    "replacement_cost", "keys",
)  # fmt: skip


def exit_command(
    provider: Annotated[str, typer.Argument(help="The provider's slug.")],
    execute: Annotated[
        bool, typer.Option("--execute", help="Carry the plan out; without it nothing changes.")
    ] = False,
    keep_answers: Annotated[
        bool, typer.Option("--keep-answers", help="Leave its answers in the data.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild/--no-rebuild", help="Build successors of the releases that hold it.")
    ] = True,
    to: Annotated[
        list[str] | None, typer.Option("--to", help="Who takes its place where it stood alone; repeatable.")
    ] = None,
    backup: Annotated[
        list[str] | None,
        typer.Option("--backup", help="A backup that may still hold what it gave; repeatable."),
    ] = None,
    certificate: Annotated[
        bool, typer.Option("--certificate", help="Look again at what is left after the latest exit.")
    ] = False,
    drill: Annotated[
        bool, typer.Option("--drill", help="Rehearse plan and execution on a copy of the data.")
    ] = False,
    every: Annotated[
        int | None, typer.Option("--every", help="With --drill: again every so many days; 0 ends that.")
    ] = None,
    phase_out: Annotated[
        bool, typer.Option("--phase-out", help="Leave by a share that declines until --ends.")
    ] = False,
    ends: Annotated[str | None, typer.Option("--ends", help="When a phase-out ends.")] = None,
    starts: Annotated[str | None, typer.Option("--starts", help="When it starts; else now.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="In how many steps.")] = None,
    end: Annotated[
        bool, typer.Option("--end", help="With --phase-out: end it; the provider goes on as before.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="With --phase-out: show the schedule, change nothing.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the plan or certificate as HTML to print and sign.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Show what hangs on a provider; with --execute stop it, take back what it holds, withdraw its answers,
    rebuild the releases and revoke its keys."""
    options = {
        "answers": "keep" if keep_answers else "withdraw",
        "rebuild": rebuild,
        "to": to or [],
        "backups": backup or [],
    }
    with opened(data, database_url, storage_url, as_json) as installation:
        if phase_out and end:
            end_phase_out_command(installation, provider, as_json)
        elif phase_out:
            phase_out_command(
                installation, provider, ends, starts, steps, as_json, options=options, preview=preview
            )
        elif drill:
            drill_command(installation, provider, options, every, out, as_json)
        elif certificate:
            _certificate(installation, provider, out, as_json)
        elif execute:
            _execute(installation, provider, options, out, as_json)
        else:
            _plan(installation, provider, mode, out, as_json)


def _plan(here: Installation, provider: str, mode: Mode, out: Path | None, as_json: bool) -> None:
    bring_figures_of(here, provider, mode.value)
    found = here.database.read(lambda tx: plan(tx, find_provider(tx, provider), mode.value))
    if out is not None:
        write_page(out, plan_document(found, here.database.read(currency_of)))
    if as_json:
        show(found, True)
        return
    show({name: found[name] for name in _SHORT}, False)
    show_table("Releases that hold something of it", found["releases"],
               {"project": "project", "version": "version", "judgments": "judgments", "contents": "contents",
                "rows": "rows", "rows_lost": "rows lost", "path": "where"})  # fmt: skip
    ways = [
        {
            "title": mix["title"],
            "who": ", ".join(f"{p['provider']} {p['share']:.0%}" for p in mix["providers"]),
            "cost": f"{mix['cost']['value']} ({mix['cost']['low']} to {mix['cost']['high']})",
            "date": mix["date"] or mix["because"],
        }
        for mix in found["replacement"]["mixes"]
    ]
    show_table(f"{found['replacement']['answers']:,} answers to be given anew", ways,
               {"title": "by", "who": "who", "cost": "cost", "date": "done on"})  # fmt: skip
    err.print("This is a plan; nothing has been changed. --execute carries it out.", style="dim")


def _execute(
    here: Installation, provider: str, options: dict[str, Any], out: Path | None, as_json: bool
) -> None:
    bring_figures_of(here, provider, Mode.live.value)
    foreseen = here.database.read(lambda tx: plan(tx, find_provider(tx, provider), Mode.live.value))

    def go(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return execution.begin(tx, owner(tx, Mode.live), provider, options, foreseen)

    begun: str = here.database.write(go)["id"]
    do_due_if_free(here)
    found = _followed(here, begun)
    if out is not None:
        from steelyard.exit import certificate as certificates

        row = here.database.read(lambda tx: execution.find_exit(tx, begun))
        write_page(out, certificate_document(certificates.kept(row)))
    if as_json:
        show(found, True)
    else:
        show({k: found[k] for k in ("id", "provider", "state", "holds")}, False)
        show_table("", found["steps"], {"name": "step", "state": "state", "at": "at", "detail": "what"})
    if not found["holds"]:
        raise typer.Exit(NO)


def _followed(here: Installation, exit_id: str) -> dict[str, Any]:
    """The exit when it is done; meanwhile whoever holds the folder carries it out, and the step is told."""
    begun, told = time.monotonic(), ""
    while True:
        found = here.database.read(lambda tx: execution.describe(tx, exit_id))
        if found["state"] != ExitState.RUNNING:
            return found
        step = next((s for s in found["steps"] if s["state"] != "done"), None)
        said = "" if step is None else f"{step['name']}: {step['error'] or step['state']}"
        if said != told and time.monotonic() - begun > 2:
            err.print(said, highlight=False)
            told = said
        if time.monotonic() - begun > PATIENCE_S or (step is not None and step["state"] == "failed"):
            why = f"the exit {exit_id} goes on by itself; it is at {said}"
            raise Ended(why, NOT_JUDGED)
        time.sleep(0.2)
        do_due_if_free(here)


def _certificate(here: Installation, provider: str, out: Path | None, as_json: bool) -> None:
    def latest(tx: Transaction) -> sa.Row | None:
        mine = t.exit.c.provider_id == find_provider(tx, provider).id
        return tx.row(sa.select(t.exit).where(mine).order_by(t.exit.c.id.desc()).limit(1))

    from steelyard.exit import certificate as certificates

    row = here.database.read(latest)
    if row is None:
        raise Ended(f"{provider} was never left", NOT_JUDGED)
    found = certificates.certify(here.place(), row)
    if out is not None:
        write_page(out, certificate_document(found))
    if as_json:
        show(found, True)
    else:
        show({k: found[k] for k in ("provider", "exit", "at", "holds", "digest")}, False)
        show_table(
            "", found["checks"], {"title": "check", "holds": "holds", "found": "against", "detail": "what"}
        )
        show_table("What remains", found["remains"],
                   {"what": "what", "where": "where", "count": "how many", "why": "why"})  # fmt: skip
    if not found["holds"]:
        raise typer.Exit(NO)
