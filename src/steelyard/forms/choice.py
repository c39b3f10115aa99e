"""One of several options: `"cat"`.

An answer is a leaf of the option tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.forms.kind import Merged, Rows, Settled
from steelyard.forms.options import check_options, check_value, normal_options
from steelyard.forms.voting import vote

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = frozenset({"options"})


def check_spec(spec: dict[str, Any], pointer: str) -> list[Problem]:
    return check_options(spec, pointer)


def normal_spec(spec: dict[str, Any]) -> dict[str, Any]:
    return spec | {"options": normal_options(spec["options"])}


def check(question: Question, answer: Any, pointer: str) -> list[Problem]:
    problem = check_value(question, answer, pointer)
    return [problem] if problem else []


def settle(question: Question, answers: list[Any], weights: Sequence[float] | None) -> Settled:
    return Settled(*vote(answers, weights, list(question.leaves)))


def merge(question: Question, rows: Rows) -> Merged:
    """Dawid-Skene or a vote over the options."""
    from steelyard.forms.merging import merged
    from steelyard.truth import aggregate
    from steelyard.truth.encode import object_array

    place = question.leaves
    gold = {t: place[a] for t, a in rows.gold.items()}

    truth = aggregate(
        rows.task, rows.annotator, rows.each(place.__getitem__), method=rows.method, gold=gold or None
    )
    return merged(truth, rows, object_array(list(place))[truth.labels].tolist())


def is_correct(question: Question, answer: Any, gold: Any) -> bool:
    return answer == gold


def distance(question: Question, a: Any, b: Any) -> float:
    return 0.0 if a == b else 1.0


def columns(question: Question) -> list[pa.Field]:
    import pyarrow as pa

    return [pa.field(question.name, pa.string())]


def cells(question: Question, answer: Any) -> dict[str, Any]:
    return {question.name: answer}


def leaf_values(question: Question) -> list[Any]:
    return list(question.leaves)
