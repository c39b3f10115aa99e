"""What if the clock goes back? What was leased until a time that is now far ahead lapses about as late as it would
have.

Nothing stays in somebody's hands for longer than a lease, and no job waits for the clock to catch up.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa

from steelyard.domain.times import SECOND
from steelyard.jobs.queue import LEASE
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing

log = logging.getLogger("steelyard")
NOTICED = 2 * SECOND  # clocks are set right by less all the time
LOOKED_EVERY = 10  # calls, a second apart, after which all that is held is looked at
JOB_WAITS = 60 * SECOND  # the longest that a job is put off, but for one that has failed often
PUT_OFF = 5400 * SECOND  # and that one's longest


class ClockWatch:
    """Called every second within a write. It compares the clock with what it was, and since that misses a jump
    before it was first called, or there and back in between, looks now and then for what began in the future."""

    def __init__(self) -> None:
        self._latest: int | None = None
        self._calls = 0

    def __call__(self, tx: Transaction) -> None:
        back = 0 if self._latest is None else self._latest - tx.now
        if back > NOTICED or self._calls % LOOKED_EVERY == 0:
            moved = set_back(tx, back if back > NOTICED else 0)
            if moved:
                log.warning(
                    "the clock went back; %d leases and jobs that ended late end in time again", moved
                )
        now = tx.now
        tx.after_commit(lambda: self._saw(now))

    def _saw(self, now: int) -> None:
        self._latest = now
        self._calls += 1


def set_back(tx: Transaction, back: int = 0) -> int:
    """Ends in time what would end late because the clock went back, by `back` microseconds where that is known;
    returns how much that was. Harmless when two servers do it: no lease gets shorter than the project's own."""
    moved = 0
    for held in (t.assignment, t.review_item):
        state = sa.text(f"{held.name}.state = 1")
        # What was claimed in the future was claimed now.
        moved += tx.execute(
            sa.update(held)
            .where(state, held.c.claimed_at > tx.now + NOTICED)
            .values(claimed_at=tx.now, lease_until=tx.now + held.c.lease_until - held.c.claimed_at)
        ).rowcount
        if back == 0:
            continue
        # What was claimed before and renewed until then ends as much earlier.
        for project in tx.execute(sa.select(held.c.project_id).where(state).distinct()).scalars().all():
            lease = tx.now + standing.terms_of(tx, project).policy.lease_s * SECOND
            earlier = held.c.lease_until - back
            moved += tx.execute(
                sa.update(held)
                .where(state, held.c.project_id == project, held.c.lease_until > lease)
                .values(lease_until=sa.case((earlier > lease, earlier), else_=lease))
            ).rowcount
    return moved + _set_jobs_back(tx, JOB_WAITS if moved or back else PUT_OFF)


def _set_jobs_back(tx: Transaction, longest: int) -> int:
    job = t.job
    held = tx.execute(
        sa.update(job)
        .where(job.c.state == "running", job.c.lease_until > tx.now + LEASE + NOTICED)
        .values(lease_until=tx.now + LEASE)
    )
    put_off = tx.execute(
        sa.update(job)
        .where(sa.text("job.state <> 'dead'"), job.c.run_at > tx.now + longest + NOTICED)
        .values(run_at=tx.now + JOB_WAITS)
    )
    return held.rowcount + put_off.rowcount
