"""What is next in the phase-outs that run: a step, or the exit at the end?

A sweep looks and may come late or twice, on any server. A step begins once, whoever sees first that it is due,
and steps that nobody saw are passed over; the end is a job.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import ProviderStatus, World
from steelyard.exit import execute
from steelyard.exit.ordered import as_owner
from steelyard.exit.phase_out import DONE, close, record
from steelyard.exit.plan import plan
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.phase_out import RUNNING, PhaseOut, begin_limits, is_behind, phase_out_of

JOB = "phase_out"


def advance(tx: Transaction) -> int:
    """Begins the steps that are due and orders the exits that are; returns how many of either.

    A step changes nothing that eligibility reads, and each project is locked as a claim in it locks it: so it
    needs no exclusive lock. Claims that began before it count in the step after it, as held.
    """
    begun = 0
    for row in tx.rows(
        sa.select(t.phase_out).where(t.phase_out.c.state == RUNNING).order_by(t.phase_out.c.id)
    ):
        phase_out = phase_out_of(row)
        if tx.now >= phase_out.ends:
            begun += enqueue(tx, JOB, {"phase_out": row.id}, dedup_key=f"{JOB}:{row.id}")
        elif is_behind(tx, phase_out):
            begun += _begin_step(tx, row, phase_out)
    return begun


def _begin_step(tx: Transaction, row: sa.Row, phase_out: PhaseOut) -> bool:
    mine = (t.phase_out.c.id == row.id, t.phase_out.c.state == RUNNING)
    if tx.row(sa.select(t.phase_out.c.id).where(*mine).with_for_update(skip_locked=True)) is None:
        return False  # another server is at it, or it has ended
    if begin_limits(tx, phase_out) == 0:
        return False
    record(tx, row, None, {"part": phase_out.part(tx.now)}, None)
    return True


def foresee(tx: Transaction, args: dict[str, Any]) -> dict[str, Any]:
    """The plan of the exit at the end of a phase-out, counted before anything is held up by it."""
    key = sa.select(t.phase_out.c.provider_id).where(t.phase_out.c.id == args["phase_out"]).scalar_subquery()
    return plan(tx, tx.execute(sa.select(t.provider).where(t.provider.c.id == key)).one(), World.LIVE)


def finish(tx: Transaction, args: dict[str, Any], foreseen: dict[str, Any] | None = None) -> None:
    """The job at the end: the phase-out is done, and the exit begins in the same moment with the options that
    were given, in the name of who ordered it, whatever that person may do by now."""
    tx.hold_showing()
    row = tx.row(sa.select(t.phase_out).where(t.phase_out.c.id == args["phase_out"]).with_for_update())
    if row is None or row.state != RUNNING or tx.now < row.ends_at:
        return
    close(tx, row, DONE, row.person_id)
    provider = tx.execute(sa.select(t.provider).where(t.provider.c.id == row.provider_id)).one()
    execute.begin(tx, as_owner(tx, row.person_id), provider.slug, _still_possible(tx, row.options), foreseen)


def _still_possible(tx: Transaction, options: dict[str, Any]) -> dict[str, Any]:
    """Without the providers that cannot take the work over any more: the exit does not wait for them."""
    gone = (ProviderStatus.SUSPENDED, ProviderStatus.EXITED)
    named = tx.execute(
        sa.select(t.provider.c.slug).where(
            t.provider.c.slug.in_(options.get("to", [])), t.provider.c.status.not_in(gone)
        )
    ).scalars()
    able = set(named)
    return {**options, "to": [slug for slug in options.get("to", []) if slug in able]}
