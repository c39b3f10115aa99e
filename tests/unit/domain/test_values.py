"""Money, names, ids, times and moves: small values that everything else trusts."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.domain.errors import Conflict, Invalid
from steelyard.domain.ids import is_id, new_id
from steelyard.domain.money import LIMIT, format_money, parse_money
from steelyard.domain.names import checked_name, name_key, slugify
from steelyard.domain.states import AssignmentState, BatchStatus, ProviderStatus, move
from steelyard.domain.times import format_time, parse_time

SECOND = 1_000_000


@given(st.integers(0, LIMIT))
def test_money_comes_back_as_it_went_out(micros: int) -> None:
    assert parse_money(format_money(micros)) == micros


@pytest.mark.parametrize(
    ("given", "micros"), [("0.05", 50_000), (0.1, 100_000), (3, 3_000_000), ("1e-6", 1), ("0", 0)]
)
def test_money_is_read_exactly(given: object, micros: int) -> None:
    assert parse_money(given) == micros


@pytest.mark.parametrize(
    "wrong", ["", "a", "-0.01", "nan", "inf", "1e999999", "0.0000001", True, None, [], "1e30", -1]
)
def test_what_is_no_money_is_refused_with_its_place(wrong: object) -> None:
    with pytest.raises(Invalid) as refused:
        parse_money(wrong, "/price")
    assert refused.value.problems[0].pointer == "/price"


def test_money_is_shown_with_two_to_six_decimals() -> None:
    assert [format_money(m) for m in (50_000, 1, 12_300_000, 0)] == ["0.05", "0.000001", "12.30", "0.00"]


@given(st.text())
def test_a_name_is_the_same_however_its_accents_are_composed(name: str) -> None:
    keys = {name_key(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")}
    assert len(keys) == 1


@pytest.mark.parametrize("same", ["ACME  labs", " Acme Labs ", "acme\tlabs", "Acme\u00a0Labs"])
def test_names_are_compared_without_case_and_white_space(same: str) -> None:
    assert name_key(same) == name_key("Acme Labs")


def test_a_folded_name_is_the_same_as_its_folding() -> None:
    assert name_key("Straße") == name_key("STRASSE")


@given(st.text())
def test_a_slug_can_stand_in_a_path(name: str) -> None:
    slug = slugify(name)
    assert slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug == slugify(slug)


def test_a_name_without_latin_letters_gets_the_slug_of_its_kind() -> None:
    assert slugify("日本語") == "project"
    assert slugify("Ärger & Söhne") == "arger-sohne"


@pytest.mark.parametrize("wrong", ["", "  ", None, 3, "a\x00b", "a\nb", "x" * 201, "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        checked_name(wrong)


def test_ids_sort_by_the_moment_they_were_made() -> None:
    ids = [new_id(moment) for moment in (1, 2, 1_800_000_000_000_000, 1_800_000_000_000_001)]
    assert ids == sorted(ids)
    assert all(is_id(key) for key in ids)


def test_ids_of_one_moment_never_repeat() -> None:
    assert len({new_id(5) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("wrong", [None, 3, "", "x" * 24, "A" * 24, "0" * 23, "0" * 25, "0" * 24 + "\n"])
def test_what_is_no_id_is_told_apart(wrong: object) -> None:
    assert not is_id(wrong)


@given(st.integers(0, 4_000_000_000).map(lambda s: s * SECOND))
def test_a_moment_comes_back_as_it_went_out(moment: int) -> None:
    assert parse_time(format_time(moment), "/at") == moment


def test_times_are_shown_in_utc_with_milliseconds() -> None:
    moment = parse_time("2026-03-01T12:00:00.1209+02:00", "/at")
    assert format_time(moment) == "2026-03-01T10:00:00.120Z"
    assert parse_time("2026-03-01", "/at") == parse_time("2026-03-01T00:00:00", "/at")


@pytest.mark.parametrize("wrong", ["", "yesterday", 5, None, "2026-13-01"])
def test_what_is_no_time_is_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        parse_time(wrong, "/at")


def test_an_illegal_move_is_refused_and_staying_is_not() -> None:
    with pytest.raises(Conflict):
        move(BatchStatus.FINISHED, BatchStatus.RUNNING)
    with pytest.raises(Conflict):
        move(ProviderStatus.EXITED, ProviderStatus.ACTIVE)
    with pytest.raises(Conflict):
        move(AssignmentState.CANCELLED, AssignmentState.READY)
    assert move(BatchStatus.FINISHED, BatchStatus.FINISHED) is BatchStatus.FINISHED


def test_a_provider_that_was_left_comes_back_through_a_trial_only() -> None:
    reached = [s for s in ProviderStatus if s != ProviderStatus.EXITED and _may(ProviderStatus.EXITED, s)]
    assert reached == [ProviderStatus.TRIAL]


def test_a_batch_goes_from_staged_to_its_end() -> None:
    path = [BatchStatus.STAGED, BatchStatus.RUNNING, BatchStatus.PAUSED, BatchStatus.RUNNING]
    for before, after in pairwise([*path, BatchStatus.FINISHED]):
        assert move(before, after) is after


def _may(before: ProviderStatus, after: ProviderStatus) -> bool:
    try:
        move(before, after)
    except Conflict:
        return False
    return True
