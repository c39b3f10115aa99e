"""How much hangs on few, and when is somebody to be told?

The Herfindahl-Hirschman index of the shares: 10,000 when all hangs on one, 10,000/n when n carry alike. It is
taken over providers and over sources, because providers that one organisation owns whole are one source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.domain.eligibility import WHOLE
from steelyard.work.standing import Standing

MOST = 10_000
CODES = ("share_above", "organisation_above", "hhi_above")


@dataclass(frozen=True)
class Thresholds:
    """Above what an alert is raised: the share of one outside provider, or of all in which one organisation
    has an interest, and the index over sources.

    Of two providers one has half at least, so a threshold of a half would never be silent in a lab of two:
    the share is told from 60 %, the index from 5,500 (two sources at 66 : 34, three at 72 : 14 : 14).
    """

    share: float = 0.6
    hhi: int = 5_500


@dataclass(frozen=True)
class Held:
    """An organisation with an interest in some providers: `share` is everything it has an interest in,
    `attributed` weighted by its stakes."""

    organisation: int
    providers: tuple[int, ...]
    share: float
    attributed: float


def index_of(amounts: Iterable[float]) -> int | None:
    """The index of some amounts, whatever their sum; None where there is nothing."""
    known = [a for a in amounts if a > 0]
    total = sum(known)
    return round(MOST * sum((a / total) ** 2 for a in known)) if total else None


@dataclass(frozen=True)
class Source:
    """Providers that one organisation owns whole, or one that stands by itself."""

    providers: frozenset[int]
    amount: float


def sources_of(amounts: Mapping[int, float], here: Standing) -> list[Source]:
    """Providers (row keys) with their amounts, by the sources that they are; the largest first."""
    waiting = set(amounts)
    found: list[Source] = []
    while waiting:
        group: set[int] = set()
        more = {waiting.pop()}
        while more:
            group |= more
            more = {p for one in more for p in here.sources(one) if p in waiting}
            waiting -= more
        found.append(Source(frozenset(group), sum(amounts[p] for p in group)))
    return sorted(found, key=lambda source: (-source.amount, min(source.providers)))


def holdings(shares: Mapping[int, float], here: Standing) -> list[Held]:
    """The organisations behind providers with a share, the one with most first."""
    stakes: dict[int, dict[int, float]] = {}
    for provider in shares:
        for organisation, stake in here.providers[provider].interests.items():
            stakes.setdefault(organisation, {})[provider] = stake / WHOLE
    found = [
        Held(
            organisation,
            tuple(sorted(held)),
            sum(shares[p] for p in held),
            sum(shares[p] * stake for p, stake in held.items()),
        )
        for organisation, held in stakes.items()
    ]
    return sorted(found, key=lambda h: (-h.share, -h.attributed, here.organisations[h.organisation]))


@dataclass(frozen=True)
class Concentration:
    """Of some judgments: `shares` by provider (row key), the index over providers and over sources, the
    organisations behind them, and whether the largest source is the installation's own people."""

    shares: dict[int, float]
    providers: int | None
    sources: int | None
    held: list[Held]
    own: bool


def concentration_of(sums: Mapping[int, int], here: Standing, own: int | None) -> Concentration:
    """`sums`: judgments by provider (row key); `own`: the row key of the installation's own people."""
    total = sum(sums.values())
    shares = {p: round(n / total, 6) if total else 0.0 for p, n in sums.items()}
    sources = sources_of(sums, here)
    return Concentration(
        shares,
        index_of(sums.values()),
        index_of(source.amount for source in sources),
        holdings(shares, here),
        bool(sources) and own in sources[0].providers,
    )


def alerts(
    found: Concentration,
    thresholds: Thresholds,
    *,
    outside: Mapping[int, tuple[str, str]],
    organisations: Mapping[int, str],
    project: str | None,
    where: str,
) -> list[dict[str, Any]]:
    """What is above a threshold. `outside` maps outside providers to (slug, name): on one's own people one
    may depend, and an index whose largest source they are raises no alert. `where` says of what in a
    sentence."""
    told = [
        _alert(
            "share_above",
            f"{outside[p][1]} gives {_percent(share)} of the judgments {where}",
            project,
            share,
            provider=outside[p][0],
        )
        for p, share in found.shares.items()
        if share > thresholds.share and p in outside
    ]
    for held in found.held:
        if held.share > thresholds.share:
            name = organisations[held.organisation]
            message = f"{name} has an interest in what gives {_percent(held.share)} of the judgments {where}"
            told.append(_alert("organisation_above", message, project, held.share, organisation=name))
    if found.sources is not None and found.sources > thresholds.hhi and not found.own:
        message = f"the concentration over sources {where} is {found.sources:,} of {MOST:,}"
        told.append(_alert("hhi_above", message, project, found.sources / MOST))
    return told


def _alert(
    code: str,
    message: str,
    project: str | None,
    share: float,
    *,
    provider: str | None = None,
    organisation: str | None = None,
) -> dict[str, Any]:
    return {
        "code": code,
        "message": message,
        "project": project,
        "provider": provider,
        "organisation": organisation,
        "share": round(share, 6),
    }


def _percent(share: float) -> str:
    return f"{share * 100:.4g} %"
