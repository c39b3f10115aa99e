"""A drill in a process of its own: `python -m steelyard.exit.drill_child`, told by `jobs.child`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from steelyard.exit import drill
from steelyard.exit.place import Place
from steelyard.jobs.child import be_child
from steelyard.store.blobs import open_blobs
from steelyard.store.database import open_database


def act(spec: dict[str, Any]) -> bool:
    folder = Path(spec["folder"])
    with open_database(folder, spec["database_url"]) as database:
        drill.run(Place(database, open_blobs(folder, spec["storage_url"]), folder), spec["drill"])
    return True


if __name__ == "__main__":
    be_child(act)
