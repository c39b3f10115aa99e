"""What of a deleted project is erased, and is all of it gone?

Whatever says what was asked, shown or answered goes; facts stay. It goes in chunks, each a transaction of its
own that looks for what is still there: broken off anywhere and begun again, it ends at the same place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.domain.states import AssignmentState, ProjectStatus, ReviewState, TaskStatus
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs
from steelyard.store.database import Database, Transaction
from steelyard.work.form_erase import erase_forms

CHUNK = 100
COPIES = "columns"  # the folder of columnar copies
BLOBS_JOB = "drop_blobs"
BLOBS_AFTER_S = 60.0  # whoever was about to refer to the same bytes has done so
NOTHING = bytes(32)  # the digest of a task that was erased
_OUT = [int(s) for s in (AssignmentState.READY, AssignmentState.HELD, AssignmentState.WAITING)]
_ids = sa.bindparam("ids", expanding=True)

_TASKS = (
    sa.select(t.task.c.id)
    .where(
        t.task.c.project_id == sa.bindparam("project"),
        t.task.c.id > sa.bindparam("after"),
        t.task.c.digest != sa.bindparam("nothing"),
    )
    .order_by(t.task.c.id)
    .limit(CHUNK)
)
_LOCKED = sa.select(t.task.c.id).where(t.task.c.id.in_(_ids)).order_by(t.task.c.id).with_for_update()
_its_assignments = sa.select(t.assignment.c.id).where(t.assignment.c.task_id.in_(_ids))
_its_questions = sa.select(t.question.c.id).where(t.question.c.task_id.in_(_ids))
_its_gold = sa.select(t.gold.c.id).where(t.gold.c.task_id.in_(_ids), t.gold.c.ended_at.is_(None))
_OF_TASKS = (
    sa.delete(t.answer_draft).where(t.answer_draft.c.assignment_id.in_(_its_assignments)),
    sa.update(t.assignment)
    .where(t.assignment.c.task_id.in_(_ids), t.assignment.c.state.in_(_OUT))
    .values(state=int(AssignmentState.CANCELLED), lease_until=None),
    sa.update(t.review_item)
    .where(
        t.review_item.c.task_id.in_(_ids),
        t.review_item.c.state.in_([int(ReviewState.READY), int(ReviewState.HELD)]),
    )
    .values(state=int(ReviewState.CANCELLED), lease_until=None),
    # What was said of it: an annotator's words stand behind a colon.
    sa.update(t.review_item)
    .where(t.review_item.c.task_id.in_(_ids))
    .values(
        reason=None,
        why=sa.case((t.review_item.c.why.startswith("escalated:"), "escalated"), else_=t.review_item.c.why),
    ),
    sa.update(t.question_message).where(t.question_message.c.question_id.in_(_its_questions)).values(text=""),
    sa.update(t.question).where(t.question.c.task_id.in_(_ids)).values(text=""),
    sa.delete(t.gold_payload).where(t.gold_payload.c.gold_id.in_(_its_gold)),
    # The digest last and with the rest: a task that bears none has nothing left.
    sa.update(t.task)
    .where(t.task.c.id.in_(_ids))
    .values(
        status=TaskStatus.CANCELLED,
        reason=None,
        external_id=None,
        unique_id=None,
        tags=[],
        details={},
        suggestion=sa.null(),
        digest=NOTHING,
    ),
)
_CONTENTS = (
    sa.select(t.content_payload.c.content_id)
    .join(t.content, t.content.c.id == t.content_payload.c.content_id)
    .where(t.content.c.project_id == sa.bindparam("project"), t.content.c.id > sa.bindparam("after"))
    .order_by(t.content.c.id)
    .limit(CHUNK)
)
_JUDGMENTS = (
    sa.select(t.judgment_payload.c.judgment_id)
    .join(t.judgment, t.judgment.c.id == t.judgment_payload.c.judgment_id)
    .where(t.judgment.c.project_id == sa.bindparam("project"), t.judgment.c.id > sa.bindparam("after"))
    .order_by(t.judgment.c.id)
    .limit(CHUNK)
)
_CONSENSUS = (
    sa.select(t.consensus_payload.c.consensus_id)
    .join(t.consensus, t.consensus.c.id == t.consensus_payload.c.consensus_id)
    .where(t.consensus.c.project_id == sa.bindparam("project"), t.consensus.c.id > sa.bindparam("after"))
    .order_by(t.consensus.c.id)
    .limit(CHUNK)
)
_ENDED_GOLD = (  # no index finds by its task what is gold no more, and there is little of it
    sa.select(t.gold_payload.c.gold_id)
    .join(t.gold, t.gold.c.id == t.gold_payload.c.gold_id)
    .join(t.task, t.task.c.id == t.gold.c.task_id)
    .where(t.task.c.project_id == sa.bindparam("project"), t.gold.c.id > sa.bindparam("after"))
    .order_by(t.gold.c.id)
    .limit(CHUNK)
)
_ANNOTATORS = sa.select(t.workload.c.annotator_id).where(t.workload.c.project_id == sa.bindparam("project"))
_DECLINED = (
    sa.select(t.declined.c.task_id)
    .join(t.task, t.task.c.id == t.declined.c.task_id)
    .where(
        t.declined.c.annotator_id == sa.bindparam("annotator"),
        t.task.c.project_id == sa.bindparam("project"),
        t.declined.c.reason.is_not(None),
    )
    .limit(CHUNK)
)
_SHOWS = sa.select(t.content_blob.c.digest).where(t.content_blob.c.content_id.in_(_ids)).distinct()
_SHOWN = sa.select(t.content_blob.c.digest).where(t.content_blob.c.digest.in_(_ids)).distinct()
Say = Callable[[str], None]


def erase_project(
    database: Database, folder: Path, args: dict[str, Any], say: Say = lambda _: None
) -> dict[str, int]:
    """The job: erases what is left of a deleted project; returns how many rows of each went."""
    project = database.read(lambda tx: tx.row(sa.select(t.project).where(t.project.c.id == args["project"])))
    if project is None or project.status != ProjectStatus.DELETED:
        return {}
    key = project.id
    gone = {
        "tasks": _each(database, _TASKS, {"project": key, "nothing": NOTHING}, _erase_tasks, say),
        "contents": _each(database, _CONTENTS, {"project": key}, _erase_contents, say),
        "judgments": _each(database, _JUDGMENTS, {"project": key}, _erase_judgments, say),
        "consensus": _each(database, _CONSENSUS, {"project": key}, _erase_consensus, say),
        "gold": _each(database, _ENDED_GOLD, {"project": key}, _erase_gold, say),
        "reasons": _erase_reasons(database, key),
        "forms": erase_forms(database, key),
    }
    database.write(lambda tx: _erase_words(tx, key))
    _forget_copy(folder, project)
    return gone


def _each(
    database: Database,
    query: sa.Select,
    at: dict[str, Any],
    act: Callable[[Transaction, list[int]], None],
    say: Say,
) -> int:
    """`act` on chunks of the row keys that `query` finds above `after`; returns how many there were."""
    done = after = 0
    while keys := database.read(
        lambda tx, after=after: list(tx.execute(query, {**at, "after": after}).scalars())
    ):
        database.write(lambda tx, keys=keys: act(tx, keys))
        after = keys[-1]
        done += len(keys)
        say(f"{done:,} {act.__name__.removeprefix('_erase_')} erased")
    return done


def _erase_tasks(tx: Transaction, ids: list[int]) -> None:
    tx.rows(_LOCKED, {"ids": ids})
    for statement in _OF_TASKS:
        tx.execute(statement, {"ids": ids})


def _erase_contents(tx: Transaction, ids: list[int]) -> None:
    """With what they alone have shown: the row of a blob goes here, its bytes by a job of their own."""
    digests = tx.execute(_SHOWS, {"ids": ids}).scalars().all()
    if digests:
        tx.execute(sa.delete(t.content_blob).where(t.content_blob.c.content_id.in_(ids)))
        kept = set(tx.execute(_SHOWN, {"ids": list(digests)}).scalars())
        # What came in since the project was deleted is somebody's who will show it yet.
        gone = sa.select(t.project.c.deleted_at).where(t.project.c.id == _project_of(ids[0]))
        lone = sorted(
            tx.execute(
                sa.delete(t.blob)
                .where(
                    t.blob.c.digest.in_(sorted(set(digests) - kept)),
                    t.blob.c.created_at < gone.scalar_subquery(),
                )
                .returning(t.blob.c.digest)
            ).scalars()
        )
        if lone:
            enqueue(tx, BLOBS_JOB, {"digests": lone}, delay_s=BLOBS_AFTER_S)
    tx.execute(sa.delete(t.content_payload).where(t.content_payload.c.content_id.in_(ids)))


def _project_of(content_id: int) -> sa.ScalarSelect[int]:
    return sa.select(t.content.c.project_id).where(t.content.c.id == content_id).scalar_subquery()


def _erase_judgments(tx: Transaction, ids: list[int]) -> None:
    tx.execute(sa.delete(t.judgment_payload).where(t.judgment_payload.c.judgment_id.in_(ids)))
    # A mark beside the fact: a digest of what was sent, without a salt.
    said = {"idempotency_key": None, "body_digest": None}
    tx.execute(sa.update(t.judgment).where(t.judgment.c.id.in_(ids)).values(**said))


def _erase_consensus(tx: Transaction, ids: list[int]) -> None:
    tx.execute(sa.delete(t.consensus_payload).where(t.consensus_payload.c.consensus_id.in_(ids)))
    tx.execute(
        sa.update(t.consensus).where(t.consensus.c.id.in_(ids)).values(current=False)
    )  # nobody uses it


def _erase_gold(tx: Transaction, ids: list[int]) -> None:
    tx.execute(sa.delete(t.gold_payload).where(t.gold_payload.c.gold_id.in_(ids)))


def _erase_reasons(database: Database, project_id: int) -> int:
    """What annotators wrote when they gave a task back; that they did stays."""
    done = 0
    for annotator in database.read(
        lambda tx: list(tx.execute(_ANNOTATORS, {"project": project_id}).scalars())
    ):
        at = {"project": project_id, "annotator": annotator}
        while tasks := database.read(lambda tx, at=at: list(tx.execute(_DECLINED, at).scalars())):
            silent = (
                sa.update(t.declined)
                .where(t.declined.c.annotator_id == annotator, t.declined.c.task_id.in_(tasks))
                .values(reason=None)
            )
            database.write(lambda tx, silent=silent: tx.execute(silent))
            done += len(tasks)
    return done


def _erase_words(tx: Transaction, project_id: int) -> None:
    here = t.clarification.c.project_id == project_id
    tx.execute(sa.update(t.clarification).where(here).values(asked="", answer=""))


def forget_copies(database: Database, folder: Path) -> int:
    """Deletes the columnar copies of deleted projects in this data folder; another server's had its own."""
    parts = (path for path in (folder / COPIES).glob("*-*/*") if path.name != "lock")
    places = {path.parent.name.partition("-")[2] for path in parts}
    gone = sa.select(t.project.c.public_id, t.project.c.world).where(
        t.project.c.public_id.in_(sorted(places)), t.project.c.status == ProjectStatus.DELETED
    )
    found = database.read(lambda tx: tx.rows(gone)) if places else []
    for project in found:
        _forget_copy(folder, project)
    return len(found)


def _forget_copy(folder: Path, project: sa.Row) -> None:
    from steelyard.work.columnar import forget  # columns, which the server does not need to start

    forget(folder, project)


def drop_blobs(database: Database, blobs: Blobs, args: dict[str, Any]) -> None:
    """The job: deletes the bytes of blobs that nothing refers to, but those that came in again meanwhile.

    They are set aside first, and deleted by the same job a minute later: whoever brings them from now on writes
    them anew, and whoever had just found them there has said so by then, and they are put back.
    """
    digests: list[str] = args["digests"]
    kept = sa.select(t.blob.c.digest).where(t.blob.c.digest.in_(_ids))
    known = database.read(lambda tx: set(tx.execute(kept, {"ids": digests}).scalars()))
    if not args.get("aside"):
        lone = [digest for digest in digests if digest not in known]
        for digest in lone:
            blobs.set_aside(digest)
        later = {"digests": lone, "aside": True}
        if lone:
            database.write(lambda tx: enqueue(tx, BLOBS_JOB, later, delay_s=BLOBS_AFTER_S))
        return
    for digest in digests:
        if digest in known:
            blobs.take_back(digest)
        else:
            blobs.drop_aside(digest)
