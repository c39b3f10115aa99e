"""How does a project end?

Archived first: it takes no work and hands none out, and may be restored. Deleted then: it is gone from lists and
paths at once and its name is free; what it asked, showed and was answered is erased by a durable job, and what
was done (who was shown what, who answered and when, with the commitments) stays.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, invalid
from steelyard.domain.states import BatchStatus, ProjectStatus
from steelyard.domain.times import format_time
from steelyard.identity.policy import Action, Principal
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.projects import find_project, find_project_ever, note
from steelyard.work.tally import progress

JOB = "erase_project"
AGAIN_S = 60.0  # after which whatever was being written when the project was deleted is looked for
_LOCKED = sa.select(t.project.c.id).where(t.project.c.id == sa.bindparam("project")).with_for_update()
_RELEASES = (
    sa.select(t.release.c.version, t.release.c.path, t.release.c.digest, t.release.c.rows, t.release.c.at)
    .where(t.release.c.project_id == sa.bindparam("project"))
    .order_by(t.release.c.version)
)
_ERASING = sa.select(t.job.c.dedup_key, t.job.c.state).where(
    t.job.c.dedup_key.in_(sa.bindparam("keys", expanding=True))
)


def delete_project(tx: Transaction, who: Principal, slug: str, confirm: Any) -> sa.Row:
    """Deletes an archived project and orders that it is erased; `confirm` is its slug, typed again.

    Of one that is deleted already, by the slug that it has since, the erasure is ordered again. Raises `NotFound`,
    `Invalid`, or `Conflict` (not_archived).
    """
    tx.hold_showing()
    row = find_project_ever(tx, who, slug, Action.ERASE)
    if confirm != slug:
        raise invalid(
            "/confirm", "confirm", f"must be {slug!r}, the project's slug: what goes does not come back"
        )
    if row.status == ProjectStatus.ACTIVE:
        raise Conflict(f"{row.name!r} is active; archive it first", "not_archived")
    # Whoever is writing to it has ended, or finds it gone.
    tx.row(_LOCKED, {"project": row.id})
    if row.status == ProjectStatus.ARCHIVED:
        _delete(tx, who, row)
    else:
        note(tx, row.id, "erasure ordered again", who)
    order_erasure(tx, row.id)
    return tx.execute(sa.select(t.project).where(t.project.c.id == row.id)).one()


def _delete(tx: Transaction, who: Principal, row: sa.Row) -> None:
    note(tx, row.id, "deleted", who)
    tx.execute(
        sa.update(t.project)
        .where(t.project.c.id == row.id)
        .values(
            status=ProjectStatus.DELETED,
            deleted_at=tx.now,
            deleted_by=who.person_id,
            instruction="",
            # Capital letters stand in no key of a name, so nobody's name is ever this one.
            name_key=f"DELETED {row.public_id}",
            slug=f"deleted-{row.public_id}",
        )
    )
    # Keys that hold for this project alone keep saying so: without a project they would hold for all.
    tx.execute(
        sa.update(t.batch)
        .where(t.batch.c.project_id == row.id)
        .values(status=BatchStatus.CANCELLED, name="", name_key=sa.literal("DELETED ") + t.batch.c.public_id)
    )
    tx.execute(sa.delete(t.dependence).where(t.dependence.c.project_id == row.id))
    _forget_answers(tx, row.slug)
    standing.changed(tx)


def _forget_answers(tx: Transaction, slug: str) -> None:
    """Answers to requests that may be repeated are kept for a day; that of the project's making has its form."""
    answer = t.remembered_post.c.answer
    same = (answer["slug"].as_string() == slug, answer["instruction"].as_string().is_not(None))
    tx.execute(sa.delete(t.remembered_post).where(*same))


def order_erasure(tx: Transaction, project_id: int) -> None:
    """Once now, and once more when all that was under way has ended; one that had given up begins anew."""
    first, again = _keys(project_id)
    enqueue(tx, JOB, {"project": project_id}, dedup_key=first)
    enqueue(tx, JOB, {"project": project_id}, dedup_key=again, delay_s=AGAIN_S)


def _keys(project_id: int) -> tuple[str, str]:
    return f"{JOB}:{project_id}", f"{JOB}:{project_id}:again"


def describe_deleted(tx: Transaction, row: sa.Row) -> dict[str, Any]:
    """What is left to say of a deleted project; `erasure`: running, done, or failed (order it again)."""
    first, again = _keys(row.id)
    states = {job.dedup_key: job.state for job in tx.rows(_ERASING, {"keys": [first, again]})}
    # The second look, a minute later, waits though all is erased: that is done as long as it finds nothing.
    under_way = first in states or states.get(again) == "running"
    erasure = "failed" if "dead" in states.values() else "running" if under_way else "done"
    return {
        "id": row.public_id,
        "name": row.name,
        "slug": row.slug,
        "status": row.status,
        "created_at": format_time(row.created_at),
        "deleted_at": None if row.deleted_at is None else format_time(row.deleted_at),
        "deleted_by": tx.scalar(sa.select(t.person.c.name).where(t.person.c.id == row.deleted_by)),
        "erasure": erasure,
        "releases": releases_left(tx, row.id),
    }


def what_goes(tx: Transaction, who: Principal, slug: str) -> dict[str, Any]:
    """What deleting a project erases and what stays, from sums that are kept as it goes."""
    row = find_project(tx, who, slug, Action.ERASE)
    sums = progress(tx, row.id)
    here = t.batch.c.project_id == row.id
    return {
        "project": row.slug,
        "name": row.name,
        "status": row.status,
        "erased": {
            "tasks": sums.tasks - sums.gold,
            "gold": sums.gold,
            "judgments": sums.judgments,
            "gold_judgments": sums.gold_judgments,
            "batches": tx.scalar(sa.select(sa.func.count()).select_from(t.batch).where(here)),
        },
        "kept": {
            "facts": "who was shown what, who answered and reviewed what, and when, with commitments",
            "releases": releases_left(tx, row.id),
        },
    }


def releases_left(tx: Transaction, project_id: int) -> list[dict[str, Any]]:
    """The releases of a project and where they were built: they are files that are never deleted here."""
    return [
        {
            "version": row.version,
            "path": row.path,
            "digest": row.digest,
            "rows": row.rows,
            "built_at": format_time(row.at),
        }
        for row in tx.rows(_RELEASES, {"project": project_id})
    ]
