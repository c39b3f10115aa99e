"""What hangs on whom?

Shares, concentration, prices and speeds are of this moment. What would be true without somebody is worked out
once for each state of a project (`figures`); a request takes what is kept and says how far behind it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from steelyard.domain.money import format_money
from steelyard.domain.times import format_time
from steelyard.providers import figures
from steelyard.providers.concentration import CODES, Concentration, Thresholds, alerts, concentration_of
from steelyard.providers.figures import Figures
from steelyard.providers.forecast import as_they_work, prices, replacement
from steelyard.providers.registry import IN_HOUSE
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
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
    default a few in a read, and none in a write, which others wait for."""
    room = spot if spot is not None else figures.SMALL if _only_reads(tx) else 0
    query = sa.select(t.project).where(t.project.c.world == world).order_by(t.project.c.id)
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
            if state.judgments <= room:
                room -= state.judgments
                known = seen.fresh[project.id] = figures.figures_here(tx, project.id)
            elif figures.may_order(tx, known):
                seen.order.append(project.id)
        behind = (
            0 if known is None or known.state == state.name else abs(state.judgments - known.judgments) or 1
        )
        seen.sights.append(
            Sight(project, sums.get(project.id, {}), known, behind if known else state.judgments)
        )
    return seen


def _only_reads(tx: Transaction) -> bool:
    return not getattr(tx, "_writes", True)


# --- one provider ----------------------------------------------------------------------------------------


def dependence(tx: Transaction, provider: sa.Row, world: str, seen: Seen | None = None) -> dict[str, Any]:
    """What hangs on a provider in one world: over all, and per project its share, the tasks that it has
    answered and that nobody else has, the consensus that rests on it, the releases that carry it, what would
    be without it, and what having its answers given again would take. Null is what is not worked out yet."""
    seen = see(tx, world) if seen is None else seen
    key = provider.id
    mine = [s for s in seen.sights if s.sums.get(key) is not None or s.of(key)]
    projects = [_of_project(tx, s, key) for s in mine]
    judgments = sum(s.sums.get(key, 0) for s in mine)
    everything = sum(s.judgments for s in seen.sights)
    overall = _Group(tx, seen.sights)
    here = standing.standing(tx)
    return {
        "provider": provider.slug,
        "name": provider.name,
        "organisations": [here.organisations[o] for o in here.providers[key].interests],
        "judgments": judgments,
        "share": _share(judgments, everything),
        "weight_share": overall.weight(key),
        "without": overall.without((key,)),
        "replace": None if any(s.pending for s in mine) else _replace(tx, mine, key),
        "hhi": overall.hhi,
        "projects": projects,
        "replacement_cost": format_money(sum(_cost(tx, s, key) for s in mine)),
    }


def _of_project(tx: Transaction, sight: Sight, key: int) -> dict[str, Any]:
    judgments, counts = sight.sums.get(key, 0), sight.of(key)
    known = sight.figures is not None
    return {
        "project": sight.project.slug,
        "name": sight.project.name,
        "judgments": judgments,
        "share": _share(judgments, sight.judgments),
        "weight_share": _rounded(sight.weight(key)),
        "tasks_answered": counts.get("answered", 0) if known else None,
        "only_provider_tasks": counts.get("alone", 0) if known else None,
        "consensus_tasks": counts.get("consensus", 0) if known else None,
        "releases": _releases(tx, sight.project.id, key),
        "replacement_cost": format_money(_cost(tx, sight, key)),
        "without": counts.get("without"),
        "replace": _replace(tx, [sight], key) if known else None,
        "as_of": sight.as_of,
        "behind": sight.behind,
        "pending": sight.pending,
    }


def _replace(tx: Transaction, sights: Iterable[Sight], key: int) -> dict[str, Any]:
    """What it takes to have its answers given again by whoever is free: those that withdrawal would order, and
    as many more as confidence may ask for."""
    here = {s.project.id: s.of(key) for s in sights}
    missing, extra = ({p: c.get(name, 0) for p, c in here.items()} for name in ("missing", "extra"))
    return replacement(tx, missing, extra=extra, without=(key,))


