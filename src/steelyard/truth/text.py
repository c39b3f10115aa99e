"""Which of the given texts is closest to what all say?

The answer is always one of the texts that were given, in the words of one row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steelyard.truth.edit_distance import fold, normalised_distance
from steelyard.truth.labels import Labels


@dataclass(frozen=True)
class Medoid:
    """`index` of the text chosen; `confidence`; whether another was as close; each text's mean similarity
    to the others (None when it is alone)."""

    index: int
    confidence: float
    tie: bool
    similarity: list[float | None]


def medoid(texts: list[str]) -> Medoid:
    """The text of a majority, else the medoid by normalised edit distance.

    Texts are compared folded (NFC, case, white space). A folded text of more than half of the answers wins;
    else the one with the smallest mean distance to the rest. Of its spellings the most frequent is given,
    then the smallest. Confidence is the mean similarity (1 - distance) of the other answers to the chosen
    one, with one pseudo-answer of similarity 1/2, so a single answer has 1/2.
    """
    folded = [fold(t) for t in texts]
    count = Counter(folded)
    forms = sorted(count)
    apart = {(f, f): 0.0 for f in forms}
    for i, one in enumerate(forms):
        for other in forms[i + 1 :]:
            apart[one, other] = apart[other, one] = normalised_distance(one, other)
    total = {f: sum(apart[f, g] * count[g] for g in forms) for f in forms}
    best = min(forms, key=lambda f: (count[f] * 2 <= len(texts), total[f], -count[f], f))
    tie = count[best] * 2 <= len(texts) and any(
        f != best and abs(total[f] - total[best]) < 1e-9 and count[f] == count[best] for f in forms
    )
    spellings = Counter(t for t, f in zip(texts, folded, strict=True) if f == best)
    chosen = min(spellings, key=lambda t: (-spellings[t], t))
    others = len(texts) - 1
    confidence = (others - total[best] + 0.5) / (others + 1)
    similarity = [1 - total[f] / others if others else None for f in folded]
    return Medoid(texts.index(chosen), confidence, tie, similarity)


@dataclass(frozen=True)
class TextFit:
    """Per task the chosen row (in the canonical order), confidence and tie; per row its agreement."""

    chosen: NDArray[np.int64]
    confidence: NDArray[np.float64]
    ties: NDArray[np.bool_]
    agreement: NDArray[np.float64]


def fit(labels: Labels) -> TextFit:
    """`labels.label` holds texts. A row's agreement is its mean similarity to the others on its task."""
    tasks = len(labels.tasks)
    chosen = np.zeros(tasks, dtype=np.int64)
    confidence = np.zeros(tasks)
    ties = np.zeros(tasks, dtype=bool)
    agreement = np.full(len(labels.task), np.nan)
    texts = labels.label.tolist()
    for t, (first, end) in enumerate(zip(labels.start[:-1].tolist(), labels.start[1:].tolist(), strict=True)):
        found = medoid(texts[first:end])
        chosen[t], confidence[t], ties[t] = first + found.index, found.confidence, found.tie
        for place, similarity in enumerate(found.similarity):
            if similarity is not None:
                agreement[first + place] = similarity
    return TextFit(chosen, confidence, ties, agreement)
