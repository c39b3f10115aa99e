"""By which steps does a share decline?"""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.domain.errors import Invalid
from steelyard.domain.times import SECOND, format_time
from steelyard.exit.schedule import DAY, HOUR, MINUTE, WEEK, Schedule, parse_schedule

NOW = 1_800_000_000 * SECOND


def after(micros: int) -> str:
    return format_time(NOW + micros)


def schedule(length: int = WEEK, **raw: Any) -> Schedule:
    return parse_schedule({"ends": after(length), **raw}, NOW)


def parts(length: int = WEEK, **raw: Any) -> list[float]:
    found = schedule(length, **raw)
    assert found.steps[-1].at == found.ends
    assert found.steps[-1].part == 0
    return [step.part for step in found.steps]


def test_unless_told_a_step_is_a_week_on_a_line_to_nothing_at_the_end() -> None:
    found = schedule(8 * WEEK)
    assert [step.at for step in found.steps] == [NOW + i * WEEK for i in range(9)]
    assert [step.part for step in found.steps] == [round((8 - i) / 9, 6) for i in range(9)]


@pytest.mark.parametrize(
    ("length", "steps"),
    [(10 * DAY, 11), (2 * WEEK, 3), (36 * HOUR, 37), (90 * MINUTE, 52), (90 * SECOND, 2), (800 * DAY, 52)],
)
def test_a_short_one_has_finer_steps_and_none_has_more_than_52(length: int, steps: int) -> None:
    assert len(parts(length)) == steps


def test_the_moment_that_an_order_takes_costs_no_step() -> None:
    assert len(parts(4 * WEEK - SECOND)) == len(parts(4 * WEEK)) == 5


def test_steps_are_counted_or_given() -> None:
    assert parts(steps=1) == [0]
    assert parts(steps=4) == [0.75, 0.5, 0.25, 0]
    assert parts(steps=[0.9, 0.5]) == [0.9, 0.5, 0]
    assert parts(steps=[0.9, 0]) == [0.9, 0]
    assert parts(steps=[{"at": after(DAY), "part": 0.5}]) == [0.5, 0]
    assert parts(steps=[{"at": after(DAY), "part": 0.5}, {"at": after(WEEK), "part": 0}]) == [0.5, 0]
    early = schedule(steps=[{"at": after(DAY), "part": 0}]).steps
    assert [(step.at - NOW, step.part) for step in early] == [(DAY, 0)]


def test_it_starts_now_unless_told_and_today_is_now() -> None:
    assert schedule().starts == NOW
    assert schedule(starts=after(-DAY // 2)).starts == NOW
    later = schedule(starts=after(DAY))
    assert (later.starts, later.steps[0].at) == (NOW + DAY, NOW + DAY)


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ({"ends": None}, "/ends"),
        ({"ends": 5}, "/ends"),
        ({"ends": "soon"}, "/ends"),
        ({"ends": after(0)}, "/ends"),
        ({"ends": after(DAY), "starts": after(2 * DAY)}, "/ends"),
        ({"starts": "2001-01-01"}, "/starts"),
        ({"steps": 0}, "/steps"),
        ({"steps": 53}, "/steps"),
        ({"steps": 2.5}, "/steps"),
        ({"steps": True}, "/steps"),
        ({"steps": "4"}, "/steps"),
        ({"steps": []}, "/steps"),
        ({"steps": [0.9 - i / 100 for i in range(53)]}, "/steps"),
        ({"steps": [0.5, 0.5]}, "/steps/1"),
        ({"steps": [0.5, 0.6]}, "/steps/1"),
        ({"steps": [1]}, "/steps/0"),
        ({"steps": [-0.1]}, "/steps/0"),
        ({"steps": [True]}, "/steps/0"),
        ({"steps": [10**400]}, "/steps/0"),
        ({"steps": [None]}, "/steps/0"),
        ({"steps": [0.5, {"at": after(DAY), "part": 0.1}]}, "/steps/1"),
        ({"steps": [{"at": after(-DAY), "part": 0.1}]}, "/steps/0/at"),
        ({"steps": [{"at": after(2 * WEEK), "part": 0.1}]}, "/steps/0/at"),
        ({"steps": [{"at": after(DAY), "part": 0.2}, {"at": after(DAY), "part": 0.1}]}, "/steps/1/at"),
        ({"steps": [{"part": 0.1}]}, "/steps/0/at"),
        ({"steps": [{"at": after(DAY)}]}, "/steps/0/part"),
    ],
)
def test_what_is_wrong_is_named(raw: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as wrong:
        schedule(**raw)
    assert [problem.pointer for problem in wrong.value.problems] == [pointer]
