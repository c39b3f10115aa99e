"""How is a provider left, and can it be gone on with wherever it was broken off?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid, Unauthenticated
from steelyard.domain.ids import new_id
from steelyard.exit import execute, withdraw
from steelyard.exit.copies import copies_finding
from steelyard.exit.place import Place
from steelyard.exit.plan import plan
from steelyard.identity.keys import authenticate_key
from steelyard.identity.policy import Role
from steelyard.identity.sessions import authenticate_session, make_link, sign_in_with_link
from steelyard.ledger.commitments import commit
from steelyard.providers.registry import find_provider
from steelyard.store import tables as t
from steelyard.store.blobs import open_blobs
from steelyard.work.columnar import columns_of
from steelyard.work.keep import keep_draft
from steelyard.work.submit import Refused
from steelyard.work.tally import by_provider, progress

STEPS = ("recall", "revoke", "reroute", "withdraw", "reorder", "rebuild", "certificate")


@pytest.fixture(autouse=True)
def place(world: World, tmp_path: Path) -> Place:
    """Where the exit is carried out: fits happen in this process."""
    world.place = Place(world.database, open_blobs(tmp_path), tmp_path, done_by="test")  # type: ignore[attr-defined]
    return world.place  # type: ignore[attr-defined]


@pytest.fixture
def project(world: World) -> sa.Row:
    world.provider("Acme", price="0.10")
    return world.project(answers=2)


def begin(world: World, slug: str = "acme") -> dict[str, Any]:
    return world.write(lambda tx: execute.begin(tx, world.owner, slug))


def carry_on(world: World) -> None:
    for job in world.all(sa.select(t.job).where(t.job.c.kind == execute.JOB)):
        execute.carry_on(world.place, job.args)  # type: ignore[attr-defined]


def described(world: World, exit: dict[str, Any]) -> dict[str, Any]:
    return world.database.read(lambda tx: execute.describe(tx, exit["id"]))


def detail(exit: dict[str, Any], name: str) -> dict[str, Any]:
    return next(s["detail"] for s in exit["steps"] if s["name"] == name)


def sums(world: World, project: sa.Row):
    return world.database.read(lambda tx: progress(tx, project.id))


def test_the_plan_counts_and_changes_nothing(world: World, project: sa.Row) -> None:
    world.tasks(project, 5)
    world.answer(world.people(1)[0], project)
    (who,) = world.people(1, "acme")
    world.answer(who, project, most=3)
    world.take(who, project, 1)
    found = world.database.read(lambda tx: plan(tx, find_provider(tx, "acme"), "live"))
    assert (found["in_flight"], found["exposed"], found["judgments"], found["keys"]) == (1, 4, 3, 1)
    assert found["share"] == pytest.approx(3 / 8)
    assert world.provider_row("acme").status == "active"
    assert world.take(who, project)


def test_leaving_stops_at_once_and_does_the_rest_in_steps(world: World, project: sa.Row) -> None:
    world.tasks(project, 4)
    key = world.key("lee", provider="acme")
    who = world.database.read(lambda tx: authenticate_key(tx, key))
    world.answer(who, project, most=2)
    world.take(who, project, 2)
    exit = begin(world)
    assert world.held(world.provider_row("acme")) == 0
    assert world.claim(who, project).code == "stopped"
    assert [(s["name"], s["state"]) for s in exit["steps"]] == [
        ("stop", "done"),
        *((name, "waiting") for name in STEPS),
    ]
    assert exit["steps"][0]["detail"] == {"recalled": 2, "projects": 1}
    carry_on(world)
    after = described(world, exit)
    assert (after["state"], [s["state"] for s in after["steps"]]) == ("done", ["done"] * 8)
    assert detail(after, "withdraw") == {"withdrawn": 2, "derived": 0, "contents": 0}
    assert detail(after, "revoke") == {"revoked": 1, "sessions": 0, "links": 0, "callbacks": 0}
    assert {s["by"] for s in after["steps"]} == {"olga"}
    assert after["holds"] is True
    assert after["done_at"] is not None
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_key(tx, key))


def test_its_answers_are_withdrawn_and_stay_as_facts(world: World, project: sa.Row) -> None:
    world.tasks(project, 3)
    (who,) = world.people(1, "acme")
    world.answer(who, project)
    exit = begin(world)
    carry_on(world)
    assert world.count(t.judgment) == 3
    assert world.count(t.current_judgment) == 0
    (reason,) = {r.reason for r in world.all(sa.select(t.withdrawal.c.reason))}
    assert reason == f"exit:{exit['id']}"
    (acme,) = world.database.read(lambda tx: by_provider(tx, project.id))
    assert (acme.judgments, acme.spent) == (0, 300_000), "what was paid stays paid"


def test_the_answers_it_gave_are_ordered_from_others(world: World, project: sa.Row) -> None:
    tasks = world.tasks(project, 4)
    inside, other = world.people(2)
    (who,) = world.people(1, "acme")
    world.answer(inside, project, "cat")
    world.answer(who, project, "dog")
    assert sums(world, project).settled == 4
    begin(world)
    carry_on(world)
    found = sums(world, project)
    assert (found.settled, found.judgments, found.wanted, found.overlapping) == (0, 4, 8, 0)
    assert {world.task(key).status for key in tasks} == {"open"}
    assert world.take(inside, project) == [], "not from whom answered already"
    assert world.answer(other, project, "cat") == 4
    found = sums(world, project)
    assert (found.settled, found.judgments, found.overlapping) == (4, 8, 4)
    for key in tasks:
        last = world.consensus(key)[-1]
        assert (last.answers, len(last.judgments), last.current) == ({"label": "cat"}, 2, True)


@pytest.mark.one_database
def test_what_is_left_of_a_task_says_its_answer_meanwhile(world: World, project: sa.Row) -> None:
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1)[0], project, "cat")
    world.answer(world.people(1, "acme")[0], project, "dog")
    assert world.consensus(task)[-1].tie
    begin(world)
    carry_on(world)
    last = world.consensus(task)[-1]
    assert (last.answers, last.tie, len(last.judgments)) == ({"label": "cat"}, False, 1)


def test_a_task_that_only_it_answered_has_no_answer_any_more(world: World, project: sa.Row) -> None:
    project = world.patch(project, answers=1, max_answers=1)
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1, "acme")[0], project)
    begin(world)
    carry_on(world)
    assert [c.current for c in world.consensus(task)] == [False]
    assert (world.task(task).status, world.task(task).answers) == ("open", 0)
    assert world.answer(world.people(1)[0], project) == 1
    assert world.task(task).status == "settled"


def test_a_task_that_was_not_settled_yet_gets_no_answer_by_an_exit(world: World, project: sa.Row) -> None:
    project = world.patch(project, answers=3)
    (task,) = world.tasks(project, 1)
    first, second, third = world.people(3)
    world.answer(first, project, "cat")
    world.answer(world.people(1, "acme")[0], project, "dog")
    begin(world)
    carry_on(world)
    assert (world.consensus(task), world.task(task).status) == ([], "open")
    assert sums(world, project).settled == 0
    world.answer(second, project, "cat")
    assert world.consensus(task) == []
    world.answer(third, project, "cat")
    assert len(world.consensus(task)[-1].judgments) == 3
    assert sums(world, project).settled == 1


def test_an_extra_answer_that_is_still_out_settles_the_task_when_it_comes(
    world: World, project: sa.Row
) -> None:
    """Two were wanted and one more ordered: with one withdrawn, the one that waits makes it two again."""
    project = world.patch(project, max_answers=3)
    (task,) = world.tasks(project, 1)
    inside, late = world.people(2)
    world.answer(inside, project, "cat")
    world.answer(world.people(1, "acme")[0], project, "dog")

    def order(tx) -> None:
        from steelyard.work.queue import put_back
        from steelyard.work.settle import order_answer

        row = tx.execute(sa.select(t.task)).one()
        put_back(tx, [order_answer(tx, project.id, row)])

    world.write(order)
    begin(world)
    carry_on(world)
    assert world.task(task).status == "open"
    assert world.answer(late, project, "cat") == 1
    assert (world.task(task).status, world.task(task).wanted) == ("settled", 2)
    found = sums(world, project)
    assert (found.settled, found.wanted, found.judgments) == (1, 2, 2)


def test_contents_that_it_gave_leave_with_it(world: World, project: sa.Row) -> None:
    from steelyard.work.shipments import receive

    kept = world.tasks(project, 1)
    rows = [
        {
            "external_id": str(n),
            "content": {"blocks": [{"type": "text", "text": "x"}]},
            "judgments": [{"answers": {"label": "cat"}}] * 3,
        }
        for n in range(2)
    ]
    receive(world.database, lambda tx: world.owner, "pets", "acme", "May", rows)
    assert (sums(world, project).settled, sums(world, project).tasks) == (2, 3)
    exit = begin(world)
    carry_on(world)
    found = sums(world, project)
    assert (found.tasks, found.settled, found.judgments, found.wanted) == (1, 0, 0, 2)
    assert [world.answer(who, project) for who in world.people(3)] == [1, 1, 0]
    assert world.task(kept[0]).status == "settled"
    after = described(world, exit)
    assert (detail(after, "withdraw")["contents"], after["holds"]) == (2, True)


@pytest.mark.one_database
def test_gold_it_answered_is_withdrawn_and_nothing_is_ordered(world: World, project: sa.Row) -> None:
    world.change("acme", status="trial")
    world.gold(project, 3)
    (who,) = world.people(1, "acme")
    assert world.answer(who, project) == 3
    begin(world)
    carry_on(world)
    assert world.count(t.current_judgment) == 0
    assert world.take(world.owner, project) == []
    assert world.count(t.gold_result) == 3, "what it was worth is remembered"


@pytest.mark.one_database
@pytest.mark.parametrize("chunk", [1, 3])
def test_broken_off_anywhere_it_is_gone_on_with(
    world: World, project: sa.Row, place: Place, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    world.tasks(project, 5)
    world.answer(world.people(1)[0], project)
    world.answer(world.people(1, "acme")[0], project)
    exit = begin(world)
    monkeypatch.setattr(withdraw, "CHUNK", chunk)
    (job,) = world.all(sa.select(t.job).where(t.job.c.kind == execute.JOB))
    write, breaks = world.database.write, iter(range(1, 100))

    class Killed(Exception):
        pass

    def carry_on_for(writes: int) -> None:
        left = [writes]

        def counted(fn):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return write(fn)

        monkeypatch.setattr(world.database, "write", counted)
        try:
            execute.carry_on(place, job.args)
        finally:
            monkeypatch.setattr(world.database, "write", write)

    rounds = 0
    while described(world, exit)["state"] != "done":
        rounds += 1
        try:
            carry_on_for(next(breaks) % 14 + 1)
        except Killed:
            continue
    assert rounds > 1
    after = described(world, exit)
    assert (detail(after, "withdraw")["withdrawn"], detail(after, "revoke")["revoked"]) == (5, 1)
    assert after["holds"] is True
    found = sums(world, project)
    assert (found.judgments, found.settled, found.wanted) == (5, 0, 10)
    assert world.count(t.assignment, t.assignment.c.state == 0) == 5
    execute.carry_on(place, job.args)
    assert described(world, exit) == after, "once more does no harm"
    assert world.count(t.withdrawal) == 5


def test_an_exit_that_runs_is_not_begun_twice(world: World, project: sa.Row) -> None:
    first = begin(world)
    assert begin(world)["id"] == first["id"]
    assert world.count(t.exit) == 1


@pytest.mark.one_database
def test_a_provider_that_came_back_can_be_left_again(world: World, project: sa.Row) -> None:
    first = begin(world)
    carry_on(world)
    world.change("acme", status="trial")
    assert begin(world)["id"] != first["id"]


@pytest.mark.one_database
def test_in_house_is_never_left(world: World) -> None:
    with pytest.raises(Conflict):
        begin(world, "in-house")


@pytest.mark.one_database
def test_only_an_owner_leaves(world: World, project: sa.Row) -> None:
    manager = world.person("mia", role="manager")
    with pytest.raises(Forbidden):
        world.write(lambda tx: execute.begin(tx, manager, "acme"))
    assert world.provider_row("acme").status == "active"


def fix(world: World, provider: str, task: str, ground: sa.Row, label: str) -> None:
    """A reviewer of that provider fixes a judgment."""
    (reviewer,) = world.people(1, provider)

    def write(tx) -> None:
        salt, commitment = commit({"label": label})
        key = tx.added(
            sa.insert(t.judgment).values(
                public_id=new_id(tx.now),
                project_id=ground.project_id,
                task_id=ground.task_id,
                annotator_id=reviewer.annotator_id,
                provider_id=reviewer.provider_id,
                form_id=ground.form_id,
                based_on=ground.id,
                commitment=commitment,
                at=tx.now,
            )
        )
        tx.execute(sa.insert(t.judgment_payload).values(judgment_id=key, answers={"label": label}, salt=salt))

    world.write(write)


def judgment_of(world: World, slug: str) -> sa.Row:
    provider = world.provider_row(slug)
    last = sa.select(t.judgment).where(t.judgment.c.provider_id == provider.id)
    return world.all(last.order_by(t.judgment.c.id.desc()))[0]


@pytest.mark.one_database
@pytest.mark.parametrize("derivatives", ["drop", "keep"])
def test_a_fix_of_a_fix_of_its_answer_goes_or_stays_with_the_policy(
    world: World, project: sa.Row, derivatives: str
) -> None:
    world.provider("Borg")
    project = world.patch(project, derivatives=derivatives, answers=1, max_answers=1)
    (task,) = world.tasks(project, 1)
    world.answer(world.people(1, "acme")[0], project, "cat")
    fix(world, "borg", task, judgment_of(world, "acme"), "dog")
    world.provider("Corp")
    fix(world, "corp", task, judgment_of(world, "borg"), "bird")
    exit = begin(world)
    carry_on(world)
    after = described(world, exit)
    assert after["holds"] is True
    if derivatives == "drop":
        assert detail(after, "withdraw") == {"withdrawn": 1, "derived": 2, "contents": 0}
        assert world.count(t.current_judgment) == 0
        assert (world.task(task).status, [c.current for c in world.consensus(task)]) == ("open", [False])
        assert world.answer(world.people(1)[0], project) == 1, "it is asked again"
    else:
        assert detail(after, "withdraw") == {"withdrawn": 1, "derived": 0, "contents": 0}
        last = world.consensus(task)[-1]
        assert (last.answers, last.method, last.current) == ({"label": "bird"}, "fix", True)
        assert world.task(task).status == "settled"
        assert world.answer(world.people(1)[0], project) == 0


def test_answers_given_with_its_suggestion_on_the_screen_go_with_it(world: World, project: sa.Row) -> None:
    project = world.patch(project, answers=1, max_answers=1)
    suggested = world.tasks(project, 2, suggestion={"label": "dog"}, suggested_by="acme")
    (plain,) = world.tasks(project, 1)
    who, late = world.people(2)
    assert world.answer(who, project, "dog", most=1) == 1
    (held,) = world.take(late, project, 1)
    assert held.suggestion == {"label": "dog"}
    world.answer(who, project, "dog")
    exit = begin(world)
    carry_on(world)
    after = described(world, exit)
    assert (detail(after, "withdraw")["derived"], after["holds"]) == (1, True)
    with pytest.raises(Refused, match="lost"):
        world.submit(late, held, "dog")
    assert world.task(plain).status == "settled"
    again = world.take(late, project, 5)
    assert {one.task for one in again} == set(suggested)
    assert {str(one.suggestion) for one in again} == {"None"}, "nobody is shown it any more"


@pytest.mark.one_database
def test_its_answers_are_kept_when_the_order_says_so(world: World, project: sa.Row) -> None:
    world.tasks(project, 2)
    world.answer(world.people(1, "acme")[0], project)
    exit = world.write(lambda tx: execute.begin(tx, world.owner, "acme", {"answers": "keep"}))
    carry_on(world)
    after = described(world, exit)
    assert (detail(after, "withdraw"), after["holds"]) == ({"kept": 2}, True)
    assert world.count(t.current_judgment) == 2


def test_work_that_named_it_goes_to_those_the_order_names(world: World, project: sa.Row) -> None:
    world.provider("Borg")
    alone = world.project("Alone", providers=["Acme"])
    shared = world.project(
        "Shared", providers=[{"name": "acme", "share": 0.5}, {"name": "borg", "share": 0.25}, "in-house"]
    )
    world.tasks(alone, 1)
    world.write(lambda tx: execute.begin(tx, world.owner, "acme", {"to": ["borg"]}))
    carry_on(world)
    policies = {p.slug: p.policy["providers"] for p in world.all(sa.select(t.project))}
    assert policies["alone"] == ["borg"]
    assert policies["shared"] == [{"name": "borg", "share": 0.25}, "in-house"]
    assert world.answer(world.people(1, "borg")[0], alone) == 1
    assert shared.slug == "shared"


@pytest.mark.one_database
def test_work_that_named_it_alone_stays_in_house_unless_said(world: World, project: sa.Row) -> None:
    alone = world.project("Alone", providers=["Acme"])
    world.provider("Borg")
    begin(world)
    carry_on(world)
    (found,) = world.all(sa.select(t.project.c.policy).where(t.project.c.id == alone.id))
    assert found.policy["providers"] == ["in-house"], "an empty list would let everybody in"


@pytest.mark.one_database
def test_options_that_are_wrong_are_named(world: World, project: sa.Row) -> None:
    wrong = {"answers": "burn", "rebuild": 1, "to": ["nobody", "acme"], "backups": [""], "more": 1}
    with pytest.raises(Invalid) as found:
        world.write(lambda tx: execute.begin(tx, world.owner, "acme", wrong))
    assert {p.pointer for p in found.value.problems} == {
        "/answers", "/rebuild", "/to/0", "/to/1", "/backups/0", "/more",
    }  # fmt: skip
    assert world.provider_row("acme").status == "active"


@pytest.mark.one_database
def test_doors_of_every_kind_are_shut(world: World, project: sa.Row) -> None:
    who = world.person("lee", "acme")
    world.key("lee", provider="acme")
    world.write(lambda tx: make_link(tx, who.person_id, Role.ANNOTATOR))
    used = world.write(lambda tx: make_link(tx, who.person_id, Role.ANNOTATOR))
    cookie, _ = world.write(lambda tx: sign_in_with_link(tx, used))
    exit = begin(world)
    carry_on(world)
    assert detail(described(world, exit), "revoke") == {
        "revoked": 2,
        "sessions": 1,
        "links": 1,
        "callbacks": 0,
    }
    with pytest.raises(Unauthenticated):
        world.database.read(lambda tx: authenticate_session(tx, cookie))


def test_a_step_that_fails_is_told_and_tried_again(
    world: World, project: sa.Row, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    exit = begin(world)
    args = world.all(sa.select(t.job.c.args).where(t.job.c.kind == execute.JOB))[0].args

    def full(*_: Any) -> dict[str, Any]:
        raise OSError("the disk is full")

    monkeypatch.setitem(execute.ACTS, "rebuild", full)
    with pytest.raises(OSError):
        execute.carry_on(place, args)
    after = described(world, exit)
    step = next(s for s in after["steps"] if s["name"] == "rebuild")
    assert (step["state"], step["error"]) == ("failed", "OSError: the disk is full")
    assert (after["state"], after["certificate"]) == ("running", False)
    monkeypatch.undo()
    execute.carry_on(place, args)
    after = described(world, exit)
    assert (after["state"], after["holds"]) == ("done", True)
    told = [(e["step"], e["what"]) for e in after["events"] if e["step"] == "rebuild"]
    assert told == [("rebuild", w) for w in ("begun", "failed", "begun", "done")]


def test_leaving_again_what_was_left_well_changes_nothing(world: World, project: sa.Row) -> None:
    first = begin(world)
    carry_on(world)
    assert begin(world)["id"] == first["id"]
    assert world.count(t.exit) == 1


@pytest.mark.one_database
def test_columnar_copies_forget_it_too(world: World, project: sa.Row, place: Place) -> None:
    world.tasks(project, 3)
    world.answer(world.people(1, "acme")[0], project)
    columns_of(world.database, place.folder, project.id)
    assert copies_finding(place.folder, world.provider_row("acme").id).found == 3
    exit = begin(world)
    carry_on(world)
    assert described(world, exit)["holds"] is True
    assert copies_finding(place.folder, world.provider_row("acme").id).holds


def test_work_given_to_its_people_and_what_they_had_begun_to_write_are_let_go(
    world: World, project: sa.Row
) -> None:
    vera = world.person("vera", "acme")
    own = world.tasks(project, 2, assign_to={"person": "vera"})
    (held,) = world.take(vera, project)
    world.write(lambda tx: keep_draft(tx, vera, held.id, {"label": "ca"}))
    exit = begin(world)
    carry_on(world)
    assert described(world, exit)["certificate"]
    assert world.count(t.answer_draft) == 0
    assert own[1] in {one.task for one in world.take(world.person("ben"), project, 100)}
