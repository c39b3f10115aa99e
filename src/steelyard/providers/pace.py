"""When will so many answers have been given, going by how they have come in?

The answers of a stream are counted in short bins within blocks (hours within days where there are days to go
by). Work comes in bursts and sleeps at night, so an interval that takes answers for independent would be far
too narrow. Here

- how fast time passes for the work, hour by hour of the week, is read off the counts (`_Rhythm`);
- the count in a stretch of u blocks of such time has mean m u and variance a u + b (sum of the squares of the
  stretch's part in each block): `a` is what is independent from bin to bin, `b` what a whole block has in
  common; both are found by the method of moments from the squared residuals of bins and of blocks;
- the rate m is itself only estimated, which adds its variance times u squared;
- the count is taken as gamma distributed, by the cube root of Wilson and Hilferty (PNAS 17, 1931), with
  Student's t in place of the normal, its freedom by Satterthwaite (Biometrics 2, 1946).

The time until n answers is no more than t exactly when the count until t is at least n: that turned around
gives the quantiles. `benchmarks/forecast.py` measures how often the truth lies in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

HOUR = 3600.0
DAY = 24 * HOUR
WEEK_HOURS = 168
WINDOW = 28 * DAY  # what was longer ago says nothing of today
RHYTHM_FROM = 3 * DAY  # from so much history on there are days and nights to see
WEEKLY_FROM = 13 * DAY  # and from so much on weekends
BLOCKS, BINS = 8, 6  # of a history that is shorter
LEAST_ANSWERS = 20
NEVER = 3650 * DAY
LOW, HIGH = 0.1, 0.9  # an 80 % interval


@dataclass(frozen=True)
class History:
    """Answers in bins of one length, oldest first; the last bin ends at `end` (seconds since 1970 UTC)."""

    counts: Sequence[int]
    bin_s: float
    end: float

    @property
    def span(self) -> float:
        return len(self.counts) * self.bin_s


@dataclass(frozen=True)
class Pace:
    """What a history says of a stream: answers a block of working time, and how they scatter.

    `block_s` is how long a block lasts; `weights` is the working time that each hour of the week holds, in
    blocks (empty: time passes evenly); a block begins at the hour `dawn` of the day, where work rests.
    """

    rate: float
    within: float
    between: float
    rate_variance: float
    freedom_within: float
    freedom_between: float
    block_s: float
    weights: tuple[float, ...]
    dawn: int
    seen: int
    span: float

    @property
    def per_day(self) -> float:
        return self.rate * DAY / self.block_s


def history_of(times: Sequence[float], end: float) -> History | None:
    """Bins the moments (seconds, in any order) of a stream's answers up to `end`; hours where they span days.

    None where there are fewer than `LEAST_ANSWERS` within the last four weeks, or all in one moment.
    """
    known = sorted(t for t in times if end - WINDOW < t <= end)
    if len(known) < LEAST_ANSWERS:
        return None
    span = end - known[0]
    if span >= RHYTHM_FROM:  # whole hours of the clock: what is left over at either end is dropped
        end, width = end // HOUR * HOUR, HOUR
        bins = int((end - known[0]) // HOUR)
    else:
        bins, width = BLOCKS * BINS, span / (BLOCKS * BINS)
        if width < 1e-6:
            return None
    counts = [0] * bins
    for t in known:
        if t <= end:
            place = bins - 1 - int((end - t) / width)
            if place >= 0 or width != HOUR:
                counts[max(place, 0)] += 1  # the first answer itself stands on the very edge
    return History(counts, width, end)


def pace_of(history: History) -> Pace | None:
    """What the history says, or None where it says too little."""
    counts, bins = history.counts, len(history.counts)
    total = sum(counts)
    if total < LEAST_ANSWERS or bins < BLOCKS:
        return None
    if history.bin_s == HOUR and history.span >= RHYTHM_FROM:
        first = int(history.end // HOUR) - bins
        rhythm = _rhythm(counts, first)
        working = [rhythm.weights[(first + i) % WEEK_HOURS] for i in range(bins)]
        block = [(first + i - rhythm.dawn) // 24 for i in range(bins)]
        cells, days_read = rhythm.cells, rhythm.days_read
        block_s, weights, dawn = DAY, rhythm.weights, rhythm.dawn
    else:
        size = bins / BLOCKS
        working, block = [1 / size] * bins, [int(i / size) for i in range(bins)]
        cells, days_read, block_s, weights, dawn = 1, 0, size * history.bin_s, (), 0
    worked = math.fsum(working)
    rate = total / worked
    residual = [c - rate * w for c, w in zip(counts, working, strict=True)]
    sums: dict[int, list[float]] = {}
    for place, off, part in zip(block, residual, working, strict=True):
        both = sums.setdefault(place, [0.0, 0.0])
        both[0] += off
        both[1] += part
    free_bins = max(1.0, bins - cells)
    free_blocks = max(1.0, len(sums) - 1 - days_read)
    bins_square = math.fsum(r * r for r in residual) * bins / free_bins
    blocks_square = math.fsum(r * r for r, _ in sums.values()) * len(sums) / free_blocks
    squares_bin = math.fsum(w * w for w in working)
    squares_block = math.fsum(w * w for _, w in sums.values())
    # In the mean bins_square is a worked + b squares_bin, and blocks_square a worked + b squares_block.
    between = max(0.0, (blocks_square - bins_square) / max(squares_block - squares_bin, 1e-12))
    if not weights:  # blocks of no natural length may hang together
        between *= 1 + 2 * max(0.0, _next_to_next([r for r, _ in sums.values()]))
    within = max(rate, (bins_square - between * squares_bin) / worked)
    # What few blocks have in common is easily taken for rhythm: by trial, so much more covers it.
    few = 1 + (2 if weights else 3) / len(sums)
    within, between = within * few, between * few
    return Pace(
        rate=rate,
        within=within,
        between=between,
        rate_variance=(within * worked + between * squares_block) / worked**2,
        freedom_within=free_bins,
        freedom_between=free_blocks,
        block_s=block_s,
        weights=weights,
        dawn=dawn,
        seen=total,
        span=history.span,
    )


def _next_to_next(residual: Sequence[float]) -> float:
    """The correlation of neighbours, corrected for the mean that was taken out."""
    square = math.fsum(r * r for r in residual)
    if square <= 0:
        return 0.0
    return math.fsum(a * b for a, b in pairwise(residual)) / square + 1 / len(residual)


@dataclass(frozen=True)
class _Rhythm:
    """The working time in each hour of the week (0 is the hour in which 1970 began), in days; `cells` and
    `days_read`: how many figures, and how many of days, were read off the counts for it."""

    weights: tuple[float, ...]
    dawn: int
    cells: float
    days_read: float


def _rhythm(counts: Sequence[int], first: int) -> _Rhythm:
    """An hour of the day's part, times that of a day of the week where there is enough to see one; each is
    drawn towards evenness as far as chance alone would have spread them."""
    by_hour: list[list[float]] = [[] for _ in range(24)]
    for i, count in enumerate(counts):
        by_hour[(first + i) % 24].append(count)
    hours = _shrunk(by_hour)
    total = math.fsum(hours.parts)
    part = [h / total for h in hours.parts]
    quiet = [math.fsum(part[(h + k) % 24] for k in range(-2, 2)) for h in range(24)]
    dawn = min(range(24), key=quiet.__getitem__) if min(quiet) < 0.5 * max(quiet) else 0
    days = _Shrunk([1.0] * 7, 0.0)
    if len(counts) * HOUR >= WEEKLY_FROM:
        by_day: list[list[float]] = [[] for _ in range(7)]
        for day, (count, even) in enumerate(_by_day(counts, first, part)):
            if even > 0.5:  # not the few hours at either end
                by_day[(first // 24 + day) % 7].append(count / even)
        if all(by_day):
            days = _shrunk(by_day)
    mean = math.fsum(days.parts) / 7
    weights = tuple(part[hour % 24] * days.parts[hour // 24 % 7] / mean for hour in range(WEEK_HOURS))
    return _Rhythm(weights, dawn, 24 * hours.kept + 6 * days.kept, 6 * days.kept)


def _by_day(counts: Sequence[int], first: int, part: Sequence[float]) -> list[tuple[float, float]]:
    """For each day of the calendar its count, and what part of a day's work its hours hold."""
    found: list[tuple[float, float]] = []
    for i, count in enumerate(counts):
        if i == 0 or (first + i) % 24 == 0:
            found.append((0.0, 0.0))
        found[-1] = (found[-1][0] + count, found[-1][1] + part[(first + i) % 24])
    return found


