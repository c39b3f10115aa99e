"""Which releases hold something of the provider's, and what does each lose without it?

The database says which providers a release holds; how many rows it loses is read from the release itself,
where it still is where it was built.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import ProjectStatus
from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Transaction


@dataclass(frozen=True)
class Touched:
    """A release that holds judgments or contents of a provider. `rows_lost`: rows of its consensus for which
    nobody else has answered; None when it is not there to be read. `latest`: the newest of its project, which
    may get a successor; of a project that was deleted none can be built any more, so none is."""

    project_id: int
    project: str
    world: str
    version: int
    path: str
    at: int
    judgments: int
    contents: int
    rows: int
    latest: bool
    there: bool
    rows_lost: int | None

    def to_json(self) -> dict[str, Any]:
        return {
            "project": self.project,
            "world": self.world,
            "version": self.version,
            "path": self.path,
            "at": format_time(self.at),
            "there": self.there,
            "judgments": self.judgments,
            "contents": self.contents,
            "rows": self.rows,
            "rows_lost": self.rows_lost,
            "latest": self.latest,
        }


def touched_releases(tx: Transaction, provider: sa.Row, world: str | None = None) -> list[Touched]:
    """Every release with something of this provider in it, by project and version."""
    newest = (
        sa.select(t.release.c.project_id, sa.func.max(t.release.c.version).label("version"))
        .group_by(t.release.c.project_id)
        .subquery()
    )
    held = t.release_provider
    query = (
        sa.select(
            t.release,
            t.project.c.slug,
            t.project.c.world,
            held.c.judgments,
            held.c.contents,
            sa.and_(
                newest.c.version == t.release.c.version, t.project.c.status != ProjectStatus.DELETED
            ).label("latest"),
        )
        .join(held, held.c.release_id == t.release.c.id)
        .join(t.project, t.project.c.id == t.release.c.project_id)
        .join(newest, newest.c.project_id == t.release.c.project_id)
        .where(held.c.provider_id == provider.id, held.c.left_out == sa.false())
        .order_by(t.release.c.project_id, t.release.c.version)
    )
    if world is not None:
        query = query.where(t.project.c.world == world)
    found = []
    for row in tx.rows(query):
        there, lost = _lost(Path(row.path), provider.slug)
        found.append(
            Touched(
                row.project_id, row.slug, row.world, row.version, row.path, row.at, row.judgments,
                row.contents, row.rows, bool(row.latest), there, lost,
            )
        )  # fmt: skip
    return found


def consensus_files(path: Path) -> list[Path]:
    """The consensus tables that a release's manifest names. Raises OSError, ValueError, KeyError."""
    from steelyard.releases.layout import MANIFEST, PATHS  # columns, which the server does not need to start

    manifest = json.loads((path / MANIFEST).read_bytes())
    return [
        path / file["path"]
        for file in manifest["files"]
        if file["kind"] == "consensus" and PATHS["consensus"].fullmatch(file["path"])
    ]


def _lost(path: Path, slug: str) -> tuple[bool, int | None]:
    from steelyard.releases.layout import read_columns

    try:
        lost = 0
        for file in consensus_files(path):
            column = read_columns(file, ["providers"]).column("providers")
            lost += sum(providers == [slug] for providers in column.to_pylist())
        return True, lost
    except (OSError, ValueError, KeyError, TypeError):
        return path.is_dir(), None
