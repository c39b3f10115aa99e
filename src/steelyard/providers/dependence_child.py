"""A project's dependence, worked out in a process of its own: `python -m steelyard.providers.dependence_child`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from steelyard.jobs.child import Say, be_child, run_child, tell
from steelyard.providers.figures import Figures, figures_of
from steelyard.store.database import open_database

NICENESS = 10  # nobody waits for it: claims, submits and fits go first


def figures_in_child(folder: Path, url: str | None, project_id: int, say: Say | None = None) -> Figures:
    """A project's figures, worked out by a child process; raises `ChildFailed`."""
    told = {"folder": str(folder), "url": url, "project": project_id}
    return Figures(**run_child("steelyard.providers.dependence_child", told, say))


def act(told: dict[str, Any]) -> dict[str, Any]:
    folder = Path(told["folder"])
    with open_database(folder, told["url"]) as database:
        return figures_of(database, folder, told["project"], tell).to_json()


if __name__ == "__main__":
    be_child(act, niceness=NICENESS)