@dataclass(frozen=True)
class _Shrunk:
    parts: list[float]
    kept: float


def _shrunk(groups: Sequence[Sequence[float]]) -> _Shrunk:
    """The means of groups, drawn towards their own mean by the part of their spread that is chance's."""
    means = [math.fsum(g) / len(g) for g in groups]
    middle = math.fsum(means) / len(means)
    spread = math.fsum((m - middle) ** 2 for m in means) / (len(means) - 1)
    free = sum(len(g) for g in groups) - len(groups)
    scatter = math.fsum((x - m) ** 2 for g, m in zip(groups, means, strict=True) for x in g) / max(free, 1)
    chance = scatter * math.fsum(1 / len(g) for g in groups) / len(groups)
    kept = max(0.0, 1 - chance / spread) if spread > 0 and free > 0 else 0.0
    floor = 0.01 * middle  # an hour in which nobody has worked yet is not one in which nobody can
    return _Shrunk([max(floor, middle + kept * (m - middle)) for m in means], kept)


class _Ahead:
    """Working time from `now` on: how many blocks of it lie in so many seconds, and the sum of the squares of
    their parts in each block. Weeks are alike, so one is walked through, hour by hour."""

    def __init__(self, pace: Pace, now: float) -> None:
        self.pace, self.hour = pace, math.floor(now / HOUR)
        self.into = now / HOUR - self.hour
        u = squares = part = 0.0
        self._at: list[
            tuple[float, float, float]
        ] = []  # at each hour: blocks, squares of those past, in this
        for hour in range(self.hour, self.hour + WEEK_HOURS + 1) if pace.weights else ():
            if (hour - pace.dawn) % 24 == 0 and self._at:
                squares, part = squares + part**2, 0.0
            self._at.append((u, squares, part))
            u, part = u + pace.weights[hour % WEEK_HOURS], part + pace.weights[hour % WEEK_HOURS]

    def until(self, seconds: float) -> tuple[float, float]:
        if not self._at:
            u = seconds / self.pace.block_s
            return u, math.floor(u) + (u - math.floor(u)) ** 2
        u, squares = self._before(self.into + seconds / HOUR)
        gone, gone_squares = self._before(self.into)
        return u - gone, max(squares - gone_squares, 0.0)

    def _before(self, hours: float) -> tuple[float, float]:
        """From the beginning of the hour that `now` lies in."""
        weeks, rest = divmod(hours, WEEK_HOURS)
        whole = int(rest)
        u, squares, part = self._at[whole]
        here = self.pace.weights[(self.hour + whole) % WEEK_HOURS] * (rest - whole)
        of_week = self._at[WEEK_HOURS]
        week, week_squares = of_week[0], of_week[1] + of_week[2] ** 2
        return weeks * week + u + here, weeks * week_squares + squares + (part + here) ** 2


