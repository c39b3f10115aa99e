"""When is the next drill of each provider?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import invalid
from steelyard.domain.states import ProviderStatus
from steelyard.domain.times import SECOND
from steelyard.exit import drill
from steelyard.store import tables as t
from steelyard.store.database import Transaction

DAY = 86_400 * SECOND
MOST_DAYS = 3650


def set_schedule(
    tx: Transaction, provider_id: int, every_days: Any, options: dict[str, Any], person_id: int | None
) -> None:
    """A drill every so many days from now on, the first one after that time; 0 ends the schedule.

    Raises `Invalid` at /every_days.
    """
    if isinstance(every_days, bool) or not isinstance(every_days, int) or not 0 <= every_days <= MOST_DAYS:
        raise invalid("/every_days", "range", f"must be a whole number of days from 0 to {MOST_DAYS}")
    tx.execute(sa.delete(t.drill_schedule).where(t.drill_schedule.c.provider_id == provider_id))
    if every_days:
        tx.execute(
            sa.insert(t.drill_schedule).values(
                provider_id=provider_id,
                every_days=every_days,
                options=options,
                person_id=person_id,
                next_at=tx.now + every_days * DAY,
            )
        )


def order_due(tx: Transaction) -> int:
    """Orders every drill whose time has come; the schedule of a provider that was left ends."""
    due = tx.rows(
        sa.select(t.drill_schedule, t.provider.c.status)
        .join(t.provider, t.provider.c.id == t.drill_schedule.c.provider_id)
        .where(t.drill_schedule.c.next_at <= tx.now)
        .order_by(t.drill_schedule.c.provider_id)
        .with_for_update(of=t.drill_schedule, skip_locked=True)
    )
    for row in due:
        mine = t.drill_schedule.c.provider_id == row.provider_id
        if row.status == ProviderStatus.EXITED:
            tx.execute(sa.delete(t.drill_schedule).where(mine))
            continue
        drill.add(tx, row.provider_id, row.options, row.person_id)
        missed = (tx.now - row.next_at) // (row.every_days * DAY)
        following = row.next_at + (missed + 1) * row.every_days * DAY
        tx.execute(sa.update(t.drill_schedule).where(mine).values(next_at=following))
    return len(due)
