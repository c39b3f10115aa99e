"""Which releases get a successor without the provider?

Every project whose newest release holds something of it: a successor of that one stands for all before it.
What an earlier release left out stays left out, and a successor is ordered as that one was.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.exit.options import options_of
from steelyard.exit.place import Place
from steelyard.exit.touched import Touched, touched_releases
from steelyard.releases.build import build
from steelyard.releases.history import ordered_as
from steelyard.releases.signing import load_or_make_key
from steelyard.store import tables as t
from steelyard.store.database import Transaction


def run(place: Place, leaving: sa.Row) -> dict[str, Any]:
    options = options_of(leaving)
    if not (options.withdraws and options.rebuild):
        return {"built": [], "kept": True}

    def look(tx: Transaction) -> tuple[sa.Row, list[Touched]]:
        provider = tx.execute(sa.select(t.provider).where(t.provider.c.id == leaving.provider_id)).one()
        return provider, [r for r in touched_releases(tx, provider) if r.latest]

    provider, stale = place.database.read(look)
    for release in stale:
        without = place.database.read(lambda tx, release=release: _left_out(tx, release))
        _build(place, release, sorted({*without, provider.slug}))
    return {"built": place.database.read(lambda tx: _built(tx, leaving))}


def _build(place: Place, release: Touched, without: list[str]) -> None:
    build(
        place.database,
        place.blobs,
        release.project,
        release.world,
        None,
        options=replace(ordered_as(Path(release.path)), without=tuple(without)),
        signing_key=load_or_make_key(place.folder),
        folder=place.folder,
    )


def _left_out(tx: Transaction, release: Touched) -> set[str]:
    """Slugs of the providers that this release left out."""
    query = (
        sa.select(t.provider.c.slug)
        .join(t.release_provider, t.release_provider.c.provider_id == t.provider.c.id)
        .join(t.release, t.release.c.id == t.release_provider.c.release_id)
        .where(
            t.release.c.project_id == release.project_id,
            t.release.c.version == release.version,
            t.release_provider.c.left_out,
        )
    )
    return set(tx.execute(query).scalars())


def _built(tx: Transaction, leaving: sa.Row) -> list[dict[str, Any]]:
    """The releases built without the provider since the exit began; counted, not remembered."""
    query = (
        sa.select(t.project.c.slug, t.release.c.version, t.release.c.path, t.release.c.rows)
        .join(t.release_provider, t.release_provider.c.release_id == t.release.c.id)
        .join(t.project, t.project.c.id == t.release.c.project_id)
        .where(
            t.release_provider.c.provider_id == leaving.provider_id,
            t.release_provider.c.left_out,
            t.release.c.at >= leaving.at,
        )
        .order_by(t.release.c.id)
    )
    return [
        {"project": row.slug, "version": row.version, "path": row.path, "rows": row.rows}
        for row in tx.rows(query)
    ]
