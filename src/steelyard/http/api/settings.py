"""/api/settings: what holds for the whole installation, such as who is in conflict with all of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from steelyard.http.api.common import REFUSALS, Body, Inst, refuse_unknown
from steelyard.http.api.preview import Preview, carried
from steelyard.http.auth import Asker
from steelyard.http.render import currency_of
from steelyard.identity.policy import Action, require
from steelyard.providers.interests import set_installation_conflicts
from steelyard.store.database import Transaction
from steelyard.work.effect import Effect
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
def change(inst: Inst, asker: Asker, body: SettingsChange, preview: Preview = False) -> dict[str, Any]:
    """Changes the conflicts of the installation; whoever is in conflict is stopped in the same moment."""

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)
        require(who, Action.CHANGE_SETTINGS)
        refuse_unknown(body, "the settings that can be changed")
        effect = Effect()
        if "conflicts" in body.model_fields_set:
            names = [] if body.conflicts is None else body.conflicts
            effect = set_installation_conflicts(tx, who, names)
        return {**_json(tx), **effect.to_json()}

    return carried(inst, preview, do)
