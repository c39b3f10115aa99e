"""How do fits become the rows of the consensus?

A lot of neighbouring tasks at a time, column by column; what depends on the values of a task alone is worked out once
for every different set of values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.releases.arrow import compute as pc
from steelyard.releases.columns import AnswerColumns
from steelyard.releases.encoding import canonical
from steelyard.releases.evidence import Evidence, Lot
from steelyard.releases.fits import Fitted
from steelyard.releases.options import Options
from steelyard.releases.part_files import combined
from steelyard.releases.spelling import halves, read_ids, spell_ids

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Value:
    """The answers of some tasks to one question: a place in `values` (-1 none), how sure, and from which row."""

    name: str
    required: bool
    values: Sequence[Any]
    codes: Ints
    confidence: NDArray[np.float64]
    tie: Flags
    source: Ints

    @property
    def given(self) -> Flags:
        return self.codes >= 0

    @property
    def copied(self) -> Flags:
        return self.given & (self.source >= 0)


class Rows:
    """The rows of the consensus; `tables` gives them anew each time it is called."""

    def __init__(
        self,
        evidence: Evidence,
        fits: Mapping[str, Fitted],
        used: Mapping[str, Form],
        columns: AnswerColumns,
        schema: pa.Schema,
        withheld: Collection[str],
        options: Options,
    ) -> None:
        self.evidence, self.fits, self.used = evidence, fits, used
        self.columns, self.schema, self.options = columns, schema, options
        self.splits = options.split()
        self.fixes = np.zeros(len(evidence.task), dtype=bool)
        self.fixes[evidence.fixes] = True
        ids = pa.array(sorted(withheld), pa.string())
        self.withheld = evidence.tasks.codes(read_ids(ids)) if len(ids) else np.empty(0, dtype=np.int64)
        self.providers = pa.array(evidence.providers, pa.string())

    def tables(self) -> Iterator[pa.Table]:
        for lot in self.evidence.each_lot():
            table = self._lot(lot)
            if table.num_rows:
                yield table

    def _lot(self, lot: Lot) -> pa.Table:
        count = lot.high - lot.low
        task = self.evidence.task[lot.rows] - lot.low
        answers = np.bincount(task, minlength=count)
        here = answers > 0
        away = self.withheld[(self.withheld >= lot.low) & (self.withheld < lot.high)] - lot.low
        here[away] = False
        latest = self._latest(lot, task)
        form = np.where(here, self.evidence.form[np.maximum(latest, 0)], -1)
        fixed = here & self.fixes[np.maximum(latest, 0)]
        blank = np.bincount(task, weights=self.evidence.blank[lot.rows], minlength=count) == answers
        pieces, places = (
            [self.schema.empty_table().select(_of_form_columns(self.schema))],
            [np.empty(0, dtype=np.int64)],
        )
        for number in np.unique(form[here]).tolist():
            tasks = np.flatnonzero(form == number)
            digest = self.evidence.forms[number]
            values = self._values(digest, lot, tasks, latest[tasks], fixed[tasks])
            piece = self._of_form(digest, values, lot, blank[tasks])
            if self.options.min_confidence is not None:
                sure = piece.column("confidence").to_numpy() >= self.options.min_confidence
                piece, tasks = piece.filter(pa.array(sure)), tasks[sure]
            pieces.append(piece)
            places.append(tasks)
        tasks: Ints = np.concatenate(places)
        table = pa.concat_tables(pieces).combine_chunks()
        if not (tasks[1:] > tasks[:-1]).all():
            order = np.argsort(tasks, kind="stable")
            tasks, table = tasks[order], table.take(pa.array(order))
        kept = np.zeros(count, dtype=bool)
        kept[tasks] = True
        judgments, providers = self._grounds(lot, task, kept)
        columns = {
            "task": spell_ids(self.evidence.tasks.raw(lot.low, lot.high)[tasks]),
            "external_id": lot.external_id.take(pa.array(tasks)),
            "judgments": judgments,
            "providers": providers,
            "split": self.splits.of(lot.group[tasks]),
        } | {name: table.column(name) for name in table.column_names}
        return pa.table([columns[name] for name in self.schema.names], schema=self.schema)

    def _latest(self, lot: Lot, task: NDArray[Any]) -> Ints:
        """The row of each task's latest judgment, the latest fix where there is one; -1 without judgments."""
        latest = np.full(lot.high - lot.low, -1, dtype=np.int64)
        if len(self.evidence.forms) == 1 and not len(self.evidence.fixes):
            latest[task] = lot.rows  # any will do: all answer one form, and none is a fix
            return latest
        high, low = halves(lot.ids)
        order = np.lexsort((low, high, lot.at, self.fixes[lot.rows], task))
        latest[task[order]] = lot.rows[order]
        return latest

    def _values(self, digest: str, lot: Lot, tasks: Ints, latest: Ints, fixed: Flags) -> list[_Value]:
        """The answers of tasks with one form, question by question."""
        found = []
        for question in self.used[digest].questions:
            key = forms.question_key(question)
            fitted, answered = self.fits.get(key), self.evidence.answered.get(key)
            codes = np.full(len(tasks), -1, dtype=np.int64)
            confidence, tie = np.zeros(len(tasks)), np.zeros(len(tasks), dtype=bool)
            source = np.full(len(tasks), -1, dtype=np.int64)
            values: Sequence[Any] = ()
            if fitted is not None:
                at = tasks + lot.low
                values = fitted.values
                codes, confidence, tie = (
                    fitted.codes[at].astype(np.int64),
                    fitted.confidence[at],
                    fitted.tie[at],
                )
                source = source if fitted.source is None else fitted.source[at]
            if fixed.any():
                given = np.full(len(tasks), -1) if answered is None else answered.codes[np.maximum(latest, 0)]
                said = [] if answered is None else answered.values
                codes = np.where(fixed, np.where(given >= 0, given + len(values), -1), codes)
                values = [*values, *said]
                confidence, tie = np.where(fixed, 1.0, confidence), tie & ~fixed
                source = np.where(fixed, latest, source)
            found.append(_Value(question.name, question.required, values, codes, confidence, tie, source))
        return found

    def _of_form(self, digest: str, values: list[_Value], lot: Lot, blank: Flags) -> pa.Table:
        """The columns that follow from the answers."""
        count = len(blank)
        empty = blank & ~np.any([v.given for v in values], axis=0)
        codes, first = combined(empty, *(v.codes for v in values))
        said = []
        for row in first.tolist():
            answers = {v.name: v.values[int(v.codes[row])] for v in values if v.codes[row] >= 0}
            said.append({"not_applicable": True} if empty[row] else answers)
        cells = [self.columns.cells(digest, answers) for answers in said]
        place = pa.array(codes)
        columns: dict[str, Any] = {
            f.name: pa.array([cell.get(f.name) for cell in cells], f.type).take(place)
            for f in self.columns.fields
        }
        columns["answers"] = pa.array([canonical(a).decode() for a in said], pa.string()).take(place)
        columns["confidence"] = pa.array(_lowest(values, count))
        spelled = [pc.cast(pa.array(v.confidence), pa.string()) for v in values]
        columns["confidence_by"] = _objects(values, [v.given for v in values], spelled)
        columns["tie"] = pa.array(np.any([v.tie & v.given for v in values], axis=0))
        ids = [self._names(lot, v) for v in values]
        quoted = [pc.binary_join_element_wise('"', pc.fill_null(one, ""), '"', "") for one in ids]
        columns["value_from"] = pc.coalesce(*ids)
        columns["value_from_by"] = _objects(values, [v.copied for v in values], quoted)
        names = _of_form_columns(self.schema)
        return pa.table(
            [columns[name] for name in names], schema=pa.schema([self.schema.field(n) for n in names])
        )

    def _names(self, lot: Lot, value: _Value) -> pa.Array:
        """The id of the judgment that each value copies, null where it copies none."""
        if not (copied := value.copied).any():
            return pa.nulls(len(copied), pa.string())
        at = np.searchsorted(lot.rows, np.where(copied, value.source, lot.rows[0]))
        return pc.if_else(pa.array(copied), spell_ids(lot.ids[at]), pa.scalar(None, pa.string()))

    def _grounds(self, lot: Lot, task: NDArray[Any], kept: Flags) -> tuple[pa.Array, pa.Array]:
        """The judgments that each row rests on, and who gave them, both sorted."""
        rows = kept[task]
        task, ids = task[rows], lot.ids[rows]
        high, low = halves(ids)
        order = np.lexsort((low, high, task))
        tasks = np.flatnonzero(kept)
        number = np.cumsum(kept) - 1
        judgments = pa.ListArray.from_arrays(
            _offsets(np.bincount(number[task], minlength=len(tasks))), spell_ids(ids[order])
        )
        width = max(len(self.providers), 1)
        pairs = np.unique(number[task] * width + self.evidence.provider[lot.rows[rows]])
        providers = pa.ListArray.from_arrays(
            _offsets(np.bincount(pairs // width, minlength=len(tasks))),
            self.providers.take(pa.array(pairs % width)),
        )
        return judgments, providers


def _of_form_columns(schema: pa.Schema) -> list[str]:
    return [n for n in schema.names if n not in ("task", "external_id", "judgments", "providers", "split")]


def _offsets(counts: Ints) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))


