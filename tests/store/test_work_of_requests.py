"""Does a request look at no more in a large project than it shows?

On SQLite the steps of its virtual machine are counted, on PostgreSQL the rows that its statements read. A third of
the tasks is gold, a third in review, a third asked about: whatever counts or seeks among any of these is found out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from support.filled import Filled, fill
from support.world import World

from steelyard.http.render import project_detail_json, provider_json
from steelyard.providers.scorecard import scorecard
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import exposure, showings
from steelyard.work.claim import claim
from steelyard.work.exposure_sums import sum_up
from steelyard.work.mine import mine
from steelyard.work.questions import list_questions
from steelyard.work.review import judge
from steelyard.work.review_list import list_reviews
from steelyard.work.review_queue import claim_reviews
from steelyard.work.showings import Which
from steelyard.work.submit import submit
from steelyard.work.task_list import Wanted, search_of
from steelyard.work.workload import listing

TASKS = 600
MOST = {
    "sqlite": 2000,
    "postgresql": 150,
}  # steps, rows: all tasks take more of either, and mostly a third does
READ = sa.text("SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables")


@pytest.fixture
def filled(world: World) -> Filled:
    return fill(world, TASKS)


def looked_at(world: World, request: Callable[[Transaction], Any]) -> int:
    """How much is looked at; what the request writes is rolled back. It runs twice, since the first time fills
    what is remembered by version."""

    def count(tx: Transaction) -> int:
        if tx.dialect == "postgresql":
            tx.execute(sa.text("SET LOCAL enable_seqscan = off"))  # as in a table that is not so small
            before = tx.scalar(READ)
            request(tx)
            return int(tx.scalar(READ) - before)
        raw: Any = tx.connection.connection.dbapi_connection
        steps = [0]
        raw.set_progress_handler(lambda: steps.append(steps.pop() + 10), 10)
        try:
            request(tx)
        finally:
            raw.set_progress_handler(None, 0)
        return steps[0]

    world.database.rehearse(count)
    return world.database.rehearse(count)


def test_no_request_looks_through_a_project(filled: Filled) -> None:
    world, project, owner = filled.world, filled.project, filled.world.owner
    world.tasks(project, 3)
    (held,) = world.take(filled.worker, project)
    rita = world.person("rita", role="reviewer")
    (item,) = world.write(lambda tx: claim_reviews(tx, rita, project)).held
    provider = world.all(sa.select(t.provider).where(t.provider.c.id == filled.provider.id))[0]
    said = {"answers": {"label": "dog"}}
    requests: dict[str, Callable[[Transaction], Any]] = {
        "project": lambda tx: project_detail_json(tx, owner, project),
        "provider": lambda tx: provider_json(tx, provider, "live"),
        "scorecard": lambda tx: scorecard(tx, provider, "live"),
        "annotators": lambda tx: listing(tx, project.id, limit=10),
        "claim": lambda tx: claim(tx, filled.worker, project),
        "submit": lambda tx: submit(tx, filled.worker, held.id, {"label": "cat"}),
        "claim a review": lambda tx: claim_reviews(tx, owner, project),
        "accept": lambda tx: judge(tx, rita, item.id, "accept"),
        "fix": lambda tx: judge(tx, rita, item.id, "fix", **said),
        "reject": lambda tx: judge(tx, rita, item.id, "reject", reason="no"),
        "own answers": lambda tx: mine(tx, filled.worker, project, limit=5),
    }
    for state, level in (
        ("ready", None),
        ("done", None),
        ("held", None),
        (None, 3),
        (None, None),
        ("ready", 2),
    ):
        requests[f"reviews {state} {level}"] = lambda tx, state=state, level=level: list_reviews(
            tx, owner, project.id, state, level, 0, 5
        )
    for state in (None, "open", "answered"):
        requests[f"questions {state}"] = lambda tx, state=state: list_questions(
            tx, owner, project.id, state, 0, 5
        )
    for wanted in (Wanted(), Wanted(status="review"), Wanted(status="error"), Wanted(external_id="e1500")):
        requests[f"tasks {wanted}"] = lambda tx, wanted=wanted: search_of(tx, project.id, wanted).find(
            tx, 0, 5
        )
    found = {name: looked_at(world, request) for name, request in requests.items()}
    most = MOST[world.database.dialect]
    assert {name: n for name, n in found.items() if n > most} == {}


def test_what_was_shown_is_told_without_looking_through_it(filled: Filled) -> None:
    """Behind all that was shown in one project, something was in another one."""
    world, worker = filled.world, filled.worker
    other = world.project("Secrets", sensitivity="restricted", answers=1)
    world.change("acme", clearance="secret")
    world.tasks(other, 3)
    world.take(worker, other, 3)
    sum_up(world.database, 1)
    everything = Which("live", filled.provider.id, horizon=world.write(showings.horizon))
    requests: dict[str, Callable[[Transaction], Any]] = {}
    for narrowed, least in (
        ({}, TASKS),
        ({"project_id": other.id}, 3),
        ({"sensitivity": "restricted"}, 3),
        ({"project_id": other.id, "sensitivity": "restricted"}, 3),
        ({"world": "test"}, 0),
    ):
        which = replace(everything, **narrowed)
        mine = replace(which, provider_id=None, annotator_id=worker.annotator_id)
        assert world.database.read(lambda tx, it=which: exposure.count(tx, it))["showings"] >= least
        for whose, it in (("provider", which), ("annotator", mine)):
            requests[f"figures {whose} {narrowed}"] = lambda tx, it=it: exposure.count(tx, it)
            requests[f"list {whose} {narrowed}"] = lambda tx, it=it: showings.listing(tx, it, 0, 5)
        requests[f"by annotator {narrowed}"] = lambda tx, it=which: exposure.by_annotator(tx, it)
    found = {name: looked_at(world, request) for name, request in requests.items()}
    most = MOST[world.database.dialect]
    assert {name: n for name, n in found.items() if n > most} == {}
