"""By which steps does a provider's share decline, and to which date?

The parts fall strictly, the first step is not before the start, and the last one is to nothing at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.domain.errors import Invalid, Problem, invalid
from steelyard.domain.times import SECOND, parse_time
from steelyard.work.phase_out import Step

MOST = 52
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY


@dataclass(frozen=True)
class Schedule:
    starts: int
    ends: int
    steps: tuple[Step, ...]


def parse_schedule(raw: Mapping[str, Any], now: int) -> Schedule:
    """From `ends` and, where given, `starts` (dates or times) and `steps`: how many, or their parts
    [0.75, 0.5], or [{at, part}]. Raises `Invalid` naming the field.

    A date is its beginning in UTC; a start of today is now. Steps are a week long unless told, a day where
    the whole time is shorter than two weeks, then an hour, then a minute.
    """
    starts = now if raw.get("starts") is None else parse_time(raw["starts"], "/starts")
    if starts < now - DAY:
        raise invalid("/starts", "range", "is past")
    starts = max(starts, now)
    if raw.get("ends") is None:
        raise invalid(
            "/ends", "missing", "says when the phase-out ends and the exit begins: a date or a time"
        )
    ends = parse_time(raw["ends"], "/ends")
    if ends <= starts:
        raise invalid("/ends", "range", "must come after the start")
    steps = raw.get("steps")
    if steps is None:
        return Schedule(starts, ends, _evenly(starts, ends, _falling(_usual(ends - starts))))
    if isinstance(steps, list):
        return Schedule(starts, ends, _given(steps, starts, ends))
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST:
        raise invalid("/steps", "range", f"must be a whole number from 1 to {MOST}, or a list of parts")
    return Schedule(starts, ends, _evenly(starts, ends, _falling(steps)))


def _usual(length: int) -> int:
    length += length // 100  # four weeks less the moment that an order takes are four weeks
    unit = next((unit for unit in (WEEK, DAY, HOUR, MINUTE) if length >= 2 * unit), MINUTE)
    return max(2, min(MOST, length // unit + 1))


def _falling(count: int) -> list[float]:
    """So many parts on a line from near 1 down to 0."""
    return [round((count - 1 - i) / count, 6) for i in range(count)]


def _evenly(starts: int, ends: int, parts: list[float]) -> tuple[Step, ...]:
    """The first at the start, the last at the end; a single one is at the end."""
    between = len(parts) - 1
    return tuple(
        Step(starts + (ends - starts) * i // between if between else ends, part)
        for i, part in enumerate(parts)
    )


def _given(items: list[Any], starts: int, ends: int) -> tuple[Step, ...]:
    if not 1 <= len(items) <= MOST:
        raise invalid("/steps", "range", f"must be from 1 to {MOST} steps")
    dated = isinstance(items[0], Mapping)
    problems: list[Problem] = []
    parts: list[float] = []
    moments: list[int] = []
    for i, item in enumerate(items):
        here = f"/steps/{i}"
        if isinstance(item, Mapping) != dated:
            problems.append(Problem(here, "type", "must be of one kind: all numbers, or all {at, part}"))
            continue
        part = item.get("part") if dated else item
        where = f"{here}/part" if dated else here
        value = round(float(part), 6) if _is_part(part) else 1.0
        if value >= (parts[-1] if parts else 1.0):
            below = f"the {parts[-1]:g} before it" if parts else "1"
            problems.append(Problem(where, "range", f"must be a number from 0 to below {below}"))
        else:
            parts.append(value)
        if dated:
            try:
                moment = parse_time(item.get("at"), f"{here}/at")
            except Invalid as wrong:
                problems += wrong.problems
                continue
            if not (moments[-1] < moment if moments else starts <= moment) or moment > ends:
                message = "must come after the step before, not before the start and not after the end"
                problems.append(Problem(f"{here}/at", "range", message))
            moments.append(moment)
    if problems:
        raise Invalid(problems)
    if not dated:
        return _evenly(starts, ends, parts if parts[-1] == 0 else [*parts, 0.0])
    steps = [Step(at, part) for at, part in zip(moments, parts, strict=True) if at < ends]
    return (*steps, Step(ends, 0.0)) if not steps or steps[-1].part > 0 else tuple(steps)


def _is_part(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1
