"""What do the answers of one task say, taken together here and now?

One rule for a submit, a shipment and a withdrawal: null is no answer, and a task that everybody found not
applicable is not applicable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard import forms
from steelyard.domain.form import Form, Question

NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Given:
    """One judgment of the task: its public id, what it answers, and who gave it (None: anonymous)."""

    judgment: str
    answers: Mapping[str, Any]
    annotator: int | None = None


@dataclass(frozen=True)
class Outcome:
    answers: dict[str, Any]
    confidence_by: dict[str, float]
    confidence: float
    tie: bool
    value_from: str | None


Weigh = Callable[[Question, Sequence[Given]], list[float] | None]


def vote(form: Form, given: Sequence[Given], weigh: Weigh | None = None) -> Outcome:
    """The answer to every question that anybody answered; `weigh` gives each vote the accuracy behind it."""
    answers: dict[str, Any] = {}
    confidence: dict[str, float] = {}
    tie, value_from = False, None
    for question in form.questions:
        said = [g for g in given if g.answers.get(question.name) is not None]
        if not said:
            continue
        weights = weigh(question, said) if weigh is not None else None
        settled = forms.settle_one(question, [g.answers[question.name] for g in said], weights)
        answers[question.name] = settled.value
        confidence[question.name] = settled.confidence
        tie = tie or settled.tie
        if settled.value_from is not None:
            value_from = said[settled.value_from].judgment
    if not answers and given and all(g.answers.get(NOT_APPLICABLE) is True for g in given):
        answers[NOT_APPLICABLE] = True
        confidence[NOT_APPLICABLE] = (len(given) + 0.5) / (len(given) + 1)
    return Outcome(answers, confidence, lowest_confidence(form, confidence), tie, value_from)


def as_fixed(judgment: str, answers: Mapping[str, Any]) -> Outcome:
    """The outcome where a reviewer has fixed the answer: what the fix says, without doubt."""
    said = {name: value for name, value in answers.items() if value is not None and name != "note"}
    return Outcome(said, dict.fromkeys(said, 1.0), 1.0, False, judgment)


def lowest_confidence(form: Form, confidence: Mapping[str, float]) -> float:
    """A task's confidence: the lowest over its required questions that were answered."""
    required = [confidence[q.name] for q in form.questions if q.required and q.name in confidence]
    return min(required or confidence.values(), default=0.0)
