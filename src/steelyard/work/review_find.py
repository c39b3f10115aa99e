"""Which waiting reviews may this reviewer take?

By priority, then age, as long as one of the oldest may be taken. Where the oldest are all kept from the reviewer, the
others are found by whom they are kept from: what a reviewer may never take costs one probe of an index however
much there is of it, so a claim costs the same in a project of any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import ReviewState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.work.queue import HIGHEST

FIRST_LOOK = 8  # items looked through for each that is wanted
MORE = 100  # and so many beyond, in each group that is kept from the same ones
BESIDE = 16  # groups whose oldest items are compared
PROBES = 400  # more would hold up those who write beside it
GIVEN_BACK = "review given back"
MOST_KEPT = 8  # whom an item is kept from: so many are told in its column, all are looked for in `_MAY_TAKE`
_WIDTH = 8  # bytes of a row key
_i = t.review_item
_j = t.judgment
_me = sa.bindparam("me")
_before = t.review_item.alias("before")
_first = t.review_item.alias("first")
_mine = t.assignment.alias("mine")


def _none(query: sa.Select) -> sa.ColumnElement[bool]:
    return query.correlate(_i).limit(1).scalar_subquery().is_(None)


# The last item of level 1 up to this one begins its row of levels.
_row_begins = (
    sa.select(sa.func.max(_first.c.id))
    .where(_first.c.task_id == _i.c.task_id, _first.c.level == 1, _first.c.id <= _i.c.id)
    .correlate(_i)
    .scalar_subquery()
)
_MAY_TAKE = (
    _none(
        # By task, of which there are few judgments; an annotator may have given very many.
        sa.select(sa.literal(1)).where(
            _j.c.task_id == _i.c.task_id, _j.c.annotator_id + 0 == _me, _j.c.based_on.is_(None)
        )
    ),
    _none(
        sa.select(sa.literal(1)).where(
            _mine.c.task_id == _i.c.task_id, _mine.c.annotator_id == _me, sa.text("mine.state IN (1, 2)")
        )
    ),
    _none(
        sa.select(sa.literal(1)).where(
            _before.c.task_id == _i.c.task_id,
            _before.c.person_id == sa.bindparam("person"),
            _before.c.state == int(ReviewState.DONE),
            _before.c.id >= _row_begins,
            _before.c.id < _i.c.id,
        )
    ),
)
_not_given_back = _none(
    sa.select(sa.literal(1)).where(
        t.declined.c.annotator_id == _me,
        t.declined.c.task_id == _i.c.task_id,
        t.declined.c.reason.startswith(GIVEN_BACK),
        t.declined.c.at >= _i.c.at,
    )
)
_ready = (_i.c.project_id == sa.bindparam("project"), sa.text("review_item.state = 0"))
_of_priority = (*_ready, _i.c.priority == sa.bindparam("of"))
# Of the task by scalar subqueries: as a join, PostgreSQL would begin with the tasks that are in review.
_of_task = sa.select(t.task.c.status).where(t.task.c.id == _i.c.task_id).correlate(_i)


def _taken_from(window: sa.Select) -> sa.Select:
    ahead = window.limit(sa.bindparam("window")).subquery("ahead")
    return (
        sa.select(
            _i.c.id,
            _i.c.task_id,
            _of_task.with_only_columns(t.task.c.content_id).scalar_subquery().label("content_id"),
        )
        .select_from(ahead)
        .join(_i, _i.c.id == ahead.c.id)
        .where(
            sa.text("review_item.state = 0"),
            _of_task.scalar_subquery() == "review",
            *_MAY_TAKE,
            _not_given_back,
        )
        .order_by(ahead.c.priority.desc(), ahead.c.id)
        .limit(sa.bindparam("count"))
        .with_for_update(skip_locked=True, of=_i)
    )


OLDEST = _taken_from(sa.select(_i.c.id, _i.c.priority).where(*_ready).order_by(_i.c.priority.desc(), _i.c.id))
OF_GROUP = _taken_from(
    sa.select(_i.c.id, _i.c.priority)
    .where(*_of_priority, _i.c.kept_from == sa.bindparam("group"))
    .order_by(_i.c.id)
)
GROUP = (
    sa.select(_i.c.kept_from, _i.c.id)
    .where(*_of_priority, _i.c.kept_from >= sa.bindparam("start"))
    .order_by(_i.c.kept_from, _i.c.id)
    .limit(1)
)
_GROUP = Prepared(GROUP)
_PRIORITY = Prepared(
    sa.select(_i.c.priority)
    .where(*_ready, _i.c.priority < sa.bindparam("below"))
    .order_by(_i.c.priority.desc())
    .limit(1)
)
_MAY = sa.select(_i.c.id).where(_i.c.id == sa.bindparam("item"), *_MAY_TAKE)
_ANSWERED_BY = Prepared(
    sa.select(_j.c.annotator_id)
    .join(t.annotator, t.annotator.c.id == _j.c.annotator_id)
    .join(
        t.workload,
        sa.and_(t.workload.c.annotator_id == _j.c.annotator_id, t.workload.c.project_id == _j.c.project_id),
        isouter=True,
    )
    .where(
        _j.c.task_id == sa.bindparam("task"), _j.c.based_on.is_(None), t.annotator.c.person_id.is_not(None)
    )
    .order_by(sa.func.coalesce(t.workload.c.judgments, 0).desc(), _j.c.annotator_id)
)


def may_take(tx: Transaction, who: Principal, item: Any) -> bool:
    """Whether this person may be the one who reviews this item."""
    at = {"item": item.id, "me": who.annotator_id, "person": who.person_id}
    return tx.row(_MAY, at) is not None


def answered_by(tx: Transaction, task_id: int) -> bytes:
    """Whom a task's item is kept from to begin with: the people who have answered it.

    Who has answered most stands first. Items are found by this as words in a dictionary, and all that begin with
    the same ones are passed at once.
    """
    keys = dict.fromkeys(row.annotator_id for row in _ANSWERED_BY.rows(tx, {"task": task_id}))
    return b"".join(key.to_bytes(_WIDTH) for key in list(keys)[:MOST_KEPT])


def kept_from_too(annotator_id: int, kept_from: bytes | None) -> bytes:
    """Whom an item is kept from once this one too has looked at it, or given it back."""
    own = annotator_id.to_bytes(_WIDTH)
    others = [key for key in _keys(kept_from or b"") if key != own]
    return b"".join([own, *others][:MOST_KEPT])


def _keys(kept_from: bytes) -> list[bytes]:
    return [kept_from[at : at + _WIDTH] for at in range(0, len(kept_from), _WIDTH)]


def find_reviews(tx: Transaction, who: Principal, project_id: int, count: int) -> Sequence[Any]:
    """Up to `count` items (id, task_id, content_id) that this reviewer may take, locked."""
    at = {"project": project_id, "me": who.annotator_id, "person": who.person_id}
    rows = tx.rows(OLDEST, {**at, "count": count, "window": FIRST_LOOK * count})
    if len(rows) == count:
        return rows
    found = {row.id: row for row in rows}
    for groups in _groups(tx, project_id, who.annotator_id):
        for priority, group in groups:
            more = {**at, "of": priority, "group": group, "count": count, "window": count + MORE}
            for row in tx.rows(OF_GROUP, more):
                found.setdefault(row.id, row)
            if len(found) >= count:
                return list(found.values())[:count]
    return list(found.values())


def _groups(tx: Transaction, project_id: int, me: int) -> Iterator[list[tuple[int, bytes]]]:
    """(priority, whom it is kept from) of waiting items that are not kept from this annotator, some at a time:
    the highest priority first, within some whose oldest item is the oldest first."""
    own = me.to_bytes(_WIDTH)
    priority, probes = HIGHEST, 0
    while probes < PROBES:
        priority = _PRIORITY.scalar(tx, {"project": project_id, "below": priority})
        if priority is None:
            return
        start, some = b"", []
        while probes < PROBES:
            probes += 1
            head = _GROUP.row(tx, {"project": project_id, "of": priority, "start": start})
            if head is None:
                break
            keys = _keys(head.kept_from)
            if own in keys:  # and so with all that begin alike
                start = b"".join(keys[: keys.index(own) + 1]) + b"\xff" * _WIDTH
                continue
            start = head.kept_from + b"\x00"
            some.append((head.id, head.kept_from))
            if len(some) == BESIDE:
                yield [(priority, group) for _, group in sorted(some)]
                some = []
        if some:
            yield [(priority, group) for _, group in sorted(some)]
