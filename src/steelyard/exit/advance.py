"""What is next in the phase-outs that run: a step, or the exit at the end?

A sweep looks and may come late or twice, on any server. A step begins once, whoever sees first that it is due,
and steps that nobody saw are passed over; the end is a job.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import ProviderStatus, World
from steelyard.exit import execute
from steelyard.exit.phase_out import DONE, close, record
from steelyard.identity.policy import Principal, Role
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


def finish(tx: Transaction, args: dict[str, Any]) -> None:
    """The job at the end: the phase-out is done, and the exit begins in the same moment with the options that
    were given, in the name of who ordered it, whatever that person may do by now."""
    tx.hold_showing()
    row = tx.row(sa.select(t.phase_out).where(t.phase_out.c.id == args["phase_out"]).with_for_update())
    if row is None or row.state != RUNNING or tx.now < row.ends_at:
        return
    close(tx, row, DONE, row.person_id)
    provider = tx.execute(sa.select(t.provider).where(t.provider.c.id == row.provider_id)).one()
    execute.begin(tx, _orderer(tx, row.person_id), provider.slug, _still_possible(tx, row.options))


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


def _orderer(tx: Transaction, person_id: int) -> Principal:
    row = tx.execute(
        sa.select(
            t.person.c.public_id,
            t.person.c.name,
            t.provider.c.id.label("provider_id"),
            t.provider.c.slug,
            t.provider.c.name.label("provider_name"),
            t.provider.c.kind,
            t.annotator.c.id.label("annotator_id"),
        )
        .join(t.provider, t.provider.c.id == t.person.c.provider_id)
        .join(t.annotator, t.annotator.c.person_id == t.person.c.id)
        .where(t.person.c.id == person_id)
    ).one()
    return Principal(
        person_id=person_id,
        person=row.public_id,
        name=row.name,
        role=Role.OWNER,
        world=World.LIVE,
        provider_id=row.provider_id,
        provider_slug=row.slug,
        provider_name=row.provider_name,
        provider_kind=row.kind,
        annotator_id=row.annotator_id,
    )
