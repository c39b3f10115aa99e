"""How does a stream of tasks come in without anybody waiting for it?

Rows are checked and their inline bytes stored outside the writer; what is right is written in blocks, each its own
transaction and a few of them asked for ahead, so that they share a commit. Row errors name the row and the field.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from steelyard import forms
from steelyard.domain.errors import Problem, SteelyardError, invalid
from steelyard.domain.form import Form
from steelyard.formats.rows import Row
from steelyard.identity.policy import Action, Principal
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs
from steelyard.store.database import Database, Transaction
from steelyard.work.draft import Draft, check_task
from steelyard.work.media import keep_blob_row
from steelyard.work.plain_draft import check_line, check_value
from steelyard.work.projects import find_project
from steelyard.work.references import missing, refers
from steelyard.work.tasks import BLOCK, MOST_IDS, Created, RowProblem, committed, write_tasks

MOST_PROBLEMS = 1000  # row errors that one answer tells; all are counted
INLINE_LIMIT = 20_000_000
BLOCK_BYTES = 64_000  # of content in one transaction
FEWEST, FIRST = 50, 100  # rows of a block at least, and of the first one, while others write too
BLOCK_S = 0.012  # how long a block then should take to write: so long somebody who claims waits for it
AHEAD = 3  # blocks that wait while one is written, to share a commit; whoever claims does not wait for them
BREATH_S = 0.0005  # after which other threads get their turn: by itself Python would give it after 5 ms
BREATH_ROWS, LOOK_ROWS = 8, 25  # after so many it is looked whether it is time for that, for the block's end
_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w-]+=[^;,]*)*)(;base64)?,", re.ASCII)
T = TypeVar("T")
Authenticate = Callable[[Transaction], Principal]
FormedRows = Callable[[Form], Iterable[Any]]
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
    rows: Iterable[Any] | FormedRows,
    *,
    counted: Callable[[Created], None] | None = None,
    around: Around | None = None,
) -> Created:
    """Creates tasks from rows: lines of JSON as bytes (a blank one is no row), JSON that is not decoded yet as
    `msgspec.Raw`, decoded JSON, a `Problem` for what could not be read, or a `formats.rows.Row`; a function gives
    them when it is told the project's form.

    `around(tx, who, write)` may stand in for a block's write, in its transaction. Raises what the project or
    the caller's role refuses; a wrong row is told in the result.
    """
    run = Run(database, authenticate, slug, blobs.put)
    waiting: deque[tuple[Block, Callable[[], Created]]] = deque()
    total = Created()

    def take_in() -> None:
        block, wait = waiting.popleft()
        add_told(total, block, wait())
        if counted is not None:
            counted(total)

    try:
        for block in run.blocks(rows):
            waiting.append((block, _asked(run, block, around)))
            if len(waiting) > AHEAD:
                take_in()
        while waiting:
            take_in()
    finally:
        for _, wait in waiting:  # something failed: what was asked for is over before that is said
            with suppress(Exception):
                wait()
    return total


def _asked(run: Run, block: Block, around: Around | None) -> Callable[[], Created]:
    """Asks for a block's write; returns what waits for it."""
    if not block.drafts:
        return Created
    tasks = committed(block.drafts)

    def write(tx: Transaction) -> Created:
        who = run.authenticate(tx)
        project = find_project(tx, who, run.slug, Action.CREATE_TASKS)
        for digest, (size, media_type) in block.stored.items():
            keep_blob_row(tx, digest, size, media_type)
        if around is not None:
            return around(tx, who, lambda: write_tasks(tx, who, project, tasks))
        began = time.thread_time()
        written = write_tasks(tx, who, project, tasks)
        run.took(len(tasks), time.thread_time() - began)
        return written

    try:
        wait = run.database.ask(write)
    except IntegrityError:
        return lambda: retried(run.database, write)

    def result() -> Created:
        try:
            return wait()
        except IntegrityError:
            return retried(run.database, write)

    return result


def retried(database: Database, write: Callable[[Transaction], T]) -> T:
    """Two callers may bring the same external_id at the same moment: the later one finds it there."""
    for attempt in range(3):
        try:
            return database.write(write)
        except IntegrityError as clash:
            if attempt == 2:
                raise SteelyardError("others keep creating the same tasks; try again", "busy") from clash
    raise AssertionError("unreachable")


@dataclass
class Block:
    """Rows that follow one another: the drafts of those that are right, and what is wrong with the others."""

    first: int
    places: list[int | Row | None] = field(default_factory=list)  # of each row: its line, or what knows it
    drafts: list[Draft] = field(default_factory=list)
    wrong: dict[int, Sequence[Problem]] = field(default_factory=dict)
    stored: dict[str, tuple[int, str]] = field(default_factory=dict)  # inline bytes: size, media type
    size: int = 0

    def problem(self, row: int, pointer: str, code: str, message: str) -> RowProblem:
        place = self.places[row - self.first]
        if isinstance(place, Row):
            return RowProblem(row, pointer, code, message, place.line, place.column_of(pointer))
        return RowProblem(row, pointer, code, message, place)


