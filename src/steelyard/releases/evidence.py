"""What do the parts of a release say, in arrays that a fit can work on?

Nothing is read but the parts, a batch at a time. What a fit needs stays in memory, a few bytes a judgment; what only
the rows of the consensus need lies on disk, in lots of neighbouring tasks.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from steelyard import forms
from steelyard.domain.form import Form, Question
from steelyard.releases.arrow import compute as pc
from steelyard.releases.spelling import RAW, KnownIds, fixed_text, halves, read_ids
from steelyard.releases.splits import DIGITS

LOT = 100_000  # tasks
MOST_LOTS = 200  # a file each is open at once
BATCH = 50_000
_COLUMNS = ["judgment", "task", "annotator", "provider", "at", "form", "fix", "answers"]
_ROW = np.dtype([("id", np.uint8, RAW), ("at", np.int64)])
_CODED = ["annotator", "provider", "form", "answers"]
_CONTENT = pa.schema(
    [pa.field("task", pa.int32()), pa.field("external_id", pa.string()), pa.field("group", pa.uint64())]
)


@dataclass(frozen=True)
class Answered:
    """The answers to one question (by its key): for each judgment a place in `values`, -1 for none; fixes too."""

    question: Question
    key: str
    codes: NDArray[np.int32]
    values: list[Any]


@dataclass(frozen=True)
class Lot:
    """Some neighbouring tasks: those with codes from `low` to before `high`. `rows` are their judgments in the
    order in which they were read, `ids` and `at` (milliseconds) those of the rows."""

    low: int
    high: int
    rows: NDArray[np.int64]
    ids: NDArray[np.uint8]
    at: NDArray[np.int64]
    external_id: pa.Array
    group: NDArray[np.uint64]


@dataclass(frozen=True)
class Evidence:
    """All judgments in the order in which they were read. `task` are places in `tasks`, `annotator` -1 is
    anonymous, `form` and `provider` places in the sorted digests and slugs; `fixes` are rows."""

    tasks: KnownIds
    task: NDArray[np.int32]
    annotator: NDArray[np.int32]
    provider: NDArray[np.int16]
    form: NDArray[np.int32]
    fixes: NDArray[np.int64]
    blank: NDArray[np.bool_]  # says not_applicable
    providers: list[str]
    forms: list[str]
    answered: dict[str, Answered]
    lots: Path
    lot: int

    def each_lot(self) -> Iterator[Lot]:
        """All tasks, lot by lot."""
        for number, low in enumerate(range(0, len(self.tasks), self.lot)):
            high = min(low + self.lot, len(self.tasks))
            rows = np.flatnonzero((self.task >= low) & (self.task < high))
            kept = np.fromfile(self.lots / f"{number}.rows", dtype=_ROW)
            with pa.OSFile(str(self.lots / f"{number}.arrow")) as file:
                content = pa.ipc.open_stream(file).read_all()
            content = content.take(np.argsort(content.column("task").to_numpy(), kind="stable"))
            yield Lot(
                low, high, rows, kept["id"], kept["at"],
                content.column("external_id").combine_chunks(), content.column("group").to_numpy(),
            )  # fmt: skip


class _Codes:
    """Small numbers for texts, in the order of the texts once all are known."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.places: dict[str, int] = {text: place for place, text in enumerate(known)}

    def of(self, column: pa.ChunkedArray) -> NDArray[np.int32]:
        """The code of each text, -1 where there is none."""
        found = [np.empty(0, dtype=np.int32)]
        for chunk in column.chunks:
            texts = chunk.dictionary.to_pylist()
            codes = [self.places.setdefault(text, len(self.places)) for text in texts]
            lut = np.array([*codes, -1], dtype=np.int32)
            found.append(lut[chunk.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)])
        return np.concatenate(found)

    def sorted(self) -> tuple[list[str], NDArray[np.int32]]:
        """The texts sorted, and for each code so far its place among them (-1 for -1)."""
        texts = sorted(self.places)
        lut = np.full(len(texts) + 1, -1, dtype=np.int32)
        for place, text in enumerate(texts):
            lut[self.places[text]] = place
        return texts, lut


