"""What is the answer of each task, and how sure is it?

One door for every kind of label; the result depends neither on the order of the rows nor on the names of ids.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.truth import dawid_skene, majority, number, rating, skill, text
from steelyard.truth.encode import UnusableLabels, as_array, encode, object_array, to_numbers
from steelyard.truth.labels import Labels, arrange, gold_pairs
from steelyard.truth.result import Annotators, Truth

METHODS = {
    "choice": ("auto", "majority", "dawid-skene"),
    "rating": ("auto", "gaussian", "mean", "median"),
    "number": ("auto", "gaussian", "mean", "median"),
    "text": ("auto", "medoid"),
}
TASKS_WORTH_A_FIT = 20
MOST_CLASSES_UNASKED = 1000
LARGEST_NUMBER = 1e150
NEGLIGIBLE = 1e-8
VOTE_MIXED_IN = 0.15
UNIFORM_MIXED_IN = 0.05
Floats = NDArray[np.float64]


def aggregate(
    task: Any,
    annotator: Any,
    label: Any,
    kind: str = "choice",
    method: str = "auto",
    gold: Any = None,
    max_iterations: int = 100,
    tolerance: float = 1e-5,
    provider: Any = None,
    *,
    within: float | None = None,
    levels: Any = None,
) -> Truth:
    """The consensus of every task from what several annotators answered.

    `task`, `annotator`, `label`: arrays of one length (numpy, Arrow or lists) of integers or strings, one
    entry an answer; labels of kind rating and number are numbers or text that reads as one. An annotator of
    "" or None is anonymous: each such answer is an annotator seen once and stands in no table. `gold` maps
    tasks to known answers (or is a pair of arrays); it is believed, and used to judge annotators. `provider`,
    one entry an answer, adds a table of providers; where two share an annotator's id, all are named
    "provider/annotator". `within` is how far from the truth a number may lie (default: 5 % of the
    interquartile range of all answers; a rating: half a step). `levels` are the legal levels of a rating
    (default: those that occur).

    Kinds and methods: choice: majority, dawid-skene; rating, number: mean, median, gaussian; text: medoid.
    "auto" takes dawid-skene where at least 20 tasks have two answers or gold and some annotator answered
    twice, else majority; for rating and number gaussian on the same condition, else mean.

    `max_iterations` bounds EM, which ends when the objective gains less than `tolerance` nats an answer.
    A Dawid-Skene posterior is known to be overconfident: 15 % of the smoothed vote share is mixed in, then
    5 % of the uniform distribution; label and confidence are read from that mixture.

    Raises `UnusableLabels` (a ValueError) that names the row: different lengths, no labels, NaN or missing
    values, an annotator answering a task twice, gold for unknown tasks, a column of free text.
    """
    if kind not in METHODS:
        raise UnusableLabels(f"kind {kind!r} is not supported yet; there are {', '.join(METHODS)}")
    if method not in METHODS[kind]:
        raise UnusableLabels(f"method {method!r} does not suit kind {kind}: {', '.join(METHODS[kind])}")
    if max_iterations < 1 or not tolerance >= 0:
        raise UnusableLabels("max_iterations must be at least 1 and tolerance not negative")
    if provider is not None:
        annotator = _told_apart(annotator, provider)
    if kind == "choice":
        result, labels = _choice(task, annotator, label, method, gold, max_iterations, tolerance)
    elif kind == "text":
        result, labels = _text(task, annotator, label, gold)
    else:
        result, labels = _quantity(
            task, annotator, label, kind, method, gold, max_iterations, tolerance, within, levels
        )
    return result if provider is None else replace(result, providers=_by_provider(result, labels, provider))


def _choice(
    task: Any, annotator: Any, label: Any, method: str, gold: Any, max_iterations: int, tolerance: float
) -> tuple[Truth, Labels]:
    codes, classes = encode(label, "label")
    if len(classes) > MOST_CLASSES_UNASKED and len(classes) * 2 > len(codes):
        raise UnusableLabels(
            f"{len(classes)} different labels in {len(codes)} rows look like free text; use kind text"
        )
    labels = arrange(task, annotator, codes)
    known = gold_pairs(gold, labels.tasks)
    if known:
        codes, classes = encode(_with_gold(label, classes, known), "label")
        labels = replace(labels, label=codes[: len(labels.row)][labels.row])
    places = {value: code for code, value in enumerate(classes.tolist())}
    clamped = np.full(len(labels.tasks), -1, dtype=np.int64)
    for t, answer in known.items():
        clamped[t] = places[answer]
    votes = majority.count_votes(labels, len(classes))
    share = majority.smoothed_share(votes)
    if method == "auto":
        method = "dawid-skene" if _worth_a_fit(labels, known) else "majority"
    if method == "majority":
        posterior, agreement = share.copy(), _agreement_by_vote(labels, votes, clamped)
        likelihood, iterations, converged = math.nan, 0, True
    else:
        fitted = dawid_skene.fit(labels, votes, clamped, max_iterations, tolerance)
        posterior = (1 - VOTE_MIXED_IN) * fitted.posterior + VOTE_MIXED_IN * share
        posterior = (1 - UNIFORM_MIXED_IN) * posterior + UNIFORM_MIXED_IN / len(classes)
        agreement, converged = fitted.agreement, fitted.converged
        likelihood, iterations = fitted.objectives[-1], len(fitted.objectives)
    given = np.flatnonzero(clamped >= 0)
    posterior[given] = 0.0
    posterior[given, clamped[given]] = 1.0
    chosen, ties = majority.pick(posterior, votes)
    return Truth(
        tasks=labels.tasks,
        labels=classes[chosen],
        confidence=posterior[np.arange(len(chosen)), chosen],
        ties=ties,
        annotators=skill.measure(labels, agreement, clamped, len(classes)),
        log_likelihood=likelihood,
        iterations=iterations,
        converged=converged,
        method=method,
        classes=classes,
        posterior=posterior,
        answers=labels.answers,
        value_from=np.full(len(chosen), -1, dtype=np.int64),
    ), labels


def _quantity(
    task: Any,
    annotator: Any,
    label: Any,
    kind: str,
    method: str,
    gold: Any,
    max_iterations: int,
    tolerance: float,
    within: float | None,
    levels: Any,
) -> tuple[Truth, Labels]:
    values = to_numbers(label, "label")
    if len(values) and float(np.abs(values).max()) > LARGEST_NUMBER:
        raise UnusableLabels(f"label is larger than {LARGEST_NUMBER:g}", int(np.argmax(np.abs(values))))
    labels = arrange(task, annotator, values)
    known = gold_pairs(gold, labels.tasks)
    clamped = np.full(len(labels.tasks), math.nan)
    if known:
        clamped[list(known)] = to_numbers(object_array(list(known.values())), "gold")
    if method == "auto":
        method = "gaussian" if _worth_a_fit(labels, known) else "mean"
    fitted = number.fit(labels, clamped, max_iterations, tolerance, equal=method != "gaussian")
    estimate = fitted.mean
    if method == "median":
        estimate = np.where(np.isnan(clamped), number.median(labels), clamped)
    classes: NDArray[Any] | None = None
    posterior: Floats | None = None
    if kind == "rating":
        classes, scale = _scale(label, levels, known)
        _refuse_off_scale(values, scale)
        chosen, ties = rating.nearest_level(estimate, scale)
        posterior = rating.level_probabilities(estimate, fitted.sd, scale)
        answer: NDArray[Any] = classes[chosen]
        confidence = posterior[np.arange(len(chosen)), chosen]
        within = 0.5 * float(np.diff(scale).min()) if within is None and len(scale) > 1 else within or 0.0
    else:
        answer, ties = estimate, np.zeros(len(estimate), dtype=bool)
        within = number.default_within(values) if within is None else within
        within = max(within, NEGLIGIBLE * (float(np.abs(values).max()) or 1.0))
        confidence = number.probability_within(estimate, fitted.mean, fitted.sd, within)
    agreement = number.probability_within(
        labels.label.astype(np.float64), fitted.others_mean, fitted.others_sd, within
    )
    return Truth(
        tasks=labels.tasks,
        labels=answer,
        confidence=confidence,
        ties=ties,
        annotators=skill.measure(labels, agreement, np.where(np.isnan(clamped), -1, 0)),
        log_likelihood=fitted.objectives[-1] if method == "gaussian" else math.nan,
        iterations=len(fitted.objectives) if method == "gaussian" else 0,
        converged=fitted.converged,
        method=method,
        classes=classes,
        posterior=posterior,
        answers=labels.answers,
        value_from=np.full(len(labels.tasks), -1, dtype=np.int64),
        estimate=estimate,
    ), labels


def _text(task: Any, annotator: Any, label: Any, gold: Any) -> tuple[Truth, Labels]:
    codes, classes = encode(label, "label")
    if classes.dtype.kind not in "UO":
        classes = object_array([str(value) for value in classes.tolist()])
    labels = arrange(task, annotator, codes)
    labels = replace(labels, label=classes[labels.label])
    known = gold_pairs(gold, labels.tasks)
    fitted = text.fit(labels)
    answers = labels.label[fitted.chosen].tolist()
    confidence, value_from = fitted.confidence.copy(), labels.row[fitted.chosen]
    clamped = np.full(len(labels.tasks), -1, dtype=np.int64)
    agreement = fitted.agreement.copy()
    for t, answer in known.items():
        answers[t], confidence[t], value_from[t], clamped[t] = str(answer), 1.0, -1, 0
        rows = slice(int(labels.start[t]), int(labels.start[t + 1]))
        goal = text.fold(str(answer))
        agreement[rows] = [1.0 if text.fold(given) == goal else 0.0 for given in labels.label[rows].tolist()]
    return Truth(
        tasks=labels.tasks,
        labels=object_array(answers),
        confidence=confidence,
        ties=fitted.ties & (clamped < 0),
        annotators=skill.measure(labels, agreement, clamped),
        log_likelihood=math.nan,
        iterations=0,
        converged=True,
        method="medoid",
        classes=None,
        posterior=None,
        answers=labels.answers,
        value_from=value_from,
    ), labels


def _with_gold(label: Any, classes: NDArray[Any], known: dict[int, Any]) -> Any:
    """The label column with gold's answers behind it, so that gold may name a class nobody gave."""
    extra = list(known.values())
    plain = set(map(type, classes.tolist()))
    wrong = next((value for value in extra if type(value) not in plain), None)
    if wrong is not None:
        raise UnusableLabels(f"gold answer {wrong!r} is not of the labels' type")
    return object_array([*as_array(label, "label").tolist(), *extra])


