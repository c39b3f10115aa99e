"""Which assignment does this annotator get next?

Two annotators never hold the same assignment: rows are locked, taken and leased in one transaction, which
also writes what was shown to whom. Nothing is shown that eligibility refuses in this transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import sqlalchemy as sa

from steelyard.domain.errors import invalid
from steelyard.domain.names import name_key
from steelyard.domain.policy import Policy
from steelyard.domain.states import ProviderStatus
from steelyard.domain.times import SECOND
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert
from steelyard.work import standing
from steelyard.work.held import Held, show
from steelyard.work.hidden_gold import falls_on_gold, take_gold
from steelyard.work.phase_out import limit
from steelyard.work.pick import take_work, waiting_for
from steelyard.work.tally import by_provider, progress

MOST = 100


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
    if not trial and any(falls):
        falls = _beside_work(falls, waiting_for(tx, who, project.id, count))
    gold = take_gold(tx, who, project.id, sum(falls), load.claims, until, price)
    work: list[sa.Row] = []
    if work_allowed and len(gold) < len(falls):
        work = take_work(tx, who, project.id, terms.policy, len(falls) - len(gold), until, price)
    taken = _mixed(gold, work, falls)
    if not taken:
        return Claimed([], "nothing", "Nothing for you now.")
    tx.execute(
        _COUNT,
        {"me": who.annotator_id, "project": project.id, "more": len(taken), "more_gold": len(gold)},
    )
    _write_exposure(tx, who, project.id, terms.policy.sensitivity, taken)
    return Claimed(show(tx, project, [row.id for row in taken]))


def _beside_work(falls: Sequence[bool], waiting: int) -> list[bool]:
    """The slots up to where the waiting work ends: what came after it could only be gold, and would be known
    for it."""
    kept: list[bool] = []
    for fell in falls:
        if waiting == 0:
            break
        kept.append(fell)
        waiting -= not fell
    return kept


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
    """How many more assignments the policy's share, ceiling and budget, and a phase-out, leave this provider."""
    room = MOST
    phase_out = standing.standing(tx).phase_outs.get(who.provider_id)
    if phase_out is not None and tx.now < phase_out.starts:
        phase_out = None
    own = next(
        (
            a
            for a in policy.providers
            if _same(tx, a.name, who.provider_id) and (a.share is not None or a.ceiling is not None)
        ),
        None,
    )
    if own is None and policy.budget is None and phase_out is None:
        return room
    # Whoever counts against a limit counts alone. Rows that refer to the project may be written meanwhile:
    # a stronger lock would wait for every submit, and two submits that claim for each other.
    tx.execute(sa.select(t.project.c.id).where(t.project.c.id == project.id).with_for_update(key_share=True))
    if phase_out is not None:
        room = min(room, limit(tx, phase_out, project.id).left)
    if own is None and policy.budget is None:
        return room
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


def _write_exposure(
    tx: Transaction, who: Principal, project_id: int, sensitivity: str, taken: Sequence[sa.Row]
) -> None:
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
                "sensitivity": sensitivity,
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
