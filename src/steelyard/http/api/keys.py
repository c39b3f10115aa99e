"""/api/keys: who may."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field

from steelyard.domain.errors import Forbidden, invalid
from steelyard.domain.times import format_time
from steelyard.http.api.common import (
    REFUSALS,
    After,
    Body,
    Inst,
    Limit,
    after_key,
    next_of,
    refuse_unknown,
)
from steelyard.http.auth import Asker
from steelyard.identity.keys import create_key, list_keys, revoke_key
from steelyard.identity.people import provider_named
from steelyard.identity.policy import Action, Principal, Role, may, require, require_live
from steelyard.store.database import Transaction

router = APIRouter(prefix="/api", tags=["keys"], responses=REFUSALS)


class NewKey(Body):
    role: Any = Field(None, description="owner, manager, reviewer, annotator or machine")
    mode: Any = Field("live", description="live or test: the world that the key sees")
    name: Any = Field(None, description="the person's name; the role unless given")
    provider: Any = Field(None, description="the person's provider; in-house unless given")


def _require_keys(who: Principal, role: Any) -> None:
    """An owner makes any key; a manager annotators' keys, a vendor's lead those of its own people."""
    require_live(who)
    if may(who, Action.CHANGE_KEYS):
        return
    require(who, Action.CHANGE_ANNOTATOR_KEYS)
    if role != Role.ANNOTATOR:
        raise Forbidden("a manager may make and revoke annotators' keys only")


@router.post("/keys", status_code=201)
def create(inst: Inst, asker: Asker, body: NewKey) -> JSONResponse:
    """Makes a key for a person who is found or made; it is shown this once."""

    def do(tx: Transaction) -> tuple[str, str]:
        who = asker.principal(tx)
        _require_keys(who, body.role)
        refuse_unknown(body, "a key")
        wanted = body.provider if who.inhouse else (body.provider or who.provider_slug)
        provider = provider_named(tx, wanted)
        if not who.inhouse and provider.id != who.provider_id:
            raise Forbidden("a vendor's lead makes keys for its own people only")
        if body.name is not None and not isinstance(body.name, str):
            raise invalid("/name", "name", "must be a non-empty string")
        if not isinstance(body.role, str):
            raise invalid("/role", "choice", f"must be one of {', '.join(Role)}")
        if not isinstance(body.mode, str):
            raise invalid("/mode", "choice", "must be live or test")
        return create_key(tx, body.role, provider, name=body.name, mode=body.mode)

    public, key = inst.database.write(do)
    return JSONResponse({"id": public, "key": key}, status_code=201, headers={"Cache-Control": "no-store"})


@router.get("/keys")
def listing(inst: Inst, asker: Asker, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """Keys with whose they are, newest first; never the keys themselves."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        require(who, Action.READ_KEYS)
        only = None if who.inhouse else who.provider_id
        page = list_keys(tx, provider_id=only, after=after_key(after), limit=limit)
        return {
            "items": [
                {
                    "id": row.public_id,
                    "name": row.name,
                    "role": row.role,
                    "mode": row.world,
                    "last4": row.last4,
                    "provider": row.provider,
                    "created_at": format_time(row.created_at),
                    "revoked_at": None if row.revoked_at is None else format_time(row.revoked_at),
                }
                for row in page.rows
            ],
            "next": next_of(page),
        }

    return inst.database.read(look)


@router.delete("/keys/{key_id}", status_code=204)
def revoke(inst: Inst, asker: Asker, key_id: str) -> None:
    """Ends a key and every session that it opened."""

    def do(tx: Transaction) -> None:
        who = asker.principal(tx)
        require_live(who)
        if may(who, Action.CHANGE_KEYS):
            return revoke_key(tx, key_id)
        require(who, Action.CHANGE_ANNOTATOR_KEYS)
        return revoke_key(tx, key_id, only_annotators_of=-1 if who.inhouse else who.provider_id)

    inst.database.write(do)
