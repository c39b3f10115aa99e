"""What of the provider's is taken out of the data?

Its suggestions, the contents it gave, its judgments and, where a project drops derivatives, what was made of
them: fixes of its answers and answers given with its suggestion on the screen. Every fact stays a fact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from steelyard.domain.policy import parse_policy
from steelyard.domain.states import AssignmentState, TaskStatus
from steelyard.exit.options import options_of
from steelyard.exit.place import Place
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.queue import release_held
from steelyard.work.reviewing import drop
from steelyard.work.tally import SHARDS, count_tasks
from steelyard.work.withdraw import withdraw

CHUNK = 50  # withdrawn in one transaction
DRAFTS = 500
SCAN = 50_000  # rows looked through at once for what no index finds
_j = t.judgment


def reasons(leaving: sa.Row) -> tuple[str, str]:
    """What stands in the record of a withdrawal: of the provider's own judgments, and of what was derived."""
    return f"exit:{leaving.public_id}", f"exit:{leaving.public_id}:derived"


def run(place: Place, leaving: sa.Row) -> dict[str, Any]:
    database = place.database
    if not options_of(leaving).withdraws:
        return database.read(lambda tx: {"kept": _count_current(tx, leaving.provider_id)})
    mine = t.task.c.suggestion_by == leaving.provider_id
    _each(database, t.task.c.id, mine, lambda tx, ids: _drop_suggestions(tx, ids, leaving))
    while database.write(lambda tx: _drop_contents(tx, leaving.provider_id)):
        pass
    while database.write(lambda tx: _withdraw_some(tx, leaving)):
        pass
    dropping = _j.c.project_id.in_(database.read(_projects_that_drop))
    with_its = sa.and_(_j.c.suggested_by == leaving.provider_id, _j.c.current, dropping)
    _each(database, _j.c.id, with_its, lambda tx, ids: _withdraw_suggested(tx, ids, leaving))
    database.write(lambda tx: _end_gold(tx, leaving.provider_id))
    database.write(lambda tx: forget_skills(tx, leaving.provider_id))
    while database.write(lambda tx: _drop_drafts(tx, leaving.provider_id)):
        pass
    return database.read(lambda tx: _counted(tx, leaving))


def _each(
    database: Database,
    key: sa.Column[int],
    where: sa.ColumnElement[bool],
    act: Callable[[Transaction, list[int]], None],
) -> None:
    """`act` on chunks of the row keys of which `where` is true; the table is looked through once."""
    top = database.read(lambda tx: tx.scalar(sa.select(sa.func.max(key)))) or 0
    window = sa.select(key).where(key > sa.bindparam("after"), key <= sa.bindparam("until"), where)
    for after in range(0, top, SCAN):
        span = {"after": after, "until": after + SCAN}
        found = list(database.read(lambda tx, span=span: tx.execute(window, span).scalars().all()))
        for at in range(0, len(found), CHUNK):
            database.write(lambda tx, ids=found[at : at + CHUNK]: act(tx, ids))


def _projects_that_drop(tx: Transaction) -> list[int]:
    rows = tx.rows(sa.select(t.project.c.id, t.project.c.policy))
    return [row.id for row in rows if parse_policy(row.policy).derivatives == "drop"]


def _drop_suggestions(tx: Transaction, ids: list[int], leaving: sa.Row) -> None:
    """The suggestion is shown no more, and who holds the task gives it back: what would be answered now was
    answered with the suggestion on the screen."""
    held = tx.rows(
        sa.select(t.assignment.c.id, t.assignment.c.lane_id, t.assignment.c.ordinal)
        .where(t.assignment.c.task_id.in_(ids), t.assignment.c.state == int(AssignmentState.HELD))
        .order_by(t.assignment.c.id)
        .with_for_update()
    )
    tx.execute(
        sa.update(t.task)
        .where(t.task.c.id.in_(ids), t.task.c.suggestion_by == leaving.provider_id)
        .values(suggestion=sa.null(), suggestion_by=None)
    )
    release_held(tx, held)


def _drop_drafts(tx: Transaction, provider_id: int) -> int:
    """Forgets up to a chunk of the answers that its people had begun to write."""
    begun = drafts_of(provider_id).limit(DRAFTS)
    return tx.execute(sa.delete(t.answer_draft).where(t.answer_draft.c.assignment_id.in_(begun))).rowcount


def drafts_of(provider_id: int) -> sa.Select:
    """The assignments (row keys) for which people of a provider have kept an unfinished answer."""
    return (
        sa.select(t.answer_draft.c.assignment_id)
        .join(t.annotator, t.annotator.c.id == t.answer_draft.c.annotator_id)
        .where(t.annotator.c.provider_id == provider_id)
    )


