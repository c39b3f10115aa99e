"""What hangs on each provider and each organisation in some projects taken together?

Counts and weights are added up over the projects; what one of them does not know yet is null for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from steelyard.providers.concentration import Concentration, Thresholds, alerts, concentration_of
from steelyard.providers.forecast import as_they_work, prices, replacement
from steelyard.providers.registry import IN_HOUSE
from steelyard.providers.sight import Sight
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing


class Group:
    """Some projects taken together."""

    def __init__(self, tx: Transaction, sights: list[Sight]) -> None:
        self.tx, self.sights = tx, sights
        self.here = standing.standing(tx)
        self.sums: dict[int, int] = {}
        for sight in sights:
            for provider, n in sight.sums.items():
                self.sums[provider] = self.sums.get(provider, 0) + n
        self.judgments = sum(self.sums.values())
        self.known = not any(s.pending for s in sights)
        self.tasks = sum(s.found.get("tasks", 0) for s in sights)

    @cached_property
    def concentration(self) -> Concentration:
        rows = providers_of(self.tx)
        own = next((key for key, row in rows.items() if row.slug == IN_HOUSE), None)
        order = sorted(self._concerned(), key=lambda p: (-self.sums.get(p, 0), rows[p].name))
        return concentration_of({p: self.sums.get(p, 0) for p in order}, self.here, own)

    @property
    def hhi(self) -> dict[str, int]:
        """0 where nothing was answered."""
        return {"providers": self.concentration.providers or 0, "sources": self.concentration.sources or 0}

    def weight(self, *providers: int) -> float | None:
        """Their part of the consensus of all tasks; null while a project is pending."""
        if not self.known or not self.tasks:
            return None
        total = math.fsum(s.found["weight"].get(str(p), 0.0) * s.found["tasks"]
                          for s in self.sights if s.figures is not None for p in providers)  # fmt: skip
        return rounded(total / self.tasks)

    def without(self, providers: Collection[int]) -> dict[str, Any] | None:
        """Summed over the projects; null while one that is concerned is pending or not worked out."""
        parts = []
        for sight in self.sights:
            concerned = any(sight.sums.get(p) or sight.of(p) for p in providers)
            if not concerned:
                if sight.figures is not None and sight.found["tasks"]:
                    parts.append(_unchanged(sight.found))
                continue
            part = sight.without(providers)
            if part is None:
                return None
            parts.append(part)
        return _summed(parts) if parts and self.known else None

    def to_json(self, thresholds: Thresholds, project: str | None, where: str) -> dict[str, Any]:
        rows, found = providers_of(self.tx), self.concentration
        outside = {p: (rows[p].slug, rows[p].name) for p in found.shares if rows[p].slug != IN_HOUSE}
        names = self.here.organisations
        return {
            "judgments": self.judgments,
            "hhi": self.hhi,
            "providers": [self._provider(rows[p], share) for p, share in found.shares.items()],
            "organisations": [
                {
                    "organisation": names[h.organisation],
                    "providers": [rows[p].slug for p in h.providers],
                    "share": rounded(h.share),
                    "attributed": rounded(h.attributed),
                    "weight_share": self.weight(*h.providers),
                    "without": self.without(h.providers),
                }
                for h in found.held
            ],
            "alerts": alerts(
                found, thresholds, outside=outside, organisations=names, project=project, where=where
            ),
        }

    def _concerned(self) -> set[int]:
        """Providers with judgments, and those whose contents or suggestions others' answers rest on."""
        found = {p for p, n in self.sums.items() if n}
        for sight in self.sights:
            for key, counts in sight.found.get("providers", {}).items():
                if (
                    counts["judgments"]
                    or counts["without"]["tasks_lost"]
                    or counts["without"]["values_changed"]
                ):
                    found.add(int(key))
        return found

    def _provider(self, row: sa.Row, share: float) -> dict[str, Any]:
        mine = [s for s in self.sights if s.sums.get(row.id) or s.of(row.id)]
        return {
            "provider": row.slug,
            "id": row.public_id,
            "name": row.name,
            "status": row.status,
            "judgments": self.sums.get(row.id, 0),
            "share": share,
            "weight_share": self.weight(row.id),
            "alone": sum(s.of(row.id).get("alone", 0) for s in mine) if self.known else None,
            "without": self.without((row.id,)),
            "replace": replace(self.tx, mine, row.id) if self.known else None,
        }


def providers_of(tx: Transaction) -> dict[int, sa.Row]:
    known: dict[int, sa.Row] | None = tx.memo.get("dependence:providers")
    if known is None:
        columns = (t.provider.c[name] for name in ("id", "public_id", "slug", "name", "status"))
        known = tx.memo["dependence:providers"] = {r.id: r for r in tx.rows(sa.select(*columns))}
    return known


_COUNTS = ("tasks", "values_changed", "tasks_lost", "below_target")
_SURE: Mapping[str, Callable[[Mapping[str, Any]], int]] = {
    "confidence_before": lambda part: part["tasks"],
    "confidence_after": lambda part: part["tasks"] - part["tasks_lost"],
}


def _summed(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts added up; a confidence is the mean over the tasks that have a value then."""
    found: dict[str, Any] = {name: sum(part[name] for part in parts) for name in _COUNTS}
    for name, tasks in _SURE.items():
        known = [part for part in parts if part[name] is not None]
        total = sum(tasks(part) for part in known)
        found[name] = (
            round(math.fsum(part[name] * tasks(part) for part in known) / total, 6) if total else None
        )
    return found


def _unchanged(found: Mapping[str, Any]) -> dict[str, Any]:
    sure = found["confidence"]
    zero = dict.fromkeys(_COUNTS, 0)
    return {**zero, "tasks": found["tasks"], "confidence_before": sure, "confidence_after": sure}


def replace(tx: Transaction, sights: Iterable[Sight], key: int) -> dict[str, Any]:
    """What it takes to have its answers given again by whoever is free: those that withdrawal would order, and
    as many more as confidence may ask for."""
    here = {s.project.id: s.of(key) for s in sights}
    missing, extra = ({p: c.get(name, 0) for p, c in here.items()} for name in ("missing", "extra"))
    return replacement(tx, missing, extra=extra, without=(key,))


def cost(tx: Transaction, sight: Sight, key: int) -> int:
    """Millionths: what it takes at the others' prices, of all its answers while the figures are pending."""
    n = sight.of(key).get("missing", 0) if sight.figures is not None else sight.sums.get(key, 0)
    price = prices(tx)
    parts = as_they_work(tx, sight.project.id, (key,)) if n else []
    return round(n * math.fsum(part * price[p] for p, part in parts))


def part_of(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
