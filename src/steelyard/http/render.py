"""How do things look in /api? Only what the reader's role may see is ever put in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard import __version__
from steelyard.domain.money import format_money
from steelyard.domain.states import AssignmentState
from steelyard.domain.times import format_time
from steelyard.identity.policy import Action, Principal, may
from steelyard.providers.adapter import adapter_named
from steelyard.providers.interests import interests_recorded
from steelyard.providers.registry import blocked
from steelyard.providers.scorecard import scorecard
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.held import Held
from steelyard.work.lanes import abilities
from steelyard.work.pick import Queue
from steelyard.work.settle import GOLD_NEEDED, OVERLAP_NEEDED, qualifies
from steelyard.work.tally import Progress, by_hour, by_provider, progress
from steelyard.work.workload import answers_today

BATCHES_SHOWN = 100
WAITING_SHOWN = 1000


def currency_of(tx: Transaction) -> str:
    return tx.execute(sa.select(t.installation.c.currency)).scalar_one()


def session_json(tx: Transaction, who: Principal) -> dict[str, Any]:
    return {
        "person": {"id": who.person, "name": who.name},
        "role": who.role,
        "world": who.world,
        "provider": {"name": who.provider_name, "slug": who.provider_slug},
        "currency": currency_of(tx),
        "version": __version__,
    }


def held_json(held: Held) -> dict[str, Any]:
    """An assignment as its holder sees it: blobs are links that ask who is asking."""
    blocks = []
    for index, block in enumerate(held.content["blocks"]):
        shown = dict(block)
        if isinstance(shown.get("url"), str) and shown["url"].startswith("blob:"):
            shown["url"] = f"/api/assignments/{held.id}/content/{index}"
        blocks.append(shown)
    return {
        "id": held.id,
        "lease_until": format_time(held.lease_until),
        "task": {"id": held.task, "content": {"blocks": blocks}, "suggestion": held.suggestion},
        "form": held.form,
        "project": held.project,
        "instruction": held.instruction,
        "draft": None
        if held.draft is None
        else {"answers": held.draft.answers, "at": format_time(held.draft.at)},
        "returned": None if held.returned is None else {"reason": held.returned},
    }


def task_content_json(task_id: str, content: dict[str, Any]) -> dict[str, Any]:
    """A task's content as those who read results see it."""
    blocks = []
    for index, block in enumerate(content["blocks"]):
        shown = dict(block)
        if isinstance(shown.get("url"), str) and shown["url"].startswith("blob:"):
            shown["url"] = f"/api/tasks/{task_id}/content/{index}"
        blocks.append(shown)
    return {"blocks": blocks}


def settling_json(sums: Progress, fitted: bool) -> dict[str, str]:
    if fitted:
        return {"mode": "fitted", "why": "Answers weigh by what overlap says of each annotator."}
    if qualifies(sums):
        return {"mode": "vote", "why": "There is enough evidence for a fit; the first one is on its way."}
    why = (
        f"Every answer counts the same until {OVERLAP_NEEDED} tasks have two answers (now {sums.overlapping}) "
        f"or {GOLD_NEEDED} gold answers are in (now {sums.gold_judgments}); no confidence is calibrated yet."
    )
    return {"mode": "vote", "why": why}


def project_json(tx: Transaction, who: Principal, row: sa.Row) -> dict[str, Any]:
    """A project; an annotator sees what is asked and its own figures, nothing of policy or progress."""
    form = tx.execute(sa.select(t.form.c.body).where(t.form.c.id == row.form_id)).scalar_one()
    shown: dict[str, Any] = {
        "name": row.name,
        "slug": row.slug,
        "instruction": row.instruction,
        "status": row.status,
        "created_at": format_time(row.created_at),
        "form": form,
        "mine": _mine(tx, who, row.id) if may(who, Action.WORK, row.id) else None,
    }
    if not may(who, Action.READ_RESULTS, row.id):
        return shown
    sums = progress(tx, row.id)
    held = tx.execute(
        sa.select(sa.func.count())
        .select_from(t.assignment)
        .where(t.assignment.c.project_id == row.id, t.assignment.c.state == int(AssignmentState.HELD))
    ).scalar_one()
    fitted = (
        tx.execute(sa.select(t.fit.c.id).where(t.fit.c.project_id == row.id).limit(1)).first() is not None
    )
    return {
        **shown,
        "sensitivity": row.policy.get("sensitivity", "internal"),
        "policy": _policy(who, row),
        "progress": {
            "tasks": sums.tasks - sums.gold,
            "settled": sums.settled,
            "reviewing": sums.reviewing,
            "open": sums.open,
            "gold": sums.gold,
            "judgments": sums.judgments,
            "gold_judgments": sums.gold_judgments,
            "wanted": sums.wanted,
            "held": held,
        },
        "settling": settling_json(sums, fitted),
    }


