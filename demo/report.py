"""What does the run leave behind? `report.json`, whose keys stay what they are, and `report.html` with the plots.

Both are written from one record of what was found; neither asks the server for anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import figures, page
from demo.place import Place
from demo.providers import BOUGHT_INTO, MODELS, RIVAL, STAKE
from demo.stake import Moment
from steelyard import __version__


@dataclass(frozen=True)
class Found:
    """All that a run found. `cards`: scorecards by slug; `weighed`: the release with everybody, then the one
    without; `timeline`: every answer's provider and time; `sent`, `scored`: tasks, and those with a truth that
    was kept aside; `drill`: what leaving the provider for good took on a copy."""

    seed: int
    moment: Moment
    cards: Mapping[str, Mapping[str, Any]]
    weighed: Sequence[Mapping[str, Any]]
    releases: Sequence[Mapping[str, Any]]
    words: Mapping[str, Any]
    timeline: Sequence[Mapping[str, Any]]
    sent: int
    scored: int
    drill: Mapping[str, Any]
    timing: Mapping[str, float]


def summary(found: Found) -> dict[str, Any]:
    """The report as JSON. Paths are relative to the folder in which .steelyard-demo stands."""
    whole, less = found.weighed
    moment = found.moment
    return {
        "providers": [_provider(p.name, p.slug, p.price, found) for p in MODELS],
        "score": _score(whole),
        "exit": {
            "provider": BOUGHT_INTO.name,
            "at_judgment": moment.at_judgment,
            "recalled": moment.recalled,
            "exposed": moment.exposed,
            "dependent": moment.hangs["tasks_answered"],
            "organisation": RIVAL,
            "stake": STAKE,
            "because": moment.because,
            "share": moment.hangs["share"],
            "only_provider_tasks": moment.hangs["only_provider_tasks"],
            "next_claim": moment.next_claim,
            "late_answer": moment.refused,
        },
        "releases": [dict(release) for release in found.releases],
        "score_without": _score(less),
        "intervals": {
            name: {key: weighed[key] for key in ("consensus", "majority")}
            for name, weighed in (("with", whole), ("without", less))
        },
        "reliability": {
            "with": {"bins": whole["reliability"], "mean_error": whole["calibration_error"]},
            "without": {"bins": less["reliability"], "mean_error": less["calibration_error"]},
        },
        "lexicon": dict(found.words),
        "drill": dict(found.drill),
        "tasks": {"sent": found.sent, "scored": found.scored},
        "timing": {name: round(seconds, 1) for name, seconds in found.timing.items()},
        "seed": found.seed,
        "version": __version__,
    }


def _provider(name: str, slug: str, price: str, found: Found) -> dict[str, Any]:
    card = found.cards[slug]
    gold = card["gold"] or {"value": None, "low": None, "high": None, "n": 0}
    cost = card["cost_per_correct"]
    return {
        "name": name,
        "price": float(price),
        "accuracy": gold["value"],
        "low": gold["low"],
        "high": gold["high"],
        "n": gold["n"],
        "cost_per_correct": None if cost is None else float(cost),
        "judgments": card["judgments"],
        "inferred": card["inferred"],
        "truth": found.weighed[0]["providers"].get(slug),
    }


def _score(weighed: Mapping[str, Any]) -> dict[str, Any]:
    alone = weighed["providers"]
    best = max(alone, key=lambda slug: alone[slug]["value"])
    return {
        "consensus": weighed["consensus"]["value"],
        "majority": weighed["majority"]["value"],
        "best_provider": alone[best]["value"],
        "best_provider_is": best,
    }


def write(place: Place, found: Found) -> None:
    """Writes both files, each whole or not at all."""
    said = summary(found)
    _whole(place.folder / "report.json", json.dumps(said, indent=2, allow_nan=False) + "\n")
    _whole(
        place.folder / "report.html",
        page.render(said, figures.all_figures(said, found.timeline, found.moment)),
    )


def _whole(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
