"""Is anything shown to, or taken from, a provider after the moment in which it was stopped?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.eligibility import WHOLE
from steelyard.domain.errors import Conflict, Forbidden
from steelyard.providers.interests import Stake, set_installation_conflicts, set_interests
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.organisations import organisation_named
from steelyard.work.projects import update_project
from steelyard.work.recall import JOB, held_by, recall
from steelyard.work.submit import Refused

Change = Callable[[World, sa.Row], object]


def conflict_of_installation(world: World, project: sa.Row) -> object:
    return world.write(lambda tx: set_installation_conflicts(tx, world.owner, ["Rival"]))


CHANGES: dict[str, Change] = {
    "a stake": lambda w, p: w.change("acme", interests=[{"organisation": "Foe", "share": 0.01}]),
    "an owner": lambda w, p: w.change("acme", owner="foe"),
    "suspended": lambda w, p: w.change("acme", status="suspended"),
    "on trial": lambda w, p: w.change("acme", status="trial"),
    "clearance": lambda w, p: w.change("acme", clearance="public"),
    "sensitivity": lambda w, p: w.patch(p, sensitivity="restricted"),
    "a conflict of the project": lambda w, p: w.patch(p, conflicts=["Foe", "Rival"]),
    "a conflict of the installation": conflict_of_installation,
    "no longer allowed": lambda w, p: w.patch(p, providers=["in-house"]),
}


@pytest.fixture
def project(world: World) -> sa.Row:
    world.provider("Acme", interests=[{"organisation": "Rival", "share": 0.3}])
    return world.project(conflicts=["Foe"])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_stops_and_recalls_in_its_own_transaction(
    world: World, project: sa.Row, change: Change
) -> None:
    tasks = world.tasks(project, 5)
    (who,) = world.people(1, "acme")
    held = world.take(who, project, 3)
    acme = world.provider_row("acme")
    assert world.held(acme) == 3
    change(world, project)
    assert world.held(acme) == 0, "what was held is back in the queue"
    assert world.claim(who, project).code in ("stopped", "nothing")
    with pytest.raises(Refused) as refused:
        world.submit(who, held[0])
    assert refused.value.code == "provider_stopped"
    (mine,) = world.people(1)
    assert [h.task for h in world.take(mine, project, 9)] == tasks, "and is handed to others"


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_that_is_rolled_back_stops_nobody(world: World, project: sa.Row, change: Change) -> None:
    world.tasks(project, 2)
    (who,) = world.people(1, "acme")
    world.take(who, project)

    class Undone(Exception):
        pass

    def write(fn: Callable[[Transaction], object]) -> None:
        def then_undo(tx: Transaction) -> None:
            fn(tx)
            raise Undone

        world.database.write(then_undo)

    world.write = write  # type: ignore[method-assign, assignment]
    with pytest.raises(Undone):
        change(world, project)
    del world.write
    assert len(world.take(who, project)) == 1
    assert world.held(world.provider_row("acme")) == 2


def test_the_change_says_what_stopped_and_how_many_were_recalled(world: World, project: sa.Row) -> None:
    other = world.project("Birds")
    world.tasks(project, 4)
    world.tasks(other, 4)
    first, second = world.people(2, "acme")
    world.take(first, project, 2)
    world.take(second, project, 1)
    world.take(second, other, 3)
    changed = world.change("acme", interests=[{"organisation": "Foe", "share": 0.5}])
    assert [s.project for s in changed.stopped] == ["pets"]
    assert changed.stopped[0].because == "Foe, named in the conflicts, holds 50 % of Acme"
    acme = world.provider_row("acme")
    assert changed.recalled.count == changed.recalled.of(acme.id) == 3
    assert world.held(acme) == 3, "the other project goes on"
    assert len(world.take(first, other)) == 1


def test_a_stake_in_the_owners_owner_stops_too(world: World, project: sa.Row) -> None:
    world.tasks(project, 2)
    (who,) = world.people(1, "acme")
    world.take(who, project)

    def record(tx: Transaction) -> int:
        """Holding has a part of Rival, which has a part of Acme; Foe has a part of Holding."""
        tx.hold_showing()
        at = {name: organisation_named(tx, name) for name in ("Rival", "Holding", "Foe")}
        for holder, organisation in (("Holding", "Rival"), ("Foe", "Holding")):
            tx.execute(
                sa.insert(t.interest).values(
                    holder_id=at[holder],
                    organisation_id=at[organisation],
                    share=WHOLE // 10,
                    recorded_at=tx.now,
                )
            )
        standing.changed(tx)
        return recall(tx).count

    assert world.write(record) == 1
    claimed = world.claim(who, project)
    assert (claimed.held, claimed.code) == ([], "stopped")
    world.patch(project, stake=0.0031)
    assert world.take(who, project), "0.3 * 0.1 * 0.1 is below the stake"


def test_an_alias_of_an_organisation_is_the_organisation(world: World, project: sa.Row) -> None:
    world.tasks(project, 1)
    (who,) = world.people(1, "acme")

    def alias(tx: Transaction) -> None:
        key = organisation_named(tx, "Foe")
        values = {"name_key": "foe industries", "organisation_id": key, "name": "Foe Industries"}
        tx.execute(sa.insert(t.organisation_name).values(**values))

    world.write(alias)
    changed = world.change("acme", interests=[{"organisation": " FOE  Industries", "share": 1}])
    assert [s.project for s in changed.stopped] == ["pets"]
    assert world.claim(who, project).code == "stopped"
    assert world.count(t.organisation) == 2, "none was made anew"


def test_a_stake_below_the_projects_threshold_does_not_stop(world: World) -> None:
    world.provider("Acme")
    project = world.project(conflicts=["Foe"], stake=0.25)
    world.tasks(project, 3)
    (who,) = world.people(1, "acme")
    world.change("acme", interests=[{"organisation": "Foe", "share": 0.2499}])
    assert world.take(who, project)
    world.change("acme", interests=[{"organisation": "Foe", "share": 0.25}])
    assert world.claim(who, project).code == "stopped"


def test_a_stake_that_begins_in_the_future_counts_from_now(world: World, project: sa.Row) -> None:
    stake = {"organisation": "Foe", "share": 0.5, "since": "2999-01-01"}
    assert [s.project for s in world.change("acme", interests=[stake]).stopped] == ["pets"]


def test_ending_the_stake_lets_the_provider_work_again(world: World, project: sa.Row) -> None:
    world.tasks(project, 2)
    (who,) = world.people(1, "acme")
    world.change("acme", interests=[{"organisation": "Foe", "share": 0.5}])
    assert world.claim(who, project).code == "stopped"
    world.change("acme", interests=[])
    assert world.take(who, project)
    history = world.all(sa.select(t.interest.c.ended_at))
    assert len(history) == 2
    assert all(row.ended_at is not None for row in history), "and history stays"


def test_an_interest_that_stays_as_it_is_keeps_its_record(world: World, project: sa.Row) -> None:
    before = world.all(sa.select(t.interest))
    world.change("acme", interests=[{"organisation": "rival", "share": 0.3}])
    assert world.all(sa.select(t.interest)) == before


def test_gold_that_a_stopped_provider_holds_is_cancelled(world: World, project: sa.Row) -> None:
    world.change("acme", status="trial")
    world.gold(project, 3)
    (who,) = world.people(1, "acme")
    assert len(world.take(who, project, 2)) == 2
    assert world.change("acme", status="suspended").recalled.count == 2
    assert world.count(t.assignment, t.assignment.c.state == 3) == 2


def test_going_on_trial_keeps_the_gold_and_recalls_the_work(world: World) -> None:
    world.provider("Acme")
    project = world.project(gold_rate=0.5)
    world.gold(project, 20)
    world.tasks(project, 20)
    (who,) = world.people(1, "acme")
    world.take(who, project, 20)
    gold = world.count(t.assignment, t.assignment.c.lane_id.is_(None))
    changed = world.change("acme", status="trial")
    assert 0 < gold < 20
    assert changed.recalled.count == 20 - gold
    assert world.held(world.provider_row("acme")) == gold


def test_more_than_can_be_recalled_at_once_is_left_to_a_job(world: World, project: sa.Row) -> None:
    world.tasks(project, 12)
    (who,) = world.people(1, "acme")
    held = world.take(who, project, 10)
    acme = world.provider_row("acme")

    def stop(tx: Transaction) -> tuple[int, bool]:
        tx.hold_showing()
        set_interests(tx, acme.id, [Stake("Foe", WHOLE)], None)
        standing.changed(tx)
        recalled = recall(tx, at_once=4)
        return recalled.count, recalled.more

    assert world.write(stop) == (4, True)
    assert [r.kind for r in world.all(sa.select(t.job.c.kind))] == [JOB]
    assert world.write(lambda tx: held_by(tx, acme.id)) == 6
    for one in held:
        with pytest.raises(Refused, match="stopped"):
            world.submit(who, one)
    assert world.count(t.judgment) == 0
    rest = [world.write(lambda tx: recall(tx, at_once=4)) for _ in range(3)]
    assert [(r.count, r.more) for r in rest] == [(4, True), (2, False), (0, False)]


def test_only_an_owner_records_an_interest_and_a_manager_may_put_on_trial(
    world: World, project: sa.Row
) -> None:
    from steelyard.providers.registry import update_provider

    manager = world.person("mia", role="manager")
    with pytest.raises(Forbidden):
        world.write(lambda tx: update_provider(tx, manager, "acme", {"interests": []}))
    with pytest.raises(Forbidden):
        world.write(lambda tx: update_provider(tx, manager, "acme", {"price": "0"}))
    world.write(lambda tx: update_provider(tx, manager, "acme", {"status": "trial"}))
    world.write(lambda tx: update_provider(tx, manager, "acme", {"status": "active"}))


def test_in_house_cannot_be_left(world: World) -> None:
    from steelyard.domain.errors import Invalid

    with pytest.raises(Invalid):
        world.change("in-house", status="exited")


def test_a_new_project_reads_the_conflicts_of_the_installation(world: World) -> None:
    world.provider("Acme", owner="Rival")
    conflict_of_installation(world, None)  # type: ignore[arg-type]
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1, "acme")
    assert world.claim(who, project).code == "stopped"


# --- while everybody works ---------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["stake", "conflict"])
def test_nothing_is_shown_or_taken_after_the_stop(world: World, change: str) -> None:
    """Threads claim and submit; what the stopping write leaves behind when it returns never changes again."""
    world.provider("Acme", interests=[{"organisation": "Rival", "share": 0.3}])
    project = world.project(answers=2, conflicts=["Foe"])
    world.tasks(project, 60)
    acme = world.provider_row("acme")
    people = world.people(4, "acme")
    over = threading.Event()
    codes: set[str] = set()

    def work(who) -> None:
        while not over.is_set():
            claimed = world.claim(who, project, 3)
            if claimed.code == "stopped":
                codes.add("stopped")
                time.sleep(0.02)
            for held in claimed.held:
                try:
                    world.submit(who, held)
                except Refused as refused:
                    codes.add(refused.code)

    def seen() -> tuple[int, int]:
        return (
            world.count(t.exposure, t.exposure.c.provider_id == acme.id),
            world.count(t.judgment, t.judgment.c.provider_id == acme.id),
        )

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(work, who) for who in people]
        try:
            while seen()[1] < 10:
                time.sleep(0.01)
            if change == "stake":
                world.change("acme", interests=[{"organisation": "Foe", "share": 0.01}])
            else:
                world.write(
                    lambda tx: update_project(
                        tx, world.owner, project.slug, {"policy": {"conflicts": ["Rival"]}}
                    )
                )
            at_the_stop = seen()
            assert world.held(acme) == 0
            time.sleep(0.3)
            assert seen() == at_the_stop
        finally:
            over.set()
    for done in running:
        done.result()
    assert codes <= {"provider_stopped", "stopped"}
    assert "stopped" in codes
    assert world.held(acme) == 0
    assert seen() == at_the_stop
    for who in world.people(2):
        world.answer(who, project)
    assert world.count(t.task, t.task.c.status == "settled") == 60, "the work goes on elsewhere"


def test_the_number_recalled_is_what_was_held(world: World, project: sa.Row) -> None:
    """Counted under the same lock, in the very transaction of the stop."""
    from steelyard.providers.registry import update_provider

    world.tasks(project, 300)
    people = world.people(3, "acme")
    acme = world.provider_row("acme")
    over = threading.Event()

    def work(who) -> None:
        while not over.is_set():
            for held in world.take(who, project, 5)[:3]:
                try:
                    world.submit(who, held)
                except Conflict:
                    return
            time.sleep(0.002)

    def stop(tx: Transaction) -> tuple[int, int]:
        tx.hold_showing()
        before = held_by(tx, acme.id)
        return before, update_provider(tx, world.owner, "acme", {"status": "suspended"}).recalled.count

    with ThreadPoolExecutor(3) as pool:
        for who in people:
            pool.submit(work, who)
        time.sleep(0.3)
        before, recalled = world.write(stop)
        over.set()
    assert before == recalled > 0