def _drop_contents(tx: Transaction, provider_id: int) -> int:
    """Cancels up to a chunk of the tasks whose content the provider gave."""
    task = t.task
    rows = tx.rows(
        sa.select(task)
        .join(t.content, t.content.c.id == task.c.content_id)
        .where(
            t.content.c.provider_id == provider_id,
            task.c.status.in_((TaskStatus.OPEN, TaskStatus.REVIEW, TaskStatus.SETTLED, TaskStatus.FETCHING)),
        )
        .order_by(task.c.id)
        .limit(CHUNK)
        .with_for_update(of=task, key_share=True)
    )
    if not rows:
        return 0
    ids = [row.id for row in rows]
    out = (AssignmentState.READY, AssignmentState.HELD, AssignmentState.WAITING)
    tx.execute(
        sa.update(t.assignment)
        .where(t.assignment.c.task_id.in_(ids), t.assignment.c.state.in_([int(s) for s in out]))
        .values(state=int(AssignmentState.CANCELLED), lease_until=None)
    )
    tx.execute(sa.update(task).where(task.c.id.in_(ids)).values(status=TaskStatus.CANCELLED))
    answered = (t.consensus.c.task_id.in_(ids), t.CONSENSUS_IS_CURRENT)
    tx.execute(sa.update(t.consensus).where(*answered).values(current=False))
    drop(tx, ids)
    for row in rows:
        less = {
            "tasks": -1,
            "gold": -1 if row.gold else 0,
            "wanted": 0 if row.gold else -row.wanted,
            "settled": -1 if row.status == TaskStatus.SETTLED else 0,
            "reviewing": -1 if row.status == TaskStatus.REVIEW else 0,
            "overlapping": -1 if row.answers >= 2 else 0,
        }
        count_tasks(tx, row.project_id, row.id % SHARDS, **less)
    return len(rows)


def _withdraw_some(tx: Transaction, leaving: sa.Row) -> int:
    rows = tx.rows(
        sa.select(_j)
        .where(_j.c.provider_id == leaving.provider_id, _j.c.current)
        .order_by(_j.c.id)
        .limit(CHUNK)
    )
    if rows:
        withdraw(tx, rows, *reasons(leaving), leaving.person_id)
    return len(rows)


def _withdraw_suggested(tx: Transaction, ids: list[int], leaving: sa.Row) -> None:
    rows = tx.rows(sa.select(_j).where(_j.c.id.in_(ids), _j.c.current).order_by(_j.c.id))
    if rows:
        derived = reasons(leaving)[1]
        withdraw(tx, rows, derived, derived, leaving.person_id)


def _end_gold(tx: Transaction, provider_id: int) -> None:
    """Gold whose answer the provider gave is gold no more; the task is left as it is, answered by nobody."""
    where = (t.gold.c.provider_id == provider_id, t.gold.c.ended_at.is_(None))
    rows = tx.rows(
        sa.select(t.task)
        .join(t.gold, t.gold.c.task_id == t.task.c.id)
        .where(*where)
        .with_for_update(of=t.task, key_share=True)
    )
    tx.execute(sa.update(t.gold).where(*where).values(ended_at=tx.now))
    tx.execute(
        sa.update(t.task)
        .where(t.task.c.id.in_([row.id for row in rows]))
        .values(gold=None, status=TaskStatus.CANCELLED)
    )
    for row in rows:
        count_tasks(tx, row.project_id, row.id % SHARDS, tasks=-1, gold=-1)


def forget_skills(tx: Transaction, provider_id: int) -> None:
    """What fits said of its annotators: it weighs nobody's answers any more."""
    mine = sa.select(t.annotator.c.id).where(t.annotator.c.provider_id == provider_id)
    tx.execute(sa.delete(t.skill).where(t.skill.c.annotator_id.in_(mine)))


def _count_current(tx: Transaction, provider_id: int) -> int:
    query = sa.select(sa.func.count()).select_from(_j).where(_j.c.provider_id == provider_id, _j.c.current)
    return tx.scalar(query)


def _counted(tx: Transaction, leaving: sa.Row) -> dict[str, Any]:
    """Counted, not remembered: a crash may have come between the doing and its record."""
    own, derived = reasons(leaving)
    query = sa.select(sa.func.count()).select_from(t.withdrawal)
    contents = tx.scalar(
        sa.select(sa.func.count())
        .select_from(t.task)
        .join(t.content, t.content.c.id == t.task.c.content_id)
        .where(t.content.c.provider_id == leaving.provider_id, t.task.c.status == TaskStatus.CANCELLED)
    )
    return {
        "withdrawn": tx.scalar(query.where(t.withdrawal.c.reason == own)),
        "derived": tx.scalar(query.where(t.withdrawal.c.reason == derived)),
        "contents": contents,
    }
