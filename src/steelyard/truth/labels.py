"""What was answered, in codes and in one canonical order?

Rows are sorted by task, annotator and label, so sums run in the same order whatever order the rows came in.
An annotator answers a task once; an answer without an annotator is an annotator seen once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.truth.encode import Codes, UnusableLabels, encode


@dataclass(frozen=True)
class Labels:
    """One row an answer; `start[t]:start[t + 1]` are the rows of task `t`; `row` is the row of the input.

    Annotators `0..named-1` have ids; the `named..width-1` after them are the anonymous, one a row.
    """

    tasks: NDArray[Any]
    annotators: NDArray[Any]
    task: Codes
    annotator: Codes
    label: NDArray[Any]
    row: Codes
    start: Codes
    width: int

    @property
    def named(self) -> int:
        return len(self.annotators)

    @property
    def answers(self) -> Codes:
        return np.diff(self.start)


def arrange(task: Any, annotator: Any, label: NDArray[Any]) -> Labels:
    """`label` holds codes or numbers; raises `UnusableLabels` as `aggregate` says."""
    task_codes, tasks = encode(task, "task")
    annotator_codes, annotators = encode(annotator, "annotator", missing_allowed=True)
    if not len(task_codes) == len(annotator_codes) == len(label):
        raise UnusableLabels(
            f"task, annotator and label must have one length, not {len(task_codes)}, {len(annotator_codes)}"
            f" and {len(label)}"
        )
    if not len(label):
        raise UnusableLabels("there are no labels")
    named = len(annotators)
    anonymous = annotator_codes < 0
    key = task_codes * (named + 1) + np.where(anonymous, named, annotator_codes)
    order = np.lexsort((label, key)) if anonymous.any() else _stable_order(key, len(tasks) * (named + 1))
    _refuse_answering_twice(key[order], order, anonymous, task_codes, annotator_codes, tasks, annotators)
    codes = annotator_codes[order]
    nameless = codes < 0
    codes[nameless] = named + np.arange(int(nameless.sum()))
    return Labels(
        tasks=tasks,
        annotators=annotators,
        task=task_codes[order],
        annotator=codes,
        label=label[order],
        row=order,
        start=np.concatenate(([0], np.cumsum(np.bincount(task_codes, minlength=len(tasks))))),
        width=named + int(nameless.sum()),
    )


def _stable_order(key: Codes, size: int) -> Codes:
    """As a stable argsort; where key and row fit one word they are sorted as one, which is faster."""
    rows = len(key)
    if size * rows >= 2**62:
        return np.argsort(key, kind="stable")
    return np.sort(key * rows + np.arange(rows)) % rows


def _refuse_answering_twice(
    key: Codes,
    order: Codes,
    anonymous: NDArray[np.bool_],
    task_codes: Codes,
    annotator_codes: Codes,
    tasks: NDArray[Any],
    annotators: NDArray[Any],
) -> None:
    again = np.flatnonzero((key[1:] == key[:-1]) & ~anonymous[order[1:]])
    if not len(again):
        return
    second = int(np.maximum(order[again], order[again + 1]).min())
    who, where = annotators[annotator_codes[second]], tasks[task_codes[second]]
    raise UnusableLabels(f"annotator {who} answers task {where} again", second)


def gold_pairs(gold: Any, tasks: NDArray[Any]) -> dict[int, Any]:
    """Gold as {task code: answer}. `gold` is a mapping or a pair of arrays; unknown tasks raise."""
    if gold is None:
        return {}
    if isinstance(gold, Mapping):
        pairs = list(gold.items())
    elif isinstance(gold, tuple) and len(gold) == 2 and len(gold[0]) == len(gold[1]):
        pairs = list(zip(_plain(gold[0]), _plain(gold[1]), strict=True))
    else:
        raise UnusableLabels("gold must map tasks to labels, or be a pair (tasks, labels) of one length")
    if not pairs:
        return {}
    places = {value: code for code, value in enumerate(tasks.tolist())}
    known: dict[int, Any] = {}
    for task, answer in pairs:
        plain = task.item() if isinstance(task, np.generic) else task
        if plain not in places:
            raise UnusableLabels(f"gold names task {plain!r}, which has no labels")
        value = answer.item() if isinstance(answer, np.generic) else answer
        if value is None or value != value:
            raise UnusableLabels(f"gold of task {plain!r} is missing")
        code = places[plain]
        if code in known and known[code] != value:
            raise UnusableLabels(f"gold names task {plain!r} twice, with different answers")
        known[code] = value
    return known


def _plain(values: Any) -> list[Any]:
    if hasattr(values, "to_pylist"):
        return values.to_pylist()
    return values.tolist() if hasattr(values, "tolist") else list(values)
