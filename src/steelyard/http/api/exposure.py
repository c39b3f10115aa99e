"""/api/providers/{slug}/exposure: who was shown what?"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from steelyard.http.api.common import REFUSALS, After, Inst, Limit, after_key
from steelyard.http.api.providers import provider_read_by
from steelyard.http.auth import Asker
from steelyard.store.database import Transaction
from steelyard.work import exposure

router = APIRouter(prefix="/api", tags=["exposure"], responses=REFUSALS)


@router.get("/providers/{slug}/exposure")
def shown(inst: Inst, asker: Asker, slug: str, after: After = None, limit: Limit = 1000) -> dict[str, Any]:
    """What this provider was shown: counts, and the showings one by one."""

    def look(tx: Transaction) -> dict[str, Any]:
        who, row = provider_read_by(tx, asker, slug)
        items, following = exposure.listing(tx, row.id, who.world, after_key(after), limit)
        return {
            "counts": exposure.counts(tx, row.id, who.world),
            "items": items,
            "next": None if following is None else str(following),
        }

    return inst.database.read(look)
