"""Does a provider that is phased out really do less and less, whatever it could do?"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from steelyard.domain.times import SECOND, format_time
from steelyard.exit import advance, phase_out
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.queue import WAVE
from steelyard.work.tally import count_judgment

# For what hangs on no statement of its own: the same on either database.
once = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DAY = 24 * 3600
WEEK = 7 * DAY


@pytest.fixture
def project(world: World) -> sa.Row:
    """A project in which, going by the sums that are kept, Acme has given 60 of 100 answers and Bravo 40."""
    world.provider("Acme", price="0.10")
    world.provider("Bravo")
    project = world.project()
    counted(world, project, fast(world), 60)
    counted(world, project, other(world), 40)
    return project


def counted(world: World, project: sa.Row, who: Principal, answers: int) -> None:
    """So many answers more (or fewer) stand in the sums."""
    key = (project.id, who.provider_id, who.annotator_id)
    world.write(lambda tx: count_judgment(tx, *key, gold=False, price=0, by=answers))


def fast(world: World) -> Principal:
    return world.person("ann of acme", "acme")


def other(world: World) -> Principal:
    return world.person("ben of bravo", "bravo")


def now(world: World) -> int:
    return world.database.read(lambda tx: tx.now)


def after(world: World, seconds: float) -> str:
    return format_time(now(world) + round(seconds * SECOND))


def order(world: World, seconds: float = 4 * WEEK, **raw: Any) -> dict[str, Any]:
    raw.setdefault("ends", after(world, seconds))
    return world.write(lambda tx: phase_out.order(tx, world.owner, "acme", raw))


def latest(world: World, slug: str = "acme") -> dict[str, Any]:
    row = world.provider_row(slug)
    found = world.database.read(lambda tx: phase_out.latest(tx, row.id, "live"))
    assert found is not None
    return found


def sweep(world: World) -> int:
    return world.write(advance.advance)


def finish(world: World) -> None:
    """Does the jobs at the end of phase-outs."""
    for job in world.all(sa.select(t.job).where(t.job.c.kind == advance.JOB)):
        world.write(lambda tx, job=job: advance.finish(tx, job.args))


def answers_of(world: World, slug: str, since: int = 0) -> int:
    row = world.provider_row(slug)
    return world.count(t.judgment, t.judgment.c.provider_id == row.id, t.judgment.c.at > since)


# --- what is ordered --------------------------------------------------------------------------------------


@pytest.mark.one_database
@once
def test_it_says_by_which_steps_and_who_ordered_it(world: World, project: sa.Row) -> None:
    found = order(world, 8 * WEEK)
    assert [step["part"] for step in found["steps"]] == [round((8 - i) / 9, 6) for i in range(9)]
    assert (found["steps"][0]["at"], found["steps"][-1]["at"]) == (found["starts"], found["ends"])
    assert (found["state"], found["by"], found["part"]) == ("running", "olga", 0.888889)
    assert latest(world) == found


@pytest.mark.one_database
@once
@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ({"ends": "soon"}, "/ends"),
        ({"steps": [0.5, 0.6]}, "/steps/1"),
        ({"options": []}, "/options"),
        ({"options": {"answers": "burn"}}, "/options/answers"),
        ({"options": {"to": ["nobody"]}}, "/options/to/0"),
        ({"speed": 9}, "/speed"),
    ],
)
def test_what_is_wrong_is_named(world: World, raw: dict[str, Any], pointer: str) -> None:
    world.provider("Acme")
    with pytest.raises(Invalid) as wrong:
        order(world, **{"ends": after(world, WEEK), **raw})
    assert pointer in [problem.pointer for problem in wrong.value.problems]
    assert world.count(t.phase_out) == 0


# --- what it may do --------------------------------------------------------------------------------------


def test_it_gives_the_promised_part_of_the_answers_although_it_is_the_fastest(
    world: World, project: sa.Row, clock: Clock
) -> None:
    ann, ben = fast(world), other(world)
    order(world)
    shares = []
    for week in range(4):
        since = now(world)
        for _ in range(2):  # it comes first, and takes all that it gets
            clock.advance(2 * DAY)
            world.tasks(project, 25)
            assert sweep(world) == 0, "a step begins once"
            world.answer(ann, project)
            world.answer(ben, project)
        given = answers_of(world, "acme", since)
        assert latest(world)["limits"][0]["mine"] == given, week
        shares.append(given / 50)
        clock.advance(3 * DAY)
        sweep(world)
    promised = [0.6 * part for part in (0.8, 0.6, 0.4, 0.2)]
    assert shares == pytest.approx(promised, abs=1e-9), "no more than promised, and no less for who is fast"
    assert world.count(t.assignment, t.assignment.c.state == 0) == 0, "others took the rest"


def test_what_it_holds_counts_and_what_it_gives_back_does_not(world: World, project: sa.Row) -> None:
    ann = fast(world)
    order(world)
    world.tasks(project, 50)
    held = world.take(ann, project, 100)
    assert len(held) == 24
    assert world.take(ann, project, 1) == []
    world.submit(ann, held[0])
    assert world.take(ann, project, 1) == []
    world.give_back(ann, held[1])
    assert len(world.take(ann, project, 5)) == 1
    (limit,) = latest(world)["limits"]
    assert (limit["first_share"], limit["share"]) == (0.6, 0.48)
    assert (limit["mine"], limit["of"], limit["allowed"], limit["stranded"]) == (24, 50, 24, 0)


def test_its_annotators_share_one_limit(world: World, project: sa.Row) -> None:
    people = world.people(4, "acme")
    order(world)
    world.tasks(project, 50)
    ready = threading.Barrier(4)

    def work(who: Principal) -> int:
        ready.wait()
        return world.answer(who, project)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, people)) == 24


@once
def test_the_others_are_not_limited(world: World, project: sa.Row) -> None:
    order(world)
    world.tasks(project, 20)
    assert world.answer(other(world), project) == 20


@pytest.mark.one_database
def test_of_a_deep_queue_the_next_wave_counts(world: World, project: sa.Row) -> None:
    """Else a fast provider does its share of a year's work in the first week, and that week is its own."""
    order(world)
    world.tasks(project, 3 * WAVE)
    assert latest(world)["limits"][0]["of"] == WAVE
    ann, ben = fast(world), other(world)

    def take_all() -> int:
        taken = 0
        while held := world.take(ann, project, 100):
            taken += len(held)
        return taken

    # What it holds is work as well, and so it comes share / (1 - share) of a wave ahead of the others.
    ahead = take_all()
    assert 0.98 <= ahead / (WAVE * 0.48 / 0.52) <= 1
    world.answer(ben, project, most=52)
    assert take_all() == pytest.approx(48, abs=1), "as others go on, so may it"


