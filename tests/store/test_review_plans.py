"""Are reviews found by the indexes that were made for them, also when there are many?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from support.reviews import desk
from support.world import World

from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import again, review_find, review_queue

ITEMS = 3000
CLAIM = {"project": 1, "me": 1, "person": 1, "count": 5}


@pytest.fixture
def filled(world: World) -> World:
    """Some thousands of items, a third of them done, a few held. Rows are written plainly: it is their number
    that matters."""
    project = world.project(review_rate=1)
    world.tasks(project, 1)
    world.answer(world.people(1)[0], project)
    rita = desk(world, project).who
    task = dict(world.all(sa.select(t.task))[0]._mapping)
    item = dict(world.all(sa.select(t.review_item))[0]._mapping)
    judgment = dict(world.all(sa.select(t.judgment))[0]._mapping)

    def fill(tx: Transaction) -> None:
        tasks, items, judgments = [], [], []
        for n in range(2, ITEMS):
            public = f"{n:024x}"
            tasks.append({**task, "id": n, "public_id": public, "external_id": public, "place": n % 1000})
            items.append({**item, "id": n, "public_id": public, "task_id": n})
            judgments.append({**judgment, "id": n, "public_id": public, "task_id": n, "assignment_id": None})
            if n % 3 == 0:
                items[-1] |= {"state": 2, "person_id": rita.person_id, "verdict": "accept", "done_at": tx.now}
            elif n > ITEMS - 40:
                items[-1] |= {"state": 1, "person_id": rita.person_id, "lease_until": tx.now + n}
        for table, rows in ((t.task, tasks), (t.review_item, items), (t.judgment, judgments)):
            tx.execute(sa.insert(table), rows)
        tx.execute(sa.text("ANALYZE"))

    world.write(fill)
    return world


def explained(world: World, statement: sa.Executable, parameters: dict[str, Any]) -> str:
    """The plan, a step a line, of the very text and parameters that the database is sent."""

    def run(tx: Transaction) -> str:
        sent: list[tuple[str, Any]] = []
        event.listen(tx.connection, "before_cursor_execute", lambda *say: sent.append((say[2], say[3])))
        tx.execute(statement, parameters).all()
        text, values = sent[0]
        sqlite = tx.dialect == "sqlite"
        rows = tx.connection.exec_driver_sql(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + text, values)
        return "\n".join(str(row[-1] if sqlite else row[0]) for row in rows)

    return world.write(run)


def test_the_next_review_is_found_in_order(filled: World) -> None:
    plan = explained(filled, review_find.OLDEST, {**CLAIM, "window": 1000})
    assert "review_item_ready" in plan, plan
    found_by_index(plan)


def test_what_is_kept_from_others_is_found_by_whom_it_is_kept_from(filled: World) -> None:
    group = {**CLAIM, "of": 0, "group": bytes(8), "window": 101}
    plan = explained(filled, review_find.OF_GROUP, group)
    assert "review_item_kept" in plan, plan
    found_by_index(plan)
    plan = explained(filled, review_find.GROUP, {"project": 1, "of": 0, "start": b""})
    assert "review_item_kept" in plan, plan
    assert "Sort" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan


def found_by_index(plan: str) -> None:
    assert "judgment_by_task" in plan, plan
    for table in ("review_item", "task", "judgment"):
        assert f"Seq Scan on {table}" not in plan, plan
        assert f"SCAN {table}" not in plan, plan
    assert "Hash" not in plan, plan
    assert "Anti" not in plan, plan


def test_what_lapsed_and_what_is_held_is_found_among_what_is_held(filled: World) -> None:
    plan = explained(filled, review_queue.LAPSED, {"now": 1})
    assert "review_item_lease" in plan, plan
    plan = explained(filled, review_queue.HELD, {"me": 2})
    assert "review_item_held" in plan or "review_item_lease" in plan, plan


def test_why_an_answer_came_back_is_found_by_its_assignment(filled: World) -> None:
    beside = sa.select(t.assignment.c.id, again.WHY_RETURNED).where(t.assignment.c.id.in_([1, 2]))
    plan = explained(filled, beside, {})
    assert "judgment_assignment_id" in plan, plan
    assert "SCAN judgment" not in plan, plan
