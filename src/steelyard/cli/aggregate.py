"""What do the labels in this file say, and how far do their annotators agree?

Values are strings and come out as they went in; an output file is replaced whole or not at all.
"""

from __future__ import annotations

import csv
import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from steelyard.truth import Annotators, Truth

WRONG_USE = 2
NOT_JUDGED = 3
SHOWN = 20


class LabelKind(StrEnum):
    choice = "choice"
    rating = "rating"
    number = "number"
    text = "text"
    pairwise = "pairwise"


class Level(StrEnum):
    nominal = "nominal"
    ordinal = "ordinal"
    interval = "interval"


class World(StrEnum):
    live = "live"
    test = "test"


LabelsFile = Annotated[
    Path, typer.Argument(help="CSV or Parquet with columns task, label, worker or annotator.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else there.")]
DataFolder = Annotated[Path | None, typer.Option("--data", hidden=True)]
DatabaseUrl = Annotated[str | None, typer.Option("--database-url", hidden=True)]
StorageUrl = Annotated[str | None, typer.Option("--storage-url", hidden=True)]
Mode = Annotated[World, typer.Option("--mode", hidden=True)]


@dataclass(frozen=True)
class Table:
    """Columns of text of one file."""

    path: Path
    task: list[str]
    label: list[str]
    annotator: list[str]
    provider: list[str] | None


class Refused(Exception):
    """The command ends with `status`, having said why in one sentence."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def aggregate_command(
    labels: LabelsFile,
    kind: Annotated[LabelKind, typer.Option(help="What the labels are.")] = LabelKind.choice,
    method: Annotated[
        str, typer.Option(help="auto, majority, dawid-skene, mean, median, gaussian.")
    ] = "auto",
    gold: Annotated[Path | None, typer.Option(help="Known answers (task, label), used in the fit.")] = None,
    score: Annotated[
        Path | None, typer.Option(help="Known answers to score against, not used in the fit.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write task, label, confidence, answers here.")] = None,
    annotators: Annotated[Path | None, typer.Option(help="Write the table of annotators here.")] = None,
    as_json: AsJson = False,
    data: DataFolder = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: Mode = World.live,
) -> None:
    """Infer the answer of each task from the answers of several annotators."""
    with _told(as_json):
        for target in (out, annotators):
            _check_target(target)
        table = _read_labels(labels, kind.value)
        known = _read_answers(gold) if gold else None
        wanted = _read_answers(score) if score else None
        result = _aggregate(table, kind.value, method, known, gold)
        scored = _score(table, result, kind.value, known, wanted, score) if wanted and score else None
        if out:
            _write(out, _rows_of(result))
        if annotators:
            _write(annotators, result.annotators.to_dict())
        summary = _summary(table, result, kind.value, scored)
        if as_json:
            if not out:
                summary["results"] = _records(_rows_of(result))
            print(json.dumps(summary, ensure_ascii=False, allow_nan=False))
        else:
            _show(result, summary, out)


def agreement_command(
    labels: LabelsFile,
    level: Annotated[Level, typer.Option(help="How labels differ from one another.")] = Level.nominal,
    as_json: AsJson = False,
    data: DataFolder = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: Mode = World.live,
) -> None:
    """Krippendorff's alpha with a 95 % interval, and the share of agreeing pairs."""
    with _told(as_json):
        from steelyard.truth import UnusableLabels, agreement

        table = _read_labels(labels)
        try:
            found = agreement(table.task, table.annotator, table.label, level.value)
        except UnusableLabels as error:
            raise Refused(_placed(table.path, error), WRONG_USE) from error
        if not found.tasks:
            raise Refused(f"{labels}: no task has two answers, so nothing can be compared", NOT_JUDGED)
        if as_json:
            print(json.dumps({k: _number(v) for k, v in asdict(found).items()}, allow_nan=False))
            return
        shown = _grid("Agreement", ["measure", "value"])
        alpha = "undefined: only one label occurs" if math.isnan(found.alpha) else f"{found.alpha:.3f}"
        shown.add_row(f"Krippendorff's alpha ({found.level})", alpha)
        if not math.isnan(found.low):
            shown.add_row("95 % interval", f"{found.low:.3f} to {found.high:.3f}")
        shown.add_row("agreeing pairs", f"{100 * found.percent:.1f} %")
        shown.add_row("tasks with two answers or more", str(found.tasks))
        _print(shown)


@contextmanager
def _told(as_json: bool) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        if as_json:
            print(json.dumps({"error": str(error)}, ensure_ascii=False))
        typer.echo(f"steelyard: {error}", err=True)
        raise typer.Exit(error.status) from error


