"""What is asked, and under which policy? Projects are made, changed and found.

A change of a policy that eligibility reads takes the exclusive lock and recalls what may no longer be held.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem, invalid
from steelyard.domain.form import Form
from steelyard.domain.ids import new_id
from steelyard.domain.names import checked_name, name_key, slugify
from steelyard.domain.policy import Policy, parse_policy
from steelyard.domain.states import ProjectStatus
from steelyard.identity.policy import Action, Principal, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.page import Page, page_before
from steelyard.store.prepared import Prepared
from steelyard.store.upsert import upsert
from steelyard.work import standing
from steelyard.work.effect import Effect, carry_out
from steelyard.work.lanes import lane_for
from steelyard.work.organisations import set_conflicts

MAX_INSTRUCTION = 200_000


def keep_form(tx: Transaction, form: Form) -> int:
    """The row key of a form; the same questions are kept once."""
    digest = forms.digest(form)
    # Held until the end: a form that nobody uses any more is not erased under whoever takes it up again.
    find = sa.select(t.form.c.id).where(t.form.c.digest == digest).with_for_update(read=True, key_share=True)
    found = tx.execute(find).scalar()
    if found is None:
        tx.execute(
            upsert(tx, t.form)
            .values(digest=digest, body=form.canonical(), created_at=tx.now)
            .on_conflict_do_nothing()
        )
        found = tx.execute(find).scalar_one()
    return found


def _form(raw: Any) -> Form:
    try:
        return forms.parse_form(raw)
    except Invalid as wrong:
        raise Invalid([Problem(f"/form{p.pointer}", p.code, p.message) for p in wrong.problems]) from None


def _instruction(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_INSTRUCTION or "\x00" in value:
        message = f"must be a text of at most {MAX_INSTRUCTION} characters"
        raise Invalid([Problem("/instruction", "type", message)])
    return value


def _check_providers(tx: Transaction, policy: Policy) -> None:
    known = standing.standing(tx).provider_keys
    problems = [
        Problem(f"/policy/providers/{i}", "unknown", f"there is no provider {allowed.name!r}")
        for i, allowed in enumerate(policy.providers)
        if name_key(allowed.name) not in known
    ]
    if problems:
        raise Invalid(problems)


def create_project(
    tx: Transaction,
    who: Principal,
    *,
    name: Any,
    form: Any,
    instruction: Any = None,
    policy: Mapping[str, Any] | None = None,
) -> sa.Row:
    """A new project in the caller's world.

    Raises `Invalid` naming each field, `Conflict` when the name is taken in this world.
    """
    require(who, Action.MANAGE_PROJECTS)
    if who.projects is not None:
        raise Forbidden("a role that holds for some projects makes no others")
    tx.hold_showing()
    name = checked_name(name)
    parsed = _form(form)
    rules = parse_policy(policy)
    _check_providers(tx, rules)
    key = name_key(name)
    taken = sa.select(t.project.c.id).where(t.project.c.world == who.world, t.project.c.name_key == key)
    if tx.execute(taken).first():
        raise Conflict(f"there is a project named {name!r} already", "name_taken")
    project_id = tx.added(
        sa.insert(t.project).values(
            public_id=new_id(tx.now),
            world=who.world,
            name=name,
            name_key=key,
            slug=_free_slug(tx, who.world, name),
            instruction=_instruction(instruction),
            policy=rules.to_json(),
            form_id=keep_form(tx, parsed),
            status="active",
            created_at=tx.now,
        )
    )
    row = tx.execute(sa.select(t.project).where(t.project.c.id == project_id)).one()
    tx.execute(sa.insert(t.project_form).values(project_id=project_id, form_id=row.form_id, at=tx.now))
    lane_for(tx, project_id)
    set_conflicts(tx, rules.conflicts, project_id, who.person_id)
    standing.changed(tx)
    return row


def _free_slug(tx: Transaction, world: str, name: str) -> str:
    base, number = slugify(name), 1
    while True:
        slug = base if number == 1 else f"{base}-{number}"
        taken = sa.select(t.project.c.id).where(t.project.c.world == world, t.project.c.slug == slug)
        if not tx.execute(taken).first():
            return slug
        number += 1


def find_project(tx: Transaction, who: Principal, slug: str, action: Action = Action.READ_ASKED) -> sa.Row:
    """The project at this path in the caller's world; raises `NotFound`, or `Forbidden` for the action."""
    row = _BY_SLUG.row(tx, {"world": who.world, "slug": slug})
    if row is None:
        require(who, action)
        raise NotFound(f"there is no project {slug!r}")
    require(who, action, row.id)
    if row.status != ProjectStatus.ACTIVE and action is Action.CREATE_TASKS:
        raise archived(row)
    return row


def find_project_ever(tx: Transaction, who: Principal, slug: str, action: Action) -> sa.Row:
    """As `find_project`, for what is told for good: also one that was deleted, by the slug that it has since."""
    require(who, action)
    row = project_at(tx, slug, who.world, deleted=True)
    require(who, action, row.id)
    return row


