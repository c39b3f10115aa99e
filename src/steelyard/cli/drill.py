"""exit PROVIDER --drill: leaving rehearsed on a copy.

Ends with 0 when every step was done and the certificate would hold, with 1 otherwise.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import typer

from steelyard.cli.common import NO, Mode, err, owner, show, show_table, write_page
from steelyard.exit import drill
from steelyard.exit.document import drill_document
from steelyard.exit.drill_schedule import set_schedule
from steelyard.store.database import Transaction
from steelyard.wiring import Installation


def drill_command(
    here: Installation,
    provider: str,
    options: dict[str, Any],
    every: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    begun = time.monotonic()

    def order(tx: Transaction) -> tuple[int, str]:
        who = owner(tx, Mode.live)
        public = drill.order(tx, who, provider, options, later=False)
        row = drill.find_drill(tx, public)
        if every is not None:
            set_schedule(tx, row.provider_id, every, row.options, who.person_id)
        return row.id, public

    def say(step: str) -> None:
        if time.monotonic() - begun > 2:
            err.print(step, highlight=False)

    key, public = here.database.write(order)
    drill.run(here.place(), key, say)
    found = here.database.read(lambda tx: drill.describe(tx, drill.find_drill(tx, public)))
    if out is not None:
        write_page(out, drill_document(found))
    if as_json:
        show(found, True)
    else:
        _tell(found)
    if found["state"] != drill.DONE or not found["holds"]:
        raise typer.Exit(NO)


def _tell(found: dict[str, Any]) -> None:
    report = found["report"]
    show({k: found[k] for k in ("id", "provider", "state", "holds", "error", "schedule")}, False)
    show_table("Steps", report["steps"], {"name": "step", "ms": "ms", "detail": "what", "error": "error"})
    failing = [c for c in (report["certificate"] or {"checks": []})["checks"] if not c["holds"]]
    show_table("Checks that would fail", failing, {"title": "check", "found": "against", "detail": "what"})
    rows = [
        {"project": p["name"] if when == "before" else "", "when": when, **p[when]}
        for p in report["projects"]
        for when in ("before", "after")
    ]
    show_table("What the projects would be worth", rows,
               {"project": "project", "when": "", "tasks": "tasks", "settled": "settled",
                "answered": "answered", "confidence": "confidence", "below_target": "below target"})  # fmt: skip
