"""What of a project leaves in an export, column by column?

A page is read by row key in a few plain statements; JSON is taken as the text that the database keeps, and who
answered is looked up once. The columns of a table (CSV, Parquet) also hold every answer by its question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.formats.tables_out import Column, Type
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.json_text import from_text, to_text

_BETWEEN = {"project": sa.bindparam("project"), "after": sa.bindparam("after"), "most": sa.bindparam("most")}


@dataclass(frozen=True)
class Page:
    """A list of values a column, and the row key of the last row (None where there are no rows)."""

    columns: Sequence[Sequence[Any]]
    rows: int
    last: int | None
    shown: Sequence[tuple[int, int]] = ()  # task and content of the contents that it shows, by row keys


NOTHING = Page((), 0, None)


def as_text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """JSON as the text that is kept."""
    return sa.cast(column, sa.Text)


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


@dataclass
class Names:
    """Public names of rows by their keys, each looked up once."""

    names: sa.Column[str]
    known: dict[int, str] = field(default_factory=dict)

    def of(self, tx: Transaction, keys: Sequence[int | None]) -> list[str | None]:
        new = {key for key in keys if key is not None and key not in self.known}
        if new:
            id_column = self.names.table.c.id
            found = tx.rows(sa.select(id_column, self.names).where(id_column.in_(sorted(new))))
            self.known.update(tuple(row) for row in found)
        return [None if key is None else self.known[key] for key in keys]


# --- judgments

_j = t.judgment.c


def _judgments(history: bool) -> sa.Select:
    query = (
        sa.select(
            _j.id, _j.public_id, t.task.c.public_id.label("task"), t.task.c.external_id, _j.annotator_id,
            _j.provider_id, as_text(t.judgment_payload.c.answers).label("answers"), _j.at, _j.gold, _j.current,
        )
        .join(t.task, t.task.c.id == _j.task_id)
        .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.id, isouter=True)
        .where(_j.project_id == _BETWEEN["project"], _j.id > _BETWEEN["after"])
        .order_by(_j.id)
        .limit(_BETWEEN["most"])
    )  # fmt: skip
    return query if history else query.where(_j.current)


_CURRENT, _EVERY = _judgments(False), _judgments(True)


class Judgments:
    """Current judgments; with `history` all that were ever given, marked."""

    table = t.judgment

    def __init__(self, project_id: int, questions: AnswersByQuestion | None, history: bool = False) -> None:
        self._project, self._questions, self._history = project_id, questions, history
        self._annotators = Names(t.annotator.c.public_id)
        self._providers = Names(t.provider.c.slug)
        self.columns = [
            Column("id", Type.ID),
            Column("task", Type.ID),
            Column("external_id", Type.TEXT),
            Column("annotator", Type.ID),
            Column("provider", Type.ID),
            Column("answers", Type.JSON),
            Column("at", Type.TIME),
            Column("gold", Type.FLAG),
            *([Column("current", Type.FLAG)] if history else []),
            *(questions.columns if questions else []),
        ]

    def page(self, tx: Transaction, after: int, most: int) -> Page:
        given = {"project": self._project, "after": after, "most": most}
        rows = tx.rows(_EVERY if self._history else _CURRENT, given)
        if not rows:
            return NOTHING
        key, public, task, external, annotator, provider, answers, at, gold, current = zip(*rows, strict=True)
        return Page(
            [
                public,
                task,
                external,
                self._annotators.of(tx, annotator),
                self._providers.of(tx, provider),
                answers,
                at,
                gold,
                *([current] if self._history else []),
                *(self._questions.of(answers) if self._questions else []),
            ],
            len(rows),
            key[-1],
        )


# --- consensus

_c = t.consensus.c
_CONSENSUS = (
    sa.select(
        _c.id, _c.public_id, t.task.c.public_id.label("task"), t.task.c.external_id,
        as_text(t.consensus_payload.c.answers).label("answers"), _c.confidence, _c.tie,
        as_text(_c.judgments).label("judgments"), t.task.c.status,
    )
    .join(t.task, t.task.c.id == _c.task_id)
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == _c.id, isouter=True)
    .where(_c.project_id == _BETWEEN["project"], _c.current, _c.id > _BETWEEN["after"])
    .order_by(_c.id)
    .limit(_BETWEEN["most"])
)  # fmt: skip


class Consensus:
    """The current answer of every task that has one."""

    table = t.consensus

    def __init__(self, project_id: int, questions: AnswersByQuestion | None) -> None:
        self._project, self._questions = project_id, questions
        self.columns = [
            Column("id", Type.ID),
            Column("task", Type.ID),
            Column("external_id", Type.TEXT),
            Column("answers", Type.JSON),
            Column("confidence", Type.NUMBER),
            Column("tie", Type.FLAG),
            Column("judgments", Type.JSON),
            Column("settled", Type.FLAG),
            *(questions.columns if questions else []),
        ]

    def page(self, tx: Transaction, after: int, most: int) -> Page:
        rows = tx.rows(_CONSENSUS, {"project": self._project, "after": after, "most": most})
        if not rows:
            return NOTHING
        key, public, task, external, answers, confidence, tie, judgments, status = zip(*rows, strict=True)
        return Page(
            [
                public,
                task,
                external,
                answers,
                [round(value, 6) for value in confidence],
                tie,
                judgments,
                [value == "settled" for value in status],
                *(self._questions.of(answers) if self._questions else []),
            ],
            len(rows),
            key[-1],
        )
