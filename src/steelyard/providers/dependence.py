"""What hangs on whom?

Shares, concentration, prices and speeds are of this moment. What would be true without somebody is worked out
once for each state of a project (`figures`); a request takes what is kept and says how far behind it is.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.money import format_money
from steelyard.domain.states import ProjectStatus
from steelyard.domain.times import format_time
from steelyard.providers.concentration import CODES, Thresholds, alerts, concentration_of
from steelyard.providers.group import Group, cost, part_of, providers_of, replace, rounded
from steelyard.providers.registry import IN_HOUSE
from steelyard.providers.sight import Seen, Sight, see
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.tally import by_provider


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
    overall = Group(tx, seen.sights)
    here = standing.standing(tx)
    return {
        "provider": provider.slug,
        "name": provider.name,
        "organisations": [here.organisations[o] for o in here.providers[key].interests],
        "judgments": judgments,
        "share": part_of(judgments, everything),
        "weight_share": overall.weight(key),
        "without": overall.without((key,)),
        "replace": None if any(s.pending for s in mine) else replace(tx, mine, key),
        "hhi": overall.hhi,
        "projects": projects,
        "replacement_cost": format_money(sum(cost(tx, s, key) for s in mine)),
    }


def _of_project(tx: Transaction, sight: Sight, key: int) -> dict[str, Any]:
    judgments, counts = sight.sums.get(key, 0), sight.of(key)
    known = sight.figures is not None
    return {
        "project": sight.project.slug,
        "name": sight.project.name,
        "judgments": judgments,
        "share": part_of(judgments, sight.judgments),
        "weight_share": rounded(sight.weight(key)),
        "tasks_answered": counts.get("answered", 0) if known else None,
        "only_provider_tasks": counts.get("alone", 0) if known else None,
        "consensus_tasks": counts.get("consensus", 0) if known else None,
        "releases": _releases(tx, sight.project.id, key),
        "replacement_cost": format_money(cost(tx, sight, key)),
        "without": counts.get("without"),
        "replace": replace(tx, [sight], key) if known else None,
        "as_of": sight.as_of,
        "behind": sight.behind,
        "pending": sight.pending,
    }


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


def overview(tx: Transaction, seen: Seen, thresholds: Thresholds) -> dict[str, Any]:
    """What hangs on whom, over all projects that were seen and in each, with what is above a threshold."""
    projects = []
    for sight in seen.sights:
        group = Group(tx, [sight]).to_json(thresholds, sight.project.slug, f"in {sight.project.name}")
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
    overall = Group(tx, seen.sights).to_json(thresholds, None, "over all projects")
    return {
        "at": format_time(tx.now),
        "alert_share": thresholds.share,
        "alert_hhi": thresholds.hhi,
        "overall": overall,
        "projects": projects,
        "alerts": [*overall["alerts"], *(alert for project in projects for alert in project["alerts"])],
    }


def measures(tx: Transaction, thresholds: Thresholds) -> list[tuple[str, dict[str, str], float]]:
    """For the metrics, by public ids: (name, labels, value) of shares, indexes and alerts of every project."""
    rows, here = providers_of(tx), standing.standing(tx)
    own = next((key for key, row in rows.items() if row.slug == IN_HOUSE), None)
    outside = {key: (row.slug, row.name) for key, row in rows.items() if key != own}
    sums: dict[int, dict[int, int]] = {}
    for entry in by_provider(tx):
        if entry.judgments:
            sums.setdefault(entry.project_id, {})[entry.provider_id] = entry.judgments
    living = sa.select(t.project.c.id, t.project.c.public_id).where(
        t.project.c.status != ProjectStatus.DELETED
    )
    projects = {r.id: r.public_id for r in tx.rows(living)}
    told: list[tuple[str, dict[str, str], float]] = []
    for key, by in sums.items():
        if key not in projects:
            continue
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
