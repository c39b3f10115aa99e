"""How many, and how much? Running sums, so that no request counts rows.

A sum is kept in shards by annotator: annotators of one provider do not wait for each other's commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from steelyard.domain.times import SECOND
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.store.upsert import INSERT

SHARDS = 8
HOUR = 3600 * SECOND
_OF_TASKS = ("tasks", "gold", "wanted", "settled", "overlapping", "training", "reviewing")


@dataclass(frozen=True)
class Progress:
    tasks: int = 0
    gold: int = 0
    wanted: int = 0
    settled: int = 0
    overlapping: int = 0
    training: int = 0
    reviewing: int = 0
    judgments: int = 0
    gold_judgments: int = 0
    spent: int = 0

    @property
    def open(self) -> int:
        return max(0, self.tasks - self.gold - self.settled - self.reviewing)


def count_judgment(
    tx: Transaction,
    project_id: int,
    provider_id: int,
    annotator_id: int,
    *,
    gold: bool,
    price: int,
    by: int = 1,
    training: bool = False,
) -> None:
    """Adds one judgment to the sums (`by` = -1 takes it away again); one of a training task only costs."""
    add = {
        "judgments": 0 if gold else by,
        "gold_judgments": by if gold and not training else 0,
        "spent": price if by > 0 else 0,  # what was paid stays paid
    }
    count_judgments(tx, project_id, provider_id, annotator_id % SHARDS, add)
    if by > 0:
        at = {"project_id": project_id, "hour": tx.now // HOUR, "shard": annotator_id % SHARDS}
        _adding(tx.dialect, t.throughput, ("judgments",)).run(tx, {**at, "judgments": by})


@cache
def _adding(dialect: str, table: sa.Table, names: tuple[str, ...]) -> Prepared:
    """INSERT of these columns that adds to the row that is there already."""
    keys = [column.name for column in table.primary_key.columns]
    insert = INSERT[dialect](table).values({name: sa.bindparam(name) for name in (*keys, *names)})
    added = {name: table.c[name] + insert.excluded[name] for name in names}
    return Prepared(insert.on_conflict_do_update(index_elements=keys, set_=added))


def count_judgments(
    tx: Transaction, project_id: int, provider_id: int, shard: int, add: dict[str, int]
) -> None:
    key = {"project_id": project_id, "provider_id": provider_id, "shard": shard}
    _adding(tx.dialect, t.tally, tuple(add)).run(tx, {**key, **add})


def count_tasks(tx: Transaction, project_id: int, shard: int = 0, **add: int) -> None:
    """Adds to the sums over tasks: tasks, gold, wanted, settled, overlapping, training, reviewing."""
    every = {name: add.get(name, 0) for name in _OF_TASKS}
    key = {"project_id": project_id, "shard": shard % SHARDS}
    _adding(tx.dialect, t.task_tally, _OF_TASKS).run(tx, {**key, **every})


def count_gold_answer(
    tx: Transaction, provider_id: int, project_id: int, annotator_id: int, question: str, correct: bool
) -> None:
    """Adds an answer of gold to what is known of an annotator at a question."""
    key = {"provider_id": provider_id, "project_id": project_id, "annotator_id": annotator_id}
    add = {"question": question, "answers": 1, "correct": int(correct)}
    _adding(tx.dialect, t.gold_sum, ("answers", "correct")).run(tx, {**key, **add})


_TASKS = sa.select(
    *(sa.func.coalesce(sa.func.sum(t.task_tally.c[name]), 0).label(name) for name in _OF_TASKS)
).where(t.task_tally.c.project_id == sa.bindparam("project"))
_JUDGMENTS = sa.select(
    *(
        sa.func.coalesce(sa.func.sum(t.tally.c[name]), 0).label(name)
        for name in ("judgments", "gold_judgments", "spent")
    )
).where(t.tally.c.project_id == sa.bindparam("project"))


def progress(tx: Transaction, project_id: int) -> Progress:
    tasks = tx.execute(_TASKS, {"project": project_id}).one()
    judged = tx.execute(_JUDGMENTS, {"project": project_id}).one()
    return Progress(**{k: int(v) for k, v in {**tasks._mapping, **judged._mapping}.items()})


def by_hour(tx: Transaction, project_id: int, hours: int) -> list[tuple[int, int]]:
    """Answers handed in during each of the last hours: (the hour's first moment in microseconds, how many)."""
    first = tx.now // HOUR - hours + 1
    found = {row.hour: int(row.n) for row in tx.rows(_BY_HOUR, {"project": project_id, "first": first})}
    return [(hour * HOUR, found.get(hour, 0)) for hour in range(first, first + hours)]


_BY_HOUR = (
    sa.select(t.throughput.c.hour, sa.func.sum(t.throughput.c.judgments).label("n"))
    .where(t.throughput.c.project_id == sa.bindparam("project"), t.throughput.c.hour >= sa.bindparam("first"))
    .group_by(t.throughput.c.hour)
)


@dataclass(frozen=True)
class ProviderSums:
    provider_id: int
    project_id: int
    judgments: int
    gold_judgments: int
    spent: int


def by_provider(
    tx: Transaction, project_id: int | None = None, provider_id: int | None = None, world: str | None = None
) -> list[ProviderSums]:
    """Sums per provider and project, of one or all of each, in one world or both."""
    query = sa.select(
        t.tally.c.provider_id,
        t.tally.c.project_id,
        sa.func.sum(t.tally.c.judgments),
        sa.func.sum(t.tally.c.gold_judgments),
        sa.func.sum(t.tally.c.spent),
    ).group_by(t.tally.c.provider_id, t.tally.c.project_id)
    if project_id is not None:
        query = query.where(t.tally.c.project_id == project_id)
    if provider_id is not None:
        query = query.where(t.tally.c.provider_id == provider_id)
    if world is not None:
        query = query.join(t.project, t.project.c.id == t.tally.c.project_id).where(
            t.project.c.world == world
        )
    query = query.order_by(t.tally.c.project_id, t.tally.c.provider_id)
    return [ProviderSums(*(int(v) for v in row)) for row in tx.execute(query)]
