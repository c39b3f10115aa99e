"""Which contents between two row keys hold this text, or one with this hash?

A content that does is never left out. No hash of a content is stored (it would tell the content to whoever can
guess it), so hashes are made here, of what is read, page by page.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from steelyard.store import tables as t
from steelyard.store.database import Database
from steelyard.work.needle import ESCAPE, HTML_PATTERN, NOT_SHOWN, like_pattern, matched, texts_of

AT_ONCE = 5000  # contents read in one statement
Range = tuple[int, int]  # row keys: after the first, up to the second
Match = tuple[int, str]  # row key, "exact" or "contains"


@dataclass(frozen=True)
class Sought:
    """A text (folded), or the SHA-256 of a text's UTF-8 bytes, in hex."""

    needle: str | None = None
    digest: str | None = None


def scan(database: Database, sought: Sought, between: Range) -> list[Match]:
    """The matches among the contents in a range, in the order of their keys."""
    query = _candidates(database.dialect, sought)
    digest = None if sought.digest is None else bytes.fromhex(sought.digest)
    found: list[Match] = []
    after, last = between
    while after < last:
        at = {"after": after, "last": last}
        if digest is not None:
            page = database.read(lambda tx, at=at: tx.execute(_joined(query), at).one())
            if page.number and _some_has(page.bodies, digest):
                found += _with_hash(database.read(lambda tx, at=at: tx.rows(query, at)), sought.digest or "")
            number, reached = page.number, page.reached
        else:
            rows = database.read(lambda tx, at=at: tx.rows(query, at))
            found += _holding(rows, sought.needle or "")
            number, reached = len(rows), rows[-1].content_id if rows else last
        after = reached if number == AT_ONCE else last
    return found


def _joined(query: sa.Select) -> sa.Select:
    """A page as one value, a payload a line: rows of their own would take longer than to look at them."""
    page = query.subquery()
    return sa.select(
        sa.func.aggregate_strings(page.c.body, "\n").label("bodies"),
        sa.func.max(page.c.content_id).label("reached"),
        sa.func.count().label("number"),
    )


def _candidates(dialect: str, sought: Sought) -> sa.Select:
    body = sa.cast(t.content_payload.c.body, sa.Text)
    key = t.content_payload.c.content_id
    query = (
        sa.select(key, body.label("body"))
        .where(key > sa.bindparam("after"), key <= sa.bindparam("last"))
        .order_by(key)
        .limit(AT_ONCE)
    )
    pattern = None if sought.needle is None else like_pattern(sought.needle)
    if pattern is None:
        return query
    # Both compare ASCII without case: SQLite's LIKE by itself, PostgreSQL's after lower() in this collation.
    text = body if dialect == "sqlite" else sa.func.lower(sa.collate(body, "C"))
    return query.where(sa.or_(text.like(pattern, escape=ESCAPE), text.like(HTML_PATTERN)))


def _holding(page: Sequence[sa.Row], needle: str) -> Iterator[Match]:
    for row in page:
        how = matched(json.loads(row.body), needle)
        if how is not None:
            yield row.content_id, how


def _with_hash(page: Sequence[sa.Row], digest: str) -> Iterator[Match]:
    for row in page:
        texts = texts_of(json.loads(row.body))
        if any(hashlib.sha256(text.encode()).hexdigest() == digest for text in texts):
            yield row.content_id, "exact"


def _some_has(bodies: str, digest: bytes) -> bool:
    """Whether any text in these payloads has this hash; that none has is known quickly. Payloads of shapes that
    do not fit together are left to be read one by one."""
    import pyarrow as pa
    from pyarrow import json as arrow_json

    data = bodies.encode()
    whole = arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1)
    said = pa.struct([("role", pa.string()), ("content", pa.string())])
    block = pa.struct([("type", pa.string()), ("text", pa.string()), ("messages", pa.list_(said))])
    known = arrow_json.ParseOptions(explicit_schema=pa.schema([("blocks", pa.list_(block))]))
    try:
        blocks = arrow_json.read_json(io.BytesIO(data), read_options=whole, parse_options=known).column(
            "blocks"
        )
        return any(_has(texts, digest) for part in blocks.chunks for texts in _texts(part))
    except (pa.ArrowInvalid, _NotPlain):
        return True


class _NotPlain(Exception):
    """Something in a page of contents was not read as what it was written as."""


def _texts(array: Any) -> Iterator[Any]:
    """The arrays of texts within an Arrow array of contents; raises `_NotPlain` where one was read as something
    else, such as a time."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_struct(kind):
        for place, field in enumerate(kind):
            if field.name not in NOT_SHOWN:
                yield from _texts(array.field(place))
    elif pa.types.is_list(kind):
        yield from _texts(array.flatten())
    elif pa.types.is_string(kind):
        yield array.drop_null()
    elif pa.types.is_temporal(kind) or not (pa.types.is_null(kind) or pa.types.is_primitive(kind)):
        raise _NotPlain


def _has(texts: Any, digest: bytes) -> bool:
    _, offsets, data = texts.buffers()
    ends = memoryview(offsets).cast("i")[texts.offset : texts.offset + len(texts) + 1].tolist()
    text, sha256 = memoryview(data or b""), hashlib.sha256
    return any(sha256(text[start:end]).digest() == digest for start, end in pairwise(ends))
