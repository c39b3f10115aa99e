"""Which judgments leave, and how do they become parts of a release?

A batch of columns at a time and no step a row: what each row needs of its answers is worked out once for every
different answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from steelyard.releases.arrow import compute as pc
from steelyard.releases.chains import Chain
from steelyard.releases.choose import Tasks, asked_for
from steelyard.releases.columns import AnswerColumns
from steelyard.releases.encoding import canonical
from steelyard.releases.layout import JUDGMENTS_AFTER, JUDGMENTS_BEFORE
from steelyard.releases.options import Options
from steelyard.releases.part_files import PartFiles, PartKey, combined
from steelyard.releases.sources import Source
from steelyard.releases.spelling import spell_ids, spell_times
from steelyard.releases.table_file import sizes_of
from steelyard.store.database import Transaction
from steelyard.work.column_stream import JudgmentStream
from steelyard.work.columns import NOBODY

DAY = 86_400_000_000
_COLUMNS = [
    "public_id", "task", "annotator", "provider", "form", "based_on", "suggested_by", "at", "shipment", "spent_ms",
    "answers",
]  # fmt: skip
Keys = NDArray[np.int64]
Batch = dict[str, Any]


@dataclass
class Taken:
    """What became of the judgments. `left` says that some are left out on tasks that stay; `withheld` are public
    ids of tasks whose value rests on what is withdrawn, `seen` says of each task (by its place) whether it has
    a judgment here, `latest` when the last of them was given."""

    seen: NDArray[np.bool_]
    left: bool = False
    withheld: set[str] = field(default_factory=set)
    latest: int | None = None


class JudgmentParts:
    """Writes those judgments of one project that leave."""

    def __init__(
        self,
        source: Source,
        options: Options,
        tasks: Tasks,
        chains: dict[int, Chain],
        *,
        left_out: Collection[int],
        asked: set[int],
        keep: bool,
    ) -> None:
        """`left_out` and `asked` are row keys of providers; `keep`: what was derived from the judgments of those
        who are left out stays."""
        self.source, self.options, self.tasks, self.chains = source, options, tasks, chains
        self.left_out, self.asked, self.keep = sorted(left_out), asked, keep
        self._columns: dict[str, tuple[AnswerColumns, tuple[tuple[str, str], ...]]] = {}
        self._licence = source.licence(None)

    def write(
        self,
        tx: Transaction,
        stream: JudgmentStream,
        files: PartFiles,
        left: PartFiles,
        say: Callable[[str], None],
    ) -> Taken:
        """`left` gets the judgments that are left out, on tasks that stay."""
        taken = Taken(np.zeros(len(self.tasks.key), dtype=bool))
        hidden = self._hidden(tx, stream)
        done = 0
        for table in stream.current(tx, _COLUMNS):
            batch = self._batch(table)
            here, away = self._sorted_out(batch, taken)
            if away.any():
                taken.left = True
                self._write(_rows(batch, away), hidden, left)
            if here.any():
                batch = _rows(batch, here)
                taken.seen[batch["place"]] = True
                taken.latest = max(taken.latest or int(batch["at"][0]), int(batch["at"].max()))
                self._write(batch, hidden, files)
            done += len(here)
            say(f"{done:,} judgments")
        return taken

    def _batch(self, table: pa.Table) -> Batch:
        plain = [name for name in table.column_names if name not in ("public_id", "answers")]
        batch: Batch = {name: table.column(name).to_numpy() for name in plain}
        batch["place"] = self.tasks.places(batch["task"])
        ids = table.column("public_id").combine_chunks()
        raw = np.frombuffer(ids.buffers()[1] or b"", np.uint8, 12 * len(ids), 12 * ids.offset)
        batch["public_id"] = raw.reshape(-1, 12)
        answers = table.column("answers").unify_dictionaries().combine_chunks()
        batch["texts"] = answers.dictionary
        batch["answers"] = answers.indices.to_numpy(zero_copy_only=False)
        return batch

    def _sorted_out(self, batch: Batch, taken: Taken) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which rows leave, and which are left out on tasks that stay."""
        kept = batch["place"] >= 0
        kept &= asked_for(self.options, self.asked, batch["provider"], batch["at"])
        suggested = np.where(batch["suggested_by"] == NOBODY, batch["provider"], batch["suggested_by"])
        batch["suggested"] = suggested
        away = np.isin(batch["provider"], self.left_out)
        if not self.keep:
            away |= np.isin(suggested, self.left_out)
        away &= kept
        here = kept & ~away
        if self.keep:
            return here, away
        for row in np.flatnonzero(kept & (batch["based_on"] != NOBODY)).tolist():
            chain = self.chains[int(batch["based_on"][row])]
            if away[row] or chain.withdrawn or not chain.providers.isdisjoint(self.left_out):
                taken.withheld.add(self.tasks.raw[batch["place"][row]].tobytes().hex())
                here[row] = False
        return here, away

    def _hidden(self, tx: Transaction, stream: JudgmentStream) -> set[int]:
        """Judgments that were fixed and are not in the release themselves: no fix says which they are."""
        if not self.chains:
            return set()
        ground = np.array(sorted(self.chains), dtype=np.int64)
        there: set[int] = set()
        nothing = Taken(np.zeros(0, dtype=bool))
        for table in stream.current(tx, ["task", "provider", "based_on", "suggested_by", "at"]):
            wanted = np.isin(table.column("id").to_numpy(), ground)
            if wanted.any():
                batch: Batch = {n: table.column(n).to_numpy()[wanted] for n in table.column_names}
                batch["place"] = self.tasks.places(batch["task"])
                here, _ = self._sorted_out(batch, nothing)
                there.update(batch["id"][here].tolist())
        return set(self.chains) - there

    def _write(self, batch: Batch, hidden: set[int], files: PartFiles) -> None:
        fields_of = {key: self._answer_columns(key)[1] for key in np.unique(batch["form"]).tolist()}
        shapes = sorted(set(fields_of.values()))
        for number, shape in enumerate(shapes):
            if len(shapes) == 1:
                self._write_alike(batch, hidden, files, shape)
            else:
                alike = np.array([key for key, fields in fields_of.items() if fields == shape])
                self._write_alike(_rows(batch, np.isin(batch["form"], alike)), hidden, files, shapes[number])

    def _write_alike(
        self, batch: Batch, hidden: set[int], files: PartFiles, fields: tuple[tuple[str, str], ...]
    ) -> None:
        giver = self.tasks.giver[batch["place"]]
        days = np.where(batch["shipment"] == NOBODY, batch["at"] // DAY, 0)
        codes, first = combined(
            batch["provider"], giver, batch["suggested"], batch["based_on"], batch["shipment"], days
        )
        keys: dict[PartKey, int] = {}
        renamed = []
        for row in first.tolist():
            shipment = int(batch["shipment"][row])
            depends = {int(giver[row]), int(batch["suggested"][row])}
            if (based_on := int(batch["based_on"][row])) != NOBODY:
                depends |= self.chains[based_on].providers
            provider = int(batch["provider"][row])
            key = PartKey(
                provider,
                None if shipment == NOBODY else shipment,
                int(days[row]) if shipment == NOBODY else None,
                tuple(sorted(depends - {provider})),
                self._licence,
                fields,
            )
            renamed.append(keys.setdefault(key, len(keys)))
        codes = np.array(renamed, dtype=np.int64)[codes]
        entries = [self.source.entry(key) for key in keys]
        table, sizes = self._table(batch, hidden, pa.array(codes), entries)
        files.add(table, sizes, codes, list(keys))

    def _table(
        self, batch: Batch, hidden: set[int], part: pa.Array, entries: list[dict[str, Any]]
    ) -> tuple[pa.Table, NDArray[np.int64]]:
        digests, form = np.unique(batch["form"], return_inverse=True)
        names = pa.array([self.source.form(key) for key in digests.tolist()], pa.string())
        anonymous = pa.array(batch["annotator"] == NOBODY)
        who = spell_ids(self.source.annotators(np.maximum(batch["annotator"], 0)))
        fix = batch["based_on"] != NOBODY
        spelled, answers, fields = self._answers(batch)
        sizes = sizes_of(spelled)[answers]
        place = pa.array(answers)
        columns = [
            spell_ids(batch["public_id"]),
            spell_ids(self.tasks.raw[batch["place"]]),
            pc.if_else(anonymous, pa.scalar(None, pa.string()), who),
            pa.array([e["provider"] for e in entries], pa.string()).take(part),
            pa.array([e["shipment"] for e in entries], pa.string()).take(part),
            spell_times(batch["at"]),
            names.take(pa.array(form.reshape(-1))),
            pa.array(fix),
            self._grounds(batch["based_on"], fix, hidden),
            *(column.take(place) for _, column in fields),
            spelled.take(place),
            pa.array(batch["spent_ms"], mask=batch["spent_ms"] == NOBODY),
        ]
        schema = pa.schema([*JUDGMENTS_BEFORE, *(f for f, _ in fields), *JUDGMENTS_AFTER])
        return pa.Table.from_arrays(columns, schema=schema), sizes

    def _grounds(self, based_on: Keys, fix: NDArray[np.bool_], hidden: set[int]) -> pa.Array:
        if not fix.any():
            return pa.nulls(len(fix), pa.string())
        said: list[str | None] = [None] * len(fix)
        for row in np.flatnonzero(fix).tolist():
            if (ground := int(based_on[row])) not in hidden:
                said[row] = self.chains[ground].public_id
        return pa.array(said, pa.string())

    def _answers(self, batch: Batch) -> tuple[pa.Array, NDArray[np.int64], list[tuple[pa.Field, pa.Array]]]:
        """Every different answer as RFC 8785 JSON, which of them each row gave, and the questions' columns of
        every different one."""
        answers, first = combined(batch["form"], batch["answers"])
        raw = batch["texts"].take(pa.array(batch["answers"][first])).to_pylist()
        read = [json.loads(text) for text in raw]
        form_ids = batch["form"][first].tolist()
        columns = [self._answer_columns(key)[0] for key in form_ids]
        digests = [self.source.form(key) for key in form_ids]
        cells = [c.cells(d, a) for c, d, a in zip(columns, digests, read, strict=True)]
        fields = [(f, pa.array([cell.get(f.name) for cell in cells], f.type)) for f in columns[0].fields]
        return pa.array([canonical(a).decode() for a in read], pa.string()), answers, fields

    def _answer_columns(self, form_id: int) -> tuple[AnswerColumns, tuple[tuple[str, str], ...]]:
        """The columns of a form's answers, and what they are called and are."""
        digest = self.source.form(form_id)
        if digest not in self._columns:
            columns = AnswerColumns({digest: self.source.forms[digest]})
            self._columns[digest] = (columns, tuple((f.name, str(f.type)) for f in columns.fields))
        return self._columns[digest]


def _rows(batch: Batch, kept: NDArray[np.bool_]) -> Batch:
    if kept.all():
        return batch
    return {name: value if name == "texts" else value[kept] for name, value in batch.items()}