class _Reader:
    """Reads the judgments of parts into arrays of known length."""

    def __init__(self, tasks: KnownIds, count: int, used: Mapping[str, Form], current: str) -> None:
        self.tasks = tasks
        self.task = np.empty(count, dtype=np.int32)
        self.annotator = np.empty(count, dtype=np.int32)
        self.provider = np.empty(count, dtype=np.int16)
        self.form = np.empty(count, dtype=np.int32)
        self.blank = np.zeros(count, dtype=bool)
        self.fixes: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        self.annotators, self.providers, self.forms = _Codes(), _Codes(), _Codes(sorted(used))
        self.order = sorted(used)
        self.questions: dict[str, Question] = {}
        for digest in sorted(used, key=lambda d: (d != current, d)):
            for question in used[digest].questions:
                self.questions.setdefault(forms.question_key(question), question)
        self.asked = {d: [(q.name, forms.question_key(q)) for q in used[d].questions] for d in self.order}
        self.codes: dict[str, NDArray[np.int32]] = {}
        self.values: dict[str, list[Any]] = {}
        self.known: dict[str, dict[Any, int]] = {}

    def take(self, table: pa.Table, at: int) -> slice:
        """One batch, whose first row is the `at`-th."""
        rows = slice(at, at + table.num_rows)
        self.task[rows] = self.tasks.codes(read_ids(table.column("task")))
        self.annotator[rows] = self.annotators.of(table.column("annotator"))
        self.provider[rows] = self.providers.of(table.column("provider"))
        form = self.form[rows] = self.forms.of(table.column("form"))
        if len(self.forms.places) > len(self.order) or (form < 0).any():
            raise ValueError("a judgment answers a form that the manifest does not hold")
        fix = np.flatnonzero(table.column("fix").to_numpy())
        if len(fix):
            self.fixes.append(fix + at)
        answers = table.column("answers").unify_dictionaries().combine_chunks()
        said = answers.indices.to_numpy(zero_copy_only=False)
        self._answers(
            form.astype(np.int64) * max(len(answers.dictionary), 1) + said, answers.dictionary, rows
        )
        return rows

    def _answers(self, asked: NDArray[np.int64], texts: pa.Array, rows: slice) -> None:
        encoded = pa.array(asked).dictionary_encode()
        place, distinct = encoded.indices.to_numpy(), encoded.dictionary.to_numpy()
        spelled = texts.take(pa.array(distinct % max(len(texts), 1))).to_pylist()
        codes: dict[str, NDArray[np.int32]] = {}
        for number, (form, text) in enumerate(
            zip((distinct // max(len(texts), 1)).tolist(), spelled, strict=True)
        ):
            answers = json.loads(text)
            if answers.get("not_applicable") is True:
                self.blank[rows][place == number] = True
            for name, key in self.asked[self.order[form]]:
                if (value := answers.get(name)) is not None:
                    if key not in codes:
                        codes[key] = np.full(len(distinct), -1, dtype=np.int32)
                    codes[key][number] = self._code(key, value)
        for key, each in codes.items():
            if key not in self.codes:
                self.codes[key] = np.full(len(self.task), -1, dtype=np.int32)
            self.codes[key][rows] = each[place]

    def _code(self, key: str, value: Any) -> int:
        known = self.known.setdefault(key, {})
        values = self.values.setdefault(key, [])
        plain = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        code = known.setdefault((type(value), plain), len(values))
        if code == len(values):
            values.append(value)
        return code

    def evidence(self, lots: Path, lot: int) -> Evidence:
        _, who = self.annotators.sorted()
        providers, whose = self.providers.sorted()
        self.annotator = who[self.annotator]
        answered = {
            key: Answered(self.questions[key], key, self.codes[key], self.values[key])
            for key in sorted(self.codes)
        }
        return Evidence(
            self.tasks, self.task, self.annotator, whose[self.provider].astype(np.int16), self.form,
            np.concatenate(self.fixes), self.blank, providers, self.order, answered, lots, lot,
        )  # fmt: skip


@contextmanager
def evidence_of(
    judgment_parts: Sequence[Path],
    content_parts: Sequence[Path],
    used: Mapping[str, Form],
    current: str,
    scratch: Path,
) -> Iterator[Evidence]:
    """What these parts say; `used` are the forms by digest, `current` the project's. Lots lie in a folder in
    `scratch` as long as the evidence is used. Raises ValueError where parts do not fit together."""
    tasks = _tasks(content_parts)
    lot = max(LOT, -(-len(tasks) // MOST_LOTS))
    room = scratch / ".lots"
    room.mkdir(parents=True)
    try:
        _keep_contents(content_parts, tasks, lot, room)
        reader = _Reader(tasks, sum(_count(path) for path in judgment_parts), used, current)
        files = [(room / f"{n}.rows").open("wb") for n in range(-(-len(tasks) // lot))]
        try:
            at = 0
            for path in judgment_parts:
                for table in _batches(path, _COLUMNS, _CODED):
                    rows = reader.take(table, at)
                    _keep_rows(table, reader.task[rows], lot, files)
                    at = rows.stop
        finally:
            for file in files:
                file.close()
        yield reader.evidence(room, lot)
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _tasks(paths: Sequence[Path]) -> KnownIds:
    count = sum(_count(path) for path in paths)
    high, low = np.empty(count, dtype=np.uint64), np.empty(count, dtype=np.uint32)
    at = 0
    for path in paths:
        for table in _batches(path, ["task"]):
            rows = slice(at, at + table.num_rows)
            high[rows], low[rows] = halves(read_ids(table.column("task")))
            at = rows.stop
    return KnownIds(high, low)


def _keep_contents(paths: Sequence[Path], tasks: KnownIds, lot: int, room: Path) -> None:
    numbers = range(-(-len(tasks) // lot))
    sinks = [pa.OSFile(str(room / f"{n}.arrow"), "wb") for n in numbers]
    writers = [pa.ipc.new_stream(sink, _CONTENT) for sink in sinks]
    try:
        for path in paths:
            for table in _batches(path, ["task", "external_id", "group"]):
                codes = tasks.codes(read_ids(table.column("task")))
                kept = pa.table(
                    [codes.astype(np.int32), table.column("external_id"), _groups(table.column("group"))],
                    schema=_CONTENT,
                )
                for number, rows in _by_lot(codes, lot):
                    writers[number].write_table(kept if rows is None else kept.take(rows))
    finally:
        for one in (*writers, *sinks):
            one.close()


def _keep_rows(table: pa.Table, codes: NDArray[np.int32], lot: int, files: Sequence[Any]) -> None:
    kept = np.empty(table.num_rows, dtype=_ROW)
    kept["id"] = read_ids(table.column("judgment"))
    moments = pc.cast(table.column("at"), pa.timestamp("ms", "UTC"))
    kept["at"] = pc.cast(moments, pa.int64()).to_numpy()
    for number, rows in _by_lot(codes, lot):
        (kept if rows is None else kept[rows]).tofile(files[number])


def _by_lot(codes: NDArray[Any], lot: int) -> Iterator[tuple[int, NDArray[np.int64] | None]]:
    """The rows of each lot that occurs, in order; None for all rows."""
    lots = codes // lot
    if not len(lots):
        return
    if lots[0] == lots[-1] and (lots == lots[0]).all():
        yield int(lots[0]), None
        return
    for number in np.unique(lots).tolist():
        yield number, np.flatnonzero(lots == number)


def _groups(column: pa.ChunkedArray) -> NDArray[np.uint64]:
    digits = fixed_text(column, DIGITS)
    padded = np.concatenate([digits, np.full((len(digits), 8), ord("0"), dtype=np.uint8)], axis=1)
    raw = read_ids(
        pa.StringArray.from_buffers(
            len(digits),
            pa.py_buffer((np.arange(len(digits) + 1) * 24).astype(np.int32)),
            pa.py_buffer(np.ascontiguousarray(padded)),
        )
    )
    return halves(raw)[0]


def _count(path: Path) -> int:
    with pq.ParquetFile(path) as file:
        return file.metadata.num_rows


def _batches(path: Path, columns: list[str], coded: list[str] | None = None) -> Iterator[pa.Table]:
    with pq.ParquetFile(path, read_dictionary=coded) as file:
        for batch in file.iter_batches(BATCH, columns=columns):
            yield pa.Table.from_batches([batch]).select(columns)
