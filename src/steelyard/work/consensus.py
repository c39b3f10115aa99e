"""What is a task's answer now, and what was it before?

A changed answer is a new revision; exactly one revision of a task is current.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from steelyard.domain.ids import new_id
from steelyard.ledger.commitments import commit
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared, insert
from steelyard.work.vote import Outcome


@dataclass(frozen=True)
class Inferred:
    """What was inferred for a task (its row key), how, and from which judgments (public ids)."""

    task_id: int
    outcome: Outcome
    judgments: list[str]
    method: str
    fit_id: int | None = None


_CURRENT = Prepared(
    sa.select(t.consensus.c.id, t.consensus.c.task_id, t.consensus.c.revision).where(
        t.consensus.c.task_id.in_(sa.bindparam("tasks", expanding=True)), t.CONSENSUS_IS_CURRENT
    )
)
_PAST = Prepared(
    sa.update(t.consensus)
    .where(t.consensus.c.id.in_(sa.bindparam("keys", expanding=True)))
    .values(current=False)
)
_NEW = sa.insert(t.consensus).returning(t.consensus.c.id, sort_by_parameter_order=True)
_PAYLOAD = sa.insert(t.consensus_payload)
_ONE = insert(
    t.consensus, "public_id", "project_id", "task_id", "revision", "method", "confidence", "tie", "judgments",
    "value_from", "fit_id", "commitment", "at",
)  # fmt: skip
_ONE_PAYLOAD = insert(t.consensus_payload, "consensus_id", "answers", "confidence_by", "salt")


def write_consensus(tx: Transaction, project_id: int, inferred: Sequence[Inferred]) -> None:
    """A new revision of each task's answer, current from now on; the tasks' rows are locked by the caller."""
    if not inferred:
        return
    before = {row.task_id: row for row in _CURRENT.rows(tx, {"tasks": [i.task_id for i in inferred]})}
    if before:
        _PAST.run(tx, {"keys": [row.id for row in before.values()]})
    commits = [commit(i.outcome.answers) for i in inferred]
    rows = [
        {
            "public_id": new_id(tx.now),
            "project_id": project_id,
            "task_id": i.task_id,
            "revision": before[i.task_id].revision + 1 if i.task_id in before else 1,
            "method": i.method,
            "confidence": i.outcome.confidence,
            "tie": i.outcome.tie,
            "judgments": i.judgments,
            "value_from": i.outcome.value_from,
            "fit_id": i.fit_id,
            "commitment": digest,
            "at": tx.now,
        }
        for i, (_, digest) in zip(inferred, commits, strict=True)
    ]
    keys = [_ONE.added(tx, rows[0])] if len(rows) == 1 else tx.execute(_NEW, rows).scalars().all()
    payloads = [
        {
            "consensus_id": key,
            "answers": i.outcome.answers,
            "confidence_by": i.outcome.confidence_by,
            "salt": salt,
        }
        for key, i, (salt, _) in zip(keys, inferred, commits, strict=True)
    ]
    if len(payloads) == 1:
        _ONE_PAYLOAD.run(tx, payloads[0])
    else:
        tx.execute(_PAYLOAD, payloads)
