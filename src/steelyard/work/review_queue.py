"""Which answer does this reviewer look at next, and what is shown of it?

Two reviewers never hold the same item: rows are locked, taken and leased in one transaction, which also writes
what was shown to whom. Nobody reviews what they answered, nor twice in a row of levels; whose answers they are,
and what the levels before said, is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import is_id
from steelyard.domain.states import ReviewState
from steelyard.domain.times import SECOND
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import opened, standing
from steelyard.work.again import keep_from
from steelyard.work.review_find import GIVEN_BACK, find_reviews, kept_from_too
from steelyard.work.review_shown import Shown, show_items

MOST = 100
SWEEP = 500
_i = t.review_item
_me = sa.bindparam("me")
_HOLD = (
    sa.update(_i)
    .where(_i.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        state=int(ReviewState.HELD),
        person_id=sa.bindparam("holder"),
        claimed_at=sa.bindparam("moment"),
        lease_until=sa.bindparam("until"),
    )
)
_BACK = (
    sa.update(_i)
    .where(_i.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(state=int(ReviewState.READY), person_id=None, claimed_at=None, lease_until=None)
)
LAPSED = (
    sa.select(_i.c.id)
    .where(sa.text("review_item.state = 1"), _i.c.lease_until < sa.bindparam("now"))
    .order_by(_i.c.lease_until)
    .limit(SWEEP)
    .with_for_update(skip_locked=True)
)
HELD = (
    sa.select(_i.c.id, _i.c.project_id, _i.c.task_id, t.task.c.content_id)
    .join(t.task, t.task.c.id == _i.c.task_id)
    .where(_i.c.person_id == _me, sa.text("review_item.state = 1"))
    .order_by(_i.c.claimed_at, _i.c.id)
)


@dataclass(frozen=True)
class ReviewsClaimed:
    held: list[Shown]
    code: str = ""  # why there is nothing: "" | nothing | stopped
    because: str = ""


def claim_reviews(
    tx: Transaction, who: Principal, project: Any, count: Any = 1, lease_s: Any = None
) -> ReviewsClaimed:
    """Up to `count` items (at most 100) for this reviewer, by priority and then age, leased for `lease_s`
    seconds. An empty result says why; it is not an error. Raises `Invalid` for numbers out of range.
    """
    tx.share_showing()
    require(who, Action.REVIEW, project.id)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise invalid("/count", "range", f"must be a whole number from 1 to {MOST}")
    if lease_s is None:
        lease_s = standing.terms_of(tx, project.id).policy.lease_s
    if isinstance(lease_s, bool) or not isinstance(lease_s, int) or not 1 <= lease_s <= 86_400:
        raise invalid("/lease_s", "range", "must be a whole number from 1 to 86400")
    if not standing.verdict(tx, who.provider_id, project.id).allowed or project.status != "active":
        return ReviewsClaimed([], "stopped", "Work on this project has stopped for now.")
    rows = find_reviews(tx, who, project.id, count)
    if not rows:
        return ReviewsClaimed([], "nothing", "Nothing to review for you now.")
    ids = [row.id for row in rows]
    until = tx.now + lease_s * SECOND
    tx.execute(_HOLD, {"ids": ids, "holder": who.person_id, "moment": tx.now, "until": until})
    keep_from(tx, who, [row.task_id for row in rows])
    _write_shown(tx, who, project.id, rows)
    return ReviewsClaimed(show_items(tx, project, ids))


def held_reviews(tx: Transaction, who: Principal) -> list[Shown]:
    """What the caller holds now and may still be shown, oldest first; in a write."""
    tx.share_showing()
    require(who, Action.REVIEW)
    by_project: dict[int, list[Any]] = {}
    for row in tx.rows(HELD, {"me": who.person_id}):
        by_project.setdefault(row.project_id, []).append(row)
    found: list[Shown] = []
    for key, rows in by_project.items():
        project = tx.execute(sa.select(t.project).where(t.project.c.id == key)).one()
        if project.world == who.world and standing.verdict(tx, who.provider_id, key).allowed:
            _write_shown(tx, who, key, rows)
            found += show_items(tx, project, [row.id for row in rows])
    return found


def return_review(tx: Transaction, who: Principal, item_id: str, reason: Any = None) -> None:
    """Gives an item back; it is not handed to the same reviewer again. Raises `NotFound`, `Invalid`,
    `Conflict` when it is not in the caller's hands."""
    require(who, Action.REVIEW)
    if reason is not None and (not isinstance(reason, str) or len(reason) > 2000 or "\x00" in reason):
        raise invalid("/reason", "type", "must be a text of at most 2000 characters")
    row = None
    if is_id(item_id):
        row = tx.row(
            sa.select(_i, t.task.c.world)
            .join(t.task, t.task.c.id == _i.c.task_id)
            .where(_i.c.public_id == item_id)
            .with_for_update(of=_i)
        )
    if row is None or row.world != who.world:
        raise NotFound("there is no such review")
    require(who, Action.REVIEW, row.project_id)
    if row.state != ReviewState.HELD or row.person_id != who.person_id:
        raise Conflict("You do not hold this review any more.", "lease_lost")
    tx.execute(_BACK, {"ids": [row.id]})
    kept_from = kept_from_too(who.annotator_id, row.kept_from)
    tx.execute(sa.update(_i).where(_i.c.id == row.id).values(kept_from=kept_from))
    tx.execute(
        sa.update(t.declined)
        .where(t.declined.c.annotator_id == who.annotator_id, t.declined.c.task_id == row.task_id)
        .values(reason=f"{GIVEN_BACK}: {reason}" if reason else GIVEN_BACK, at=tx.now)
    )


def expire_reviews(tx: Transaction) -> int:
    """Puts up to 500 lapsed items back; returns how many."""
    ids = tx.execute(LAPSED, {"now": tx.now}).scalars().all()
    if ids:
        tx.execute(_BACK, {"ids": ids})
    return len(ids)


def recall_reviews(tx: Transaction) -> int:
    """Takes back what is held by those who may no longer be shown it; under the exclusive lock."""
    holders = (
        sa.select(_i.c.project_id, t.person.c.provider_id)
        .join(t.person, t.person.c.id == _i.c.person_id)
        .where(sa.text("review_item.state = 1"))
        .distinct()
    )
    back = 0
    for row in tx.rows(holders):
        if not standing.verdict(tx, row.provider_id, row.project_id).allowed:
            people = sa.select(t.person.c.id).where(t.person.c.provider_id == row.provider_id)
            held = sa.select(_i.c.id).where(
                sa.text("review_item.state = 1"),
                _i.c.project_id == row.project_id,
                _i.c.person_id.in_(people),
            )
            ids = tx.execute(held).scalars().all()
            tx.execute(_BACK, {"ids": ids})
            back += len(ids)
    return back


def _write_shown(tx: Transaction, who: Principal, project_id: int, rows: Sequence[Any]) -> None:
    shown = [opened.Opened(row.task_id, row.content_id, project_id) for row in rows]
    opened.write(tx, who, opened.not_written(tx, who, shown, opened.today(tx)))
