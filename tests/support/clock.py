"""What time is it in a test? The time it says it is, until it moves it on."""

from __future__ import annotations

START = 1_800_000_000_000_000


class Clock:
    """Microseconds since 1970 in UTC, standing still unless advanced. Call it to read it.

    SQLite takes its readings as they are; PostgreSQL keeps its own clock and is moved by what was advanced.
    """

    def __init__(self, start: int = START) -> None:
        self._start = start
        self._advanced = 0

    def __call__(self) -> int:
        return self._start + self._advanced

    def advance(self, seconds: float) -> None:
        self._advanced += round(seconds * 1_000_000)

    def advanced(self) -> int:
        """Microseconds moved on in all."""
        return self._advanced
