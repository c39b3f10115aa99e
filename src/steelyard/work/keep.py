"""How long may an annotator hold an assignment, and where is what it has written so far?

A draft is kept with the assignment for the one who writes it, renews the lease, and is gone with the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import is_id
from steelyard.domain.states import AssignmentState
from steelyard.domain.times import SECOND
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.store.upsert import upsert
from steelyard.work import standing

LONGEST_S = 86_400
MAX_SPENT = 7 * 24 * 3600 * 1000
_DROP = Prepared(
    sa.delete(t.answer_draft).where(t.answer_draft.c.assignment_id == sa.bindparam("assignment"))
)


def drop_draft(tx: Transaction, assignment: int) -> None:
    _DROP.run(tx, {"assignment": assignment})


def extend(tx: Transaction, who: Principal, assignment_id: str, lease_s: Any = None) -> int:
    """Renews the lease of what the caller holds, to `lease_s` seconds from now (the project's unless given);
    when it ends, in microseconds. Raises `NotFound`, `Invalid`, `Conflict` when it is not held any more."""
    tx.share_showing()
    return _renew(tx, _held(tx, who, assignment_id), lease_s)


def keep_draft(
    tx: Transaction, who: Principal, assignment_id: str, answers: Any, spent_ms: Any = None
) -> int:
    """Keeps an answer that is not finished, and renews the lease; when that ends, in microseconds.

    Nothing is checked but that it is an object. Raises as `extend` does.
    """
    tx.share_showing()
    row = _held(tx, who, assignment_id)
    if not isinstance(answers, Mapping):
        raise invalid("/answers", "type", "must be an object, by question name")
    if spent_ms is not None and (
        isinstance(spent_ms, bool) or not isinstance(spent_ms, int) or not 0 <= spent_ms <= MAX_SPENT
    ):
        raise invalid("/spent_ms", "range", "must be a whole number of milliseconds, at most a week")
    kept = {"annotator_id": who.annotator_id, "answers": answers, "spent_ms": spent_ms, "at": tx.now}
    tx.execute(
        upsert(tx, t.answer_draft)
        .values(assignment_id=row.id, **kept)
        .on_conflict_do_update(index_elements=["assignment_id"], set_=kept)
    )
    return _renew(tx, row, None)


def _held(tx: Transaction, who: Principal, assignment_id: str) -> Any:
    require(who, Action.WORK)
    row = _HELD.row(tx, {"id": assignment_id}) if is_id(assignment_id) else None
    if row is None or row.world != who.world:
        raise NotFound("there is no such assignment")
    require(who, Action.WORK, row.project_id)
    if not standing.verdict(tx, who.provider_id, row.project_id, gold=row.gold is not None).allowed:
        raise Conflict("Your provider's work on this project has stopped.", "provider_stopped")
    if row.state != AssignmentState.HELD or row.annotator_id != who.annotator_id:
        raise Conflict("You do not hold this assignment any more.", "lease_lost")
    return row


def _renew(tx: Transaction, row: Any, lease_s: Any) -> int:
    if lease_s is None:
        lease_s = standing.terms_of(tx, row.project_id).policy.lease_s
    if isinstance(lease_s, bool) or not isinstance(lease_s, int) or not 1 <= lease_s <= LONGEST_S:
        raise invalid("/lease_s", "range", f"must be a whole number from 1 to {LONGEST_S}")
    until = max(row.lease_until, tx.now + lease_s * SECOND)  # a renewal never takes time away
    _LEASE.run(tx, {"key": row.id, "until": until})
    return until


_HELD = Prepared(
    sa.select(
        t.assignment.c.id,
        t.assignment.c.project_id,
        t.assignment.c.state,
        t.assignment.c.annotator_id,
        t.assignment.c.lease_until,
        t.task.c.world,
        t.task.c.gold,
    )
    .join(t.task, t.task.c.id == t.assignment.c.task_id)
    .where(t.assignment.c.public_id == sa.bindparam("id"))
    .with_for_update(of=t.assignment)
)
_LEASE = Prepared(
    sa.update(t.assignment)
    .where(t.assignment.c.id == sa.bindparam("key"))
    .values(lease_until=sa.bindparam("until"))
)