def _cost(tx: Transaction, sight: Sight, key: int) -> int:
    """Millionths: what it takes at the others' prices, of all its answers while the figures are pending."""
    n = sight.of(key).get("missing", 0) if sight.figures is not None else sight.sums.get(key, 0)
    price = prices(tx)
    parts = as_they_work(tx, sight.project.id, (key,)) if n else []
    return round(n * math.fsum(part * price[p] for p, part in parts))


def _releases(tx: Transaction, project_id: int, provider_id: int) -> list[int]:
    return list(
        tx.execute(
            sa.select(t.release.c.version)
            .join(t.release_provider, t.release_provider.c.release_id == t.release.c.id)
            .where(
                t.release.c.project_id == project_id,
                t.release_provider.c.provider_id == provider_id,
                t.release_provider.c.left_out == sa.false(),
            )
            .order_by(t.release.c.version)
        ).scalars()
    )


# --- all providers ---------------------------------------------------------------------------------------


def overview(tx: Transaction, seen: Seen, thresholds: Thresholds) -> dict[str, Any]:
    """What hangs on whom, over all projects that were seen and in each, with what is above a threshold."""
    projects = []
    for sight in seen.sights:
        group = _Group(tx, [sight]).to_json(thresholds, sight.project.slug, f"in {sight.project.name}")
        projects.append(
            {
                "project": sight.project.slug,
                "id": sight.project.public_id,
                "name": sight.project.name,
                **group,
                "as_of": sight.as_of,
                "behind": sight.behind,
                "pending": sight.pending,
                "method": sight.found.get("method"),
            }
        )
    overall = _Group(tx, seen.sights).to_json(thresholds, None, "over all projects")
    return {
        "at": format_time(tx.now),
        "alert_share": thresholds.share,
        "alert_hhi": thresholds.hhi,
        "overall": overall,
        "projects": projects,
        "alerts": [*overall["alerts"], *(alert for project in projects for alert in project["alerts"])],
    }


class _Group:
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
        rows = _providers(self.tx)
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
        return _rounded(total / self.tasks)

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
        rows, found = _providers(self.tx), self.concentration
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
                    "share": _rounded(h.share),
                    "attributed": _rounded(h.attributed),
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
            "replace": _replace(self.tx, mine, row.id) if self.known else None,
        }


def _providers(tx: Transaction) -> dict[int, sa.Row]:
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


def measures(tx: Transaction, thresholds: Thresholds) -> list[tuple[str, dict[str, str], float]]:
    """For the metrics, by public ids: (name, labels, value) of shares, indexes and alerts of every project."""
    rows, here = _providers(tx), standing.standing(tx)
    own = next((key for key, row in rows.items() if row.slug == IN_HOUSE), None)
    outside = {key: (row.slug, row.name) for key, row in rows.items() if key != own}
    sums: dict[int, dict[int, int]] = {}
    for entry in by_provider(tx):
        if entry.judgments:
            sums.setdefault(entry.project_id, {})[entry.provider_id] = entry.judgments
    projects = {r.id: r.public_id for r in tx.rows(sa.select(t.project.c.id, t.project.c.public_id))}
    told: list[tuple[str, dict[str, str], float]] = []
    for key, by in sums.items():
        project = {"project": projects[key]}
        found = concentration_of(by, here, own)
        for provider, share in found.shares.items():
            told.append(("share", project | {"provider": rows[provider].public_id}, share))
        for of, index in (("providers", found.providers), ("sources", found.sources)):
            told.append(("hhi", project | {"of": of}, float(index or 0)))
        raised = alerts(
            found, thresholds, outside=outside, organisations=here.organisations, project=None, where=""
        )
        codes = {alert["code"] for alert in raised}
        told += [("alert", project | {"code": code}, float(code in codes)) for code in CODES]
    return told


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
