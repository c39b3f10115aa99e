"""A fit in a process of its own: `python -m steelyard.work.fit_child`, told by `jobs.child`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from steelyard.jobs.child import ChildFailed, be_child, run_child
from steelyard.store.database import open_database
from steelyard.work.refit import QuestionFit, fit_project

FitFailed = ChildFailed
NICENESS = 5


def fit_in_child(folder: Path, url: str | None, project_id: int) -> list[QuestionFit]:
    """The fits of a project, made by a child process; raises `FitFailed`."""
    told = {"folder": str(folder), "url": url, "project": project_id}
    return [
        QuestionFit(**{**raw, "annotators": [tuple(row) for row in raw["annotators"]]})
        for raw in run_child("steelyard.work.fit_child", told)
    ]


def act(told: dict[str, Any]) -> list[dict[str, Any]]:
    folder = Path(told["folder"])
    with open_database(folder, told["url"]) as database:
        return [vars(fit) for fit in fit_project(database, told["project"], folder)]


if __name__ == "__main__":
    be_child(act, niceness=NICENESS)
