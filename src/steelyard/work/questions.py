"""What does an annotator ask about a task, who reads it, and what is it told?

A question is answered once. Managers and reviewers see all of a project's; whoever asked sees their own and its
answer, nobody who works on the project sees who asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound, invalid
from steelyard.domain.ids import is_id, new_id
from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Action, Principal, may, require
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.clarifications import share_answer

OPEN, ANSWERED = STATES = ("open", "answered")
LONGEST = 2000
MOST_OPEN = 20  # of one annotator in one project
_q = t.question
_ASSIGNMENT = (
    sa.select(t.assignment, t.task.c.world, t.task.c.gold)
    .join(t.task, t.task.c.id == t.assignment.c.task_id)
    .where(t.assignment.c.public_id == sa.bindparam("id"))
)
_MINE_OPEN = sa.select(sa.func.count()).where(
    _q.c.annotator_id == sa.bindparam("me"), _q.c.project_id == sa.bindparam("project"), _q.c.state == OPEN
)
_SHOWN = (
    sa.select(
        _q,
        t.task.c.public_id.label("task"),
        t.task.c.world,
        t.annotator.c.public_id.label("annotator"),
        sa.func.coalesce(t.person.c.name, t.annotator.c.external_id).label("name"),
        t.provider.c.slug.label("provider"),
    )
    .join(t.task, t.task.c.id == _q.c.task_id)
    .join(t.annotator, t.annotator.c.id == _q.c.annotator_id)
    .join(t.person, t.person.c.id == t.annotator.c.person_id, isouter=True)
    .join(t.provider, t.provider.c.id == _q.c.provider_id)
)
_ONE = _SHOWN.where(_q.c.public_id == sa.bindparam("id"))
_OF_PROJECT = (
    _SHOWN.where(
        _q.c.project_id == sa.bindparam("project"),
        _q.c.state == sa.bindparam("in_state"),
        _q.c.id > sa.bindparam("after"),
    )
    .order_by(_q.c.id)
    .limit(sa.bindparam("count"))
)
_OF_MINE = (
    _SHOWN.where(
        _q.c.annotator_id == sa.bindparam("me"),
        _q.c.project_id == sa.bindparam("project"),
        _q.c.state.in_(sa.bindparam("in_states", expanding=True)),
        _q.c.id > sa.bindparam("after"),
    )
    .order_by(_q.c.id)
    .limit(sa.bindparam("count"))
)
_MESSAGES = (
    sa.select(t.question_message, t.person.c.name)
    .join(t.person, t.person.c.id == t.question_message.c.person_id, isouter=True)
    .where(t.question_message.c.question_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(t.question_message.c.id)
)


@dataclass(frozen=True)
class Asker:
    """Who asked, as a manager sees it."""

    annotator: str
    name: str
    provider: str


@dataclass(frozen=True)
class Question:
    """`answers` are (text, who answered, when); who asked and who answered only where the reader may know."""

    id: str
    task: str
    text: str
    state: str
    at: int
    answered_at: int | None
    asker: Asker | None
    answers: tuple[tuple[str, str | None, int], ...] = ()


def ask(tx: Transaction, who: Principal, assignment_id: str, text: Any) -> str:
    """Asks about the task of an assignment that the caller holds or has answered; the question's public id.

    Raises `NotFound`, `Invalid`, `Conflict` (provider_stopped; lease_lost; too_many).
    """
    tx.share_showing()
    require(who, Action.WORK)
    row = tx.row(_ASSIGNMENT, {"id": assignment_id}) if is_id(assignment_id) else None
    if row is None or row.world != who.world:
        raise NotFound("there is no such assignment")
    require(who, Action.WORK, row.project_id)
    if not standing.verdict(tx, who.provider_id, row.project_id, gold=row.gold is not None).allowed:
        raise Conflict("Your provider's work on this project has stopped.", "provider_stopped")
    mine = row.annotator_id == who.annotator_id
    if not mine or row.state not in (AssignmentState.HELD, AssignmentState.DONE):
        raise Conflict("You neither hold nor have answered this assignment.", "lease_lost")
    text = checked_text(text, "/text")
    if tx.scalar(_MINE_OPEN, {"me": who.annotator_id, "project": row.project_id}) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} of your questions wait for an answer; ask again then.", "too_many")
    public = new_id(tx.now)
    tx.execute(
        sa.insert(_q).values(
            public_id=public,
            project_id=row.project_id,
            task_id=row.task_id,
            annotator_id=who.annotator_id,
            provider_id=who.provider_id,
            text=text,
            state=OPEN,
            at=tx.now,
        )
    )
    return public


def answer(
    tx: Transaction, who: Principal, question_id: str, text: Any, share: Any = True, asked: Any = None
) -> str | None:
    """Answers a question, once; shared, it is a clarification for all who work on the project, under the words
    `asked` where given. Returns the clarification's public id, None when it is not shared.

    Raises `NotFound`, `Invalid`, `Conflict` when it was answered before.
    """
    require(who, Action.REVIEW)
    row = _find(tx, who, question_id)
    require(who, Action.REVIEW, row.project_id)
    text = checked_text(text, "/text")
    if not isinstance(share, bool):
        raise invalid("/share", "type", "must be true or false")
    if asked is not None and not share:
        raise invalid("/asked", "alone", "words for others come with an answer that is shared")
    asked = row.text if asked is None else checked_text(asked, "/asked")
    answered = tx.execute(
        sa.update(_q)
        .where(_q.c.id == row.id, _q.c.state == OPEN)
        .values(state=ANSWERED, answered_at=tx.now)
        .returning(_q.c.id)
    ).first()
    if answered is None:
        raise Conflict("the question was answered before", "answered")
    tx.execute(
        sa.insert(t.question_message).values(
            public_id=new_id(tx.now), question_id=row.id, person_id=who.person_id, text=text, at=tx.now
        )
    )
    return share_answer(tx, who, row, asked, text) if share else None


def read(tx: Transaction, who: Principal, question_id: str) -> Question:
    """One question with its answer; raises `NotFound`, also for another's of one who only works."""
    row = _find(tx, who, question_id)
    if not may(who, Action.REVIEW, row.project_id):
        require(who, Action.WORK, row.project_id)
        if row.annotator_id != who.annotator_id:
            raise NotFound("there is no such question")
        _require_shown(tx, who, row.project_id)
    return _shown(tx, who, [row])[0]


