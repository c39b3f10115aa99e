"""Which plots does a lead look at, and which numbers stand under each?

Each figure is made from the report's JSON, so that the plot and the file cannot say different things.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.plots import (
    Axis,
    Line,
    Mark,
    Point,
    Row,
    axis_from_zero,
    axis_of_shares,
    interval_rows,
    lines,
    scatter,
)  # fmt: skip
from demo.stake import Moment

Said = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """A plot with a title that says what to see, a sentence below it, and its numbers."""

    title: str
    below: str
    drawing: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def all_figures(said: Said, timeline: Sequence[Mapping[str, Any]], moment: Moment) -> list[Figure]:
    return [
        accuracy(said),
        comparison(said),
        over_time(said, timeline, moment),
        cost(said),
        reliability(said),
        words(said),
    ]


def accuracy(said: Said) -> Figure:
    """Each provider's accuracy, three ways."""
    kinds = (("gold", "full"), ("inferred", "grey"), ("truth", "hollow"))
    found = [
        (p, {"gold": _gold(p), "inferred": p["inferred"], "truth": p["truth"]}) for p in said["providers"]
    ]
    rows = [
        Row(
            p["name"],
            [
                _mark(ways[kind], look, "true" if kind == "truth" else kind)
                for kind, look in kinds
                if ways[kind]
            ],
            struck=p["name"] == said["exit"]["provider"],
        )
        for p, ways in found
    ]
    lowest = min(m.low for row in rows for m in row.marks if m.low is not None)
    return Figure(
        "What is each provider worth?",
        "Accuracy against gold and as inferred from overlap, both known to the engine; and against the truth that "
        "was kept aside. Lines are 95 % intervals.",
        interval_rows(rows, axis_of_shares(lowest, "accuracy"), "Accuracy of each provider with intervals"),
        ("provider", "gold", "n", "inferred", "n", "true", "n"),
        [
            (p["name"], *_cells(ways["gold"]), *_cells(ways["inferred"]), *_cells(ways["truth"]))
            for p, ways in found
        ],
    )


def comparison(said: Said) -> Figure:
    """Consensus, majority and each provider alone, with and without the one that left."""
    without = f"without {said['exit']['provider']}"
    both = said["intervals"]
    rows = [
        Row(
            name,
            [
                _mark(both["with"][name], "full", "everybody"),
                _mark(both["without"][name], "amber", "without"),
            ],
        )
        for name in ("consensus", "majority")
    ]
    alone = sorted((p for p in said["providers"] if p["truth"]), key=lambda p: -p["truth"]["value"])
    rows += [
        Row(p["name"], [_mark(p["truth"], "hollow", "alone")], struck=p["name"] == said["exit"]["provider"])
        for p in alone
    ]
    lowest = min(m.low for row in rows for m in row.marks if m.low is not None)
    return Figure(
        "What are the answers worth together?",
        f"Accuracy against the truth kept aside: of the release with everybody, of the one {without} (amber), and of "
        "each provider alone on the tasks that it answered. Lines are 95 % intervals.",
        interval_rows(
            rows, axis_of_shares(lowest, "accuracy against the truth"), "Consensus against the rest"
        ),
        ("", "with everybody", "n", without, "n"),
        [(n, *_cells(both["with"][n]), *_cells(both["without"][n])) for n in ("consensus", "majority")]
        + [(f"{p['name']} alone", *_cells(p["truth"]), "", "") for p in alone],
    )


def over_time(said: Said, timeline: Sequence[Mapping[str, Any]], moment: Moment) -> Figure:
    """Judgments so far, by provider, with the moment of the stake."""
    names = {p["name"].lower(): p["name"] for p in said["providers"]}
    work = sorted((j for j in timeline if not j["gold"]), key=lambda j: j["at"])
    begin = work[0]["at"]
    times: dict[str, list[float]] = defaultdict(list)
    for judgment in work:
        times[judgment["provider"]].append((judgment["at"] - begin).total_seconds())
    end = (work[-1]["at"] - begin).total_seconds()
    stake = min(max((moment.at - begin).total_seconds(), 0.0), end)
    drawn = [
        Line(
            f"{names[slug]} {len(at):,}",
            _thin([(0.0, 0.0), *((t, n + 1.0) for n, t in enumerate(at)), (end, float(len(at)))]),
            "amber" if names[slug] == said["exit"]["provider"] else "grey",
        )
        for slug, at in sorted(times.items(), key=lambda item: -len(item[1]))
    ]
    before = {slug: sum(t <= stake for t in at) for slug, at in times.items()}
    return Figure(
        "When did it stop, and who took over?",
        f"Judgments so far. At judgment {said['exit']['at_judgment']:,} {said['exit']['organisation']} took "
        f"{said['exit']['stake']:.0%} of {said['exit']['provider']}; it was stopped in the same transaction.",
        lines(
            drawn,
            axis_from_zero(end, "{:.0f}", "seconds since the first answer"),
            axis_from_zero(max(len(at) for at in times.values()), "{:,.0f}", "judgments"),
            "Judgments over time by provider",
            (stake, "the stake"),
        ),
        ("provider", "up to the stake", "after it", "in all"),
        [
            (names[slug], f"{before[slug]:,}", f"{len(at) - before[slug]:,}", f"{len(at):,}")
            for slug, at in sorted(times.items())
        ],
    )


