"""Which assignment does this annotator get next?

Two annotators never hold the same assignment: rows are locked, taken and leased in one transaction, which
also writes what was shown to whom. Nothing is shown that eligibility refuses in this transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import floor
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import invalid
from steelyard.domain.ids import new_id
from steelyard.domain.names import name_key
from steelyard.domain.policy import Policy
from steelyard.domain.states import AssignmentState, ProviderStatus
from steelyard.domain.times import SECOND
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import INSERT, upsert
from steelyard.work import standing
from steelyard.work.queue import priorities, put_back
from steelyard.work.tally import by_provider, progress

MOST = 100


@dataclass(frozen=True)
class Held:
    """An assignment in somebody's hands, with all that its holder may see."""

    id: str
    lease_until: int
    task: str
    content: dict[str, Any]
    suggestion: dict[str, Any] | None
    form: dict[str, Any]
    project: str  # slug
    instruction: str


@dataclass(frozen=True)
class Claimed:
    held: list[Held]
    code: str = ""  # why there is nothing: "" | nothing | stopped
    because: str = ""


def claim(
    tx: Transaction, who: Principal, project: sa.Row, count: int = 1, lease_s: int | None = None
) -> Claimed:
    """Up to `count` assignments (at most 100) for this annotator, leased for `lease_s` seconds.

    An empty result says why; it is not an error. Raises `Invalid` for numbers out of range.
    """
    tx.share_showing()
    require(who, Action.WORK, project.id)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise invalid("/count", "range", f"must be a whole number from 1 to {MOST}")
    terms = standing.terms_of(tx, project.id)
    if lease_s is None:
        lease_s = terms.policy.lease_s
    if isinstance(lease_s, bool) or not isinstance(lease_s, int) or not 1 <= lease_s <= 86_400:
        raise invalid("/lease_s", "range", "must be a whole number from 1 to 86400")
    gold_allowed = standing.verdict(tx, who.provider_id, project.id, gold=True).allowed
    work_allowed = standing.verdict(tx, who.provider_id, project.id).allowed
    if not gold_allowed or project.status != "active":
        return Claimed([], "stopped", "Work on this project has stopped for now.")
    price = tx.execute(_PRICE, {"provider": who.provider_id}).scalar_one()
    load = _lock_workload(tx, who, project.id)
    until = tx.now + lease_s * SECOND
    count = min(count, _room(tx, who, project, terms.policy, price)) if work_allowed else count
    trial = standing.standing(tx).providers[who.provider_id].status is ProviderStatus.TRIAL
    falls = [
        trial or falls_on_gold(who.annotator_id, load.claims + i, terms.policy.gold_rate)
        for i in range(count)
    ]
    gold = _take_gold(tx, who, project.id, sum(falls), load.claims, until, price)
    work: list[sa.Row] = []
    if work_allowed and len(gold) < count:
        work = _take_work(tx, who, project.id, terms.policy, count - len(gold), until, price)
    taken = _mixed(gold, work, falls)
    if not taken:
        return Claimed([], "nothing", "Nothing for you now.")
    tx.execute(
        _COUNT,
        {"me": who.annotator_id, "project": project.id, "more": len(taken), "more_gold": len(gold)},
    )
    _write_exposure(tx, who, project.id, taken)
    return Claimed(show(tx, project, [row.id for row in taken]))


