"""Who could do the provider's work instead, for how much and by when?

Each mix is a way of spreading the answers to be given anew over those who may be shown the work; what a mix
cannot do at all is said to be stranded, not left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from steelyard.providers.forecast import Part, able, as_they_work, replacement, speeds_of
from steelyard.providers.registry import IN_HOUSE
from steelyard.store import tables as t
from steelyard.store.database import Transaction

ALONE = 6  # of so many other providers each is shown alone as well


def mixes(tx: Transaction, provider: sa.Row, world: str, hangs: Mapping[str, Any]) -> dict[str, Any]:
    """`{"answers", "mixes": [{name, title, providers, cost, days, date, because, per_day, stranded}]}`.

    `hangs` is what depends on the provider, as from `providers.dependence`.
    """
    ids = {
        r.slug: r.id
        for r in tx.rows(sa.select(t.project.c.id, t.project.c.slug).where(t.project.c.world == world))
    }
    answers: dict[int, int] = {}
    extra: dict[int, int] = {}
    for project in hangs["projects"]:
        key = ids[project["project"]]
        replace = project.get("replace") or {}
        answers[key] = replace.get("answers", project["judgments"])
        extra[key] = replace.get("extra", 0)
    found = [
        _mix(tx, name, title, parts, answers, extra, provider.id)
        for name, title, parts in _ways(tx, provider.id, answers)
    ]
    return {"answers": sum(answers.values()), "mixes": found}


def _ways(
    tx: Transaction, leaving: int, answers: Mapping[int, int]
) -> list[tuple[str, str, list[Part] | None]]:
    """Names, titles and parts of the mixes that are compared. None: whoever is free takes the next task."""
    rows = {
        r.id: r
        for r in tx.rows(sa.select(t.provider.c.id, t.provider.c.slug, t.provider.c.name, t.provider.c.price))
    }
    may = sorted({p for project in answers for p in able(tx, project, (leaving,))})
    ways: list[tuple[str, str, list[Part] | None]] = []
    if may:
        ways.append(("as_now", "The others, as they work now", None))
    if len(may) > 1:
        fast = {p: sum(speeds_of(tx, project).answers(p) for project in answers) for p in may}
        dearest_last = sorted(may, key=lambda p: (rows[p].price, rows[p].slug))
        ways.append(("cheapest", "The cheapest alone", [(dearest_last[0], 1.0)]))
        if any(fast.values()):
            quickest = max(may, key=lambda p: (fast[p], rows[p].slug))
            ways.append(("fastest", "The fastest alone", [(quickest, 1.0)]))
    outside = [p for p in may if rows[p].slug != IN_HOUSE]
    if len(outside) > 1:
        ways.append(("outside", "The other outside providers in equal parts", [(p, 1.0) for p in outside]))
    if len(may) <= ALONE:
        ways += [(f"alone:{rows[p].slug}", f"{rows[p].name} alone", [(p, 1.0)]) for p in may]
    return ways


def _mix(
    tx: Transaction,
    name: str,
    title: str,
    parts: list[Part] | None,
    answers: Mapping[int, int],
    extra: Mapping[int, int],
    leaving: int,
) -> dict[str, Any]:
    found = replacement(tx, answers, parts, extra=extra, without=(leaving,))
    slugs = {r.id: r.slug for r in tx.rows(sa.select(t.provider.c.id, t.provider.c.slug))}
    if parts is None:
        weight: dict[int, float] = {}
        for project, n in answers.items():
            for p, part in as_they_work(tx, project, (leaving,)):
                weight[p] = weight.get(p, 0.0) + part * max(n, 1)
        parts = sorted(weight.items(), key=lambda item: -item[1])
    total = sum(part for _, part in parts) or 1.0
    return {
        "name": name,
        "title": title,
        "providers": [{"provider": slugs[p], "share": round(part / total, 4)} for p, part in parts],
        **{k: found[k] for k in ("cost", "days", "date", "because", "per_day", "stranded")},
    }
