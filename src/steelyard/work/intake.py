"""How does a stream of tasks come in without anybody waiting for it?

Rows are parsed, checked and their inline bytes stored outside the writer; what is right is written in
blocks, each its own transaction. Row errors name the row and the field.
"""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from steelyard import forms
from steelyard.domain.errors import Problem, SteelyardError, invalid
from steelyard.domain.form import Form
from steelyard.domain.names import name_key
from steelyard.domain.states import BatchStatus
from steelyard.identity.policy import Action, Principal
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs
from steelyard.store.database import Database, Transaction
from steelyard.work.draft import Draft, check_task
from steelyard.work.media import blob_digests, keep_blob_row
from steelyard.work.projects import find_project
from steelyard.work.tasks import BLOCK, Created, RowProblem, write_tasks

MOST_PROBLEMS = 1000  # row errors that one answer tells; all are counted
INLINE_LIMIT = 20_000_000
_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w-]+=[^;,]*)*)(;base64)?,", re.ASCII)
T = TypeVar("T")
Authenticate = Callable[[Transaction], Principal]
Around = Callable[[Transaction, Principal, Callable[[], Created]], Created]


def decode_data_url(url: str, pointer: str) -> tuple[bytes, str]:
    """(bytes, media type) of a data: URL; raises `Invalid`."""
    head = _DATA.match(url[:300])
    if head is None:
        raise invalid(pointer, "url", "is not a data: URL with a media type")
    body = url[head.end() :]
    try:
        if head[3]:
            data = base64.b64decode(urllib.parse.unquote(body), validate=True)
        else:
            data = urllib.parse.unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        raise invalid(pointer, "url", "its base64 cannot be decoded") from None
    if len(data) > INLINE_LIMIT:
        raise invalid(pointer, "size", f"holds more than {INLINE_LIMIT} bytes; send it as a blob")
    return data, head[1] or "text/plain"


def bring_in(
    database: Database,
    blobs: Blobs,
    authenticate: Authenticate,
    slug: str,
    rows: Iterable[Any | Problem],
    *,
    counted: Callable[[Created], None] | None = None,
    around: Around | None = None,
) -> Created:
    """Creates tasks from rows (parsed JSON, or a `Problem` for a row that could not be parsed).

    `around(tx, who, write)` may stand in for a block's write, in its transaction. Raises what the project or
    the caller's role refuses; a wrong row is told in the result.
    """

    def asked(tx: Transaction) -> tuple[sa.Row, Form]:
        project = find_project(tx, authenticate(tx), slug, Action.CREATE_TASKS)
        body = tx.execute(sa.select(t.form.c.body).where(t.form.c.id == project.form_id)).scalar_one()
        return project, forms.parse_form(body)

    _, form = database.read(asked)
    total = Created()
    numbered = enumerate(rows)
    while block := list(islice(numbered, BLOCK)):
        part = _bring_block(database, blobs, authenticate, slug, form, block, around)
        total.add(part)
        del total.problems[MOST_PROBLEMS:]
        if counted is not None:
            counted(total)
    return total


def _bring_block(
    database: Database,
    blobs: Blobs,
    authenticate: Authenticate,
    slug: str,
    form: Form,
    block: list[tuple[int, Any]],
    around: Around | None,
) -> Created:
    stored: dict[str, tuple[int, str]] = {}

    def keep_inline(url: str, pointer: str) -> str:
        data, media_type = decode_data_url(url, pointer)
        digest = blobs.put(data)
        stored[digest] = (len(data), media_type)
        return f"blob:sha256/{digest}"

    drafts: list[Draft] = []
    wrong: dict[int, list[Problem]] = {}
    for row, raw in block:
        found = [raw] if isinstance(raw, Problem) else check_task(raw, row, form, keep_inline)
        if isinstance(found, Draft):
            drafts.append(found)
        else:
            wrong[row] = found
    drafts = list(_with_known_references(database, authenticate, slug, drafts, set(stored), wrong))

    def write(tx: Transaction) -> Created:
        who = authenticate(tx)
        project = find_project(tx, who, slug, Action.CREATE_TASKS)
        for digest, (size, media_type) in stored.items():
            keep_blob_row(tx, digest, size, media_type)
        if around is not None:
            return around(tx, who, lambda: write_tasks(tx, who, project, drafts))
        return write_tasks(tx, who, project, drafts)

    created = retried(database, write) if drafts else Created()
    ids = iter(created.ids)
    created.ids = [None if row in wrong else next(ids) for row, _ in block]
    created.wrong = len(wrong)
    created.problems += [
        RowProblem(row, p.pointer, p.code, p.message) for row, problems in wrong.items() for p in problems
    ]
    created.problems.sort(key=lambda p: p.row)
    return created


def _with_known_references(
    database: Database,
    authenticate: Authenticate,
    slug: str,
    drafts: list[Draft],
    stored: set[str],
    wrong: dict[int, list[Problem]],
) -> Iterator[Draft]:
    """The drafts whose blobs and batches are there; the others join the wrong rows."""
    digests = {d for draft in drafts for d in blob_digests(draft.content)} - stored
    names = {draft.batch for draft in drafts if draft.batch is not None}
    if not digests and not names:
        yield from drafts
        return

    def look(tx: Transaction) -> tuple[set[str], dict[str, str]]:
        project = find_project(tx, authenticate(tx), slug, Action.CREATE_TASKS)
        there = set(tx.execute(sa.select(t.blob.c.digest).where(t.blob.c.digest.in_(digests))).scalars())
        batches = tx.execute(
            sa.select(t.batch.c.name_key, t.batch.c.status).where(
                t.batch.c.project_id == project.id, t.batch.c.name_key.in_([name_key(n) for n in names])
            )
        )
        return there | stored, {row.name_key: row.status for row in batches}

    there, batches = database.read(look)
    for draft in drafts:
        problems = [
            Problem("/content/blocks", "blob", f"there is no blob sha256/{d}; send its bytes first")
            for d in sorted(blob_digests(draft.content) - there)
        ]
        if draft.batch is not None:
            status = batches.get(name_key(draft.batch))
            if status is None:
                problems.append(
                    Problem("/batch", "unknown", f"there is no batch {draft.batch!r} in this project")
                )
            elif status in (BatchStatus.FINISHED, BatchStatus.CANCELLED):
                problems.append(Problem("/batch", "closed", f"the batch {draft.batch!r} is {status}"))
        if problems:
            wrong[draft.row] = problems
        else:
            yield draft


def retried(database: Database, write: Callable[[Transaction], T]) -> T:
    """Two callers may bring the same external_id at the same moment: the later one finds it there."""
    for attempt in range(3):
        try:
            return database.write(write)
        except IntegrityError as clash:
            if attempt == 2:
                raise SteelyardError("others keep creating the same tasks; try again", "busy") from clash
    raise AssertionError("unreachable")
