"""Do the statements of the hot path use the indexes that were made for them, also when there is much?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from support.world import World

from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.work import claim, giveback, hidden_gold, phase_out, pick, queue, recall, submit

TASKS, ME = 2500, 2


@pytest.fixture
def filled(world: World) -> World:
    """Some thousands of assignments: two of each task; of the first ones the first half is done, by one
    annotator, and another one holds some of the last. Rows are written plainly, since it is only their
    number that matters."""
    project = world.project(answers=2)
    assert project.id == 1
    first, second = world.people(2)
    assert first.annotator_id == ME
    world.tasks(project, 1)
    task = dict(world.all(sa.select(t.task))[0]._mapping)
    assignment = dict(world.all(sa.select(t.assignment))[0]._mapping)

    def fill(tx: Transaction) -> None:
        tasks, assignments = [], []
        for n in range(2, TASKS):
            public = f"{n:024x}"
            tasks.append({**task, "id": n, "public_id": public, "external_id": public, "place": n % 1000})
            tasks[-1]["gold"] = "evaluation" if n % 500 == 0 else None
            for answer in (0, 1):
                row = {**assignment, "id": 2 * n + answer, "public_id": f"{answer + 1}{n:023x}", "task_id": n}
                row["ordinal"] = queue.ordinal(n // 1000, answer, n % 1000)
                if answer == 0 and n < TASKS // 2:
                    row |= {"state": 2, "annotator_id": ME, "provider_id": first.provider_id}
                if answer == 0 and n > TASKS - 40:
                    row |= {"state": 1, "annotator_id": second.annotator_id, "lease_until": tx.now + n}
                    row |= {"provider_id": second.provider_id}
                assignments.append(row)
        tx.execute(sa.insert(t.task), tasks)
        tx.execute(sa.insert(t.assignment), assignments)
        tx.execute(sa.text("ANALYZE"))

    world.write(fill)
    return world


def core(statement: Any) -> Any:
    return statement.statement if isinstance(statement, Prepared) else statement


def explained(world: World, statement: Any, parameters: dict[str, Any]) -> str:
    """The plan, a step a line, of the very text and parameters that the database is sent."""

    def run(tx: Transaction) -> str:
        sent: list[tuple[str, Any]] = []
        event.listen(tx.connection, "before_cursor_execute", lambda *say: sent.append((say[2], say[3])))
        tx.execute(core(statement), parameters).all()
        text, values = sent[0]
        sqlite = tx.dialect == "sqlite"
        rows = tx.connection.exec_driver_sql(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + text, values)
        return "\n".join(str(row[-1] if sqlite else row[0]) for row in rows)

    return world.write(run)


def in_order(plan: str) -> bool:
    """Whether rows come as the index has them, without a sort of their own."""
    return "Sort" not in plan and "TEMP B-TREE" not in plan


def lane(world: World) -> int:
    return world.one(sa.select(t.lane.c.id))


CLAIM = {"project": 1, "priority": 0, "of": 0, "start": 0, "me": ME, "count": 5}


def test_a_claim_walks_the_ready_rows_in_order(filled: World) -> None:
    at = {**CLAIM, "lane": lane(filled)}
    for statement, more in ((pick.READY, {}), (pick.READY_OTHER_SOURCE, {"sources": [2, 3]})):
        plan = explained(filled, statement, at | more)
        assert "assignment_ready" in plan, plan
        assert in_order(plan), plan
        # As an anti-join, what is mine already would be read from the annotator's whole history each time.
        assert "Anti" not in plan, plan
        assert "Hash" not in plan, plan
        assert "assignment_annotator" in plan or "assignment_task_id" in plan, plan
        assert "SCAN mine" not in plan, plan
        assert "Seq Scan on assignment" not in plan, plan
    for statement in (queue._NEXT_PRIORITY, queue._LOWEST_READY, pick._LAST_READY):
        ends = {**at, "below": queue.HIGHEST}
        names = core(statement).compile().params
        plan = explained(filled, statement, {name: ends[name] for name in names if name in ends})
        assert "assignment_ready" in plan, plan
        assert in_order(plan), plan


def test_what_is_held_is_found_among_what_is_held(filled: World) -> None:
    plan = explained(filled, giveback._LAPSED, {"now": 1})
    assert "assignment_lease" in plan, plan
    assert in_order(plan), plan
    mine = sa.select(t.assignment.c.id).where(
        t.assignment.c.annotator_id == sa.bindparam("me"), sa.text("assignment.state = 1")
    )
    for statement, at in (
        (mine, {"me": ME}),
        (recall._HOLDERS, {}),
        (recall._HELD, {"provider": 1, "project": 1, "count": 10}),
        (claim._HELD_NOW, {"project": 1}),
    ):
        plan = explained(filled, statement, at)
        assert "assignment_held" in plan or "assignment_lease" in plan, plan


def test_what_a_phase_out_counts_is_counted_by_index(filled: World) -> None:
    plan = explained(filled, phase_out.COUNTS, {"project": 1, "provider": 1})
    assert "assignment_ready" in plan, plan
    assert "assignment_held" in plan or "assignment_lease" in plan, plan
    assert in_order(plan), plan
    assert "Seq Scan on assignment" not in plan, plan


def test_a_submit_and_hidden_gold_are_found_by_index(filled: World) -> None:
    plan = explained(filled, submit._ASSIGNMENT, {"id": "0" * 24})
    for few in ("form", "answer_draft"):  # of which there is one, and none
        plan = plan.replace(f"Seq Scan on {few}", "")
    assert "Seq Scan" not in plan, plan
    assert "SCAN" not in plan, plan
    wanted = {"project": 1, "me": ME, "kind": "evaluation", "low": 0, "high": 10**9, "count": 2}
    plan = explained(filled, hidden_gold.GOLD, wanted)
    assert "task_gold" in plan, plan
    assert in_order(plan), plan
    assert "Anti" not in plan, plan
