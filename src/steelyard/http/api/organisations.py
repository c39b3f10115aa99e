"""/api/settings and /api/organisations: who is in conflict with the whole installation."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Field

from steelyard.http.api.common import REFUSALS, Body, Inst, refuse_unknown
from steelyard.http.auth import Asker
from steelyard.http.render import currency_of
from steelyard.identity.policy import Action, require
from steelyard.providers.interests import set_installation_conflicts
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.organisations import conflicts_of

router = APIRouter(prefix="/api", tags=["settings"], responses=REFUSALS)


class SettingsChange(Body):
    conflicts: Any = Field(None, description="names of organisations; replaces the list whole")


def _json(tx: Transaction) -> dict[str, Any]:
    return {"conflicts": conflicts_of(tx, None), "currency": currency_of(tx)}


@router.get("/settings")
def read(inst: Inst, asker: Asker) -> dict[str, Any]:
    """What holds for the whole installation."""

    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.CHANGE_SETTINGS)
        return _json(tx)

    return inst.database.read(look)


@router.patch("/settings")
def change(inst: Inst, asker: Asker, body: SettingsChange) -> dict[str, Any]:
    """Changes the conflicts of the installation; whoever is in conflict is stopped in the same moment."""

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)
        require(who, Action.CHANGE_SETTINGS)
        recalled = 0
        refuse_unknown(body, "the settings that can be changed")
        if "conflicts" in body.model_fields_set:
            names = [] if body.conflicts is None else body.conflicts
            recalled = set_installation_conflicts(tx, who, names).count
        return {**_json(tx), "recalled": recalled}

    return inst.database.write(do)


@router.get("/organisations")
def listing(inst: Inst, asker: Asker) -> dict[str, Any]:
    """Every organisation with its aliases."""

    def look(tx: Transaction) -> dict[str, Any]:
        require(asker.principal(tx), Action.CHANGE_INTERESTS)
        names: dict[int, list[str]] = {}
        for row in tx.execute(sa.select(t.organisation_name).order_by(t.organisation_name.c.name)):
            names.setdefault(row.organisation_id, []).append(row.name)
        rows = tx.execute(sa.select(t.organisation).order_by(t.organisation.c.name)).all()
        return {
            "items": [
                {
                    "id": row.public_id,
                    "name": row.name,
                    "aliases": [n for n in names.get(row.id, []) if n != row.name],
                }
                for row in rows
            ],
            "next": None,
        }

    return inst.database.read(look)
