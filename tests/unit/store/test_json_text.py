"""JSON in the database is ASCII, and is what went in."""

from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from steelyard.domain.states import TaskStatus
from steelyard.store.json_text import from_text, to_text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(values)
def test_what_comes_out_is_what_went_in_and_every_character_has_one_spelling(value: object) -> None:
    text = to_text(value)
    assert from_text(text) == value
    assert json.loads(text) == value
    assert text.isascii()
    if isinstance(value, str):
        assert text == json.dumps(value)


def test_values_of_our_own_are_written_as_what_they_stand_for() -> None:
    assert from_text(to_text({"status": TaskStatus.OPEN, "of": (1, 2), 3: "key"})) == {
        "status": "open", "of": [1, 2], "3": "key"
    }  # fmt: skip


def test_what_other_writers_let_through_is_still_read() -> None:
    assert math.isnan(from_text('{"a": NaN}')["a"])
    assert from_text('"\\ud800"') == "\ud800"
