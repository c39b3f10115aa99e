"""What is the answer of each task, going by the judgments in these files alone?

Building and verifying both come here, so a release that says anything else than its own parts say is found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.releases.columns import AnswerColumns
from steelyard.releases.evidence import evidence_of
from steelyard.releases.fits import Fitted, fit_questions
from steelyard.releases.layout import CONSENSUS_AFTER, CONSENSUS_BEFORE, read_columns
from steelyard.releases.lots import Rows
from steelyard.releases.options import Options


@dataclass(frozen=True)
class Derived:
    """Everything inferred: the fits as they stand in a manifest, and the consensus in tables of some rows, sorted
    by task."""

    fit: dict[str, dict[str, Any]]
    schema: pa.Schema
    tables: Callable[[], Iterator[pa.Table]]


@contextmanager
def derive(
    folder: Path,
    judgment_parts: list[str],
    content_parts: list[str],
    used: Mapping[str, Form],
    current: str,
    withheld: Collection[str],
    options: Options,
    scratch: Path,
) -> Iterator[Derived]:
    """Fits the parts (paths below `folder`).

    `used` are the forms by digest, `current` the project's. Tasks in `withheld` take part in the fit and get
    no row, and none whose confidence is below the one that the options demand. `scratch` is a folder to write in.
    """
    here = {
        kind: [folder / path for path in paths]
        for kind, paths in (("j", judgment_parts), ("c", content_parts))
    }
    with evidence_of(here["j"], here["c"], used, current, scratch) as evidence:
        fits = fit_questions(evidence)
        parts = _parts_by_key(folder, judgment_parts, used)
        names = _names(fits)
        said = {
            names[key]: {"question": f.question.name, "kind": f.question.kind, "parts": parts[key], **f.said}
            for key, f in fits.items()
        }
        answered = {d for paths in (here["j"],) for path in paths for d in _forms_in(path)}
        columns = AnswerColumns({digest: used[digest] for digest in answered})
        schema = pa.schema([*CONSENSUS_BEFORE, *columns.fields, *CONSENSUS_AFTER])
        rows = Rows(evidence, fits, used, columns, schema, withheld, options)
        yield Derived(said, schema, rows.tables)


def _forms_in(path: Path) -> list[str]:
    return read_columns(path, ["form"]).column("form").unique().to_pylist()


def _parts_by_key(folder: Path, paths: list[str], used: Mapping[str, Form]) -> dict[str, list[str]]:
    """Which judgments parts ask a question, by its key."""
    keys = {digest: [forms.question_key(q) for q in form.questions] for digest, form in used.items()}
    found: dict[str, list[str]] = {}
    for path in paths:
        for key in {key for digest in _forms_in(folder / path) for key in keys[digest]}:
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
