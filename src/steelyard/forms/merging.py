"""What are the answers of many tasks, fitted together?

Every merged value is a legal answer to the question; judgments that do not answer it have no say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from steelyard.domain.form import Question
from steelyard.forms.kind import Merged, Rows, kind_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def merge(
    question: Question,
    task: NDArray[np.int64],
    annotator: NDArray[np.int64],
    answers: list[Any],
    *,
    gold: dict[int, Any] | None = None,
    method: str = "auto",
    seed: int = 0,
) -> Merged:
    """Fits `answers` (which passed `check_answers`; None is no answer) with `steelyard.truth`.

    `task` and `annotator` hold one integer an answer; a negative annotator is anonymous. `gold` maps tasks to
    known answers; gold of tasks without answers is left out. `method` as for `aggregate` of the kind.
    `seed` is kept for methods that draw; none does yet. Raises `UnusableLabels`, with the row, and when no
    row answers the question.
    """
    import numpy as np

    from steelyard.truth import UnusableLabels
    from steelyard.truth.encode import object_array

    task, annotator = np.asarray(task), np.asarray(annotator)
    if not len(task) == len(annotator) == len(answers):
        raise UnusableLabels(
            f"task, annotator and answers must have one length, not {len(task)}, {len(annotator)}"
            f" and {len(answers)}"
        )
    row = np.array([i for i, answer in enumerate(answers) if answer is not None], dtype=np.int64)
    if not len(row):
        raise UnusableLabels(f"no row answers question {question.name!r}")
    who: Any = annotator[row]
    if (who < 0).any():
        who = object_array([None if a < 0 else a for a in who.tolist()])
    answered = task[row]
    present = set(answered.tolist())
    known = {int(t): a for t, a in (gold or {}).items() if a is not None and int(t) in present}
    given = [answers[i] for i in row.tolist()]
    return kind_of(question).merge(question, Rows(answered, who, given, row, known, method, seed))


def merge_codes(
    question: Question,
    task: NDArray[np.integer[Any]],
    annotator: NDArray[np.integer[Any]],
    codes: NDArray[np.integer[Any]],
    values: list[Any],
    *,
    method: str = "auto",
    seed: int = 0,
) -> Merged:
    """As `merge` of the answers `values[code]`, without a step for every one of them. `values` are distinct and
    none is None; ids in `annotators` are integers."""
    import numpy as np

    from steelyard.truth import UnusableLabels

    if not len(codes):
        raise UnusableLabels(f"no row answers question {question.name!r}")
    # NaN is a missing id; floats hold every row key that will ever be drawn.
    who = np.where(annotator < 0, np.nan, annotator) if (annotator < 0).any() else annotator
    row = np.arange(len(codes), dtype=np.int64)
    found = kind_of(question).merge(question, Rows(task, who, values, row, {}, method, seed, codes))
    people = replace(found.annotators, annotator=found.annotators.annotator.astype(np.int64))
    return replace(found, annotators=people)


def merged(truth: Any, rows: Rows, values: list[Any], **other: Any) -> Merged:
    """A `Merged` of what `aggregate` found, with `values` as answers to the form."""
    import numpy as np

    from steelyard.forms.kind import VERSION

    source = np.where(truth.value_from >= 0, rows.row[truth.value_from], -1)
    said = {
        "tasks": truth.tasks,
        "confidence": truth.confidence,
        "tie": truth.ties,
        "value_from": source,
        "annotators": truth.annotators,
        "method": truth.method,
        "log_likelihood": truth.log_likelihood,
        "iterations": truth.iterations,
        "estimate": truth.estimate,
    }
    return Merged(values=values, version=VERSION, **(said | other))
