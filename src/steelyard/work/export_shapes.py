"""What of a project leaves in an export, as lines and column by column?

A page is read by row key in one plain statement, and JSON is taken as the text that the database keeps. The columns
of a table (CSV, Parquet) also hold every answer by its question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.domain.states import TaskStatus
from steelyard.formats.tables_out import Column, Type
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.json_text import from_text, to_text
from steelyard.work.export_lines import DIALECTS, Field, Lines, page_of, read
from steelyard.work.opened import Opened

_BETWEEN = {"project": sa.bindparam("project"), "after": sa.bindparam("after"), "most": sa.bindparam("most")}


@dataclass(frozen=True)
class Page:
    """A list of values a column, and the row key of the last row (None where there are no rows)."""

    columns: Sequence[Sequence[Any]]
    rows: int
    last: int | None
    unseen: Sequence[Opened] = ()  # what it shows and somebody was not shown yet


NOTHING = Page((), 0, None)


def name_of(name: sa.Column[str], key: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """The public name of a row by its key."""
    return sa.select(name).where(name.table.c.id == key).scalar_subquery()


def as_table(query: sa.Select, fields: Sequence[Field]) -> sa.Select:
    """The statement of a page, row by row: `query` selects the row key, behind which the fields come."""
    values = [sa.cast(f.value, sa.Text) if f.type is Type.JSON else f.value for f in fields]
    return query.add_columns(*(value.label(f"value_{n}") for n, value in enumerate(values)))


class Statements:
    """Of a page that `query` selects by its row keys: its rows, and its lines."""

    def __init__(self, query: sa.Select, fields: Sequence[Field]) -> None:
        self.columns = [field.column for field in fields]
        self.table = as_table(query, fields)
        self.lines = {dialect: page_of(dialect, query, fields) for dialect in DIALECTS}


class AnswersByQuestion:
    """Columns `answers.QUESTION` for the questions that a project has asked, in the order of its forms.

    What a task with a form of its own asks beside stands in the column `answers` alone.
    """

    def __init__(self, used: Sequence[Form]) -> None:
        kinds: dict[str, set[str]] = {}
        for form in used:
            for question in form.questions:
                kinds.setdefault(question.name, set()).add(question.kind)
        self._names = list(kinds)
        self.columns = [Column(f"answers.{name}", _type_of(kinds[name])) for name in self._names]

    def of(self, answers: Sequence[str | None]) -> list[list[Any]]:
        """The cells of these columns; `answers` is JSON."""
        read = [{} if text is None else from_text(text) for text in answers]
        return [
            [_cell(one.get(name), column.type) for one in read]
            for name, column in zip(self._names, self.columns, strict=True)
        ]


def _type_of(kinds: set[str]) -> Type:
    if kinds == {"rating"}:
        return Type.WHOLE
    return Type.NUMBER if kinds == {"number"} else Type.TEXT


def _cell(answer: Any, kind: Type) -> Any:
    if answer is None:
        return None
    if kind is Type.WHOLE:
        return int(answer)
    if kind is Type.NUMBER:
        return float(answer)
    return answer if isinstance(answer, str) else to_text(answer)


def forms_of(tx: Transaction, project_id: int) -> list[Form]:
    """The forms that a project has had, the first one first."""
    rows = tx.rows(
        sa.select(t.form.c.body)
        .join(t.project_form, t.project_form.c.form_id == t.form.c.id)
        .where(t.project_form.c.project_id == project_id)
        .order_by(t.project_form.c.id)
    )
    return [forms.parse_form(row.body) for row in rows]


# --- judgments

_j = t.judgment.c
_JUDGMENT = (
    Field("id", Type.ID, _j.public_id),
    Field("task", Type.ID, t.task.c.public_id),
    Field("external_id", Type.TEXT, t.task.c.external_id),
    Field("annotator", Type.ID, name_of(t.annotator.c.public_id, _j.annotator_id)),
    Field("provider", Type.ID, name_of(t.provider.c.slug, _j.provider_id)),
    Field("answers", Type.JSON, t.judgment_payload.c.answers),
    Field("at", Type.TIME, _j.at),
    Field("gold", Type.FLAG, _j.gold),
)
_JUDGMENT_MARKED = (*_JUDGMENT, Field("current", Type.FLAG, _j.current))
_EVERY = (
    sa.select(_j.id)
    .join(t.task, t.task.c.id == _j.task_id)
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.id, isouter=True)
    .where(_j.project_id == _BETWEEN["project"], _j.id > _BETWEEN["after"])
    .order_by(_j.id)
    .limit(_BETWEEN["most"])
)
CURRENT_JUDGMENTS = Statements(_EVERY.where(_j.current), _JUDGMENT)
EVERY_JUDGMENT = Statements(_EVERY, _JUDGMENT_MARKED)


class Judgments:
    """Current judgments; with `history` all that were ever given, marked."""

    table = t.judgment

    def __init__(self, project_id: int, questions: AnswersByQuestion | None, history: bool = False) -> None:
        self._project, self._questions = project_id, questions
        self._statements = EVERY_JUDGMENT if history else CURRENT_JUDGMENTS
        self.columns = [*self._statements.columns, *(questions.columns if questions else [])]

    def page(self, tx: Transaction, after: int, most: int) -> Page:
        rows = tx.rows(self._statements.table, {"project": self._project, "after": after, "most": most})
        if not rows:
            return NOTHING
        key, *columns = zip(*rows, strict=True)
        answers = columns[ANSWERS]
        return Page([*columns, *(self._questions.of(answers) if self._questions else [])], len(rows), key[-1])

    def lines(self, tx: Transaction, after: int, most: int) -> Lines:
        return read(tx, self._statements.lines, {"project": self._project, "after": after, "most": most})


ANSWERS = [field.name for field in _JUDGMENT].index("answers")

# --- consensus

_c = t.consensus.c
_CONSENSUS = (
    Field("id", Type.ID, _c.public_id),
    Field("task", Type.ID, t.task.c.public_id),
    Field("external_id", Type.TEXT, t.task.c.external_id),
    Field("answers", Type.JSON, t.consensus_payload.c.answers),
    Field("confidence", Type.NUMBER, _c.confidence),
    Field("tie", Type.FLAG, _c.tie),
    Field("judgments", Type.JSON, _c.judgments, there=True),
    Field("settled", Type.FLAG, t.task.c.status == TaskStatus.SETTLED.value),
)
CURRENT_CONSENSUS = Statements(
    sa.select(_c.id)
    .join(t.task, t.task.c.id == _c.task_id)
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == _c.id, isouter=True)
    .where(_c.project_id == _BETWEEN["project"], _c.current, _c.id > _BETWEEN["after"])
    .order_by(_c.id)
    .limit(_BETWEEN["most"]),
    _CONSENSUS,
)


class Consensus:
    """The current answer of every task that has one."""

    table = t.consensus

    def __init__(self, project_id: int, questions: AnswersByQuestion | None) -> None:
        self._project, self._questions = project_id, questions
        self.columns = [*CURRENT_CONSENSUS.columns, *(questions.columns if questions else [])]

    def page(self, tx: Transaction, after: int, most: int) -> Page:
        rows = tx.rows(CURRENT_CONSENSUS.table, {"project": self._project, "after": after, "most": most})
        if not rows:
            return NOTHING
        key, public, task, external, answers, confidence, *rest = zip(*rows, strict=True)
        rounded = [round(value, 6) for value in confidence]
        columns = [public, task, external, answers, rounded, *rest]
        return Page([*columns, *(self._questions.of(answers) if self._questions else [])], len(rows), key[-1])

    def lines(self, tx: Transaction, after: int, most: int) -> Lines:
        return read(tx, CURRENT_CONSENSUS.lines, {"project": self._project, "after": after, "most": most})