def _aggregate(
    table: Table, kind: str, method: str, known: dict[str, str] | None, gold_file: Path | None
) -> Truth:
    from steelyard.truth import UnusableLabels, aggregate

    gold: dict[str, Any] | None = dict(known) if known else None
    if gold and kind in ("rating", "number"):
        for task, answer in gold.items():
            if not _is_number(answer):
                raise Refused(f"{gold_file}: the answer of task {task}, {answer!r}, is no number", WRONG_USE)
    try:
        return aggregate(
            table.task,
            table.annotator,
            table.label,
            kind=kind,
            method=method,
            gold=gold,
            provider=table.provider,
        )
    except UnusableLabels as error:
        path = (
            gold_file if gold_file and error.row is None and error.reason.startswith("gold") else table.path
        )
        raise Refused(_placed(path, error), WRONG_USE) from error


def _placed(path: Path, error: Any) -> str:
    """The first row after the header is row 1 for the one who reads."""
    return f"{path}: {error.reason}" if error.row is None else f"{path}, row {error.row + 1}: {error.reason}"


def _score(
    table: Table,
    result: Truth,
    kind: str,
    known: dict[str, str] | None,
    wanted: dict[str, str],
    path: Path,
) -> dict[str, Any]:
    """Accuracy on tasks of the score file that were not given as gold, with the plain vote's beside it."""
    from steelyard.truth import aggregate

    plain = {"choice": "majority", "text": "medoid"}.get(kind, "mean")
    simple = aggregate(table.task, table.annotator, table.label, kind=kind, method=plain)
    rows = [
        (index, wanted[task])
        for index, task in enumerate(result.tasks.tolist())
        if task in wanted and task not in (known or {})
    ]
    if not rows:
        raise Refused(
            f"{path}: no task of it is among those aggregated, so nothing can be scored", NOT_JUDGED
        )
    scored: dict[str, Any] = {
        "tasks": len(rows),
        "unknown_tasks": len(wanted.keys() - set(result.tasks.tolist())),
    }
    for name, labels in (("accuracy", result.labels.tolist()), (f"{plain}_accuracy", simple.labels.tolist())):
        scored[name] = sum(_same(kind, labels[index], truth) for index, truth in rows) / len(rows)
    if kind in ("rating", "number"):
        for name, truth in (("error", result), (f"{plain}_error", simple)):
            assert truth.estimate is not None
            found = truth.estimate.tolist()
            gaps = [(found[index] - float(answer)) ** 2 for index, answer in rows if _is_number(answer)]
            scored[name] = math.sqrt(sum(gaps) / len(gaps)) if gaps else None
    return scored


def _same(kind: str, answer: Any, truth: str) -> bool:
    if kind in ("rating", "number"):
        return _is_number(truth) and math.isclose(float(answer), float(truth), rel_tol=1e-9, abs_tol=1e-12)
    if kind == "text":
        from steelyard.truth.edit_distance import fold

        return fold(answer) == fold(truth)
    return answer == truth


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _read_labels(path: Path, kind: str = "choice") -> Table:
    columns = _read(path)
    who = next((name for name in ("annotator", "worker") if name in columns), None)
    absent = [name for name in ("task", "label") if name not in columns] + ([] if who else ["annotator"])
    if absent:
        raise Refused(
            f"{path}: there is no column {', '.join(absent)} (it has {', '.join(columns)})", WRONG_USE
        )
    assert who is not None
    if not columns["task"]:
        raise Refused(f"{path}: there are no rows", NOT_JUDGED)
    provider = columns.get("provider")
    annotators = ["" if value is None else value for value in columns[who]]
    for name in ("task", "label", *(["provider"] if provider else [])):
        for row, value in enumerate(columns[name]):
            if value is None or (value == "" and (name != "label" or kind != "text")):
                raise Refused(f"{path}, row {row + 1}: {name} is missing", WRONG_USE)
    return Table(path, columns["task"], columns["label"], annotators, provider)


def _read_answers(path: Path) -> dict[str, str]:
    columns = _read(path)
    absent = [name for name in ("task", "label") if name not in columns]
    if absent:
        raise Refused(
            f"{path}: there is no column {', '.join(absent)} (it has {', '.join(columns)})", WRONG_USE
        )
    answers: dict[str, str] = {}
    for row, (task, label) in enumerate(zip(columns["task"], columns["label"], strict=True)):
        if task is None or label is None:
            raise Refused(f"{path}, row {row + 1}: task or label is missing", WRONG_USE)
        if answers.setdefault(task, label) != label:
            raise Refused(f"{path}, row {row + 1}: task {task} is answered twice, differently", WRONG_USE)
    return answers


