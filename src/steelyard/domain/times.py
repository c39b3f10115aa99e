"""How does a moment leave and enter? Stored as integer microseconds UTC, outside as RFC 3339 with ms and Z."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from steelyard.domain.errors import invalid

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_time(micros: int) -> str:
    """2026-03-01T10:00:00.120Z from microseconds."""
    return f"{_to_the_second(micros // SECOND)}.{micros // 1000 % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _to_the_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def parse_time(value: object, pointer: str) -> int:
    """Microseconds from an RFC 3339 time or a date (midnight UTC); a time without an offset is UTC."""
    if not isinstance(value, str):
        raise invalid(pointer, "time", "must be a date or an RFC 3339 time")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise invalid(pointer, "time", f"is not a date or an RFC 3339 time: {value[:40]!r}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        raise invalid(pointer, "time", "is out of range") from None