@pytest.mark.one_database
@once
def test_the_smallest_limit_wins(world: World, project: sa.Row) -> None:
    ann = fast(world)
    order(world)
    world.tasks(project, 50)
    world.patch(project, providers=[{"name": "acme", "ceiling": 65}, "bravo", "in-house"])
    assert world.answer(ann, project) == 5
    world.patch(project, providers=["acme", "bravo"], budget="0.80")
    assert world.answer(ann, project) == 3
    world.patch(project, budget=None)
    assert world.answer(ann, project) == 16, "24 in all"


@pytest.mark.one_database
@once
def test_it_gets_no_new_projects(world: World, project: sa.Row) -> None:
    ann = fast(world)
    order(world)
    new = world.project("New")
    world.tasks(new, 10)
    found = world.claim(ann, new, 5)
    assert (found.held, found.code) == ([], "nothing")
    assert world.answer(other(world), new) == 10


def test_where_it_only_holds_work_its_share_is_of_what_is_held(world: World, project: sa.Row) -> None:
    second = world.project("Second")
    world.tasks(second, 20)
    world.take(fast(world), second, 5)
    world.take(other(world), second, 5)
    found = {limit["project"]: limit for limit in order(world)["limits"]}
    assert found["second"]["first_share"] == 0.5
    assert (found["second"]["mine"], found["second"]["of"], found["second"]["allowed"]) == (5, 20, 8)


