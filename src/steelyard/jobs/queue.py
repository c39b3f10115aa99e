"""What is to be done later?

A job is written in the same transaction as the fact that causes it, so neither exists without the other.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from steelyard.domain.times import SECOND
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert

LEASE = 60 * SECOND
MAX_ATTEMPTS = 12


def enqueue(
    tx: Transaction, kind: str, args: dict[str, Any], *, dedup_key: str | None = None, delay_s: float = 0.0
) -> bool:
    """Adds a job; False when one with this `dedup_key` waits or runs already.

    A running job with the key is asked to run once more, since it may have read before this change.
    """
    run_at = tx.now + int(delay_s * SECOND)
    if dedup_key is not None and _ask_again(tx, dedup_key, args, run_at):
        return False
    added = tx.execute(
        upsert(tx, t.job)
        .values(kind=kind, dedup_key=dedup_key, args=args, state="waiting", run_at=run_at)
        .on_conflict_do_nothing()
        .returning(t.job.c.id)
    ).first()
    if added is not None:
        return True
    # Another has added it since it was looked for, and it may be running already.
    assert dedup_key is not None
    return not _ask_again(tx, dedup_key, args, run_at) and enqueue(
        tx, kind, args, dedup_key=dedup_key, delay_s=delay_s
    )


def _ask_again(tx: Transaction, dedup_key: str, args: dict[str, Any], run_at: int) -> bool:
    known = tx.execute(sa.select(t.job).where(t.job.c.dedup_key == dedup_key).with_for_update()).first()
    if known is None:
        return False
    if known.state == "running":
        tx.execute(sa.update(t.job).where(t.job.c.id == known.id).values(args={**args, "again": True}))
    elif known.state == "dead":
        tx.execute(
            sa.update(t.job)
            .where(t.job.c.id == known.id)
            .values(state="waiting", attempts=0, run_at=run_at, args=args)
        )
    return True


def take_due(tx: Transaction, owner: str, kinds: list[str]) -> sa.Row | None:
    """The next due job, leased to `owner`; a job whose lease has lapsed is due again."""
    row = tx.execute(
        sa.select(t.job)
        .where(
            t.job.c.kind.in_(kinds),
            sa.text("job.state <> 'dead'"),
            t.job.c.run_at <= tx.now,
            sa.or_(t.job.c.state == "waiting", t.job.c.lease_until < tx.now),
        )
        .order_by(t.job.c.run_at, t.job.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    args = {k: v for k, v in row.args.items() if k != "again"}
    tx.execute(
        sa.update(t.job)
        .where(t.job.c.id == row.id)
        .values(
            state="running", owner=owner, lease_until=tx.now + LEASE, attempts=row.attempts + 1, args=args
        )
    )
    return row


def take_from_dead(tx: Transaction, alive: Callable[[str], bool]) -> int:
    """Makes every job due at once whose runner is known to be dead; returns how many. `alive(owner)`."""
    running = sa.select(t.job.c.id, t.job.c.owner).where(t.job.c.state == "running")
    dead = [row.id for row in tx.rows(running) if row.owner is not None and not alive(row.owner)]
    if dead:
        tx.execute(sa.update(t.job).where(t.job.c.id.in_(dead)).values(lease_until=0, run_at=tx.now))
    return len(dead)


def heartbeat(tx: Transaction, job_id: int, owner: str) -> bool:
    """Prolongs the lease; False when another has taken the job over."""
    done = tx.execute(
        sa.update(t.job)
        .where(t.job.c.id == job_id, t.job.c.owner == owner, t.job.c.state == "running")
        .values(lease_until=tx.now + LEASE)
    )
    return done.rowcount == 1


def finish(tx: Transaction, job_id: int, owner: str) -> None:
    """Forgets a job that is done, or puts it back when it was asked for again meanwhile."""
    where = (t.job.c.id == job_id, t.job.c.owner == owner)
    row = tx.execute(sa.select(t.job.c.args).where(*where).with_for_update()).first()
    if row is not None and row.args.get("again"):
        tx.execute(
            sa.update(t.job)
            .where(*where)
            .values(state="waiting", run_at=tx.now, attempts=0, owner=None, lease_until=None)
        )
    else:
        tx.execute(sa.delete(t.job).where(*where))


def fail(tx: Transaction, job_id: int, owner: str, error: str) -> None:
    """Puts a job that failed back with exponential backoff and jitter; dead after too many attempts."""
    where = (t.job.c.id == job_id, t.job.c.owner == owner)
    row = tx.execute(sa.select(t.job.c.attempts).where(*where)).first()
    if row is None:
        return
    wait = min(2 ** (row.attempts - 1), 3600) * (0.5 + random.random())
    tx.execute(
        sa.update(t.job)
        .where(*where)
        .values(
            state="dead" if row.attempts >= MAX_ATTEMPTS else "waiting",
            run_at=tx.now + int(wait * SECOND),
            owner=None,
            lease_until=None,
            error=error[:2000],
        )
    )
