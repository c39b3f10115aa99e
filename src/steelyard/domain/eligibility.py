"""Who may be shown what?

One pure function, asked by claim, dispatch, submit and download in their own transaction: whatever it
refuses is neither shown nor accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from steelyard.domain.chains import Held
from steelyard.domain.policy import SENSITIVITIES
from steelyard.domain.rings import WHOLE
from steelyard.domain.states import ProviderStatus

MOST_NAMED = 6  # organisations between a holder and a provider that a reason names


@dataclass(frozen=True)
class ProviderFacts:
    """What eligibility reads of a provider.

    `interests` maps organisation to its whole share in millionths; `held` knows their chains, for the reason
    alone.
    """

    id: int
    name: str
    status: ProviderStatus
    clearance: str
    interests: Mapping[int, int]
    held: Held | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Demand:
    """What eligibility reads of a project: who is in conflict from which share on, and who is allowed."""

    sensitivity: str
    conflicts: frozenset[int]
    stake: int
    allowed: frozenset[int] | None


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    code: str = "allowed"
    because: str = ""


ALLOWED = Verdict(True)


def may_be_shown(
    provider: ProviderFacts, demand: Demand, *, gold: bool = False, names: Mapping[int, str] | None = None
) -> Verdict:
    """May this provider be shown a task of this project? `gold`: a task whose answer is known.

    `names` gives organisations their names in the reason.
    """
    if provider.status in (ProviderStatus.SUSPENDED, ProviderStatus.EXITED):
        return Verdict(False, "provider_stopped", f"{provider.name} is {provider.status}")
    conflicting = [
        o for o in demand.conflicts & provider.interests.keys() if provider.interests[o] >= demand.stake
    ]
    if conflicting:
        most = max(conflicting, key=lambda o: (provider.interests[o], -o))
        return Verdict(False, "provider_stopped", _holding(provider, most, names or {}))
    if SENSITIVITIES.index(provider.clearance) < SENSITIVITIES.index(demand.sensitivity):
        return Verdict(
            False,
            "provider_stopped",
            f"{provider.name} is cleared for {provider.clearance}, the project is {demand.sensitivity}",
        )
    if demand.allowed is not None and provider.id not in demand.allowed:
        return Verdict(False, "provider_stopped", f"the project does not name {provider.name}")
    if provider.status is ProviderStatus.TRIAL and not gold:
        return Verdict(False, "provider_on_trial", f"{provider.name} is on trial: gold tasks only")
    return ALLOWED


def _holding(provider: ProviderFacts, organisation: int, names: Mapping[int, str]) -> str:
    """Who holds how much of a provider, and through whom most of it goes, in a sentence."""
    share = provider.interests[organisation]
    sentence = (
        f"{_name(organisation, names)}, named in the conflicts, holds {_percent(share)} of {provider.name}"
    )
    between, last, product = _largest_chain(provider, organisation)
    way = " directly"
    if between:
        way = f" through {_listed([f'{_name(held, names)} ({_percent(part)})' for held, part in between])}"
        if last < WHOLE:
            way += f", which holds {_percent(last)} of {provider.name}"
    largest = max(1, round(product * WHOLE))
    if largest < share:
        return f"{sentence}: {_percent(largest)}{way}, the rest in other ways"
    return sentence + way if between else sentence


def _largest_chain(provider: ProviderFacts, organisation: int) -> tuple[list[tuple[int, int]], int, Fraction]:
    """Who is between, each with the part of it that the one before holds; the last link; the product of all."""
    between: list[tuple[int, int]] = []
    product = Fraction(1)
    through = {} if provider.held is None else provider.held.through
    held, part = through.get(organisation, (None, provider.interests[organisation]))
    while held is not None:
        between.append((held, part))
        product *= Fraction(part, WHOLE)
        held, part = through[held]
    return between, part, product * Fraction(part, WHOLE)


def _listed(links: list[str]) -> str:
    """In the order of the chain; of a long one the ends."""
    if len(links) > MOST_NAMED:
        links = [*links[:3], f"{len(links) - 5} more", *links[-2:]]
    return " and ".join([", ".join(links[:-1]), links[-1]]) if len(links) > 1 else links[0]


def _name(organisation: int, names: Mapping[int, str]) -> str:
    return names.get(organisation, "an organisation")


def _percent(share: int) -> str:
    return f"{share / WHOLE * 100:.4g} %"
