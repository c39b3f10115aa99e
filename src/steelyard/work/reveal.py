"""Which content is this commitment of, and what proves it?

Its salt and its payload, from which anybody can compute the commitment again. Whoever asks is shown it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import NotFound
from steelyard.identity.policy import Action, Principal, require
from steelyard.ledger.commitments import canonical
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import opened, standing


def reveal(tx: Transaction, who: Principal, commitment: str) -> dict[str, Any]:
    """`content` (the commitment), `salt` in hex and `payload`, canonical JSON as text: the commitment is the
    SHA-256 of the salt's bytes and the payload's. Raises `NotFound`, also for what was erased."""
    tx.share_showing()
    require(who, Action.READ_PROVIDERS)
    row = tx.row(_PAYLOAD, {"commitment": commitment, "world": who.world})
    if row is None:
        raise NotFound("no content that is kept has this commitment")
    require(who, Action.READ_RESULTS, row.project_id)
    standing.require_there(tx, row.project_id, "no content that is kept has this commitment")
    one = opened.Opened(row.task_id, row.content_id, row.project_id)
    opened.write(tx, who, opened.not_written(tx, who, [one], opened.today(tx)))
    return {"content": commitment, "salt": row.salt.hex(), "payload": canonical(row.body).decode()}


_PAYLOAD = (
    sa.select(
        t.content_payload.c.body,
        t.content_payload.c.salt,
        t.task.c.id.label("task_id"),
        t.task.c.content_id,
        t.task.c.project_id,
    )
    .select_from(t.content)
    .join(t.content_payload, t.content_payload.c.content_id == t.content.c.id)
    .join(t.task, t.task.c.content_id == t.content.c.id)
    .where(t.content.c.commitment == sa.bindparam("commitment"), t.task.c.world == sa.bindparam("world"))
)