def _lowest(values: list[_Value], count: int) -> NDArray[np.float64]:
    """The lowest over the required questions that were answered, else over all that were; 0 without any."""
    required, every = np.full(count, np.inf), np.full(count, np.inf)
    for value in values:
        confidence = np.where(value.given, value.confidence, np.inf)
        every = np.minimum(every, confidence)
        if value.required:
            required = np.minimum(required, confidence)
    lowest = np.where(np.isinf(required), every, required)
    return np.where(np.isinf(lowest), 0.0, lowest)


def _objects(values: list[_Value], there: list[Flags], spelled: list[pa.Array]) -> pa.Array:
    """A JSON object in each row, of those questions that are there, in the order of RFC 8785."""
    pattern, first = combined(*there)
    order = sorted(range(len(values)), key=lambda n: values[n].name.encode("utf-16-be", "surrogatepass"))
    found = pa.nulls(len(pattern), pa.string())
    for number, row in enumerate(first.tolist()):
        pieces: list[Any] = []
        for n in order:
            if there[n][row]:
                pieces += [("," if pieces else "{") + canonical(values[n].name).decode() + ":", spelled[n]]
        if not pieces:
            text: Any = pa.scalar("{}")
        else:
            text = pc.binary_join_element_wise(*pieces, "}", "")
        found = text if len(first) == 1 and pieces else pc.if_else(pa.array(pattern == number), text, found)
    return found
