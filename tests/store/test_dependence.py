"""What hangs on whom, as of now: who gives how much, what would be without them, and when is it worked out?"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World
from test_work_of_requests import MOST, looked_at

from steelyard.domain.ids import new_id
from steelyard.domain.times import SECOND
from steelyard.identity.policy import Principal
from steelyard.ledger.commitments import commit
from steelyard.providers import figures
from steelyard.providers.concentration import Thresholds
from steelyard.providers.dependence import dependence, overview
from steelyard.providers.dependence_child import figures_in_child
from steelyard.providers.forecast import as_they_work, replacement
from steelyard.providers.registry import find_provider
from steelyard.providers.sight import Seen, see
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.tally import count_judgments
from steelyard.work.withdraw import withdraw

Asked = dict[str, Any]


@pytest.fixture
def project(world: World) -> sa.Row:
    return world.project(answers=3)


@pytest.fixture
def crowd(world: World) -> dict[str, Principal]:
    """Ann is in-house, amy of Acme, bea of Borealis, which Holding owns; it holds a fifth of Acme."""
    world.provider("Acme", price="0.05", interests=[{"organisation": "Holding", "share": 0.2}])
    world.provider("Borealis", price="0.10", owner="Holding")
    return {
        "ann": world.person("ann"),
        "amy": world.person("amy", "acme"),
        "bea": world.person("bea", "borealis"),
    }


@pytest.fixture
def answered(world: World, project: sa.Row, crowd: dict[str, Principal]) -> list[str]:
    """Thirty tasks that all three have answered; amy is right, ann too, bea says dog."""
    keys = world.tasks(project, 30)
    for name, who in crowd.items():
        give(world, project, who, keys, "dog" if name == "bea" else "cat")
    return keys


def give(
    world: World, project: sa.Row, who: Principal, tasks: list[str], label: str = "cat", every_s: int = 0
) -> None:
    """Answers of one annotator, written at once: the last one now, each `every_s` seconds before the next."""

    def write(tx: Transaction) -> None:
        rows = tx.rows(sa.select(t.task.c.id).where(t.task.c.public_id.in_(tasks)).order_by(t.task.c.id))
        form, answers = project.form_id, {"label": label}
        salt, commitment = commit(answers)
        facts = [
            {
                "public_id": new_id(tx.now), "project_id": project.id, "task_id": row.id,
                "annotator_id": who.annotator_id, "provider_id": who.provider_id, "form_id": form,
                "commitment": commitment, "at": tx.now - (len(rows) - 1 - place) * every_s * SECOND,
            }
            for place, row in enumerate(rows)
        ]  # fmt: skip
        returning = sa.insert(t.judgment).returning(t.judgment.c.id, sort_by_parameter_order=True)
        keys = tx.execute(returning, facts).scalars().all()
        payloads = [{"judgment_id": key, "answers": answers, "salt": salt} for key in keys]
        tx.execute(sa.insert(t.judgment_payload), payloads)
        add = {"judgments": len(keys), "gold_judgments": 0, "spent": 0}
        count_judgments(tx, project.id, who.provider_id, 0, add)

    world.write(write)


def whole(world: World, mode: str = "live", **more: Any) -> Asked:
    return world.database.read(lambda tx: overview(tx, see(tx, mode, **more), Thresholds()))


def of(world: World, slug: str, seen: Seen | None = None) -> Asked:
    return world.database.read(lambda tx: dependence(tx, find_provider(tx, slug), "live", seen))


def one(group: Asked, slug: str) -> Asked:
    (found,) = [p for p in group["providers"] if p["provider"] == slug]
    return found


def run_job(world: World, project: sa.Row, folder: Path | None = None) -> figures.Figures:
    return figures.work_out_and_keep(
        world.database, project.id, lambda key: figures.figures_of(world.database, folder, key)
    )


# --- who gives how much, and what would be without them -----------------------------------------------------


def test_it_says_who_gives_how_much_and_on_whom_the_consensus_rests(
    world: World, answered: list[str]
) -> None:
    found = whole(world)
    (pets,) = found["projects"]
    assert (pets["project"], pets["judgments"], pets["behind"], pets["pending"]) == ("pets", 90, 0, False)
    assert [p["provider"] for p in pets["providers"]] == ["acme", "borealis", "in-house"]
    assert all(p["share"] == pytest.approx(1 / 3, abs=1e-6) for p in pets["providers"])
    assert pets["hhi"] == {"providers": 3333, "sources": 3333}
    weights = {p["provider"]: p["weight_share"] for p in pets["providers"]}
    assert weights == {"acme": 0.5, "in-house": 0.5, "borealis": 0.0}, "dog is nowhere the value"
    assert all(p["alone"] == 0 for p in pets["providers"])
    assert found["overall"]["providers"] == pets["providers"]


@pytest.mark.one_database
def test_it_says_what_would_be_without_each_provider(world: World, answered: list[str]) -> None:
    (pets,) = whole(world)["projects"]
    without = one(pets, "acme")["without"]
    assert (without["tasks"], without["tasks_lost"], without["below_target"]) == (30, 0, 30)
    assert without["confidence_after"] < without["confidence_before"]
    assert one(pets, "borealis")["without"]["values_changed"] == 0
    assert one(pets, "borealis")["without"]["confidence_after"] > without["confidence_before"]


@pytest.mark.one_database
def test_an_organisation_takes_all_its_providers_along(world: World, answered: list[str]) -> None:
    (pets,) = whole(world)["projects"]
    (holding,) = pets["organisations"]
    assert (holding["organisation"], holding["providers"]) == ("Holding", ["acme", "borealis"])
    assert (holding["share"], holding["attributed"]) == (
        pytest.approx(2 / 3, abs=1e-5),
        pytest.approx((1 + 0.2) / 3, abs=1e-5),
    )
    assert holding["weight_share"] == 0.5
    assert holding["without"]["tasks_lost"] == 0
    assert holding["without"]["below_target"] == 30
    assert [alert["code"] for alert in pets["alerts"]] == ["organisation_above"]
    assert pets["alerts"][0] in whole(world)["alerts"]


@pytest.mark.one_database
def test_a_new_interest_changes_what_hangs_together(world: World, answered: list[str]) -> None:
    whole(world)
    world.change("acme", interests=[])
    (pets,) = whole(world)["projects"]
    (holding,) = pets["organisations"]
    assert holding["providers"] == ["borealis"]
    assert holding["without"] == one(pets, "borealis")["without"]


def test_what_only_one_has_answered_is_lost_without_it(
    world: World, project: sa.Row, crowd: dict[str, Principal]
) -> None:
    project = world.patch(project, answers=1, max_answers=1)
    world.tasks(project, 6)
    world.answer(crowd["amy"], project, most=4)
    world.answer(crowd["ann"], project)
    (pets,) = whole(world)["projects"]
    acme = one(pets, "acme")
    assert (acme["alone"], acme["without"]["tasks_lost"], acme["replace"]["answers"]) == (4, 4, 4)
    mine = of(world, "acme")["projects"][0]
    assert (mine["tasks_answered"], mine["only_provider_tasks"], mine["consensus_tasks"]) == (4, 4, 4)


@pytest.mark.one_database
def test_over_all_projects_it_is_the_sum(
    world: World, answered: list[str], crowd: dict[str, Principal]
) -> None:
    other = world.project("Others", answers=1)
    give(world, other, crowd["amy"], world.tasks(other, 10))
    found = whole(world)
    assert found["overall"]["judgments"] == 100
    acme = one(found["overall"], "acme")
    assert (acme["share"], acme["alone"]) == (0.4, 10)
    assert (acme["without"]["tasks"], acme["without"]["tasks_lost"]) == (40, 10)
    assert acme["weight_share"] == pytest.approx((15 + 10) / 40)
    borealis = one(found["overall"], "borealis")
    assert borealis["without"]["tasks"] == 40, "the other project stays as it is"
    assert of(world, "acme")["without"] == acme["without"]
    assert of(world, "acme")["share"] == 0.4


def test_worlds_are_apart(world: World, answered: list[str]) -> None:
    found = whole(world, "test")
    assert (found["projects"], found["overall"]["judgments"]) == ([], 0)
    assert found["overall"]["hhi"] == {"providers": 0, "sources": 0}


@pytest.mark.one_database
def test_a_project_without_answers_says_so(world: World, project: sa.Row) -> None:
    (pets,) = whole(world)["projects"]
    assert (pets["judgments"], pets["providers"], pets["pending"], pets["behind"]) == (0, [], False, 0)
    assert of(world, "in-house")["projects"] == []


# --- when it is worked out ----------------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Projects count as large from six judgments on."""
    monkeypatch.setattr(figures, "SMALL", 5)


