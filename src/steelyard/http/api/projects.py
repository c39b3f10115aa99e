"""/api/projects: what is asked, and how far it is."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from steelyard.domain.states import ProjectStatus
from steelyard.domain.times import format_time
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
from steelyard.http.api.preview import Preview, carried, effect_json
from steelyard.http.auth import Asker
from steelyard.http.render import project_detail_json, project_json
from steelyard.identity.policy import Action
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.effect import naming
from steelyard.work.project_end import delete_project, describe_deleted, what_goes
from steelyard.work.projects import change_project, create_project, find_project, list_projects

router = APIRouter(prefix="/api", tags=["projects"], responses=REFUSALS)
FORM_EXAMPLE = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog"]}]}


Confirm = Annotated[str | None, Query(max_length=200, description="the project's slug, typed again")]


class NewProject(Body):
    name: Any = Field(None, description="free text, unique in its world")
    form: Any = Field(None, description="the questions a task asks", examples=[FORM_EXAMPLE])
    instruction: Any = Field(None, description="what annotators read")
    policy: Any = Field(
        None, description="answers, gold_rate, lease_s, sensitivity, conflicts, providers, ..."
    )


@router.post("/projects", status_code=201)
def create(
    inst: Inst, asker: Asker, request: Request, body: NewProject, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Makes a project."""
    refuse_unknown(body, "a project")
    raw = fields_of(body)

    def make(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)

        def do() -> dict[str, Any]:
            row, made = naming(
                tx,
                lambda: create_project(
                    tx,
                    who,
                    name=raw.get("name"),
                    form=raw.get("form"),
                    instruction=raw.get("instruction"),
                    policy=raw.get("policy"),
                ),
            )
            return {**project_json(tx, who, row), "organisations_made": list(made)}

        return once(tx, who, f"POST {request.url.path}", key, raw, do)

    return inst.database.write(make)


@router.get("/projects")
def listing(
    inst: Inst,
    asker: Asker,
    name: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[str | None, Query(description="active, archived or deleted", max_length=20)] = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """The projects that the caller's role reaches, newest first; `?name=` finds one by its name. Those that were
    deleted are listed for an owner who asks for them."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        page = list_projects(tx, who, name=name, status=status, after=after_key(after), limit=limit)
        if status == ProjectStatus.DELETED:
            items = [describe_deleted(tx, row) for row in page.rows]
        else:
            items = [project_json(tx, who, row) for row in page.rows]
        return {"items": items, "next": next_of(page)}

    return inst.database.read(look)


@router.get("/projects/{slug}")
def read(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """One project, with what the caller's role may see of its progress and providers."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        return project_detail_json(tx, who, find_project(tx, who, slug))

    return inst.database.read(look)


@router.patch("/projects/{slug}")
def change(inst: Inst, asker: Asker, slug: str, body: Body, preview: Preview = False) -> dict[str, Any]:
    """Changes name, instruction, form, policy or status (a merge patch); the slug stays. A new form holds for
    tasks that nobody has claimed yet. Says which providers stop because of it, and how much of what is held goes
    back. An archived project takes no work and hands none out; active again, it goes on where it was."""
    patch = {**body.__pydantic_extra__} if body.__pydantic_extra__ else {}

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)
        row, effect = change_project(tx, who, slug, patch)
        return {**project_json(tx, who, row), **effect_json(who, effect)}

    return carried(inst, preview, do)


@router.delete(
    "/projects/{slug}",
    status_code=202,
    responses={200: {"description": "A preview: nothing was deleted"}},
)
def delete(
    inst: Inst, asker: Asker, slug: str, response: Response, confirm: Confirm = None, preview: Preview = False
) -> dict[str, Any]:
    """Deletes an archived project (409 not_archived otherwise), once its slug is typed again in `confirm`. It is
    gone at once; what it asked, showed and was answered is erased by a job. What was done stays: who was shown
    what and who answered when, with commitments. Releases are files that stay; they are listed."""

    def look(tx: Transaction) -> dict[str, Any]:
        return {**what_goes(tx, asker.principal(tx), slug), "preview": True}

    def do(tx: Transaction) -> dict[str, Any]:
        tx.hold_showing()
        who = asker.principal(tx)
        return {**describe_deleted(tx, delete_project(tx, who, slug, confirm)), "preview": False}

    if preview:
        response.status_code = 200
        return inst.database.read(look)
    return inst.database.write(do)


@router.get("/projects/{slug}/releases")
def releases(inst: Inst, asker: Asker, slug: str) -> dict[str, Any]:
    """The releases of a project, newest first."""

    def look(tx: Transaction) -> dict[str, Any]:
        who = asker.principal(tx)
        project = find_project(tx, who, slug, Action.READ_RESULTS)
        rows = tx.execute(
            sa.select(t.release)
            .where(t.release.c.project_id == project.id)
            .order_by(t.release.c.version.desc())
        ).all()
        without: dict[int, list[str]] = {}
        for row in tx.execute(
            sa.select(t.release_provider.c.release_id, t.provider.c.name)
            .join(t.provider, t.provider.c.id == t.release_provider.c.provider_id)
            .where(t.release_provider.c.left_out, t.release_provider.c.release_id.in_([r.id for r in rows]))
            .order_by(t.provider.c.name)
        ):
            without.setdefault(row.release_id, []).append(row.name)
        return {
            "items": [
                {
                    "id": row.public_id,
                    "version": row.version,
                    "path": row.path,
                    "built_at": format_time(row.at),
                    "rows": row.rows,
                    "without": without.get(row.id, []),
                    "digest": row.digest,
                }
                for row in rows
            ],
            "next": None,
        }

    return inst.database.read(look)
