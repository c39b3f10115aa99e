"""A line that is checked in one go becomes the very task that the long way makes of it, and no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard import forms
from steelyard.domain.content import check_url
from steelyard.domain.errors import Invalid
from steelyard.formats.storable import parse_json
from steelyard.work.draft import Draft, check_task
from steelyard.work.plain_draft import check_line, check_value

FORM = forms.parse_form({"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog"]}]})
texts = st.text(max_size=12) | st.sampled_from(["é\x7f", "\x00", "🐈", 'a"\\b\n', "\u2028"])
plain = (
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | texts | st.floats(allow_nan=False, width=32)
)
blocks = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "html"]), "text": texts}),
    st.fixed_dictionaries({"type": st.just("text"), "text": texts}, optional={"title": texts}),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["image", "document"]),
            "url": st.sampled_from(
                ["https://a/b", "ftp://a", "", f"blob:sha256/{'a' * 64}", "blob:sha256/x"]
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("chat"),
            "messages": st.lists(
                st.fixed_dictionaries({"role": st.sampled_from(["user", "x"]), "content": texts}), max_size=2
            ),
        }
    ),
)
tasks = st.fixed_dictionaries(
    {"content": st.fixed_dictionaries({"blocks": st.lists(blocks, max_size=3)})},
    optional={
        "external_id": st.none() | texts,
        "priority": st.sampled_from([0, 5, -3, 1.0, True, None, 10**7]),
        "tags": st.none() | st.lists(texts, max_size=3),
        "metadata": st.none() | st.dictionaries(texts, plain | st.lists(texts, max_size=2), max_size=3),
        "gold": st.sampled_from([{"label": "cat"}, {"label": "fox"}, None, {"label": "dog", "note": "é"}]),
        "suggestion": st.sampled_from([{"label": "dog"}, {"é": 1}]),
        "batch": st.none() | texts,
        "training": st.booleans() | st.none(),
        "skills": st.sampled_from([["Bird"], [], ["b", "a"], "x"]),
        "assign_to": st.sampled_from([{"person": "Ann"}, {"team": 1}, {}, None]),
        "unheard": st.just(1),
    },
)


def keep(url: str, pointer: str) -> str:
    return "blob:sha256/" + "b" * 64


def the_long_way(line: bytes) -> Any:
    try:
        return check_task(parse_json(line), 3, FORM, keep)
    except Invalid as wrong:
        return wrong.problems


@given(tasks, st.booleans())
def test_both_ways_make_the_same_task(task: dict[str, Any], ascii_only: bool) -> None:
    line = json.dumps(task, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    quick, long = check_line(line, 3, FORM, keep), the_long_way(line)
    assert isinstance(quick, Draft) == isinstance(long, Draft)
    if isinstance(quick, Draft):
        told = [{f: getattr(d, f) for f in d.__struct_fields__ if f != "body"} for d in (quick, long)]
        assert told[0] == told[1]
        for draft in (quick, long):
            assert json.loads(draft.body) == json.loads(draft.content)
            assert draft.body.isascii()
    else:
        assert quick == long


@given(tasks)
def test_a_value_becomes_what_its_line_does(task: dict[str, Any]) -> None:
    line = json.dumps(task).encode()
    try:
        value = parse_json(line)
    except Invalid:
        return
    quick, of_line = check_value(value, 3, FORM, keep), check_line(line, 3, FORM, keep)
    if isinstance(quick, Draft):
        told = [{f: getattr(d, f) for f in d.__struct_fields__ if f != "body"} for d in (quick, of_line)]
        assert told[0] == told[1]
    else:
        assert quick == of_line


@pytest.mark.parametrize(
    "line",
    [
        b'{"content": {"blocks": [{"type": "text", "text": "a\\u0000"}]}}',
        b'{"content": {"blocks": [{"type": "text", "text": "\\ud800"}]}}',
        b'{"content": {"blocks": [{"type": "text", "text": "x"}]}, "metadata": {"a": NaN}}',
        b'{"content": {"blocks": [{"type": "text", "text": "x"}]}',
        b'{"content": {"blocks": [{"type": "text", "text": "x"}]}} {}',
        b"\xff\xfe",
        b"[" * 200 + b"]" * 200,
    ],
)
def test_what_cannot_be_kept_is_told_either_way(line: bytes) -> None:
    assert check_line(line, 3, FORM, keep) == the_long_way(line)
    assert not isinstance(check_line(line, 3, FORM, keep), Draft)


def test_a_url_says_what_it_may_be() -> None:
    assert check_url("https://example.com/a.png", "/x") == []
    assert check_url("http://[", "/x")[0].pointer == "/x"
