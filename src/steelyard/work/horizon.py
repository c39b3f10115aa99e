"""Which showings are asked for, and up to when?

Exposure is written before anything is shown, under the installation's lock taken shared. So below a horizon, which
takes the lock alone, nothing appears any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.store import tables as t
from steelyard.store.database import Transaction

DEFAULT_SENSITIVITY = "internal"


@dataclass(frozen=True)
class Horizon:
    """A moment, and the highest key that a showing had then: all up to it were there, and no others come."""

    row: int
    at: int


@dataclass(frozen=True)
class Which:
    """Which showings: those of one world, narrowed by whatever else is given (row keys; a level)."""

    world: str
    provider_id: int | None = None
    annotator_id: int | None = None
    project_id: int | None = None
    sensitivity: str | None = None  # of the project, when the content was shown
    horizon: Horizon | None = None


def horizon(tx: Transaction) -> Horizon:
    """As of now; in a write. It waits for the claims that have begun, and those that begin come after it: what
    was written before has a key up to `row` and a time up to `at`, what is written later has neither."""
    tx.hold_showing()
    return Horizon(tx.scalar(_HIGHEST), tx.now)


_HIGHEST = sa.select(sa.func.coalesce(sa.func.max(t.exposure.c.id), 0))


def now_of(project: Any) -> sa.ColumnElement[str]:
    """A project's sensitivity at present."""
    return sa.func.coalesce(project.c.policy["sensitivity"].as_string(), DEFAULT_SENSITIVITY)
