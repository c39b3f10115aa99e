"""How does a project leave, whole, without anybody waiting for it?

Pages by row key, each its own short read, so that an export of any length holds nobody up and is flat in memory;
one that was cut goes on after the last line that arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import invalid
from steelyard.domain.ids import is_id
from steelyard.formats.tables_out import Batch, Format, pieces
from steelyard.identity.policy import Action, Principal
from steelyard.store.database import Database, Transaction
from steelyard.work import opened
from steelyard.work.export_shapes import AnswersByQuestion, Consensus, Judgments, forms_of
from steelyard.work.export_tasks import Tasks
from steelyard.work.projects import find_project
from steelyard.work.task_list import Wanted, search_of

PAGE = 500
Shape = Judgments | Consensus | Tasks


class What(StrEnum):
    tasks = "tasks"
    judgments = "judgments"
    consensus = "consensus"


@dataclass(frozen=True)
class Asked:
    """What of a project is to leave, and how. `after` is the id of the line to go on after, `limit` the most
    lines; `history` belongs to judgments, `wanted` and `content` to tasks."""

    what: What
    fmt: Format = Format.ndjson
    after: str | None = None
    limit: int | None = None
    history: bool = False
    wanted: Wanted = field(default_factory=Wanted)
    content: bool = True


@dataclass(frozen=True)
class _Begun:
    who: Principal
    project_id: int
    shape: Shape
    start: int


def export(
    database: Database,
    authenticate: Callable[[Transaction], Principal],
    slug: str,
    asked: Asked,
    *,
    counted: Callable[[int], None] | None = None,
) -> Iterator[bytes]:
    """The bytes of the export, piece by piece. The call itself raises what refuses it; `counted` is told the rows
    of each page."""
    begun = database.read(lambda tx: _begin(tx, authenticate(tx), slug, asked))
    pages = _pages(database, begun, asked.limit, counted)
    return pieces(begun.shape.columns, pages, asked.fmt)


def _begin(tx: Transaction, who: Principal, slug: str, asked: Asked) -> _Begun:
    project = find_project(tx, who, slug, Action.READ_RESULTS)
    questions = None if asked.fmt is Format.ndjson else AnswersByQuestion(forms_of(tx, project.id))
    shape: Shape
    if asked.what is What.tasks:
        narrowed = any(getattr(asked.wanted, f.name) is not None for f in fields(Wanted))
        search = search_of(tx, project.id, asked.wanted) if narrowed else None
        shape = Tasks(project.id, questions, search, asked.content)
    elif asked.what is What.judgments:
        shape = Judgments(project.id, questions, asked.history)
    else:
        shape = Consensus(project.id, questions)
    return _Begun(who, project.id, shape, _key(tx, shape, project.id, asked.after))


def _key(tx: Transaction, shape: Shape, project_id: int, after: str | None) -> int:
    if after is None:
        return 0
    table = shape.table
    key = None
    if is_id(after):
        here = (table.c.public_id == after, table.c.project_id == project_id)
        key = tx.scalar(sa.select(table.c.id).where(*here))
    if key is None:
        raise invalid("/after", "cursor", "is not the id of a line of this stream")
    return key


def _pages(
    database: Database, begun: _Begun, limit: int | None, counted: Callable[[int], None] | None
) -> Iterator[Batch]:
    at: int | None = begun.start
    left = limit
    while at is not None and (left is None or left > 0):
        count = PAGE if left is None else min(PAGE, left)
        page, unseen = database.read(lambda tx, at=at, count=count: _page(tx, begun, at, count))
        opened.write_before_showing(database, begun.who, unseen)
        if page.rows:
            yield page.columns
            if counted is not None:
                counted(page.rows)
            left = None if left is None else left - page.rows
        at = page.last


def _page(tx: Transaction, begun: _Begun, after: int, count: int) -> tuple[Any, list[opened.Opened]]:
    page = begun.shape.page(tx, after, count)
    shown = [opened.Opened(task, content, begun.project_id) for task, content in page.shown]
    return page, opened.not_written(tx, begun.who, shown) if shown else []
