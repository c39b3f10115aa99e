"""How is a fit kept away from the server's own time?

`python -m steelyard.work.fit_child` reads where the database is from its standard input, fits, and prints
the result. It ends when its standard input ends, so it never outlives the one that started it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from steelyard.store.database import open_database
from steelyard.work.refit import QuestionFit, fit_project


class FitFailed(Exception):
    """The child process ended without a result; its last words are the message."""


def fit_in_child(folder: Path, url: str | None, project_id: int) -> list[QuestionFit]:
    """The fits of a project, made by a child process; raises `FitFailed`."""
    child = subprocess.Popen(
        [sys.executable, "-m", "steelyard.work.fit_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    said: list[str] = []
    errors = threading.Thread(target=lambda: said.append(child.stderr.read()), daemon=True)  # type: ignore[union-attr]
    errors.start()
    child.stdin.write(json.dumps({"folder": str(folder), "url": url, "project": project_id}) + "\n")
    child.stdin.flush()
    out = child.stdout.read()
    code = child.wait()
    child.stdin.close()
    errors.join(5)
    if code != 0:
        raise FitFailed("".join(said).strip()[-2000:] or f"ended with status {code}")
    return [
        QuestionFit(**{**raw, "annotators": [tuple(row) for row in raw["annotators"]]})
        for raw in json.loads(out)
    ]


def _end_with_parent() -> None:
    while sys.stdin.read(1):
        pass
    os._exit(3)


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with open_database(Path(spec["folder"]), spec["url"]) as database:
        fits = fit_project(database, spec["project"], Path(spec["folder"]))
    json.dump([asdict(fit) for fit in fits], sys.stdout)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
