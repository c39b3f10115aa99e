"""Which contents between two row keys hold this text, or one with this hash?

A content that does is never left out. No hash of a content is stored (it would tell the content to whoever can
guess it), so hashes are made here, of what is read. Over many contents child processes do it, so that a
server's own time is not taken: `python -m steelyard.work.scan` answers ranges until its standard input ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.store import tables as t
from steelyard.store.database import Database, open_database
from steelyard.work.needle import ESCAPE, HTML_PATTERN, like_pattern, matched, texts_of

AT_ONCE = 5000  # contents read in one statement
CHILDREN_FROM = 50_000  # contents from which children are worth their start
MOST_CHILDREN = 4
Range = tuple[int, int]  # row keys: after the first, up to the second
Match = tuple[int, str]  # row key, "exact" or "contains"


@dataclass(frozen=True)
class Sought:
    """A text (folded), or the SHA-256 of a text's UTF-8 bytes, in hex."""

    needle: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class Place:
    """Where the database is, for a process of its own."""

    folder: Path
    url: str | None


class ScanFailed(Exception):
    """A child process ended without an answer; its last words are the message."""


def scan(database: Database, sought: Sought, between: Range) -> list[Match]:
    """The matches among the contents in a range, in the order of their keys."""
    query = _candidates(database.dialect, sought)
    found: list[Match] = []
    after, last = between
    while True:
        at = {"after": after, "last": last}
        rows = database.read(lambda tx, at=at: tx.rows(query, at))
        for row in rows:
            how = _how(json.loads(row.body), sought)
            if how is not None:
                found.append((row.content_id, how))
        if len(rows) < AT_ONCE:
            return found
        after = rows[-1].content_id


def _how(content: dict[str, Any], sought: Sought) -> str | None:
    if sought.needle is not None:
        return matched(content, sought.needle)
    same = any(hashlib.sha256(text.encode()).hexdigest() == sought.digest for text in texts_of(content))
    return "exact" if same else None


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


# --- over many contents --------------------------------------------------------------------------------

Scanner = Callable[[Sequence[Range]], list[Match]]


@contextmanager
def scanner(
    database: Database, sought: Sought, contents: int, place: Place | None
) -> Iterator[tuple[Scanner, int]]:
    """What scans several ranges, and how many of them at once. Children are used where there is much to read
    and `place` says where; raises `ScanFailed` when one of them does."""
    children = 1 if place is None or contents < CHILDREN_FROM else min(MOST_CHILDREN, os.cpu_count() or 1)
    if place is None or children == 1:
        yield lambda ranges: [one for some in ranges for one in scan(database, sought, some)], 1
        return
    with ExitStack() as stack:
        asked = [stack.enter_context(_child(place, sought)) for _ in range(children)]
        pool = stack.enter_context(ThreadPoolExecutor(children))

        def all_of(ranges: Sequence[Range]) -> list[Match]:
            parts = pool.map(lambda ask, some: ask(some), asked, ranges)
            return [one for part in parts for one in part]

        yield all_of, children


@contextmanager
def _child(place: Place, sought: Sought) -> Iterator[Callable[[Range], list[Match]]]:
    with subprocess.Popen(
        [sys.executable, "-m", "steelyard.work.scan"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        lines_in, lines_out = child.stdin, child.stdout

        def ask(between: Range) -> list[Match]:
            _say(lines_in, between)
            answer = lines_out.readline()
            if not answer:
                raise ScanFailed(f"a process that searched ended with status {child.wait()}")
            return [(key, how) for key, how in json.loads(answer)]

        try:
            _say(lines_in, {"folder": str(place.folder), "url": place.url, "sought": asdict(sought)})
            yield ask
        finally:
            child.kill()


def _say(stream: Any, value: Any) -> None:
    stream.write(json.dumps(value) + "\n")
    stream.flush()


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    with open_database(Path(spec["folder"]), spec["url"]) as database:
        for line in sys.stdin:
            first, last = json.loads(line)
            _say(sys.stdout, scan(database, Sought(**spec["sought"]), (first, last)))


if __name__ == "__main__":
    main()
