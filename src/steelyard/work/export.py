"""How does a project leave, whole, without anybody waiting for it?

Pages by row key, each its own short read, so that an export of any length holds nobody up and is flat in memory;
one that was cut goes on after the last line that arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TypeVar

import sqlalchemy as sa

from steelyard.domain.errors import invalid
from steelyard.domain.ids import is_id
from steelyard.formats.tables_out import Format, pieces
from steelyard.identity.policy import Action, Principal
from steelyard.store.database import Database, Transaction
from steelyard.work import opened
from steelyard.work.export_lines import Lines
from steelyard.work.export_shapes import AnswersByQuestion, Consensus, Judgments, Page, forms_of
from steelyard.work.export_tasks import Tasks
from steelyard.work.projects import find_project
from steelyard.work.task_list import Wanted, search_of

FIRST, FEWEST, MOST = 500, 10, 1000  # rows read at once
PAGE_BYTES = 500_000
Shape = Judgments | Consensus | Tasks
P = TypeVar("P", Page, Lines)


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
    if asked.fmt is Format.ndjson:
        return (page.text for page in _pages(database, begun, begun.shape.lines, asked.limit, counted))
    pages = _pages(database, begun, begun.shape.page, asked.limit, counted)
    return pieces(begun.shape.columns, (page.columns for page in pages), asked.fmt)


def _begin(tx: Transaction, who: Principal, slug: str, asked: Asked) -> _Begun:
    project = find_project(tx, who, slug, Action.READ_RESULTS)
    questions = None if asked.fmt is Format.ndjson else AnswersByQuestion(forms_of(tx, project.id))
    shape: Shape
    if asked.what is What.tasks:
        narrowed = any(getattr(asked.wanted, f.name) is not None for f in fields(Wanted))
        search = search_of(tx, project.id, asked.wanted) if narrowed else None
        shape = Tasks(who, project.id, questions, search, asked.content)
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
    database: Database,
    begun: _Begun,
    read: Callable[[Transaction, int, int], P],
    limit: int | None,
    counted: Callable[[int], None] | None,
) -> Iterator[P]:
    at: int | None = begun.start
    left, most = limit, FIRST
    while at is not None and (left is None or left > 0):
        count = most if left is None else min(most, left)
        page = database.read(lambda tx, at=at, count=count: read(tx, at, count))
        opened.write_before_showing(database, begun.who, page.unseen)
        if page.rows:
            yield page
            if counted is not None:
                counted(page.rows)
            left = None if left is None else left - page.rows
            most = _following(page)
        at = page.last


def _following(page: Page | Lines) -> int:
    """How many rows are read at once behind this page: many, unless they are long."""
    if isinstance(page, Page):
        return FIRST
    return max(FEWEST, min(MOST, PAGE_BYTES * page.rows // len(page.text)))