def test_a_large_project_is_pending_until_the_job_has_run(
    world: World, project: sa.Row, answered: list[str], large: None, tmp_path: Path
) -> None:
    seen = world.database.read(lambda tx: see(tx, "live"))
    assert (seen.fresh, seen.order) == ({}, [project.id])
    (pets,) = whole(world)["projects"]
    assert (pets["pending"], pets["as_of"], pets["behind"]) == (True, None, 90)
    assert one(pets, "acme")["without"] is None
    assert one(pets, "acme")["share"] == pytest.approx(1 / 3, abs=1e-6), "what is cheap is there at once"
    mine = of(world, "acme")
    assert (mine["replace"], mine["projects"][0]["tasks_answered"]) == (None, None)
    assert mine["replacement_cost"] == "1.50", "thirty answers, by those who are left, at 0 and 0.10"
    world.write(lambda tx: figures.order(tx, seen.order))
    world.write(lambda tx: figures.order(tx, seen.order))
    assert [row.kind for row in world.all(sa.select(t.job))] == [figures.JOB]
    assert world.database.read(lambda tx: see(tx, "live")).order == [], "it is on its way"
    run_job(world, project, tmp_path)
    (pets,) = whole(world)["projects"]
    assert (pets["pending"], pets["behind"]) == (False, 0)
    assert one(pets, "acme")["without"]["below_target"] == 30


