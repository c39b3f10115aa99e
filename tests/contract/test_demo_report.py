"""Does the demo's report say what was found, in the keys that others read, on a page that fetches nothing?"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo import place, plots, report, score
from demo.providers import BOUGHT_INTO, MODELS
from demo.stake import Moment

TRUTH = {"a": "1", "b": "2", "c": "3", "d": "4"}
ANSWERS = [
    *(score.Answer(task, "alderbrook", label) for task, label in TRUTH.items()),
    *(score.Answer(task, "birkmoor", "1") for task in "abc"),
    *(score.Answer(task, "dunmere", "1") for task in "ab"),
]
VALUES = [
    score.Value("a", "1", 0.95, ("alderbrook",)),
    score.Value("b", "1", 0.55, ("alderbrook",)),
    score.Value("c", "3", 0.92, ("alderbrook",)),
    score.Value("unknown", "3", 0.99, ("alderbrook",)),
]
BEGIN = datetime(2030, 1, 1, tzinfo=UTC)


def card(right: int, n: int) -> dict:
    found = score.interval(right, n)
    return {"gold": found, "inferred": found, "judgments": n, "cost_per_correct": "0.0125"}


def weighed() -> dict:
    bins = score.reliability(VALUES, TRUTH)
    return {
        "consensus": score.accuracy({v.task: v.label for v in VALUES}, TRUTH),
        "majority": score.accuracy(score.majority(ANSWERS), TRUTH),
        "providers": score.by_provider(ANSWERS, TRUTH),
        "answers": len(ANSWERS),
        "reliability": bins,
        "calibration_error": score.calibration_error(bins),
    }


@pytest.fixture
def found() -> report.Found:
    hangs = {"tasks_answered": 3, "share": 0.3, "only_provider_tasks": 0}
    moment = Moment(5, BEGIN + timedelta(seconds=2), "it is in conflict", 2, 4, 4, hangs, "stopped", "409")
    less = weighed()
    del less["providers"]["birkmoor"]
    words = {
        "entries": 2,
        "alpha": {"level": "ordinal", "value": 0.7, "low": 0.6, "high": 0.8, "n": 2},
        "levels": [{"merged": -1, "mean": -1.1, "low": -1.3, "high": -0.9, "n": 2}],
    }
    timeline = [
        {"provider": a.provider, "at": BEGIN + timedelta(seconds=i), "gold": False}
        for i, a in enumerate(ANSWERS)
    ]
    drill = {"ms": 9, "steps": {"stop": 9}, "holds": True}
    cards = {p.slug: card(9, 10) for p in MODELS}
    releases = [
        {"path": "x/v1", "rows": 4, "without": None, "verified": True},
        {"path": "x/v2", "rows": 4, "without": BOUGHT_INTO.slug, "verified": True},
    ]
    return report.Found(
        1, moment, cards, [weighed(), less], releases, words, timeline, 5, 4, drill, {"all": 9.0}
    )


def test_accuracy_counts_only_tasks_whose_truth_is_known() -> None:
    found = score.accuracy({"a": "1", "b": "9", "unknown": "1"}, TRUTH)
    assert (found["value"], found["n"]) == (0.5, 2)
    assert 0 < found["low"] < 0.5 < found["high"] < 1


def test_without_any_answer_there_is_no_accuracy() -> None:
    assert score.accuracy({}, TRUTH) == {"value": None, "low": None, "high": None, "n": 0}


def test_the_majority_is_what_most_have_answered() -> None:
    assert score.majority(ANSWERS) == {"a": "1", "b": "1", "c": "1", "d": "4"}


def test_a_provider_is_scored_on_the_tasks_that_it_answered() -> None:
    found = score.by_provider(ANSWERS, TRUTH)
    assert {slug: (v["value"], v["n"]) for slug, v in found.items()} == {
        "alderbrook": (1.0, 4),
        "birkmoor": (pytest.approx(1 / 3), 3),
        "dunmere": (0.5, 2),
    }


def test_reliability_sets_stated_against_found_in_bins_that_hold_something() -> None:
    bins = score.reliability(VALUES, TRUTH)
    assert [(b["from"], b["stated"], b["value"], b["n"]) for b in bins] == [
        (0.5, 0.55, 0.0, 1),
        (0.9, 0.92, 1.0, 1),
        (0.95, 0.95, 1.0, 1),
    ]
    assert score.calibration_error(bins) == pytest.approx((0.55 + 0.08 + 0.05) / 3)


def test_the_report_has_the_keys_that_others_read(found: report.Found) -> None:
    said = json.loads(json.dumps(report.summary(found), allow_nan=False))
    assert [p["name"] for p in said["providers"]] == [p.name for p in MODELS]
    for provider in said["providers"]:
        assert {"name", "price", "accuracy", "low", "high", "n", "cost_per_correct"} <= set(provider)
        assert all(isinstance(provider[key], float) for key in ("price", "accuracy", "cost_per_correct"))
    assert said["score"]["consensus"] == pytest.approx(2 / 3)
    assert said["score"]["majority"] == 0.5
    assert said["score"]["best_provider"] == 1.0
    assert said["exit"]["provider"] == BOUGHT_INTO.name
    assert [said["exit"][key] for key in ("at_judgment", "recalled", "exposed", "dependent")] == [5, 2, 4, 3]
    assert [(r["without"], r["verified"]) for r in said["releases"]] == [
        (None, True),
        (BOUGHT_INTO.slug, True),
    ]


def test_the_page_runs_nothing_and_fetches_nothing(found: report.Found, tmp_path: Path) -> None:
    here = place.take(tmp_path / "demo")
    report.write(here, found)
    page = (here.folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == page.count("<details") == 6
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://", page)
    assert json.loads((here.folder / "report.json").read_text())["seed"] == 1


def test_an_axis_of_a_bar_or_a_cost_begins_at_zero_and_ends_on_a_tick() -> None:
    axis = plots.axis_from_zero(0.088, "{:.2f}", "cost")
    assert axis.ticks() == pytest.approx([0, 0.02, 0.04, 0.06, 0.08, 0.1])


def test_the_folder_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    first = place.take(tmp_path / "demo")
    (first.folder / "old").write_text("old")
    again = place.take(tmp_path / "demo")
    assert not (again.folder / "old").exists()


def test_a_folder_that_the_demo_did_not_make_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine").write_text("mine")
    with pytest.raises(place.PlaceRefused):
        place.take(tmp_path / "demo")
    assert (tmp_path / "demo" / "mine").read_text() == "mine"


def test_the_owners_key_is_for_this_account_alone(tmp_path: Path) -> None:
    path = place.take(tmp_path / "demo").keep_secret("owner.key", "key\n")
    assert path.stat().st_mode & 0o777 == 0o600
