"""Of which tasks does anything leave?

Gold never does, nor what was cancelled, is not fetched yet, or was erased. Filters take away whole tasks; which of
the judgments on the others leave is said elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from steelyard.domain.states import TaskStatus
from steelyard.releases.options import Options
from steelyard.releases.spelling import RAW, Bytes
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.column_stream import JudgmentStream

LEAVES = (TaskStatus.OPEN, TaskStatus.REVIEW, TaskStatus.SETTLED)
Keys = NDArray[np.int64]

_GOLD = (
    sa.select(t.gold.c.task_id)
    .join(t.task, t.task.c.id == t.gold.c.task_id)
    .where(t.task.c.project_id == sa.bindparam("project"), t.gold.c.ended_at.is_(None))
)
_REVIEWED = (
    sa.select(t.judgment.c.task_id)
    .join(t.review, t.review.c.judgment_id == t.judgment.c.id)
    .where(t.judgment.c.project_id == sa.bindparam("project"), t.review.c.verdict.in_(["accept", "fix"]))
    .distinct()
)
_TAGGED = sa.select(t.task.c.id, t.task.c.tags).where(
    t.task.c.project_id == sa.bindparam("project"), sa.cast(t.task.c.tags, sa.Text) != "[]"
)


@dataclass
class Tasks:
    """The tasks whose contents are in a release, in the order of their row keys. `giver` are row keys of who gave
    the content; `in_review` public ids of those whose value waits for a reviewer."""

    key: Keys = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    raw: Bytes = field(default_factory=lambda: np.empty((0, RAW), dtype=np.uint8))
    giver: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    in_review: set[str] = field(default_factory=set)

    def places(self, keys: Keys) -> NDArray[np.int64]:
        """Where each task stands here, -1 where it does not."""
        if not len(self.key):
            return np.full(len(keys), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
        return np.where(self.key[place] == keys, place, -1)


def gold_tasks(tx: Transaction, project_id: int) -> Keys:
    """Tasks that are gold by their own table, sorted."""
    return _sorted(tx.execute(_GOLD, {"project": project_id}).scalars().all())


def chosen_tasks(
    tx: Transaction, stream: JudgmentStream, project_id: int, options: Options, providers: set[int]
) -> Keys | None:
    """The tasks that the filters leave, sorted; None where they leave all. `providers` are the row keys of those
    whose judgments are asked for."""
    picks: list[Keys] = []
    if options.reviewed:
        picks.append(_sorted(tx.execute(_REVIEWED, {"project": project_id}).scalars().all()))
    if options.tags:
        wanted = set(options.tags)
        rows: Any = tx.connection.execute(
            _TAGGED, {"project": project_id}, execution_options={"yield_per": 5_000}
        )
        picks.append(_sorted([row.id for row in rows if not wanted.isdisjoint(row.tags)]))
    if options.picks_judgments:
        found = [np.empty(0, dtype=np.int64)]
        for table in stream.current(tx, ["task", "provider", "at"]):
            kept = asked_for(
                options, providers, table.column("provider").to_numpy(), table.column("at").to_numpy()
            )
            found.append(np.unique(table.column("task").to_numpy()[kept]))
        picks.append(np.unique(np.concatenate(found)))
    return reduce(np.intersect1d, picks) if picks else None


def asked_for(options: Options, providers: set[int], provider: Keys, at: Keys) -> NDArray[np.bool_]:
    """Which judgments the filters leave."""
    kept = np.ones(len(at), dtype=bool)
    if options.providers:
        kept &= np.isin(provider, sorted(providers))
    if options.since is not None:
        kept &= at >= options.since
    if options.until is not None:
        kept &= at < options.until
    return kept


def _sorted(keys: Any) -> Keys:
    return np.unique(np.array(keys, dtype=np.int64))
