"""What of a task leaves in an export?

With its content, so whoever takes the export away is shown it: that is written down before a page leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.formats.tables_out import Column, Type
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.json_text import from_text, to_text
from steelyard.store.prepared import Prepared
from steelyard.work import opened
from steelyard.work.export_lines import DIALECTS, Field, Lines, encoded, page_of, read, written
from steelyard.work.export_shapes import NOTHING, AnswersByQuestion, Page, as_table, name_of
from steelyard.work.task_list import CURRENT, Search

_t = t.task.c
_ELSEWHERE = '"blob:'  # stands in a content that shows stored bytes
_TASK = (
    Field("id", Type.ID, _t.public_id),
    Field("external_id", Type.TEXT, _t.external_id),
    Field("status", Type.ID, _t.status),
    Field("reason", Type.TEXT, _t.reason),
    Field("batch", Type.TEXT, name_of(t.batch.c.name, _t.batch_id)),
    Field("priority", Type.WHOLE, _t.priority, there=True),
    Field("tags", Type.JSON, _t.tags, there=True),
    Field("metadata", Type.JSON, _t.details, there=True),
    Field("gold", Type.TEXT, _t.gold),
    Field("answered", Type.WHOLE, _t.answers, there=True),
    Field("wanted", Type.WHOLE, _t.wanted, there=True),
    Field("created_at", Type.TIME, _t.created_at),
    Field("suggestion", Type.JSON, _t.suggestion),
)
_CONTENT = Field("content", Type.JSON, t.content_payload.c.body)
_VALUE = (
    Field("answers", Type.JSON, t.consensus_payload.c.answers, there=True),
    Field("confidence", Type.NUMBER, t.consensus.c.confidence),
    Field("tie", Type.FLAG, t.consensus.c.tie),
)
_FOUND = (
    sa.select(_t.id)
    .join(t.consensus, CURRENT, isouter=True)
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id, isouter=True)
    .order_by(_t.id)
)
_BODY = t.content_payload, t.content_payload.c.content_id == _t.content_id
_IN_PROJECT = (_t.project_id == sa.bindparam("project"), _t.id > sa.bindparam("after"))
_LISTED = (_t.id.in_(sa.bindparam("keys", expanding=True)),)


def _consensus(dialect: str) -> Field:
    value = written(dialect, "{", _VALUE, "}")
    there = t.consensus_payload.c.answers.is_not(sa.literal_column("NULL"))
    return Field(
        "consensus", Type.JSON, sa.case((there, value), else_=sa.literal_column("'null'")), there=True
    )


@dataclass(frozen=True)
class _Statements:
    """Of the tasks that are asked for: their columns; their lines; their lines in two halves, around a content that
    shows stored bytes; the tasks and contents of them that somebody was not shown yet."""

    table: sa.Select
    lines: dict[str, Prepared]
    halves: dict[str, sa.Select] | None
    unseen: sa.Select | None


def _statements(content: bool, narrowed: bool) -> _Statements:
    found = _FOUND.join(*_BODY, isouter=True) if content else _FOUND
    found = found.where(*(_LISTED if narrowed else _IN_PROJECT))
    query = found if narrowed else found.limit(sa.bindparam("most"))
    shown = (_CONTENT,) if content else ()
    table = as_table(query, (*_TASK, *shown, *_VALUE))
    lines = {d: page_of(d, query, (*_TASK, *shown, _consensus(d))) for d in DIALECTS}
    if not content:
        return _Statements(table, lines, None, None)
    halves = {
        d: query.add_columns(
            _t.public_id,
            written(d, "{", _TASK, ',"content":'),
            sa.cast(_CONTENT.value, sa.Text),
            written(d, ",", (_consensus(d),), "}\n"),
        )
        for d in DIALECTS
    }
    unseen = (
        sa.select(_t.id, _t.content_id)
        .join(*_BODY)
        .where(*(_LISTED if narrowed else _IN_PROJECT), opened.not_shown(_t.content_id))
        .order_by(_t.id)
    )
    return _Statements(
        table, lines, halves, unseen if narrowed else unseen.where(_t.id <= sa.bindparam("last"))
    )


_STATEMENTS = {
    (content, narrowed): _statements(content, narrowed)
    for content in (True, False)
    for narrowed in (True, False)
}


class Tasks:
    """The tasks that `search` asks for (all of the project where it asks nothing), with or without content, which
    `who` is shown. Stored bytes are links that ask who is asking, or their addresses without `links`."""

    table = t.task

    def __init__(
        self,
        who: Principal,
        project_id: int,
        questions: AnswersByQuestion | None,
        search: Search | None,
        content: bool = True,
        links: bool = True,
    ) -> None:
        self._links = links
        self._who, self._project, self._questions, self._search = who, project_id, questions, search
        self._content = content
        self._statements = _STATEMENTS[content, search is not None]
        fields = (*_TASK, *((_CONTENT,) if content else ()), *_VALUE)
        self.columns: list[Column] = [field.column for field in fields]
        if questions is not None:
            self.columns += questions.columns

    def page(self, tx: Transaction, after: int, most: int) -> Page:
        given, last = self._asked(tx, after, most)
        rows = tx.rows(self._statements.table, given) if given else []
        if not rows:
            return NOTHING if last is None else Page((), 0, last)
        last = rows[-1][0] if last is None else last
        _, public, *rest = zip(*rows, strict=True)
        *columns, value, confidence, tie = rest
        if self._content:
            bodies = columns.pop()
            columns.append(tuple(map(_shown, public, bodies)) if self._links else bodies)
        rounded = [None if c is None else round(c, 6) for c in confidence]
        questions = self._questions.of(value) if self._questions else []
        shown = self._unseen(tx, given, rows[-1][0])
        return Page([public, *columns, value, rounded, tie, *questions], len(rows), last, shown)

    def lines(self, tx: Transaction, after: int, most: int) -> Lines:
        given, last = self._asked(tx, after, most)
        if not given:
            return Lines(b"", 0, last)
        found = read(tx, self._statements.lines, given)
        if found.last is None:
            return Lines(b"", 0, last)
        text = found.text
        if self._statements.halves is not None and _ELSEWHERE.encode() in text:
            text = _with_links(tx.rows(self._statements.halves[tx.dialect], given))
        shown = self._unseen(tx, given, found.last)
        return Lines(text, found.rows, found.last if last is None else last, shown)

    def _asked(self, tx: Transaction, after: int, most: int) -> tuple[dict[str, Any], int | None]:
        """The parameters of a page, none where nothing was found in what was looked at, and the key to go on after
        where the page's own last one does not say it."""
        if self._search is None:
            return {"project": self._project, "after": after, "most": most}, None
        found = self._search.find(tx, after, most)
        return {"keys": found.keys} if found.keys else {}, found.next

    def _unseen(self, tx: Transaction, given: dict[str, Any], last: int) -> Sequence[opened.Opened]:
        if self._statements.unseen is None:
            return ()
        asked = {**given, "last": last, "me": self._who.annotator_id, "since": 0}
        rows = tx.rows(self._statements.unseen, {k: v for k, v in asked.items() if k != "most"})
        return [opened.Opened(row.id, row.content_id, self._project) for row in rows]


def _with_links(rows: Sequence[sa.Row]) -> bytes:
    pieces: list[str] = []
    for _, public, head, body, tail in rows:
        pieces += (head, _shown(public, body) or "null", tail)
    return encoded("".join(pieces))


def _shown(task: str, content: str | None) -> str | None:
    """A content in which stored bytes are links that ask who is asking."""
    if content is None or _ELSEWHERE not in content:
        return content
    read = from_text(content)
    for index, block in enumerate(read["blocks"]):
        if isinstance(block.get("url"), str) and block["url"].startswith("blob:"):
            block["url"] = f"/api/tasks/{task}/content/{index}"
    return to_text(read)
