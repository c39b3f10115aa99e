"""Does this task's answer need a reviewer's word before it holds, and at which level?

Of each task one item at most is open. Whatever changes what its reviewer was shown takes the task's row and then
the item's, and begins anew at level 1: nobody accepts what they have not seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.domain.ids import new_id
from steelyard.domain.policy import Policy
from steelyard.domain.states import AssignmentState, ReviewState, TaskStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.review_find import answered_by
from steelyard.work.tally import count_tasks
from steelyard.work.vote import NOT_APPLICABLE


class Why(StrEnum):
    SAMPLED = "sampled"
    CONFIDENCE = "confidence"  # below the policy's `review_below`
    TIE = "tie"
    DISAGREEMENT = "disagreement"  # while no confidence is calibrated
    CHANGED = "changed"  # a later fit says otherwise than what was accepted
    ESCALATED = "escalated"  # by an annotator; what it said follows after a colon
    LEVEL = "level"  # the level below has accepted or fixed it


_i = t.review_item
_j = t.current_judgment
_ids = sa.bindparam("ids", expanding=True)
_task = sa.bindparam("task")
_INSTALLATION = sa.select(t.installation.c.public_id)
_CONSENSUS = (
    sa.select(t.consensus.c.tie, t.consensus_payload.c.answers)
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id)
    .where(t.consensus.c.task_id == _task, t.CONSENSUS_IS_CURRENT)
)
_VOTES = (
    sa.select(t.judgment_payload.c.answers)
    .join(_j, _j.c.id == t.judgment_payload.c.judgment_id)
    .where(_j.c.task_id == _task, _j.c.based_on.is_(None))
)
_FORM = sa.select(t.form.c.body).where(t.form.c.id == sa.bindparam("form"))
_HISTORY = (
    sa.select(_i.c.task_id, _i.c.state, _i.c.verdict, _i.c.done_at)
    .where(_i.c.task_id.in_(_ids))
    .order_by(_i.c.id)
)
_LAST_VOTES = (
    sa.select(_j.c.task_id, sa.func.max(_j.c.at).label("at"))
    .where(_j.c.task_id.in_(_ids), _j.c.based_on.is_(None))
    .group_by(_j.c.task_id)
)
_OPEN = (
    sa.select(_i)
    .where(_i.c.task_id.in_(_ids), _i.c.state.in_((int(ReviewState.READY), int(ReviewState.HELD))))
    .order_by(_i.c.id)
    .with_for_update()
)
_FIRST_WHY = (
    sa.select(_i.c.why).where(_i.c.task_id == _task, _i.c.level == 1).order_by(_i.c.id.desc()).limit(1)
)
_CANCEL = (
    sa.update(_i).where(_i.c.id.in_(_ids)).values(state=int(ReviewState.CANCELLED), lease_until=sa.null())
)
_KEEP = sa.update(_i).where(_i.c.id == sa.bindparam("key")).values(kept_from=sa.bindparam("kept_from"))
_TO_REVIEW = (
    sa.update(t.task)
    .where(t.task.c.id == sa.bindparam("key"))
    .values(status=TaskStatus.REVIEW.value, settled_at=sa.null())
)
_TASK = sa.select(t.task).where(t.task.c.id == _task).with_for_update(key_share=True)
_NOT_WAITED_FOR = (
    sa.update(t.assignment)
    .where(
        t.assignment.c.task_id == _task,
        t.assignment.c.state.in_((int(AssignmentState.READY), int(AssignmentState.WAITING))),
    )
    .values(state=int(AssignmentState.CANCELLED))
)


def falls_on_review(installation: str, task: str, rate: float) -> bool:
    """Whether this task (public id) is drawn. The installation's id, which nobody outside is told, goes into
    the hash: whoever knows a task's id cannot work out whether its answer will be looked at."""
    if rate <= 0:
        return False
    drawn = hashlib.blake2b(f"review:{task}".encode(), key=installation.encode(), digest_size=8).digest()
    return int.from_bytes(drawn, "big") < rate * 2**64


def asked_for(policy: Policy) -> bool:
    """Whether any task of a project with this policy goes to a reviewer by itself."""
    return policy.review_rate > 0 or policy.review_below is not None or policy.adjudicate


def why_review(
    tx: Transaction,
    task: Any,
    policy: Policy,
    fit_id: int | None,
    confidence: float,
    *,
    first: bool | None = None,
) -> Why | None:
    """Why the answer that was just inferred goes to a reviewer, or None.

    A task that was settled before (not `first`) goes there only for a confidence that a fit has calibrated; one
    that was delivered, or whose answer a reviewer has accepted or fixed, does not.
    """
    if not asked_for(policy) or task.delivered_at is not None:
        return None
    if first is None:
        first = task.status == TaskStatus.OPEN
    found: Why | None = None
    if first and policy.adjudicate:
        found = _split(tx, task, fit_id)
    if found is None and policy.review_below is not None and confidence < policy.review_below:
        found = Why.CONFIDENCE if first or fit_id is not None else None
    if found is None and first and policy.review_rate > 0:
        drawn = falls_on_review(tx.scalar(_INSTALLATION), task.public_id, policy.review_rate)
        found = Why.SAMPLED if drawn else None
    if found is None or reviewed(tx, [task.id]):
        return None
    return found


