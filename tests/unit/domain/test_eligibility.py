"""Who may be shown what? The one pure function behind every claim, submit and download."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.domain.chains import Interest, interests_of
from steelyard.domain.eligibility import WHOLE, Demand, ProviderFacts, may_be_shown
from steelyard.domain.policy import SENSITIVITIES
from steelyard.domain.states import ProviderStatus

PROVIDER, OTHER = 1, 2
HALF = WHOLE // 2
ACME, HOLDING, RIVAL = 10, 11, 12


def of_provider(holder: int, share: int, provider: int = PROVIDER) -> Interest:
    return Interest(holder, share, provider=provider)


def of_organisation(holder: int, share: int, organisation: int) -> Interest:
    return Interest(holder, share, organisation=organisation)


def facts(
    status: str = "active", clearance: str = "internal", interests: dict[int, int] | None = None
) -> ProviderFacts:
    return ProviderFacts(PROVIDER, "Acme Labels", ProviderStatus(status), clearance, interests or {})


def demand(
    sensitivity: str = "internal",
    conflicts: frozenset[int] | set[int] = frozenset(),
    stake: int = 0,
    allowed: set[int] | None = None,
) -> Demand:
    return Demand(sensitivity, frozenset(conflicts), stake, None if allowed is None else frozenset(allowed))


@pytest.mark.parametrize("status", ["suspended", "exited"])
@pytest.mark.parametrize("gold", [True, False])
def test_a_stopped_provider_is_shown_nothing(status: str, gold: bool) -> None:
    verdict = may_be_shown(facts(status), demand("public"), gold=gold)
    assert (verdict.allowed, verdict.code) == (False, "provider_stopped")
    assert status in verdict.because


def test_a_provider_on_trial_is_shown_gold_only() -> None:
    assert may_be_shown(facts("trial"), demand(), gold=True).allowed
    assert may_be_shown(facts("trial"), demand()).code == "provider_on_trial"


def test_clearance_covers_its_own_level_and_those_below() -> None:
    for has, level in enumerate(SENSITIVITIES):
        for wants, sensitivity in enumerate(SENSITIVITIES):
            verdict = may_be_shown(facts(clearance=level), demand(sensitivity))
            assert verdict.allowed == (has >= wants), (level, sensitivity)


def test_an_allowed_list_shuts_out_whoever_is_not_on_it() -> None:
    assert may_be_shown(facts(), demand(allowed={PROVIDER, OTHER})).allowed
    assert not may_be_shown(facts(), demand(allowed={OTHER})).allowed
    assert not may_be_shown(facts(), demand(allowed=set())).allowed
    assert may_be_shown(facts(), demand(allowed=None)).allowed


def test_gold_is_kept_from_a_conflict_too() -> None:
    provider = facts("trial", interests={RIVAL: 1})
    assert not may_be_shown(provider, demand(conflicts={RIVAL}), gold=True).allowed


def test_any_share_conflicts_unless_a_stake_is_said() -> None:
    provider = facts(interests={RIVAL: 1})
    assert not may_be_shown(provider, demand(conflicts={RIVAL})).allowed
    assert may_be_shown(provider, demand(conflicts={RIVAL}, stake=2)).allowed


def test_a_share_equal_to_the_stake_conflicts() -> None:
    provider = facts(interests={RIVAL: 490_000})
    assert not may_be_shown(provider, demand(conflicts={RIVAL}, stake=490_000)).allowed
    assert may_be_shown(provider, demand(conflicts={RIVAL}, stake=490_001)).allowed


def test_the_reason_names_the_organisation_and_its_share() -> None:
    provider = facts(interests={RIVAL: 490_000})
    verdict = may_be_shown(provider, demand(conflicts={RIVAL}), names={RIVAL: "Rival Corp"})
    assert verdict.because == "Rival Corp, named in the conflicts, holds 49 % of Acme Labels"


def test_an_interest_of_somebody_who_is_in_no_conflict_is_no_matter() -> None:
    assert may_be_shown(facts(interests={ACME: WHOLE}), demand(conflicts={RIVAL})).allowed


def test_the_share_through_a_chain_is_the_product() -> None:
    edges = [of_provider(ACME, HALF), of_organisation(HOLDING, HALF, ACME)]
    edges.append(of_organisation(RIVAL, 100_000, HOLDING))
    assert interests_of(PROVIDER, edges) == {ACME: 500_000, HOLDING: 250_000, RIVAL: 25_000}


def test_the_shares_of_several_paths_are_added() -> None:
    edges = [of_provider(ACME, 400_000), of_provider(HOLDING, 300_000), of_provider(RIVAL, 50_000)]
    edges += [of_organisation(RIVAL, HALF, ACME), of_organisation(RIVAL, WHOLE, HOLDING)]
    assert interests_of(PROVIDER, edges)[RIVAL] == 50_000 + 200_000 + 300_000


def test_nobody_holds_more_than_the_whole() -> None:
    edges = [of_provider(ACME, WHOLE), of_provider(HOLDING, WHOLE)]
    edges += [of_organisation(RIVAL, WHOLE, ACME), of_organisation(RIVAL, WHOLE, HOLDING)]
    assert interests_of(PROVIDER, edges)[RIVAL] == WHOLE


def test_organisations_that_own_each_other_are_counted_once_a_path() -> None:
    edges = [of_provider(ACME, HALF), of_organisation(HOLDING, HALF, ACME)]
    edges += [of_organisation(ACME, HALF, HOLDING), of_organisation(ACME, HALF, ACME)]
    assert interests_of(PROVIDER, edges) == {ACME: 500_000, HOLDING: 250_000}


def test_a_share_is_never_rounded_down_to_nothing() -> None:
    edges = [of_provider(ACME, 1), of_organisation(RIVAL, 1, ACME)]
    assert interests_of(PROVIDER, edges)[RIVAL] == 1


def test_an_interest_in_another_provider_is_no_matter() -> None:
    assert interests_of(PROVIDER, [of_provider(RIVAL, WHOLE, OTHER)]) == {}


SHARES = st.integers(1, WHOLE)
EDGES = st.one_of(
    st.builds(of_provider, st.integers(10, 14), SHARES, st.integers(1, 2)),
    st.builds(of_organisation, st.integers(10, 14), SHARES, st.integers(10, 14)),
)
DEMANDS = st.builds(
    demand,
    st.sampled_from(SENSITIVITIES),
    st.frozensets(st.integers(10, 14)),
    st.integers(0, WHOLE),
    st.none() | st.sets(st.integers(1, 2)),
)
STATUSES = st.sampled_from([s.value for s in ProviderStatus])


@given(st.lists(EDGES, max_size=8), st.randoms())
def test_the_order_in_which_interests_were_recorded_is_no_matter(edges: list[Interest], random) -> None:
    shuffled = list(edges)
    random.shuffle(shuffled)
    assert interests_of(PROVIDER, shuffled) == interests_of(PROVIDER, edges)


@given(st.lists(EDGES, max_size=7), EDGES, STATUSES, st.sampled_from(SENSITIVITIES), DEMANDS, st.booleans())
def test_more_interest_never_allows_more(
    edges: list[Interest], more: Interest, status: str, clearance: str, asked: Demand, gold: bool
) -> None:
    before = may_be_shown(facts(status, clearance, interests_of(PROVIDER, edges)), asked, gold=gold)
    after = may_be_shown(facts(status, clearance, interests_of(PROVIDER, [*edges, more])), asked, gold=gold)
    assert before.allowed or not after.allowed


@given(STATUSES, st.sampled_from(SENSITIVITIES), st.dictionaries(st.integers(10, 14), SHARES), DEMANDS)
def test_whoever_may_see_work_may_see_gold(
    status: str, clearance: str, interests: dict[int, int], asked: Demand
) -> None:
    provider = facts(status, clearance, interests)
    assert may_be_shown(provider, asked, gold=True).allowed or not may_be_shown(provider, asked).allowed


@given(st.lists(EDGES, max_size=8))
def test_every_share_is_above_nothing_and_at_most_the_whole(edges: list[Interest]) -> None:
    assert all(1 <= share <= WHOLE for share in interests_of(PROVIDER, edges).values())
