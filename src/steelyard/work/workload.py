"""What has each annotator done in a project, how well, and may it go on?

Figures are kept as work goes, so that no request counts. An annotator who is stopped is handed nothing more in
the project, and what it held goes back.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import is_id
from steelyard.domain.policy import Policy
from steelyard.domain.times import SECOND, format_time
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.store.upsert import upsert
from steelyard.work.queue import release_held

LONGEST_REASON = 2000
DAY = 24 * 3600 * SECOND
_w = t.workload
_here = (_w.c.annotator_id == sa.bindparam("me"), _w.c.project_id == sa.bindparam("project"))


def _adding(*names: str, answer: bool = True) -> Prepared:
    added: dict[str, Any] = {name: _w.c[name] + sa.bindparam(f"add_{name}") for name in names}
    if answer:
        same_day = (_w.c.day == sa.bindparam("today"), _w.c.of_day + 1)
        added |= {"day": sa.bindparam("today"), "of_day": sa.case(same_day, else_=1)}
    return Prepared(sa.update(_w).where(*_here).values(**added, last_at=sa.bindparam("at")))


_WORKED = _adding("judgments", "spent_ms", "price")
_GOLD = _adding("gold_answers", "gold_correct", "spent_ms", "price")
_TRAINED = _adding("training_answers", "training_correct", "spent_ms", "price")
_RETURNED = _adding("returned", answer=False)
_FIGURES = Prepared(sa.select(_w).where(*_here))


def count_work(tx: Transaction, annotator_id: int, project_id: int, spent_ms: int | None, price: int) -> None:
    at = {"me": annotator_id, "project": project_id, "at": tx.now, "today": tx.now // DAY}
    _WORKED.run(tx, {**at, "add_judgments": 1, "add_spent_ms": spent_ms or 0, "add_price": price})


def count_gold(
    tx: Transaction,
    annotator_id: int,
    project_id: int,
    spent_ms: int | None,
    price: int,
    *,
    correct: bool,
    training: bool,
) -> None:
    at = {"me": annotator_id, "project": project_id, "at": tx.now, "today": tx.now // DAY}
    given = {**at, "add_spent_ms": spent_ms or 0, "add_price": price}
    kind = "training" if training else "gold"
    statement = _TRAINED if training else _GOLD
    statement.run(tx, {**given, f"add_{kind}_answers": 1, f"add_{kind}_correct": int(correct)})


def count_return(tx: Transaction, annotator_id: int, project_id: int) -> None:
    _RETURNED.run(tx, {"me": annotator_id, "project": project_id, "add_returned": 1, "at": tx.now})


def answers_today(tx: Transaction, annotator_id: int, project_id: int) -> int:
    """How many answers the annotator has handed in since midnight, UTC."""
    row = _FIGURES.row(tx, {"me": annotator_id, "project": project_id})
    return row.of_day if row is not None and row.day == tx.now // DAY else 0


def trained(tx: Transaction, annotator_id: int, project_id: int, tasks: int) -> None:
    """Says that the annotator has answered all training tasks that there are."""
    tx.execute(sa.update(_w).where(*_here).values(trained=tasks), {"me": annotator_id, "project": project_id})


def stop_if_below(tx: Transaction, annotator_id: int, project_id: int, policy: Policy) -> None:
    """Stops an annotator who has answered enough hidden gold, and too little of it right."""
    if policy.stop_below is None:
        return
    load = _FIGURES.one(tx, {"me": annotator_id, "project": project_id})
    given, right = load.gold_answers, load.gold_correct
    if load.stopped_at is None and given >= policy.stop_after and right < policy.stop_below * given:
        # How many of how many would tell which tasks were gold.
        stop(tx, annotator_id, project_id, "Your answers were less accurate than this project asks for.")


def stop(tx: Transaction, annotator_id: int, project_id: int, because: str) -> int:
    """Hands the annotator nothing more in this project; how many held assignments went back."""
    here = {"me": annotator_id, "project": project_id}
    tx.execute(sa.update(_w).where(*_here).values(stopped_at=tx.now, stopped_because=because), here)
    rows = tx.rows(_HELD, here)
    release_held(tx, rows)
    return len(rows)


_a = t.assignment
_HELD = (
    sa.select(_a.c.id, _a.c.lane_id, _a.c.ordinal)
    .where(
        _a.c.annotator_id == sa.bindparam("me"),
        _a.c.project_id == sa.bindparam("project"),
        sa.text("assignment.state = 1"),
    )
    .order_by(_a.c.id)
    .with_for_update(of=_a)
)


def stop_annotator(
    tx: Transaction, who: Principal, project: Any, annotator_id: str, because: Any = None
) -> dict[str, Any]:
    """Stops an annotator in a project by hand; raises `NotFound`, `Invalid`, `Conflict` when it is stopped."""
    require(who, Action.MANAGE_PROJECTS, project.id)
    if because is not None and (
        not isinstance(because, str) or len(because) > LONGEST_REASON or "\x00" in because
    ):
        raise invalid("/because", "type", f"must be a text of at most {LONGEST_REASON} characters")
    key = _annotator(tx, annotator_id)
    tx.execute(
        upsert(tx, _w)
        .values(annotator_id=key, project_id=project.id, claims=0, gold_seen=0)
        .on_conflict_do_nothing()
    )
    load = tx.execute(sa.select(_w).where(*_here).with_for_update(), {"me": key, "project": project.id}).one()
    if load.stopped_at is not None:
        raise Conflict("the annotator is stopped in this project already", "stopped")
    stop(tx, key, project.id, because or "Your work on this project has stopped.")
    return figures(tx, project.id, key)


def resume_annotator(tx: Transaction, who: Principal, project: Any, annotator_id: str) -> dict[str, Any]:
    """Lets an annotator go on; what it answers of hidden gold is counted anew from here."""
    require(who, Action.MANAGE_PROJECTS, project.id)
    key = _annotator(tx, annotator_id)
    here = {"me": key, "project": project.id}
    fresh = {"stopped_at": None, "stopped_because": None, "gold_answers": 0, "gold_correct": 0}
    resumed = tx.execute(sa.update(_w).where(*_here, _w.c.stopped_at.is_not(None)).values(**fresh), here)
    if not resumed.rowcount:
        raise Conflict("the annotator is not stopped in this project", "not_stopped")
    return figures(tx, project.id, key)


def _annotator(tx: Transaction, annotator_id: str) -> int:
    key = None
    if is_id(annotator_id):
        key = tx.scalar(sa.select(t.annotator.c.id).where(t.annotator.c.public_id == annotator_id))
    if key is None:
        raise NotFound("there is no such annotator")
    return key


def figures(tx: Transaction, project_id: int, annotator_key: int) -> dict[str, Any]:
    """One annotator's figures in a project."""
    (found,), _ = listing(tx, project_id, after=annotator_key - 1, limit=1)
    return found


