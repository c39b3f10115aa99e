"""How is somebody's content pinned down without saying it?

commitment = SHA-256(32-byte salt, then RFC 8785 JSON of the payload). The salt lives in the payload, so
erasing the payload leaves a commitment that nobody can guess the content from.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

import rfc8785

from steelyard.domain.errors import invalid
from steelyard.domain.plain_json import canonical_plain, is_plain

SALT_BYTES = 32


def canonical(payload: Any, pointer: str = "") -> bytes:
    """RFC 8785 JSON; raises `Invalid` for numbers and strings that it cannot hold."""
    if is_plain(payload):
        return canonical_plain(payload)
    try:
        return rfc8785.dumps(payload)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError, TypeError) as wrong:
        raise invalid(pointer, "json", f"cannot be kept exactly: {wrong}") from None


def commitment(salt: bytes | bytearray, payload: Any) -> str:
    """The commitment in lower-case hex."""
    return hashlib.sha256(salt + canonical(payload)).hexdigest()


def commit(payload: Any) -> tuple[bytes, str]:
    """(a fresh salt, the commitment to `payload` under it)."""
    salt = os.urandom(SALT_BYTES)
    return salt, commitment(salt, payload)


def salts(count: int) -> list[bytearray]:
    """As many fresh salts, as what databases are given soonest."""
    drawn = bytearray(os.urandom(SALT_BYTES * count))
    return [drawn[at : at + SALT_BYTES] for at in range(0, len(drawn), SALT_BYTES)]
