"""What must a question kind be able to do?

A kind is one module of functions with these names; `KINDS` is the only list of kinds there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from steelyard.truth import Annotators

NOT_YET = frozenset(
    {"fields", "spans", "relations", "boxes", "polygons", "lines", "points", "ellipses", "cuboids", "mask"}
    | {"tracks", "events", "ranking", "pairwise", "rubric", "chat", "transcript", "file"}
)
VERSION = "1"


@dataclass(frozen=True)
class Settled:
    """One task's answer. `value_from` is the index of the answer it copies, None when it is merged."""

    value: Any
    confidence: float
    tie: bool
    value_from: int | None = None


@dataclass(frozen=True)
class Merged:
    """Answers of many tasks: `tasks` sorted, the rest goes with it. `value_from` is the row of the judgment
    whose words the value copies, -1 when merged. `estimate` is the unrounded value of a rating or number.
    `method` and `version` name how it was fitted; `annotators` is the table of `steelyard.truth`."""

    tasks: NDArray[np.int64]
    values: list[Any]
    confidence: NDArray[np.float64]
    tie: NDArray[np.bool_]
    value_from: NDArray[np.int64]
    annotators: Annotators
    method: str
    version: str
    log_likelihood: float
    iterations: int
    estimate: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Rows:
    """What `merge` is given: one entry a judgment that answers the question; `row` is its place in the
    input; `annotator` None or NaN is anonymous; `gold` holds answers by task. With `codes` the `answers` are
    the distinct ones, and each judgment's is the one at its code."""

    task: NDArray[np.integer[Any]]
    annotator: Any
    answers: list[Any]
    row: NDArray[np.int64]
    gold: dict[int, Any]
    method: str
    seed: int
    codes: NDArray[np.integer[Any]] | None = None

    def each(self, reading: Callable[[Any], Any]) -> NDArray[Any]:
        """One entry a judgment: what `reading` makes of its answer, a number."""
        import numpy as np

        read = np.array([reading(answer) for answer in self.answers])
        return read if self.codes is None else read[self.codes]

    def given(self) -> NDArray[Any]:
        """One entry a judgment: its answer."""
        from steelyard.truth.encode import object_array

        each = object_array(self.answers)
        return each if self.codes is None else each[self.codes]


class Kind(Protocol):
    KEYS: frozenset[str]

    def check_spec(self, spec: dict[str, Any], pointer: str) -> list[Problem]: ...
    def normal_spec(self, spec: dict[str, Any]) -> dict[str, Any]: ...
    def check(self, question: Question, answer: Any, pointer: str) -> list[Problem]: ...
    def settle(self, question: Question, answers: list[Any], weights: Sequence[float] | None) -> Settled: ...
    def merge(self, question: Question, rows: Rows) -> Merged: ...
    def is_correct(self, question: Question, answer: Any, gold: Any) -> bool: ...
    def distance(self, question: Question, a: Any, b: Any) -> float: ...
    def columns(self, question: Question) -> list[pa.Field]: ...
    def cells(self, question: Question, answer: Any) -> dict[str, Any]: ...
    def leaf_values(self, question: Question) -> list[Any]: ...


def kinds() -> dict[str, Kind]:
    """The kinds that can be asked, by name."""
    from steelyard.forms import choice, choices, number, rating, text

    modules: dict[str, Any] = {
        "choice": choice,
        "choices": choices,
        "rating": rating,
        "number": number,
        "text": text,
    }
    return modules


def kind_of(question: Question) -> Kind:
    return kinds()[question.kind]