class Run:
    """Rows on their way to being drafts, in blocks. Raises what refuses tasks of this caller.

    `put` stores the bytes that came inline and returns their digest.
    """

    def __init__(
        self, database: Database, authenticate: Authenticate, slug: str, put: Callable[[bytes], str]
    ) -> None:
        self.database, self.authenticate, self.slug, self._put = database, authenticate, slug, put
        self._form = database.read(self._form_asked)
        self._stored: dict[str, tuple[int, str]] = {}
        self._most = FIRST

    def _full(self, rows: int) -> bool:
        """Whether a block of so many rows is cut here: a long one while nobody waits for his turn to write."""
        return rows >= self._most and (rows >= BLOCK or not self.database.quiet())

    def took(self, rows: int, seconds: float) -> None:
        """How long a block's write took, by which the following ones are cut while others write too."""
        fitting = (self._most + int(rows * BLOCK_S / max(seconds, 1e-6))) // 2
        self._most = max(FEWEST, min(BLOCK, fitting - fitting % FEWEST))

    def _form_asked(self, tx: Transaction) -> Form:
        project = find_project(tx, self.authenticate(tx), self.slug, Action.CREATE_TASKS)
        body = tx.execute(sa.select(t.form.c.body).where(t.form.c.id == project.form_id)).scalar_one()
        return forms.parse_form(body)

    def blocks(self, rows: Iterable[Any] | FormedRows) -> Iterator[Block]:
        if callable(rows):
            rows = rows(self._form)
        row = 0
        block = Block(row)
        clock = time.perf_counter
        breath = clock()
        look = self._most  # at which row it is asked again whether the block is cut here
        for line, raw in enumerate(rows, 1):
            if not line % BREATH_ROWS and clock() - breath > BREATH_S:
                time.sleep(0)
                breath = clock()
            if type(raw) is bytes:
                if not raw or raw.isspace():
                    continue
                found = check_line(raw, row, self._form, self._keep_inline)
                block.places.append(line)
            else:
                found = self._checked(raw, row, block)
            if isinstance(found, Draft):
                block.drafts.append(found)
                block.size += len(found.body)
            else:
                block.wrong[row] = found
            row += 1
            if row >= look or block.size >= BLOCK_BYTES:
                if block.size < BLOCK_BYTES and not self._full(row - block.first):
                    look = row + LOOK_ROWS
                    continue
                yield self._referring(block)
                block = Block(row)
                look = row + self._most
        if block.places:
            yield self._referring(block)

    def _checked(self, raw: Any, row: int, block: Block) -> Draft | Sequence[Problem]:
        block.places.append(raw if isinstance(raw, Row) else None)
        if isinstance(raw, msgspec.Raw):
            return check_line(bytes(raw), row, self._form, self._keep_inline)
        if isinstance(raw, Problem):
            return [raw]
        if isinstance(raw, Row):
            return raw.problems or check_value(raw.value, row, self._form, self._keep_inline)
        return check_task(raw, row, self._form, self._keep_inline)

    def _keep_inline(self, url: str, pointer: str) -> str:
        data, media_type = decode_data_url(url, pointer)
        digest = self._put(data)
        self._stored[digest] = (len(data), media_type)
        return f"blob:sha256/{digest}"

    def _referring(self, block: Block) -> Block:
        """The block, in which a draft that refers to what is not there has joined the wrong rows."""
        block.stored, self._stored = self._stored, {}
        some = [draft for draft in block.drafts if refers(draft)]
        if some:

            def look(tx: Transaction) -> dict[int, list[Problem]]:
                project = find_project(tx, self.authenticate(tx), self.slug, Action.CREATE_TASKS)
                return missing(tx, project, some, block.stored)

            wrong = self.database.read(look)
            if wrong:
                block.drafts = [draft for draft in block.drafts if draft.row not in wrong]
                block.wrong |= wrong
        return block


def add_told(total: Created, block: Block, written: Created) -> None:
    """Adds what came of a block to what came of those before it."""
    problems = [block.problem(p.row, p.pointer, p.code, p.message) for p in written.problems]
    for row, found in block.wrong.items():
        problems += [block.problem(row, p.pointer, p.code, p.message) for p in found]
    problems.sort(key=lambda p: p.row)
    ids: list[str | None] = []
    if len(total.ids) < MOST_IDS and written.ids:
        rest = iter(written.ids)
        ids = [
            None if row in block.wrong else next(rest)
            for row in range(block.first, block.first + len(block.places))
        ]
    elif len(total.ids) < MOST_IDS:
        ids = [None] * len(block.places)
    total.add(replace(written, wrong=len(block.wrong), problems=problems, ids=ids))
    del total.problems[MOST_PROBLEMS:]
