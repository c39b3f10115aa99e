"""Behaviour of forms: what is accepted, what is refused and where the refusal points."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard import forms
from steelyard.domain.errors import Invalid


def one(**question):
    return {"questions": [{"name": "q", **question}]}


def refusals(raw):
    with pytest.raises(Invalid) as told:
        forms.parse_form(raw)
    return {(p.pointer, p.code) for p in told.value.problems}


TREE = ["cat", {"value": "dog", "title": "A dog", "options": ["poodle", {"value": "beagle"}]}]


def test_only_leaves_may_be_answered():
    form = forms.parse_form(one(kind="choice", options=TREE))
    assert forms.leaf_values(form.questions[0]) == ["cat", "poodle", "beagle"]
    assert forms.check_answers(form, {"q": "beagle"}) == []
    (problem,) = forms.check_answers(form, {"q": "dog"})
    assert (problem.pointer, problem.code) == ("/answers/q", "unknown_option")


def test_forms_that_ask_the_same_have_one_digest():
    short = forms.parse_form(one(kind="choice", options=["a", "b"]))
    options = [{"value": "a", "title": ""}, "b"]
    long = forms.parse_form(one(kind="choice", options=options, required=True, title=""))
    assert forms.digest(short) == forms.digest(long)
    assert len(forms.digest(short)) == 64
    other = forms.parse_form(one(kind="choice", options=["b", "a"]))
    assert forms.digest(other) != forms.digest(short)
    assert forms.question_key(other.questions[0]) == forms.question_key(short.questions[0])
    bounds = [forms.parse_form(one(kind="rating", min=n, max=5)) for n in (1, 1.0)]
    assert forms.digest(bounds[0]) == forms.digest(bounds[1])


def test_the_canonical_form_is_a_form():
    raw = one(kind="choice", options=TREE, title="Which?", required=False, tolerance=1, description="x")
    form = forms.parse_form(raw)
    again = forms.parse_form(json.loads(json.dumps(form.canonical())))
    assert again.canonical() == form.canonical()


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        (None, "", "wrong_type"),
        ({}, "/questions", "missing"),
        ({"questions": {}}, "/questions", "wrong_type"),
        ({"questions": []}, "/questions", "empty"),
        ({"questions": [None]}, "/questions/0", "wrong_type"),
        ({"questions": [{"kind": "text"}]}, "/questions/0/name", "missing"),
        ({"questions": [{"kind": "text", "name": "x"}] * 2}, "/questions/1/name", "duplicate"),
        ({"questions": [{"kind": "text", "name": "note"}]}, "/questions/0/name", "reserved"),
        ({"questions": [{"kind": "text", "name": "a\ud800"}]}, "/questions/0/name", "bad_character"),
        ({"questions": [{"kind": "text", "name": "x"}], "a/b~c": 1}, "/a~1b~0c", "unknown_key"),
        (one(), "/questions/0/kind", "missing"),
        (one(kind=3), "/questions/0/kind", "wrong_type"),
        (one(kind="spans"), "/questions/0/kind", "not_supported_yet"),
        (one(kind="colour"), "/questions/0/kind", "unknown_kind"),
        (one(kind="text", tolerence=1), "/questions/0/tolerence", "unknown_key"),
        (one(kind="text", required=1), "/questions/0/required", "wrong_type"),
        (one(kind="text", tolerance=2), "/questions/0/tolerance", "bad_tolerance"),
        (one(kind="number", tolerance=math.nan), "/questions/0/tolerance", "bad_tolerance"),
        (one(kind="choice"), "/questions/0/options", "missing"),
        (one(kind="choice", options="ab"), "/questions/0/options", "wrong_type"),
        (one(kind="choice", options=[]), "/questions/0/options", "empty"),
        (one(kind="choice", options=["a", 1]), "/questions/0/options/1", "wrong_type"),
        (one(kind="choice", options=["a", True]), "/questions/0/options/1", "wrong_type"),
        (one(kind="choice", options=["a", None]), "/questions/0/options/1", "wrong_type"),
        (one(kind="choice", options=["a", ""]), "/questions/0/options/1", "blank"),
        (one(kind="choice", options=["é", "e\u0301"]), "/questions/0/options/1", "duplicate"),
        (one(kind="choice", options=["a", {"title": "b"}]), "/questions/0/options/1/value", "missing"),
        (one(kind="choice", options=[{"value": "a", "options": ["a"]}]), "/questions/0/options/0/options/0",
         "duplicate"),
        (one(kind="choice", options=[{"value": ["a"]}]), "/questions/0/options/0/value", "wrong_type"),
        (one(kind="choices", options=["a"], min=2), "/questions/0/min", "bad_bound"),
        (one(kind="choices", options=["a"], max=True), "/questions/0/max", "bad_bound"),
        (one(kind="rating", min=5, max=1), "/questions/0/max", "bad_bound"),
        (one(kind="rating", min=0, max=5, step=2), "/questions/0/step", "bad_bound"),
        (one(kind="rating", max=10**30), "/questions/0/max", "bad_bound"),
        (one(kind="rating", max=10**6), "/questions/0/max", "too_many"),
        (one(kind="number", min="0"), "/questions/0/min", "bad_bound"),
        (one(kind="number", max=10**400), "/questions/0/max", "bad_bound"),
        (one(kind="text", max_length=0), "/questions/0/max_length", "bad_bound"),
        (one(kind="text", pattern="("), "/questions/0/pattern", "bad_pattern"),
    ],
)  # fmt: skip
def test_a_bad_form_is_refused_at_its_place(raw, pointer, code):
    assert (pointer, code) in refusals(raw)


def test_a_very_deep_tree_is_refused():
    options = ["leaf"]
    for depth in range(5000):
        options = [{"value": f"b{depth}", "options": options}]
    assert any(code == "too_deep" for _, code in refusals(one(kind="choice", options=options)))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KINDS = ["choice", "choices", "rating", "number", "text"]
KEYS = ["options", "min", "max", "step", "tolerance", "pattern"]


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(KINDS), key=st.sampled_from(KEYS), value=ANYTHING)
def test_no_junk_in_a_form_breaks_the_check(kind, key, value):
    question = (
        {"name": "q", "kind": kind, "options": ["a", "b"]}
        if "choice" in kind
        else {"name": "q", "kind": kind}
    )
    raw = {"questions": [question | {key: value}]}
    problems = refused(raw)
    assert all(problem.pointer.startswith("/questions") for problem in problems)
    if not problems:
        assert len(forms.digest(forms.parse_form(raw))) == 64


def refused(raw):
    try:
        forms.parse_form(raw)
    except Invalid as error:
        return error.problems
    return []