def _split(tx: Transaction, task: Any, fit_id: int | None) -> Why | None:
    """Whether its answers are evenly divided or, while nothing is calibrated, whether any differs from the
    answer that was inferred."""
    value = tx.row(_CONSENSUS, {"task": task.id})
    if value is None:
        return None
    if value.tie:
        return Why.TIE
    if fit_id is None:
        form = forms.parse_form(tx.scalar(_FORM, {"form": task.form_id}))
        for said in tx.execute(_VOTES, {"task": task.id}).scalars():
            if not agrees(form, said, value.answers):
                return Why.DISAGREEMENT
    return None


def agrees(form: Form, said: dict[str, Any], value: dict[str, Any]) -> bool:
    """Whether these answers say what the task's answer says, each within its question's tolerance; what they
    leave open says nothing against it."""
    if bool(said.get(NOT_APPLICABLE)) != bool(value.get(NOT_APPLICABLE)):
        return False
    return all(
        said.get(q.name) is None or forms.is_correct(q, said[q.name], value.get(q.name))
        for q in form.questions
    )


def reviewed(tx: Transaction, ids: Collection[int]) -> set[int]:
    """Those of these tasks whose answer a reviewer has accepted or fixed, with no answer since."""
    last = {row.task_id: row for row in tx.rows(_HISTORY, {"ids": list(ids)})}
    good = {
        key: row.done_at
        for key, row in last.items()
        if row.state == ReviewState.DONE and row.verdict in ("accept", "fix")
    }
    if not good:
        return set()
    votes = {row.task_id: row.at for row in tx.rows(_LAST_VOTES, {"ids": sorted(good)})}
    return {key for key, at in good.items() if votes.get(key, 0) <= at}


def send(tx: Transaction, project_id: int, task: Any, why: str) -> None:
    """Puts a task that is open or settled before a reviewer; its row is locked by the caller."""
    tx.execute(_TO_REVIEW, {"key": task.id})
    count_tasks(tx, project_id, task.id, reviewing=1, settled=-1 if task.status == TaskStatus.SETTLED else 0)
    add_item(tx, project_id, task, 1, why)


def add_item(
    tx: Transaction, project_id: int, task: Any, level: int, why: str, kept_from: bytes | None = None
) -> None:
    """Puts an item before reviewers; unless told whom it is kept from, it is those who have answered."""
    tx.execute(
        sa.insert(_i).values(
            public_id=new_id(tx.now),
            project_id=project_id,
            task_id=task.id,
            level=level,
            why=why,
            state=int(ReviewState.READY),
            priority=task.priority,
            kept_from=answered_by(tx, task.id) if kept_from is None else kept_from,
            at=tx.now,
        )
    )


def open_items(tx: Transaction, ids: Collection[int]) -> Sequence[sa.Row]:
    """The items of these tasks that wait or are held, locked; the tasks' rows are locked by the caller."""
    return tx.rows(_OPEN, {"ids": list(ids)})


def drop(tx: Transaction, ids: Collection[int]) -> None:
    """Cancels what is open of these tasks: there is no answer to look at any more."""
    rows = open_items(tx, ids) if ids else []
    if rows:
        tx.execute(_CANCEL, {"ids": [row.id for row in rows]})


def renew(tx: Transaction, project_id: int, task: Any) -> None:
    """What a reviewer looks at has changed: whoever holds the task's item loses it, and levels begin anew."""
    rows = open_items(tx, [task.id])
    for row in rows:
        if row.state == ReviewState.READY and row.level == 1:  # nobody has looked at it yet
            tx.execute(_KEEP, {"key": row.id, "kept_from": answered_by(tx, task.id)})
            return
    if rows:
        tx.execute(_CANCEL, {"ids": [row.id for row in rows]})
    add_item(tx, project_id, task, 1, tx.scalar(_FIRST_WHY, {"task": task.id}) or Why.SAMPLED)


def escalate(tx: Transaction, task_id: int, said: str | None) -> bool:
    """Puts a task before a reviewer because an annotator asks for it, with what the annotator said.

    Answers of it that nobody holds are not waited for meanwhile; the caller has let go of the annotator's own
    assignment before. Gold, and a task that is not open, stays as it is: False.
    """
    row = tx.execute(_TASK, {"task": task_id}).one()
    if row.gold is not None or row.status != TaskStatus.OPEN:
        return False
    tx.execute(_NOT_WAITED_FOR, {"task": row.id})
    send(tx, row.project_id, row, f"{Why.ESCALATED}:{said}" if said else Why.ESCALATED)
    return True


def told(why: str) -> tuple[str, str | None]:
    """An item's `why`, and what an annotator said who escalated it."""
    code, _, said = why.partition(":")
    return code, said or None
