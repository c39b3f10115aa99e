"""Do the releases that stand now hold nothing of the provider?

Each project's newest release is verified as anyone would, and then every table in it is searched for the
provider and for every judgment that it ever gave.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import ProjectStatus
from steelyard.exit.findings import Finding, judgments_of
from steelyard.exit.place import Place
from steelyard.exit.touched import touched_releases
from steelyard.releases.layout import MANIFEST, read_columns
from steelyard.releases.verify import verify
from steelyard.store import tables as t
from steelyard.store.database import Transaction

# Columns that say who gave a value, or from which judgment it comes.
NAMING = frozenset(
    {"judgment", "judgments", "provider", "providers", "value_from", "value_from_by", "based_on"}
)


def release_findings(
    place: Place, provider: sa.Row, *, withdrawn: bool
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """The newest release of every project that ever released something of this provider, but those that were
    deleted (their releases stand among what remains), and what was found in them:
    `[{project, world, version, path, digest, verified, holds, found}]`."""

    def look(tx: Transaction) -> tuple[list[sa.Row], set[str]]:
        projects = {release.project_id for release in touched_releases(tx, provider)}
        newest = (
            sa.select(t.release, t.project.c.slug, t.project.c.world)
            .join(t.project, t.project.c.id == t.release.c.project_id)
            .where(t.release.c.project_id.in_(projects), t.project.c.status != ProjectStatus.DELETED)
            .order_by(t.release.c.project_id, t.release.c.version.desc())
        )
        first: dict[int, sa.Row] = {}
        for row in tx.rows(newest):
            first.setdefault(row.project_id, row)
        mine = {row.public_id for page in judgments_of(tx, provider.id) for row in page} if first else set()
        return list(first.values()), mine

    rows, mine = place.database.read(look)
    releases: list[dict[str, Any]] = []
    broken: list[str] = []
    holding: list[str] = []
    for row in rows:
        path = Path(row.path)
        checked = verify(path)
        held = search(path, provider.slug, mine) if checked.ok else []
        name = f"{row.slug} {row.version}"
        if not checked.ok:
            broken.append(f"{name}: {checked.problems[0]}")
        if held:
            holding.append(f"{name}: {held[0]}")
        releases.append(
            {
                "project": row.slug,
                "world": row.world,
                "version": row.version,
                "path": row.path,
                "digest": row.digest,
                "verified": checked.ok,
                "holds_nothing": checked.ok and not held,
                "found": held[:10],
            }
        )
    if not withdrawn:
        return releases, []
    return releases, [
        Finding("releases_verify", "The newest releases verify", len(broken), "; ".join(broken[:5])),
        Finding("releases", "The newest releases hold nothing of it", len(holding), "; ".join(holding[:5])),
    ]


def search(path: Path, slug: str, judgments: set[str]) -> list[str]:
    """Where in a release (paths and columns) the provider or one of these judgments is named."""
    found: list[str] = []
    manifest = json.loads((path / MANIFEST).read_bytes())
    for file in manifest["files"]:
        if file["provider"] == slug or slug in (file["depends"] or ()):
            found.append(f"{file['path']} is a part of it")
        if not file["path"].endswith(".parquet"):
            continue
        names = {column["name"] for column in file["schema"]}
        wanted = sorted(names & NAMING)
        table = read_columns(path / file["path"], wanted)
        for name in wanted:
            values: set[Any] = set()
            for value in table.column(name).to_pylist():
                if name == "value_from_by":
                    value = list(json.loads(value).values())
                values.update(value if isinstance(value, list) else (value,))
            if slug in values and name in ("provider", "providers"):
                found.append(f"{file['path']} names it as {name}")
            if not judgments.isdisjoint(values):
                found.append(f"{file['path']} names a judgment of it as {name}")
    return found
