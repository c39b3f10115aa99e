"""How does a moment leave and enter? Stored as integer microseconds UTC, outside as RFC 3339 with ms and Z."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from steelyard.domain.errors import invalid

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_time(micros: int) -> str:
    """2026-03-01T10:00:00.120Z from microseconds."""
    moment = _EPOCH + timedelta(microseconds=micros // 1000 * 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


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
