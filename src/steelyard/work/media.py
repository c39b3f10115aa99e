"""Which stored bytes does a content show, and which are still elsewhere?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Invalid, Problem
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert


def blob_digests(content: Mapping[str, Any]) -> set[str]:
    """The blobs that a content shows, by digest."""
    urls = (block.get("url") for block in content["blocks"])
    return {
        u.removeprefix("blob:sha256/") for u in urls if isinstance(u, str) and u.startswith("blob:sha256/")
    }


def has_foreign_url(content: Mapping[str, Any]) -> bool:
    return any(
        isinstance(b.get("url"), str) and b["url"].startswith(("http://", "https://"))
        for b in content["blocks"]
    )


def keep_blob_row(tx: Transaction, digest: str, size: int, media_type: str) -> None:
    """Says that these bytes have come in, or have come in again."""
    added = upsert(tx, t.blob).values(digest=digest, size=size, media_type=media_type, created_at=tx.now)
    came = {"created_at": added.excluded.created_at}
    tx.execute(added.on_conflict_do_update(index_elements=[t.blob.c.digest], set_=came))


def check_blobs(tx: Transaction, digests: set[str]) -> None:
    there = set(tx.execute(sa.select(t.blob.c.digest).where(t.blob.c.digest.in_(sorted(digests)))).scalars())
    missing = sorted(digests - there)
    if missing:
        message = f"there is no blob sha256/{missing[0]}; send its bytes first"
        raise Invalid([Problem("/content/blocks", "blob", message)])
