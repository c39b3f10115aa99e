"""Is all that is kept of a person in what is given out of it, and nothing that opens a door?"""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.ids import new_id
from steelyard.identity.policy import Principal
from steelyard.identity.sessions import make_link, sign_in_with_key
from steelyard.identity.teams import create_team
from steelyard.store import tables as t
from steelyard.work import person_export, person_parts
from steelyard.work.batches import create_batch
from steelyard.work.lanes import Demands, lane_for
from steelyard.work.person_export import export_person
from steelyard.work.person_parts import LEFT_OUT, PARTS
from steelyard.work.review import review


def exported(world: World, who: Principal) -> list[dict[str, Any]]:
    lines = b"".join(export_person(world.database, who.person_id)).splitlines()
    return [json.loads(line) for line in lines]


def of(found: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    return [line for line in found if line["what"] == what]


def test_every_table_that_refers_to_a_person_is_told_or_left_out_for_a_reason() -> None:
    refers = {
        table
        for table in t.metadata.sorted_tables
        if any(key.column.table in (t.person, t.annotator) for key in table.foreign_keys)
    }
    told = {part.table for part in PARTS}
    assert refers - told - LEFT_OUT.keys() == set()
    assert LEFT_OUT.keys() - refers == set()
    # Where a table refers to people twice, each way has its own lines.
    for table in refers - LEFT_OUT.keys():
        for key in table.foreign_keys:
            if key.column.table in (t.person, t.annotator):
                by = f"{table.name}.{key.parent.name} ="
                assert any(by in str(part.query) for part in PARTS if part.table is table), by


def test_no_line_tells_what_opens_a_door() -> None:
    for part in PARTS:
        names = {column.name for column in part.query.selected_columns}
        assert not names & {"digest", "leaf_salt", "salt", "ledger_no", "config", "name_key"}, part.what


@pytest.fixture
def ann(world: World) -> Principal:
    """An annotator with a life: teams, sessions, answers, a question, a task given back, and more held."""
    key = world.key("ann")
    ann = world.person("ann")
    world.write(lambda tx: sign_in_with_key(tx, key))
    world.write(lambda tx: create_team(tx, world.owner, "Night", [ann.person]))
    project = world.project(gold_rate=0.5)
    world.tasks(project, 12)
    world.gold(project, 3)
    for held in world.take(ann, project, 6):
        world.submit(ann, held, "dog")
    first = world.all(sa.select(t.judgment.c.public_id).where(t.judgment.c.gold == sa.false()))[0].public_id
    world.write(lambda tx: review(tx, world.owner, first, "reject", None, "a cat"))
    back, held = world.take(ann, project, 2)
    world.give_back(ann, back)
    world.write(lambda tx: _more(tx, ann, project.id, held.id))
    return ann


def _more(tx: Any, ann: Principal, project_id: int, held: str) -> None:
    row = tx.execute(sa.select(t.assignment).where(t.assignment.c.public_id == held)).one()
    draft = {"assignment_id": row.id, "annotator_id": ann.annotator_id, "answers": {"label": "cat"}}
    tx.execute(sa.insert(t.answer_draft).values(**draft, at=tx.now))
    asked = tx.added(
        sa.insert(t.question).values(
            public_id=new_id(tx.now), project_id=project_id, task_id=row.task_id,
            annotator_id=ann.annotator_id, provider_id=ann.provider_id, text="Is it?", state="open", at=tx.now,
        )
    )  # fmt: skip
    said = {"public_id": new_id(tx.now), "question_id": asked, "text": "It is.", "at": tx.now}
    tx.execute(sa.insert(t.question_message).values(**said))
    make_link(tx, ann.person_id)
    lane_for(tx, project_id, Demands(person=ann.person))


def test_a_life_is_told_line_by_line(world: World, ann: Principal) -> None:
    other = world.person("bob")
    project = world.all(sa.select(t.project))[0]
    world.answer(other, project, most=2)
    found = exported(world, ann)
    mine = t.judgment.c.annotator_id == ann.annotator_id
    assert len(of(found, "judgment")) == world.count(t.judgment, mine) == 6
    assert {line["answers"]["label"] for line in of(found, "judgment")} == {"dog"}
    assert [line["withdrawn_because"] for line in of(found, "judgment") if line["withdrawn_because"]] == [
        "rejected"
    ]
    assert [(line["verdict"], line["reason"]) for line in of(found, "reviewed")] == [("reject", "a cat")]
    shown = {line["content"] for line in of(found, "exposure")}
    assert len(of(found, "exposure")) == 8
    assert all(len(commitment) == 64 for commitment in shown)
    assert [line["name"] for line in of(found, "team")] == ["Night"]
    assert [line["text"] for line in of(found, "question")] == ["Is it?"]
    assert [line["text"] for line in of(found, "question_answered")] == ["It is."]
    assert [line["answers"] for line in of(found, "draft")] == [{"label": "cat"}]
    assert [line["demands"] for line in of(found, "work_given")] == [{"person": ann.person}]
    assert len(of(found, "key")) == 2
    for what in ("person", "annotator", "session", "sign_in_link", "assignment", "returned", "figures"):
        assert len(of(found, what)) == 1, what
    assert len(of(found, "gold_result")) == world.count(
        t.gold_result, t.gold_result.c.annotator_id == ann.annotator_id
    )
    assert found[-1] == {"what": "end", "lines": len(found) - 1}
    assert all(line["at"].endswith("Z") for line in found if "at" in line)


def test_pages_lose_and_double_nothing(world: World, ann: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = exported(world, ann)
    small = [person_parts.Part(p.what, p.table, p.query, p.keys, p.scan) for p in _paged(monkeypatch)]
    monkeypatch.setattr(person_export, "PARTS", small)
    monkeypatch.setattr(person_export, "SCAN", 3)
    assert exported(world, ann) == whole


def _paged(monkeypatch: pytest.MonkeyPatch) -> tuple[person_parts.Part, ...]:
    for module in (person_parts, person_export):
        monkeypatch.setattr(module, "PAGE", 2)
    return PARTS


def test_what_an_owner_decided_is_told_too(world: World) -> None:
    vendor = world.provider("Acme", owner="Acme Holding")
    world.change(vendor.slug, price="0.10")
    project = world.project(conflicts=["Rival"])
    world.write(lambda tx: create_batch(tx, world.owner, project, "B"))
    world.tasks(project, 3)
    found = exported(world, world.owner)
    assert len(of(found, "task_created")) == 3
    assert [line["organisation"] for line in of(found, "conflict_recorded")] == ["Rival"]
    assert [line["holder"] for line in of(found, "interest_recorded")] == ["Acme Holding"]
    assert {line["provider"] for line in of(found, "provider_change")} == {vendor.slug}
    assert "0.1" not in json.dumps(of(found, "provider_change"))
