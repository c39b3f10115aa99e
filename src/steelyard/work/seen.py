"""Who has seen this text, this file, or what has this hash?

Everything that is kept is searched, up to where the answer says; what was erased cannot be, and is counted. A
content is found also when nobody was shown it, and a provider that gave it is named: it knows it all the same.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import sqlalchemy as sa

from steelyard.domain.content import MAX_CONTENT_BYTES
from steelyard.domain.errors import invalid
from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.needle import folded
from steelyard.work.scan import Match, Range, Sought, scan
from steelyard.work.showings import NAME

RANGE = 20_000  # row keys searched at a time
PATIENCE_S = 10.0
Progress = Callable[[int, int], None]
_turn = threading.Lock()  # a search reads everything: one at a time is enough for a server


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


def of_file(file: BinaryIO) -> Question:
    """A file, read from its beginning: by the SHA-256 of its bytes and, where it is UTF-8 text, by that."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    file.seek(0)
    data = file.read(LONGEST_TEXT + 1)
    needle = "" if len(data) > LONGEST_TEXT or b"\x00" in data else folded(_decoded(data))
    return Question("file", Sought(needle=needle) if needle else None, digest.hexdigest())


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


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
    progress: Progress = lambda searched, total: None,
    patience_s: float = PATIENCE_S,
) -> Found:
    """Contents of a world (or of one project) that match, each with who was shown it: at most `limit`, found
    within about `patience_s` seconds. `progress` is told how far it is, and how far there is to go.
    """
    scope = database.read(lambda tx: _scope(tx, world, project_id))
    found, all_of_it = database.read(lambda tx: _by_key(tx, question, scope, after))
    reached = scope.last
    if question.sought is not None and not all_of_it and after < reached:
        with _turn:
            end = time.monotonic() + patience_s
            for start in range(after, scope.last, RANGE):
                reached = min(start + RANGE, scope.last)
                more = scan(database, question.sought, (start, reached))
                found |= database.read(lambda tx, more=more: _within(tx, more, scope))
                progress(reached, scope.last)
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
    contents = _number_in(t.content.c.id, between)
    here = contents.where(t.content.c.project_id.in_(scope.projects))
    if tx.scalar(contents) == tx.scalar(_number_in(t.content_payload.c.content_id, between)):
        return tx.scalar(here), 0
    kept = sa.select(t.content_payload.c.content_id).where(t.content_payload.c.content_id == t.content.c.id)
    erased = tx.scalar(here.where(~sa.exists(kept)))
    return tx.scalar(here) - erased, erased


def _number_in(key: sa.Column[int], between: Range) -> sa.Select:
    return sa.select(sa.func.count()).select_from(key.table).where(key > between[0], key <= between[1])


_giver = t.provider.alias("giver")
_keys = sa.bindparam("keys", expanding=True)
_MATCHED = (
    sa.select(
        t.content.c.id,
        t.content.c.commitment,
        t.project.c.slug.label("project"),
        _giver.c.slug.label("giver"),
    )
    .join(t.project, t.project.c.id == t.content.c.project_id)
    .join(_giver, _giver.c.id == t.content.c.provider_id)
    .where(t.content.c.id.in_(_keys))
    .order_by(t.content.c.id)
)
_task = (t.task.c.public_id, t.task.c.external_id)
_TASKS = sa.select(t.task.c.content_id, *_task).where(t.task.c.content_id.in_(_keys))
# What a task showed before its foreign URLs were fetched is a content of its own.
_TASKS_SHOWN = (
    sa.select(t.exposure.c.content_id, *_task)
    .join(t.task, t.task.c.id == t.exposure.c.task_id)
    .where(t.exposure.c.content_id.in_(_keys))
    .distinct()
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
    keys = {"keys": list(matches)}
    tasks = {row.content_id: row for query in (_TASKS_SHOWN, _TASKS) for row in tx.execute(query, keys)}
    shown: dict[int, list[dict[str, Any]]] = {key: [] for key in matches}
    for row in tx.execute(_SHOWN, keys):
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
            "task": tasks[row.id].public_id,
            "external_id": tasks[row.id].external_id,
            "project": row.project,
            "matched": matches[row.id],
            "given_by": row.giver,
            "shown": shown[row.id],
        }
        for row in tx.execute(_MATCHED, keys)
        if row.id in tasks
    ]
