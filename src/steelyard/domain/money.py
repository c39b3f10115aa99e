"""How is money counted? In integer millionths of the installation's one currency, never in floats."""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException

from steelyard.domain.errors import invalid

MILLION = 1_000_000
LIMIT = 10**15
_AMOUNT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,6})?")


def parse_money(value: object, pointer: str = "/price") -> int:
    """Millionths from a decimal string or a number; raises `Invalid` for anything else or below zero."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise invalid(pointer, "money", 'must be a decimal string like "0.05"')
    if isinstance(value, str) and _AMOUNT.fullmatch(value) is None:
        raise invalid(pointer, "money", 'must be a decimal string like "0.05"')
    try:
        micros = Decimal(str(value)) * MILLION
    except DecimalException:
        raise invalid(pointer, "money", 'must be a decimal string like "0.05"') from None
    if not micros.is_finite() or micros < 0 or micros > LIMIT:
        raise invalid(pointer, "money", "must be a finite amount of zero or more")
    if micros != micros.to_integral_value():
        raise invalid(pointer, "money", "has more than six decimals")
    return int(micros)


def format_money(micros: int) -> str:
    """A decimal string with two to six decimals: 50000 -> "0.05"."""
    whole, rest = divmod(abs(int(micros)), MILLION)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{decimals}"
