"""How does a test get a project with very many tasks, of which something of each kind is known?

One of each is made through the use cases; its rows are then written again with other keys. It is their number
that matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.questions import ask
from steelyard.work.submit import submit
from support.world import World

CHUNK = 500
# A table, and which of its columns take the key of the task that the row is of.
_PER_TASK = (
    (t.content, ()),
    (t.content_payload, ("content_id",)),
    (t.task, ("content_id",)),
    (t.gold, ("task_id",)),
    (t.gold_payload, ("gold_id",)),
    (t.assignment, ("task_id",)),
    (t.exposure, ("task_id", "content_id")),
    (t.judgment, ("task_id", "assignment_id")),
    (t.judgment_payload, ("judgment_id",)),
    (t.gold_result, ("judgment_id",)),
    (t.consensus, ("task_id",)),
    (t.consensus_payload, ("consensus_id",)),
    (t.review_item, ("task_id",)),
    (t.question, ("task_id",)),
    (t.question_message, ("question_id",)),
)


@dataclass(frozen=True)
class Filled:
    world: World
    project: sa.Row
    provider: sa.Row
    worker: Principal
    task: str
    annotator: str


def fill(world: World, count: int) -> Filled:
    """A project with `count` tasks that one annotator of an outside provider has answered: a third of them gold, a
    third in review, and a third settled and asked about."""
    provider = world.provider("Acme", price="0.01")
    project = world.project(answers=1, review_rate=1)
    (worker,) = world.people(1, "acme")
    world.batch(project, "Monday")
    (task,) = world.tasks(project, 1, batch="Monday", tags=["first"], metadata={"a": 1})
    (held,) = world.take(worker, project)
    world.write(lambda tx: ask(tx, worker, held.id, "What is it?"))
    world.write(lambda tx: submit(tx, worker, held.id, {"label": "cat"}))
    world.gold(project, 1)
    world.tasks(project, 1)
    world.write(lambda tx: _more(tx, count, worker))
    annotator = world.one(sa.select(t.annotator.c.public_id).where(t.annotator.c.id == worker.annotator_id))
    return Filled(world, project, provider, worker, task, annotator)


def _more(tx: Transaction, count: int, worker: Principal) -> None:
    first = {table.name: dict(tx.rows(sa.select(table).limit(1))[0]._mapping) for table, _ in _PER_TASK
             if tx.row(sa.select(table).limit(1)) is not None}  # fmt: skip
    first["gold_result"] = {
        "project_id": first["task"]["project_id"], "annotator_id": worker.annotator_id,
        "provider_id": worker.provider_id, "question": "label", "correct": True, "at": tx.now,
    }  # fmt: skip
    for table, follows in _PER_TASK:
        rows: list[dict[str, Any]] = []
        for key in range(1000, 1000 + count):
            row = _row(table.name, dict(first[table.name]), key) if table.name in first else None
            if row is not None:
                rows.append({**row, **dict.fromkeys(follows, key)})
        for at in range(0, len(rows), CHUNK):
            tx.execute(sa.insert(table), rows[at : at + CHUNK])
    if tx.dialect == "postgresql":  # which does it by itself now and then; on SQLite nobody does
        tx.execute(sa.text("ANALYZE"))


def _row(name: str, row: dict[str, Any], key: int) -> dict[str, Any] | None:
    third = key % 3
    row |= {"id": key} if "id" in row or name == "gold_result" else {}
    row |= {"public_id": f"{key:024x}"} if "public_id" in row else {}
    if name == "gold_result":
        return {**row, "judgment_id": key} if third == 1 else None
    if name == "task":
        row |= {"external_id": f"e{key}", "place": key % 1000, "wave": key // 1000 + 1}
        row |= {"gold": "evaluation" if third == 1 else None, "status": "review" if third == 2 else "settled"}
        row |= {"batch_id": row["batch_id"] if third == 0 else None, "tags": ["rare"] if key == 1000 else []}
    if name == "judgment":
        row |= {"gold": third == 1, "idempotency_key": None, "at": row["at"] + key}
    if name == "exposure":
        row |= {"at": row["at"] + key}
    if name == "assignment":
        row |= {"ordinal": key}
    if (name in ("gold", "gold_payload") and third != 1) or (name == "review_item" and third != 2):
        return None
    return None if name.startswith("question") and third != 0 else row