@once
def test_gold_falls_beside_its_work_and_not_when_nothing_is_left_to_it(world: World, project: sa.Row) -> None:
    world.gold(project, 30)
    world.patch(project, gold_rate=0.5)
    ann = fast(world)
    order(world)
    world.tasks(project, 25)
    while world.answer(ann, project):
        pass
    gold = world.count(t.judgment, t.judgment.c.gold)
    assert gold > 2
    (limit,) = latest(world)["limits"]
    assert limit["mine"] == limit["allowed"] == 12
    assert world.take(ann, project, 5) == []
    assert world.count(t.judgment, t.judgment.c.gold) == gold


def test_work_that_only_it_may_do_waits_and_is_told_as_stranded(
    world: World, project: sa.Row, clock: Clock
) -> None:
    alone = world.project("Alone", providers=["acme"])
    world.tasks(alone, 1)
    ann = fast(world)
    world.answer(ann, alone, most=1)
    order(world)
    world.tasks(alone, 25)
    assert world.answer(ann, alone) == 20
    found = latest(world)
    (limit,) = [limit for limit in found["limits"] if limit["project"] == "alone"]
    assert (limit["first_share"], limit["mine"], limit["of"]) == (1.0, 20, 25)
    assert limit["stranded"] == found["stranded"] == 5
    world.patch(alone, providers=["acme", "bravo"])
    assert latest(world)["stranded"] == 0
    assert world.answer(other(world), alone) == 5


@once
def test_what_others_lost_of_before_neither_makes_room_nor_takes_it(world: World, project: sa.Row) -> None:
    ann, ben = fast(world), other(world)
    order(world)
    world.tasks(project, 25)
    assert world.answer(ann, project) == 12
    counted(world, project, ben, -30)
    (limit,) = latest(world)["limits"]
    assert (limit["mine"], limit["of"]) == (12, 25)
    assert world.take(ann, project) == []


@pytest.mark.one_database
@once
def test_each_world_is_told_of_its_own_projects(world: World, project: sa.Row) -> None:
    order(world)
    row = world.provider_row("acme")
    test = world.database.read(lambda tx: phase_out.latest(tx, row.id, "test"))
    assert test is not None
    assert (test["state"], test["limits"]) == ("running", [])


# --- steps ------------------------------------------------------------------------------------------------


def test_a_step_counts_from_its_own_beginning(world: World, project: sa.Row, clock: Clock) -> None:
    ann = fast(world)
    order(world)
    world.tasks(project, 50)
    assert world.answer(ann, project) == 24
    clock.advance(WEEK)
    assert sweep(world) == 1
    (limit,) = latest(world)["limits"]
    assert (limit["share"], limit["mine"], limit["of"]) == (0.36, 0, 26)
    assert world.answer(ann, project) == 9


def test_a_step_binds_by_the_clock_before_any_sweep(world: World, project: sa.Row, clock: Clock) -> None:
    ann = fast(world)
    order(world)
    world.tasks(project, 50)
    clock.advance(3 * WEEK + 1)
    assert len(world.take(ann, project, 100)) == 6
    clock.advance(WEEK)
    world.expire()
    assert world.take(ann, project, 100) == [], "its time is over, though the exit has not begun"


@pytest.mark.one_database
def test_steps_that_nobody_saw_are_passed_over(world: World, project: sa.Row, clock: Clock) -> None:
    order(world)
    clock.advance(2 * WEEK + 1)
    assert (sweep(world), sweep(world)) == (1, 0)
    (limit,) = latest(world)["limits"]
    assert limit["share"] == pytest.approx(0.24)
    changes = world.all(sa.select(t.provider_change).order_by(t.provider_change.c.id))
    assert changes[-1].change["phase_out"]["to"] == {"part": 0.4}
    assert changes[-1].person_id is None


def test_many_sweeps_at_once_begin_a_step_once(world: World, project: sa.Row, clock: Clock) -> None:
    order(world)
    clock.advance(WEEK)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: sweep(world), range(16))) == 1