def falls_on_gold(annotator_id: int, count: int, rate: float) -> bool:
    """Whether this annotator's claim number `count` is hidden gold: a hash decides, so that nobody can
    tell from outside, and a replay decides the same."""
    if rate <= 0:
        return False
    drawn = hashlib.blake2b(f"{annotator_id}:{count}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn, "big") < rate * 2**64


def _mixed(gold: Sequence[sa.Row], work: Sequence[sa.Row], falls: Sequence[bool]) -> list[sa.Row]:
    """Gold stands where it fell among the work: a place in the list tells nobody what is gold."""
    left = {True: list(gold), False: list(work)}
    mixed = [left[fell].pop(0) for fell in falls if left[fell]]
    return mixed + left[False] + left[True]


_PRICE = sa.select(t.provider.c.price).where(t.provider.c.id == sa.bindparam("provider"))
_WORKLOAD = (
    sa.select(t.workload)
    .where(
        t.workload.c.annotator_id == sa.bindparam("me"), t.workload.c.project_id == sa.bindparam("project")
    )
    .with_for_update()
)
_COUNT = (
    sa.update(t.workload)
    .where(
        t.workload.c.annotator_id == sa.bindparam("me"), t.workload.c.project_id == sa.bindparam("project")
    )
    .values(
        claims=t.workload.c.claims + sa.bindparam("more"),
        gold_seen=t.workload.c.gold_seen + sa.bindparam("more_gold"),
    )
)


def _lock_workload(tx: Transaction, who: Principal, project_id: int) -> sa.Row:
    """The annotator's row in this project, locked: two claims of one annotator come one after the other."""
    at = {"me": who.annotator_id, "project": project_id}
    row = tx.execute(_WORKLOAD, at).first()
    if row is None:
        tx.execute(
            upsert(tx, t.workload)
            .values(annotator_id=who.annotator_id, project_id=project_id, claims=0, gold_seen=0)
            .on_conflict_do_nothing()
        )
        row = tx.execute(_WORKLOAD, at).one()
    return row


def _room(tx: Transaction, who: Principal, project: sa.Row, policy: Policy, price: int) -> int:
    """How many more assignments the policy's share, ceiling and budget leave this provider now."""
    room = MOST
    own = next(
        (
            a
            for a in policy.providers
            if _same(tx, a.name, who.provider_id) and (a.share is not None or a.ceiling is not None)
        ),
        None,
    )
    if own is None and policy.budget is None:
        return room
    # Whoever counts against a limit counts alone. Rows that refer to the project may be written meanwhile:
    # a stronger lock would wait for every submit, and two submits that claim for each other.
    tx.execute(sa.select(t.project.c.id).where(t.project.c.id == project.id).with_for_update(key_share=True))
    held = tx.execute(_HELD_NOW, {"project": project.id}).all()
    sums = by_provider(tx, project.id)
    if own is not None:
        mine = sum(s.judgments for s in sums if s.provider_id == who.provider_id)
        mine += sum(row.n for row in held if row.provider_id == who.provider_id)
        if own.ceiling is not None:
            room = min(room, own.ceiling - mine)
        if own.share is not None:
            room = min(room, floor(own.share * progress(tx, project.id).wanted + 1e-9) - mine)
    if policy.budget is not None:
        left = policy.budget - sum(s.spent for s in sums) - sum(int(row.price) for row in held)
        if price:
            room = min(room, left // price)
        elif left < 0:
            room = 0
    return max(0, room)


def _same(tx: Transaction, name: str, provider_id: int) -> bool:
    return standing.standing(tx).provider_keys.get(name_key(name)) == provider_id


_HELD_NOW = (
    sa.select(
        t.assignment.c.provider_id,
        sa.func.count().label("n"),
        sa.func.coalesce(sa.func.sum(t.assignment.c.price), 0).label("price"),
    )
    .where(t.assignment.c.project_id == sa.bindparam("project"), sa.text("assignment.state = 1"))
    .group_by(t.assignment.c.provider_id)
)

_mine = t.assignment.alias("mine")
_not_mine = (
    sa.select(sa.literal(1))
    .where(
        _mine.c.task_id == t.assignment.c.task_id,
        _mine.c.annotator_id == sa.bindparam("me"),
        sa.text("mine.state IN (1, 2)"),
    )
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_not_declined = (
    sa.select(sa.literal(1))
    .where(t.declined.c.annotator_id == sa.bindparam("me"), t.declined.c.task_id == t.assignment.c.task_id)
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_not_paused = (
    sa.select(sa.literal(1))
    .where(t.batch.c.id == t.assignment.c.batch_id, t.batch.c.status != "running")
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_other = t.assignment.alias("other")
_not_same_source = (
    sa.select(sa.literal(1))
    .where(
        _other.c.task_id == t.assignment.c.task_id,
        _other.c.provider_id.in_(sa.bindparam("sources", expanding=True)),
        sa.text("other.state IN (1, 2)"),
    )
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
# Scalar subqueries, not NOT EXISTS: PostgreSQL would turn that into an anti-join over the annotator's history.
READY = (
    sa.select(t.assignment.c.id, t.assignment.c.task_id, t.assignment.c.ordinal, t.assignment.c.public_id)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.lane_id == sa.bindparam("lane"),
        t.assignment.c.priority == sa.bindparam("priority"),
        sa.text("assignment.state = 0"),
        t.assignment.c.ordinal >= sa.bindparam("start"),
        _not_mine,
        _not_declined,
        _not_paused,
    )
    .order_by(t.assignment.c.ordinal)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True, of=t.assignment)
)
READY_OTHER_SOURCE = READY.where(_not_same_source)
_LANES = sa.select(t.lane.c.id, t.lane.c.demands, t.lane.c.epoch, t.lane.c.put_back).where(
    t.lane.c.project_id == sa.bindparam("project")
)
_CURSORS = sa.select(t.queue_cursor).where(
    t.queue_cursor.c.annotator_id == sa.bindparam("me"), t.queue_cursor.c.lane_id == sa.bindparam("lane")
)
_LAST_READY = (
    sa.select(t.assignment.c.ordinal)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.lane_id == sa.bindparam("lane"),
        t.assignment.c.priority == sa.bindparam("priority"),
        sa.text("assignment.state = 0"),
    )
    .order_by(t.assignment.c.ordinal.desc())
    .limit(1)
)
_HOLD = (
    sa.update(t.assignment)
    .where(t.assignment.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        state=int(AssignmentState.HELD),
        annotator_id=sa.bindparam("me"),
        provider_id=sa.bindparam("provider"),
        price=sa.bindparam("paid"),
        claimed_at=sa.bindparam("at"),
        lease_until=sa.bindparam("until"),
    )
)


def _take_work(
    tx: Transaction, who: Principal, project_id: int, policy: Policy, count: int, until: int, price: int
) -> list[sa.Row]:
    taken: list[sa.Row] = []
    sources = sorted(standing.standing(tx).sources(who.provider_id)) if policy.different_providers else []
    for lane in tx.execute(_LANES, {"project": project_id}).all():
        cursors = {
            row.priority: row for row in tx.execute(_CURSORS, {"me": who.annotator_id, "lane": lane.id})
        }
        for priority in priorities(tx, project_id, lane.id):
            if len(taken) == count:
                break
            start = 0
            cursor = cursors.get(priority)
            if cursor is not None:
                start = cursor.ordinal if cursor.epoch == lane.epoch else min(cursor.ordinal, lane.put_back)
            at = {
                "project": project_id,
                "lane": lane.id,
                "priority": priority,
                "start": start,
                "me": who.annotator_id,
            }
            seen, found = _find(tx, at, count - len(taken), sources)
            taken += found
            _move_cursor(tx, at, lane.epoch, cursor, seen, found)
            # Rows that were locked here and not taken: others have passed them, and come back for them.
            kept = {row.id for row in found}
            put_back(tx, ((lane.id, row.ordinal) for row in seen if row.id not in kept))
    if taken:
        tx.execute(
            _HOLD,
            {
                "ids": [row.id for row in taken],
                "me": who.annotator_id,
                "provider": who.provider_id,
                "paid": price,
                "at": tx.now,
                "until": until,
            },
        )
    return taken


def _find(
    tx: Transaction, at: dict[str, Any], count: int, sources: list[int]
) -> tuple[Sequence[sa.Row], list[sa.Row]]:
    """The ready rows that were locked, and those of them that this annotator takes."""
    if not sources:
        rows = tx.execute(READY, {**at, "count": count}).all()
        return rows, _one_each(rows, set())
    rows = tx.execute(READY_OTHER_SOURCE, {**at, "count": count, "sources": sources}).all()
    if not rows:
        return [], []
    # Another of the same source may take a sibling at this moment: the task's row decides who came first.
    tx.execute(
        sa.select(t.task.c.id)
        .where(t.task.c.id.in_([row.task_id for row in rows]))
        .order_by(t.task.c.id)
        .with_for_update(key_share=True)
    ).all()
    busy = set(
        tx.execute(
            sa.select(t.assignment.c.task_id).where(
                t.assignment.c.task_id.in_([row.task_id for row in rows]),
                t.assignment.c.provider_id.in_(sources),
                sa.text("assignment.state IN (1, 2)"),
            )
        ).scalars()
    )
    return rows, _one_each(rows, busy)


def _one_each(rows: Sequence[sa.Row], tasks: set[int]) -> list[sa.Row]:
    """The first row of every task that is not among `tasks`: two answers of one may wait side by side."""
    found: list[sa.Row] = []
    for row in rows:
        if row.task_id not in tasks:
            tasks.add(row.task_id)
            found.append(row)
    return found


def _move_cursor(
    tx: Transaction,
    at: dict[str, Any],
    epoch: int,
    before: sa.Row | None,
    seen: Sequence[sa.Row],
    found: Sequence[sa.Row],
) -> None:
    """Nothing is left for this annotator below the last row taken; with none there, below the last ready."""
    if seen:
        ordinal = (found or seen)[-1].ordinal
    else:
        last = tx.execute(
            _LAST_READY, {"project": at["project"], "lane": at["lane"], "priority": at["priority"]}
        ).scalar()
        ordinal = max(at["start"], last + 1) if last is not None else at["start"]
    if before is not None and before.ordinal == ordinal and before.epoch == epoch:
        return
    key = {"annotator_id": at["me"], "lane_id": at["lane"], "priority": at["priority"]}
    tx.execute(_moving(tx.dialect), {**key, "ordinal": ordinal, "epoch": epoch})


@cache
def _moving(dialect: str) -> Any:
    table = t.queue_cursor
    names = ("annotator_id", "lane_id", "priority", "ordinal", "epoch")
    insert = INSERT[dialect](table).values({name: sa.bindparam(name) for name in names})
    return insert.on_conflict_do_update(
        index_elements=list(names[:3]),
        set_={"ordinal": insert.excluded.ordinal, "epoch": insert.excluded.epoch},
    )


_not_shown = (
    sa.select(sa.literal(1))
    .where(
        t.assignment.c.task_id == t.task.c.id,
        t.assignment.c.annotator_id == sa.bindparam("me"),
        sa.text("assignment.state IN (1, 2)"),
    )
    .limit(1)
    .scalar_subquery()
    .is_(None)
)
_GOLD = (
    sa.select(t.task.c.id, t.task.c.priority, t.task.c.created_at)
    .where(
        t.task.c.project_id == sa.bindparam("project"),
        sa.text("task.gold IS NOT NULL"),
        # Wrapped, so that SQLite walks the few gold tasks by their own index and not every open task.
        sa.func.coalesce(t.task.c.status, "") == "open",
        t.task.c.id >= sa.bindparam("low"),
        t.task.c.id < sa.bindparam("high"),
        _not_shown,
        sa.select(sa.literal(1))
        .where(t.declined.c.annotator_id == sa.bindparam("me"), t.declined.c.task_id == t.task.c.id)
        .limit(1)
        .scalar_subquery()
        .is_(None),
    )
    .order_by(t.task.c.id)
    .limit(sa.bindparam("count"))
)
_GOLD_ENDS = sa.select(sa.func.min(t.task.c.id).label("low"), sa.func.max(t.task.c.id).label("high")).where(
    t.task.c.project_id == sa.bindparam("project"), sa.text("task.gold IS NOT NULL")
)


def _take_gold(
    tx: Transaction, who: Principal, project_id: int, count: int, claims: int, until: int, price: int
) -> list[sa.Row]:
    """Makes held assignments on gold tasks that this annotator has not seen, from a drawn place on."""
    if count == 0:
        return []
    ends = tx.execute(_GOLD_ENDS, {"project": project_id}).one()
    low, high = ends.low, ends.high
    if low is None:
        return []
    drawn = hashlib.blake2b(f"gold:{who.annotator_id}:{claims}".encode(), digest_size=8).digest()
    pivot = low + int.from_bytes(drawn, "big") % (high - low + 1)
    at = {"project": project_id, "me": who.annotator_id}
    tasks = list(tx.execute(_GOLD, {**at, "low": pivot, "high": high + 1, "count": count}))
    if len(tasks) < count:
        tasks += list(tx.execute(_GOLD, {**at, "low": low, "high": pivot, "count": count - len(tasks)}))
    if not tasks:
        return []
    return list(
        tx.execute(
            sa.insert(t.assignment).returning(
                t.assignment.c.id, t.assignment.c.task_id, t.assignment.c.ordinal, t.assignment.c.public_id
            ),
            [
                {
                    # As of the task, as work's is: the moment in an id would tell what is gold.
                    "public_id": new_id(task.created_at),
                    "project_id": project_id,
                    "task_id": task.id,
                    "lane_id": None,
                    "state": int(AssignmentState.HELD),
                    "priority": task.priority,
                    "ordinal": 0,
                    "annotator_id": who.annotator_id,
                    "provider_id": who.provider_id,
                    "price": price,
                    "claimed_at": tx.now,
                    "lease_until": until,
                }
                for task in tasks
            ],
        )
    )


def _write_exposure(tx: Transaction, who: Principal, project_id: int, taken: Sequence[sa.Row]) -> None:
    contents = {
        row.id: row.content_id
        for row in tx.execute(_CONTENTS, {"ids": [row.task_id for row in taken], "project": project_id})
    }
    tx.execute(
        sa.insert(t.exposure),
        [
            {
                "content_id": contents[row.task_id],
                "task_id": row.task_id,
                "project_id": project_id,
                "provider_id": who.provider_id,
                "annotator_id": who.annotator_id,
                "assignment": row.public_id,
                "at": tx.now,
            }
            for row in taken
        ],
    )
    tx.execute(_PIN, {"ids": [row.task_id for row in taken]})


_CONTENTS = sa.select(t.task.c.id, t.task.c.content_id).where(
    t.task.c.id.in_(sa.bindparam("ids", expanding=True)), t.task.c.project_id == sa.bindparam("project")
)
# A task without its own form keeps, from its first claim on, the one that is current then.
_PIN = (
    sa.update(t.task)
    .where(t.task.c.id.in_(sa.bindparam("ids", expanding=True)), t.task.c.form_id.is_(None))
    .values(
        form_id=sa.select(t.project.c.form_id).where(t.project.c.id == t.task.c.project_id).scalar_subquery()
    )
)
_SHOW = (
    sa.select(
        t.assignment.c.id,
        t.assignment.c.public_id,
        t.assignment.c.lease_until,
        t.task.c.public_id.label("task"),
        t.task.c.suggestion,
        t.content_payload.c.body,
        t.form.c.body.label("form"),
    )
    .join(t.task, t.task.c.id == t.assignment.c.task_id)
    .join(t.content_payload, t.content_payload.c.content_id == t.task.c.content_id)
    .join(t.form, t.form.c.id == t.task.c.form_id)
    .where(t.assignment.c.id.in_(sa.bindparam("ids", expanding=True)))
)


def show(tx: Transaction, project: sa.Row, assignment_ids: list[int]) -> list[Held]:
    """What the holder of these assignments sees, in the given order."""
    rows = {row.id: row for row in tx.execute(_SHOW, {"ids": assignment_ids})}
    return [
        Held(
            rows[key].public_id,
            rows[key].lease_until,
            rows[key].task,
            rows[key].body,
            rows[key].suggestion,
            rows[key].form,
            project.slug,
            project.instruction,
        )
        for key in assignment_ids
        if key in rows
    ]


def held_by_me(tx: Transaction, who: Principal, project_id: int | None = None) -> list[Held]:
    """What the caller holds now and may still be shown, oldest first."""
    tx.share_showing()
    query = sa.select(t.assignment.c.id, t.assignment.c.project_id, t.assignment.c.lane_id).where(
        t.assignment.c.annotator_id == who.annotator_id, sa.text("assignment.state = 1")
    )
    if project_id is not None:
        query = query.where(t.assignment.c.project_id == project_id)
    found: list[Held] = []
    by_project: dict[int, list[int]] = {}
    for row in tx.execute(query.order_by(t.assignment.c.claimed_at, t.assignment.c.task_id)):
        if standing.verdict(tx, who.provider_id, row.project_id, gold=row.lane_id is None).allowed:
            by_project.setdefault(row.project_id, []).append(row.id)
    for project_key, ids in by_project.items():
        project = tx.execute(sa.select(t.project).where(t.project.c.id == project_key)).one()
        if project.world == who.world:
            found += show(tx, project, ids)
    return found
