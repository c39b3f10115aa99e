"""Is it that legal entity? Identifiers with check digits, countries, and who stands for whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.domain.errors import Invalid
from steelyard.domain.legal import checked_country, checked_lei, roots


def lei(body: str) -> str:
    """Eighteen characters with the check digits of ISO 7064, MOD 97-10."""
    number = int("".join(str(int(c, 36)) for c in body + "00"))
    return f"{body}{98 - number % 97:02d}"


LEI = lei("529900ABCDEFGHIJ12")


def test_an_identifier_is_taken_with_its_check_digits() -> None:
    assert checked_lei(LEI) == LEI
    assert checked_lei(f" {LEI.lower()} ") == LEI


@pytest.mark.parametrize("wrong", [None, 5, "", LEI[:-1], LEI + "0", LEI[:-1] + "É", "ß" * 10, "X" * 20])
def test_what_is_no_identifier_is_refused(wrong: object) -> None:
    with pytest.raises(Invalid) as refused:
        checked_lei(wrong)
    assert refused.value.problems[0].pointer == "/lei"


@given(st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_wrong_character_is_found(place: int, other: str) -> None:
    """A letter for a letter, a digit for a digit: that is what the check digits are sure to find."""
    changed = LEI[:place] + other + LEI[place + 1 :]
    if changed == LEI:
        assert checked_lei(changed) == LEI
    elif LEI[place].isdigit() == other.isdigit():
        with pytest.raises(Invalid, match="check digits"):
            checked_lei(changed)


def test_a_country_is_two_letters_that_are_one() -> None:
    assert checked_country("de") == "DE"
    for wrong in ("XX", "DEU", "", None, 1, "ß"):
        with pytest.raises(Invalid):
            checked_country(wrong)


def test_the_last_of_a_row_of_joins_stands_for_all() -> None:
    assert roots({1: 2, 2: 3, 4: 3}) == {1: 3, 2: 3, 4: 3}
    assert roots({}) == {}


@given(st.dictionaries(st.integers(0, 6), st.integers(0, 6)))
def test_whatever_is_joined_has_one_that_stands_for_it(same_as: dict[int, int]) -> None:
    found = roots(same_as)
    for one, other in same_as.items():
        assert found.get(one, one) == found.get(other, other)
