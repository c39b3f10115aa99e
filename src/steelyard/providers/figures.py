"""What was worked out of a project's dependence, and of what?

A run infers the truth once from everything and once without each provider and each organisation, and keeps what
it found with the state that it found it in: the same state, the same result. A small project is worked out when
it is asked for, a large one by a job in a process of its own; who asks meanwhile is told how far behind it is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.domain.policy import parse_policy
from steelyard.domain.states import ProjectStatus
from steelyard.domain.times import SECOND
from steelyard.jobs.queue import enqueue
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.store.upsert import upsert
from steelyard.work import standing
from steelyard.work.tally import by_provider

JOB = "dependence"
FORM = 3  # of what is kept; figures of another form are worked out anew
SMALL = 20_000  # judgments of all projects that one request works out itself, where nothing is known of them
AGAIN = 5_000  # and where something is: of a project with more, what is kept is told until a job has run
AT_MOST_EVERY = 60 * SECOND
PATIENCE = 20  # and at most so often that a run takes a part of the time, as many times as long as it took
GROWTH = 0.01
AFTER = 600 * SECOND  # then also when fewer judgments came in

Say = Callable[[str], None]
Run = Callable[[int], "Figures"]


@dataclass(frozen=True)
class Figures:
    """`found` is what was worked out (see `inference.work_out`) of a project in `state` at `at`; `judgments`
    is how many it had then."""

    state: str
    judgments: int
    took_ms: int
    found: dict[str, Any]
    at: int

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class State:
    """A project as it is now, in a word: it changes with everything that the figures are made of."""

    name: str
    judgments: int


def state_of(tx: Transaction, project_id: int) -> State:
    """Judgments only ever come in with higher row keys and only ever stop being current, so the highest key and
    the sums of those that are current name the set of them. Nothing is counted."""
    project = tx.execute(sa.select(t.project).where(t.project.c.id == project_id)).one()
    policy = parse_policy(project.policy)
    given = {"project": project_id}
    entries = by_provider(tx, project_id)
    sums = {s.provider_id: s.judgments for s in entries}
    tasks = tx.execute(_TASKS, given).one()
    told = [
        FORM,
        tx.scalar(_LAST, given) or 0,
        [(s.provider_id, s.judgments, s.gold_judgments) for s in entries],
        [int(n or 0) for n in tasks],
        [policy.answers, policy.max_answers, policy.target_confidence, policy.derivatives, project.form_id],
        [sorted(s) for s in sorted(organisation_sets(tx, sums), key=sorted)],
    ]
    name = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return State(name, sum(sums.values()))


_DELETED = sa.select(t.project.c.id).where(t.project.c.status == ProjectStatus.DELETED)
_LAST = sa.select(sa.func.max(t.judgment.c.id)).where(t.judgment.c.project_id == sa.bindparam("project"))
_TASKS = sa.select(sa.func.sum(t.task_tally.c.tasks), sa.func.sum(t.task_tally.c.gold)).where(
    t.task_tally.c.project_id == sa.bindparam("project")
)


def organisation_sets(tx: Transaction, providers: Iterable[int]) -> set[frozenset[int]]:
    """Which of these providers hang together by an organisation's interest, two or more each."""
    here = standing.standing(tx)
    held: dict[int, set[int]] = {}
    for provider in providers:
        for organisation in here.providers[provider].interests:
            held.setdefault(organisation, set()).add(provider)
    return {frozenset(p) for p in held.values() if len(p) > 1}


# --- kept ------------------------------------------------------------------------------------------------

_KEPT = sa.select(t.dependence).where(t.dependence.c.project_id == sa.bindparam("project"))


def kept(tx: Transaction, project_id: int) -> Figures | None:
    row = tx.row(_KEPT, {"project": project_id})
    if row is None or row.found.get("form") != FORM:
        return None
    return Figures(row.state, row.judgments, row.took_ms, row.found, row.at)


def keep(tx: Transaction, project_id: int, figures: Figures) -> None:
    """Keeps figures in the place of older ones."""
    values = figures.to_json()
    tx.execute(
        upsert(tx, t.dependence)
        .values(project_id=project_id, **values)
        .on_conflict_do_update(
            index_elements=["project_id"], set_=values, where=t.dependence.c.at <= figures.at
        )
    )


# --- worked out ------------------------------------------------------------------------------------------


def figures_here(tx: Transaction, project_id: int) -> Figures:
    """Works a project out within this read, straight from the database."""
    from steelyard.providers.inference import work_out
    from steelyard.work.columns import read_columns

    began = time.monotonic()
    state = state_of(tx, project_id)
    found = work_out(tx, project_id, read_columns(tx, project_id))
    return Figures(state.name, state.judgments, _ms(began), found, tx.now)


