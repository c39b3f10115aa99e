"""/api/dependence: what hangs on whom, and what would be without them."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Query

from steelyard.http.api.common import REFUSALS, Inst
from steelyard.http.api.providers import provider_read_by
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, require
from steelyard.providers import figures
from steelyard.providers.dependence import dependence, overview
from steelyard.providers.sight import Seen, see
from steelyard.store.database import StoreError, Transaction
from steelyard.wiring import Installation
from steelyard.work.projects import find_project

log = logging.getLogger("steelyard.http")
router = APIRouter(prefix="/api", tags=["dependence"], responses=REFUSALS)


@router.get("/dependence")
def everything(
    inst: Inst,
    asker: Asker,
    project: Annotated[str | None, Query(max_length=100, description="a project's slug")] = None,
) -> dict[str, Any]:
    """What hangs on whom, over all projects and in each: shares, concentration, what would be without each
    provider and each organisation, and what replacing each would take. What is large and not worked out yet
    is `pending`, and being worked out."""

    def look(tx: Transaction) -> tuple[dict[str, Any], Seen]:
        who = asker.principal(tx)
        require(who, Action.READ_PROVIDERS)
        require(who, Action.READ_RESULTS)
        one = None if project is None else find_project(tx, who, project, Action.READ_RESULTS).id
        seen = see(tx, who.world, one)
        return overview(tx, seen, inst.thresholds), seen

    return _kept(inst, inst.database.read(look))


@router.get("/providers/{slug}/dependence")
def hangs(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """What hangs on this provider."""

    def look(tx: Transaction) -> tuple[dict[str, Any], Seen]:
        who, row = provider_read_by(tx, asker, slug)
        require(who, Action.READ_RESULTS)
        seen = see(tx, who.world)
        return dependence(tx, row, who.world, seen), seen

    return _kept(inst, inst.database.read(look))


def _kept(inst: Installation, found: tuple[dict[str, Any], Seen]) -> dict[str, Any]:
    """The answer; what was worked out for it is kept for the next, what is stale is ordered."""
    body, seen = found

    def write(tx: Transaction) -> None:
        for project_id, fresh in seen.fresh.items():
            figures.keep(tx, project_id, fresh)
        figures.order(tx, seen.order)

    if seen.fresh or seen.order:
        try:
            inst.database.write(write)
        except StoreError:  # the answer stands, only the next one costs the same again
            log.warning("what was worked out for a request could not be kept", exc_info=True)
    return body