def _worth_a_fit(labels: Labels, known: dict[int, Any]) -> bool:
    informative = labels.answers > 1
    informative[list(known)] = True
    repeated = bool(np.any(np.bincount(labels.annotator, minlength=labels.width)[: labels.named] > 1))
    return repeated and int(informative.sum()) >= TASKS_WORTH_A_FIT


def _agreement_by_vote(labels: Labels, votes: Floats, clamped: NDArray[np.int64]) -> Floats:
    """Each row's smoothed share of the other votes on its task; 1 or 0 on gold; NaN without others."""
    others = labels.answers[labels.task] - 1
    same = votes[labels.task, labels.label] - 1
    share = np.where(others > 0, (same + 1 / votes.shape[1]) / (others + 1), math.nan)
    truth = clamped[labels.task]
    return np.where(truth >= 0, (truth == labels.label).astype(np.float64), share)


def _scale(label: Any, levels: Any, known: dict[int, Any]) -> tuple[NDArray[Any], Floats]:
    """The legal levels as they are written and as numbers, lowest first."""
    if levels is None:
        _, written = encode(label, "label")
        here = set(to_numbers(written, "label").tolist())
        unseen = [v for v in known.values() if float(v) not in here]
        if written.dtype.kind in "UO":
            unseen = [str(v) for v in unseen]
        if unseen:
            written = encode(object_array([*written.tolist(), *unseen]), "gold")[1]
    else:
        written = as_array(levels, "levels")
    numbers, first = np.unique(to_numbers(written, "level"), return_index=True)
    return written[first], numbers


