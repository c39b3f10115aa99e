"""Whose write comes next?

Somebody waits for an ordinary write, so those come first, in their order. Blocks of an import stand behind: one is
taken when nobody else waits, or when it has waited for so long that it would never come in.
"""

from __future__ import annotations

from collections import deque
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar, cast

LONGEST_BEHIND_S = 0.3
FEW, QUIET_S = 5, 2.0  # so few ordinary writes in so long are hardly any


class Asked(Protocol):
    asked_at: float
    behind: bool


T = TypeVar("T", bound=Asked)
_LOOK = object()  # wakes whoever waits: one that stands behind has come


class Turns(Generic[T]):
    """Writes that wait for the one thread that takes them. None is the last: with it the taking ends."""

    def __init__(self) -> None:
        self._ordinary: SimpleQueue[T | object | None] = SimpleQueue()
        self._behind: deque[T] = deque()
        self._came: deque[float] = deque([float("-inf")] * FEW, maxlen=FEW)

    def put(self, one: T | None) -> None:
        if one is not None and one.behind:
            self._behind.append(one)
            self._ordinary.put(_LOOK)
        else:
            if one is not None:
                self._came.append(one.asked_at)
            self._ordinary.put(one)

    def quiet(self, now: float) -> bool:
        """Whether hardly any ordinary write was asked for of late."""
        return now - self._came[0] > QUIET_S

    def qsize(self) -> int:
        """How many wait, at most."""
        return self._ordinary.qsize() + len(self._behind)

    def empty(self) -> bool:
        return self._ordinary.empty() and not self._behind

    def get(self, now: float) -> T | None:
        """The next one, waited for."""
        while True:
            try:
                return self.get_nowait(now)
            except Empty:
                one = self._ordinary.get()
            if one is None and self._behind:
                self._ordinary.put(None)
            elif one is not _LOOK:
                return cast("T | None", one)

    def get_nowait(self, now: float, *, behind: bool = True) -> T | None:
        """The next one; raises `Empty`. Without `behind` only an ordinary one."""
        behind = behind and bool(self._behind)
        if behind and now - self._behind[0].asked_at > LONGEST_BEHIND_S:
            return self._behind.popleft()
        while True:
            try:
                one = self._ordinary.get_nowait()
            except Empty:
                if behind:
                    return self._behind.popleft()
                raise
            if one is None and self._behind:  # what was asked for before the end comes before it
                self._ordinary.put(None)
                if behind:
                    return self._behind.popleft()
                raise Empty
            if one is not _LOOK:
                return cast("T | None", one)
