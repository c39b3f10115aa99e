"""What has been answered in a project, one array a column?

The rows are the current judgments that are no gold, in the order of their row keys; arithmetic over millions of
them runs on these arrays and never row by row. What an answer says stays the text that the database keeps, each
distinct text once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from numpy.typing import NDArray

from steelyard import forms
from steelyard.domain.form import Form, Question
from steelyard.store import tables as t
from steelyard.store.database import Transaction

# An annotator without a name, a judgment based on none, a suggestion that nobody made, no shipment, an unknown time.
NOBODY = -1
PAGE = 50_000  # rows read at once

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("public_id", pa.binary(12), nullable=False),
        pa.field("task", pa.int64(), nullable=False),
        pa.field("annotator", pa.int64(), nullable=False),
        pa.field("provider", pa.int64(), nullable=False),
        pa.field("form", pa.int64(), nullable=False),
        pa.field("based_on", pa.int64(), nullable=False),
        pa.field("suggested_by", pa.int64(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("shipment", pa.int64(), nullable=False),
        pa.field("spent_ms", pa.int64(), nullable=False),
        pa.field("answers", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
)

ARITHMETIC = pa.schema([f for f in SCHEMA if f.name != "spent_ms"])  # what `Columns` are made of

_j = t.current_judgment
_ROWS = (
    sa.select(
        _j.c.id,
        _j.c.public_id,
        _j.c.task_id,
        sa.case((_j.c.anonymous, NOBODY), else_=_j.c.annotator_id),
        _j.c.provider_id,
        _j.c.form_id,
        sa.func.coalesce(_j.c.based_on, NOBODY),
        sa.func.coalesce(_j.c.suggested_by, NOBODY),
        _j.c.at,
        sa.func.coalesce(_j.c.shipment_id, NOBODY),
        sa.func.coalesce(_j.c.spent_ms, NOBODY),
        sa.cast(t.judgment_payload.c.answers, sa.Text),
    )
    .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id)
    .where(
        _j.c.project_id == sa.bindparam("project"),
        _j.c.gold == sa.false(),
        _j.c.id > sa.bindparam("after"),
        _j.c.id <= sa.bindparam("through"),
    )
    .order_by(_j.c.id)
    .limit(sa.bindparam("most"))
)
_LAST = (
    sa.select(t.judgment.c.id, t.judgment.c.public_id)
    .where(t.judgment.c.project_id == sa.bindparam("project"), t.judgment.c.id <= sa.bindparam("through"))
    .order_by(t.judgment.c.id.desc())
    .limit(1)
)
EVER = 2**62


@dataclass(frozen=True)
class Columns:
    """One entry a judgment. `annotator`, `based_on` and `suggested_by` are row keys or `NOBODY`; `public_id`
    holds the 12 bytes of the id; `answers` are places in `texts`; `through` is the row key up to which the
    project was read."""

    id: NDArray[np.int64]
    public_id: NDArray[np.void]
    task: NDArray[np.int64]
    annotator: NDArray[np.int64]
    provider: NDArray[np.int64]
    form: NDArray[np.int64]
    based_on: NDArray[np.int64]
    suggested_by: NDArray[np.int64]
    at: NDArray[np.int64]
    shipped: NDArray[np.bool_]
    answers: NDArray[np.int32]
    texts: Sequence[str]
    through: int

    def __len__(self) -> int:
        return len(self.id)

    def where(self, kept: NDArray[np.bool_]) -> Columns:
        """The rows that are kept."""
        if kept.all():
            return self
        rows = {f.name: getattr(self, f.name)[kept] for f in fields(self) if f.name not in _WHOLE}
        return replace(self, **rows)

    @cached_property
    def fix(self) -> NDArray[np.bool_]:
        return self.based_on != NOBODY

    def name(self, row: int) -> str:
        """The public id of a row's judgment."""
        return self.public_id[row].tobytes().hex()


_WHOLE = {"texts", "through"}


@dataclass(frozen=True)
class Asked:
    """One question's answers: `rows` are places in the columns, `codes` (one for each of them) places in
    `values`; no answer is left out."""

    question: Question
    key: str
    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    values: list[Any]


def last_key(tx: Transaction, project_id: int, through: int = EVER) -> tuple[int, str] | None:
    """Row key and public id of a project's last judgment up to `through`, current or not."""
    row = tx.row(_LAST, {"project": project_id, "through": through})
    return None if row is None else (row.id, row.public_id)


