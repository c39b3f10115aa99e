"""How is a provider left?

Durable steps, each in the record with who ordered it, who did it and when. The stop happens with the order
itself; a crash anywhere goes on with the step that was not done, and every step may run twice without harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import new_id
from steelyard.domain.states import ExitState, ProviderStatus
from steelyard.domain.times import format_time
from steelyard.exit import phase_out
from steelyard.exit.options import Options, parse_options
from steelyard.exit.place import Place
from steelyard.exit.plan import plan
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.jobs.queue import enqueue
from steelyard.providers.registry import IN_HOUSE, find_provider, update_provider
from steelyard.store import tables as t
from steelyard.store.database import Transaction

JOB = "exit"
Act = Callable[[Place, sa.Row], dict[str, Any]]


def _loaded_when_done(name: str) -> Act:
    """`run` of the module of this step, which brings columns and signatures that a server starts without."""

    def run(place: Place, leaving: sa.Row) -> dict[str, Any]:
        return import_module(f"steelyard.exit.{name}").run(place, leaving)

    return run


# In the order in which they are done. `stop` is done by the order itself. Keys go before the slow steps:
# whoever is left should not read on while its answers are withdrawn.
ACTS = {
    name: _loaded_when_done(name)
    for name in ("recall", "revoke", "reroute", "withdraw", "reorder", "rebuild", "certificate")
}
STEPS = ("stop", *ACTS)


def begin(
    tx: Transaction,
    who: Principal,
    slug: str,
    options: Mapping[str, Any] | None = None,
    foreseen: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Stops the provider in this transaction and orders the rest; returns the exit with its steps.

    `options` as in `parse_options`. `foreseen` is the plan as it was counted just before: counted here, it
    would hold up everybody else on a large installation. An exit that runs, or that is done and held with the
    same options, is returned as it is.

    Raises `Forbidden`, `NotFound`, `Conflict` for in-house, `Invalid` for options.
    """
    require(who, Action.EXIT)
    require_live(who)
    tx.hold_showing()
    provider = find_provider(tx, slug)
    if provider.slug == IN_HOUSE:
        raise Conflict("the installation's own people cannot be left", "in_house")
    wanted = parse_options(tx, options, provider)
    before = tx.row(
        sa.select(t.exit).where(t.exit.c.provider_id == provider.id).order_by(t.exit.c.id.desc()).limit(1)
    )
    if before is not None and (before.state == ExitState.RUNNING or _stands(before, provider, wanted)):
        return describe(tx, before.public_id)
    if foreseen is None:
        foreseen = plan(tx, provider, who.world)
    phase_out.end_for(tx, provider.id)
    changed = update_provider(tx, who, slug, {"status": ProviderStatus.EXITED})
    public = new_id(tx.now)
    key = tx.added(
        sa.insert(t.exit).values(
            public_id=public,
            provider_id=provider.id,
            person_id=who.person_id,
            state=ExitState.RUNNING,
            plan=foreseen,
            options=wanted.to_json(),
            at=tx.now,
        )
    )
    stopped = {"recalled": changed.recalled.count, "projects": len(changed.stopped)}
    for position, name in enumerate(STEPS):
        done = name == "stop"
        tx.execute(
            sa.insert(t.exit_step).values(
                exit_id=key,
                position=position,
                name=name,
                state="done" if done else "waiting",
                detail=stopped if done else None,
                begun_at=tx.now if done else None,
                at=tx.now if done else None,
            )
        )
    record(tx, key, "exit", "ordered", wanted.to_json(), who.person_id)
    record(tx, key, "stop", "done", stopped, who.person_id)
    enqueue(tx, JOB, {"exit": key}, dedup_key=f"{JOB}:{key}")
    return describe(tx, public)


def _stands(before: sa.Row, provider: sa.Row, wanted: Options) -> bool:
    """Was this provider left already in just this way, with nothing found wrong?"""
    return (
        provider.status == ProviderStatus.EXITED
        and before.options == wanted.to_json()
        and bool((before.certificate or {}).get("holds"))
    )


def record(
    tx: Transaction,
    exit_id: int,
    step: str,
    what: str,
    detail: dict[str, Any] | None,
    person_id: int | None,
    done_by: str | None = None,
) -> None:
    """Writes down that something was ordered, begun, done or has failed; never changed afterwards."""
    tx.execute(
        sa.insert(t.exit_event).values(
            exit_id=exit_id,
            step=step,
            what=what,
            detail=detail,
            person_id=person_id,
            done_by=done_by,
            at=tx.now,
        )
    )


