"""How does a project leave in the files of others?

As records, page by page: tasks in the order of their arrival with what they show and their consensus, and with
every judgment where the format holds those. Whoever takes them away was shown them, which is written first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.domain.times import format_time
from steelyard.formats.record import Record
from steelyard.identity.policy import Action, Principal
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.store.json_text import from_text
from steelyard.work import opened
from steelyard.work.export_shapes import Page
from steelyard.work.export_tasks import Tasks
from steelyard.work.projects import find_project
from steelyard.work.task_list import Wanted, search_of

MOST = 500  # tasks read at once
_JUDGMENTS = (
    sa.select(
        t.task.c.public_id.label("task"),
        t.current_judgment.c.public_id,
        t.annotator.c.public_id.label("annotator"),
        t.current_judgment.c.at,
        t.judgment_payload.c.answers,
    )
    .join(t.task, t.task.c.id == t.current_judgment.c.task_id)
    .join(t.annotator, t.annotator.c.id == t.current_judgment.c.annotator_id)
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == t.current_judgment.c.id)
    .where(
        t.current_judgment.c.project_id == sa.bindparam("project"),
        t.task.c.public_id.in_(sa.bindparam("tasks", expanding=True)),
    )
    .order_by(t.current_judgment.c.id)
)


@dataclass(frozen=True)
class Leaving:
    """A project on its way out: its name, what it asks now, and its tasks."""

    name: str
    form: Form
    records: Iterator[Record]


def leave(
    database: Database,
    authenticate: Callable[[Transaction], Principal],
    slug: str,
    wanted: Wanted | None = None,
    *,
    judgments: bool = False,
    counted: Callable[[int], None] | None = None,
) -> Leaving:
    """The project and its tasks, narrowed to those `wanted`. The call itself raises what refuses it; nothing is read
    of the tasks, and so nothing shown, before the first record is asked for."""
    asked = wanted or Wanted()

    def begin(tx: Transaction) -> tuple[Principal, sa.Row, Form, Tasks]:
        who = authenticate(tx)
        project = find_project(tx, who, slug, Action.READ_RESULTS)
        body = tx.execute(sa.select(t.form.c.body).where(t.form.c.id == project.form_id)).scalar_one()
        narrowed = any(getattr(asked, f.name) is not None for f in fields(Wanted))
        search = search_of(tx, project.id, asked) if narrowed else None
        return who, project, forms.parse_form(body), Tasks(who, project.id, None, search, links=False)

    who, project, form, tasks = database.read(begin)

    def pages() -> Iterator[Record]:
        at: int | None = 0
        while at is not None:

            def read(tx: Transaction, at: int = at) -> tuple[Page, dict[str, list[dict[str, Any]]]]:
                page = tasks.page(tx, at, MOST)
                given = judgments and page.rows
                return page, _judged(tx, project.id, page.columns[0]) if given else {}

            page, judged = database.read(read)
            opened.write_before_showing(database, who, page.unseen)
            if page.rows:
                names = [column.name for column in tasks.columns]
                for values in zip(*page.columns, strict=True):
                    row = dict(zip(names, values, strict=True))
                    yield _record(row, judged.get(row["id"], ()))
                if counted is not None:
                    counted(page.rows)
            at = page.last

    return Leaving(project.name, form, pages())


def _judged(tx: Transaction, project_id: int, tasks: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tx.rows(_JUDGMENTS, {"project": project_id, "tasks": list(tasks)}):
        one = {
            "id": row.public_id,
            "annotator": row.annotator,
            "at": format_time(row.at),
            "answers": row.answers,
        }
        found.setdefault(row.task, []).append(one)
    return found


def _record(row: dict[str, Any], judgments: Sequence[dict[str, Any]]) -> Record:
    content = _read(row["content"])
    return Record(
        id=row["id"],
        blocks=content["blocks"] if content else [],
        answers=_read(row["answers"]),
        confidence=row["confidence"],
        tie=None if row["tie"] is None else bool(row["tie"]),
        external_id=row["external_id"],
        gold=row["gold"],
        tags=_read(row["tags"]) or [],
        metadata=_read(row["metadata"]) or {},
        suggestion=_read(row["suggestion"]),
        judgments=judgments,
    )


def _read(text: str | None) -> Any:
    return None if text is None else from_text(text)
