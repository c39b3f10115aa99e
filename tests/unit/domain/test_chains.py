"""How much of a provider is held through chains? Exactly as by walking every chain, where that can be done."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.domain import rings
from steelyard.domain.chains import Holdings, Interest, interests_of
from steelyard.domain.rings import WHOLE

PROVIDER = 1


def of_provider(holder: int, share: int) -> Interest:
    return Interest(holder, share, provider=PROVIDER)


def of_organisation(holder: int, share: int, organisation: int) -> Interest:
    return Interest(holder, share, organisation=organisation)


def walked(edges: list[Interest]) -> dict[int, int]:
    """By the rule itself: every chain is followed until it meets itself."""
    total: dict[int, Fraction] = {}

    def follow(edge: Interest, share: Fraction, path: frozenset[int]) -> None:
        if edge.holder in path:
            return
        held = share * edge.share / WHOLE
        total[edge.holder] = total.get(edge.holder, Fraction(0)) + held
        for above in edges:
            if above.organisation == edge.holder:
                follow(above, held, path | {edge.holder})

    for edge in edges:
        if edge.provider == PROVIDER:
            follow(edge, Fraction(WHOLE), frozenset())
    return {holder: max(1, min(WHOLE, floor(share + Fraction(1, 2)))) for holder, share in total.items()}


def graphs(organisations: int, most: int) -> st.SearchStrategy[list[Interest]]:
    who = st.integers(10, 9 + organisations)
    shares = st.one_of(st.integers(1, WHOLE), st.sampled_from([1, WHOLE // 2, WHOLE]))
    edges = st.one_of(
        st.builds(of_provider, who, shares),
        st.builds(of_organisation, who, shares, who),
        st.builds(of_organisation, who, shares, who),
    )
    return st.lists(edges, max_size=most)


def layered(layers: int, width: int, share: int) -> list[Interest]:
    """Everybody in a layer is held by everybody in the next: width ** layers chains."""
    edges = [of_provider(100 + i, share) for i in range(width)]
    for layer in range(1, layers):
        below, above = 100 * layer, 100 * (layer + 1)
        edges += [of_organisation(above + i, share, below + j) for i in range(width) for j in range(width)]
    return edges


def ring(members: int, share: int) -> list[Interest]:
    """Everybody holds a part of everybody else, and of the provider."""
    edges = [of_provider(10 + i, share) for i in range(members)]
    return edges + [
        of_organisation(10 + i, share, 10 + j) for i in range(members) for j in range(members) if i != j
    ]


@settings(max_examples=300)
@given(graphs(6, 14))
def test_it_is_what_walking_every_chain_finds(edges: list[Interest]) -> None:
    assert interests_of(PROVIDER, edges) == walked(edges)


@settings(max_examples=100)
@given(graphs(5, 12))
def test_what_is_bounded_is_never_less_than_the_truth(edges: list[Interest]) -> None:
    kept = rings.EXACT_STEPS
    rings.EXACT_STEPS = 0
    try:
        bounded = interests_of(PROVIDER, edges)
    finally:
        rings.EXACT_STEPS = kept
    exact = interests_of(PROVIDER, edges)
    assert bounded.keys() == exact.keys()
    assert all(bounded[holder] >= share for holder, share in exact.items())


def test_a_dense_ring_of_eight_is_exact() -> None:
    assert interests_of(PROVIDER, ring(6, 90_000)) == walked(ring(6, 90_000))
    # By symmetry: chains of n links through others are ordered choices of n of the seven.
    share, chains = Fraction(60_000, WHOLE), 1
    total, power = Fraction(0), share
    for length in range(8):
        total += power * chains
        chains *= 7 - length
        power *= share
    assert set(interests_of(PROVIDER, ring(8, 60_000)).values()) == {round(total * WHOLE)}


def test_a_ring_too_dense_to_walk_is_bounded_from_above() -> None:
    """Of twelve that hold 7 % of each other, 77 % in all, the chains can still be counted by symmetry."""
    share, chains = Fraction(70_000, WHOLE), 1
    total, power = Fraction(0), share
    for length in range(12):
        total += power * chains
        chains *= 11 - length
        power *= share
    [found] = set(interests_of(PROVIDER, ring(12, 70_000)).values())
    assert round(total * WHOLE) <= found <= round(total * WHOLE * Fraction(3, 2))


@pytest.mark.parametrize(
    ("edges", "holders"),
    [
        (layered(12, 5, 150_000), 60),  # 244 million chains
        (layered(30, 2, 500_000), 60),
        ([of_provider(0, WHOLE)] + [of_organisation(i, 9_000, j) for i in range(60) for j in range(i)], 60),
        (ring(60, 10_000), 60),
        (
            [*layered(6, 10, 90_000), of_organisation(100, 10_000, 600)],
            60,
        ),  # its top holds a part of its bottom
    ],
    ids=["layers", "many layers", "all above", "ring", "layers closed to a ring"],
)
def test_a_dense_graph_of_sixty_is_done_at_once(edges: list[Interest], holders: int) -> None:
    """Walking the chains would not end; the test's own time limit is the assertion."""
    found = interests_of(PROVIDER, edges)
    assert len(found) == holders
    assert all(1 <= share <= WHOLE for share in found.values())


def test_layers_are_exact() -> None:
    found = interests_of(PROVIDER, layered(12, 5, 150_000))
    for layer in range(12):
        exact = Fraction(150_000, WHOLE) * (5 * Fraction(150_000, WHOLE)) ** layer
        assert found[100 * (layer + 1)] == round(exact * WHOLE)


def test_a_chain_longer_than_any_stack_ends_in_an_interest() -> None:
    chain = [of_provider(10, WHOLE // 2)]
    chain += [of_organisation(above, WHOLE // 2, below) for below, above in pairwise(range(10, 3000))]
    found = interests_of(PROVIDER, chain)
    assert len(found) == 2990
    assert found[2999] == 1, "a share of any size is an interest"


def test_a_ring_of_a_thousand_is_done_at_once() -> None:
    edges = [of_provider(0, WHOLE)] + [of_organisation((i + 1) % 1000, 990_000, i) for i in range(1000)]
    found = interests_of(PROVIDER, edges)
    assert found[1] == 990_000
    assert found[0] == WHOLE
    assert len(found) == 1000


def test_the_largest_chain_is_told() -> None:
    edges = [of_provider(11, 400_000), of_provider(12, WHOLE), of_provider(13, 10_000)]
    edges += [of_organisation(13, 300_000, 11), of_organisation(13, 200_000, 12)]
    held = Holdings(edges).of(PROVIDER)
    assert held.shares[13] == 10_000 + 120_000 + 200_000
    assert held.through[13] == (12, 200_000)
    assert held.through[12] == (None, WHOLE)
