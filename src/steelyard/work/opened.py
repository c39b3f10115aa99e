"""What was a person shown outside an assignment?

Who opens a task, or is shown the beginning of its text in a list, was shown its content as much as one who
claimed it: this is written down before the answer leaves, and not again and again for a page that asks often.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from steelyard.domain.times import SECOND
from steelyard.identity.policy import Principal
from steelyard.ledger.commitments import salts
from steelyard.store import tables as t
from steelyard.store.bulk import Bulk, draw_keys, items_of, list_of
from steelyard.store.database import Database, Transaction
from steelyard.store.prepared import Prepared
from steelyard.work import standing

DAY = 24 * 3600 * SECOND
AT_ONCE = 500  # rows written in one transaction


@dataclass(frozen=True)
class Opened:
    """A task whose content is about to be shown, by row keys; the assignment (public id) it was under, if any."""

    task_id: int
    content_id: int
    project_id: int
    assignment: str | None = None


def today(tx: Transaction) -> int:
    """Midnight UTC: what was opened since is not written down again."""
    return tx.now - tx.now % DAY


def not_written(tx: Transaction, who: Principal, opened: Sequence[Opened], since: int = 0) -> list[Opened]:
    """Those of which no showing to this person, by whatever way, stands since then."""
    asked = {"contents": list_of(tx, [one.content_id for one in opened]), "me": who.annotator_id}
    known = {row[0] for row in _KNOWN[tx.dialect].rows(tx, {**asked, "since": since})}
    return [one for one in opened if one.content_id not in known]


def write(tx: Transaction, who: Principal, opened: Collection[Opened]) -> None:
    """Writes them down as shown now; the caller has taken the installation's lock shared."""
    sensitivity = {
        project: standing.terms_of(tx, project).policy.sensitivity
        for project in {one.project_id for one in opened}
    }
    opened = list(opened)
    columns = (
        draw_keys(tx, t.exposure, len(opened)),
        [one.content_id for one in opened],
        [one.task_id for one in opened],
        [one.project_id for one in opened],
        [one.assignment for one in opened],
        [sensitivity[one.project_id] for one in opened],
        salts(len(opened)),
    )
    _SHOWN.insert(tx, (who.provider_id, who.annotator_id, tx.now), columns)


def write_before_showing(
    database: Database, who: Principal, opened: Sequence[Opened], since: int = 0
) -> None:
    """Writes down, durably when it returns, those of which no showing stands since then."""

    def do(tx: Transaction, some: Sequence[Opened]) -> None:
        tx.share_showing()
        write(tx, who, not_written(tx, who, some, since))

    for start in range(0, len(opened), AT_ONCE):
        database.write(lambda tx, start=start: do(tx, opened[start : start + AT_ONCE]))


_e = t.exposure
_SHOWN = Bulk(
    _e,
    ("provider_id", "annotator_id", "at"),
    ("id", "content_id", "task_id", "project_id", "assignment", "sensitivity", "leaf_salt"),
)


# By content, of which there are few showings; an annotator may have very many.
_MINE = (_e.c.annotator_id + 0 == sa.bindparam("me"), _e.c.at >= sa.bindparam("since"))


def not_shown(content_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether no showing of this content to the annotator `me` stands `since` a moment."""
    return ~sa.exists().where(_e.c.content_id == content_id, *_MINE)


_KNOWN = {
    dialect: Prepared(
        sa.select(_e.c.content_id).where(
            _e.c.content_id.in_(items_of(dialect, "contents", sa.BigInteger)), *_MINE
        )
    )
    for dialect in ("sqlite", "postgresql")
}