def carry_on(place: Place, args: dict[str, Any], say: Callable[[str], None] = lambda _: None) -> None:
    """The job: does the steps that are not done, one after the other; `say` is told each one's name."""
    key = args["exit"]
    leaving = place.database.read(lambda tx: tx.execute(sa.select(t.exit).where(t.exit.c.id == key)).one())
    for name, act in ACTS.items():
        if place.database.write(lambda tx, name=name: _begin_step(tx, place, leaving, name)):
            say(name)
            try:
                detail = act(place, leaving)
            except Exception as fault:
                error = f"{type(fault).__name__}: {fault}"[:2000]
                place.database.write(
                    lambda tx, name=name, error=error: _end_step(tx, place, leaving, name, "failed", error)
                )
                raise
            place.database.write(
                lambda tx, name=name, detail=detail: _end_step(tx, place, leaving, name, "done", detail)
            )
    place.database.write(lambda tx: _finish(tx, leaving))


def _begin_step(tx: Transaction, place: Place, leaving: sa.Row, name: str) -> bool:
    at = (t.exit_step.c.exit_id == leaving.id, t.exit_step.c.name == name)
    step = tx.row(sa.select(t.exit_step).where(*at).with_for_update())
    if step is None or step.state == "done":
        return False
    record(tx, leaving.id, name, "begun", None, leaving.person_id, place.done_by)
    begun = step.begun_at if step.begun_at is not None else tx.now
    tx.execute(sa.update(t.exit_step).where(*at).values(state="running", begun_at=begun, error=None))
    return True


def _end_step(
    tx: Transaction, place: Place, leaving: sa.Row, name: str, state: str, said: dict[str, Any] | str
) -> None:
    failed = isinstance(said, str)
    values: dict[str, Any] = {"error": said} if failed else {"detail": said, "error": None}
    tx.execute(
        sa.update(t.exit_step)
        .where(t.exit_step.c.exit_id == leaving.id, t.exit_step.c.name == name)
        .values(state=state, at=tx.now, **values)
    )
    detail = {"error": said} if failed else said
    record(tx, leaving.id, name, state, detail, leaving.person_id, place.done_by)  # type: ignore[arg-type]


def _finish(tx: Transaction, leaving: sa.Row) -> None:
    done = tx.execute(
        sa.update(t.exit)
        .where(t.exit.c.id == leaving.id, t.exit.c.state == ExitState.RUNNING)
        .values(state=ExitState.DONE, done_at=tx.now)
    )
    if done.rowcount:
        record(tx, leaving.id, "exit", "done", None, leaving.person_id)


def find_exit(tx: Transaction, public_id: str) -> sa.Row:
    row = tx.row(sa.select(t.exit).where(t.exit.c.public_id == public_id))
    if row is None:
        raise NotFound("there is no such exit")
    return row


def describe(tx: Transaction, public_id: str, *, whole: bool = True) -> dict[str, Any]:
    """An exit with its steps as they stand; `whole`: with its plan and all that was recorded."""
    row = find_exit(tx, public_id)
    provider = tx.execute(sa.select(t.provider).where(t.provider.c.id == row.provider_id)).one()
    people = {r.id: r.name for r in tx.rows(sa.select(t.person.c.id, t.person.c.name))}
    steps = tx.rows(
        sa.select(t.exit_step).where(t.exit_step.c.exit_id == row.id).order_by(t.exit_step.c.position)
    )
    found: dict[str, Any] = {
        "id": row.public_id,
        "provider": provider.slug,
        "name": provider.name,
        "state": row.state,
        "by": people.get(row.person_id),
        "at": format_time(row.at),
        "done_at": _time(row.done_at),
        "options": row.options,
        "certificate": row.certificate is not None,
        "holds": None if row.certificate is None else row.certificate["holds"],
        "steps": [
            {
                "name": s.name,
                "state": s.state,
                "by": people.get(row.person_id),
                "begun_at": _time(s.begun_at),
                "at": _time(s.at),
                "detail": s.detail,
                "error": s.error,
            }
            for s in steps
        ],
    }
    if whole:
        events = tx.rows(
            sa.select(t.exit_event).where(t.exit_event.c.exit_id == row.id).order_by(t.exit_event.c.id)
        )
        found["plan"] = row.plan
        found["events"] = [
            {
                "step": e.step,
                "what": e.what,
                "by": people.get(e.person_id),
                "done_by": e.done_by,
                "at": format_time(e.at),
                "detail": e.detail,
            }
            for e in events
        ]
    return found


def listing(
    tx: Transaction, provider_id: int | None, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Exits without their plans, the newest first, and the key to go on after."""
    query = sa.select(t.exit.c.id, t.exit.c.public_id).order_by(t.exit.c.id.desc()).limit(limit + 1)
    if provider_id is not None:
        query = query.where(t.exit.c.provider_id == provider_id)
    if after:
        query = query.where(t.exit.c.id < after)
    rows = tx.rows(query)
    items = [describe(tx, row.public_id, whole=False) for row in rows[:limit]]
    return items, rows[limit - 1].id if len(rows) > limit else None


def _time(at: int | None) -> str | None:
    return None if at is None else format_time(at)
