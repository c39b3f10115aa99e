"""How much of one organisation do the others hold, where they hold parts of each other in a ring?

A chain that meets itself is not followed further, so chains must be told apart by whom they have passed. Those
that passed the same organisations and end at the same one are one; a ring of eight in which everybody holds
everybody is done exactly so, and so is a large one with few links. What would take more is bounded from above:
what is found is then too much, never too little, so a stake may stop a provider too early and never too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, exp, log

WHOLE = 1_000_000  # shares are counted in millionths
# Within a sum of chains a share has so many bits behind the point, and is rounded up: what that adds is far
# below what tips a millionth, and numbers stay short however long the chains are.
BITS = 256
ALL = 1 << BITS
EXACT_STEPS = 50_000  # for a whole ring, a step being one link of one chain; shared by those it is entered at
LONGEST = 64  # links of a chain that is followed exactly: beyond, the numbers themselves grow long
BOUND_STEPS = 1_000_000  # for a whole ring, of what is bounded
SLACK = 1 + 1e-9  # over all that floating point may have lost in the bound
NEGLIGIBLE = 1e-12
MOST = 1e12  # parts of a whole: where others hold more than there is, nothing else would be an end

Links = Mapping[int, Mapping[int, int]]  # organisation -> who of the ring holds it -> how much


def shares_within(links: Links, entry: int) -> dict[int, int]:
    """What part of `entry` (of `ALL`) each member of a ring holds through chains within it; `entry` all."""
    bit = {member: 1 << i for i, member in enumerate(sorted(links))}
    found = {entry: ALL}
    level: dict[tuple[int, int], int] = {(bit[entry], entry): 1}  # (passed, last) -> numerator over `scale`
    steps, scale = EXACT_STEPS // len(links), 1
    for length in range(1, len(links)):
        if not level:
            break
        steps -= sum(len(links[last]) for _, last in level)
        if steps < 0 or length > LONGEST:
            return _bounded(links, entry, found, _by_last(level, scale), len(links) - length)
        following: dict[tuple[int, int], int] = {}
        for (passed, last), weight in level.items():
            for holder, share in links[last].items():
                if not passed & bit[holder]:
                    chain = (passed | bit[holder], holder)
                    following[chain] = following.get(chain, 0) + weight * share
        scale *= WHOLE
        for (_, last), weight in following.items():
            found[last] = found.get(last, 0) + -(-(weight << BITS) // scale)
        level = following
    return found


def _by_last(level: Mapping[tuple[int, int], int], scale: int) -> dict[int, float]:
    together: dict[int, int] = {}
    for (_, last), weight in level.items():
        together[last] = together.get(last, 0) + weight
    return {last: weight / scale for last, weight in together.items()}


def _bounded(
    links: Links, entry: int, found: dict[int, int], level: dict[int, float], lengths: int
) -> dict[int, int]:
    """`found` with an upper bound of what chains that go on from `level` add, of up to `lengths` more links.

    They may pass an organisation twice, but for the entry. Where the ring holds less than the whole of each of
    its members, what is on its way shrinks from link to link and the rest is a geometric sum; and nobody can
    hold more of the entry than there is.
    """
    more = dict.fromkeys(links, 0.0)
    held = max(sum(holders.values()) for holders in links.values()) / WHOLE
    steps = BOUND_STEPS // len(links)
    while lengths and steps > 0 and sum(level.values()) > NEGLIGIBLE:
        steps -= sum(len(links[last]) for last in level)
        following: dict[int, float] = {}
        for last, weight in level.items():
            for holder, share in links[last].items():
                if holder != entry:
                    following[holder] = following.get(holder, 0.0) + weight * share / WHOLE
        for holder, weight in following.items():
            more[holder] += weight
        level, lengths = following, lengths - 1
    rest = _rest(sum(level.values()), held, lengths)
    for member, above in more.items():
        if member != entry:
            bound = found.get(member, 0) + ceil((above + rest) * SLACK * ALL)
            found[member] = min(bound, ALL) if held <= 1 else bound
    return found


def _rest(weight: float, held: float, lengths: int) -> float:
    """What is on its way adds at most this by `lengths` more links, each keeping the part `held` of it."""
    if not lengths:
        return 0.0
    if held < 1:
        return weight * held / (1 - held)
    return weight * min(lengths * exp(min(lengths * log(held), 50.0)), MOST)
