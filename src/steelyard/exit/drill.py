"""Would leaving this provider work, and what would be left?

Plan and execution are rehearsed on a copy of the data, with the very code that would do it; no provider is
called, and nothing of the installation changes but the record of the drill.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, SteelyardError
from steelyard.domain.ids import new_id
from steelyard.domain.states import ProviderStatus
from steelyard.domain.times import format_time
from steelyard.exit import execute
from steelyard.exit.copy import copy_database
from steelyard.exit.options import parse_options
from steelyard.exit.ordered import as_owner
from steelyard.exit.place import Place
from steelyard.exit.worth import worth
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.jobs.queue import enqueue
from steelyard.providers.registry import IN_HOUSE, find_provider
from steelyard.store import tables as t
from steelyard.store.database import Transaction, open_database

JOB = "drill"
FOLDER = "drills"
WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
Say = Callable[[str], None]


class DrillFailed(SteelyardError):
    """The rehearsal itself could not be made; nothing is known of the exit."""

    code = "drill_failed"


def order(
    tx: Transaction,
    who: Principal,
    slug: str,
    options: Mapping[str, Any] | None = None,
    *,
    later: bool = True,
) -> str:
    """Orders a drill with these options of an exit, and returns its public id; `later`: a job does it."""
    require(who, Action.EXIT)
    require_live(who)
    provider = find_provider(tx, slug)
    if provider.slug == IN_HOUSE:
        raise Conflict("the installation's own people cannot be left", "in_house")
    if provider.status == ProviderStatus.EXITED:
        raise Conflict(f"{provider.name} was left already", "exited")
    wanted = parse_options(tx, options, provider)
    return add(tx, provider.id, wanted.to_json(), who.person_id, later=later)


def add(
    tx: Transaction, provider_id: int, options: dict[str, Any], person_id: int | None, *, later: bool = True
) -> str:
    public = new_id(tx.now)
    key = tx.added(
        sa.insert(t.drill).values(
            public_id=public,
            provider_id=provider_id,
            person_id=person_id,
            state=WAITING,
            options=options,
            at=tx.now,
        )
    )
    if later:
        enqueue(tx, JOB, {"drill": key}, dedup_key=f"{JOB}:{key}")
    return public


def run(place: Place, drill_id: int, say: Say = lambda _: None) -> dict[str, Any]:
    """Does the drill and records its report, which is returned. A drill that was broken off begins anew."""
    row = place.database.read(lambda tx: tx.execute(sa.select(t.drill).where(t.drill.c.id == drill_id)).one())
    if row.state in (DONE, FAILED):
        return row.report
    _set(place, row.id, state=RUNNING)
    try:
        report = rehearse(place, row, say)
    except Exception as fault:
        error = f"{type(fault).__name__}: {fault}"[:2000]
        place.database.write(lambda tx: _end(tx, row.id, FAILED, None, error))
        raise DrillFailed(error) from fault
    failed = next((f"{s['name']}: {s['error']}" for s in report["steps"] if s["error"]), None)
    state = DONE if failed is None else FAILED
    place.database.write(lambda tx: _end(tx, row.id, state, report, failed))
    return report


def _set(place: Place, drill_id: int, **values: Any) -> None:
    place.database.write(
        lambda tx: tx.execute(sa.update(t.drill).where(t.drill.c.id == drill_id).values(**values))
    )


def _end(
    tx: Transaction, drill_id: int, state: str, report: dict[str, Any] | None, error: str | None
) -> None:
    values = {"state": state, "report": report, "error": error, "done_at": tx.now}
    tx.execute(sa.update(t.drill).where(t.drill.c.id == drill_id).values(**values))


def rehearse(place: Place, drill: sa.Row, say: Say = lambda _: None) -> dict[str, Any]:
    """The exit as it would go, on a copy that is gone afterwards."""
    home = place.folder / FOLDER
    home.mkdir(mode=0o700, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f"{drill.public_id}-", dir=home))
    try:
        say("copying the data")
        begun = time.monotonic()
        size = copy_database(place.database, room)
        copied = {"database_bytes": size, "ms": _since(begun)}
        with open_database(room) as database:
            there = Place(database, place.blobs, room, rehearsal=True, done_by="drill")
            return {**_on_copy(there, drill, say), "copied": copied}
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _on_copy(there: Place, drill: sa.Row, say: Say) -> dict[str, Any]:
    database = there.database
    before = database.read(worth)
    say("stop")
    begun = time.monotonic()
    exit_id = database.write(lambda tx: _begin(tx, drill))
    stopping = _since(begun)
    key = database.read(lambda tx: execute.find_exit(tx, exit_id).id)
    try:
        execute.carry_on(there, {"exit": key}, say)
    except Exception as fault:  # which step it was and why stands in the exit itself
        say(f"failed: {fault}")
    found = database.read(lambda tx: execute.describe(tx, exit_id))
    row = database.read(lambda tx: execute.find_exit(tx, exit_id))
    after = database.read(worth)
    return {
        "plan": found["plan"],
        "steps": [
            {
                "name": step["name"],
                "ms": stopping if step["name"] == "stop" else took,
                "detail": step["detail"],
                "error": step["error"],
            }
            for step, took in zip(found["steps"], database.read(lambda tx: _took(tx, key)), strict=True)
        ],
        "certificate": None
        if row.certificate is None
        else {k: row.certificate[k] for k in ("holds", "checks", "remains")},
        "against_plan": _against_plan(found),
        "projects": [
            {
                **{k: now[k] for k in ("project", "name", "world")},
                "before": _figures(before[key]),
                "after": _figures(now),
            }
            for key, now in after.items()
            if _figures(before[key]) != _figures(now)
        ],
    }


def _begin(tx: Transaction, drill: sa.Row) -> str:
    provider = tx.execute(
        sa.select(t.provider.c.slug).where(t.provider.c.id == drill.provider_id)
    ).scalar_one()
    return execute.begin(tx, as_owner(tx, drill.person_id), provider, drill.options)["id"]


def _took(tx: Transaction, exit_id: int) -> list[int | None]:
    steps = tx.rows(
        sa.select(t.exit_step).where(t.exit_step.c.exit_id == exit_id).order_by(t.exit_step.c.position)
    )
    return [None if s.at is None or s.begun_at is None else (s.at - s.begun_at) // 1000 for s in steps]


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    return {k: found[k] for k in ("tasks", "settled", "answered", "confidence", "below_target")}


def _against_plan(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the plan foresaw beside what was done; they differ where work went on between the two."""
    plan = found["plan"]
    detail = {step["name"]: step["detail"] or {} for step in found["steps"]}
    recalled = detail["stop"].get("recalled", 0) + detail["recall"].get("recalled", 0)
    latest = sum(r["latest"] for r in plan["releases"])
    return [
        {"what": what, "planned": planned, "done": done}
        for what, planned, done in (
            ("assignments recalled", plan["in_flight"], recalled),
            ("keys revoked", plan["keys"], detail["revoke"].get("revoked")),
            ("sessions ended", plan["revoke"]["sessions"], detail["revoke"].get("sessions")),
            ("links ended", plan["revoke"]["links"], detail["revoke"].get("links")),
            ("releases rebuilt", latest, len(detail["rebuild"].get("built", ()))),
        )
    ]


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def find_drill(tx: Transaction, public_id: str) -> sa.Row:
    row = tx.row(sa.select(t.drill).where(t.drill.c.public_id == public_id))
    if row is None:
        raise NotFound("there is no such drill")
    return row


