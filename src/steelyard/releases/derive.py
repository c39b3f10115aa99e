"""What is the answer of each task, going by the judgments in these files alone?

Building and verifying both come here, so a release that says anything else than its own parts say is found.
Nothing is read but the parts: what is not in them has no influence.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from steelyard import forms
from steelyard.domain.form import Form, Question
from steelyard.forms.kind import Merged
from steelyard.releases.columns import AnswerColumns
from steelyard.releases.encoding import canonical
from steelyard.releases.layout import CONSENSUS_AFTER, CONSENSUS_BEFORE, read_columns, split_of

SEED = 0
# Confidences are kept to this many digits, so that another machine's arithmetic comes to the same ones.
DIGITS = 9
_COLUMNS = ["judgment", "task", "annotator", "provider", "at", "form", "fix", "answers"]


@dataclass(frozen=True)
class Evidence:
    """The judgments of some parts, sorted by task and judgment; `task` are places in `tasks`, `annotator` -1
    is anonymous, `answers` are decoded."""

    tasks: list[str]
    start: list[int]  # the judgments of task i are start[i]:start[i + 1]
    task: NDArray[np.int64]
    annotator: NDArray[np.int64]
    judgment: list[str]
    provider: list[str]
    at: list[str]
    form: list[str]
    fix: list[bool]
    answers: list[dict[str, Any]]


@dataclass(frozen=True)
class Fitted:
    """One question's fit: `place` holds where in `merged` a task's value stands, -1 where it has none."""

    question: Question
    key: str
    merged: Merged
    place: NDArray[np.int64]


@dataclass(frozen=True)
class Derived:
    """Everything inferred: the fits as they stand in a manifest, and the rows of the consensus table."""

    fit: dict[str, dict[str, Any]]
    schema: pa.Schema
    rows: Callable[[], Iterator[dict[str, Any]]]


def derive(
    folder: Path,
    judgment_parts: list[str],
    content_parts: list[str],
    used: Mapping[str, Form],
    current: str,
    withheld: Collection[str],
) -> Derived:
    """Fits the parts (paths below `folder`) and gives the consensus rows, sorted by task.

    `used` are the forms by digest, `current` the project's. Tasks in `withheld` take part in the fit and get
    no row.
    """
    evidence = read_evidence([folder / path for path in judgment_parts])
    fits = fit_questions(evidence, used, current)
    parts = _parts_by_key(folder, judgment_parts, used)
    names = _names(fits)
    said = {names[key]: _as_json(fitted, parts[key]) for key, fitted in fits.items()}
    columns = AnswerColumns({digest: used[digest] for digest in set(evidence.form)})
    schema = pa.schema([*CONSENSUS_BEFORE, *columns.fields, *CONSENSUS_AFTER])
    external = _external_ids([folder / path for path in content_parts])
    skipped = frozenset(withheld)
    fits_of = {
        digest: [(question, fits.get(forms.question_key(question))) for question in form.questions]
        for digest, form in used.items()
    }

    def rows() -> Iterator[dict[str, Any]]:
        for place, task in enumerate(evidence.tasks):
            if task not in skipped:
                row = _row(evidence, fits_of, used, columns, place, external.get(task))
                yield {name: row.get(name) for name in schema.names}

    return Derived(said, schema, rows)


def read_evidence(paths: Iterable[Path]) -> Evidence:
    tables = [read_columns(path, _COLUMNS) for path in paths]
    if not tables:
        nothing = np.empty(0, dtype=np.int64)
        return Evidence([], [0], nothing, nothing, [], [], [], [], [], [])
    table = pa.concat_tables(tables).sort_by([("task", "ascending"), ("judgment", "ascending")])
    column = {name: table.column(name).to_pylist() for name in _COLUMNS}
    tasks: list[str] = []
    start: list[int] = []
    codes = np.empty(len(table), dtype=np.int64)
    for row, task in enumerate(column["task"]):
        if not tasks or tasks[-1] != task:
            tasks.append(task)
            start.append(row)
        codes[row] = len(tasks) - 1
    start.append(len(table))
    known = sorted({a for a in column["annotator"] if a is not None})
    places = {annotator: code for code, annotator in enumerate(known)}
    who = np.array([-1 if a is None else places[a] for a in column["annotator"]], dtype=np.int64)
    read = lru_cache(maxsize=1 << 16)(json.loads)
    return Evidence(
        tasks, start, codes, who, column["judgment"], column["provider"], column["at"], column["form"],
        column["fix"], [read(text) for text in column["answers"]],
    )  # fmt: skip


def fit_questions(
    evidence: Evidence,
    used: Mapping[str, Form],
    current: str,
    wanted: Callable[[Question], bool] = lambda _: True,
) -> dict[str, Fitted]:
    """A fit for each question (by its key) that somebody answered; fixes are no votes."""
    asked: dict[str, list[tuple[str, str]]] = {}
    chosen: dict[str, Question] = {}
    for digest in sorted(used, key=lambda d: (d != current, d)):
        for question in used[digest].questions:
            if wanted(question):
                key = forms.question_key(question)
                chosen.setdefault(key, question)
                asked.setdefault(digest, []).append((question.name, key))
    rows: dict[str, list[int]] = {key: [] for key in chosen}
    for row, (digest, fix, answers) in enumerate(
        zip(evidence.form, evidence.fix, evidence.answers, strict=True)
    ):
        if not fix:
            for name, key in asked.get(digest, ()):
                if answers.get(name) is not None:
                    rows[key].append(row)
    fits: dict[str, Fitted] = {}
    for key in sorted(rows):
        if rows[key]:
            fits[key] = _fit(evidence, chosen[key], key, np.array(rows[key], dtype=np.int64))
    return fits


def _fit(evidence: Evidence, question: Question, key: str, rows: NDArray[np.int64]) -> Fitted:
    merged = forms.merge(
        question,
        evidence.task[rows],
        evidence.annotator[rows],
        [evidence.answers[row][question.name] for row in rows.tolist()],
        seed=SEED,
    )
    place = np.full(len(evidence.tasks), -1, dtype=np.int64)
    place[merged.tasks] = np.arange(len(merged.tasks))
    source = np.where(merged.value_from >= 0, rows[merged.value_from], -1)
    return Fitted(question, key, replace(merged, value_from=source), place)


def _parts_by_key(folder: Path, paths: list[str], used: Mapping[str, Form]) -> dict[str, list[str]]:
    """Which judgments parts ask a question, by its key."""
    keys = {digest: [forms.question_key(q) for q in form.questions] for digest, form in used.items()}
    found: dict[str, list[str]] = {}
    for path in paths:
        table = read_columns(folder / path, ["form"])
        here = {key for digest in table.column("form").unique().to_pylist() for key in keys[digest]}
        for key in here:
            found.setdefault(key, []).append(path)
    return {key: sorted(paths) for key, paths in found.items()}


def _names(fits: Mapping[str, Fitted]) -> dict[str, str]:
    """How each fit is called in a manifest: as its question, with a digest where several share the name."""
    shared: dict[str, int] = {}
    for fitted in fits.values():
        shared[fitted.question.name] = shared.get(fitted.question.name, 0) + 1
    return {
        key: f.question.name
        if shared[f.question.name] == 1
        else f"{f.question.name} ({hashlib.sha256(key.encode()).hexdigest()[:12]})"
        for key, f in fits.items()
    }


def _as_json(fitted: Fitted, parts: list[str]) -> dict[str, Any]:
    merged = fitted.merged
    likelihood = None if math.isnan(merged.log_likelihood) else round(float(merged.log_likelihood), 6)
    return {
        "question": fitted.question.name,
        "kind": fitted.question.kind,
        "method": merged.method,
        "version": merged.version,
        "seed": SEED,
        "parts": parts,
        "tasks": len(merged.tasks),
        "log_likelihood": likelihood,
        "iterations": int(merged.iterations),
    }


def _external_ids(paths: Iterable[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        table = read_columns(path, ["task", "external_id"])
        names = zip(table.column("task").to_pylist(), table.column("external_id").to_pylist(), strict=True)
        found.update({task: name for task, name in names if name is not None})
    return found


def _row(
    evidence: Evidence,
    fits_of: Mapping[str, list[tuple[Question, Fitted | None]]],
    used: Mapping[str, Form],
    columns: AnswerColumns,
    place: int,
    external_id: str | None,
) -> dict[str, Any]:
    rows = range(evidence.start[place], evidence.start[place + 1])
    latest = max(rows, key=lambda r: (evidence.at[r], evidence.judgment[r]))
    fixes = [r for r in rows if evidence.fix[r]]
    if fixes:
        latest = max(fixes, key=lambda r: (evidence.at[r], evidence.judgment[r]))
    digest = evidence.form[latest]
    form = used[digest]
    values: dict[str, Any] = {}
    confidence: dict[str, float] = {}
    copied: dict[str, str] = {}
    tie = False
    for question, fitted in fits_of[digest]:
        if fixes:
            if (given := evidence.answers[latest].get(question.name)) is not None:
                values[question.name], confidence[question.name] = given, 1.0
                copied[question.name] = evidence.judgment[latest]
            continue
        at = -1 if fitted is None else int(fitted.place[place])
        if fitted is None or at < 0:
            continue
        values[question.name] = fitted.merged.values[at]
        confidence[question.name] = round(float(fitted.merged.confidence[at]), DIGITS)
        tie = tie or bool(fitted.merged.tie[at])
        if (source := int(fitted.merged.value_from[at])) >= 0:
            copied[question.name] = evidence.judgment[source]
    if not values and all(evidence.answers[r].get("not_applicable") is True for r in rows):
        values["not_applicable"] = True
    task = evidence.tasks[place]
    return {
        "task": task,
        "external_id": external_id,
        **columns.cells(digest, values),
        "answers": canonical(values).decode(),
        "confidence": _lowest(form, confidence),
        "confidence_by": canonical(confidence).decode(),
        "tie": tie,
        "judgments": [evidence.judgment[r] for r in rows],
        "providers": sorted({evidence.provider[r] for r in rows}),
        "value_from": next(iter(copied.values()), None),
        "value_from_by": canonical(copied).decode(),
        "split": split_of(task if external_id is None else external_id),
    }


def _lowest(form: Form, confidence: Mapping[str, float]) -> float:
    """The lowest over the required questions that were answered."""
    required = [confidence[q.name] for q in form.questions if q.required and q.name in confidence]
    return min(required or confidence.values(), default=0.0)