def cost(said: Said) -> Figure:
    """What a correct answer costs, against accuracy."""
    priced = [p for p in said["providers"] if p["cost_per_correct"] is not None and p["accuracy"] is not None]
    dearest = max(p["cost_per_correct"] for p in priced)
    points = [
        Point(
            p["cost_per_correct"], p["accuracy"], f"{p['name']}\n{p['cost_per_correct']:.4f}", p["low"], p["high"],
            "amber" if p["name"] == said["exit"]["provider"] else "full",
            "above",
        )
        for p in priced
    ]  # fmt: skip
    return Figure(
        "What does a correct answer cost?",
        "The price of a judgment by the share of correct ones, against accuracy on gold (95 % intervals).",
        scatter(
            points,
            axis_from_zero(1.1 * dearest, "{:.2f}", "USD for a correct answer"),
            Axis(
                axis_of_shares(min(p["low"] for p in priced), "").low, 1.06, 0.1, "{:.1f}", "accuracy on gold"
            ),
            "Cost of a correct answer against accuracy",
        ),
        ("provider", "price", "a correct answer costs", "accuracy on gold", "n"),
        [(p["name"], f"{p['price']:.3f}", f"{p['cost_per_correct']:.4f}", *_cells(_gold(p))) for p in priced],
    )


def reliability(said: Said) -> Figure:
    """Whether the consensus is right as often as it says."""
    found = said["reliability"]["with"]
    bins = found["bins"]
    points = [Point(b["stated"], b["value"], f"{b['n']:,}", b["low"], b["high"], "full") for b in bins]
    shares = axis_of_shares(min(*(b["low"] for b in bins), *(b["stated"] for b in bins)), "")
    return Figure(
        "Is a confidence of 0.9 right nine times in ten?",
        "Stated confidence of the consensus, in bins, against how often it was right; the number beside a dot is "
        f"how many tasks. On average the two are {found['mean_error']:.3f} apart.",
        scatter(
            points,
            Axis(shares.low, 1.0, 0.1, "{:.1f}", "stated confidence"),
            Axis(shares.low, 1.0, 0.1, "{:.1f}", "share that is right"),
            "Reliability of the stated confidence",
            diagonal=True,
        ),
        ("confidence", "stated on average", "right", "n"),
        [(f"{b['from']:.2f} to {b['to']:.2f}", f"{b['stated']:.3f}", *_cells(b)) for b in bins],
    )


def words(said: Said) -> Figure:
    """Merged ratings of words against the means that the lexicon prints."""
    found = said["lexicon"]
    alpha = found["alpha"]
    points = [
        Point(level["merged"], level["mean"], f"{level['n']:,}", level["low"], level["high"], "full")
        for level in found["levels"]
    ]
    scale = Axis(-4.5, 4.5, 1, "{:.0f}", "merged rating")
    return Figure(
        "Does a shipment without names merge to what its authors printed?",
        f"{found['entries']:,} words, ten ratings each. Agreement (Krippendorff's alpha, {alpha['level']}) is "
        f"{alpha['value']:.3f} [{alpha['low']:.3f}, {alpha['high']:.3f}]. A dot is the mean of the printed means, "
        "its line reaches from the tenth to the ninetieth percentile, the number is how many words.",
        scatter(
            points,
            scale,
            Axis(-4.5, 4.5, 1, "{:.0f}", "printed mean"),
            "Merged and printed ratings",
            diagonal=True,
        ),
        ("merged", "printed, on average", "10 % to 90 %", "n"),
        [
            (f"{v['merged']}", f"{v['mean']:.2f}", f"{v['low']:.1f} to {v['high']:.1f}", f"{v['n']:,}")
            for v in found["levels"]
        ],
    )


def _gold(provider: Said) -> Said:
    return {"value": provider["accuracy"], **{key: provider[key] for key in ("low", "high", "n")}}


def _mark(found: Said, look: str, name: str) -> Mark:
    if found["value"] is None:
        return Mark(None, None, None, look, f"{name}: none")
    note = f"{found['value']:.3f} {name}, n={found['n']:,}"
    return Mark(found["value"], found["low"], found["high"], look, note)


def _cells(found: Said | None) -> tuple[str, str]:
    if found is None or found["value"] is None:
        return "", "0"
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]", f"{found['n']:,}"


def _thin(points: list[tuple[float, float]], most: int = 240) -> list[tuple[float, float]]:
    """At most so many points, the first and the last among them."""
    if len(points) <= most:
        return points
    step = (len(points) - 1) / (most - 1)
    return [points[round(i * step)] for i in range(most)]
