"""Do lists and exports of tasks find what they show by index, however much there is?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World
from test_plans import explained, in_order

from steelyard.store import tables as t
from steelyard.store.bulk import items_of, list_of
from steelyard.store.database import Transaction
from steelyard.work import export_shapes, export_tasks, opened, task_list, tasks

PAGE = {"project": 1, "after": 0, "most": 500}


@pytest.fixture
def answered(world: World) -> World:
    project = world.project()
    world.tasks(project, 600)
    world.answer(world.owner, project, most=1)
    world.write(_as_of_all)
    return world


def _as_of_all(tx: Transaction) -> None:
    """Every other task gets what the first one was answered."""
    for fact, payload in ((t.judgment, t.judgment_payload), (t.consensus, t.consensus_payload)):
        named = {"id": t.task.c.id + 10_000, "public_id": t.task.c.public_id, "task_id": t.task.c.id}
        _copied(tx, fact, t.task, {**named, "assignment_id": sa.null()}, t.task.c.id != fact.c.task_id)
        (key,) = payload.primary_key
        _copied(tx, payload, fact, {key.name: fact.c.id}, fact.c.id != key)
    named = {"id": t.task.c.id + 10_000, "task_id": t.task.c.id, "content_id": t.task.c.content_id}
    _copied(tx, t.exposure, t.task, {**named, "assignment": sa.null()}, t.task.c.id != t.exposure.c.task_id)
    tx.execute(sa.text("ANALYZE"))


def _copied(tx: Transaction, table: sa.Table, others: sa.Table, values: dict[str, Any], where: Any) -> None:
    row = [values.get(column.name, column) for column in table.c]
    rows = sa.select(*row).select_from(table.join(others, where))
    tx.execute(sa.insert(table).from_select(list(table.c), rows, include_defaults=False))


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        (task_list._LISTED, {"keys": [1, 2, 3]}),
        (export_tasks._STATEMENTS[True, False].table, {**PAGE, "most": 20}),
        (export_tasks._STATEMENTS[True, False].lines, {**PAGE, "most": 20}),
        (export_tasks._STATEMENTS[False, True].lines, {"keys": [1, 2, 3]}),
    ],
    ids=["listed", "all", "lines", "these"],
)
def test_a_task_finds_its_answer_by_the_index_of_current_ones(
    answered: World, statement: Any, parameters: dict[str, Any]
) -> None:
    plan = explained(answered, _here(answered, statement), parameters)
    assert "SCAN consensus" not in plan
    assert "Seq Scan on consensus " not in plan


@pytest.mark.parametrize(
    "statements",
    [export_shapes.CURRENT_JUDGMENTS, export_shapes.CURRENT_CONSENSUS],
    ids=["judgments", "consensus"],
)
def test_rows_leave_in_the_order_of_their_keys_without_a_sort(answered: World, statements: Any) -> None:
    plan = explained(answered, statements.table, {**PAGE, "most": 20})
    assert in_order(plan), plan
    lines = explained(answered, _here(answered, statements.lines), {**PAGE, "most": 20})
    assert "Seq Scan on judgment" not in lines, lines
    if answered.database.dialect == "sqlite":
        assert in_order(lines), lines


def test_what_was_not_shown_yet_is_found_content_by_content(answered: World) -> None:
    statement = export_tasks._STATEMENTS[True, False].unseen
    asked = {"project": 1, "after": 0, "last": 500, "me": 1, "since": 0}
    plan = explained(answered, statement, asked)
    assert "SCAN exposure" not in plan, plan
    assert "SCAN task" not in plan, plan


def _here(world: World, statement: Any) -> Any:
    return statement[world.database.dialect] if isinstance(statement, dict) else statement


def test_what_is_known_is_looked_up_one_by_one(answered: World) -> None:
    """A list is one parameter: however long it is, each of its items is found by the index."""

    def ask(tx: Transaction) -> tuple[dict[str, Any], dict[str, Any]]:
        known = {"project": 1, "ids": list_of(tx, ["1", "2"])}
        shown = {"contents": list_of(tx, [1, 2]), "me": 1, "since": 0}
        return known, shown

    known, shown = answered.database.read(ask)
    dialect = answered.database.dialect
    for statement, parameters, table in (
        (tasks.KNOWN[dialect].statement, known, "task"),
        (opened._KNOWN[dialect].statement, shown, "exposure"),
    ):
        plan = explained(answered, statement, parameters)
        assert f"SCAN {table}" not in plan, plan
    found = answered.all(
        sa.select(sa.literal(1))
        .where(sa.literal("b").in_(items_of(dialect, "ids")))
        .params(ids=answered.database.read(lambda tx: list_of(tx, ["a", "b"])))
    )
    assert len(found) == 1
