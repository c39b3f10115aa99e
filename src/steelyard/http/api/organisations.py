"""/api/organisations: legal entities, who holds whom, and which of them are one."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from steelyard.domain.errors import TooLarge, invalid
from steelyard.formats.storable import parse_json, storable
from steelyard.http.api.common import (
    REFUSALS,
    After,
    Body,
    IdempotencyKey,
    Inst,
    Limit,
    after_key,
    fields_of,
    once,
)
from steelyard.http.api.preview import PREVIEWED, Preview, carried
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, require
from steelyard.providers.organisations import create_organisation, describe, update_organisation
from steelyard.providers.stake_list import import_stakes
from steelyard.providers.stake_rows import check_rows, read_csv
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.organisations import find_organisation, named

router = APIRouter(prefix="/api", tags=["organisations"], responses=REFUSALS)
LIST_LIMIT = 20_000_000
_LIST = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string", "description": "holder,held,share and more"}},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    }
}


class OrganisationFields(Body):
    name: Any = Field(None, description="unique among the names and aliases of all organisations")
    aliases: Any = Field(None, description="other names it goes by; replaces the list whole")
    lei: Any = Field(None, description="Legal Entity Identifier, ISO 17442")
    country: Any = Field(None, description="two letters, ISO 3166-1")
    interests: Any = Field(None, description="who holds it: [{organisation, share, since}]")


class OrganisationChange(OrganisationFields):
    same_as: Any = Field(None, description="the id of another that is the same legal entity, or null")


@router.get("/organisations")
def listing(
    inst: Inst,
    asker: Asker,
    name: Annotated[str | None, Query(max_length=200)] = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Every organisation, the oldest first; `?name=` finds one by its name or an alias."""

    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.CHANGE_INTERESTS)
        if name is not None:
            found = named(tx, name)
            return {"items": [] if found is None else describe(tx, [found]), "next": None}
        table = t.organisation
        rows = tx.rows(
            sa.select(table).where(table.c.id > after_key(after)).order_by(table.c.id).limit(limit + 1)
        )
        more = str(rows[limit - 1].id) if len(rows) > limit else None
        return {"items": describe(tx, rows[:limit]), "next": more}

    return inst.database.read(look)


@router.get("/organisations/{organisation_id}")
def read(inst: Inst, asker: Asker, organisation_id: str) -> dict[str, Any]:
    """One organisation: who holds it, what it holds, and the providers that it reaches through all chains."""

    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.CHANGE_INTERESTS)
        return describe(tx, [find_organisation(tx, organisation_id)])[0]

    return inst.database.read(look)


@router.post("/organisations", status_code=201, responses=PREVIEWED)
def create(
    inst: Inst,
    asker: Asker,
    request: Request,
    response: Response,
    body: OrganisationFields,
    preview: Preview = False,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Makes an organisation, with its aliases and with who holds it."""
    raw = fields_of(body)

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)

        def make() -> dict[str, Any]:
            row, effect = create_organisation(tx, who, raw)
            return {**describe(tx, [row])[0], **effect.to_json()}

        return once(tx, who, f"POST {request.url.path}", None if preview else key, raw, make)

    if preview:
        response.status_code = 200
    return carried(inst, preview, do)


@router.patch("/organisations/{organisation_id}")
def change(
    inst: Inst, asker: Asker, organisation_id: str, body: OrganisationChange, preview: Preview = False
) -> dict[str, Any]:
    """Changes an organisation (a merge patch), and says which providers stop because of it, and where."""
    patch = fields_of(body)

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        row, effect = update_organisation(tx, asker.principal(tx), organisation_id, patch)
        return {**describe(tx, [row])[0], **effect.to_json()}

    return carried(inst, preview, do)


@router.post("/organisations/import", openapi_extra=_LIST)
async def bring_in(inst: Inst, asker: Asker, request: Request, preview: Preview = False) -> dict[str, Any]:
    """Records a list of stakes, all of it or, as long as one row is wrong, nothing.

    CSV with a header, or a JSON list: holder, held and share, and optionally since, and alias, lei and country of
    the holder. `held` is a provider's name or slug, or an organisation. A row is counted from 0.
    """
    await anyio.to_thread.run_sync(
        lambda: inst.database.read(lambda tx: require(asker.principal(tx), Action.CHANGE_INTERESTS))
    )
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > LIST_LIMIT:
            raise TooLarge(f"a list is at most {LIST_LIMIT} bytes")
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()

    def run() -> dict[str, Any]:
        if kind == "text/csv":
            rows = storable(read_csv(bytes(data)))
        elif kind == "application/json":
            rows = parse_json(bytes(data))
        else:
            raise invalid("", "content_type", f"send text/csv or application/json, not {kind[:60]!r}")
        right, wrong = check_rows(rows)

        def do(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            imported, effect = import_stakes(tx, asker.principal(tx), right, wrong)
            written = not preview and not imported.problems
            return {**imported.to_json(), "written": written, **effect.to_json()}

        return carried(inst, preview, do)

    return await anyio.to_thread.run_sync(run)
