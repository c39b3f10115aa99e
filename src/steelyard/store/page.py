"""Which rows of a list come next?

A page goes on after a row key, so a list costs the same wherever one is in it and misses nothing that was there
when it began.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from steelyard.store.database import Transaction


@dataclass(frozen=True)
class Page:
    """Rows in the order of their keys, and the key to go on after (None at the end)."""

    rows: list[sa.Row]
    next: int | None


def page_of(tx: Transaction, query: sa.Select, key: sa.Column[int], after: int, limit: int) -> Page:
    """The rows of `query` above `after` by `key`, which it selects, the lowest first."""
    rows = list(tx.rows(query.where(key > after).order_by(key).limit(limit + 1)))
    return _cut(rows, key, limit)


def page_before(tx: Transaction, query: sa.Select, key: sa.Column[int], after: int, limit: int) -> Page:
    """The rows of `query` below `after` by `key`, the highest first; from the very highest on when it is 0."""
    if after:
        query = query.where(key < after)
    rows = list(tx.rows(query.order_by(key.desc()).limit(limit + 1)))
    return _cut(rows, key, limit)


def _cut(rows: list[sa.Row], key: sa.Column[int], limit: int) -> Page:
    following = rows[limit - 1]._mapping[key] if len(rows) > limit else None
    return Page(rows[:limit], following)
