"""When will so many answers have been given?"""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.providers.pace import (
    DAY,
    HOUR,
    LEAST_ANSWERS,
    History,
    Pace,
    days_until,
    history_of,
    pace_of,
)

MONDAY = 1_800_230_400.0  # 2027-01-18, midnight UTC
OFFICE = [1.0 if 8 <= hour < 18 else 0.0 for hour in range(24)]


def stream(rhythm: list[float], days: int, per_day: float, weekends: bool = True) -> list[float]:
    """Moments of answers in the days before MONDAY, spread evenly over the working hours."""
    found = []
    for day in range(-days, 0):
        if not weekends and (MONDAY // DAY + day + 3) % 7 >= 5:
            continue
        for hour in range(24):
            n = round(per_day * rhythm[hour] / sum(rhythm))
            found += [MONDAY + day * DAY + (hour + (i + 0.5) / n) * HOUR for i in range(n)]
    return found


def pace(times: list[float], end: float = MONDAY) -> Pace:
    history = history_of(times, end)
    assert history is not None
    found = pace_of(history)
    assert found is not None
    return found


def days(found: Pace, n: float, now: float = MONDAY) -> dict[str, float]:
    said = days_until([(found, n)], now)
    assert said is not None
    return said


def test_an_even_stream_takes_as_long_as_division_says() -> None:
    found = pace(stream([1.0] * 24, 28, 240))
    assert found.per_day == pytest.approx(240, rel=0.01)
    said = days(found, 480)
    assert said["value"] == pytest.approx(2.0, rel=0.02)
    assert said["low"] < said["value"] < said["high"]


def test_work_that_rests_at_night_goes_on_in_the_morning() -> None:
    found = pace(stream(OFFICE, 28, 200))
    morning, evening = MONDAY + 8 * HOUR, MONDAY + 18 * HOUR
    assert days(found, 100, morning)["value"] * 24 == pytest.approx(5, abs=0.4)
    assert days(found, 100, evening)["value"] * 24 == pytest.approx(14 + 5, abs=0.7)


def test_a_weekend_is_waited_for() -> None:
    found = pace(stream(OFFICE, 28, 200, weekends=False))
    friday_evening = MONDAY + 4 * DAY + 18 * HOUR
    assert days(found, 100, friday_evening)["value"] > 2.4
    assert days(found, 100, MONDAY + 8 * HOUR)["value"] < 0.3


def test_the_interval_is_wider_where_answers_come_in_bursts() -> None:
    even, bursts = stream([1.0] * 24, 28, 240), []
    for day in range(-28, 0):
        n = 480 if day % 2 else 0
        bursts += [MONDAY + day * DAY + i * DAY / 480 for i in range(n)]
    narrow, wide = days(pace(even), 1000), days(pace(bursts), 1000)
    assert wide["high"] - wide["low"] > 3 * (narrow["high"] - narrow["low"])


def test_little_history_is_no_history() -> None:
    assert history_of([MONDAY - i for i in range(LEAST_ANSWERS - 1)], MONDAY) is None
    assert history_of([MONDAY - 1.0] * 50, MONDAY - 1.0) is None, "all in one moment tells no speed"
    assert history_of([MONDAY - 40 * DAY - i for i in range(100)], MONDAY) is None, "too long ago"
    assert pace_of(History([5] * 3, 60.0, MONDAY)) is None


def test_what_is_done_already_takes_no_time() -> None:
    assert days(pace(stream([1.0] * 24, 10, 240)), 0) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_several_streams_are_done_when_the_last_one_is() -> None:
    fast, slow = pace(stream([1.0] * 24, 28, 2400)), pace(stream([1.0] * 24, 28, 240))
    both = days_until([(fast, 480), (slow, 480)], MONDAY)
    assert both is not None
    assert both["value"] == pytest.approx(days(slow, 480)["value"], rel=0.01)
    twice = days_until([(slow, 480), (slow, 480)], MONDAY)
    assert twice is not None
    assert twice["value"] > days(slow, 480)["value"], "the later of two equals"


def test_a_short_history_is_measured_in_minutes() -> None:
    found = pace([MONDAY - i * 6.0 for i in range(600)])  # an hour, ten a minute
    assert days(found, 100)["value"] * DAY == pytest.approx(600, rel=0.05)


def test_a_rate_that_could_be_nothing_gives_no_date() -> None:
    once = [MONDAY - 27 * DAY + i for i in range(30)]
    history = history_of([*once, MONDAY - 1.0], MONDAY)
    assert history is not None
    found = pace_of(history)
    assert found is None or days_until([(found, 10_000)], MONDAY) is None


def test_the_truth_lies_within_the_interval_about_four_times_in_five() -> None:
    """A small, fixed draw; `benchmarks/forecast.py` measures it over thousands."""
    rng = np.random.default_rng(4)
    within = 0
    for _ in range(120):
        rate = np.array([10.0 if 8 <= h % 24 < 18 else 0.2 for h in range(24 * 60)])
        rate *= np.repeat(rng.gamma(10, 0.1, 60), 24) * rng.gamma(4, 0.25, 24 * 60)
        counts = rng.poisson(rate)
        times = (MONDAY - 28 * DAY + np.repeat(np.arange(24 * 28), counts[: 24 * 28]) * HOUR).tolist()
        said = days(pace(times), 500)
        truth = int(np.searchsorted(np.cumsum(counts[24 * 28 :]), 500)) / 24
        within += said["low"] - 1 / 24 <= truth <= said["high"]
    assert 0.68 <= within / 120 <= 0.92
