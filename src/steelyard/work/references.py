"""Is all there that new tasks refer to: blobs, batches, people and teams?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Invalid, Problem
from steelyard.domain.names import name_key
from steelyard.domain.states import BatchStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.draft import Draft
from steelyard.work.lanes import assigned_to


def refers(draft: Draft) -> bool:
    return bool(draft.blobs or draft.batch is not None or draft.assign_to is not None)


def missing(
    tx: Transaction, project: Any, drafts: Sequence[Draft], stored: Mapping[str, Any]
) -> dict[int, list[Problem]]:
    """What is wrong with these drafts, by row; `stored` are the blobs that came with them."""
    digests = {digest for draft in drafts for digest in draft.blobs} - set(stored)
    there = set(tx.execute(sa.select(t.blob.c.digest).where(t.blob.c.digest.in_(sorted(digests)))).scalars())
    absent = digests - there
    batches = _batches(tx, project, {draft.batch for draft in drafts if draft.batch is not None})
    named = {draft.assign_to for draft in drafts if draft.assign_to is not None}
    unknown = {to: found for to in named if (found := _unknown(tx, to))}
    wrong: dict[int, list[Problem]] = {}
    for draft in drafts:
        problems = [
            Problem("/content/blocks", "blob", f"there is no blob sha256/{d}; send its bytes first")
            for d in sorted(draft.blobs & absent)
        ]
        if draft.batch is not None:
            problems += batches[draft.batch]
        if draft.assign_to is not None:
            problems += unknown.get(draft.assign_to, [])
        if problems:
            wrong[draft.row] = problems
    return wrong


def _batches(tx: Transaction, project: Any, names: set[str]) -> dict[str, list[Problem]]:
    """What speaks against each of these batches."""
    keys = {name: name_key(name) for name in names}
    rows = tx.execute(
        sa.select(t.batch.c.name_key, t.batch.c.status).where(
            t.batch.c.project_id == project.id, t.batch.c.name_key.in_(sorted(keys.values()))
        )
    )
    found = {row.name_key: row.status for row in rows}
    problems: dict[str, list[Problem]] = {}
    for name, key in keys.items():
        if key not in found:
            message = f"there is no batch {name!r} in this project"
            problems[name] = [Problem("/batch", "unknown", message)]
        elif found[key] in (BatchStatus.FINISHED, BatchStatus.CANCELLED):
            problems[name] = [Problem("/batch", "closed", f"the batch {name!r} is {found[key]}")]
        else:
            problems[name] = []
    return problems


def _unknown(tx: Transaction, to: tuple[str, str]) -> list[Problem]:
    try:
        assigned_to(tx, dict([to]))
    except Invalid as wrong:
        return wrong.problems
    return []
