"""Which of a project's tasks are asked for?

Tasks are walked in the order of their arrival, a bounded number of them at a time: a question costs the same
however large the project is and however few tasks answer it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import invalid
from steelyard.domain.names import name_key
from steelyard.domain.states import TaskStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction

LOOKED_AT = 5000  # tasks looked at for one page
# Word for word as in the index, or each task is looked for among all of them.
CURRENT = sa.and_(t.consensus.c.task_id == t.task.c.id, sa.text("consensus.current"))
GOLD = ("evaluation", "training", "any", "no")


@dataclass(frozen=True)
class Wanted:
    """What tasks must be to be listed; None asks nothing. `batch` is a name, `gold` one of `GOLD`."""

    status: str | None = None
    batch: str | None = None
    tag: str | None = None
    gold: str | None = None
    external_id: str | None = None
    confidence_below: float | None = None


@dataclass(frozen=True)
class Found:
    """Row keys in order, and the one to go on after: None where there is nothing more to look at."""

    keys: list[int]
    next: int | None


@dataclass(frozen=True)
class Search:
    """`Wanted`, as the database is asked."""

    project_id: int
    where: tuple[sa.ColumnElement[bool], ...]
    tag: str | None
    confidence_below: float | None
    sparse: bool  # tasks are looked at one by one, since no index knows which are meant

    def find(self, tx: Transaction, after: int, limit: int) -> Found:
        """The next `limit` tasks after a row key; fewer, and still more to come, where few answer."""
        task = t.task.c
        query = sa.select(task.id).where(task.project_id == self.project_id, task.id > after)
        if not self.sparse:
            keys = tx.execute(query.where(*self.where).order_by(task.id).limit(limit + 1)).scalars().all()
            return Found(list(keys[:limit]), keys[limit - 1] if len(keys) > limit else None)
        query = query.add_columns(
            task.tags if self.tag is not None else sa.null().label("tags"),
            sa.case((sa.and_(*self.where), 1), else_=0).label("fits"),
        )
        if self.confidence_below is not None:
            query = query.join(t.consensus, CURRENT, isouter=True).add_columns(t.consensus.c.confidence)
        looked_at = tx.execute(query.order_by(task.id).limit(LOOKED_AT)).all()
        found: list[int] = []
        for row in looked_at:
            if row.fits and self._fits(row):
                found.append(row.id)
                if len(found) == limit:
                    return Found(
                        found, row.id if row is not looked_at[-1] or len(looked_at) == LOOKED_AT else None
                    )
        return Found(found, looked_at[-1].id if len(looked_at) == LOOKED_AT else None)

    def _fits(self, row: Any) -> bool:
        if self.tag is not None and self.tag not in row.tags:
            return False
        below = self.confidence_below
        return below is None or (row.confidence is not None and row.confidence < below)


def search_of(tx: Transaction, project_id: int, wanted: Wanted) -> Search:
    """Raises `Invalid` for what tasks cannot be."""
    where: list[sa.ColumnElement[bool]] = []
    task = t.task.c
    if wanted.status is not None:
        if wanted.status not in list(TaskStatus):
            raise invalid("/status", "choice", f"must be one of {', '.join(TaskStatus)}")
        where.append(task.status == wanted.status)
    if wanted.external_id is not None:
        where.append(task.external_id == wanted.external_id)
    if wanted.batch is not None:
        where.append(task.batch_id == _batch(tx, project_id, wanted.batch))
    if wanted.gold is not None:
        where.append(_gold(wanted.gold))
    if wanted.confidence_below is not None and not 0 <= wanted.confidence_below <= 1:
        raise invalid("/confidence_below", "range", "must be a number from 0 to 1")
    # One of these an index knows in the order of the row keys; a second condition is looked at.
    indexed = bool(where) and (len(where) == 1 or wanted.external_id is not None) and wanted.gold != "no"
    plain = wanted.tag is None and wanted.confidence_below is None and (indexed or not where)
    return Search(project_id, tuple(where) or (sa.true(),), wanted.tag, wanted.confidence_below, not plain)


def _batch(tx: Transaction, project_id: int, name: str) -> int:
    found = tx.scalar(
        sa.select(t.batch.c.id).where(
            t.batch.c.project_id == project_id, t.batch.c.name_key == name_key(name)
        )
    )
    if found is None:
        raise invalid("/batch", "unknown", f"there is no batch {name!r} in this project")
    return found


def _gold(kind: str) -> sa.ColumnElement[bool]:
    if kind not in GOLD:
        raise invalid("/gold", "choice", f"must be one of {', '.join(GOLD)}")
    if kind == "no":
        return t.task.c.gold.is_(None)
    there = sa.text("task.gold IS NOT NULL")  # word for word as in the index
    return there if kind == "any" else sa.and_(there, t.task.c.gold == kind)  # type: ignore[return-value]


_LISTED = (
    sa.select(
        t.task,
        t.batch.c.name.label("batch_name"),
        t.content_payload.c.body,
        t.consensus.c.confidence,
        t.consensus.c.tie,
        t.consensus_payload.c.answers.label("value"),
    )
    .join(t.batch, t.batch.c.id == t.task.c.batch_id, isouter=True)
    .join(t.content_payload, t.content_payload.c.content_id == t.task.c.content_id, isouter=True)
    .join(t.consensus, CURRENT, isouter=True)
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id, isouter=True)
    .where(t.task.c.id.in_(sa.bindparam("keys", expanding=True)))
    .order_by(t.task.c.id)
)


def listed(tx: Transaction, keys: Sequence[int]) -> Sequence[sa.Row]:
    """Tasks with their batch's name, content, and current answer."""
    return tx.rows(_LISTED, {"keys": list(keys)}) if keys else []
