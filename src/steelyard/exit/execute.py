"""How is a provider left?

Durable steps, each in the record with when: stop and recall, withdraw its answers, revoke its keys. A crash
anywhere goes on with the step that was not done; every step may run twice without harm.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import new_id
from steelyard.domain.policy import Policy, parse_policy
from steelyard.domain.states import ExitState, ProviderStatus, TaskStatus
from steelyard.domain.times import format_time
from steelyard.exit.plan import plan
from steelyard.identity.keys import revoke_key
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.jobs.queue import enqueue
from steelyard.providers.registry import IN_HOUSE, find_provider, update_provider
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.queue import put_back, release_held
from steelyard.work.settle import Ordered, infer, order_answer, settle
from steelyard.work.tally import count_judgment, count_tasks

JOB = "exit"
STEPS = ("stop", "withdraw", "revoke_keys")
CHUNK = 50  # judgments withdrawn in one transaction
_j = t.judgment


def begin(tx: Transaction, who: Principal, slug: str) -> dict[str, Any]:
    """Stops the provider in this transaction and orders the rest; returns the exit with its steps."""
    require(who, Action.EXIT)
    require_live(who)
    tx.hold_showing()
    provider = find_provider(tx, slug)
    if provider.slug == IN_HOUSE:
        raise Conflict("the installation's own people cannot be left", "in_house")
    running = sa.select(t.exit).where(
        t.exit.c.provider_id == provider.id, t.exit.c.state == ExitState.RUNNING
    )
    before = tx.execute(running).first()
    if before is not None:
        return describe(tx, before.public_id)
    foreseen = plan(tx, provider, who.world)
    changed = update_provider(tx, who, slug, {"status": ProviderStatus.EXITED})
    public = new_id(tx.now)
    key = tx.added(
        sa.insert(t.exit).values(
            public_id=public,
            provider_id=provider.id,
            person_id=who.person_id,
            state=ExitState.RUNNING,
            plan=foreseen,
            at=tx.now,
        )
    )
    for position, name in enumerate(STEPS):
        done = name == "stop"
        tx.execute(
            sa.insert(t.exit_step).values(
                exit_id=key,
                position=position,
                name=name,
                state="done" if done else "waiting",
                detail={"recalled": changed.recalled.count} if done else None,
                at=tx.now if done else None,
            )
        )
    enqueue(tx, JOB, {"exit": key}, dedup_key=f"{JOB}:{key}")
    return describe(tx, public)


def describe(tx: Transaction, public_id: str) -> dict[str, Any]:
    row = tx.execute(
        sa.select(t.exit, t.provider.c.slug)
        .join(t.provider, t.provider.c.id == t.exit.c.provider_id)
        .where(t.exit.c.public_id == public_id)
    ).first()
    if row is None:
        raise NotFound("there is no such exit")
    steps = tx.execute(
        sa.select(t.exit_step).where(t.exit_step.c.exit_id == row.id).order_by(t.exit_step.c.position)
    )
    return {
        "id": row.public_id,
        "provider": row.slug,
        "state": row.state,
        "at": format_time(row.at),
        "done_at": None if row.done_at is None else format_time(row.done_at),
        "plan": row.plan,
        "steps": [
            {
                "name": s.name,
                "state": s.state,
                "detail": s.detail,
                "at": None if s.at is None else format_time(s.at),
            }
            for s in steps
        ],
    }


def carry_on(database: Database, args: dict[str, Any]) -> None:
    """The job: does the steps that are not done, one after the other."""
    for name, step in (("withdraw", _withdraw), ("revoke_keys", _revoke_keys)):
        state = database.read(
            lambda tx, name=name: tx.execute(
                sa.select(t.exit_step.c.state).where(
                    t.exit_step.c.exit_id == args["exit"], t.exit_step.c.name == name
                )
            ).scalar_one()
        )
        if state != "done":
            detail = step(database, args["exit"])
            database.write(lambda tx, name=name, detail=detail: _done(tx, args["exit"], name, detail))
    database.write(
        lambda tx: tx.execute(
            sa.update(t.exit)
            .where(t.exit.c.id == args["exit"], t.exit.c.state == ExitState.RUNNING)
            .values(state=ExitState.DONE, done_at=tx.now)
        )
    )


def _done(tx: Transaction, exit_id: int, name: str, detail: dict[str, Any]) -> None:
    tx.execute(
        sa.update(t.exit_step)
        .where(t.exit_step.c.exit_id == exit_id, t.exit_step.c.name == name)
        .values(state="done", detail=detail, at=tx.now)
    )


def _leaving(tx: Transaction, exit_id: int) -> sa.Row:
    return tx.execute(sa.select(t.exit).where(t.exit.c.id == exit_id)).one()


def _withdraw(database: Database, exit_id: int) -> dict[str, Any]:
    while database.write(lambda tx: _withdraw_some(tx, exit_id)):
        pass

    def count(tx: Transaction) -> int:
        return tx.execute(
            sa.select(sa.func.count())
            .select_from(t.withdrawal)
            .join(_j, _j.c.id == t.withdrawal.c.judgment_id)
            .where(_j.c.provider_id == _leaving(tx, exit_id).provider_id, t.withdrawal.c.reason == "exit")
        ).scalar_one()

    return {"withdrawn": database.read(count)}


def _withdraw_some(tx: Transaction, exit_id: int) -> int:
    """Withdraws up to a chunk of the provider's current judgments with what was made from them."""
    leaving = _leaving(tx, exit_id)
    derived = _j.alias("derived")
    rows = tx.execute(
        sa.select(_j)
        .where(_j.c.provider_id == leaving.provider_id, _j.c.current)
        .order_by(_j.c.id)
        .limit(CHUNK)
    ).all()
    # All tasks first and in one order: whoever submits holds one task and then waits for sums and lanes.
    tasks = tx.execute(
        sa.select(t.task)
        .where(t.task.c.id.in_({row.task_id for row in rows}))
        .order_by(t.task.c.id)
        .with_for_update(key_share=True)
    ).all()
    projects = {
        row.id: row
        for row in tx.execute(sa.select(t.project).where(t.project.c.id.in_({r.project_id for r in rows})))
    }
    policies = {key: parse_policy(project.policy) for key, project in projects.items()}
    for row in rows:
        made_from = (
            tx.execute(sa.select(derived).where(derived.c.based_on == row.id, derived.c.current)).all()
            if policies[row.project_id].derivatives == "drop"
            else []
        )
        for judgment in [row, *made_from]:
            withdraw_judgment(tx, judgment, "exit", leaving.person_id)
    ordered: list[Ordered] = []
    for task in tasks:
        if task.gold is None and task.status in (TaskStatus.OPEN, TaskStatus.SETTLED):
            ordered += reopen(tx, projects[task.project_id], task, policies[task.project_id])
    put_back(tx, ordered)
    return len(rows)


