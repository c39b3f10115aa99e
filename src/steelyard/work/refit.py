"""What do all judgments of a project say together?

The fit runs in a child process on its own read of the database; only its results are written, in small
transactions, so nobody who claims or submits waits for it. Gold is left out: accuracy against gold and
accuracy inferred from overlap stay two figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.domain.policy import parse_policy
from steelyard.domain.states import TaskStatus
from steelyard.domain.times import SECOND
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work import reviewing
from steelyard.work.consensus import Inferred, write_consensus
from steelyard.work.queue import put_back
from steelyard.work.settle import Ordered, conclude, qualifies
from steelyard.work.tally import progress
from steelyard.work.vote import Outcome, lowest_confidence

if TYPE_CHECKING:  # numpy and Arrow are not for a server that fits nothing itself
    from steelyard.work.columns import Asked, Columns

Say = Callable[[str], None]
JOB = "refit"
GROWTH = 1.1
AT_MOST_EVERY = 60 * SECOND
CHUNK = 100  # tasks written in one transaction
SHIFT = 0.005  # a confidence that moved less is not written again


@dataclass(frozen=True)
class QuestionFit:
    """One question's fit: per task (row key) how many judgments of it were seen, the value, confidence, tie
    and the judgment it copies; per annotator (row key) how many comparable answers and how many of them are
    expected to be right. `judgments`: how many of the project were read."""

    question: str
    key: str
    method: str
    judgments: int
    log_likelihood: float | None
    iterations: int
    tasks: list[int]
    seen: list[int]
    values: list[Any]
    confidence: list[float]
    tie: list[bool]
    value_from: list[str | None]
    annotators: list[tuple[int, int, float, float, float, float]]  # id, n, correct, accuracy, low, high


_j = t.current_judgment


def fit_project(
    database: Database, project_id: int, folder: Path | None = None, say: Say | None = None
) -> list[QuestionFit]:
    """Fits every question of a project and writes nothing to the database. One entry per set of options.

    The judgments are read through the columnar copy in the data `folder`; without one, from the database.
    """
    import numpy as np

    from steelyard.work.columnar import columns_of
    from steelyard.work.columns import asked_in, read_forms

    columns = columns_of(database, folder, project_id, say=say)
    if not len(columns):
        return []
    current = sa.select(t.project.c.form_id).where(t.project.c.id == project_id)
    used, form_id = database.read(
        lambda tx: (read_forms(tx, np.unique(columns.form).tolist()), tx.scalar(current))
    )
    tasks, counts = np.unique(columns.task[~columns.fix], return_counts=True)
    seen = dict(zip(tasks.tolist(), counts.tolist(), strict=True))
    return [_fit(columns, asked, seen) for asked in asked_in(columns, used, form_id)]


def _fit(columns: Columns, asked: Asked, seen: dict[int, int]) -> QuestionFit:
    import numpy as np

    task, annotator = columns.task[asked.rows], columns.annotator[asked.rows]
    merged = forms.merge_codes(asked.question, task, annotator, asked.codes, asked.values)
    _, inverse, counts = np.unique(task, return_inverse=True, return_counts=True)
    comparable = (counts[inverse] > 1) & (annotator >= 0)
    ids, n = np.unique(annotator[comparable], return_counts=True)
    comparable_n = dict(zip(ids.tolist(), n.tolist(), strict=True))
    people = []
    for row in merged.annotators:
        count = comparable_n.get(row["annotator"], 0)
        if count and row["accuracy"] is not None:
            share = row["accuracy"]
            people.append((int(row["annotator"]), count, share * count, share, row["low"], row["high"]))
    likelihood = float(merged.log_likelihood)
    return QuestionFit(
        question=asked.question.name,
        key=asked.key,
        method=merged.method,
        judgments=sum(seen.values()),
        log_likelihood=likelihood if np.isfinite(likelihood) else None,
        iterations=merged.iterations,
        tasks=merged.tasks.tolist(),
        seen=[seen[key] for key in merged.tasks.tolist()],
        values=list(merged.values),
        confidence=merged.confidence.tolist(),
        tie=merged.tie.tolist(),
        value_from=[columns.name(int(asked.rows[i])) if i >= 0 else None for i in merged.value_from.tolist()],
        annotators=people,
    )


def write_fits(database: Database, project_id: int, fits: list[QuestionFit]) -> None:
    """Writes skills, and a new revision of every settled answer that the fit sees otherwise."""
    fit_ids = database.write(lambda tx: _write_skills(tx, project_id, fits))
    by_task: dict[int, dict[str, tuple[Any, float, bool, str | None]]] = {}
    for fit in fits:
        for task, value, confidence, tie, source in zip(
            fit.tasks, fit.values, fit.confidence, fit.tie, fit.value_from, strict=True
        ):
            by_task.setdefault(task, {})[fit.question] = (value, confidence, tie, source)
    seen = {task: n for fit in fits for task, n in zip(fit.tasks, fit.seen, strict=True)}
    tasks = sorted(by_task)
    for at in range(0, len(tasks), CHUNK):
        part = {task: by_task[task] for task in tasks[at : at + CHUNK]}
        database.write(lambda tx, part=part: _revise(tx, project_id, part, seen, fit_ids, fits))


def _write_skills(tx: Transaction, project_id: int, fits: list[QuestionFit]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for fit in fits:
        ids[fit.question] = fit_id = tx.added(
            sa.insert(t.fit).values(
                project_id=project_id,
                question=fit.question,
                question_key=fit.key,
                method=fit.method,
                judgments=fit.judgments,
                log_likelihood=fit.log_likelihood,
                iterations=fit.iterations,
                at=tx.now,
            )
        )
        tx.execute(
            sa.delete(t.skill).where(t.skill.c.project_id == project_id, t.skill.c.question_key == fit.key)
        )
        if fit.annotators:
            tx.execute(
                sa.insert(t.skill),
                [
                    {
                        "project_id": project_id,
                        "question_key": fit.key,
                        "annotator_id": annotator,
                        "question": fit.question,
                        "fit_id": fit_id,
                        "n": n,
                        "correct": correct,
                        "accuracy": accuracy,
                        "low": low,
                        "high": high,
                    }
                    for annotator, n, correct, accuracy, low, high in fit.annotators
                ],
            )
    return ids


_TASKS = (
    sa.select(t.task)
    .where(t.task.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(t.task.c.id)
    .with_for_update(key_share=True)
)
_CONSENSUS = (
    sa.select(
        t.consensus.c.task_id,
        t.consensus.c.confidence,
        t.consensus.c.judgments,
        t.consensus_payload.c.answers,
    )
    .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id)
    .where(t.consensus.c.task_id.in_(sa.bindparam("ids", expanding=True)), t.CONSENSUS_IS_CURRENT)
)
_COUNTS = (  # none of a task whose value is a fix: it is not inferred
    sa.select(_j.c.task_id, sa.func.count().label("n"))
    .where(_j.c.task_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(_j.c.task_id)
    .having(sa.func.count(_j.c.based_on) == 0)
)


def _revise(
    tx: Transaction,
    project_id: int,
    part: dict[int, Any],
    seen: dict[int, int],
    fit_ids: dict[str, int],
    fits: list[QuestionFit],
) -> None:
    ids = list(part)
    # Locked before anything is read of them: an answer that comes in meanwhile is either seen or comes after.
    tasks = tx.execute(_TASKS, {"ids": ids}).all()
    known = {row.task_id: row for row in tx.execute(_CONSENSUS, {"ids": ids})}
    counts = {row.task_id: row.n for row in tx.execute(_COUNTS, {"ids": ids})}
    revised: list[Inferred] = []
    concluded: list[tuple[sa.Row, float]] = []
    overruled: list[int] = []
    project = tx.execute(sa.select(t.project).where(t.project.c.id == project_id)).one()
    policy = parse_policy(project.policy)
    methods = {fit.question: fit.method for fit in fits}
    fit_id = next(iter(fit_ids.values()), None)
    cache: dict[int, Form] = {}
    for task in tasks:
        before = known.get(task.id)
        # Only what was inferred is revised, and only while the fit has seen all of its answers.
        if before is None or task.status not in (TaskStatus.SETTLED, TaskStatus.REVIEW, TaskStatus.OPEN):
            continue
        if not counts.get(task.id, 0) == len(before.judgments) == seen[task.id]:
            continue
        found = part[task.id]
        values = {**before.answers, **{name: f[0] for name, f in found.items()}}
        confidence = {name: f[1] for name, f in found.items()}
        if task.form_id not in cache:
            body = tx.execute(sa.select(t.form.c.body).where(t.form.c.id == task.form_id)).scalar_one()
            cache[task.form_id] = forms.parse_form(body)
        whole = lowest_confidence(cache[task.form_id], confidence)
        changed = values != before.answers
        if changed or abs(whole - before.confidence) >= SHIFT:
            outcome = Outcome(
                values,
                confidence,
                whole,
                any(f[2] for f in found.values()),
                next((f[3] for f in found.values() if f[3] is not None), None),
            )
            method = " + ".join(sorted({methods[name] for name in found}))
            revised.append(Inferred(task.id, outcome, before.judgments, method, fit_id))
        if changed and task.status == TaskStatus.SETTLED and task.delivered_at is None:
            overruled.append(task.id)
        # A reviewer looks at the answer, not at its confidence.
        if changed if task.status == TaskStatus.REVIEW else task.answers >= task.wanted:
            concluded.append((task, whole))
    write_consensus(tx, project_id, revised)
    accepted = reviewing.reviewed(tx, overruled) if overruled else set()
    ordered: list[Ordered] = []
    for task, whole in concluded:
        if task.id in accepted:
            reviewing.send(tx, project_id, task, reviewing.Why.CHANGED)
        else:
            ordered += conclude(tx, project_id, task, policy, fit_id, whole)
    put_back(tx, ordered)


def refit(
    database: Database, project_id: int, run: Callable[[int], list[QuestionFit]] | None = None
) -> list[QuestionFit]:
    """Fits a project and writes what was found; `run` does the fit elsewhere, in a child process."""
    fits = run(project_id) if run is not None else fit_project(database, project_id)
    if fits:
        write_fits(database, project_id, fits)
    return fits


def due(tx: Transaction) -> list[int]:
    """Projects whose judgments have grown by a tenth, or become fewer, since their last fit a minute ago or
    more; or that have settled everything since."""
    found: list[int] = []
    last = {
        row.project_id: row
        for row in tx.execute(
            sa.select(t.fit.c.project_id, t.fit.c.judgments, t.fit.c.at).where(
                t.fit.c.id.in_(sa.select(sa.func.max(t.fit.c.id)).group_by(t.fit.c.project_id))
            )
        )
    }
    for project_id in (
        tx.execute(sa.select(t.project.c.id).where(t.project.c.status == "active")).scalars().all()
    ):
        sums = progress(tx, project_id)
        if sums.judgments == 0 or not qualifies(sums):
            continue
        before = last.get(project_id)
        if before is None:
            found.append(project_id)
            continue
        finished = sums.open == 0 and sums.judgments != before.judgments
        moved = sums.judgments < before.judgments or sums.judgments >= before.judgments * GROWTH
        if finished or (moved and not 0 <= tx.now - before.at < AT_MOST_EVERY):
            found.append(project_id)
    return found


def enqueue_due(tx: Transaction) -> int:
    """Orders a refit of every project that is due for one."""
    projects = due(tx)
    for project_id in projects:
        enqueue(tx, JOB, {"project": project_id}, dedup_key=f"{JOB}:{project_id}")
    return len(projects)
