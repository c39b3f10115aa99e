"""What would leaving a provider mean, counted now and changing nothing?"""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa

from steelyard.domain.policy import parse_policy
from steelyard.domain.states import ProjectStatus, ProviderStatus
from steelyard.domain.times import format_time
from steelyard.exit.mixes import mixes
from steelyard.exit.revoke import callbacks_of, keys_of, links_of, sessions_of
from steelyard.exit.touched import touched_releases
from steelyard.ledger.commitments import canonical
from steelyard.providers.dependence import dependence
from steelyard.providers.interests import interests_recorded
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import exposure, standing
from steelyard.work.tally import progress

_HELD = (
    sa.select(t.assignment.c.project_id, sa.func.count().label("n"))
    .where(t.assignment.c.provider_id == sa.bindparam("provider"), sa.text("assignment.state = 1"))
    .group_by(t.assignment.c.project_id)
)
_ALL_HELD = (
    sa.select(t.assignment.c.project_id, sa.func.count().label("n"))
    .where(sa.text("assignment.state = 1"))
    .group_by(t.assignment.c.project_id)
)


def plan(tx: Transaction, provider: sa.Row, world: str) -> dict[str, Any]:
    """Counts of one world: in flight, queued, shown, dependent judgments, releases, what replacing costs and
    when it is done; and, of both worlds, the keys, sessions, links and addresses that end.

    `digest` is the SHA-256 of the plan's canonical JSON without it, so that a signature means this plan.
    """
    hangs = dependence(tx, provider, world)
    queues = _queues(tx, provider, world)
    shown = exposure.counts(tx, provider.id, world)
    releases = touched_releases(tx, provider, world)
    keys = keys_of(tx, provider.id)
    by_slug = {queue["project"]: queue for queue in queues}
    projects = [{**p, **_of(by_slug.get(p["project"]))} for p in hangs["projects"]]
    known = {p["project"] for p in projects}
    found: dict[str, Any] = {
        "provider": provider.slug,
        "name": provider.name,
        "kind": provider.kind,
        "status": provider.status,
        "at": format_time(tx.now),
        "world": world,
        "in_flight": sum(queue["held"] for queue in queues),
        "queued": sum(queue["queued"] for queue in queues),
        "stranded": sum(queue["stranded"] for queue in queues),
        "waiting": [q for q in queues if q["queued"] and q["project"] not in known],
        "exposed": shown["tasks"],
        "exposure": shown,
        "judgments": hangs["judgments"],
        "share": hangs["share"],
        "projects": projects,
        "releases": [release.to_json() for release in releases],
        "replacement_cost": hangs["replacement_cost"],
        "replacement": mixes(tx, provider, world, hangs),
        "keys": len(keys),
        "revoke": {
            "keys": [
                {"id": k.public_id, "name": k.name, "role": k.role, "last4": k.last4, "world": k.world}
                for k in keys
            ],
            "sessions": sessions_of(tx, provider.id),
            "links": links_of(tx, provider.id),
            "callbacks": callbacks_of(provider),
        },
        "contract": provider.contract,
        "interests": interests_recorded(tx, provider.id),
    }
    return {**found, "digest": hashlib.sha256(canonical(found)).hexdigest()}


def _of(queue: dict[str, Any] | None) -> dict[str, Any]:
    if queue is None:
        return {"held": 0, "queued": 0, "stranded": 0, "derivatives": None}
    return {name: queue[name] for name in ("held", "queued", "stranded", "derivatives")}


def _queues(tx: Transaction, provider: sa.Row, world: str) -> list[dict[str, Any]]:
    """Per project: what the provider holds, what waits that it may be shown, and how much of that nobody else
    may be shown."""
    mine = {row.project_id: row.n for row in tx.rows(_HELD, {"provider": provider.id})}
    held = {row.project_id: row.n for row in tx.rows(_ALL_HELD)}
    others = [p.id for p in standing.standing(tx).providers.values() if p.id != provider.id]
    found = []
    living = (t.project.c.world == world, t.project.c.status != ProjectStatus.DELETED)
    for project in tx.rows(sa.select(t.project).where(*living).order_by(t.project.c.id)):
        may = standing.verdict(tx, provider.id, project.id).allowed
        if not may and project.id not in mine:
            continue
        sums = progress(tx, project.id)
        waiting = max(0, sums.wanted - sums.judgments - held.get(project.id, 0)) if may else 0
        here = mine.get(project.id, 0)
        alone = not any(_may_take_over(tx, other, project.id) for other in others)
        found.append(
            {
                "project": project.slug,
                "name": project.name,
                "held": here,
                "queued": waiting,
                "stranded": waiting + here if alone else 0,
                "derivatives": parse_policy(project.policy).derivatives,
            }
        )
    return found


def _may_take_over(tx: Transaction, provider_id: int, project_id: int) -> bool:
    here = standing.standing(tx).providers[provider_id]
    return here.status is ProviderStatus.ACTIVE and standing.verdict(tx, provider_id, project_id).allowed
