"""Any number of several options: `["cat", "dog"]`.

Each option is a question of its own, yes or no; an answer repeats nothing and holds `min` to `max` options.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.domain.errors import Problem
from steelyard.domain.form import Question
from steelyard.forms.kind import Merged, Rows, Settled
from steelyard.forms.options import check_options, check_value, normal_options
from steelyard.forms.problems import as_integer, described, join, quoted
from steelyard.forms.voting import vote

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = frozenset({"options", "min", "max"})
EVEN = 1e-9


def check_spec(spec: dict[str, Any], pointer: str) -> list[Problem]:
    problems = check_options(spec, pointer)
    bounds: dict[str, int] = {}
    for key in ("min", "max"):
        if spec.get(key) is None:
            continue
        bound = as_integer(spec[key])
        if bound is None or bound < (key == "max"):
            message = f"{key} must be a whole number of options, not {described(spec[key])}"
            problems.append(Problem(join(pointer, key), "bad_bound", message))
        else:
            bounds[key] = bound
    if not problems:
        count = len(Question("", "choices", spec=normal_spec(spec)).leaves)
        if bounds.get("min", 0) > min(bounds.get("max", count), count):
            message = f"min {bounds['min']} is more than can be chosen"
            problems.append(Problem(join(pointer, "min"), "bad_bound", message))
    return problems


def normal_spec(spec: dict[str, Any]) -> dict[str, Any]:
    bounds = {key: as_integer(spec[key]) for key in ("min", "max") if spec.get(key) is not None}
    return spec | {"options": normal_options(spec["options"])} | bounds


def check(question: Question, answer: Any, pointer: str) -> list[Problem]:
    if not isinstance(answer, list | tuple):
        message = f"an answer must be a list of options, not {described(answer)}"
        return [Problem(pointer, "wrong_type", message)]
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, value in enumerate(answer[: len(question.leaves) + 1]):
        problem = check_value(question, value, join(pointer, index))
        if problem is None and value in seen:
            problem = Problem(join(pointer, index), "duplicate", f"{quoted(value)} is chosen twice")
        if problem:
            problems.append(problem)
        else:
            seen.add(value)
    least, most = _bounds(question)
    if not problems and not least <= len(answer) <= most:
        message = f"{len(answer)} options are chosen; {least} to {most} are wanted"
        problems.append(Problem(pointer, "wrong_count", message))
    return problems


def settle(question: Question, answers: list[Any], weights: Sequence[float] | None) -> Settled:
    chance, even = [], []
    for option in question.leaves:
        value, share, tie = vote([option in a for a in answers], weights, (False, True))
        chance.append(share if value else 1 - share)
        even.append(tie)
    value, confidence = _select(question, chance)
    return Settled(value, confidence, any(even))


def merge(question: Question, rows: Rows) -> Merged:
    """One aggregation for each option; confidence is that of the least sure one."""
    import numpy as np

    from steelyard.forms.merging import merged
    from steelyard.truth import aggregate

    truths = []
    for option in question.leaves:
        chosen = rows.each(lambda answer, option=option: int(option in answer))
        gold = {t: int(option in a) for t, a in rows.gold.items()}
        truth = aggregate(rows.task, rows.annotator, chosen, method=rows.method, gold=gold or None)
        assert truth.classes is not None
        assert truth.posterior is not None
        classes = truth.classes.tolist()
        yes = truth.posterior[:, classes.index(1)] if 1 in classes else np.zeros(len(truth.tasks))
        if 0 not in classes:
            yes = np.ones(len(truth.tasks))
        truths.append((truth, yes))
    chances = np.stack([yes for _, yes in truths], axis=1)
    picked = [_select(question, row) for row in chances.tolist()]
    gold_at = np.isin(truths[0][0].tasks, list(rows.gold))
    values = [v for v, _ in picked]
    for index in np.flatnonzero(gold_at).tolist():
        known = rows.gold[int(truths[0][0].tasks[index])]
        values[index] = [o for o in question.leaves if o in known]
    methods = {truth.method for truth, _ in truths}
    return merged(
        truths[0][0],
        rows,
        values,
        confidence=np.where(gold_at, 1.0, np.array([c for _, c in picked])),
        tie=np.any([truth.ties for truth, _ in truths], axis=0),
        annotators=_pooled([truth.annotators for truth, _ in truths]),
        method="dawid-skene" if "dawid-skene" in methods else truths[0][0].method,
        log_likelihood=math.fsum(t.log_likelihood for t, _ in truths),
        iterations=max(truth.iterations for truth, _ in truths),
    )


def is_correct(question: Question, answer: Any, gold: Any) -> bool:
    return set(answer) == set(gold)


def distance(question: Question, a: Any, b: Any) -> float:
    """Jaccard distance of the two sets."""
    both = set(a) | set(b)
    return 1 - len(set(a) & set(b)) / len(both) if both else 0.0


def columns(question: Question) -> list[pa.Field]:
    import pyarrow as pa

    return [pa.field(question.name, pa.list_(pa.string()))]


def cells(question: Question, answer: Any) -> dict[str, Any]:
    """The options in the order of the form."""
    if answer is None:
        return {question.name: None}
    return {question.name: [option for option in question.leaves if option in answer]}


def leaf_values(question: Question) -> list[Any]:
    return list(question.leaves)


def _bounds(question: Question) -> tuple[int, int]:
    count = len(question.leaves)
    least, most = question.spec.get("min"), question.spec.get("max")
    return 0 if least is None else least, count if most is None else min(most, count)


def _select(question: Question, chance: list[float]) -> tuple[list[str], float]:
    """The options more likely in than out, moved into the bounds by the likeliest change."""
    options = list(question.leaves)
    least, most = _bounds(question)
    order = sorted(range(len(options)), key=lambda i: (-chance[i], i))
    count = min(max(sum(c > 0.5 + EVEN for c in chance), least), most)
    taken = set(order[:count])
    confidence = min(chance[i] if i in taken else 1 - chance[i] for i in range(len(options)))
    return [option for i, option in enumerate(options) if i in taken], confidence


def _pooled(tables: list[Any]) -> Any:
    """The annotators' accuracies averaged over the options; gold counts decisions right over all options."""
    import numpy as np

    from steelyard.truth.skill import wilson

    first = tables[0]
    accuracy = np.mean([t.accuracy for t in tables], axis=0)
    judged = np.where(np.isnan(accuracy), 0, first.n)
    low, high = wilson(np.nan_to_num(accuracy) * judged, judged)
    right = np.minimum.reduce([t.gold_correct for t in tables])
    return type(first)(first.annotator, first.n, accuracy, low, high, first.gold_n, right)
