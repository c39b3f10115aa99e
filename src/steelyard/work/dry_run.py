"""What would come of these rows? All that an intake checks is checked, and nothing is written."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from steelyard.identity.policy import Action
from steelyard.store.database import Database, Transaction
from steelyard.work.draft import Draft
from steelyard.work.intake import Authenticate, Block, FormedRows, Run, add_told
from steelyard.work.projects import find_project
from steelyard.work.tasks import Created, changed, known_tasks


def look_over(
    database: Database,
    authenticate: Authenticate,
    slug: str,
    rows: Iterable[Any] | FormedRows,
    *,
    counted: Callable[[Created], None] | None = None,
) -> Created:
    """The counts and row errors that `bring_in` would give; `new` ones have no id."""
    run = Run(database, authenticate, slug, lambda data: hashlib.sha256(data).hexdigest())
    total = Created()
    with closing(sqlite3.connect("", isolation_level=None)) as seen:  # a temporary file of SQLite's
        seen.execute("CREATE TABLE seen (external_id TEXT PRIMARY KEY, digest BLOB) WITHOUT ROWID")
        for block in run.blocks(rows):
            add_told(total, block, _told(run, block, seen))
            if counted is not None:
                counted(total)
    return total


def _told(run: Run, block: Block, seen: sqlite3.Connection) -> Created:
    named = [draft for draft in block.drafts if draft.external_id is not None]

    def look(tx: Transaction) -> dict[str, tuple[bytes, str]]:
        project = find_project(tx, run.authenticate(tx), run.slug, Action.CREATE_TASKS)
        return known_tasks(tx, project.id, [draft.external_id or "" for draft in named])

    known = run.database.read(look) if named else {}
    created = Created(new=len(block.drafts) - len(named))
    for draft in named:
        before = known.get(draft.external_id or "") or _before(seen, draft)
        if before is None:
            seen.execute("INSERT INTO seen VALUES (?, ?)", (draft.external_id, draft.digest))
            created.new += 1
        elif before[0] == draft.digest:
            created.same += 1
        else:
            created.changed += 1
            created.problems.append(changed(draft.row, before[1]))
    return created


def _before(seen: sqlite3.Connection, draft: Draft) -> tuple[bytes, str] | None:
    """What came earlier in the same stream under this external_id."""
    row = seen.execute("SELECT digest FROM seen WHERE external_id = ?", (draft.external_id,)).fetchone()
    return None if row is None else (row[0], "an earlier row")
