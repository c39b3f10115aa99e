"""How do the rows of the database become the source parts of a release?

A part's bytes depend on its rows alone, so a part that has not changed is the same file in every release.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.domain.times import format_time
from steelyard.releases.columns import AnswerColumns
from steelyard.releases.encoding import canonical
from steelyard.releases.layout import (
    CONTENT,
    JUDGMENTS_AFTER,
    JUDGMENTS_BEFORE,
    TableWriter,
    described,
    file_digest,
)
from steelyard.releases.plan import PartKey
from steelyard.store import tables as t
from steelyard.store.database import Transaction

AT_ONCE = 1_000
FileEntry = dict[str, Any]

_ids = sa.bindparam("ids", expanding=True)
_CONTENTS = (
    sa.select(
        t.task.c.id, t.task.c.public_id, t.task.c.external_id, t.content.c.commitment, t.content.c.at,
        t.content_payload.c.body,
    )
    .join(t.content, t.content.c.id == t.task.c.content_id)
    .join(t.content_payload, t.content_payload.c.content_id == t.content.c.id)
    .where(t.task.c.id.in_(_ids))
)  # fmt: skip
_BLOBS = (
    sa.select(t.content_blob.c.digest)
    .join(t.task, t.task.c.content_id == t.content_blob.c.content_id)
    .where(t.task.c.id.in_(_ids))
    .distinct()
)
_ground = t.judgment.alias("ground")
_j = t.judgment
_JUDGMENTS = (
    sa.select(
        _j.c.id, _j.c.public_id, _j.c.at, _j.c.form_id, _j.c.spent_ms, _j.c.based_on,
        (_j.c.anonymous | t.annotator.c.anonymous).label("anonymous"),
        t.task.c.public_id.label("task"),
        t.annotator.c.public_id.label("annotator"),
        _ground.c.public_id.label("ground"),
        t.judgment_payload.c.answers,
    )
    .join(t.task, t.task.c.id == _j.c.task_id)
    .join(t.annotator, t.annotator.c.id == _j.c.annotator_id)
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id)
    .outerjoin(_ground, _ground.c.id == _j.c.based_on)
    .where(_j.c.id.in_(_ids))
)  # fmt: skip


class Source:
    """What the rows of all parts have in common: names of providers and shipments, and the forms met.

    Of providers in `left_out` (row keys) nothing is told.
    """

    def __init__(self, tx: Transaction, left_out: Collection[int] = ()) -> None:
        self._tx = tx
        self._left_out = left_out
        self.slugs: dict[int, str] = dict(tx.rows(sa.select(t.provider.c.id, t.provider.c.slug)))  # type: ignore[arg-type]
        self._shipments: dict[int, str] = {}
        self._forms: dict[int, str] = {}
        self.forms: dict[str, Form] = {}
        self._spelled = lru_cache(maxsize=1 << 16)(lambda text: canonical(json.loads(text)).decode())

    def form(self, form_id: int) -> str:
        """The digest of a form, which stands in `forms` from then on."""
        if form_id not in self._forms:
            row = self._tx.rows(sa.select(t.form).where(t.form.c.id == form_id))[0]
            form = forms.parse_form(row.body)
            self._forms[form_id] = forms.digest(form)
            self.forms[self._forms[form_id]] = form
        return self._forms[form_id]

    def spelled(self, answers: Mapping[str, Any]) -> str:
        """Answers as RFC 8785 JSON; the same ones come often, so spellings are kept."""
        return self._spelled(json.dumps(answers, separators=(",", ":")))

    def shipment(self, shipment_id: int | None) -> str | None:
        if shipment_id is None:
            return None
        if shipment_id not in self._shipments:
            query = sa.select(t.shipment.c.public_id).where(t.shipment.c.id == shipment_id)
            self._shipments[shipment_id] = self._tx.scalar(query)
        return self._shipments[shipment_id]

    def entry(self, key: PartKey) -> FileEntry:
        """What a manifest says of a part besides its bytes."""
        return {
            "provider": self.slugs[key.provider],
            "shipment": self.shipment(key.shipment),
            "day": key.day_name,
            "depends": sorted(self.slugs[p] for p in key.depends if p not in self._left_out),
        }


def write_contents(
    tx: Transaction, source: Source, folder: Path, key: PartKey, tasks: array[int]
) -> FileEntry:
    """Writes one part of `content/` below `folder`; returns its entry in the manifest."""
    entry = source.entry(key)
    fixed = {"provider": entry["provider"], "shipment": entry["shipment"]}

    def rows() -> Iterator[tuple[dict[str, Any], int]]:
        for row in _in_order(tx, _CONTENTS, tasks):
            blocks = canonical(row.body["blocks"]).decode()
            cells = {
                "task": row.public_id,
                "external_id": row.external_id,
                "at": format_time(row.at),
                "commitment": row.commitment,
                "text": _first_text(row.body["blocks"]),
                "blocks": blocks,
            }
            yield fixed | cells, 2 * len(blocks)

    return _write(folder, "content", pa.schema(CONTENT), rows()) | entry


def write_judgments(
    tx: Transaction, source: Source, folder: Path, key: PartKey, judgments: array[int], hidden: set[int]
) -> FileEntry:
    """Writes one part of `judgments/`; `hidden` as in a plan."""
    entry = source.entry(key)
    fixed = {"provider": entry["provider"], "shipment": entry["shipment"]}
    columns = AnswerColumns({d: source.forms[d] for d in _forms_of(tx, source, judgments)})
    schema = pa.schema([*JUDGMENTS_BEFORE, *columns.fields, *JUDGMENTS_AFTER])

    def rows() -> Iterator[tuple[dict[str, Any], int]]:
        for row in _in_order(tx, _JUDGMENTS, judgments):
            answers = source.spelled(row.answers)
            digest = source.form(row.form_id)
            cells = {
                "judgment": row.public_id,
                "task": row.task,
                "annotator": None if row.anonymous else row.annotator,
                "at": format_time(row.at),
                "form": digest,
                "fix": row.based_on is not None,
                "based_on": None if row.id in hidden else row.ground,
                "answers": answers,
                "spent_ms": row.spent_ms,
            }
            yield fixed | cells | columns.cells(digest, row.answers), 2 * len(answers)

    return _write(folder, "judgments", schema, rows()) | entry


def blobs_of(tx: Transaction, tasks: array[int]) -> set[str]:
    """The digests of all blobs that the contents of these tasks show."""
    found: set[str] = set()
    for ids in _slices(tasks):
        found.update(tx.execute(_BLOBS, {"ids": ids}).scalars())
    return found


def _write(
    folder: Path, kind: str, schema: pa.Schema, rows: Iterator[tuple[dict[str, Any], int]]
) -> FileEntry:
    below = folder / kind
    below.mkdir(exist_ok=True)
    arriving = below / ".arriving"
    writer = TableWriter(arriving, schema)
    for row, size in rows:
        writer.add(row, size)
    writer.close()
    digest = file_digest(arriving)
    path = below / f"{digest}.parquet"
    os.rename(arriving, path)
    return table_entry(folder, kind, path, digest)


def table_entry(folder: Path, kind: str, path: Path, digest: str) -> FileEntry:
    """A manifest's entry for a table; whose it is, is for the caller to add."""
    with pq.ParquetFile(path) as table:
        rows, schema = table.metadata.num_rows, described(table.schema_arrow)
    return {
        "path": path.relative_to(folder).as_posix(),
        "kind": kind,
        "sha256": digest,
        "bytes": path.stat().st_size,
        "rows": rows,
        "schema": schema,
        "provider": None,
        "shipment": None,
        "day": None,
        "depends": None,
    }


def _slices(ids: array[int]) -> Iterator[list[int]]:
    for at in range(0, len(ids), AT_ONCE):
        yield ids[at : at + AT_ONCE].tolist()


def _in_order(tx: Transaction, query: sa.Select, ids: array[int]) -> Iterator[sa.Row]:
    for some in _slices(ids):
        found = {row.id: row for row in tx.execute(query, {"ids": some})}
        yield from (found[key] for key in some)


_FORMS = sa.select(t.judgment.c.form_id).where(t.judgment.c.id.in_(_ids)).distinct()


def _forms_of(tx: Transaction, source: Source, judgments: array[int]) -> set[str]:
    found: set[int] = set()
    for ids in _slices(judgments):
        found.update(tx.execute(_FORMS, {"ids": ids}).scalars())
    return {source.form(form_id) for form_id in found}


def _first_text(blocks: list[Mapping[str, Any]]) -> str | None:
    return next((block["text"] for block in blocks if block.get("type") == "text"), None)
