"""What is kept of this person?

Everything that refers to the person, or to the annotator that it is, a line each: what it is and was, what it was
shown, answered, asked and decided. No secret is in it. It is read page by page, so a long life takes no more
memory than a short one; the last line says how many there were, so that a part is not taken for the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from steelyard.domain.money import format_money
from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.person_parts import PAGE, PARTS, Part

SCAN = 50_000  # row keys looked through at once where no index leads to a person's rows
MONEY = frozenset({"price"})
TIMES = frozenset({"at", "lease_until"})


def export_person(database: Database, person_id: int) -> Iterator[bytes]:
    """The lines (JSON, each with `what` it is) of the person with this row key, in pieces of a page each."""
    mine = sa.select(t.annotator.c.id).where(t.annotator.c.person_id == person_id).order_by(t.annotator.c.id)
    annotators = database.read(lambda tx: list(tx.execute(mine).scalars()))
    lines = 0
    for part in PARTS:
        whose = {"annotator": annotators} if part.of_annotator else {"person": [person_id]}
        for at in ({name: key} for name, keys in whose.items() for key in keys):
            for rows in _pages(database, part, at):
                lines += len(rows)
                yield b"".join(_line(part.what, row._mapping) for row in rows)
    yield _line("end", {"lines": lines})


def _pages(database: Database, part: Part, at: Mapping[str, Any]) -> Iterator[list[sa.Row]]:
    """The rows of a part, each page its own short read."""

    def page(more: Mapping[str, Any]) -> list[sa.Row]:
        return database.read(lambda tx: list(tx.rows(part.page, {**at, **more})))

    def after(row: sa.Row | None) -> dict[str, Any]:
        kinds = (key.type.python_type for key in part.keys)
        first = ["" if kind is str else -1 for kind in kinds]
        return {f"after_{i}": low if row is None else row._mapping[f"_{i}"] for i, low in enumerate(first)}

    if not part.scan:
        rows = page(after(None))
        while rows:
            yield rows
            rows = page(after(rows[-1])) if len(rows) == PAGE else []
        return
    top = database.read(lambda tx: _top(tx, part.keys[0]))
    for start in range(0, top, SCAN):
        until, here = {"until": start + SCAN}, start
        while rows := page({"after_0": here, **until}):
            yield rows
            if len(rows) < PAGE:
                break
            here = rows[-1]._mapping["_0"]


def _top(tx: Transaction, key: sa.Column) -> int:
    return tx.scalar(sa.select(sa.func.max(key))) or 0


def _line(what: str, values: Mapping[Any, Any]) -> bytes:
    told: dict[str, Any] = {"what": what}
    for name, value in values.items():
        if name.startswith("_"):
            continue
        if value is not None and (name in TIMES or name.endswith("_at")):
            value = format_time(value)
        elif value is not None and name in MONEY:
            value = format_money(value)
        told[name] = value
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
