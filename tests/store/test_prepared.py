"""A prepared statement says and gives what Core would, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from support.world import World

from steelyard.store import tables as t
from steelyard.store.prepared import Prepared, insert

PERSON = insert(t.person, "public_id", "name", "name_key", "provider_id", "languages", "skills", "created_at")
BY_NAME = Prepared(sa.select(t.person).where(t.person.c.name == sa.bindparam("called")))
AMONG = Prepared(
    sa.select(t.person.c.name)
    .where(t.person.c.name.in_(sa.bindparam("names", expanding=True)))
    .order_by(t.person.c.name)
)
RENAME = Prepared(
    sa.update(t.person).where(t.person.c.name == sa.bindparam("called")).values(email=None, name=sa.bindparam("new"))
)  # fmt: skip


def add(world: World, name: str) -> int:
    values = {"name": name, "name_key": name, "provider_id": world.owner.provider_id, "created_at": 7}
    return world.write(
        lambda tx: PERSON.added(
            tx, {**values, "public_id": f"{len(name):024x}", "languages": ["de", "ß"], "skills": []}
        )
    )


def test_values_go_in_and_come_out_as_core_makes_them(world: World) -> None:
    key = add(world, "Ute")
    found = world.database.read(lambda tx: BY_NAME.one(tx, {"called": "Ute"}))
    (same,) = world.all(sa.select(t.person).where(t.person.c.id == key))
    assert tuple(found) == tuple(same)
    assert (found.id, found.languages, found.skills, found.email) == (key, ["de", "ß"], [], None)


def test_columns_left_out_take_their_defaults(world: World) -> None:
    add_batch = insert(
        t.batch, "public_id", "project_id", "world", "name", "name_key", "status", "created_at"
    )
    project = world.project()
    values = {"project_id": project.id, "world": "live", "name": "B", "name_key": "b", "status": "running"}
    world.write(lambda tx: add_batch.run(tx, {**values, "public_id": "0" * 24, "created_at": 1}))
    assert world.one(sa.select(t.batch.c.priority)) == 0


def test_a_list_may_have_any_length(world: World) -> None:
    for name in ("a", "bb", "ccc"):
        add(world, name)

    def among(*names: str) -> list[str]:
        return world.database.read(lambda tx: [row.name for row in AMONG.rows(tx, {"names": list(names)})])

    assert among("a", "ccc", "nobody") == ["a", "ccc"]
    assert among("bb") == ["bb"]
    assert among() == []


def test_how_many_rows_were_touched_is_told(world: World) -> None:
    add(world, "Ute")
    assert world.write(lambda tx: RENAME.run(tx, {"called": "Ute", "new": "Uta"})) == 1
    assert world.write(lambda tx: RENAME.run(tx, {"called": "Ute", "new": "Uta"})) == 0


def test_nothing_found_is_none(world: World) -> None:
    assert world.database.read(lambda tx: BY_NAME.row(tx, {"called": "nobody"})) is None
    assert world.database.read(lambda tx: BY_NAME.scalar(tx, {"called": "nobody"})) is None


def test_a_refusal_of_the_database_is_core_s_error_and_quotes_no_value(world: World) -> None:
    add(world, "Ute")
    with pytest.raises(exc.IntegrityError) as refused:
        add(world, "Ute")
    assert "Ute" not in str(refused.value).replace("(Ute)", "")
