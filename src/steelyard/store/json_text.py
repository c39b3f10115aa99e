"""How is a JSON value written into the database, and read from it?

As ASCII text: what is not ASCII stands as \\uXXXX, so that a search for a text in it knows how every character is
spelled. Values come back as they went in.
"""

from __future__ import annotations

import codecs
import json
from json.encoder import encode_basestring_ascii
from typing import Any

import msgspec

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder().decode


def to_text(value: Any) -> str:
    """The JSON of a value."""
    try:
        encoded = _ENCODE(value)
    except (TypeError, ValueError, RecursionError):  # a number of numpy's, a key that is no text, half a pair
        return json.dumps(value, separators=(",", ":"))
    return in_ascii(encoded)


def from_text(text: str | bytes) -> Any:
    """The value of a JSON text."""
    try:
        return _DECODE(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):  # what other writers of JSON let through
        return json.loads(text)


def in_ascii(encoded: bytes) -> str:
    """JSON in UTF-8, spelled in ASCII."""
    if 0x7F in encoded:  # only ever within a string, as everything that is not ASCII
        encoded = encoded.replace(b"\x7f", b"\\u007f")
    if encoded.isascii():
        return encoded.decode("ascii")
    return encoded.decode().encode("ascii", _ESCAPED).decode("ascii")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return encode_basestring_ascii(error.object[error.start : error.end])[1:-1], error.end


_ESCAPED = "steelyard.json"
codecs.register_error(_ESCAPED, _escaped)