def _read(path: Path) -> dict[str, list[Any]]:
    """All columns of a CSV or Parquet file as text; an empty CSV cell is the empty string."""
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pq.read_table(path)
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                header = next(csv.reader(file), [])
            if not header:
                raise Refused(f"{path}: the file is empty", WRONG_USE)
            types = {name: pa.string() for name in header}
            options = pc.ConvertOptions(column_types=types, strings_can_be_null=False)
            table = pc.read_csv(
                path, convert_options=options, parse_options=pc.ParseOptions(newlines_in_values=True)
            )
        if len(set(table.column_names)) < len(table.column_names):
            raise Refused(f"{path}: a column name stands twice in the header", WRONG_USE)
        return {
            name: [v if v is None else str(v) for v in table.column(name).to_pylist()]
            for name in table.column_names
            if name in ("task", "label", "worker", "annotator", "provider")
        } or {name: [] for name in table.column_names}
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0]
        raise Refused(f"{path}: cannot be read: {reason}", WRONG_USE) from error


def _rows_of(result: Truth) -> dict[str, list[Any]]:
    labels = result.labels.tolist()
    return {
        "task": result.tasks.tolist(),
        "label": [_number_text(v) if isinstance(v, float) else str(v) for v in labels],
        "confidence": [round(c, 6) for c in result.confidence.tolist()],
        "answers": result.answers.tolist(),
    }


def _number_text(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def _check_target(path: Path | None) -> None:
    if path is None:
        return
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise Refused(f"{path}: an output file must end in .csv or .parquet", WRONG_USE)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise Refused(f"{path}: cannot be written there", WRONG_USE)


def _write(path: Path, columns: dict[str, list[Any]]) -> None:
    """Beside the target first, then renamed over it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        os.close(handle)
        if path.suffix.lower() == ".parquet":
            pq.write_table(pa.table(columns), temporary)
        else:
            with open(temporary, "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(columns)
                writer.writerows(zip(*columns.values(), strict=True))
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise Refused(f"{path}: cannot be written: {error.strerror}", WRONG_USE) from error


def _summary(table: Table, result: Truth, kind: str, scored: dict[str, Any] | None) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "kind": kind,
        "method": result.method,
        "labels": len(table.task),
        "tasks": len(result.tasks),
        "annotators": len(result.annotators),
        "ties": int(result.ties.sum()),
        "confidence": float(result.confidence.mean()),
        "iterations": result.iterations,
        "converged": result.converged,
        "log_likelihood": _number(result.log_likelihood),
    }
    if result.providers is not None:
        summary["providers"] = _providers(result.providers)
    if scored:
        summary["score"] = scored
    return summary


def _providers(table: Annotators) -> list[dict[str, Any]]:
    return [{"provider": row.pop("annotator"), **row} for row in table]


def _records(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(result: Truth, summary: dict[str, Any], out: Path | None) -> None:
    shown = _grid(
        f"{summary['tasks']} tasks, {summary['method']}", ["task", "label", "confidence", "answers"]
    )
    rows = _records(_rows_of(result))
    for row in rows[:SHOWN]:
        shown.add_row(row["task"], row["label"], f"{row['confidence']:.3f}", str(row["answers"]))
    _print(shown)
    if len(rows) > SHOWN:
        typer.echo(f"and {len(rows) - SHOWN} more" + ("" if out else "; --out FILE writes all"), err=True)
    for provider in summary.get("providers", []):
        if provider["accuracy"] is not None:
            accuracy, low, high = (100 * provider[key] for key in ("accuracy", "low", "high"))
            typer.echo(
                f"provider {provider['provider']}: {accuracy:.1f} % ({low:.1f} to {high:.1f})", err=True
            )
    scored = summary.get("score")
    if scored:
        for name in (key for key in scored if key.endswith("accuracy")):
            typer.echo(f"{name.replace('_', ' ')}: {100 * scored[name]:.2f} % of {scored['tasks']}", err=True)


def _grid(title: str, names: list[str]) -> Any:
    from rich.table import Table as Grid

    grid = Grid(title=title)
    for name in names:
        grid.add_column(name, overflow="fold")
    return grid


def _print(grid: Any) -> None:
    from rich.console import Console

    Console(stderr=True, markup=False, emoji=False, highlight=False).print(grid)
