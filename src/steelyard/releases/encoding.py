"""Has this document one spelling only?

What is signed is RFC 8785 JSON without a final newline and strict base64, so that no byte of it can be
changed without changing what it says.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import rfc8785

from steelyard.domain.plain_json import canonical_plain, is_plain


class NotCanonical(ValueError):
    """The bytes are no document, or not the one spelling of what they say."""


def canonical(value: Any) -> bytes:
    """RFC 8785 JSON."""
    return canonical_plain(value) if is_plain(value) else rfc8785.dumps(value)


def read_canonical(data: bytes) -> Any:
    """What `data` says; raises `NotCanonical` unless it is its own re-encoding, byte for byte."""
    try:
        value = json.loads(data.decode("utf-8"))
        again = canonical(value)
    except (ValueError, RecursionError, TypeError, OverflowError) as wrong:
        raise NotCanonical(f"is not JSON: {str(wrong)[:200]}") from None
    if again != data:
        raise NotCanonical("is not in canonical form (RFC 8785)")
    return value


def encode64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def decode64(text: Any) -> bytes:
    """Raises `NotCanonical` for anything but the one base64 spelling of some bytes."""
    if not isinstance(text, str):
        raise NotCanonical("is not base64")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise NotCanonical("is not base64") from None
    if encode64(data) != text:
        raise NotCanonical("is not canonical base64")
    return data