def describe(tx: Transaction, row: sa.Row, *, whole: bool = True) -> dict[str, Any]:
    """A drill as it stands; `whole`: with its report."""
    provider = tx.execute(sa.select(t.provider).where(t.provider.c.id == row.provider_id)).one()
    by = tx.scalar(sa.select(t.person.c.name).where(t.person.c.id == row.person_id))
    schedule = tx.row(sa.select(t.drill_schedule).where(t.drill_schedule.c.provider_id == provider.id))
    found = {
        "id": row.public_id,
        "provider": provider.slug,
        "name": provider.name,
        "state": row.state,
        "by": by,
        "at": format_time(row.at),
        "done_at": None if row.done_at is None else format_time(row.done_at),
        "options": row.options,
        "error": row.error,
        "holds": None
        if not row.report or not row.report["certificate"]
        else row.report["certificate"]["holds"],
        "schedule": None
        if schedule is None
        else {"every_days": schedule.every_days, "next_at": format_time(schedule.next_at)},
    }
    return {**found, "report": row.report} if whole else found


def listing(
    tx: Transaction, provider_id: int | None, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Drills without their reports, the newest first, and the key to go on after."""
    query = sa.select(t.drill).order_by(t.drill.c.id.desc()).limit(limit + 1)
    if provider_id is not None:
        query = query.where(t.drill.c.provider_id == provider_id)
    if after:
        query = query.where(t.drill.c.id < after)
    rows = tx.rows(query)
    items = [describe(tx, row, whole=False) for row in rows[:limit]]
    return items, rows[limit - 1].id if len(rows) > limit else None


def clean(folder: Path) -> None:
    """Takes away the copies of drills that were killed; called by the holder of the folder as it starts."""
    for left in (folder / FOLDER).glob("*"):
        shutil.rmtree(left, ignore_errors=True)


def forget(tx: Transaction, row: sa.Row) -> None:
    """Takes back an order that nobody has begun with."""
    tx.execute(sa.delete(t.drill).where(t.drill.c.id == row.id, t.drill.c.state == WAITING))
