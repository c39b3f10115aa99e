"""/api/teams: people that work can be given to together."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from steelyard.domain.errors import Forbidden
from steelyard.http.api.common import (
    REFUSALS,
    After,
    Body,
    IdempotencyKey,
    Inst,
    Limit,
    after_key,
    fields_of,
    next_of,
    once,
    refuse_unknown,
)
from steelyard.http.api.people import ByName
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, Principal, require
from steelyard.identity.teams import create_team, describe_teams, find_team, list_teams, update_team
from steelyard.store.database import Transaction
from steelyard.work.team_end import end_team

router = APIRouter(prefix="/api", tags=["people"], responses=REFUSALS)
Force = Annotated[bool, Query(description="everybody may take the work that waits for the team")]


class Team(Body):
    name: Any = Field(None, description="unique in the installation")
    people: Any = Field(None, description="ids or names of people; replaces the list")


def _reader(tx: Transaction, asker: Any) -> Principal:
    who = asker.principal(tx)
    require(who, Action.READ_KEYS)
    if not who.inhouse:
        raise Forbidden("teams are for the house to see")
    return who


@router.get("/teams")
def listing(
    inst: Inst, asker: Asker, after: After = None, limit: Limit = 100, name: ByName = None
) -> dict[str, Any]:
    """Teams with the people in them, in the order in which they were made."""

    def look(tx: Transaction) -> dict[str, Any]:
        _reader(tx, asker)
        page = list_teams(tx, name=name, after=after_key(after), limit=limit)
        return {"items": describe_teams(tx, page.rows), "next": next_of(page)}

    return inst.database.read(look)


@router.post("/teams", status_code=201)
def create(
    inst: Inst, asker: Asker, request: Request, body: Team, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Makes a team."""
    refuse_unknown(body, "a team")
    raw = fields_of(body)

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)

        def make() -> dict[str, Any]:
            return describe_teams(tx, [create_team(tx, who, raw.get("name"), raw.get("people"))])[0]

        return once(tx, who, f"POST {request.url.path}", key, raw, make)

    return inst.database.write(do)


@router.get("/teams/{team_id}")
def read(inst: Inst, asker: Asker, team_id: str) -> dict[str, Any]:
    """One team with the people in it."""

    def look(tx: Transaction) -> dict[str, Any]:
        _reader(tx, asker)
        return describe_teams(tx, [find_team(tx, team_id)])[0]

    return inst.database.read(look)


@router.patch("/teams/{team_id}")
def change(inst: Inst, asker: Asker, team_id: str, body: Team) -> dict[str, Any]:
    """Changes the name or the people of a team (a merge patch: a list replaces the one before). Who joins may
    take from the next claim on what waits for the team; what is held stays held."""
    patch = fields_of(body) | (body.__pydantic_extra__ or {})

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        return describe_teams(tx, [update_team(tx, asker.principal(tx), team_id, patch)])[0]

    return inst.database.write(do)


@router.delete("/teams/{team_id}", status_code=204)
def delete(inst: Inst, asker: Asker, team_id: str, force: Force = False) -> None:
    """Gives a team up. 409 (team_has_work) while work waits for it, unless `force`."""

    def do(tx: Transaction) -> None:
        tx.hold_showing()
        end_team(tx, asker.principal(tx), team_id, force=force)

    inst.database.write(do)
