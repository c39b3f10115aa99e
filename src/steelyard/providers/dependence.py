"""What hangs on a provider?

Counted from current judgments, the consensus that rests on them and the releases they are in.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.money import format_money
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.tally import by_provider

_j = t.current_judgment


def dependence(tx: Transaction, provider: sa.Row, world: str) -> dict[str, Any]:
    """Per project of one world: the provider's share of the judgments, tasks that only it has answered,
    consensus that rests on it, releases that carry it, and what replacing its answers costs."""
    sums = by_provider(tx, world=world)
    totals: dict[int, int] = {}
    for entry in sums:
        totals[entry.project_id] = totals.get(entry.project_id, 0) + entry.judgments
    names = {r.id: r for r in tx.execute(sa.select(t.project.c.id, t.project.c.slug, t.project.c.name))}
    prices = _other_prices(tx, provider.id)
    projects, replacement = [], 0
    for entry in sums:
        if entry.provider_id != provider.id or not entry.judgments + entry.gold_judgments:
            continue
        project_id = entry.project_id
        answered, alone = _tasks(tx, project_id, provider.id)
        cost = entry.judgments * _replacement_price(tx, project_id, prices)
        replacement += cost
        projects.append(
            {
                "project": names[project_id].slug,
                "name": names[project_id].name,
                "judgments": entry.judgments,
                "share": round(entry.judgments / totals[project_id], 6) if totals[project_id] else 0.0,
                "tasks_answered": answered,
                "only_provider_tasks": alone,
                "consensus_tasks": _consensus_tasks(tx, project_id, provider.id),
                "releases": _releases(tx, project_id, provider.id),
                "replacement_cost": format_money(cost),
            }
        )
    mine = sum(e.judgments for e in sums if e.provider_id == provider.id)
    everything = sum(totals.values())
    here = standing.standing(tx)
    return {
        "provider": provider.slug,
        "organisations": [here.organisations[o] for o in here.providers[provider.id].interests],
        "judgments": mine,
        "share": round(mine / everything, 6) if everything else 0.0,
        "projects": projects,
        "replacement_cost": format_money(replacement),
    }


def _tasks(tx: Transaction, project_id: int, provider_id: int) -> tuple[int, int]:
    """(tasks that this provider has answered, those of them that nobody else has answered)."""
    mine = (
        sa.select(_j.c.task_id)
        .where(_j.c.project_id == project_id, _j.c.provider_id == provider_id, _j.c.gold == sa.false())
        .distinct()
        .subquery()
    )
    other = sa.select(sa.literal(1)).where(
        t.judgment.c.task_id == mine.c.task_id,
        t.judgment.c.current,
        t.judgment.c.provider_id != provider_id,
    )
    alone = sa.case((other.limit(1).scalar_subquery().is_(None), 1), else_=0)
    row = tx.execute(
        sa.select(
            sa.func.count().label("answered"), sa.func.coalesce(sa.func.sum(alone), 0).label("alone")
        ).select_from(mine)
    ).one()
    return int(row.answered), int(row.alone)


def _consensus_tasks(tx: Transaction, project_id: int, provider_id: int) -> int:
    mine = (
        sa.select(_j.c.task_id)
        .where(_j.c.project_id == project_id, _j.c.provider_id == provider_id, _j.c.gold == sa.false())
        .distinct()
    )
    return tx.execute(
        sa.select(sa.func.count())
        .select_from(t.consensus)
        .where(t.consensus.c.project_id == project_id, t.consensus.c.current, t.consensus.c.task_id.in_(mine))
    ).scalar_one()


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


def _other_prices(tx: Transaction, provider_id: int) -> dict[int, int]:
    rows = tx.execute(sa.select(t.provider.c.id, t.provider.c.price).where(t.provider.c.id != provider_id))
    return {row.id: row.price for row in rows}


def _replacement_price(tx: Transaction, project_id: int, prices: dict[int, int]) -> int:
    """The mean price of the other providers that work on the project and may go on; in millionths."""
    working = {s.provider_id for s in by_provider(tx, project_id) if s.provider_id in prices}
    able = [prices[p] for p in sorted(working) if standing.verdict(tx, p, project_id).allowed]
    return round(sum(able) / len(able)) if able else 0
