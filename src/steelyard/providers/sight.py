"""What is known of each project at this moment, and what is too stale or too much to be worked out at once?

A project is seen with its sums as they are now and with figures that say of when they are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import ProjectStatus
from steelyard.domain.times import format_time
from steelyard.providers import figures
from steelyard.providers.figures import Figures
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.tally import by_provider


@dataclass
class Sight:
    """A project's sums of judgments by provider, and what is known of it beside them."""

    project: sa.Row
    sums: dict[int, int]
    figures: Figures | None
    behind: int

    @property
    def judgments(self) -> int:
        return sum(self.sums.values())

    @property
    def pending(self) -> bool:
        return self.figures is None and self.judgments > 0

    @property
    def found(self) -> dict[str, Any]:
        return {} if self.figures is None else self.figures.found

    def of(self, provider_id: int) -> dict[str, Any]:
        return self.found.get("providers", {}).get(str(provider_id), {})

    def weight(self, provider_id: int) -> float | None:
        return None if self.figures is None else self.found["weight"].get(str(provider_id), 0.0)

    def without(self, providers: Collection[int]) -> dict[str, Any] | None:
        """Without all of these; None where that was not worked out."""
        known = self.found.get("providers", {})
        here = sorted(p for p in providers if str(p) in known)
        if len(here) == 1:
            return known[str(here[0])]["without"]
        for group in self.found.get("sets", ()):
            if group["providers"] == here:
                return group["without"]
        return None

    @property
    def as_of(self) -> str | None:
        return None if self.figures is None else format_time(self.figures.at)


@dataclass
class Seen:
    """The projects of a world as one request saw them. `fresh` was worked out on the spot and may be kept,
    `order` is to be worked out by a job."""

    sights: list[Sight]
    fresh: dict[int, Figures] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)


def see(tx: Transaction, world: str, project_id: int | None = None, spot: int | None = None) -> Seen:
    """Looks at the projects of a world, or at one. `spot`: how many judgments may be worked out at once; by
    default some in a read, fewer of what is known as it was a while ago, and none in a write, which others wait
    for."""
    room = spot if spot is not None else figures.SMALL if _only_reads(tx) else 0
    again = figures.AGAIN if spot is None else spot
    living = (t.project.c.world == world, t.project.c.status != ProjectStatus.DELETED)
    query = sa.select(t.project).where(*living).order_by(t.project.c.id)
    if project_id is not None:
        query = query.where(t.project.c.id == project_id)
    sums: dict[int, dict[int, int]] = {}
    for entry in by_provider(tx, project_id, world=world):
        if entry.judgments + entry.gold_judgments:
            sums.setdefault(entry.project_id, {})[entry.provider_id] = entry.judgments
    seen = Seen([])
    for project in tx.rows(query):
        state = figures.state_of(tx, project.id)
        known = figures.kept(tx, project.id)
        if state.judgments and (known is None or known.state != state.name):
            if state.judgments <= (room if known is None else min(room, again)):
                room -= state.judgments
                known = seen.fresh[project.id] = figures.figures_here(tx, project.id)
            elif figures.may_order(tx, project.id, known):
                seen.order.append(project.id)
        if known is not None:
            tx.memo.setdefault("figures", {})[project.id] = known
        behind = (
            0 if known is None or known.state == state.name else abs(state.judgments - known.judgments) or 1
        )
        seen.sights.append(
            Sight(project, sums.get(project.id, {}), known, behind if known else state.judgments)
        )
    return seen


def _only_reads(tx: Transaction) -> bool:
    return not getattr(tx, "_writes", True)
