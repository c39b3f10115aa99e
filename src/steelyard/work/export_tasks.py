"""What of a task leaves in an export?

With its content, so whoever takes the export away is shown it: that is written down before a page leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from steelyard.formats.tables_out import Column, Type
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.json_text import from_text, to_text
from steelyard.work.export_shapes import NOTHING, AnswersByQuestion, Names, Page, as_text
from steelyard.work.task_list import Search

_t = t.task.c
_WHOLE = (
    _t.id, _t.public_id, _t.external_id, _t.status, _t.reason, _t.batch_id, _t.priority,
    as_text(_t.tags).label("tags"), as_text(_t.details).label("details"), _t.gold, _t.answers, _t.wanted,
    _t.created_at, as_text(_t.suggestion).label("suggestion"), _t.content_id,
    as_text(t.content_payload.c.body).label("content"), as_text(t.consensus_payload.c.answers).label("value"),
    t.consensus.c.confidence, t.consensus.c.tie,
)  # fmt: skip
_QUERY = (
    sa.select(*_WHOLE)
    .select_from(t.task)
    .join(t.consensus, sa.and_(t.consensus.c.task_id == _t.id, t.consensus.c.current), isouter=True)
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id, isouter=True)
    .order_by(_t.id)
)
_SHOWING = sa.and_(t.content_payload.c.content_id == _t.content_id, sa.bindparam("content", type_=sa.Boolean))
_ALL = (
    _QUERY.join(t.content_payload, _SHOWING, isouter=True)
    .where(_t.project_id == sa.bindparam("project"), _t.id > sa.bindparam("after"))
    .limit(sa.bindparam("most"))
)
_THESE = _QUERY.join(t.content_payload, _SHOWING, isouter=True).where(
    _t.id.in_(sa.bindparam("keys", expanding=True))
)


class Tasks:
    """The tasks that `search` asks for (all of the project where it asks nothing), with or without content."""

    table = t.task

    def __init__(
        self,
        project_id: int,
        questions: AnswersByQuestion | None,
        search: Search | None,
        content: bool = True,
    ) -> None:
        self._project, self._questions, self._search, self._content = project_id, questions, search, content
        self._batches = Names(t.batch.c.name)
        self.columns = [
            Column("id", Type.ID),
            Column("external_id", Type.TEXT),
            Column("status", Type.ID),
            Column("reason", Type.TEXT),
            Column("batch", Type.TEXT),
            Column("priority", Type.WHOLE),
            Column("tags", Type.JSON),
            Column("metadata", Type.JSON),
            Column("gold", Type.ID),
            Column("answered", Type.WHOLE),
            Column("wanted", Type.WHOLE),
            Column("created_at", Type.TIME),
            Column("suggestion", Type.JSON),
            *([Column("content", Type.JSON)] if content else []),
            *([Column("consensus", Type.JSON)] if questions is None else []),
            *([Column("answers", Type.JSON)] if questions else []),
            *([Column("confidence", Type.NUMBER), Column("tie", Type.FLAG)] if questions else []),
            *(questions.columns if questions else []),
        ]

    def page(self, tx: Transaction, after: int, most: int) -> Page:
        rows, last = self._rows(tx, after, most)
        if not rows:
            return Page((), 0, last) if last is not None else NOTHING
        (
            key, public, external, status, reason, batch, priority, tags, details, gold, answered, wanted, created,
            suggestion, content_id, content, value, confidence, tie,
        ) = zip(*rows, strict=True)  # fmt: skip
        columns: list[Sequence[Any]] = [
            public, external, status, reason, self._batches.of(tx, batch), priority, tags, details, gold, answered,
            wanted, created, suggestion,
        ]  # fmt: skip
        if self._content:
            columns.append([_linked(*pair) for pair in zip(public, content, strict=True)])
        rounded = [None if c is None else round(c, 6) for c in confidence]
        if self._questions is None:
            columns.append([_answer(*one) for one in zip(value, rounded, tie, strict=True)])
        else:
            columns += [value, rounded, tie, *self._questions.of(value)]
        shown = [pair for pair, body in zip(zip(key, content_id, strict=True), content, strict=True) if body]
        return Page(columns, len(rows), last, shown)

    def _rows(self, tx: Transaction, after: int, most: int) -> tuple[Sequence[sa.Row], int | None]:
        """A page, and the key to go on after: there may be none in what was looked at, and still more to come."""
        if self._search is None:
            given = {"project": self._project, "after": after, "most": most, "content": self._content}
            rows = tx.rows(_ALL, given)
            return rows, rows[-1].id if rows else None
        found = self._search.find(tx, after, most)
        if not found.keys:
            return [], found.next
        rows = tx.rows(_THESE, {"keys": found.keys, "content": self._content})
        return rows, found.next if found.next is not None else rows[-1].id


def _linked(task: str, content: str | None) -> str | None:
    """A content in which stored bytes are links that ask who is asking."""
    if content is None or '"blob:' not in content:
        return content
    read = from_text(content)
    for index, block in enumerate(read["blocks"]):
        if isinstance(block.get("url"), str) and block["url"].startswith("blob:"):
            block["url"] = f"/api/tasks/{task}/content/{index}"
    return to_text(read)


def _answer(value: str | None, confidence: float | None, tie: bool | None) -> str | None:
    if value is None:
        return None
    return f'{{"answers":{value},"confidence":{confidence!r},"tie":{"true" if tie else "false"}}}'