def listing(
    tx: Transaction, project_id: int, after: int = 0, limit: int = 100, provider_id: int | None = None
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of annotators with their figures in a project, and the key to go on after (None at the end)."""
    query = _LISTING.where(_w.c.project_id == project_id, _w.c.annotator_id > after)
    if provider_id is not None:
        query = query.where(t.annotator.c.provider_id == provider_id)
    rows = tx.rows(query.order_by(_w.c.annotator_id).limit(limit + 1))
    items = [_shown(row) for row in rows[:limit]]
    return items, rows[limit - 1].annotator_id if len(rows) > limit else None


_LISTING = (
    sa.select(
        _w,
        t.annotator.c.public_id,
        sa.func.coalesce(t.person.c.name, t.annotator.c.external_id).label("name"),
        t.provider.c.slug.label("provider"),
    )
    .join(t.annotator, t.annotator.c.id == _w.c.annotator_id)
    .join(t.provider, t.provider.c.id == t.annotator.c.provider_id)
    .join(t.person, t.person.c.id == t.annotator.c.person_id, isouter=True)
)


def _shown(row: Any) -> dict[str, Any]:
    return {
        "annotator": row.public_id,
        "name": row.name,
        "provider": row.provider,
        "judgments": row.judgments,
        "spent_ms": row.spent_ms,
        "gold": {"answers": row.gold_answers, "correct": row.gold_correct},
        "training": {"answers": row.training_answers, "correct": row.training_correct},
        "returned": row.returned,
        "rejected": row.rejected,
        "last_at": None if row.last_at is None else format_time(row.last_at),
        "stopped": None
        if row.stopped_at is None
        else {"at": format_time(row.stopped_at), "because": row.stopped_because},
    }
