"""What leaves in a release of a task that waits for a reviewer?"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from unit.releases.release_state import State, pets

from steelyard.releases.build import Built
from steelyard.releases.verify import verify
from steelyard.store import tables as t
from steelyard.store.database import Database


def rows(built: Built, kind: str) -> list[dict]:
    manifest = json.loads((built.path / "manifest.json").read_bytes())
    paths = [file["path"] for file in manifest["files"] if file["kind"] == kind]
    return [row for path in paths for row in pq.read_table(built.path / path).to_pylist()]


def in_review(state: State, *names: str) -> list[str]:
    """Puts tasks in review; their public ids."""
    where = t.task.c.external_id.in_(names)
    state.database.write(lambda tx: tx.execute(sa.update(t.task).where(where).values(status="review")))
    return sorted(
        state.database.read(lambda tx: tx.execute(sa.select(t.task.c.public_id).where(where)).scalars())
    )


@pytest.mark.parametrize("derivatives", ["drop", "keep"])
def test_it_leaves_with_its_judgments_and_without_a_value(
    database: Database, tmp_path: Path, derivatives: str
) -> None:
    state = pets(database, tmp_path / "home", tasks=12, derivatives=derivatives)
    first = state.build()
    waiting = in_review(state, "early-0", "late-1", "fixed")
    second = state.build()
    assert verify(second.path, refit=True).problems == []
    manifest = json.loads((second.path / "manifest.json").read_bytes())
    assert manifest["withheld"] == waiting
    assert (manifest["changes"]["gone"], second.rows) == (3, first.rows - 3)
    assert {row["task"] for row in rows(second, "consensus")}.isdisjoint(waiting)
    for kind in ("content", "judgments"):
        assert {row["task"] for row in rows(second, kind)} >= set(waiting)
    in_review(state)
    state.database.write(
        lambda tx: tx.execute(sa.update(t.task).where(t.task.c.status == "review").values(status="settled"))
    )
    third = state.build(None, "acme-labels")
    assert json.loads((third.path / "manifest.json").read_bytes())["changes"]["new"] >= 1