def test_a_step_amid_claims_never_lets_it_exceed_either_share(
    world: World, project: sa.Row, clock: Clock
) -> None:
    people, ben = world.people(4, "acme"), other(world)
    order(world)
    world.tasks(project, 150)
    stop = threading.Event()

    def work(who: Principal) -> None:
        while not stop.is_set():
            for one in world.take(who, project, 3):
                world.submit(who, one)

    with ThreadPoolExecutor(6) as pool:
        done = [pool.submit(work, who) for who in people]
        done.append(pool.submit(world.answer, ben, project, "cat", 30))
        for _ in range(3):
            clock.advance(WEEK)
            sweep(world)
        stop.set()
        for one in done:
            one.result()
    assert answers_of(world, "acme") <= 150 * 0.48
    (limit,) = latest(world)["limits"]
    assert limit["mine"] <= limit["allowed"] + 12, "what was held when the step began may be finished"


@pytest.mark.one_database
def test_one_that_starts_later_limits_nothing_before(world: World, project: sa.Row, clock: Clock) -> None:
    ann = fast(world)
    found = order(world, 3 * WEEK, starts=after(world, WEEK))
    assert found["limits"][0]["share"] == found["limits"][0]["first_share"] == 0.6
    world.tasks(project, 40)
    assert world.answer(ann, project) == 40
    assert sweep(world) == 0
    clock.advance(WEEK)
    world.tasks(project, 42)
    assert world.take(ann, project) == [], "nothing until its first share is known"
    assert sweep(world) == 1
    assert latest(world)["limits"][0]["first_share"] == 0.714286
    assert world.answer(ann, project) == 42 * 5 / 7 * 2 / 3


# --- the end ----------------------------------------------------------------------------------------------


def test_at_its_end_the_exit_begins_by_itself_as_was_ordered(
    world: World, project: sa.Row, clock: Clock
) -> None:
    order(world, options={"answers": "keep", "to": ["bravo"], "backups": ["tape 7"]})
    ann = fast(world)
    world.tasks(project, 10)
    world.take(ann, project, 2)
    clock.advance(4 * WEEK + 1)
    assert sweep(world) == 1
    assert sweep(world) == 0, "ordered once"
    finish(world)
    finish(world)
    (leaving,) = world.all(sa.select(t.exit))
    assert leaving.person_id == world.owner.person_id
    assert leaving.options == {"answers": "keep", "rebuild": True, "to": ["bravo"], "backups": ["tape 7"]}
    found = latest(world)
    assert (found["state"], found["exit"], found["limits"]) == ("done", leaving.public_id, [])
    assert world.provider_row("acme").status == "exited"
    assert world.held(world.provider_row("acme")) == 0
    assert sweep(world) == 0


@pytest.mark.one_database
@once
def test_who_ordered_it_may_be_gone_and_so_may_who_takes_over(
    world: World, project: sa.Row, clock: Clock
) -> None:
    key = world.key("otto", "owner")
    from steelyard.identity.keys import authenticate_key, revoke_key

    otto = world.database.read(lambda tx: authenticate_key(tx, key))
    raw = {"ends": after(world, WEEK), "options": {"to": ["bravo"]}}
    world.write(lambda tx: phase_out.order(tx, otto, "acme", raw))
    keys = sa.select(t.api_key.c.public_id).where(t.api_key.c.person_id == otto.person_id)
    world.write(lambda tx: revoke_key(tx, tx.scalar(keys)))
    world.change("bravo", status="suspended")
    clock.advance(WEEK)
    sweep(world)
    finish(world)
    (leaving,) = world.all(sa.select(t.exit))
    assert leaving.person_id == otto.person_id
    assert leaving.options["to"] == []
    assert latest(world)["by"] == "otto"


@once
def test_the_end_is_a_job_that_is_ordered_again_when_it_was_given_up(
    world: World, project: sa.Row, clock: Clock
) -> None:
    order(world, WEEK)
    clock.advance(WEEK)
    sweep(world)
    world.write(
        lambda tx: tx.execute(sa.update(t.job).where(t.job.c.kind == advance.JOB).values(state="dead"))
    )
    sweep(world)
    (job,) = world.all(sa.select(t.job).where(t.job.c.kind == advance.JOB))
    assert (job.state, job.attempts) == ("waiting", 0)


