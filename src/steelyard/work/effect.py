"""What does a change stop, and what does it let go on?

Found by carrying the change out: what everybody may be shown before it and after it is compared, over all
providers and all projects of both worlds, in the change's own transaction. A preview is the same, rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

from steelyard.domain.eligibility import Demand
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.recall import Recalled, recall

T = TypeVar("T")
Pair = tuple[int, int]  # row keys of a provider and a project


@dataclass(frozen=True)
class Place:
    """A provider in a project."""

    provider_id: int
    provider: str  # slug
    name: str
    project: str  # slug
    project_name: str
    world: str


@dataclass(frozen=True)
class Stop:
    """A provider may not be shown in a project what it could be shown before; `held` goes back to the queue."""

    at: Place
    because: str
    held: int


@dataclass(frozen=True)
class Effect:
    """What followed from a change. `waiting`: of what is recalled, how much a job takes back afterwards;
    `made`: organisations that the change named and that were not there before."""

    stopped: tuple[Stop, ...] = ()
    resumed: tuple[Place, ...] = ()
    recalled: Recalled = field(default_factory=Recalled)
    waiting: int = 0
    made: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "stopped": [
                {**_json(stop.at), "because": stop.because, "held": stop.held} for stop in self.stopped
            ],
            "resumed": [_json(place) for place in self.resumed],
            "recalled": self.recalled.count + self.waiting,
            "more_to_recall": self.recalled.more,
            "organisations_made": list(self.made),
        }


def _json(place: Place) -> dict[str, Any]:
    return {
        "provider": place.provider,
        "name": place.name,
        "project": place.project,
        "project_name": place.project_name,
        "world": place.world,
    }


def carry_out(tx: Transaction, change: Callable[[], T]) -> tuple[T, Effect]:
    """Makes a change of what eligibility reads, under the exclusive lock, and recalls; says what followed."""
    tx.hold_showing()
    before, asked_before = standing.standing(tx), standing.demands(tx)
    result, made = naming(tx, change)
    standing.changed(tx)
    recalled = recall(tx)
    after, asked = standing.standing(tx), standing.demands(tx)
    waiting = _still_held(tx) if recalled.more else {}
    stopped: dict[Pair, str] = {}
    resumed: list[Pair] = []
    for provider_id, project_id in _touched(before, asked_before, after, asked):
        # A provider that is new would have been shown everything, had nothing stood against it.
        known = provider_id in before.providers
        was = _reach(before, provider_id, asked_before[project_id]) if known else 2
        now = _reach(after, provider_id, asked[project_id])
        if now < was:
            stopped[provider_id, project_id] = after.verdict(provider_id, asked[project_id]).because
        elif now > was:
            resumed.append((provider_id, project_id))
    places = _places(tx, {*stopped, *resumed})
    return result, Effect(
        tuple(
            Stop(places[pair], because, recalled.by.get(pair, 0) + waiting.get(pair, 0))
            for pair, because in sorted(stopped.items())
        ),
        tuple(places[pair] for pair in sorted(resumed)),
        recalled,
        sum(waiting.values()),
        made,
    )


def naming(tx: Transaction, change: Callable[[], T]) -> tuple[T, tuple[str, ...]]:
    """Makes a change under the exclusive lock, and says which organisations it named that were not there."""
    tx.hold_showing()
    newest = tx.scalar(_NEWEST) or 0
    result = change()
    return result, tuple(tx.execute(_MADE, {"newest": newest}).scalars())


# Under the exclusive lock nobody else makes one: those above are this change's own.
_NEWEST = sa.select(sa.func.max(t.organisation.c.id))
_MADE = (
    sa.select(t.organisation.c.name)
    .where(t.organisation.c.id > sa.bindparam("newest"))
    .order_by(t.organisation.c.id)
)
_HELD = (
    sa.select(
        t.assignment.c.provider_id,
        t.assignment.c.project_id,
        t.assignment.c.lane_id.is_(None).label("gold"),
        sa.func.count().label("n"),
    )
    .where(sa.text("assignment.state = 1"))
    .group_by(t.assignment.c.provider_id, t.assignment.c.project_id, t.assignment.c.lane_id.is_(None))
)


def _touched(
    before: standing.Standing,
    asked_before: dict[int, Demand],
    after: standing.Standing,
    asked: dict[int, Demand],
) -> Iterator[Pair]:
    """The pairs of which something that eligibility reads is not as it was."""
    projects = [key for key in asked if key in asked_before]
    altered = [key for key in projects if asked[key] != asked_before[key]]
    for provider_id, facts in after.providers.items():
        same = before.providers.get(provider_id) == facts
        yield from ((provider_id, project_id) for project_id in (altered if same else projects))


def _reach(here: standing.Standing, provider_id: int, demand: Demand) -> int:
    """2: work and gold; 1: gold alone; 0: nothing."""
    if here.verdict(provider_id, demand).allowed:
        return 2
    return 1 if here.verdict(provider_id, demand, gold=True).allowed else 0


def _still_held(tx: Transaction) -> dict[Pair, int]:
    """What is held and may not be, by whom and in which project."""
    found: dict[Pair, int] = {}
    for row in tx.execute(_HELD):
        if not standing.verdict(tx, row.provider_id, row.project_id, gold=row.gold).allowed:
            pair = (row.provider_id, row.project_id)
            found[pair] = found.get(pair, 0) + row.n
    return found


def _places(tx: Transaction, pairs: set[Pair]) -> dict[Pair, Place]:
    if not pairs:
        return {}
    slugs = {r.id: r.slug for r in tx.execute(sa.select(t.provider.c.id, t.provider.c.slug))}
    names = standing.standing(tx).providers
    projects = {
        row.id: row
        for row in tx.execute(
            sa.select(t.project.c.id, t.project.c.slug, t.project.c.name, t.project.c.world)
        )
    }
    return {
        (provider, project): Place(
            provider,
            slugs[provider],
            names[provider].name,
            projects[project].slug,
            projects[project].name,
            projects[project].world,
        )
        for provider, project in pairs
    }