def list_questions(
    tx: Transaction, who: Principal, project_id: int, state: str | None, after: int, limit: int
) -> tuple[list[Question], int | None]:
    """A page of a project's questions, oldest first, and the key to go on after (None at the end); of one who
    only works, the own ones."""
    states = STATES if state is None else (state,)
    at: dict[str, Any] = {"project": project_id, "after": after, "count": limit + 1}
    if may(who, Action.REVIEW, project_id):
        # An index for each state; together they are in order.
        found = [row for one in states for row in tx.rows(_OF_PROJECT, {**at, "in_state": one})]
    else:
        require(who, Action.WORK, project_id)
        _require_shown(tx, who, project_id)
        found = list(tx.rows(_OF_MINE, {**at, "me": who.annotator_id, "in_states": states}))
    rows = sorted(found, key=lambda row: row.id)[: limit + 1]
    return _shown(tx, who, rows[:limit]), rows[limit - 1].id if len(rows) > limit else None


def checked_text(text: Any, pointer: str) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST or "\x00" in text:
        raise invalid(pointer, "type", f"must be a text of 1 to {LONGEST} characters")
    return text


def _find(tx: Transaction, who: Principal, question_id: str) -> sa.Row:
    row = tx.row(_ONE, {"id": question_id}) if is_id(question_id) else None
    if (
        row is None
        or row.world != who.world
        or (who.projects is not None and row.project_id not in who.projects)
    ):
        raise NotFound("there is no such question")
    standing.require_there(tx, row.project_id, "there is no such question")
    return row


def _require_shown(tx: Transaction, who: Principal, project_id: int) -> None:
    if not standing.verdict(tx, who.provider_id, project_id, gold=True).allowed:
        raise Conflict("Your provider's work on this project has stopped.", "provider_stopped")


def _shown(tx: Transaction, who: Principal, rows: list[sa.Row]) -> list[Question]:
    said: dict[int, list[tuple[str, str | None, int]]] = {row.id: [] for row in rows}
    for message in tx.rows(_MESSAGES, {"ids": sorted(said)}):
        said[message.question_id].append((message.text, message.name, message.at))
    found = []
    for row in rows:
        manages = may(who, Action.READ_PROVIDERS, row.project_id) and who.inhouse
        answers = said[row.id]
        if not may(who, Action.REVIEW, row.project_id):
            answers = [(text, None, at) for text, _, at in answers]
        question = Question(
            row.public_id, row.task, row.text, row.state, row.at, row.answered_at, None, tuple(answers)
        )
        asker = Asker(row.annotator, row.name, row.provider) if manages else None
        found.append(replace(question, asker=asker))
    return found
