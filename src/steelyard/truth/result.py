"""What does an aggregation hand back?

Records are frozen; every array has one entry a task (or an annotator), in sorted order of the ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Annotators:
    """What each annotator is worth.

    `accuracy` is inferred: how often the annotator is right as far as the others and gold tell, never from
    its own vote, with a 95 % interval `low`..`high`; NaN when none of the annotator's tasks was answered by
    anyone else. For number and rating it is the share of answers that lie within the tolerance of the truth,
    for text the mean similarity to the others' texts. `n` counts answers, `gold_n` and `gold_correct` those
    on gold tasks.
    """

    annotator: NDArray[Any]
    n: NDArray[np.int64]
    accuracy: Floats
    low: Floats
    high: Floats
    gold_n: NDArray[np.int64]
    gold_correct: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.annotator)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = [f.name for f in fields(self)]
        for values in zip(*(getattr(self, name).tolist() for name in names), strict=True):
            yield {name: None if value != value else value for name, value in zip(names, values, strict=True)}

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns as lists of plain Python values; an unknown accuracy is None."""
        return {
            f.name: [None if value != value else value for value in getattr(self, f.name).tolist()]
            for f in fields(self)
        }


@dataclass(frozen=True)
class Truth:
    """The inferred answer of every task.

    `tasks` is sorted; `labels`, `confidence`, `ties` and `answers` (how many labels) go with it. `posterior`
    (tasks x classes, None for number and text) is calibrated as `confidence` is. `log_likelihood` is what the
    fit maximises: the log-likelihood of the labels plus the log prior of the annotators' parameters, up to a
    constant; it never falls from one iteration to the next. NaN for a vote. `estimate` is the unrounded value
    of a rating or number. `value_from` is the row whose text is copied, -1 where the answer is merged.
    """

    tasks: NDArray[Any]
    labels: NDArray[Any]
    confidence: Floats
    ties: NDArray[np.bool_]
    annotators: Annotators
    log_likelihood: float
    iterations: int
    converged: bool
    method: str
    classes: NDArray[Any] | None
    posterior: Floats | None
    answers: NDArray[np.int64]
    value_from: NDArray[np.int64]
    estimate: Floats | None = None
    providers: Annotators | None = None