def _policy(who: Principal, row: sa.Row) -> dict[str, Any]:
    if may(who, Action.READ_PROVIDERS):
        return dict(row.policy)
    hidden = ("providers", "conflicts", "stake", "budget")
    return {k: v for k, v in row.policy.items() if k not in hidden}


def _mine(tx: Transaction, who: Principal, project_id: int) -> dict[str, int]:
    held = sa.select(sa.func.count()).where(
        t.assignment.c.annotator_id == who.annotator_id,
        t.assignment.c.project_id == project_id,
        sa.text("assignment.state = 1"),
    )
    terms = standing.terms_of(tx, project_id)
    queue = Queue(tx, who, project_id, terms.policy, lambda: abilities(tx, who.person_id))
    return {
        "waiting": queue.more(WAITING_SHOWN) if terms.closed is None else 0,
        "held": tx.execute(held).scalar_one(),
        "today": answers_today(tx, who.annotator_id, project_id),
    }


def project_detail_json(tx: Transaction, who: Principal, row: sa.Row) -> dict[str, Any]:
    """A project with its batches and the last day's throughput; with its providers for those who may."""
    shown = project_json(tx, who, row)
    if not may(who, Action.READ_RESULTS, row.id):
        return shown
    shown["batches"] = [
        {"name": b.name, "status": b.status, "tasks": b.tasks, "priority": b.priority}
        for b in tx.execute(
            sa.select(t.batch)
            .where(t.batch.c.project_id == row.id)
            .order_by(t.batch.c.id.desc())
            .limit(BATCHES_SHOWN)
        )
    ]
    shown["throughput"] = _throughput(tx, row.id)
    if may(who, Action.READ_PROVIDERS):
        shown["providers"] = _providers_of(tx, row.id)
    return shown


def _throughput(tx: Transaction, project_id: int) -> list[dict[str, Any]]:
    return [{"hour": format_time(hour), "judgments": n} for hour, n in by_hour(tx, project_id, 24)]


def _providers_of(tx: Transaction, project_id: int) -> list[dict[str, Any]]:
    sums = {s.provider_id: s for s in by_provider(tx, project_id)}
    holding = tx.execute(
        sa.select(t.assignment.c.provider_id, sa.func.count().label("n"))
        .where(t.assignment.c.project_id == project_id, sa.text("assignment.state = 1"))
        .group_by(t.assignment.c.provider_id)
    )
    held: dict[int, int] = {row.provider_id: row.n for row in holding}
    total = sum(s.judgments for s in sums.values())
    rows = tx.execute(
        sa.select(t.provider.c.id, t.provider.c.name, t.provider.c.slug, t.provider.c.status).where(
            t.provider.c.id.in_(sorted({*sums, *held}))
        )
    )
    found = []
    for row in rows:
        judgments = sums[row.id].judgments if row.id in sums else 0
        verdict = standing.verdict(tx, row.id, project_id)
        found.append(
            {
                "name": row.name,
                "slug": row.slug,
                "status": row.status,
                "judgments": judgments,
                "share": round(judgments / total, 6) if total else 0.0,
                "held": held.get(row.id, 0),
                "stopped": None if verdict.allowed else verdict.because,
            }
        )
    return sorted(found, key=lambda p: (-p["judgments"], p["slug"]))


def provider_json(tx: Transaction, row: sa.Row, world: str) -> dict[str, Any]:
    """A provider with what it is worth; secrets of its configuration never leave."""
    card = scorecard(tx, row, world)
    best = card.total.best
    hidden = adapter_named(row.kind).secrets
    return {
        "id": row.public_id,
        "name": row.name,
        "slug": row.slug,
        "kind": row.kind,
        "status": row.status,
        "clearance": row.clearance,
        "price": format_money(row.price),
        "currency": currency_of(tx),
        "capabilities": row.capabilities,
        "config": {k: v for k, v in row.config.items() if k not in hidden},
        "interests": interests_recorded(tx, row.id),
        "contract": row.contract,
        "stopped": [
            {"project": s.project, "name": s.name, "because": s.because}
            for s in _blocked_in(tx, row.id, world)
        ],
        "judgments": card.judgments,
        "accuracy": None if best is None else {**best[0].to_json(), "from": best[1]},
        "cost_per_correct": card.total.cost_per_correct(row.price),
        "spent": format_money(card.spent),
        "created_at": format_time(row.created_at),
    }


def _blocked_in(tx: Transaction, provider_id: int, world: str) -> list[Any]:
    ids = set(tx.execute(sa.select(t.project.c.id).where(t.project.c.world == world)).scalars())
    return [stopped for key, stopped in blocked(tx, provider_id).items() if key in ids]
