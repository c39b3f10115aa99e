"""/api/dependence: what hangs on whom, and what would be without them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from steelyard.http.api.common import REFUSALS, Inst
from steelyard.http.api.providers import provider_read_by
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, require
from steelyard.providers.dependence import dependence
from steelyard.store.database import Transaction

router = APIRouter(prefix="/api", tags=["dependence"], responses=REFUSALS)


@router.get("/providers/{slug}/dependence")
def hangs(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """What hangs on this provider."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = provider_read_by(tx, asker, slug)
        require(who, Action.READ_RESULTS)
        return dependence(tx, row, who.world)

    return inst.database.read(look)
