"""/api/projects/{name}/annotators and /assign: who works on a project, how well, and on what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from steelyard.http.api.common import REFUSALS, After, Body, Inst, Limit, after_key, refuse_unknown
from steelyard.http.auth import Asker
from steelyard.identity.people import provider_named
from steelyard.identity.policy import Action
from steelyard.store.database import Transaction
from steelyard.work import workload
from steelyard.work.assign import assign
from steelyard.work.projects import find_project

router = APIRouter(prefix="/api", tags=["annotators"], responses=REFUSALS)


class Stop(Body):
    because: Any = Field(None, description="what the annotator is told")


class Resumption(Body):
    """Nothing needs to be said."""


class Given(Body):
    tasks: Any = Field(None, description="ids of tasks, 1,000 at most")
    to: Any = Field(None, description='{"person": name or id} or {"team": name or id}; null: everybody')


@router.get("/projects/{slug}/annotators")
def listing(
    inst: Inst,
    asker: Asker,
    slug: str,
    provider: Annotated[str | None, Query(max_length=200)] = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """What each annotator has done in a project, how well, and who is stopped; `?provider=` one's alone."""

    def look(tx: Transaction) -> dict[str, Any]:
        project = find_project(tx, asker.principal(tx), slug, Action.MANAGE_PROJECTS)
        key = None if provider is None else provider_named(tx, provider).id
        items, following = workload.listing(tx, project.id, after_key(after), limit, key)
        return {"items": items, "next": None if following is None else str(following)}

    return inst.database.read(look)


@router.post("/projects/{slug}/annotators/{annotator_id}/stop")
def stop(inst: Inst, asker: Asker, slug: str, annotator_id: str, body: Stop | None = None) -> dict[str, Any]:
    """Hands an annotator nothing more in this project; what it holds goes back."""

    def do(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.MANAGE_PROJECTS)
        because = body.because if body is not None else None
        return workload.stop_annotator(tx, who, project, annotator_id, because)

    return inst.database.write(do)


@router.post("/projects/{slug}/annotators/{annotator_id}/resume")
def resume(
    inst: Inst, asker: Asker, slug: str, annotator_id: str, body: Resumption | None = None
) -> dict[str, Any]:
    """Lets an annotator go on; its answers of hidden gold are counted anew."""
    if body is not None:
        refuse_unknown(body, "a resumption")

    def do(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.MANAGE_PROJECTS)
        return workload.resume_annotator(tx, who, project, annotator_id)

    return inst.database.write(do)


@router.post("/projects/{slug}/assign")
def give(inst: Inst, asker: Asker, slug: str, body: Given) -> dict[str, Any]:
    """Gives tasks that wait to a person or a team, or back to everybody; held ones stay where they are."""

    def do(tx: Transaction) -> dict[str, Any]:
        tx.share_showing()
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.MANAGE_PROJECTS)
        done = assign(tx, who, project, body.tasks, body.to)
        return {"tasks": done.tasks, "moved": done.moved}

    return inst.database.write(do)
