"""How well do ten anonymous raters of a word agree, and what does the engine make of their ratings?

The lexicon that vaderSentiment carries gives for every token ten raw ratings, from -4 to 4, and their mean. It
comes in as a shipment; the mean stays here, to compare with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from demo.score import interval
from steelyard.truth import agreement

SLUG = "word-feeling"
PROJECT = {
    "name": "Word feeling",
    "instruction": "How does this word or sign feel, from -4 (very negative) to 4 (very positive)?",
    "form": {"questions": [{"name": "feeling", "title": "Feeling", "kind": "rating", "min": -4, "max": 4}]},
    "policy": {"answers": 10},
}


@dataclass(frozen=True)
class Entry:
    token: str
    mean: float
    ratings: list[int]


def load() -> list[Entry]:
    """The lexicon: token, mean, standard deviation, ten ratings, parted by tabs."""
    text = (resources.files("vaderSentiment") / "vader_lexicon.txt").read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        token, mean, _, ratings = line.split("\t")
        found.append(Entry(token, float(mean), json.loads(ratings)))
    return found


def external_id(place: int) -> str:
    return f"line-{place + 1:05d}"


def shipment(entries: list[Entry]) -> Iterator[dict[str, Any]]:
    """Each entry as a task with its answers, which name no annotator."""
    for place, entry in enumerate(entries):
        yield {
            "external_id": external_id(place),
            "content": {"blocks": [{"type": "text", "text": entry.token}]},
            "judgments": [{"answers": {"feeling": rating}} for rating in entry.ratings],
        }


def weigh(entries: list[Entry], consensus: dict[str, int]) -> dict[str, Any]:
    """Agreement of the raters, and how close the merged ratings (by external id) are to the printed means."""
    size = len(entries[0].ratings)
    task = np.repeat(np.arange(len(entries)), size)
    rater = np.tile(np.arange(size), len(entries))
    rating = np.array([entry.ratings for entry in entries]).reshape(-1)
    found = agreement(task, rater, rating, "ordinal", resamples=400)
    mean = np.array([entry.mean for entry in entries])
    merged = np.array([consensus[external_id(place)] for place in range(len(entries))], dtype=np.float64)
    apart = np.abs(merged - mean)
    return {
        "entries": len(entries),
        "ratings": len(rating),
        "alpha": {
            "level": found.level,
            "value": found.alpha,
            "low": found.low,
            "high": found.high,
            "n": found.tasks,
        },
        "mean_difference": float(apart.mean()),
        "largest_difference": float(apart.max()),
        "within_half": interval(int((apart <= 0.5 + 1e-9).sum()), len(apart)),
        "correlation": float(np.corrcoef(merged, mean)[0, 1]),
        "levels": [_level(int(level), mean[merged == level]) for level in np.unique(merged)],
    }


def _level(level: int, mean: Any) -> dict[str, Any]:
    low, high = np.percentile(mean, [10, 90])
    return {
        "merged": level,
        "mean": float(mean.mean()),
        "low": float(low),
        "high": float(high),
        "n": len(mean),
    }