@pytest.mark.one_database
def test_what_comes_in_after_the_job_is_told_as_behind(
    world: World, project: sa.Row, answered: list[str], crowd: dict[str, Principal], large: None, clock: Clock
) -> None:
    run_job(world, project)
    give(world, project, crowd["amy"], world.tasks(project, 4))
    seen = world.database.read(lambda tx: see(tx, "live"))
    assert (seen.sights[0].behind, seen.order) == (4, []), "a run has just ended"
    clock.advance(61)
    assert world.database.read(lambda tx: see(tx, "live")).order == [project.id]
    assert world.database.read(figures.due) == [project.id]
    run_job(world, project)
    assert world.database.read(lambda tx: see(tx, "live")).sights[0].behind == 0
    assert world.database.read(figures.due) == []


@pytest.mark.one_database
def test_a_little_more_waits_ten_minutes_for_its_job(
    world: World, project: sa.Row, answered: list[str], crowd: dict[str, Principal], large: None, clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(figures, "GROWTH", 0.5)
    run_job(world, project)
    give(world, project, crowd["amy"], world.tasks(project, 1))
    clock.advance(300)
    assert world.database.read(figures.due) == []
    clock.advance(300)
    assert figures.order_due(world.database) == 1


@pytest.mark.one_database
def test_a_job_that_takes_long_runs_rarely(
    world: World, project: sa.Row, answered: list[str], crowd: dict[str, Principal], large: None, clock: Clock
) -> None:
    found = run_job(world, project)
    slow = figures.Figures(**{**found.to_json(), "took_ms": 60_000})
    world.write(lambda tx: figures.keep(tx, project.id, slow))
    give(world, project, crowd["amy"], world.tasks(project, 4))
    clock.advance(600)
    assert world.database.read(figures.due) == []
    clock.advance(600)
    assert world.database.read(figures.due) == [project.id]


@pytest.mark.one_database
def test_a_small_project_is_worked_out_when_it_is_asked_for_and_kept(
    world: World, project: sa.Row, answered: list[str]
) -> None:
    seen = world.database.read(lambda tx: see(tx, "live"))
    assert (list(seen.fresh), seen.order) == ([project.id], [])
    assert world.database.read(figures.due) == []
    world.write(lambda tx: figures.keep(tx, project.id, seen.fresh[project.id]))
    assert world.database.read(lambda tx: see(tx, "live")).fresh == {}


def test_older_figures_never_take_the_place_of_newer_ones(
    world: World, project: sa.Row, answered: list[str]
) -> None:
    new = run_job(world, project)
    old = figures.Figures(**{**new.to_json(), "at": new.at - 1, "state": "old"})
    world.write(lambda tx: figures.keep(tx, project.id, old))
    known = world.database.read(lambda tx: figures.kept(tx, project.id))
    assert known is not None
    assert known.state == new.state


@pytest.mark.one_database
def test_a_write_waits_for_no_inference(world: World, answered: list[str]) -> None:
    """An exit is planned within the write that begins it, and others wait for that."""
    found = world.write(lambda tx: dependence(tx, find_provider(tx, "acme"), "live"))
    assert (found["judgments"], found["without"]) == (30, None)
    assert found["projects"][0]["pending"]


@pytest.mark.one_database
def test_everything_that_the_figures_are_made_of_changes_the_state(
    world: World, project: sa.Row, answered: list[str], crowd: dict[str, Principal]
) -> None:
    def state() -> str:
        return world.database.read(lambda tx: figures.state_of(tx, project.id)).name

    names = [state()]
    give(world, project, crowd["amy"], world.tasks(project, 1))
    names.append(state())
    mine = sa.select(t.judgment).where(t.judgment.c.provider_id == crowd["bea"].provider_id).limit(1)
    world.write(lambda tx: withdraw(tx, tx.rows(mine), "test", "test", None))
    names.append(state())
    world.patch(project, target_confidence=0.8)
    names.append(state())
    world.patch(project, derivatives="keep")
    names.append(state())
    world.change("acme", interests=[])
    names.append(state())
    assert len(set(names)) == len(names)
    world.change("acme", price="0.07")
    assert state() == names[-1], "prices are of the moment"


def test_a_child_process_finds_the_same(
    world: World, project: sa.Row, answered: list[str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    here = world.database.read(lambda tx: figures.figures_here(tx, project.id))
    folder, url = _place(world.database, request, tmp_path)
    said: list[str] = []
    there = figures_in_child(folder, url, project.id, said.append)
    speed = {"speed": None}
    assert (there.state, there.judgments) == (here.state, 90)
    assert there.found | speed == here.found | speed
    assert any("without each of 4" in text for text in said)
    assert (folder / "columns").is_dir()


@pytest.mark.one_database
def test_a_command_brings_all_of_a_world_up_to_date(
    world: World, project: sa.Row, answered: list[str], large: None
) -> None:
    world.project("Empty")
    said: list[str] = []

    def bring() -> int:
        return figures.bring_up_to_date(
            world.database, "live", lambda key: figures.figures_of(world.database, None, key), say=said.append
        )

    assert (bring(), bring()) == (1, 0)
    assert said == ["Pets: what would be without each provider"]


# --- what replacing takes -----------------------------------------------------------------------------------


def test_replacing_costs_what_the_others_take_today(
    world: World, project: sa.Row, answered: list[str]
) -> None:
    replace = one(whole(world)["projects"][0], "acme")["replace"]
    assert (replace["answers"], replace["stranded"]) == (30, 0)
    assert replace["cost"] == {"value": "1.50", "low": "0.00", "high": "3.00"}
    world.change("borealis", price="0.30")
    assert one(whole(world)["projects"][0], "acme")["replace"]["cost"]["value"] == "4.50"
    world.change("borealis", status="suspended")
    assert one(whole(world)["projects"][0], "acme")["replace"]["cost"]["high"] == "0.00", "in-house alone may"


@pytest.mark.one_database
def test_where_nobody_else_may_do_the_work_it_is_stranded(
    world: World, project: sa.Row, crowd: dict[str, Principal]
) -> None:
    project = world.patch(project, answers=1, max_answers=1, providers=["acme"])
    give(world, project, crowd["amy"], world.tasks(project, 3))
    replace = one(whole(world)["projects"][0], "acme")["replace"]
    assert (replace["answers"], replace["stranded"], replace["days"]) == (3, 3, None)
    assert replace["because"] == "nobody else may do this work"


@pytest.mark.one_database
def test_without_recent_answers_no_date_is_given(
    world: World, project: sa.Row, crowd: dict[str, Principal]
) -> None:
    keys = world.tasks(project, 8)
    for who in crowd.values():
        give(world, project, who, keys)
    replace = one(whole(world)["projects"][0], "acme")["replace"]
    assert (replace["days"], replace["date"], replace["per_day"]) == (None, None, None)
    assert replace["because"] == "fewer than 20 answers in the last four weeks to go by: Borealis, in-house"


@pytest.fixture
def steady(world: World, project: sa.Row, crowd: dict[str, Principal], clock: Clock) -> None:
    """Ann answers every hour and bea every two hours, for four days; amy answers as often as ann."""
    project = world.patch(project, answers=1, max_answers=1)
    clock.advance(96 * 3600)
    keys = world.tasks(project, 300)
    for name, some, every_s in (
        ("ann", keys[:96], 3600),
        ("amy", keys[96:192], 3600),
        ("bea", keys[192:240], 7200),
    ):
        give(world, project, crowd[name], some, every_s=every_s)


def test_replacing_takes_as_long_as_the_others_need_at_their_speed(
    world: World, project: sa.Row, steady: None
) -> None:
    replace = one(whole(world)["projects"][0], "acme")["replace"]
    assert replace["answers"] == 96
    assert replace["per_day"] == pytest.approx(36, rel=0.05)
    days = replace["days"]
    assert days["value"] == pytest.approx(96 / 36, rel=0.1)
    assert days["low"] < days["value"] < days["high"] < 2 * days["value"]
    assert replace["date"] is not None
    assert replace["because"] is None
    assert Decimal(replace["cost"]["value"]) == pytest.approx(Decimal("3.2"), abs=Decimal("0.1"))


@pytest.mark.one_database
def test_mixes_can_be_compared(
    world: World, project: sa.Row, crowd: dict[str, Principal], steady: None
) -> None:
    ann, bea = crowd["ann"].provider_id, crowd["bea"].provider_id

    def with_mix(*mix: tuple[int, float]) -> Asked:
        return world.database.read(lambda tx: replacement(tx, {project.id: 96}, mix))

    alone = with_mix((bea, 1.0))
    assert alone["cost"] == {"value": "9.60", "low": "9.60", "high": "9.60"}
    assert alone["days"]["value"] == pytest.approx(8, rel=0.1)
    shared = with_mix((ann, 2.0), (bea, 1.0))
    assert shared["cost"]["value"] == "3.20", "parts are taken as proportions"
    assert shared["days"]["value"] < alone["days"]["value"] / 2
    lopsided = with_mix((ann, 1.0), (bea, 1.0))
    assert lopsided["days"]["value"] == pytest.approx(4, rel=0.1), "done when the slower one is"


@pytest.mark.one_database
def test_who_may_not_do_the_work_leaves_its_part_to_the_others(
    world: World, project: sa.Row, crowd: dict[str, Principal], steady: None
) -> None:
    world.change("borealis", status="suspended")
    ann, bea = crowd["ann"].provider_id, crowd["bea"].provider_id

    def look(tx: Any) -> tuple[Asked, list[tuple[int, float]]]:
        return replacement(tx, {project.id: 10}, [(ann, 0.5), (bea, 0.5)]), as_they_work(tx, project.id, (1,))

    mixed, now = world.database.read(look)
    assert (mixed["cost"]["value"], mixed["stranded"]) == ("0.00", 0)
    assert [p for p, _ in now] == [crowd["amy"].provider_id]
    none = world.database.read(lambda tx: replacement(tx, {project.id: 10}, [(bea, 1.0)]))
    assert (none["stranded"], none["because"]) == (10, "none of these may do this work")


@pytest.mark.one_database
def test_more_answers_than_wanted_count_in_the_high_cost_alone(
    world: World, project: sa.Row, crowd: dict[str, Principal], steady: None
) -> None:
    bea = crowd["bea"].provider_id
    found = world.database.read(
        lambda tx: replacement(tx, {project.id: 10}, [(bea, 1.0)], extra={project.id: 5})
    )
    assert found["answers"] == 10
    assert found["cost"] == {"value": "1.00", "low": "1.00", "high": "1.50"}


@pytest.mark.one_database
def test_a_large_projects_speed_comes_from_the_figures(
    world: World, project: sa.Row, crowd: dict[str, Principal], steady: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = one(whole(world)["projects"][0], "acme")["replace"]
    monkeypatch.setattr("steelyard.providers.forecast.AT_ONCE", 50)
    run_job(world, project)
    kept = one(whole(world)["projects"][0], "acme")["replace"]
    assert kept["days"]["value"] == pytest.approx(live["days"]["value"], rel=0.05)
    bea = [(crowd["bea"].provider_id, 1.0)]
    assert world.database.read(lambda tx: replacement(tx, {project.id: 12}, bea))["per_day"] == pytest.approx(
        12, rel=0.1
    )
    world.write(lambda tx: tx.execute(sa.delete(t.dependence)))
    latest = world.database.read(lambda tx: replacement(tx, {project.id: 12}, bea))
    assert latest["per_day"] == pytest.approx(12, rel=0.1), "of its latest answers, until there are figures"


@pytest.mark.one_database
def test_silence_since_the_figures_is_slowness_and_what_came_in_is_seen(
    world: World, project: sa.Row, crowd: dict[str, Principal], steady: None, clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def per_day() -> float:
        found = world.database.read(
            lambda tx: replacement(tx, {project.id: 10}, [(crowd["ann"].provider_id, 1.0)])
        )
        return found["per_day"]

    monkeypatch.setattr("steelyard.providers.forecast.AT_ONCE", 150)
    run_job(world, project)
    assert per_day() == pytest.approx(24, rel=0.1)
    clock.advance(96 * 3600)
    assert per_day() == pytest.approx(12, rel=0.1), "half of the time nobody has answered"
    give(world, project, crowd["ann"], world.tasks(project, 96), every_s=3600)
    assert per_day() == pytest.approx(24, rel=0.1), "the figures are of long ago"


@pytest.mark.one_database
def test_what_is_known_of_a_project_is_worked_out_again_by_a_job(
    world: World, project: sa.Row, answered: list[str], crowd: dict[str, Principal], clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(figures, "AGAIN", 50)
    first = world.database.read(lambda tx: see(tx, "live"))
    assert list(first.fresh) == [project.id], "nothing is known of it yet"
    world.write(lambda tx: figures.keep(tx, project.id, first.fresh[project.id]))
    give(world, project, crowd["amy"], world.tasks(project, 4))
    clock.advance(61)
    seen = world.database.read(lambda tx: see(tx, "live"))
    assert (seen.fresh, seen.order, seen.sights[0].behind) == ({}, [project.id], 4)


def test_what_hangs_on_a_provider_is_told_without_looking_through_answers(
    world: World, project: sa.Row, crowd: dict[str, Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.providers.forecast.AT_ONCE", 20)
    for name in ("ann", "amy"):
        give(world, project, crowd[name], world.tasks(project, 300), every_s=30)
    answers = world.all(sa.select(t.judgment).where(t.judgment.c.id % 3 == 0))
    world.write(lambda tx: withdraw(tx, answers, "wrong", "wrong", None))
    run_job(world, project)

    def ask(tx: Transaction) -> Asked:
        seen = see(tx, "live")
        assert seen.sights[0].behind == 0
        return dependence(tx, find_provider(tx, "acme"), "live", seen)

    assert looked_at(world, ask) < MOST[world.database.dialect]


def test_a_large_projects_short_history_is_kept_in_finer_bins(
    world: World, project: sa.Row, crowd: dict[str, Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = world.patch(project, answers=1, max_answers=1)
    keys = world.tasks(project, 130)
    for name, some in (("ann", keys[:60]), ("amy", keys[60:120])):
        give(world, project, crowd[name], some, every_s=60)
    live = one(whole(world)["projects"][0], "acme")["replace"]
    monkeypatch.setattr("steelyard.providers.forecast.AT_ONCE", 50)
    run_job(world, project)
    kept = one(whole(world)["projects"][0], "acme")["replace"]
    assert live["days"]["value"] * 1440 == pytest.approx(60, rel=0.1)
    assert kept["days"]["value"] == pytest.approx(live["days"]["value"], rel=0.05)


def _place(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str | None]:
    if database.dialect == "sqlite":
        return database.path.parent, None  # type: ignore[attr-defined]
    return tmp_path, request.getfixturevalue("postgres_url")
