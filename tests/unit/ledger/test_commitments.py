"""A commitment pins a payload down to the byte and tells nothing of it."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.domain.errors import Invalid
from steelyard.ledger.commitments import canonical, commit, commitment

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=40)
@given(values)
def test_the_quick_way_writes_what_the_standard_says(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [2**53, float("nan"), float("inf"), "\ud800", {"a": ["\udfff"]}, {1: 2}, {2.5}]
)
def test_what_cannot_be_kept_exactly_is_refused(value):
    with pytest.raises(Invalid):
        canonical(value)


def test_the_same_payload_gets_another_commitment_each_time():
    (salt, first), (_, second) = commit({"a": 1}), commit({"a": 1})
    assert first != second
    assert first == commitment(salt, {"a": 1}) == hashlib.sha256(salt + b'{"a":1}').hexdigest()
