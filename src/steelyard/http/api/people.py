"""/api/people: who is there, what they know, and all that is kept of one of them."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from steelyard.domain.errors import NotFound
from steelyard.http.api.common import REFUSALS, After, Body, Inst, Limit, after_key, fields_of, next_of
from steelyard.http.auth import Asker
from steelyard.identity.people import (
    describe_people,
    find_person,
    list_people,
    provider_named,
    update_person,
)
from steelyard.identity.policy import Action, require, require_live, require_provider
from steelyard.store.database import Transaction

STREAM = "application/x-ndjson"
router = APIRouter(prefix="/api", tags=["people"], responses=REFUSALS)
OfProvider = Annotated[str | None, Query(max_length=200, description="a provider's slug or name")]
ByName = Annotated[str | None, Query(max_length=200, description="finds one by its name")]


class PersonChange(Body):
    languages: Any = Field(None, description="what the person speaks; replaces the list")
    skills: Any = Field(None, description="what the person knows; replaces the list")
    email: Any = Field(None, description="an address, or null")


@router.get("/people")
def listing(
    inst: Inst,
    asker: Asker,
    after: After = None,
    limit: Limit = 100,
    provider: OfProvider = None,
    name: ByName = None,
) -> dict[str, Any]:
    """People whom the caller's role reaches, in the order in which they came."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        require(who, Action.READ_KEYS)
        only = None if who.inhouse else who.provider_id
        if provider is not None:
            only = provider_named(tx, provider).id
            require_provider(who, only)
        page = list_people(tx, provider_id=only, name=name, after=after_key(after), limit=limit)
        return {"items": describe_people(tx, page.rows, teams=who.inhouse), "next": next_of(page)}

    return inst.database.read(look)


@router.get("/people/{person_id}")
def read(inst: Inst, asker: Asker, person_id: str) -> dict[str, Any]:
    """One person: what it knows, its provider and teams, its valid keys and when it was last seen."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        require(who, Action.READ_KEYS)
        row = find_person(tx, person_id)
        if not who.inhouse and row.provider_id != who.provider_id:
            raise NotFound("there is no such person")
        return describe_people(tx, [row], teams=who.inhouse)[0]

    return inst.database.read(look)


@router.get(
    "/people/{person_id}/export",
    response_class=StreamingResponse,
    responses={200: {"content": {STREAM: {"schema": {"type": "string"}}}}},
)
def export(inst: Inst, asker: Asker, person_id: str) -> StreamingResponse:
    """All that is kept of one person, in both worlds, a line each with `what` it is: keys and sessions (never
    what opens them), teams, what it was shown, answered, asked and decided, and its figures. The last line says
    how many there were."""
    # It makes many statements, which nothing else needs at the start.
    from steelyard.work.person_export import export_person

    def look(tx: Transaction) -> sa.Row:
        who = asker.principal(tx)
        require(who, Action.EXPORT_PEOPLE)
        require_live(who)
        return find_person(tx, person_id)

    person = inst.database.read(look)
    headers = {
        "Content-Disposition": f'attachment; filename="person-{person.public_id}.ndjson"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(export_person(inst.database, person.id), media_type=STREAM, headers=headers)


@router.patch("/people/{person_id}")
def change(inst: Inst, asker: Asker, person_id: str, body: PersonChange) -> dict[str, Any]:
    """Changes languages, skills or e-mail (a merge patch). What was gained counts from the next claim on; what
    is held stays held."""
    patch = fields_of(body) | (body.__pydantic_extra__ or {})

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)
        return describe_people(tx, [update_person(tx, who, person_id, patch)], teams=who.inhouse)[0]

    return inst.database.write(do)