def read_page(tx: Transaction, project_id: int, after: int, through: int, most: int = PAGE) -> pa.Table:
    """The first `most` rows with row keys above `after` and up to `through`."""
    given = {"project": project_id, "after": after, "through": through, "most": most}
    rows = tx.connection.execute(_ROWS, given).all()
    if not rows:
        return SCHEMA.empty_table()
    columns = list(zip(*rows, strict=True))
    columns[1] = tuple(map(bytes.fromhex, columns[1]))
    arrays = [pa.array(c, f.type) for c, f in zip(columns[:-1], SCHEMA, strict=False)]
    texts = pa.array(columns[-1], pa.string()).dictionary_encode()
    return pa.Table.from_arrays([*arrays, texts], schema=SCHEMA)


def read_columns(tx: Transaction, project_id: int) -> Columns:
    """All rows of a project, straight from the database in one snapshot."""
    pages = [SCHEMA.empty_table()]
    after = 0
    while (page := read_page(tx, project_id, after, EVER)).num_rows:
        pages.append(page)
        after = page.column("id")[-1].as_py()
    last = last_key(tx, project_id)
    return as_columns(pages, last[0] if last else 0)


def as_columns(tables: Iterable[pa.Table], through: int) -> Columns:
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    answers = table.column("answers")
    answers = answers.chunk(0) if answers.num_chunks else pa.array([], answers.type)
    ids = table.column("public_id").combine_chunks()
    raw = np.frombuffer(ids.buffers()[1] or b"", dtype="V12", count=len(ids), offset=12 * ids.offset)
    special = ("public_id", "shipment", "spent_ms", "answers")
    plain = {name: table.column(name).to_numpy() for name in table.column_names if name not in special}
    shipped = table.column("shipment").to_numpy() != NOBODY
    codes = answers.indices.to_numpy(zero_copy_only=False)
    return Columns(
        **plain,
        public_id=raw,
        shipped=shipped,
        answers=codes,
        texts=answers.dictionary.to_pylist(),
        through=through,
    )


def read_forms(tx: Transaction, keys: Iterable[int]) -> dict[int, Form]:
    """Forms by row key."""
    wanted = sorted(set(keys))
    rows = tx.rows(sa.select(t.form.c.id, t.form.c.digest, t.form.c.body).where(t.form.c.id.in_(wanted)))
    return {row.id: forms.parse_form(row.body) for row in sorted(rows, key=lambda r: r.digest)}


def asked_in(columns: Columns, used: dict[int, Form], current: int) -> list[Asked]:
    """What was answered to each question by its key, fixes left out, in the order of the keys.

    `used` are the forms by row key, `current` the project's: where several forms ask one question, its
    bounds and tolerance are those of the current one, else of the first in `used`.
    """
    votes = np.flatnonzero(~columns.fix)
    form_keys, form = np.unique(columns.form[votes], return_inverse=True)
    size = max(len(columns.texts), 1)
    spelled = form.astype(np.int64) * size + columns.answers[votes]
    if len(form_keys) * size <= 4 * len(votes) + 1_000_000:
        present = np.zeros(len(form_keys) * size, dtype=bool)
        present[spelled] = True
        distinct = np.flatnonzero(present)
        place = (np.cumsum(present) - 1)[spelled]
    else:
        distinct, place = np.unique(spelled, return_inverse=True)
    questions: dict[str, Question] = {}
    for key in sorted(used, key=lambda k: k != current):
        for question in used[key].questions:
            questions.setdefault(forms.question_key(question), question)
    keys = {key: [(q.name, forms.question_key(q)) for q in used[key].questions] for key in used}
    values: dict[str, list[Any]] = {}
    known: dict[str, dict[Any, int]] = {}
    codes: dict[str, NDArray[np.int64]] = {}
    for number, combination in enumerate(distinct.tolist()):
        answers = json.loads(columns.texts[combination % size])
        for name, key in keys[int(form_keys[combination // size])]:
            if (value := answers.get(name)) is None:
                continue
            if key not in codes:
                codes[key] = np.full(len(distinct), -1, dtype=np.int64)
                values[key], known[key] = [], {}
            plain = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            code = known[key].setdefault((type(value), plain), len(values[key]))
            if code == len(values[key]):
                values[key].append(value)
            codes[key][number] = code
    found = []
    for key in sorted(codes):
        each = codes[key][place]
        said = each >= 0
        found.append(Asked(questions[key], key, votes[said], each[said], values[key]))
    return found
