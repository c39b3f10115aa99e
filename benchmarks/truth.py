"""How fast is the aggregation of labels, and how right is it on recorded crowds?

Run: .venv/bin/python benchmarks/truth.py [LABELS] [FOLDER]. Prints CPU seconds of one core for Dawid-Skene on
made labels (5 a task, 5 classes) and the ratio to the same EM written with numpy's bincount, measured in the
same run; with a FOLDER of sets (labels.csv, gold.csv) also accuracy beside the plain vote's.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np

from steelyard.truth import aggregate, agreement

EACH, CLASSES, ITERATIONS = 5, 5, 20


def made(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    tasks, annotators = rows // EACH, max(int(rows**0.5), 2 * EACH)
    truth = random.integers(0, CLASSES, tasks)
    task = np.repeat(np.arange(tasks), EACH)
    first = random.integers(0, annotators, tasks)
    who = (first[:, None] + np.arange(EACH) * random.integers(1, annotators // EACH, (tasks, 1))) % annotators
    skill = random.uniform(0.4, 0.95, annotators)
    who = who.ravel()
    label = np.where(
        random.random(len(task)) < skill[who], truth[task], random.integers(0, CLASSES, len(task))
    )
    order = random.permutation(len(task))
    return task[order], who[order], label[order], truth


def plain_numpy(task: np.ndarray, who: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Unshrunk Dawid-Skene with bincount: the peer."""
    tasks, annotators, k = task.max() + 1, who.max() + 1, CLASSES
    posterior = np.bincount(task * k + label, minlength=tasks * k).reshape(tasks, k) / EACH
    pair = who * k + label
    for _ in range(ITERATIONS):
        counts = [np.bincount(pair, weights=posterior[task, c], minlength=annotators * k) for c in range(k)]
        table = np.stack(counts, axis=1).reshape(annotators, k, k) + 1e-9
        table = np.log(table / table.sum(axis=1, keepdims=True)).reshape(-1, k)
        score = np.stack(
            [np.bincount(task, weights=table[pair, c], minlength=tasks) for c in range(k)], axis=1
        )
        score += np.log(posterior.mean(axis=0))
        posterior = np.exp(score - score.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
    return posterior.argmax(axis=1)


def timed(function, *arguments, **options):
    start = time.process_time()
    result = function(*arguments, **options)
    return time.process_time() - start, result


def speed(rows: int) -> None:
    aggregate(*made(200)[:3], method="dawid-skene")
    task, who, label, truth = made(rows)
    ours, found = timed(
        aggregate, task, who, label, method="dawid-skene", max_iterations=ITERATIONS, tolerance=0
    )
    peer, answers = timed(plain_numpy, task, who, label)
    vote, simple = timed(aggregate, task, who, label, method="majority")
    alpha, _ = timed(agreement, task, who, label, resamples=0)
    print(f"{rows} labels, {CLASSES} classes, {ITERATIONS} iterations; CPU seconds (accuracy)")
    print(f"  dawid-skene      {ours:7.2f}  ({np.mean(found.labels == truth):.4f})")
    print(f"  numpy bincount   {peer:7.2f}  ({np.mean(answers == truth):.4f})   ratio {peer / ours:.1f}")
    print(f"  majority         {vote:7.2f}  ({np.mean(simple.labels == truth):.4f})")
    print(f"  nominal alpha    {alpha:7.2f}")


def accuracy(folder: Path) -> None:
    print(f"{'set':24} majority    auto")
    for path in sorted(folder.iterdir()):
        if not (path / "gold.csv").exists() or not (path / "labels.csv").exists():
            continue
        rows = list(csv.DictReader((path / "labels.csv").open(encoding="utf-8", newline="")))
        known = csv.DictReader((path / "gold.csv").open(encoding="utf-8", newline=""))
        gold = {row["task"]: row["label"] for row in known}
        if not gold or len({row["label"] for row in rows}) > 50:
            continue
        table = [[row[c] for row in rows] for c in ("task", "worker", "label")]
        scores = []
        for method in ("majority", "auto"):
            found = aggregate(*table, method=method)
            pairs = zip(found.tasks.tolist(), found.labels.tolist(), strict=True)
            scores.append(100 * np.mean([gold[t] == v for t, v in pairs if t in gold]))
        print(f"{path.name:24} {scores[0]:8.2f} {scores[1]:7.2f}")


if __name__ == "__main__":
    speed(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    if len(sys.argv) > 2:
        accuracy(Path(sys.argv[2]))