def note(tx: Transaction, project_id: int, what: str, who: Principal) -> None:
    """Keeps who archived, restored or deleted a project, and when."""
    values = {"project_id": project_id, "what": what, "person_id": who.person_id, "at": tx.now}
    tx.execute(sa.insert(t.project_event).values(values))


def archived(project: sa.Row) -> Conflict:
    """What is said to whoever adds work to a project that is archived."""
    return Conflict(f"{project.name!r} is archived; restore it first", "project_archived")


def project_at(tx: Transaction, slug: str, world: str, *, deleted: bool = False) -> sa.Row:
    """The project's row; `deleted`: of what is told of for good, also one that was deleted, by the slug that it
    has since. Raises `NotFound`."""
    row = tx.row(sa.select(t.project).where(t.project.c.world == world, t.project.c.slug == slug))
    if row is None or (row.status == ProjectStatus.DELETED and not deleted):
        raise NotFound(f"there is no project {slug!r} in the {world} world")
    return row


_BY_SLUG = Prepared(
    sa.select(t.project).where(
        t.project.c.world == sa.bindparam("world"),
        t.project.c.slug == sa.bindparam("slug"),
        t.project.c.status != "deleted",
    )
)


def list_projects(
    tx: Transaction,
    who: Principal,
    *,
    name: str | None = None,
    status: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> Page:
    """A page of the projects of the caller's world that the caller's role reaches, newest first.

    Without a status all that were not deleted; what was deleted is for those who may delete.
    """
    require(who, Action.READ_ASKED)
    if status is not None and status not in list(ProjectStatus):
        raise invalid("/status", "choice", f"must be one of {', '.join(ProjectStatus)}")
    if status == ProjectStatus.DELETED:
        require(who, Action.ERASE)
    query = sa.select(t.project).where(t.project.c.world == who.world)
    if status is None:
        query = query.where(t.project.c.status != ProjectStatus.DELETED)
    else:
        query = query.where(t.project.c.status == status)
    if name is not None:
        query = query.where(t.project.c.name_key == name_key(name))
    if who.projects is not None:
        query = query.where(t.project.c.id.in_(sorted(who.projects)))
    return page_before(tx, query, t.project.c.id, after, limit)


def update_project(tx: Transaction, who: Principal, slug: str, patch: Mapping[str, Any]) -> sa.Row:
    """Changes a project, as `change_project` does, and returns it."""
    return change_project(tx, who, slug, patch)[0]


def change_project(
    tx: Transaction, who: Principal, slug: str, patch: Mapping[str, Any]
) -> tuple[sa.Row, Effect]:
    """Changes name, instruction, form, policy or status (a merge patch), and says what stops because of it.

    The slug stays. A new form holds for tasks that nobody has claimed yet. An archived project takes no work and
    hands none out; what is held of it goes back.
    """
    tx.hold_showing()
    row = find_project(tx, who, slug, Action.MANAGE_PROJECTS)
    if "policy" in patch or "status" in patch:
        return carry_out(tx, lambda: _change(tx, who, row, patch))
    return _change(tx, who, row, patch), Effect()


def _change(tx: Transaction, who: Principal, row: sa.Row, patch: Mapping[str, Any]) -> sa.Row:
    unknown = sorted(set(patch) - {"name", "instruction", "form", "policy", "status"})
    if unknown:
        raise Invalid(
            [Problem(f"/{unknown[0]}", "unknown", "is not a field of a project that can be changed")]
        )
    values: dict[str, Any] = {}
    if "status" in patch:
        if patch["status"] not in (ProjectStatus.ACTIVE, ProjectStatus.ARCHIVED):
            raise invalid("/status", "choice", "must be active or archived; DELETE deletes an archived one")
        values["status"] = patch["status"]
        if values["status"] != row.status:
            archived_now = values["status"] == ProjectStatus.ARCHIVED
            note(tx, row.id, "archived" if archived_now else "restored", who)
    if "name" in patch:
        name = checked_name(patch["name"])
        key = name_key(name)
        other = sa.select(t.project.c.id).where(
            t.project.c.world == who.world, t.project.c.name_key == key, t.project.c.id != row.id
        )
        if tx.execute(other).first():
            raise Conflict(f"there is a project named {name!r} already", "name_taken")
        values |= {"name": name, "name_key": key}
    if "instruction" in patch:
        values["instruction"] = _instruction(patch["instruction"])
    if "form" in patch:
        values["form_id"] = keep_form(tx, _form(patch["form"]))
        if values["form_id"] != row.form_id:
            tx.execute(
                sa.insert(t.project_form).values(project_id=row.id, form_id=values["form_id"], at=tx.now)
            )
    rules: Policy | None = None
    if "policy" in patch:
        rules = parse_policy(patch["policy"], parse_policy(row.policy))
        _check_providers(tx, rules)
        values["policy"] = rules.to_json()
    if values:
        tx.execute(sa.update(t.project).where(t.project.c.id == row.id).values(**values))
    if rules is not None:
        set_conflicts(tx, rules.conflicts, row.id, who.person_id)
    return tx.execute(sa.select(t.project).where(t.project.c.id == row.id)).one()