@once
def test_the_job_does_nothing_before_the_end_or_once_it_was_ended(
    world: World, project: sa.Row, clock: Clock
) -> None:
    order(world, WEEK)
    (row,) = world.all(sa.select(t.phase_out))
    world.write(lambda tx: advance.finish(tx, {"phase_out": row.id}))
    world.write(lambda tx: phase_out.end(tx, world.owner, "acme"))
    clock.advance(WEEK)
    world.write(lambda tx: advance.finish(tx, {"phase_out": row.id}))
    assert world.count(t.exit) == 0
    assert world.provider_row("acme").status == "active"


def test_many_at_the_end_begin_one_exit(world: World, project: sa.Row, clock: Clock) -> None:
    order(world, WEEK)
    (row,) = world.all(sa.select(t.phase_out))
    clock.advance(WEEK)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(sweep, world) for _ in range(4)]:
            done.result()
        args = {"phase_out": row.id}
        for done in [pool.submit(world.write, lambda tx: advance.finish(tx, args)) for _ in range(4)]:
            done.result()
    assert world.count(t.exit) == 1


def test_ended_early_everything_is_as_before(world: World, project: sa.Row) -> None:
    ann = fast(world)
    order(world)
    world.tasks(project, 25)
    assert world.answer(ann, project) == 12
    world.write(lambda tx: phase_out.end(tx, world.owner, "acme"))
    assert world.answer(ann, project) == 13
    found = latest(world)
    assert (found["state"], found["exit"], found["part"]) == ("ended", None, None)
    with pytest.raises(NotFound):
        world.write(lambda tx: phase_out.end(tx, world.owner, "acme"))
    assert order(world)["state"] == "running", "and it can be ordered again"


def test_an_exit_at_once_ends_it(world: World, project: sa.Row) -> None:
    from steelyard.exit import execute

    order(world)
    begun = world.write(lambda tx: execute.begin(tx, world.owner, "acme", {}))
    found = latest(world)
    assert (found["state"], found["exit"]) == ("ended", begun["id"])
    with pytest.raises(Conflict):
        order(world)


@once
def test_a_stop_leaves_it_running(world: World, project: sa.Row, clock: Clock) -> None:
    ann = fast(world)
    order(world)
    world.change("acme", status="suspended")
    clock.advance(WEEK)
    sweep(world)
    assert latest(world)["limits"][0]["share"] == 0.36
    world.change("acme", status="active")
    world.tasks(project, 25)
    assert world.answer(ann, project) == 9


@once
def test_only_one_runs_at_a_time(world: World, project: sa.Row) -> None:
    order(world)
    with pytest.raises(Conflict) as refused:
        order(world)
    assert refused.value.code == "phase_out_running"


@once
def test_only_an_owner_orders_or_ends_one_and_in_house_stays(world: World, project: sa.Row) -> None:
    mia = world.person("mia", role="manager")
    raw = {"ends": after(world, WEEK)}
    with pytest.raises(Forbidden):
        world.write(lambda tx: phase_out.order(tx, mia, "acme", raw))
    with pytest.raises(Forbidden):
        world.write(lambda tx: phase_out.end(tx, mia, "acme"))
    with pytest.raises(Conflict):
        world.write(lambda tx: phase_out.order(tx, world.owner, "in-house", raw))


@pytest.mark.one_database
@once
def test_a_rehearsal_shows_it_and_leaves_nothing(world: World, project: sa.Row) -> None:
    raw = {"ends": after(world, 4 * WEEK)}
    found = world.database.rehearse(lambda tx: phase_out.order(tx, world.owner, "acme", raw))
    assert found["limits"][0]["share"] == 0.48
    assert world.count(t.phase_out) == world.count(t.phase_out_limit) == 0
    world.tasks(project, 25)
    assert world.answer(fast(world), project) == 25
