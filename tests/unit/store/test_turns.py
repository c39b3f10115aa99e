"""Ordinary writes come before blocks of an import, which come in nevertheless."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import Empty

import pytest

from steelyard.store.turns import FEW, LONGEST_BEHIND_S, QUIET_S, Turns


@dataclass(frozen=True)
class One:
    name: str
    behind: bool = False
    asked_at: float = 0.0


A, B, BLOCK, NEXT = One("a"), One("b"), One("block", behind=True), One("next", behind=True)


def filled(*ones: One | None) -> Turns[One]:
    turns: Turns[One] = Turns()
    for one in ones:
        turns.put(one)
    return turns


def test_blocks_stand_behind_in_their_order() -> None:
    turns = filled(BLOCK, A, NEXT, B)
    assert [turns.get(0.0) for _ in range(4)] == [A, B, BLOCK, NEXT]
    assert turns.empty()


def test_a_block_that_has_waited_for_long_comes_first() -> None:
    turns = filled(BLOCK, A)
    assert turns.get(LONGEST_BEHIND_S * 2) == BLOCK
    assert turns.get(0.0) == A


def test_a_block_is_left_to_wait_where_somebody_waits_for_the_commit() -> None:
    turns = filled(BLOCK)
    with pytest.raises(Empty):
        turns.get_nowait(0.0, behind=False)
    assert not turns.empty()
    assert turns.get_nowait(0.0) == BLOCK
    with pytest.raises(Empty):
        turns.get_nowait(0.0)


def test_the_end_comes_behind_all_that_was_asked_for() -> None:
    turns = filled(A, BLOCK, None)
    assert turns.get(0.0) == A
    with pytest.raises(Empty):
        turns.get_nowait(0.0, behind=False)
    assert [turns.get(0.0), turns.get(0.0)] == [BLOCK, None]


def test_whoever_waits_is_woken_by_a_block() -> None:
    turns = filled()
    found: list[One | None] = []
    taker = threading.Thread(target=lambda: found.append(turns.get(0.0)))
    taker.start()
    turns.put(BLOCK)
    taker.join(10)
    assert found == [BLOCK]


def test_it_is_quiet_until_several_ordinary_writes_come_at_once() -> None:
    turns = filled(BLOCK, *[One("a", asked_at=10.0)] * (FEW - 1))
    assert turns.quiet(10.0)
    turns.put(One("b", asked_at=10.5))
    assert not turns.quiet(10.5)
    assert turns.quiet(10.5 + QUIET_S)
