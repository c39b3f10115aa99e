"""What if this provider were left for good? Rehearsed on a copy of the demo's own data.

The rehearsal changes nothing; where a step of it failed, or something would be left over, the demo fails.
"""

from __future__ import annotations

from typing import Any

from demo.place import Place
from demo.processes import command
from demo.progress import Teller, plain_table
from demo.providers import BOUGHT_INTO
from demo.stake import PromiseBroken


def rehearse(here: Place, project: str, teller: Teller) -> dict[str, Any]:
    """Runs the drill and tells its steps; returns what the report says of it. Raises `PromiseBroken`."""
    teller.part(f"A drill: leaving {BOUGHT_INTO.name} for good, on a copy of the data")
    found = command(here, "exit", BOUGHT_INTO.slug, "--drill", "--out", str(here.folder / "drill.html"))
    report = found.get("report")
    if found.get("state") != "done" or report is None or not report["certificate"]["holds"]:
        raise PromiseBroken(f"the drill of leaving {BOUGHT_INTO.name} failed: {found.get('error') or found}")
    table = plain_table("step", "ms", "what was done")
    for step in report["steps"]:
        done = ", ".join(f"{k} {v:,}" for k, v in (step["detail"] or {}).items() if isinstance(v, int))
        table.add_row("  " + step["name"], f"{step['ms']:,}", done)
    teller.table(table)
    worth = next(p for p in report["projects"] if p["project"] == project)
    teller.say(
        f"{worth['name']} would keep an answer for {worth['after']['answered']:,} of "
        f"{worth['before']['answered']:,} tasks, at a mean confidence of {worth['after']['confidence']:.3f} "
        f"({worth['before']['confidence']:.3f} now); all {len(report['certificate']['checks'])} checks would hold"
    )
    return {
        "ms": sum(step["ms"] for step in report["steps"]),
        "steps": {step["name"]: step["ms"] for step in report["steps"]},
        "holds": report["certificate"]["holds"],
        "before": worth["before"],
        "after": worth["after"],
    }
