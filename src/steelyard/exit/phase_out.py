"""How is a provider left by and by?

By a share of the work that declines step by step to a date, on which the exit begins by itself. The claim
enforces the share; ending a phase-out early puts everything back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from steelyard.domain.eligibility import WHOLE
from steelyard.domain.errors import Conflict, Invalid, NotFound, Problem, invalid
from steelyard.domain.ids import new_id
from steelyard.domain.states import ProjectStatus, ProviderStatus
from steelyard.domain.times import format_time
from steelyard.exit.options import parse_options
from steelyard.exit.schedule import parse_schedule
from steelyard.identity.policy import Action, Principal, require, require_live
from steelyard.providers.registry import IN_HOUSE, find_provider
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.phase_out import RUNNING, Limit, begin_limits, limits, phase_out_of

DONE, ENDED = "done", "ended"
FIELDS = ("ends", "starts", "steps", "options")


def order(tx: Transaction, who: Principal, slug: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Orders a phase-out: `ends`, and where given `starts`, `steps` (see `parse_schedule`) and the `options`
    of the exit at its end; returns it with what its limits are.

    Raises `Invalid` naming the field, `Conflict` for in-house, for a provider that was left and where a
    phase-out runs already.
    """
    require(who, Action.EXIT)
    require_live(who)
    tx.hold_showing()
    provider = find_provider(tx, slug)
    if provider.slug == IN_HOUSE:
        raise Conflict("the installation's own people cannot be left", "in_house")
    if provider.status == ProviderStatus.EXITED:
        raise Conflict(f"{provider.name} was left already", "exited")
    if _running(tx, provider.id) is not None:
        raise Conflict(f"{provider.name} is being phased out already; end that first", "phase_out_running")
    unknown = sorted(set(raw) - set(FIELDS))
    if unknown:
        raise Invalid([Problem(f"/{name}", "unknown", "is not a field of a phase-out") for name in unknown])
    schedule = parse_schedule(raw, tx.now)
    key = tx.added(
        sa.insert(t.phase_out).values(
            public_id=new_id(tx.now),
            provider_id=provider.id,
            person_id=who.person_id,
            state=RUNNING,
            steps=[{"at": step.at, "part": step.part} for step in schedule.steps],
            options=_options(tx, raw.get("options"), provider),
            starts_at=schedule.starts,
            ends_at=schedule.ends,
            at=tx.now,
        )
    )
    row = tx.execute(sa.select(t.phase_out).where(t.phase_out.c.id == key)).one()
    record(
        tx, row, None, {"starts": format_time(row.starts_at), "ends": format_time(row.ends_at)}, who.person_id
    )
    if row.starts_at <= tx.now:
        begin_limits(tx, phase_out_of(row))
    standing.changed(tx)
    return describe(tx, row, who.world)


def _options(tx: Transaction, raw: Any, provider: sa.Row) -> dict[str, Any]:
    if raw is not None and not isinstance(raw, Mapping):
        raise invalid("/options", "type", "must be an object, as for an exit")
    try:
        return parse_options(tx, raw, provider).to_json()
    except Invalid as wrong:
        raise Invalid([Problem(f"/options{p.pointer}", p.code, p.message) for p in wrong.problems]) from None


def end(tx: Transaction, who: Principal, slug: str) -> None:
    """Ends the phase-out that runs; the provider goes on as before. Raises `NotFound` where none runs."""
    require(who, Action.EXIT)
    require_live(who)
    tx.hold_showing()
    provider = find_provider(tx, slug)
    row = _running(tx, provider.id)
    if row is None:
        raise NotFound(f"{provider.name} is not being phased out")
    close(tx, row, ENDED, who.person_id)


def end_for(tx: Transaction, provider_id: int, person_id: int | None = None) -> None:
    """Ends the phase-out of a provider that is left at once, where one runs; the exclusive lock is held."""
    row = _running(tx, provider_id)
    if row is not None:
        close(tx, row, ENDED, person_id)


def close(tx: Transaction, row: sa.Row, state: str, person_id: int | None) -> None:
    """A phase-out limits nothing any more; the exclusive lock is held."""
    tx.execute(sa.update(t.phase_out).where(t.phase_out.c.id == row.id).values(state=state, ended_at=tx.now))
    record(tx, row, RUNNING, state, person_id)
    standing.changed(tx)


