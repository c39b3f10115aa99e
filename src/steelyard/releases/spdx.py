"""Is this a licence that everybody knows by the same name?

An SPDX licence expression: identifiers of the SPDX list, `LicenseRef-` names of one's own, WITH, AND, OR and
parentheses. What comes back is spelled as the list spells it.
"""

from __future__ import annotations

from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from steelyard.domain.errors import invalid

LONGEST = 300


def check_licence(value: Any, pointer: str) -> str:
    """The expression in its one spelling. Raises `Invalid`."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise invalid(pointer, "licence", f"must be an SPDX expression of up to {LONGEST} characters")
    try:
        return str(canonicalize_license_expression(value))
    except (InvalidLicenseExpression, ValueError, RecursionError, MemoryError):
        raise invalid(
            pointer,
            "licence",
            f"{value[:80]!r} is no SPDX licence expression, such as CC-BY-4.0 or LicenseRef-Contract-7",
        ) from None
