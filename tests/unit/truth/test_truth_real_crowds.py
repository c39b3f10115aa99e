"""What `aggregate` makes of recorded answers of real people, where they are at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from steelyard.truth import aggregate

CROWD = Path(__file__).parents[3] / "../shared/crowd"


def load(name):
    folder = CROWD / name
    if not folder.is_dir():
        pytest.skip(f"the recorded crowd {name} is not beside the repository")
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "gold.csv").open(encoding="utf-8", newline="") as file:
        gold = {row["task"]: row["label"] for row in csv.DictReader(file)}
    return [[row[c] for row in rows] for c in ("task", "worker", "label")], gold


def accuracy(found, gold):
    pairs = zip(found.tasks.tolist(), found.labels.tolist(), strict=True)
    return np.mean([gold[task] == label for task, label in pairs if task in gold])


@pytest.mark.parametrize(
    ("name", "least", "gain"),
    [("bluebird", 0.88, 0.1), ("rte", 0.92, 0.04), ("dog", 0.83, 0.02), ("weather_cf", 0.88, 0.0)],
)
def test_the_fit_is_better_than_the_vote(name, least, gain):
    table, gold = load(name)
    fitted, vote = (accuracy(aggregate(*table, method=m), gold) for m in ("auto", "majority"))
    assert fitted >= least
    assert fitted >= vote + gain


def test_confidence_is_roughly_calibrated():
    table, gold = load("rte")
    found = aggregate(*table)
    assert abs(found.confidence.mean() - accuracy(found, gold)) < 0.05


def test_gold_given_for_half_of_the_tasks_helps_on_the_others():
    table, gold = load("web")
    tasks = sorted(gold)
    known = {t: gold[t] for t in tasks[::2]}
    rest = {t: gold[t] for t in tasks[1::2]}
    assert accuracy(aggregate(*table, gold=known), rest) > accuracy(aggregate(*table), rest) + 0.02


def test_medoid_beats_a_random_text():
    from steelyard.truth.edit_distance import fold, normalised_distance

    table, gold = load("crowdwsa_t1")
    found = aggregate(*table, kind="text")
    chosen = np.mean(
        [normalised_distance(fold(v), fold(gold[t])) for t, v in zip(found.tasks, found.labels, strict=True)]
    )
    random = np.mean(
        [normalised_distance(fold(v), fold(gold[t])) for t, v in zip(table[0], table[2], strict=True)]
    )
    assert chosen < random - 0.05