def record(tx: Transaction, row: sa.Row, before: Any, after: Any, person_id: int | None) -> None:
    """Writes a change of a phase-out down among the changes of its provider."""
    change = {"phase_out": {"id": row.public_id, "from": before, "to": after}}
    tx.execute(
        sa.insert(t.provider_change).values(
            provider_id=row.provider_id, person_id=person_id, change=change, at=tx.now
        )
    )


def _running(tx: Transaction, provider_id: int) -> sa.Row | None:
    mine = (t.phase_out.c.provider_id == provider_id, t.phase_out.c.state == RUNNING)
    return tx.row(sa.select(t.phase_out).where(*mine).with_for_update())


def latest(tx: Transaction, provider_id: int, world: str) -> dict[str, Any] | None:
    """The provider's phase-out that runs or ran last, as of now."""
    query = sa.select(t.phase_out).where(t.phase_out.c.provider_id == provider_id)
    row = tx.row(query.order_by(t.phase_out.c.id.desc()).limit(1))
    return None if row is None else describe(tx, row, world)


def describe(tx: Transaction, row: sa.Row, world: str) -> dict[str, Any]:
    """A phase-out; while it runs, with what is used of its limits in the projects of one world.

    Of a limit, `mine` of `of` answers are the provider's in this step (given since it began or held, of what
    all gave, hold and of what waits), `allowed` is the most it may have, and `stranded` waits although nobody
    else may be shown it.
    """
    provider = tx.execute(sa.select(t.provider).where(t.provider.c.id == row.provider_id)).one()
    person = tx.row(sa.select(t.person.c.name).where(t.person.c.id == row.person_id))
    phase_out = phase_out_of(row)
    found: list[dict[str, Any]] = []
    if row.state == RUNNING:
        projects = {
            p.id: p for p in tx.rows(sa.select(t.project).where(t.project.c.status != ProjectStatus.DELETED))
        }
        found = [
            {
                "project": projects[key].slug,
                "name": projects[key].name,
                "first_share": limit.first_share / WHOLE,
                "share": limit.share / WHOLE,
                "mine": limit.mine,
                "of": limit.of,
                "allowed": limit.allowed,
                "stranded": _stranded(tx, row.provider_id, key, limit),
            }
            for key, limit in limits(tx, phase_out).items()
            if key in projects and projects[key].world == world
        ]
    ended = None if row.ended_at is None else format_time(row.ended_at)
    return {
        "id": row.public_id,
        "provider": provider.slug,
        "name": provider.name,
        "state": row.state,
        "by": None if person is None else person.name,
        "at": format_time(row.at),
        "starts": format_time(row.starts_at),
        "ends": format_time(row.ends_at),
        "ended_at": ended,
        "part": phase_out.part(tx.now) if row.state == RUNNING else None,
        "steps": [{"at": format_time(step.at), "part": step.part} for step in phase_out.steps],
        "options": row.options,
        "limits": found,
        "stranded": sum(item["stranded"] for item in found),
        "exit": _exit_of(tx, row),
    }


_READY = sa.select(sa.func.count()).where(
    t.assignment.c.project_id == sa.bindparam("project"), sa.text("assignment.state = 0")
)


def _stranded(tx: Transaction, provider_id: int, project_id: int, limit: Limit) -> int:
    """How much waits beyond what the provider may still take, where nobody else may be shown it."""
    others = (p for p in standing.standing(tx).providers if p != provider_id)
    if any(standing.verdict(tx, other, project_id).allowed for other in others):
        return 0
    return max(0, tx.execute(_READY, {"project": project_id}).scalar_one() - limit.left)


def _exit_of(tx: Transaction, row: sa.Row) -> str | None:
    """The exit that began as the phase-out ended: both are written in one moment."""
    if row.ended_at is None:
        return None
    same = (t.exit.c.provider_id == row.provider_id, t.exit.c.at == row.ended_at)
    return tx.scalar(sa.select(t.exit.c.public_id).where(*same))
