"""Who may be shown what?

One pure function, asked by claim, dispatch, submit and download in their own transaction: whatever it
refuses is neither shown nor accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from steelyard.domain.policy import SENSITIVITIES
from steelyard.domain.states import ProviderStatus

WHOLE = 1_000_000  # shares are counted in millionths


@dataclass(frozen=True)
class Interest:
    """`holder` holds `share` (millionths) of a provider or of another organisation."""

    holder: int
    share: int
    provider: int | None = None
    organisation: int | None = None


@dataclass(frozen=True)
class ProviderFacts:
    """What eligibility reads of a provider; `interests` maps organisation to its whole share in millionths."""

    id: int
    name: str
    status: ProviderStatus
    clearance: str
    interests: Mapping[int, int]


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


def interests_of(provider: int, edges: Iterable[Interest]) -> dict[int, int]:
    """Every organisation that holds a part of a provider, directly or through others, and how much.

    The share through a chain is the product of its links, several paths add up, the sum is capped at the
    whole, and a chain that meets itself is not followed further.
    """
    of_provider: list[Interest] = []
    of_organisation: dict[int, list[Interest]] = {}
    for edge in edges:
        if edge.provider == provider:
            of_provider.append(edge)
        elif edge.organisation is not None:
            of_organisation.setdefault(edge.organisation, []).append(edge)
    total: dict[int, Fraction] = {}  # exact: the order of the edges must not tip a rounding

    def follow(edge: Interest, share: Fraction, path: frozenset[int]) -> None:
        if edge.holder in path:
            return
        held = share * edge.share / WHOLE
        total[edge.holder] = total.get(edge.holder, Fraction(0)) + held
        for above in of_organisation.get(edge.holder, ()):
            follow(above, held, path | {edge.holder})

    for edge in of_provider:
        follow(edge, Fraction(WHOLE), frozenset())
    # A share of any size is an interest, however long the chain: never round one down to nothing.
    return {holder: max(1, min(WHOLE, round(share))) for holder, share in total.items() if share > 0}


def may_be_shown(
    provider: ProviderFacts, demand: Demand, *, gold: bool = False, names: Mapping[int, str] | None = None
) -> Verdict:
    """May this provider be shown a task of this project? `gold`: a task whose answer is known.

    `names` gives organisations their names in the reason.
    """
    if provider.status in (ProviderStatus.SUSPENDED, ProviderStatus.EXITED):
        return Verdict(False, "provider_stopped", f"{provider.name} is {provider.status}")
    for organisation, share in sorted(provider.interests.items()):
        if organisation in demand.conflicts and share >= demand.stake:
            who = (names or {}).get(organisation, "an organisation")
            percent = f"{share / WHOLE * 100:.4g} %"
            return Verdict(
                False,
                "provider_stopped",
                f"{who}, named in the conflicts, holds {percent} of {provider.name}",
            )
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
