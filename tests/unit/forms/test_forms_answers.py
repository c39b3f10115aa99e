"""Behaviour of answers: checked, compared, settled, merged and put into columns."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard import forms
from steelyard.truth import UnusableLabels


def ask(kind, **spec):
    return forms.parse_form({"questions": [{"name": "q", "kind": kind, **spec}]})


ALL = {
    "choice": ask("choice", options=["a", "b", "c"]),
    "choices": ask("choices", options=["a", "b", "c"], min=1, max=2),
    "rating": ask("rating", min=-4, max=4),
    "number": ask("number", min=0, max=10),
    "text": ask("text", max_length=20),
}
LEGAL = {
    "choice": st.sampled_from("abc"),
    "choices": st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True),
    "rating": st.integers(-4, 4),
    "number": st.floats(0, 10) | st.integers(0, 10),
    "text": st.text("abc dé", min_size=1, max_size=20).filter(str.strip),
}
KINDS = list(ALL)


@pytest.mark.parametrize(
    ("kind", "answer", "code"),
    [
        ("choice", "d", "unknown_option"),
        ("choice", 1, "wrong_type"),
        ("choice", ["a"], "wrong_type"),
        ("choices", "a", "wrong_type"),
        ("choices", ["a", "a"], "duplicate"),
        ("choices", ["a", None], "wrong_type"),
        ("choices", [], "wrong_count"),
        ("choices", ["a", "b", "c"], "wrong_count"),
        ("rating", True, "wrong_type"),
        ("rating", 1.5, "wrong_type"),
        ("rating", "3", "wrong_type"),
        ("rating", 5, "out_of_range"),
        ("rating", 10**400, "wrong_type"),
        ("rating", math.nan, "wrong_type"),
        ("number", True, "wrong_type"),
        ("number", math.inf, "wrong_type"),
        ("number", 10**400, "wrong_type"),
        ("number", -0.1, "out_of_range"),
        ("number", {}, "wrong_type"),
        ("text", 3, "wrong_type"),
        ("text", "  ", "blank"),
        ("text", "x" * 21, "too_long"),
        ("text", "\ud800", "bad_character"),
        ("text", "\0", "bad_character"),
    ],
)
def test_a_wrong_answer_is_refused(kind, answer, code):
    problems = forms.check_answers(ALL[kind], {"q": answer})
    assert [p.code for p in problems][:1] == [code]
    assert all(p.pointer.startswith("/answers/q") for p in problems)


def test_answers_beside_the_questions_are_told_apart():
    form = ALL["choice"]
    assert [p.code for p in forms.check_answers(form, {})] == ["required"]
    assert [p.code for p in forms.check_answers(form, {"q": None})] == ["required"]
    assert forms.check_answers(form, {"not_applicable": True, "note": "blurred"}) == []
    assert [p.pointer for p in forms.check_answers(form, {"q": "a", "x/y": 1}, "/a")] == ["/a/x~1y"]
    assert [p.code for p in forms.check_answers(form, {"q": "a", "note": 3})] == ["wrong_type"]
    assert [p.code for p in forms.check_answers(form, {"q": "a", "not_applicable": "yes"})] == ["wrong_type"]
    assert [p.code for p in forms.check_answers(form, ["a"])] == ["wrong_type"]
    optional = ask("choice", options=["a"], required=False)
    assert forms.check_answers(optional, {}) == forms.check_answers(optional, {"q": None}) == []


def test_a_pattern_must_match_the_whole_text():
    form = ask("text", pattern=r"\d{3}")
    assert forms.check_answers(form, {"q": "123"}) == []
    assert [p.code for p in forms.check_answers(form, {"q": "1234"})] == ["pattern"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_settled_is_a_legal_answer(kind, data):
    form = ALL[kind]
    answers = data.draw(st.lists(LEGAL[kind], min_size=1, max_size=6))
    weights = data.draw(st.none() | st.lists(st.floats(0, 1), min_size=len(answers), max_size=len(answers)))
    settled = forms.settle_one(form.questions[0], answers, weights)
    assert forms.check_answers(form, {"q": settled.value}) == []
    assert 0 < settled.confidence <= 1
    if settled.value_from is not None:
        assert answers[settled.value_from] == settled.value


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_merged_is_a_legal_answer(kind, data):
    form = ALL[kind]
    answers = data.draw(st.lists(st.none() | LEGAL[kind], min_size=1, max_size=12))
    task, annotator = np.arange(len(answers)) // 3 * 7, np.arange(len(answers)) % 3
    if all(answer is None for answer in answers):
        with pytest.raises(UnusableLabels):
            forms.merge(form.questions[0], task, annotator, answers)
        return
    merged = forms.merge(form.questions[0], task, annotator, answers)
    assert merged.tasks.tolist() == sorted(
        {t for t, a in zip(task.tolist(), answers, strict=True) if a is not None}
    )
    for value, row in zip(merged.values, merged.value_from.tolist(), strict=True):
        assert forms.check_answers(form, {"q": value}) == []
        assert row == -1 or answers[row] == value
    assert np.all((merged.confidence >= 0) & (merged.confidence <= 1 + 1e-9))


def test_ten_anonymous_raters_settle_on_the_level_nearest_their_mean():
    random = np.random.default_rng(0)
    ratings = random.integers(-4, 5, (200, 10))
    question = ALL["rating"].questions[0]
    merged = forms.merge(question, np.repeat(np.arange(200), 10), np.full(2000, -1), ratings.ravel().tolist())
    assert np.allclose(merged.estimate, ratings.mean(axis=1))
    assert np.all(np.abs(np.array(merged.values) - ratings.mean(axis=1)) <= 0.5 + 1e-9)
    assert len(merged.annotators) == 0


def test_gold_is_the_merged_value_of_its_task():
    gold = {"choice": "c", "choices": ["c", "a"], "rating": 4, "number": 9.5, "text": "truth"}
    given_answers = {"choice": "a", "choices": ["b"], "rating": 1, "number": 1, "text": "wrong"}
    for kind, form in ALL.items():
        answers = [given_answers[kind]] * 4
        merged = forms.merge(
            form.questions[0],
            np.array([1, 1, 2, 2]),
            np.array([5, 6, 5, 6]),
            answers,
            gold={1: gold[kind], 9: None},
        )
        assert forms.is_correct(form.questions[0], merged.values[0], gold[kind])
        assert merged.confidence[0] == 1
        assert merged.annotators.gold_n.tolist() == [1, 1]
        assert merged.annotators.gold_correct.tolist() == [0, 0]


def test_several_choices_are_merged_option_by_option():
    question = ask("choices", options=["a", "b", "c"]).questions[0]
    merged = forms.merge(
        question, np.zeros(3, int), np.arange(3), [["a", "b"], ["b"], ["b", "a"]], method="majority"
    )
    assert merged.values == [["a", "b"]]
    none = forms.merge(question, np.zeros(2, int), np.arange(2), [[], []])
    assert none.values == [[]]


def test_a_trusted_annotator_outweighs_two_that_guess():
    question = ALL["choice"].questions[0]
    assert forms.settle_one(question, ["a", "b", "b"]).value == "b"
    assert forms.settle_one(question, ["a", "b", "b"], [0.95, 0.4, 0.4]).value == "a"
    tied = forms.settle_one(question, ["b", "a"])
    assert (tied.value, tied.tie) == ("a", True)
    assert forms.settle_one(question, [None]).value is None
    with pytest.raises(ValueError, match="weights"):
        forms.settle_one(question, ["a"], [])


def test_being_right_has_the_tolerance_of_the_kind():
    def right(form, a, b):
        return forms.is_correct(form.questions[0], a, b)

    assert right(ALL["choices"], ["b", "a"], ["a", "b"])
    assert not right(ALL["rating"], 3, 4)
    assert right(ask("rating", tolerance=1), 3, 4)
    assert right(ALL["number"], 0.1 + 0.2, 0.3)
    assert not right(ALL["number"], 1.0, 1.001)
    assert right(ask("number", tolerance=0.1), 1.0, 1.1)
    assert right(ALL["text"], " Straße\n", "STRASSE")
    assert not right(ALL["text"], "kitten", "kittens")
    assert right(ask("text", tolerance=0.2), "kitten", "kittens")
    assert right(ALL["text"], None, None)
    assert not right(ALL["text"], None, "x")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_distance_is_symmetric_and_nothing_for_equals(kind, data):
    question = ALL[kind].questions[0]
    a, b = data.draw(LEGAL[kind]), data.draw(LEGAL[kind])
    assert forms.distance(question, a, a) == 0
    assert forms.distance(question, a, b) == forms.distance(question, b, a) >= 0


def test_every_kind_fills_its_columns():
    answers = {"choice": "a", "choices": ["c", "a"], "rating": 4.0, "number": 3, "text": "x"}
    expected = {"choice": "a", "choices": ["a", "c"], "rating": 4, "number": 3.0, "text": "x"}
    for kind, form in ALL.items():
        fields = forms.columns(form.questions[0])
        rows = [forms.cells(form.questions[0], answer) for answer in (answers[kind], None)]
        table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
        assert table.column("q").to_pylist() == [expected[kind], None]
