"""What happens in the moment a rival buys into a provider?

One answer of the provider is held back on purpose, so that it can be tried to hand it in afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.providers import RIVAL, STAKE, ModelProvider
from steelyard.client import Client, Refused

TRIES = 200


class PromiseBroken(Exception):
    """The engine did what it must not do; the message says what."""


@dataclass(frozen=True)
class Moment:
    """`hangs`: the provider's dependence in this project; `exposed`, `showings`: distinct tasks it was shown and
    how often; `next_claim`, `refused`: what its next claim and the answer held back were told."""

    at_judgment: int
    at: datetime
    because: str
    recalled: int
    exposed: int
    showings: int
    hangs: dict[str, Any]
    next_claim: str
    refused: str


def take_stake(owner: Client, worker: Client, project: str, provider: ModelProvider) -> Moment:
    """Records the rival's stake and looks at what follows from it; `worker` has the provider's own key."""
    held = _hold_one_back(worker, project)
    interests = [
        {"organisation": provider.owner, "share": round(1 - STAKE, 2)},
        {"organisation": RIVAL, "share": STAKE},
    ]
    changed = owner.update_provider(provider.slug, interests=interests)
    at = datetime.now(UTC)
    state = owner.project(project)
    stopped = {s["project"]: s["because"] for s in changed["newly_stopped"]}
    if project not in stopped:
        raise PromiseBroken(f"the stake did not stop {provider.name}: {changed['newly_stopped']}")
    claimed = worker.claim(project, 1)
    if claimed["assignments"] or claimed["code"] != "stopped":
        raise PromiseBroken(f"{provider.name} was shown more after the stake: {claimed}")
    refused = _refused(worker, held)
    counts = owner.exposure_counts(provider.slug)
    hangs = owner.dependence(provider.slug)
    return Moment(
        at_judgment=state["progress"]["judgments"],
        at=at,
        because=stopped[project],
        recalled=changed["recalled"],
        exposed=counts["tasks"],
        showings=counts["showings"],
        hangs=next(p for p in hangs["projects"] if p["project"] == project),
        next_claim=claimed["code"],
        refused=refused,
    )


def check_nothing_more(owner: Client, provider: ModelProvider, moment: Moment) -> None:
    """At the end the provider has been shown what it had been shown in that moment, and nothing more."""
    counts = owner.exposure_counts(provider.slug)
    if (counts["tasks"], counts["showings"]) != (moment.exposed, moment.showings):
        raise PromiseBroken(f"{provider.name} was shown more after the stake: {counts}")


def _hold_one_back(worker: Client, project: str) -> str:
    for _ in range(TRIES):
        claimed = worker.claim(project, 1)
        if claimed["assignments"]:
            return claimed["assignments"][0]["id"]
    raise PromiseBroken(f"there was nothing to hold back: {claimed}")


def _refused(worker: Client, assignment: str) -> str:
    try:
        worker.submit(assignment, {"digit": "0"})
    except Refused as refused:
        if (refused.status, refused.code) == (409, "provider_stopped"):
            return f"{refused.status} {refused.code}"
        raise PromiseBroken(f"the answer held back was refused, but with {refused}") from None
    raise PromiseBroken("an answer was taken from a provider that is stopped")
