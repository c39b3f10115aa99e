"""How does a test act as a reviewer? Short ways to the use cases, each in a write of its own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import ReviewState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.giveback import give_back
from steelyard.work.review import judge
from steelyard.work.review_queue import claim_reviews
from steelyard.work.review_shown import Shown
from steelyard.work.tally import Progress, progress
from steelyard.work.verdict import Reviewed
from support.world import World


class Desk:
    """Where one reviewer works on one project."""

    def __init__(self, world: World, project: sa.Row, who: Principal) -> None:
        self.world, self.project, self.who = world, project, who

    def claim(self, count: int = 1, lease_s: int | None = None) -> list[Shown]:
        return self.world.write(lambda tx: claim_reviews(tx, self.who, self.project, count, lease_s)).held

    def one(self) -> Shown:
        (found,) = self.claim()
        return found

    def say(self, item: Shown | str, verdict: str, **more: Any) -> Reviewed:
        key = item if isinstance(item, str) else item.id
        return self.world.write(lambda tx: judge(tx, self.who, key, verdict, **more))

    def accept(self) -> Reviewed:
        return self.say(self.one(), "accept")

    def fix(self, label: str) -> Reviewed:
        return self.say(self.one(), "fix", answers={"label": label})

    def reject(self, reason: str = "careless") -> Reviewed:
        return self.say(self.one(), "reject", reason=reason)


def desk(world: World, project: sa.Row, name: str = "rita") -> Desk:
    return Desk(world, project, world.person(name, role="reviewer"))


def escalate(world: World, who: Principal, project: sa.Row, reason: str = "too blurry") -> None:
    (held,) = world.take(who, project)
    world.write(lambda tx: give_back(tx, who, held.id, reason, "review"))


def sums(world: World, project: sa.Row) -> Progress:
    return world.database.read(lambda tx: progress(tx, project.id))


def items(world: World) -> list[tuple[int, str, ReviewState, str | None]]:
    """Level, why, state and verdict of every item, the first one first."""
    rows = world.all(sa.select(t.review_item).order_by(t.review_item.c.id))
    return [(r.level, r.why, ReviewState(r.state), r.verdict) for r in rows]


def review_item_of(world: World, public_id: str) -> sa.Row:
    (row,) = world.all(sa.select(t.review_item).where(t.review_item.c.public_id == public_id))
    return row


def counted(world: World, project: sa.Row) -> None:
    """The sums say what is there."""
    found = sums(world, project)
    tasks = world.all(sa.select(t.task).where(t.task.c.gold.is_(None)))
    work = (t.judgment.c.current, t.judgment.c.gold == sa.false())
    votes = world.count(t.judgment, t.judgment.c.based_on.is_(None), *work)
    assert found.settled == sum(task.status == "settled" for task in tasks)
    assert found.reviewing == sum(task.status == "review" for task in tasks)
    assert found.wanted == sum(task.wanted for task in tasks)
    assert found.judgments == votes == sum(task.answers for task in tasks)