def withdraw_judgment(tx: Transaction, judgment: sa.Row, reason: str, person_id: int | None) -> None:
    """Marks a judgment as withdrawn; the fact itself stays as it is."""
    marked = tx.execute(sa.update(_j).where(_j.c.id == judgment.id, _j.c.current).values(current=False))
    if marked.rowcount == 0:
        return
    tx.execute(
        sa.insert(t.withdrawal).values(judgment_id=judgment.id, reason=reason, person_id=person_id, at=tx.now)
    )
    count_judgment(
        tx,
        judgment.project_id,
        judgment.provider_id,
        judgment.annotator_id,
        gold=judgment.gold,
        price=judgment.price,
        by=-1,
    )


def reopen(tx: Transaction, project: sa.Row, task: sa.Row, policy: Policy) -> list[Ordered]:
    """Infers the task's answer anew from what is left, and orders the answers that it now lacks; the caller
    puts them back. A task that had no answer yet gets none before the last one comes in."""
    left = tx.execute(
        sa.select(sa.func.count())
        .select_from(_j)
        .where(_j.c.task_id == task.id, _j.c.current, _j.c.based_on.is_(None))
    ).scalar_one()
    waiting = tx.execute(
        sa.select(sa.func.count())
        .select_from(t.assignment)
        .where(t.assignment.c.task_id == task.id, t.assignment.c.state.in_((0, 1, 4)))
    ).scalar_one()
    missing = max(0, min(task.wanted, policy.answers) - left - waiting)
    wanted = left + waiting + missing
    again = task.status == TaskStatus.SETTLED and left == 0
    tx.execute(
        sa.update(t.task)
        .where(t.task.c.id == task.id)
        .values(
            answers=left,
            wanted=wanted,
            status=TaskStatus.OPEN if again else task.status,
            settled_at=None if again else task.settled_at,
        )
    )
    count_tasks(
        tx,
        project.id,
        task.id,
        wanted=wanted - task.wanted,
        settled=-1 if again else 0,
        overlapping=-1 if left < 2 <= task.answers else 0,
    )
    ordered: list[Ordered] = []
    if left == 0:
        tx.execute(
            sa.update(t.consensus)
            .where(t.consensus.c.task_id == task.id, t.consensus.c.current)
            .values(current=False)
        )
    else:
        body = tx.execute(sa.select(t.form.c.body).where(t.form.c.id == task.form_id)).scalar_one()
        form = forms.parse_form(body)
        known = sa.select(t.consensus.c.id).where(t.consensus.c.task_id == task.id, t.consensus.c.current)
        if not (waiting or missing):
            ordered += settle(tx, project, _now(tx, task), form, policy)
        elif tx.execute(known).first():
            infer(tx, project, task, form)
    for _ in range(missing):
        ordered.append(order_answer(tx, project.id, _now(tx, task), replacing=True))
    return ordered


def _now(tx: Transaction, task: sa.Row) -> sa.Row:
    return tx.execute(sa.select(t.task).where(t.task.c.id == task.id)).one()


def _revoke_keys(database: Database, exit_id: int) -> dict[str, Any]:
    def end(tx: Transaction) -> int:
        leaving = _leaving(tx, exit_id)
        keys = tx.execute(
            sa.select(t.api_key.c.public_id)
            .join(t.person, t.person.c.id == t.api_key.c.person_id)
            .where(t.person.c.provider_id == leaving.provider_id, t.api_key.c.revoked_at.is_(None))
        ).scalars().all()  # fmt: skip
        for key in keys:
            revoke_key(tx, key)
        held = tx.execute(
            sa.select(t.assignment.c.id, t.assignment.c.lane_id, t.assignment.c.ordinal)
            .where(t.assignment.c.provider_id == leaving.provider_id, sa.text("assignment.state = 1"))
            .with_for_update()
        ).all()
        release_held(tx, held)
        # Counted, not remembered: a crash may have come between the revoking and its record.
        return tx.execute(
            sa.select(sa.func.count())
            .select_from(t.api_key)
            .join(t.person, t.person.c.id == t.api_key.c.person_id)
            .where(t.person.c.provider_id == leaving.provider_id, t.api_key.c.revoked_at >= leaving.at)
        ).scalar_one()

    return {"revoked": database.write(end)}
