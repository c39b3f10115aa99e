"""How is a body of JSON read row by row, however long it is?

Rows come as bytes, undecoded: whoever checks them decodes them once, into what they should be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

import msgspec

from steelyard.domain.errors import Invalid, TooLarge
from steelyard.formats.storable import parse_json

LINE_LIMIT = 50_000_000
JSON_LIMIT = 200_000_000
CHUNK = 1 << 18
_BOM = b"\xef\xbb\xbf"
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw]).decode


def lines(body: IO[bytes]) -> Iterator[bytes]:
    """The lines of JSON Lines, blank ones too, so that they can be counted. Raises `TooLarge`."""
    rest = body.read(CHUNK).removeprefix(_BOM)
    while True:
        found = rest.split(b"\n")
        rest = found.pop()
        yield from found
        if len(rest) > LINE_LIMIT:
            raise TooLarge(f"a line is longer than {LINE_LIMIT} bytes")
        chunk = body.read(CHUNK)
        if not chunk:
            break
        rest += chunk
    if rest:
        yield rest


def items(body: IO[bytes]) -> tuple[Iterator[Any], bool]:
    """The rows of one JSON value, an array (then not decoded yet) or a single one, and whether it was a single one.

    Raises `Invalid` where it is no JSON, `TooLarge` where it should have been sent as JSON Lines.
    """
    data = body.read(JSON_LIMIT + 1)
    if len(data) > JSON_LIMIT:
        raise TooLarge(
            f"a JSON body is at most {JSON_LIMIT} bytes; send application/x-ndjson, which has no limit"
        )
    try:
        return iter(_ITEMS(data)), False
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        parsed = parse_json(data)
    if isinstance(parsed, list):
        return iter(parsed), False
    return iter([parsed]), True


def decoded(rows: Iterable[Any]) -> Iterator[Any]:
    """Rows of either reading as values, blank lines left out; a `Problem` for what is no JSON."""
    for row in rows:
        if isinstance(row, msgspec.Raw):
            row = bytes(row)
        if not isinstance(row, bytes):
            yield row
        elif row and not row.isspace():
            try:
                yield parse_json(row)
            except Invalid as wrong:
                yield wrong.problems[0]