def _refuse_off_scale(values: Floats, scale: Floats) -> None:
    off = ~np.isin(values, scale)
    if off.any():
        row = int(np.argmax(off))
        raise UnusableLabels(f"{values[row]:g} is not a level of the scale", row)


def _told_apart(annotator: Any, provider: Any) -> Any:
    """Annotators as they are, or all as "provider/annotator" where two providers share an id."""
    who, ids = encode(annotator, "annotator", missing_allowed=True)
    whose, names = encode(provider, "provider")
    if len(who) != len(whose):
        raise UnusableLabels(f"there are {len(whose)} providers for {len(who)} labels")
    pairs = np.unique(who[who >= 0] * len(names) + whose[who >= 0])
    if len(pairs) == len(ids):
        return annotator
    spelled = {-1: None} | {p: f"{names[p % len(names)]}/{ids[p // len(names)]}" for p in pairs.tolist()}
    rows = np.where(who >= 0, who * len(names) + whose, -1)
    return object_array([spelled[pair] for pair in rows.tolist()])


def _by_provider(result: Truth, labels: Labels, provider: Any) -> Annotators:
    codes, names = encode(provider, "provider")
    named = labels.annotator < labels.named
    owner = np.zeros(labels.named, dtype=np.int64)
    owner[labels.annotator[named]] = codes[labels.row[named]]
    return skill.roll_up(result.annotators, names[owner])
