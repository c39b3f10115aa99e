"""What is still there of a provider, and where, though it has been left?

Facts are never deleted, so an exit takes nothing away; it says what lies where, so that nobody believes it
gone. Erasing bytes is an act of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.exit.touched import touched_releases
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs
from steelyard.store.database import Transaction
from steelyard.work import exposure

_j = t.judgment


def remains_of(
    tx: Transaction, blobs: Blobs, folder: Path, provider: sa.Row, *, withdrawn: bool
) -> list[dict[str, Any]]:
    """`[{what, where, count, why}]` of both worlds; nothing with a count of 0."""
    found: list[dict[str, Any]] = []

    def add(what: str, where: str, count: int, why: str) -> None:
        if count:
            found.append({"what": what, "where": where, "count": count, "why": why})

    seen = sum(exposure.counts(tx, provider.id, world)["tasks"] for world in ("live", "test"))
    add("knowledge", "with the provider", seen,
        "contents that it was shown cannot be unseen; the exposure list names them")  # fmt: skip
    facts = tx.scalar(sa.select(sa.func.count()).select_from(_j).where(_j.c.provider_id == provider.id))
    add("judgments", "database: judgment", facts,
        "withdrawn, kept as facts" if withdrawn else "kept by the order of the exit")  # fmt: skip
    payloads = tx.scalar(
        sa.select(sa.func.count())
        .select_from(t.judgment_payload)
        .join(_j, _j.c.id == t.judgment_payload.c.judgment_id)
        .where(_j.c.provider_id == provider.id)
    )
    add("answers", "database: judgment_payload", payloads, "what it answered; erasing is a separate act")
    receipts = tx.scalar(sa.select(sa.func.count()).where(t.refused_receipt.c.provider_id == provider.id))
    add("refused answers", "database: refused_receipt", receipts, "commitments alone, no answers")
    asked = tx.scalar(sa.select(sa.func.count()).where(t.question.c.provider_id == provider.id))
    add("questions", "database: question", asked, "what its people asked about tasks, and were answered")
    contents = tx.scalar(
        sa.select(sa.func.count())
        .select_from(t.content_payload)
        .join(t.content, t.content.c.id == t.content_payload.c.content_id)
        .where(t.content.c.provider_id == provider.id)
    )
    add("contents", "database: content_payload", contents, "data that it gave; its tasks are cancelled")
    for where, count in _blobs(tx, blobs, provider.id).items():
        add("blobs", where, count, "bytes of contents that it gave")
    for release in touched_releases(tx, provider):
        why = "built before; it is not changed, and whoever has a copy keeps it"
        if not release.there:
            why = "built before; it is not at this place any more"
        add(f"release {release.version} of {release.project}", release.path,
            release.judgments + release.contents, why)  # fmt: skip
    people = tx.scalar(sa.select(sa.func.count()).where(t.person.c.provider_id == provider.id))
    add("people", "database: person, annotator", people, "who answered stays on record, without a key")
    return found


def _blobs(tx: Transaction, blobs: Blobs, provider_id: int) -> dict[str, int]:
    digests = tx.execute(
        sa.select(t.content_blob.c.digest)
        .join(t.content, t.content.c.id == t.content_blob.c.content_id)
        .where(t.content.c.provider_id == provider_id)
        .distinct()
    ).scalars()
    there = sum(blobs.exists(digest) for digest in digests)
    return {f"blobs: {blobs!r}": there} if there else {}
