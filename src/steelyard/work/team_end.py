"""What becomes of the work that waits for a team that is given up?

A team for which work waits, or is staged or paused, stays, unless whoever gives it up says that everybody may take
that work: then its lanes demand no team from the same moment on, and the skills and languages that they demand still.
"""

from __future__ import annotations

import sqlalchemy as sa

from steelyard.domain.errors import Conflict
from steelyard.identity.policy import Principal
from steelyard.identity.teams import find_team, forget_team, may_change
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.queue import put_back

_LOCKED = sa.select(t.team.c.id).where(t.team.c.id == sa.bindparam("team")).with_for_update()
_LANES = (
    sa.select(t.lane.c.id, t.lane.c.demands, t.lane.c.project_id)
    .where(t.lane.c.team_id == sa.bindparam("team"))
    .order_by(t.lane.c.id)
    .with_for_update()
)
_WAITS = (
    sa.select(t.assignment.c.id)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.lane_id == sa.bindparam("lane"),
        sa.text("assignment.state = 0"),
    )
    .limit(1)
)
_STAGED = (
    sa.select(t.assignment.c.id)
    .where(t.assignment.c.lane_id == sa.bindparam("lane"), sa.text("assignment.state = 4"))
    .limit(1)
)


def end_team(
    tx: Transaction, who: Principal, named: str, *, force: bool = False, by_name: bool = False
) -> int:
    """Gives a team up; returns from how many lanes waiting work went to everybody.

    Raises `Conflict` (team_has_work) while work waits for the team, unless `force`.
    """
    may_change(tx, who)
    team = find_team(tx, named, by_name=by_name)
    tx.row(_LOCKED, {"team": team.id})  # work that is being given to it has come, or finds no team
    lanes = tx.rows(_LANES, {"team": team.id})
    waiting = [
        lane
        for lane in lanes
        if tx.row(_WAITS, {"project": lane.project_id, "lane": lane.id}) or tx.row(_STAGED, {"lane": lane.id})
    ]
    if waiting and not force:
        of = len({lane.project_id for lane in waiting})
        message = (
            f"work of {of} project{'' if of == 1 else 's'} waits for {team.name!r}; "
            "with force=true everybody may take it"
        )
        raise Conflict(message, "team_has_work")
    for lane in lanes:
        demands = {name: value for name, value in lane.demands.items() if name != "team"}
        tx.execute(sa.update(t.lane).where(t.lane.c.id == lane.id).values(demands=demands, team_id=None))
    forget_team(tx, team.id)
    put_back(tx, ((lane.id, 0) for lane in lanes))
    return len(waiting)
