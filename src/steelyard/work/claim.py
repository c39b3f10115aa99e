"""Which assignment does this annotator get next?

Two annotators never hold the same assignment: rows are locked, taken and leased in one transaction, which
also writes what was shown to whom. Nothing is shown that eligibility refuses in this transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import invalid
from steelyard.domain.names import name_key
from steelyard.domain.policy import Policy
from steelyard.domain.states import ProviderStatus
from steelyard.domain.times import SECOND
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared, insert
from steelyard.store.upsert import upsert
from steelyard.work import standing, training
from steelyard.work.held import Held, find_shown, held_of
from steelyard.work.hidden_gold import falls_on_gold, take_gold
from steelyard.work.lanes import Abilities, abilities
from steelyard.work.phase_out import limit
from steelyard.work.pick import Queue
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
    load = _lock_workload(tx, who, project.id)
    if load.stopped_at is not None:
        return Claimed([], "stopped", load.stopped_because or "Your work on this project has stopped.")
    brought = _Brought(tx, who.person_id)
    if terms.policy.skills or terms.policy.languages:
        lacking = brought().lacks(terms.policy.skills, terms.policy.languages)
        if lacking:
            return Claimed([], "nothing", f"This project asks for {' and '.join(lacking)}.")
    until = tx.now + lease_s * SECOND
    if load.training > load.trained:
        lesson = training.next_lessons(tx, who, project.id, terms.policy, load, count, until)
        if lesson.code:
            return Claimed([], lesson.code, lesson.because)
        if lesson.taken:
            return _handed_out(tx, who, project, terms.policy, lesson.taken, gold=0)
    count = min(count, _room(tx, who, project, terms.policy)) if work_allowed else count
    gold, work, falls = [], [], _falls(tx, who, load.claims, count, terms.policy)
    queue = Queue(tx, who, project.id, terms.policy, brought) if work_allowed else None
    if queue is not None:
        wanted = falls.count(False)
        work = queue.find(wanted)
        queue.hold(work, until)
        if wanted < len(falls) and not _on_trial(tx, who):
            more = queue.more(len(falls) - wanted) if len(work) == wanted else 0
            falls = _beside_work(falls, len(work) + more)
    if any(falls):
        gold = take_gold(tx, who, project.id, sum(falls), load.claims, until)
        if queue is not None and len(gold) < sum(falls):
            instead = queue.find(sum(falls) - len(gold))
            queue.hold(instead, until)
            work += instead
    taken = _mixed(gold, work, falls)
    if not taken:
        return Claimed([], "nothing", "Nothing for you now.")
    return _handed_out(tx, who, project, terms.policy, taken, gold=len(gold))


class _Brought:
    """What the annotator brings, read when something asks for it."""

    def __init__(self, tx: Transaction, person_id: int) -> None:
        self._tx = tx
        self._person_id = person_id
        self._read: Abilities | None = None

    def __call__(self) -> Abilities:
        if self._read is None:
            self._read = abilities(self._tx, self._person_id)
        return self._read


def _on_trial(tx: Transaction, who: Principal) -> bool:
    return standing.standing(tx).providers[who.provider_id].status is ProviderStatus.TRIAL


def _falls(tx: Transaction, who: Principal, claims: int, count: int, policy: Policy) -> list[bool]:
    """For each of the next `count` claims, whether it is hidden gold; on trial all are."""
    trial = _on_trial(tx, who)
    return [trial or falls_on_gold(who.annotator_id, claims + i, policy.gold_rate) for i in range(count)]


def _handed_out(
    tx: Transaction, who: Principal, project: sa.Row, policy: Policy, taken: Sequence[Any], gold: int
) -> Claimed:
    """Counts what was taken, writes that it was shown, and shows it."""
    _COUNT.run(tx, {"me": who.annotator_id, "project": project.id, "more": len(taken), "more_gold": gold})
    keys = [row.id for row in taken]
    shown = find_shown(tx, keys)
    if pinned := [row.task_id for row in shown if row.form_id is None]:
        form = next(row.shown_form for row in shown if row.form_id is None)
        if _PIN.run(tx, {"ids": pinned, "pinned": form}) < len(pinned):  # another claim was first
            shown = find_shown(tx, keys)
    for row in shown:
        _EXPOSE.run(
            tx,
            {
                "content_id": row.content_id,
                "task_id": row.task_id,
                "project_id": project.id,
                "provider_id": who.provider_id,
                "annotator_id": who.annotator_id,
                "assignment": row.public_id,
                "sensitivity": policy.sensitivity,
                "at": tx.now,
            },
        )
    return Claimed([held_of(row, project) for row in shown])


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


def _mixed(gold: Sequence[Any], work: Sequence[Any], falls: Sequence[bool]) -> list[Any]:
    """Gold stands where it fell among the work: a place in the list tells nobody what is gold."""
    left = {True: list(gold), False: list(work)}
    mixed = [left[fell].pop(0) for fell in falls if left[fell]]
    return mixed + left[False] + left[True]


_w = t.workload
_TRAINING = (
    sa.select(sa.func.coalesce(sa.func.sum(t.task_tally.c.training), 0))
    .where(t.task_tally.c.project_id == sa.bindparam("project"))
    .scalar_subquery()
)
_WORKLOAD = Prepared(
    sa.select(_w, _TRAINING.label("training"))
    .where(_w.c.annotator_id == sa.bindparam("me"), _w.c.project_id == sa.bindparam("project"))
    .with_for_update(of=_w)
)
_COUNT = Prepared(
    sa.update(_w)
    .where(_w.c.annotator_id == sa.bindparam("me"), _w.c.project_id == sa.bindparam("project"))
    .values(claims=_w.c.claims + sa.bindparam("more"), gold_seen=_w.c.gold_seen + sa.bindparam("more_gold"))
)


def _lock_workload(tx: Transaction, who: Principal, project_id: int) -> Any:
    """The annotator's row in this project, locked: two claims of one annotator come one after the other."""
    at = {"me": who.annotator_id, "project": project_id}
    row = _WORKLOAD.row(tx, at)
    if row is None:
        tx.execute(
            upsert(tx, t.workload)
            .values(annotator_id=who.annotator_id, project_id=project_id, claims=0, gold_seen=0)
            .on_conflict_do_nothing()
        )
        row = _WORKLOAD.one(tx, at)
    return row


def _room(tx: Transaction, who: Principal, project: sa.Row, policy: Policy) -> int:
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
        if who.price:
            room = min(room, left // who.price)
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


_EXPOSE = insert(
    t.exposure, "content_id", "task_id", "project_id", "provider_id", "annotator_id", "assignment",
    "sensitivity", "at",
)  # fmt: skip
# A task without its own form keeps, from its first claim on, the one that is current then.
_PIN = Prepared(
    sa.update(t.task)
    .where(t.task.c.id.in_(sa.bindparam("ids", expanding=True)), t.task.c.form_id.is_(None))
    .values(form_id=sa.bindparam("pinned"))
)