def figures_of(database: Database, folder: Path | None, project_id: int, say: Say | None = None) -> Figures:
    """Works a project out through the columnar copy in the data `folder`; for processes of their own.

    The state is named before anything is read: what comes in meanwhile makes the figures newer than they
    say, never older.
    """
    from steelyard.providers.inference import work_out
    from steelyard.work.columnar import columns_of

    began = time.monotonic()
    state, at = database.read(lambda tx: (state_of(tx, project_id), tx.now))
    columns = columns_of(database, folder, project_id, say=say)
    found = database.read(lambda tx: work_out(tx, project_id, columns, say=say))
    return Figures(state.name, state.judgments, _ms(began), found, at)


def work_out_and_keep(database: Database, project_id: int, run: Run) -> Figures | None:
    """The job: `run` works the project out elsewhere, what it found is kept; of a deleted one there is nothing."""
    if project_id in database.read(lambda tx: set(tx.execute(_DELETED).scalars())):
        return None
    figures = run(project_id)
    database.write(lambda tx: keep(tx, project_id, figures))
    return figures


def bring_up_to_date(
    database: Database,
    world: str,
    run: Run,
    *,
    projects: Collection[int] | None = None,
    say: Say | None = None,
) -> int:
    """Works out what is stale of one world and keeps it, for commands that wait for it: what is small here, the
    rest by `run`. Returns how many projects were stale."""
    stale = database.read(lambda tx: [p for p in _projects(tx, world) if _is_stale(tx, p.id)])
    wanted = [p for p in stale if projects is None or p.id in projects]
    for project in wanted:
        if say is not None:
            say(f"{project.name}: what would be without each provider")
        size = database.read(lambda tx, key=project.id: state_of(tx, key)).judgments
        work_out_and_keep(database, project.id, run if size > SMALL else _here(database))
    return len(wanted)


def _here(database: Database) -> Run:
    return lambda project_id: database.read(lambda tx: figures_here(tx, project_id))


def _projects(tx: Transaction, world: str) -> list[sa.Row]:
    living = (t.project.c.world == world, t.project.c.status != ProjectStatus.DELETED)
    query = sa.select(t.project.c.id, t.project.c.name).where(*living)
    return list(tx.rows(query.order_by(t.project.c.id)))


def _is_stale(tx: Transaction, project_id: int) -> bool:
    state = state_of(tx, project_id)
    if not state.judgments:
        return False
    known = kept(tx, project_id)
    return known is None or known.state != state.name


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


# --- when ------------------------------------------------------------------------------------------------


def due(tx: Transaction) -> list[int]:
    """Large projects whose figures are behind by one part in a hundred, or by anything for ten minutes."""
    found = []
    size: Counter[int] = Counter()
    for entry in by_provider(tx):
        size[entry.project_id] += entry.judgments
    deleted = set(tx.execute(_DELETED).scalars())
    for project_id in sorted(key for key, n in size.items() if n > SMALL and key not in deleted):
        state = state_of(tx, project_id)
        known = kept(tx, project_id)
        if (known is not None and known.state == state.name) or not may_order(tx, project_id, known):
            continue
        if known is None:
            found.append(project_id)
            continue
        grown = abs(state.judgments - known.judgments) >= GROWTH * known.judgments
        if grown or tx.now - known.at >= AFTER:
            found.append(project_id)
    return found


def may_order(tx: Transaction, project_id: int, known: Figures | None) -> bool:
    """Whether a run may follow on this one already, and none is on its way: runs take a small part of the time,
    however often they are asked for."""
    if known is not None and tx.now - known.at < max(AT_MOST_EVERY, PATIENCE * known.took_ms * 1000):
        return False
    ordered = sa.select(t.job.c.state).where(t.job.c.dedup_key == _key(project_id))
    return tx.scalar(ordered) in (None, "dead")


def order(tx: Transaction, projects: Iterable[int]) -> None:
    """Orders a run of each of these projects, once."""
    for project_id in projects:
        enqueue(tx, JOB, {"project": project_id}, dedup_key=_key(project_id))


def _key(project_id: int) -> str:
    return f"{JOB}:{project_id}"


def order_due(database: Database) -> int:
    """Looks in a read what is due and orders it in a short write; returns how many."""
    projects = database.read(due)
    if projects:
        database.write(lambda tx: order(tx, projects))
    return len(projects)
