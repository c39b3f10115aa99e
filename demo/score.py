"""How right is each of them, held against the truth that was kept aside?

Everything is computed from the files of a release and the truth; no figure is asked of the server.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from steelyard.truth import aggregate
from steelyard.truth.skill import wilson

EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)  # bins of confidence
Interval = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One provider's answer of one task, as it stands in a release."""

    task: str
    provider: str
    label: str


@dataclass(frozen=True)
class Value:
    """What a release says of one task."""

    task: str
    label: str
    confidence: float
    providers: Sequence[str]


def interval(correct: int, n: int) -> Interval:
    """Share of right ones with its 95 % Wilson interval."""
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = wilson(correct, n)
    return {"value": correct / n, "low": float(low), "high": float(high), "n": n}


def accuracy(given: Mapping[str, str], truth: Mapping[str, str]) -> Interval:
    """Of the tasks that were answered and whose truth is known, how many are right?"""
    known = [task for task in given if task in truth]
    return interval(sum(given[task] == truth[task] for task in known), len(known))


def by_provider(answers: Iterable[Answer], truth: Mapping[str, str]) -> dict[str, Interval]:
    """Each provider alone, on the tasks that it answered."""
    given: dict[str, dict[str, str]] = defaultdict(dict)
    for answer in answers:
        given[answer.provider][answer.task] = answer.label
    return {provider: accuracy(labels, truth) for provider, labels in sorted(given.items())}


def majority(answers: Sequence[Answer]) -> dict[str, str]:
    """The plain majority of each task's answers, every answer weighing the same."""
    found = aggregate(
        task=[a.task for a in answers],
        annotator=[a.provider for a in answers],
        label=[a.label for a in answers],
        method="majority",
    )
    return dict(zip((str(t) for t in found.tasks), (str(v) for v in found.labels), strict=True))


def reliability(values: Iterable[Value], truth: Mapping[str, str]) -> list[dict[str, Any]]:
    """By bins of the stated confidence: its mean, the share of right values, and n. Empty bins are left out."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in EDGES[1:]]
    for value in values:
        if value.task in truth:
            place = sum(value.confidence >= edge for edge in EDGES[1:-1])
            bins[place].append((value.confidence, value.label == truth[value.task]))
    return [
        {
            "from": low,
            "to": high,
            "stated": sum(confidence for confidence, _ in inside) / len(inside),
            **interval(sum(right for _, right in inside), len(inside)),
        }
        for low, high, inside in zip(EDGES, EDGES[1:], bins, strict=False)
        if inside
    ]


def calibration_error(bins: Sequence[Mapping[str, Any]]) -> float:
    """Mean distance of stated and found, every task weighing the same."""
    n = sum(b["n"] for b in bins)
    return sum(b["n"] * abs(b["stated"] - b["value"]) for b in bins) / n if n else 0.0


def read_values(release: Path, question: str) -> list[Value]:
    """The consensus of a release, tasks by external id."""
    columns = ["external_id", "confidence", "providers", question]
    found = []
    for path in sorted((release / "consensus").glob("*.parquet")):
        for row in pq.read_table(path, columns=columns).to_pylist():
            found.append(Value(row["external_id"], row[question], row["confidence"], row["providers"]))
    return found


def read_answers(release: Path, question: str) -> list[Answer]:
    """The judgments of a release, tasks by external id."""
    names: dict[str, str] = {}
    for path in sorted((release / "content").glob("*.parquet")):
        table = pq.read_table(path, columns=["task", "external_id"])
        names.update(zip(table["task"].to_pylist(), table["external_id"].to_pylist(), strict=True))
    found = []
    for path in sorted((release / "judgments").glob("*.parquet")):
        for row in pq.read_table(path, columns=["task", "provider", "answers"]).to_pylist():
            found.append(Answer(names[row["task"]], row["provider"], json.loads(row["answers"])[question]))
    return found


def weigh(release: Path, question: str, truth: Mapping[str, str]) -> dict[str, Any]:
    """All that the report tells of one release."""
    values, answers = read_values(release, question), read_answers(release, question)
    bins = reliability(values, truth)
    return {
        "consensus": accuracy({v.task: v.label for v in values}, truth),
        "majority": accuracy(majority(answers), truth),
        "providers": by_provider(answers, truth),
        "answers": len(answers),
        "reliability": bins,
        "calibration_error": calibration_error(bins),
    }