def _chance_done(ahead: _Ahead, n: float, seconds: float) -> float:
    """Probability that `n` answers have come in after so many seconds."""
    pace = ahead.pace
    if n <= 0:
        return 1.0
    u, squares = ahead.until(seconds)
    mean = pace.rate * u
    if mean <= 0:
        return 0.0
    own, common, learned = pace.within * u, pace.between * squares, pace.rate_variance * u**2
    shape = mean**2 / (own + common + learned)
    z = ((max(n - 0.5, 0.0) / mean) ** (1 / 3) - (1 - 1 / (9 * shape))) * 3 * math.sqrt(shape)
    by_blocks = common + learned * pace.between / (pace.between + pace.within)
    part = by_blocks / (own + common + learned)
    freedom = 1 / ((1 - part) ** 2 / pace.freedom_within + part**2 / pace.freedom_between)
    return 1 - _student(z, max(freedom, 2.0))


def days_until(streams: Sequence[tuple[Pace, float]], now: float) -> dict[str, float] | None:
    """When every stream has given its n answers: the median and the 80 % interval, in days from `now`.

    None where even ten years are not surely enough: the rate is too uneven to say anything.
    """

    ahead = [(_Ahead(pace, now), n) for pace, n in streams]

    def done(seconds: float) -> float:
        return math.prod(_chance_done(way, n, seconds) for way, n in ahead)

    if all(n <= 0 for _, n in streams):
        return {"value": 0.0, "low": 0.0, "high": 0.0}
    if done(NEVER) < HIGH:
        return None
    found = {name: _first(done, p) / DAY for name, p in (("low", LOW), ("value", 0.5), ("high", HIGH))}
    return {"value": found["value"], "low": found["low"], "high": found["high"]}


def _first(done: Callable[[float], float], p: float) -> float:
    """The earliest moment at which `done` reaches p, to a thousandth of itself."""
    high = 1.0
    while done(high) < p:
        high *= 2
    low = high / 2 if high > 1 else 0.0
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if done(middle) >= p else (middle, high)
    return high


def _student(t: float, freedom: float) -> float:
    """Student's distribution function, by the normal approximation 26.7.8 of Abramowitz and Stegun."""
    z = t * (1 - 1 / (4 * freedom)) / math.sqrt(1 + t * t / (2 * freedom))
    return 0.5 * math.erfc(-z / math.sqrt(2))
