"""What is one task's answer, here and now?

A vote that needs no numpy and no fit, quick enough for the submit of the last answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.domain.form import Question
from steelyard.forms.kind import Settled, kind_of
from steelyard.forms.voting import check_weights


def settle_one(question: Question, answers: list[Any], weights: Sequence[float] | None = None) -> Settled:
    """`answers` of one task, which passed `check_answers`; None entries are no answers and are left out.

    `weights` are the annotators' accuracies (0..1), or None for one vote each. Without any answer the value
    is None with confidence 0. Raises ValueError when weights and answers differ in number.
    """
    if answers:
        check_weights(answers, weights)
    kept = [index for index, answer in enumerate(answers) if answer is not None]
    if not kept:
        return Settled(None, 0.0, False)
    settled = kind_of(question).settle(
        question, [answers[i] for i in kept], None if weights is None else [weights[i] for i in kept]
    )
    if settled.value_from is None:
        return settled
    return Settled(settled.value, settled.confidence, settled.tie, kept[settled.value_from])
