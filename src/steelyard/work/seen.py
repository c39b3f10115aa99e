"""Who has seen this text, this file, or what has this hash?

Everything that is kept is searched, up to where the answer says; what was erased cannot be, and is counted. A
content is found also when nobody was shown it, and a provider that gave it is named: it knows it all the same.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.content import MAX_CONTENT_BYTES
from steelyard.domain.errors import invalid
from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.needle import folded
from steelyard.work.scan import Match, Place, Range, Sought, scanner
from steelyard.work.showings import NAME

RANGE = 20_000  # row keys that one process searches at a time
PATIENCE_S = 10.0
Progress = Callable[[int, int], None]
# A search may keep all processors busy; those that come meanwhile wait their turn.
_turn = threading.BoundedSemaphore(1)


@dataclass(frozen=True)
class Question:
    """What is asked for. `digest` is of the stored bytes, `commitment` of a content, `sought` of its texts."""

    by: str  # text, hash or file
    sought: Sought | None = None
    digest: str | None = None
    commitment: str | None = None


@dataclass(frozen=True)
class Found:
    """Matches in the order of their arrival; `searched` contents were looked at and `erased` could not be.
    `next` is the key to go on after, None when all were searched."""

    by: str
    items: list[dict[str, Any]]
    searched: int
    erased: int
    next: int | None

    def to_json(self) -> dict[str, Any]:
        following = None if self.next is None else str(self.next)
        return {**self.__dict__, "next": following}


def of_text(text: Any, pointer: str = "/text") -> Question:
    """A text, however it is written; raises `Invalid` when nothing is left of it to look for."""
    needle = folded(text) if isinstance(text, str) else ""
    if not needle:
        raise invalid(pointer, "text", "must be a string that is not all white space")
    return Question("text", Sought(needle=needle))


def of_hash(digest: Any, pointer: str = "/hash") -> Question:
    """The SHA-256 of a text's UTF-8 bytes or of a file, or a content's commitment; raises `Invalid`."""
    wanted = digest.strip().lower() if isinstance(digest, str) else ""
    if len(wanted) != 64 or set(wanted) - set("0123456789abcdef"):
        raise invalid(pointer, "hash", "must be 64 hex digits: a SHA-256 or a commitment")
    return Question("hash", Sought(digest=wanted), wanted, wanted)


def of_file(digest: str, data: bytes | None) -> Question:
    """A file by the SHA-256 of its bytes, and by its text where `data` (the whole of it) is UTF-8 text."""
    try:
        needle = "" if data is None else folded(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        needle = ""
    return Question("file", Sought(needle=needle) if needle and "\x00" not in needle else None, digest)


def of_bytes(data: bytes) -> Question:
    return of_file(hashlib.sha256(data).hexdigest(), data if len(data) <= LONGEST_TEXT else None)


# No content holds a longer text; some room for white space, of which any amount counts as one.
LONGEST_TEXT = 4 * MAX_CONTENT_BYTES


@dataclass(frozen=True)
class _Scope:
    projects: list[int]
    last: int  # the highest key of a content


def search(
    database: Database,
    question: Question,
    world: str,
    *,
    after: int = 0,
    limit: int = 100,
    project_id: int | None = None,
    place: Place | None = None,
    progress: Progress = lambda searched, total: None,
    patience_s: float = PATIENCE_S,
) -> Found:
    """Contents of a world (or of one project) that match, each with who was shown it: at most `limit`, found
    within about `patience_s` seconds. Where `place` is given child processes may search. `progress` is told how
    many of how many were searched. Raises `ScanFailed`.
    """
    scope = database.read(lambda tx: _scope(tx, world, project_id))
    found, all_of_it = database.read(lambda tx: _by_key(tx, question, scope, after))
    reached = scope.last
    if question.sought is not None and not all_of_it and after < reached:
        with _turn, scanner(database, question.sought, reached - after, place) as (scan, at_once):
            end = time.monotonic() + patience_s
            for ranges in _rounds(after, scope.last, at_once):
                more = scan(ranges)
                found |= database.read(lambda tx, more=more: _within(tx, more, scope))
                reached = ranges[-1][1]
                progress(reached - after, scope.last - after)
                if time.monotonic() > end or sum(key <= reached for key in found) > limit:
                    break
    keys = sorted(key for key in found if key <= reached)
    if len(keys) > limit:
        keys, reached = keys[:limit], keys[limit - 1]

    def tell(tx: Transaction) -> Found:
        items = _items(tx, {key: found[key] for key in keys})
        following = None if reached >= scope.last else reached
        return Found(question.by, items, *_searched(tx, scope, (after, reached)), following)

    return database.read(tell)


def _scope(tx: Transaction, world: str, project_id: int | None) -> _Scope:
    projects = sa.select(t.project.c.id).where(t.project.c.world == world)
    if project_id is not None:
        projects = projects.where(t.project.c.id == project_id)
    last = tx.scalar(sa.select(sa.func.coalesce(sa.func.max(t.content.c.id), 0)))
    return _Scope(list(tx.execute(projects).scalars()), last)


def _by_key(tx: Transaction, question: Question, scope: _Scope, after: int) -> tuple[dict[int, str], bool]:
    """What the indexes know of, and whether there can be no more: a commitment means one content."""
    here = (t.content.c.id > after, t.content.c.project_id.in_(scope.projects))
    if question.commitment is not None:
        committed = sa.select(t.content.c.id).where(t.content.c.commitment == question.commitment, *here)
        keys = tx.execute(committed).scalars().all()
        if keys:
            return dict.fromkeys(keys, "exact"), True
    if question.digest is None:
        return {}, False
    shows = sa.select(t.content_blob.c.content_id).where(t.content_blob.c.digest == question.digest)
    stored = sa.select(t.content.c.id).where(t.content.c.id.in_(shows), *here)
    return dict.fromkeys(tx.execute(stored).scalars().all(), "exact"), False


def _rounds(after: int, last: int, at_once: int) -> Iterator[list[Range]]:
    starts = range(after, last, RANGE)
    for number in range(0, len(starts), at_once):
        yield [(start, min(start + RANGE, last)) for start in starts[number : number + at_once]]


def _within(tx: Transaction, matches: Sequence[Match], scope: _Scope) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(matches), 500):
        some = dict(matches[start : start + 500])
        here = sa.select(t.content.c.id).where(
            t.content.c.id.in_(list(some)), t.content.c.project_id.in_(scope.projects)
        )
        found |= {key: some[key] for key in tx.execute(here).scalars()}
    return found


def _searched(tx: Transaction, scope: _Scope, between: Range) -> tuple[int, int]:
    """How many contents with a payload, and how many without, stand in a range."""
    kept = sa.exists(
        sa.select(t.content_payload.c.content_id).where(t.content_payload.c.content_id == t.content.c.id)
    )
    here = (
        sa.select(sa.func.count())
        .select_from(t.content)
        .where(
            t.content.c.project_id.in_(scope.projects),
            t.content.c.id > between[0],
            t.content.c.id <= between[1],
        )
    )
    erased = tx.scalar(here.where(~kept))
    return tx.scalar(here) - erased, erased


_giver = t.provider.alias("giver")
_keys = sa.bindparam("keys", expanding=True)
_MATCHED = (
    sa.select(
        t.content.c.id,
        t.content.c.commitment,
        t.task.c.public_id.label("task"),
        t.task.c.external_id,
        t.project.c.slug.label("project"),
        _giver.c.slug.label("giver"),
    )
    .join(t.task, t.task.c.content_id == t.content.c.id)
    .join(t.project, t.project.c.id == t.content.c.project_id)
    .join(_giver, _giver.c.id == t.content.c.provider_id)
    .where(t.content.c.id.in_(_keys))
    .order_by(t.content.c.id, t.task.c.id)
)
_SHOWN = (
    sa.select(
        t.exposure.c.content_id,
        t.provider.c.slug.label("provider"),
        t.annotator.c.public_id.label("annotator"),
        NAME.label("name"),
        sa.func.min(t.exposure.c.at).label("first"),
        sa.func.max(t.exposure.c.at).label("last"),
        sa.func.count().label("times"),
    )
    .join(t.provider, t.provider.c.id == t.exposure.c.provider_id)
    .join(t.annotator, t.annotator.c.id == t.exposure.c.annotator_id)
    .join(t.person, t.person.c.id == t.annotator.c.person_id, isouter=True)
    .where(t.exposure.c.content_id.in_(_keys))
    .group_by(t.exposure.c.content_id, t.provider.c.id, t.annotator.c.id, t.person.c.name)
    .order_by(t.exposure.c.content_id, sa.literal_column("first"), t.annotator.c.id)
)


def _items(tx: Transaction, matches: dict[int, str]) -> list[dict[str, Any]]:
    if not matches:
        return []
    shown: dict[int, list[dict[str, Any]]] = {key: [] for key in matches}
    for row in tx.execute(_SHOWN, {"keys": list(matches)}):
        shown[row.content_id].append(
            {
                "provider": row.provider,
                "annotator": row.annotator,
                "name": row.name,
                "first": format_time(row.first),
                "last": format_time(row.last),
                "times": row.times,
            }
        )
    return [
        {
            "content": row.commitment,
            "task": row.task,
            "external_id": row.external_id,
            "project": row.project,
            "matched": matches[row.id],
            "given_by": row.giver,
            "shown": shown[row.id],
        }
        for row in tx.execute(_MATCHED, {"keys": list(matches)})
    ]
