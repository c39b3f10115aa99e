"""Which questions did nobody but a deleted project ask, and are they gone?

A form is kept once for all who ask the same. One that others may still take up is first made unfindable, then
looked for in their tasks, and only then erased or given its name back: nobody is left with an empty form.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.states import ProjectStatus
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction

ERASED: dict[str, list] = {"questions": []}
SCAN = 50_000  # tasks looked through at once for what no index finds
_ids = sa.bindparam("ids", expanding=True)
_living = sa.select(t.project.c.id).where(t.project.c.status != ProjectStatus.DELETED)
_between = (t.task.c.id > sa.bindparam("after"), t.task.c.id <= sa.bindparam("until"))
_OWN = (
    sa.select(t.task.c.form_id)
    .where(*_between, t.task.c.project_id == sa.bindparam("project"), t.task.c.form_id.is_not(None))
    .distinct()
)
_OF_OTHERS = (
    sa.select(t.task.c.form_id)
    .where(*_between, t.task.c.form_id.is_not(None), t.task.c.project_id.in_(_living))
    .distinct()
)
_ASKED = sa.select(t.project_form.c.form_id).where(t.project_form.c.project_id == sa.bindparam("project"))
_ASKED_BY_OTHERS = sa.select(t.project_form.c.form_id).where(
    t.project_form.c.form_id.in_(_ids), t.project_form.c.project_id.in_(_living)
)
_LOCKED = sa.select(t.form.c.id).where(t.form.c.id.in_(_ids)).order_by(t.form.c.id).with_for_update()
_TOP = sa.select(sa.func.max(t.task.c.id))
CHUNK = 200


def erase_forms(database: Database, project_id: int) -> int:
    """Erases the forms that this project alone has asked; returns how many there were."""
    used = set(database.read(lambda tx: tx.execute(_ASKED, {"project": project_id}).scalars().all()))
    used |= _in_tasks(database, _OWN, {"project": project_id})
    lone: set[int] = set()
    for some in _chunks(used):
        lone |= set(database.write(lambda tx, some=some: _made_unfindable(tx, some)))
    if not lone:
        return 0
    shared = lone & _in_tasks(database, _OF_OTHERS, {})
    for some in _chunks(lone):
        database.write(lambda tx, some=some: _end(tx, some, shared))
    return len(lone - shared)


def _chunks(keys: set[int]) -> list[list[int]]:
    ordered = sorted(keys)
    return [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]


def _in_tasks(database: Database, query: sa.Select, at: dict[str, int]) -> set[int]:
    """The forms that `query` finds, looking through all tasks once in short reads."""
    found: set[int] = set()
    top = database.read(lambda tx: tx.scalar(_TOP)) or 0
    for after in range(0, top, SCAN):
        span = {**at, "after": after, "until": after + SCAN}
        found |= set(database.read(lambda tx, span=span: tx.execute(query, span).scalars().all()))
    return found


def _made_unfindable(tx: Transaction, ids: list[int]) -> list[int]:
    """Of these the ones that no other project asks and that are not erased yet; nobody finds them any more.

    Whoever has found one holds it until the end of its transaction, so what uses it is there to be seen."""
    tx.rows(_LOCKED, {"ids": ids})
    asked = set(tx.execute(_ASKED_BY_OTHERS, {"ids": ids}).scalars())
    found = []
    for row in tx.rows(sa.select(t.form).where(t.form.c.id.in_(sorted(set(ids) - asked)))):
        if row.body != ERASED:
            hidden = {"digest": secrets.token_hex(32)}
            tx.execute(sa.update(t.form).where(t.form.c.id == row.id).values(**hidden))
            found.append(row.id)
    return found


def _end(tx: Transaction, lone: list[int], shared: set[int]) -> None:
    for row in tx.rows(sa.select(t.form).where(t.form.c.id.in_([key for key in lone if key in shared]))):
        digest = forms.digest(forms.parse_form(row.body))
        # Who asked the same meanwhile has a form of its own by now.
        if tx.row(sa.select(t.form.c.id).where(t.form.c.digest == digest)) is None:
            tx.execute(sa.update(t.form).where(t.form.c.id == row.id).values(digest=digest))
    gone = [key for key in lone if key not in shared]
    tx.execute(sa.update(t.form).where(t.form.c.id.in_(gone)).values(body=ERASED))
