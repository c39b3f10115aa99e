"""Behaviour of `aggregate` on ratings, numbers and texts, and of agreement and roll-up."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.truth import UnusableLabels, aggregate, agreement, roll_up
from steelyard.truth.edit_distance import edit_distance, fold
from steelyard.truth.rating import nearest_level
from steelyard.truth.skill import wilson


def measurements(tasks=400, annotators=10, each=5, seed=0):
    random = np.random.default_rng(seed)
    truth = random.normal(50, 10, tasks)
    bias, noise = random.normal(0, 4, annotators), random.uniform(0.5, 8, annotators)
    bias -= bias.mean()
    task = np.repeat(np.arange(tasks), each)
    who = np.concatenate([random.choice(annotators, each, replace=False) for _ in range(tasks)])
    return task, who, truth[task] + bias[who] + noise[who] * random.normal(size=len(task)), truth, noise


def test_biased_and_noisy_annotators_are_weighed():
    task, who, value, truth, _ = measurements()
    errors = {
        m: np.sqrt(np.mean((aggregate(task, who, value, kind="number", method=m).labels - truth) ** 2))
        for m in ("mean", "median", "gaussian")
    }
    assert errors["gaussian"] < 0.9 * min(errors["mean"], errors["median"])


def test_confidence_of_a_number_is_the_chance_to_lie_within_the_tolerance():
    task, who, value, truth, _ = measurements(1500, seed=4)
    found = aggregate(task, who, value, kind="number", within=1.0)
    within = np.abs(found.labels - truth) <= 1.0
    assert abs(found.confidence.mean() - within.mean()) < 0.08


def test_the_objective_of_numbers_never_falls():
    task, who, value, *_ = measurements(40)
    found = [
        aggregate(task, who, value, kind="number", max_iterations=n, tolerance=0).log_likelihood
        for n in range(1, 15)
    ]
    assert np.all(np.diff(found) >= -1e-9)


def test_anonymous_ratings_settle_on_the_level_nearest_the_mean():
    given_ratings = [-4, -3, -3, -3, -2, -2, -4, -3, -1, 0]
    found = aggregate(["t"] * 10, [""] * 10, given_ratings, kind="rating", levels=range(-4, 5))
    assert found.estimate[0] == pytest.approx(-2.5)
    assert found.labels.tolist() == [-2]
    assert found.ties.tolist() == [True]
    assert np.allclose(found.posterior.sum(), 1)


def test_ratings_come_out_as_they_were_written():
    found = aggregate(["t", "t", "t"], ["a", "b", "c"], ["04", "04", "10"], kind="rating")
    assert found.labels.tolist() == ["04"]
    assert found.classes.tolist() == ["04", "10"]


def test_a_rating_off_the_scale_is_refused():
    with pytest.raises(UnusableLabels, match="9 is not a level") as told:
        aggregate([1, 2], ["a", "a"], [3, 9], kind="rating", levels=[1, 2, 3])
    assert told.value.row == 1


@pytest.mark.parametrize("value", [0, 5, 1e-3, -1e12])
def test_what_all_say_alike_is_certain(value):
    found = aggregate([1, 1, 2, 2], ["a", "b", "a", "b"], [value] * 4, kind="number")
    assert found.labels.tolist() == [value, value]
    assert found.confidence.tolist() == pytest.approx([1, 1])


def test_numbers_beyond_arithmetic_are_refused():
    with pytest.raises(UnusableLabels, match="larger") as told:
        aggregate([1, 1], ["a", "b"], [1, 1e308], kind="number")
    assert told.value.row == 1


def test_gold_teaches_bias():
    task, who = np.repeat(np.arange(60), 2), np.tile([0, 1], 60)
    truth = np.arange(60.0)
    value = truth[task] + np.where(who == 0, 10.0, 0.0)
    found = aggregate(task, who, value, kind="number", gold={t: t for t in range(40)}, within=1)
    assert np.abs(found.labels[40:] - truth[40:]).max() < 2
    assert found.annotators.gold_correct.tolist() == [0, 40]


@pytest.mark.parametrize("bad", ["x", "nan", "inf", None, True, "1" * 400])
def test_what_is_no_finite_number_is_refused_with_its_row(bad):
    with pytest.raises(UnusableLabels) as told:
        aggregate([1, 2], ["a", "a"], ["1", bad], kind="number")
    assert told.value.row == 1


def test_half_way_goes_to_the_level_nearer_the_middle():
    place, even = nearest_level(np.array([1.5, 4.5, 3.0, 9.0, -9.0]), np.arange(1.0, 6.0))
    assert place.tolist() == [1, 3, 2, 4, 0]
    assert even.tolist() == [True, True, False, False, False]


@settings(max_examples=100, deadline=None)
@given(a=st.text("abcé ", max_size=12), b=st.text("abcé ", max_size=12))
def test_edit_distance_is_levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    assert edit_distance(a, b) == row[-1]


def test_folding_ignores_case_space_and_normal_form():
    assert fold("  Straße\n e\u0301 ") == fold("STRASSE É")


def test_a_majority_of_equal_texts_wins_and_keeps_its_words():
    texts = ["Hello  World", "hello world", "hello world", "goodbye", "good bye all"]
    found = aggregate(["t"] * 5, list("abcde"), texts, kind="text")
    assert found.labels.tolist() == ["hello world"]
    assert texts[found.value_from[0]] == "hello world"


def test_without_a_majority_the_text_closest_to_the_others_wins():
    texts = ["the cat sat", "the cat sit", "a cat sat", "zzz"]
    found = aggregate(["t"] * 4, list("abcd"), texts, kind="text")
    assert found.labels.tolist() == ["the cat sat"]
    assert 0.5 < found.confidence[0] < 1
    assert found.annotators.accuracy[3] < found.annotators.accuracy[0]


def test_a_single_text_has_even_confidence():
    assert aggregate(["t"], ["a"], ["x"], kind="text").confidence.tolist() == [0.5]


def by_hand(table, difference):
    """Alpha straight from the definition: all pairs within tasks against all pairs over all."""
    units = [values for values in table if len(values) > 1]
    every = [v for values in units for v in values]
    n = len(every)
    observed = sum(
        sum(difference(a, b, every) for a, b in itertools.permutations(values, 2)) / (len(values) - 1)
        for values in units
    )
    expected = sum(difference(a, b, every) for a, b in itertools.permutations(every, 2)) / (n - 1)
    return 1 - observed / expected


def ordinal(a, b, every):
    low, high = min(a, b), max(a, b)
    between = sum(low <= v <= high for v in every)
    return (between - (every.count(a) + every.count(b)) / 2) ** 2


DIFFERENCES = {
    "nominal": lambda a, b, _: a != b,
    "interval": lambda a, b, _: (a - b) ** 2,
    "ordinal": ordinal,
}


@settings(max_examples=60, deadline=None)
@given(table=st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=4), min_size=2, max_size=8))
@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_alpha_is_the_definition(level, table):
    task = [t for t, values in enumerate(table) for _ in values]
    label = [v for values in table for v in values]
    found = agreement(task, [""] * len(task), label, level, resamples=0)
    paired = [v for values in table if len(values) > 1 for v in values]
    if len(set(paired)) < 2:
        assert math.isnan(found.alpha)
    else:
        assert found.alpha == pytest.approx(by_hand(table, DIFFERENCES[level]), abs=1e-9)


def test_alpha_of_a_known_table():
    """Two annotators, four tasks: (a,a) (b,b) (a,b) (b,b). Do = 2/8, De = 2*3*5/(8*7), alpha = 8/15."""
    found = agreement([1, 1, 2, 2, 3, 3, 4, 4], ["x", "y"] * 4, list("aabbabbb"))
    assert found.alpha == pytest.approx(8 / 15)
    assert found.percent == pytest.approx(0.75)
    assert found.low <= found.alpha <= found.high
    assert (found.tasks, found.answers) == (4, 8)


def test_agreement_without_overlap_is_undefined():
    found = agreement([1, 2], ["a", "b"], ["x", "y"])
    assert math.isnan(found.alpha)
    assert found.tasks == 0


def test_wilson_is_the_score_interval():
    low, high = wilson([8, 0], [10, 0])
    assert low[0] == pytest.approx(0.4902, abs=1e-4)
    assert high[0] == pytest.approx(0.9433, abs=1e-4)
    assert (low[1], high[1]) == (0, 1)


def test_providers_are_the_sum_of_their_annotators():
    task, who = np.repeat(np.arange(50), 4), np.tile(np.arange(4), 50)
    label = np.where(who == 3, "no", "yes")
    provider = np.where(who < 2, "one", "two")
    found = aggregate(task, who, label, method="majority", provider=provider)
    assert found.providers.annotator.tolist() == ["one", "two"]
    assert found.providers.n.tolist() == [100, 100]
    assert found.providers.accuracy[0] > found.providers.accuracy[1]
    same = roll_up(found.annotators, {0: "one", 1: "one", 2: "two", 3: "two"})
    assert same.to_dict() == found.providers.to_dict()


def test_one_id_under_two_providers_is_two_annotators():
    found = aggregate([1, 1, 2], ["a", "a", ""], ["x", "y", "y"], provider=["p", "q", "q"])
    assert found.annotators.annotator.tolist() == ["p/a", "q/a"]
    with pytest.raises(UnusableLabels, match="1 providers for 2 labels"):
        aggregate([1, 2], ["a", "b"], ["x", "y"], provider=["p"])
