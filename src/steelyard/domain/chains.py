"""How much of a provider does each organisation hold, directly and through every chain of others?

The share through a chain is the product of its links, chains add up, the sum is capped at the whole, and a
chain that meets itself is not followed further. A share of any size is an interest: none becomes nothing.

There may be more chains between two organisations than anybody can walk, so what arrives at one is summed once
and passed on. Only where some hold parts of each other, in a ring, must chains be told apart: domain/rings.py.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log

from steelyard.domain.rings import ALL, BITS, WHOLE, shares_within

Chain = Mapping[int, tuple[int | None, int]]


@dataclass(frozen=True)
class Interest:
    """`holder` holds `share` (millionths) of a provider or of another organisation."""

    holder: int
    share: int
    provider: int | None = None
    organisation: int | None = None


class Held:
    """Who holds a provider: each organisation's whole share in millionths."""

    def __init__(self, shares: Mapping[int, int], find_chains: Callable[[], Chain]) -> None:
        self.shares = shares
        self._find_chains = find_chains

    @cached_property
    def through(self) -> Chain:
        """Of each holder's largest chain the first link down: the organisation that it holds (None: the
        provider itself), and how much of that one. Worked out when a reason is asked for."""
        return self._find_chains()


class Holdings:
    """Who holds each provider, by all interests. Made whole at once and never changed: threads may share it."""

    def __init__(self, edges: Iterable[Interest]) -> None:
        self._of_provider: dict[int, dict[int, int]] = {}
        self._above: dict[int, dict[int, int]] = {}  # organisation -> who holds it -> how much
        for edge in edges:
            if edge.provider is not None:
                _add(self._of_provider.setdefault(edge.provider, {}), edge)
            elif edge.organisation is not None and edge.organisation != edge.holder:
                _add(self._above.setdefault(edge.organisation, {}), edge)
        self._place: dict[
            int, int
        ] = {}  # organisation -> its ring's place; who is held comes before its holder
        self._rings: dict[int, frozenset[int]] = {}
        self._within: dict[int, dict[int, int]] = {}
        self._found = {provider: self._find(direct) for provider, direct in self._of_provider.items()}

    def of(self, provider: int) -> Held:
        """Everybody who holds a part of this provider."""
        return self._found.get(provider) or Held({}, dict)

    def _find(self, direct: Mapping[int, int]) -> Held:
        for organisation in direct:
            if organisation not in self._place:
                self._arrange(organisation)
        shares = {
            holder: max(1, min(WHOLE, (share + ALL // 2) >> BITS))
            for holder, share in self._summed(direct).items()
        }
        return Held(shares, lambda: self._nearest(direct))

    def _summed(self, direct: Mapping[int, int]) -> dict[int, int]:
        """Shares in millionths with `BITS` behind the point, rounded up."""
        arriving = {holder: share << BITS for holder, share in direct.items()}
        total: dict[int, int] = {}
        waiting = [self._place[holder] for holder in arriving]
        heapq.heapify(waiting)
        while waiting:
            ring = self._rings[heapq.heappop(waiting)]
            entries = {member: arriving.pop(member) for member in ring if member in arriving}
            if not entries:
                continue  # it stood in line more than once
            for member, share in self._through_ring(ring, entries).items():
                total[member] = share
                for holder, part in self._above.get(member, {}).items():
                    if holder not in ring:
                        if holder not in arriving:
                            heapq.heappush(waiting, self._place[holder])
                        arriving[holder] = arriving.get(holder, 0) + -(-share * part // WHOLE)
        return total

    def _through_ring(self, ring: frozenset[int], entries: dict[int, int]) -> dict[int, int]:
        if len(ring) == 1:
            return entries
        found: dict[int, int] = {}
        for entry, share in entries.items():
            if entry not in self._within:
                self._within[entry] = shares_within(self._links(ring), entry)
            for member, part in self._within[entry].items():
                found[member] = found.get(member, 0) + -(-share * part >> BITS)
        return found

    def _links(self, ring: frozenset[int]) -> dict[int, dict[int, int]]:
        return {m: {h: s for h, s in self._above[m].items() if h in ring} for m in sorted(ring)}

    def _nearest(self, direct: Mapping[int, int]) -> Chain:
        """For each holder the chain with the largest share, as its first link down."""
        found: dict[int, tuple[int | None, int]] = {}
        waiting: list[tuple[float, int, int, int | None, int]] = [
            (_length(share), 1, holder, None, share) for holder, share in direct.items()
        ]
        heapq.heapify(waiting)
        while waiting:
            length, links, holder, held, share = heapq.heappop(waiting)
            if holder in found:
                continue
            found[holder] = (held, min(share, WHOLE))
            for above, part in self._above.get(holder, {}).items():
                if above not in found:
                    heapq.heappush(waiting, (length + _length(part), links + 1, above, holder, part))
        return found

    def _arrange(self, start: int) -> None:
        """Tarjan's strongly connected components, without recursion: a chain may be longer than the stack.

        A component is complete after all that hold a part of it, so places are given downwards from zero and
        the lowest comes first.
        """
        index: dict[int, int] = {}
        low: dict[int, int] = {}
        path: list[int] = []
        on_path: set[int] = set()

        def enter(node: int) -> tuple[int, Iterator[int]]:
            index[node] = low[node] = len(index)
            path.append(node)
            on_path.add(node)
            return node, iter(self._above.get(node, {}))

        stack = [enter(start)]
        while stack:
            node, holders = stack[-1]
            for holder in holders:
                if holder in on_path:
                    low[node] = min(low[node], index[holder])
                elif holder not in self._place and holder not in index:
                    stack.append(enter(holder))
                    break
            else:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[node])
                if low[node] == index[node]:
                    ring = {path.pop()}
                    while node not in ring:
                        ring.add(path.pop())
                    on_path -= ring
                    place = -len(self._rings)
                    self._rings[place] = frozenset(ring)
                    self._place.update(dict.fromkeys(ring, place))


def _add(holders: dict[int, int], edge: Interest) -> None:
    holders[edge.holder] = holders.get(edge.holder, 0) + edge.share


def _length(share: int) -> float:
    """Adds up along a chain where shares multiply; the shortest chain holds the most."""
    return -log(min(share, WHOLE) / WHOLE)


def interests_of(provider: int, edges: Iterable[Interest]) -> dict[int, int]:
    """Every organisation that holds a part of a provider, and how much in all, in millionths."""
    return dict(Holdings(edges).of(provider).shares)
