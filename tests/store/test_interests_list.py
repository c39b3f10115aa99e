"""Does a list of stakes come in whole or not at all, and twice as once?"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Invalid
from steelyard.providers.organisations import create_organisation, describe, update_organisation
from steelyard.providers.stake_list import Imported, import_stakes
from steelyard.providers.stake_rows import MOST_ROWS, check_rows, read_csv
from steelyard.store import tables as t
from steelyard.work.effect import Effect
from steelyard.work.organisations import named

LEI, OTHER_LEI = "5493001KJTIIGC8Y1R12", "HWUPKR0MPOU8FGXBT394"
CSV = f"""\
Holder,held,SHARE,since,alias,lei,country
Rival Labs,Holding A,50%,2031-01-01,Rival Laboratories,{LEI},de
"Holding A",Holding B,49 %,,,,

Holding B,acme-labels,1,,,,
rival laboratories,ACME Labels,0.005,,,,DE
"""


def bring_in(world: World, rows: Any) -> tuple[Imported, Effect]:
    listed = read_csv(rows.encode()) if isinstance(rows, str) else rows
    return world.write(lambda tx: import_stakes(tx, world.owner, *check_rows(listed)))


def counts(imported: Imported) -> tuple[int, int, int, int]:
    told = imported.to_json()
    return told["new"], told["same"], told["changed"], told["wrong"]


def wrong(imported: Imported) -> list[tuple[int, str, str]]:
    return [(p.row, p.pointer, p.code) for p in imported.problems]


def shown(world: World, name: str) -> dict[str, Any]:
    return world.database.read(lambda tx: describe(tx, [named(tx, name)])[0])  # type: ignore[list-item]


@pytest.fixture
def lab(world: World) -> World:
    world.provider("Acme Labels")
    project = world.project(conflicts=["Rival Labs"])
    world.tasks(project, 4)
    (who,) = world.people(1, "acme-labels")
    world.take(who, project, 3)
    return world


def test_a_csv_of_stakes_is_recorded_and_stops_what_it_reaches(lab: World) -> None:
    imported, effect = bring_in(lab, CSV)
    assert counts(imported) == (4, 0, 0, 0)
    assert effect.made == ("Holding A", "Holding B")
    [stop] = effect.stopped
    assert (stop.at.provider, stop.held, effect.recalled.count) == ("acme-labels", 3, 3)
    found = shown(lab, "Rival Laboratories")
    assert (found["name"], found["aliases"], found["lei"], found["country"]) == (
        "Rival Labs", ["Rival Laboratories"], LEI, "DE"
    )  # fmt: skip
    assert found["holds"] == [
        {"organisation": "Holding A", "share": 0.5, "since": "2031-01-01"},
        {"provider": "acme-labels", "share": 0.005, "since": None},
    ]
    assert found["reaches"] == [{"provider": "acme-labels", "share": 0.25}]
    assert {row.recorded_by for row in lab.all(sa.select(t.interest))} == {lab.owner.person_id}


def test_the_same_list_again_changes_nothing(lab: World) -> None:
    bring_in(lab, CSV)
    facts = lab.all(sa.select(t.interest).order_by(t.interest.c.id))
    imported, effect = bring_in(lab, CSV)
    assert (counts(imported), effect) == ((0, 4, 0, 0), Effect())
    assert lab.all(sa.select(t.interest).order_by(t.interest.c.id)) == facts


def test_what_the_list_says_otherwise_is_changed_and_what_it_does_not_name_stays(lab: World) -> None:
    bring_in(lab, CSV)
    rows = [
        {"holder": "Rival Labs", "held": "Holding A", "share": 0.4},
        {"holder": "Holding A", "held": "Holding B", "share": 0.49, "country": "FR"},
        {"holder": "Holding A", "held": "Holding B", "share": "49%", "alias": "HA"},
    ]
    imported, _ = bring_in(lab, rows)
    assert counts(imported) == (0, 0, 3, 0)
    assert shown(lab, "Rival Labs")["holds"][0] == {
        "organisation": "Holding A", "share": 0.4, "since": "2031-01-01"
    }  # fmt: skip
    assert (shown(lab, "ha")["name"], shown(lab, "ha")["country"]) == ("Holding A", "FR")
    assert len(shown(lab, "Holding B")["holds"]) == 1
    assert lab.count(t.interest, t.interest.c.ended_at.is_not(None)) == 1


def test_one_wrong_row_keeps_all_out(lab: World) -> None:
    before = lab.count(t.organisation), lab.count(t.organisation_name)
    rows: list[Any] = [
        {"holder": "New One", "held": "acme-labels", "share": 0.3},
        {"holder": "New One", "held": "acme-labels", "share": 1.5},
        {"holder": "", "held": "x", "share": "a lot"},
        {"holder": "X", "share": 1, "shares": 2},
        "row",
        {"holder": "X", "held": "Y", "share": "0%", "since": "soon", "lei": LEI[::-1], "country": "Oz"},
    ]
    imported, effect = bring_in(lab, rows)
    assert counts(imported) == (1, 0, 0, 5)
    assert effect == Effect()
    assert wrong(imported) == [
        (1, "/share", "range"),
        (2, "/holder", "name"), (2, "/share", "range"),
        (3, "/held", "missing"), (3, "/shares", "unknown"),
        (4, "", "type"),
        (5, "/country", "country"), (5, "/lei", "lei"), (5, "/share", "range"), (5, "/since", "time"),
    ]  # fmt: skip
    assert (lab.count(t.organisation), lab.count(t.organisation_name)) == before
    assert lab.count(t.interest) == 0


def test_a_row_that_contradicts_the_record_or_an_earlier_row_is_wrong(lab: World) -> None:
    def make(name: str, **more: Any) -> str:
        return lab.write(lambda tx: create_organisation(tx, lab.owner, {"name": name, **more})[0].public_id)

    make("Known", lei=LEI, aliases=["K"])
    make("Acme Labels")
    twin = make("Twin")
    other = make("Other")
    lab.write(lambda tx: update_organisation(tx, lab.owner, twin, {"same_as": other}))
    rows = [
        {"holder": "Known", "held": "provider:acme-labels", "share": 0.3, "lei": OTHER_LEI},
        {"holder": "Other", "held": "provider:acme-labels", "share": 0.3, "lei": LEI},
        {"holder": "Other", "held": "provider:acme-labels", "share": 0.3, "alias": "k"},
        {"holder": "Known", "held": "k", "share": 0.3},
        {"holder": "Twin", "held": "other", "share": 0.3},
        {"holder": "Known", "held": "acme labels", "share": 0.3},
        {"holder": "Known", "held": "provider:nobody", "share": 0.3},
        {"holder": "Known", "held": "Fresh", "share": 0.3},
        {"holder": "K", "held": "fresh", "share": 0.4},
        {"holder": "K", "held": " FRESH ", "share": 0.3},
        {"holder": "Fresh", "held": "organisation:Acme Labels", "share": 1, "country": "DE"},
        {"holder": "Fresh", "held": "provider:acme-labels", "share": 1, "country": "FR"},
    ]
    imported, _ = bring_in(lab, rows)
    assert wrong(imported) == [
        (0, "/lei", "contradicts"),
        (1, "/lei", "lei_taken"),
        (2, "/alias", "name_taken"),
        (3, "/held", "itself"),
        (4, "/held", "itself"),
        (5, "/held", "ambiguous"),
        (6, "/held", "unknown"),
        (8, "/share", "contradicts"),
        (11, "/country", "contradicts"),
    ]
    assert counts(imported) == (2, 1, 0, 9)


def test_an_identifier_finds_the_organisation_under_another_name(lab: World) -> None:
    bring_in(lab, CSV)
    rows = [{"holder": "RL Holdings plc", "held": "acme-labels", "share": 0.01, "lei": LEI}]
    imported, effect = bring_in(lab, rows)
    assert (counts(imported), effect.made) == ((0, 0, 1, 0), ())
    assert shown(lab, "rl holdings PLC")["name"] == "Rival Labs"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "header"),
        (b"holder,share\nx,1\n", "header"),
        (b"holder,held,share,colour\n", "header"),
        (b"holder,held,share,share\n", "header"),
        (b"\xff\xfe,x", "csv"),
        (b'holder,held,share\n"x,y,1\n', "csv"),
    ],
)
def test_a_file_that_is_no_list_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_csv(data)
    assert refused.value.problems[0].code == code


def test_a_row_with_too_many_cells_and_one_with_too_few_are_told() -> None:
    _, problems = check_rows(read_csv(b"\xef\xbb\xbfholder,held,share\r\na,b,1,more\r\na,b\r\n"))
    assert [(p.row, p.pointer, p.code) for p in problems] == [(0, "/", "unknown"), (1, "/share", "missing")]


def test_a_list_has_an_end() -> None:
    for rows in ({}, None, [{}] * (MOST_ROWS + 1)):
        with pytest.raises(Invalid):
            check_rows(rows)
