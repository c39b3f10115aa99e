"""How much hangs on few?"""

from __future__ import annotations

import pytest

from steelyard.domain.eligibility import WHOLE, ProviderFacts
from steelyard.domain.states import ProviderStatus
from steelyard.providers.concentration import Thresholds, alerts, concentration_of, index_of
from steelyard.work.standing import Standing

OWN, ACME, BIRCH, CEDAR = 1, 2, 3, 4
NAMES = {ACME: ("acme", "Acme"), BIRCH: ("birch", "Birch"), CEDAR: ("cedar", "Cedar")}
HOLDING, FUND = 7, 8


def standing(**interests: dict[int, float]) -> Standing:
    """Acme, Birch and Cedar, each held by organisations with these shares."""
    keys = {"acme": ACME, "birch": BIRCH, "cedar": CEDAR, "own": OWN}
    facts = {
        key: ProviderFacts(
            key,
            name.title(),
            ProviderStatus.ACTIVE,
            "internal",
            {o: round(share * WHOLE) for o, share in interests.get(name, {}).items()},
        )
        for name, key in keys.items()
    }
    return Standing(facts, {}, {HOLDING: "Holding", FUND: "Fund"}, frozenset())


def codes(sums: dict[int, int], here: Standing, **thresholds: float) -> list[str]:
    found = concentration_of(sums, here, OWN)
    told = alerts(
        found,
        Thresholds(**thresholds),  # type: ignore[arg-type]
        outside=NAMES,
        organisations=here.organisations,
        project=None,
        where="here",
    )
    return [alert["code"] for alert in told]


@pytest.mark.parametrize(
    ("amounts", "index"),
    [
        ([5], 10_000),
        ([1, 1], 5_000),
        ([1, 1, 1], 3_333),
        ([60, 40], 5_200),
        ([0, 7], 10_000),
        ([], None),
        ([0], None),
    ],
)
def test_the_index_is_ten_thousand_when_all_hangs_on_one(amounts: list[int], index: int | None) -> None:
    assert index_of(amounts) == index


def test_providers_of_one_owner_are_one_source() -> None:
    here = standing(acme={HOLDING: 1.0}, birch={HOLDING: 1.0}, cedar={FUND: 0.9})
    found = concentration_of({ACME: 40, BIRCH: 40, CEDAR: 20}, here, OWN)
    assert (found.providers, found.sources) == (3_600, 6_800)
    apart = concentration_of({ACME: 40, BIRCH: 40, CEDAR: 20}, standing(acme={HOLDING: 0.99}), OWN)
    assert apart.sources == 3_600


def test_an_organisation_has_all_it_holds_a_part_of_and_is_attributed_that_part() -> None:
    here = standing(acme={HOLDING: 0.25, FUND: 1.0}, birch={HOLDING: 1.0})
    found = {h.organisation: h for h in concentration_of({ACME: 60, BIRCH: 20, CEDAR: 20}, here, OWN).held}
    assert (found[HOLDING].share, found[HOLDING].attributed) == (pytest.approx(0.8), pytest.approx(0.35))
    assert (found[FUND].share, found[FUND].attributed) == (pytest.approx(0.6), pytest.approx(0.6))
    assert found[HOLDING].providers == (ACME, BIRCH)


def test_two_providers_that_carry_about_alike_raise_no_alert() -> None:
    assert codes({ACME: 55, BIRCH: 45}, standing()) == []
    assert codes({ACME: 70, BIRCH: 30}, standing()) == ["share_above", "hhi_above"]


def test_three_providers_of_whom_two_have_one_owner_raise_one() -> None:
    sums = {ACME: 40, BIRCH: 40, CEDAR: 20}
    assert codes(sums, standing()) == []
    here = standing(acme={HOLDING: 1.0}, birch={HOLDING: 1.0})
    assert codes(sums, here) == ["organisation_above", "hhi_above"]


def test_on_ones_own_people_one_may_depend() -> None:
    assert codes({OWN: 95, ACME: 5}, standing()) == []
    assert codes({OWN: 100}, standing()) == []


def test_thresholds_are_what_is_set() -> None:
    assert codes({ACME: 55, BIRCH: 45}, standing(), share=0.5, hhi=10_000) == ["share_above"]
    assert codes({ACME: 50, BIRCH: 50}, standing(), share=0.5) == [], "above, not at"
    assert codes({ACME: 50, BIRCH: 50}, standing(), share=1.0, hhi=4_999) == ["hhi_above"]


def test_where_nothing_was_answered_nothing_hangs_on_anybody() -> None:
    found = concentration_of({}, standing(), OWN)
    assert (found.shares, found.providers, found.sources, found.held) == ({}, None, None, [])
    assert codes({}, standing()) == []
