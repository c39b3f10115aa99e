"""How often does the truth lie within the 80 % interval of a forecast?

    python benchmarks/forecast.py [--runs 400] [--seed 1]

Answers come in bursts: each hour is a Poisson draw whose mean is the rhythm of the week times a gamma factor of
the day times one of the hour. The forecast sees only the moments of the past; then the same process goes on
until so many more answers have come. Wanted: 75 to 85 % of the truths within the interval, in every row.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass

import numpy as np

from steelyard.providers.pace import DAY, HOUR, days_until, history_of, pace_of

START = 1_800_000_000 // (7 * 86400) * 7 * 86400
FLAT = np.ones(168)
OFFICE = np.tile(np.where((np.arange(24) >= 7) & (np.arange(24) < 19), 1.0, 0.05), 7)
WEEKENDS = OFFICE * np.repeat([1, 1, 0.1, 0.1, 1, 1, 1], 24)  # 1970 began on a Thursday


@dataclass(frozen=True)
class Case:
    """`per_day`: mean answers a day; `day`, `hour`: how much a day's and an hour's rate scatters (coefficient
    of variation); `past`: days of history; `ahead`: days of work that are to be forecast."""

    name: str
    rhythm: np.ndarray
    per_day: float
    day: float
    hour: float
    past: float
    ahead: float


CASES = [
    Case("a machine, even", FLAT, 2000, 0.0, 0.0, 14, 2),
    Case("a machine, in bursts", FLAT, 2000, 0.2, 1.0, 14, 2),
    Case("people, day and night, hours ahead", OFFICE, 600, 0.3, 0.5, 28, 0.25),
    Case("people, day and night, a day ahead", OFFICE, 600, 0.3, 0.5, 28, 1),
    Case("people, day and night, a week ahead", OFFICE, 600, 0.3, 0.5, 28, 7),
    Case("people, day and night, six weeks ahead", OFFICE, 600, 0.3, 0.5, 28, 42),
    Case("people, weekends off, three days ahead", WEEKENDS, 600, 0.3, 0.5, 28, 3),
    Case("people, weekends off, two weeks ahead", WEEKENDS, 600, 0.3, 0.5, 28, 14),
    Case("people, weekends off, two weeks of history", WEEKENDS, 600, 0.3, 0.5, 14, 7),
    Case("people, wild bursts", OFFICE, 600, 0.7, 1.5, 28, 7),
    Case("people, one week of history", OFFICE, 600, 0.3, 0.5, 7, 5),
    Case("people, four days of history", OFFICE, 600, 0.3, 0.5, 4, 3),
    Case("few people, eight answers a day", OFFICE, 8, 0.3, 0.5, 28, 5),
    Case("few people, weekends off, twenty a day", WEEKENDS, 20, 0.4, 0.5, 28, 10),
    Case("a machine, half a day of history", FLAT, 2000, 0.0, 0.5, 0.5, 0.5),
    Case("a machine, five hours of history", FLAT, 5000, 0.0, 0.3, 0.2, 1),
]


def hours(case: Case, rng: np.random.Generator, count: int, first: int) -> np.ndarray:
    """Answers in each of `count` hours from the hour `first` (of the week) on."""
    place = (first + np.arange(count)) % 168
    day = (first % 24 + np.arange(count)) // 24
    rate = case.rhythm[place] / case.rhythm.mean() * case.per_day / 24
    return rng.poisson(rate * gamma(rng, case.day, int(day[-1]) + 1)[day] * gamma(rng, case.hour, count))


def gamma(rng: np.random.Generator, scatter: float, count: int) -> np.ndarray:
    return rng.gamma(1 / scatter**2, scatter**2, count) if scatter else np.ones(count)


def one(case: Case, rng: np.random.Generator) -> tuple[bool, bool, float] | None:
    """Whether the truth was within, whether below, and the median's ratio to it."""
    first = int(rng.integers(0, 168))
    past = max(1, math.ceil(case.past * 24))
    wanted = max(3, round(case.per_day * case.ahead))
    ahead = math.ceil(case.ahead * 24 * 12) + 24 * 21
    counts = hours(case, rng, past + ahead, first)
    begin = START + first * HOUR
    moments = np.repeat(np.arange(past), counts[:past]) * HOUR + rng.random(int(counts[:past].sum())) * HOUR
    now = begin + past * HOUR
    keep = moments >= past * HOUR - case.past * DAY
    history = history_of((begin + moments[keep]).tolist(), now)
    pace = None if history is None else pace_of(history)
    if pace is None:
        return None
    found = days_until([(pace, wanted)], now)
    if found is None:
        return None
    come = np.cumsum(counts[past:])
    hour = int(np.searchsorted(come, wanted))
    if hour >= len(come):
        return False, False, math.nan
    before = int(come[hour - 1]) if hour else 0
    within = np.sort(rng.random(int(come[hour]) - before))[wanted - before - 1]
    truth = (hour + within) / 24
    return bool(found["low"] <= truth <= found["high"]), bool(truth < found["low"]), found["value"] / truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{'':44} {'within':>7} {'+-':>5} {'below':>6} {'above':>6} {'median off':>11} {'no word':>8}  ms")
    for case in CASES:
        rng = np.random.default_rng(given.seed)
        began = time.perf_counter()
        found = [one(case, rng) for _ in range(given.runs)]
        said = [f for f in found if f is not None]
        n = max(len(said), 1)
        inside = sum(f[0] for f in said) / n
        below = sum(f[1] for f in said) / n
        off = float(np.nanmedian([f[2] for f in said])) - 1 if said else math.nan
        error = math.sqrt(inside * (1 - inside) / n)
        print(
            f"{case.name:44} {inside:7.1%} {error:5.1%} {below:6.1%} {1 - inside - below:6.1%} {off:+11.1%}"
            f" {1 - len(said) / given.runs:8.1%}  {(time.perf_counter() - began) / given.runs * 1000:.1f}"
        )


if __name__ == "__main__":
    main()
