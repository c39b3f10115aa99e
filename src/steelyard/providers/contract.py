"""What was agreed with a provider, and until when?

The fields are those that a register of outside providers asks for (in the EU: DORA, Art. 28): which contract,
its dates and notice, what for, whether that is critical, where data lies, and who works for the provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from steelyard.domain.errors import Invalid, Problem, invalid
from steelyard.domain.names import checked_name, name_key

LONGEST_NOTICE = 3650
LONGEST_TEXT = 500
MOST_SUBCONTRACTORS = 200


def merged_contract(old: Mapping[str, Any] | None, raw: Any, at: str = "/contract") -> dict[str, Any] | None:
    """The contract after a merge patch: a null takes a field away, and null for all of it the contract.

    Raises `Invalid` naming every field that is wrong.
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise invalid(at, "type", "must be an object")
    problems: list[Problem] = []
    found = dict(old or {})
    for name, value in raw.items():
        if name not in _CHECKS:
            problems.append(Problem(f"{at}/{name}", "unknown", "is not a field of a contract"))
        elif value is None:
            found.pop(name, None)
        else:
            try:
                found[name] = _CHECKS[name](value, f"{at}/{name}")
            except Invalid as wrong:
                problems += wrong.problems
    if not problems and found.get("starts", "") > found.get("ends", "9999-12-31"):
        problems.append(Problem(f"{at}/ends", "range", "is before the contract starts"))
    if problems:
        raise Invalid(problems)
    return {name: found[name] for name in _CHECKS if name in found} or None


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise invalid(at, "type", f"must be a text of at most {LONGEST_TEXT} characters")
    return value.strip()


def _date(value: Any, at: str) -> str:
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "").isoformat()
    except ValueError:
        raise invalid(at, "date", "must be a date such as 2031-12-31") from None


def _days(value: Any, at: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_NOTICE:
        raise invalid(at, "range", f"must be a whole number of days from 0 to {LONGEST_NOTICE}")
    return value


def _flag(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(at, "type", "must be true or false")
    return value


def _names(value: Any, at: str) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_SUBCONTRACTORS:
        raise invalid(at, "type", f"must be a list of at most {MOST_SUBCONTRACTORS} names")
    names = {name_key(name): name for name in (checked_name(v, f"{at}/{i}") for i, v in enumerate(value))}
    return list(names.values())


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "reference": _text,
    "starts": _date,
    "ends": _date,
    "notice_days": _days,
    "renews": _flag,
    "contact": _text,
    "function": _text,
    "critical": _flag,
    "data_location": _text,
    "subcontractors": _names,
}
