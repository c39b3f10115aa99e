"""How far apart are two answers, and is one right?

Both answers must have passed `check_answers`.
"""

from __future__ import annotations

from typing import Any

from steelyard.domain.form import Question
from steelyard.forms.kind import kind_of


def is_correct(question: Question, answer: Any, gold_answer: Any) -> bool:
    """Whether `answer` lies within the question's tolerance of `gold_answer`; no answer is right only where
    none is wanted."""
    if answer is None or gold_answer is None:
        return answer is None and gold_answer is None
    return kind_of(question).is_correct(question, answer, gold_answer)


def distance(question: Question, a: Any, b: Any) -> float:
    """0 for equal answers, growing with the difference: choice 0 or 1; choices Jaccard; rating and number the
    absolute difference; text the normalised edit distance of the folded texts."""
    return kind_of(question).distance(question, a, b)
