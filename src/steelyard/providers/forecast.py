"""How much money and how many days does it take to have answers given again, and by whom?

At the prices and the speeds of today. What cannot be known is null and says why; nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from steelyard.domain.money import format_money
from steelyard.domain.times import SECOND
from steelyard.providers.pace import (
    HOUR,
    LEAST_ANSWERS,
    WINDOW,
    History,
    Pace,
    days_until,
    history_of,
    pace_of,
)
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.tally import by_provider, progress

AT_ONCE = 2_000  # the moments of so many answers are looked at; of more the figures keep how many when
STALE = 3600 * SECOND  # answers have come in since, and what is kept is not gone by
BY_SHIPMENT = "shipment"  # providers of this kind take nothing from the queue

Part = tuple[int, float]  # a provider's row key and its part of the work


@dataclass(frozen=True)
class Speeds:
    """When the providers of a project have answered of late, up to `end`: moments in seconds, or what a job has
    kept, counts in bins of `bin_s` seconds."""

    end: float
    moments: Mapping[int, Sequence[float]] = field(default_factory=dict)
    bin_s: float = 0.0
    binned: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def answers(self, provider_id: int) -> int:
        return len(self.moments.get(provider_id, ())) or sum(self.binned.get(provider_id, ()))

    def pace(self, providers: Collection[int]) -> Pace | None:
        """How these answer, taken together."""
        if self.binned:
            counts = [self.binned[p] for p in providers if p in self.binned]
            history = self._from_first([sum(each) for each in zip(*counts, strict=True)])
        else:
            history = history_of([m for p in providers for m in self.moments.get(p, ())], self.end)
        return None if history is None else pace_of(history)

    def _from_first(self, counts: list[int]) -> History | None:
        """From their own first answer on, where bins are hours of the clock."""
        first = next((place for place, count in enumerate(counts) if count), None)
        if first is None:
            return None
        return History(counts[first:] if self.bin_s == HOUR else counts, self.bin_s, self.end)


_latest = (
    sa.select(t.judgment)
    .where(t.judgment.c.project_id == sa.bindparam("project"), t.judgment.c.at > sa.bindparam("since"))
    .order_by(t.judgment.c.at.desc())
    .limit(sa.bindparam("most"))
    .subquery("latest")
)
_MOMENTS = sa.select(_latest.c.provider_id, _latest.c.at).where(
    _latest.c.gold == sa.false(), _latest.c.shipment_id.is_(None), _latest.c.supersedes.is_(None)
)
_KEPT = sa.select(t.dependence.c.found, t.dependence.c.at).where(
    t.dependence.c.project_id == sa.bindparam("project")
)
_LAST = sa.select(sa.func.max(t.judgment.c.at)).where(t.judgment.c.project_id == sa.bindparam("project"))


def speeds(tx: Transaction, project_id: int) -> Speeds:
    """How fast a project's providers have answered in the last four weeks: as the moments of their answers say,
    or of a large project as its figures do; where these are of long ago, as its latest answers do.

    While tasks are open silence counts as slowness; where none are, time ends with the last answer.
    """
    sums = progress(tx, project_id)
    if sums.judgments > AT_ONCE:
        kept = _as_kept(tx, project_id, sums.open > 0)
        if kept is not None:
            return kept
    now, moments = tx.now / SECOND, {}
    given = {"project": project_id, "since": tx.now - round(WINDOW * SECOND), "most": 2 * AT_ONCE}
    for row in tx.execute(_MOMENTS, given):
        moments.setdefault(row.provider_id, []).append(row.at / SECOND)
    last = max((max(m) for m in moments.values()), default=now)
    return Speeds(now if sums.open else min(last, now), moments)


def _as_kept(tx: Transaction, project_id: int, waiting: bool) -> Speeds | None:
    """What the figures keep, with the silence since; None where too much has come in since to go by it."""
    known = tx.memo.get("figures", {}).get(project_id) or tx.row(_KEPT, {"project": project_id})
    speed = None if known is None else known.found.get("speed")
    if known is None or speed is None:
        return None
    end, width = speed["end"], speed["bin_s"]
    counts = {int(p): c for p, c in speed["counts"].items()}
    if (tx.scalar(_LAST, {"project": project_id}) or 0) > known.at:
        return Speeds(end, {}, width, counts) if tx.now - known.at < STALE else None
    silence = max(0, int((tx.now / SECOND - end) // width)) if waiting else 0
    if silence and width != HOUR:  # the bins are parts of a span that is longer by now
        return None if silence > 1 else Speeds(end, {}, width, counts)
    bins = int(WINDOW // HOUR)
    longer = {p: [*c, *[0] * min(silence, bins)][-bins:] for p, c in counts.items()}
    return Speeds(end + silence * width, {}, width, longer)


def able(tx: Transaction, project_id: int, without: Collection[int] = ()) -> list[int]:
    """Row keys of the providers that may be shown the project's tasks now and take them from the queue; of an
    archived project, those that might once it is restored."""
    here, kinds = standing.standing(tx), _kinds(tx)
    demand = standing.terms_of(tx, project_id).demand
    return [
        p
        for p in sorted(here.providers)
        if p not in without and kinds.get(p) != BY_SHIPMENT and here.verdict(p, demand).allowed
    ]


def as_they_work(tx: Transaction, project_id: int, without: Collection[int] = ()) -> list[Part]:
    """The able providers of a project with their parts of its recent work, else of all its work; where none
    of them has ever answered here, those that may, in equal parts."""
    may = able(tx, project_id, without)
    recent = speeds_of(tx, project_id)
    weight = {p: recent.answers(p) for p in may}
    if not any(weight.values()):
        sums = {s.provider_id: s.judgments for s in by_provider(tx, project_id)}
        weight = {p: sums.get(p, 0) for p in may}
    if not any(weight.values()):
        weight = dict.fromkeys(may, 1)
    total = sum(weight.values())
    return [(p, n / total) for p, n in weight.items() if n]


def replacement(
    tx: Transaction,
    answers: Mapping[int, int],
    mix: Sequence[Part] | None = None,
    *,
    extra: Mapping[int, int] | None = None,
    without: Collection[int] = (),
) -> dict[str, Any]:
    """What it takes to have these answers given again.

    `answers`: how many by project (row keys). `mix`: providers (row keys) with their parts of the work; a
    provider that may not do a project's work leaves its part to the others of the mix. None: as those who may
    do the work share it now, `without` some; then whoever is free takes the next task. `extra`: how many more
    a project may need, since confidence falls short of its target; they count in the high cost only.

    Returns `answers`, `extra`, `stranded` (of the answers those that nobody of the mix may give), `cost`
    {value, low, high} as decimal strings (low and high: all by the cheapest, all by the dearest with the extra
    answers), `days` {value, low, high} (median and 80 % interval) or null, `date`, `because` (why days cannot
    be said), and `per_day`: at which speed.
    """
    price = prices(tx)
    value = low = high = 0.0
    stranded = 0
    streams: list[tuple[Pace, float]] = []
    unknown: list[str] = []
    for project_id, n in sorted(answers.items()):
        more = (extra or {}).get(project_id, 0)
        if n + more <= 0:
            continue
        parts = as_they_work(tx, project_id, without) if mix is None else _within(tx, project_id, mix)
        if not parts:
            stranded += n
            continue
        value += n * math.fsum(part * price[p] for p, part in parts)
        low += n * min(price[p] for p, _ in parts)
        high += (n + more) * max(price[p] for p, _ in parts)
        found = speeds_of(tx, project_id)
        groups = [([p for p, _ in parts], 1.0)] if mix is None else [([p], part) for p, part in parts]
        for providers, part in groups:
            if n * part <= 0:
                continue
            pace = found.pace(providers)
            if pace is None:
                unknown += [_name(tx, p) for p in providers]
            else:
                streams.append((pace, n * part))
    result: dict[str, Any] = {
        "answers": sum(answers.values()),
        "extra": sum((extra or {}).values()),
        "stranded": stranded,
        "cost": {
            "value": format_money(round(value)),
            "low": format_money(round(min(low, value))),
            "high": format_money(round(max(high, value))),
        },
        "days": None,
        "date": None,
        "because": None,
        "per_day": None,
    }
    if stranded:
        result["because"] = (
            "nobody else may do this work" if mix is None else "none of these may do this work"
        )
        return result
    if unknown:
        who = ", ".join(sorted(set(unknown)))
        result["because"] = f"fewer than {LEAST_ANSWERS} answers in the last four weeks to go by: {who}"
        return result
    days = days_until(streams, tx.now / SECOND)
    if days is None:
        result["because"] = "the answers come in too unevenly to say"
        return result
    result["days"] = {name: round(figure, 4) for name, figure in days.items()}
    moment = datetime.fromtimestamp(tx.now / SECOND, UTC) + timedelta(days=days["value"])
    result["date"] = moment.date().isoformat()
    result["per_day"] = round(math.fsum(pace.per_day for pace, _ in streams), 1)
    return result


def speeds_of(tx: Transaction, project_id: int) -> Speeds:
    """`speeds`, once a transaction."""
    known = tx.memo.setdefault("speeds", {})
    if project_id not in known:
        known[project_id] = speeds(tx, project_id)
    return known[project_id]


def _within(tx: Transaction, project_id: int, mix: Sequence[Part]) -> list[Part]:
    may = set(able(tx, project_id))
    parts = [(p, part) for p, part in mix if p in may and part > 0]
    total = math.fsum(part for _, part in parts)
    return [(p, part / total) for p, part in parts]


def prices(tx: Transaction) -> dict[int, int]:
    """Price of an answer by provider (row key), in millionths."""
    return {p.id: p.price for p in _providers(tx).values()}


def _kinds(tx: Transaction) -> dict[int, str]:
    return {p.id: p.kind for p in _providers(tx).values()}


def _name(tx: Transaction, provider_id: int) -> str:
    return _providers(tx)[provider_id].name


def _providers(tx: Transaction) -> dict[int, sa.Row]:
    known = tx.memo.get("providers")
    if known is None:
        columns = (t.provider.c.id, t.provider.c.name, t.provider.c.kind, t.provider.c.price)
        known = tx.memo["providers"] = {row.id: row for row in tx.rows(sa.select(*columns))}
    return known
