"""Is an answer taken, and in which order is it judged?"""

from __future__ import annotations

import hashlib

import pytest
import rfc8785
import sqlalchemy as sa
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Invalid, NotFound
from steelyard.domain.ids import new_id
from steelyard.store import tables as t
from steelyard.work.submit import Refused, keep_refused
from steelyard.work.tally import by_provider, progress


def refusal(world: World, *args: object, **more: object) -> Refused:
    with pytest.raises(Refused) as refused:
        world.submit(*args, **more)  # type: ignore[arg-type]
    return refused.value


def outsider(world: World, **provider: object):
    world.provider("Acme", **provider)
    return world.people(1, "acme")[0]


def test_an_answer_is_kept_as_fact_and_payload(world: World) -> None:
    world.provider("Acme", price="0.05")
    project = world.project()
    (task,) = world.tasks(project, 1)
    (who,) = world.people(1, "acme")
    (held,) = world.take(who, project)
    done = world.submit(who, held, "dog", spent_ms=1200, presentation={"order": ["dog", "cat"]})
    (row,) = world.all(sa.select(t.judgment).where(t.judgment.c.public_id == done.judgment))
    (payload,) = world.all(sa.select(t.judgment_payload))
    assert (row.annotator_id, row.provider_id, row.price) == (who.annotator_id, who.provider_id, 50_000)
    assert (row.spent_ms, row.current, row.gold, row.anonymous) == (1200, True, False, False)
    assert payload.answers == {"label": "dog"}
    assert payload.presentation == {"order": ["dog", "cat"]}
    said = rfc8785.dumps(payload.answers)
    assert row.commitment == hashlib.sha256(payload.salt + said).hexdigest()
    assert world.task(task).status == "settled"


@pytest.mark.parametrize("unknown", ["", "nonsense", "0" * 24])
def test_an_assignment_that_is_unknown_is_not_found(world: World, unknown: str) -> None:
    world.project()
    with pytest.raises(NotFound):
        world.submit(world.owner, unknown)


def test_an_assignment_of_the_other_world_is_not_found(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (held,) = world.take(world.owner, project)
    tester = world.person("tess", mode="test")
    with pytest.raises(NotFound):
        world.submit(tester, held)


def test_the_same_key_and_body_gets_the_first_answer_again(world: World) -> None:
    project = world.project()
    world.tasks(project, 3)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    first = world.submit(who, held, "cat", idempotency_key="k", claim_next=1)
    again = world.submit(who, held, "cat", idempotency_key="k", claim_next=1)
    assert again.judgment == first.judgment
    assert (first.replayed, again.replayed) == (False, True)
    assert [h.id for h in again.next] == [h.id for h in first.next]
    assert world.count(t.judgment) == 1
    assert world.count(t.exposure) == 2, "a replay shows nothing new"


def test_a_replay_names_only_what_is_still_held(world: World) -> None:
    project = world.project()
    world.tasks(project, 3)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    first = world.submit(who, held, idempotency_key="k", claim_next=2)
    world.submit(who, first.next[0])
    again = world.submit(who, held, idempotency_key="k", claim_next=2)
    assert [h.id for h in again.next] == [first.next[1].id]


def test_the_same_key_with_another_body_is_a_conflict(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    world.submit(who, held, "cat", idempotency_key="k")
    assert refusal(world, who, held, "dog", idempotency_key="k").code == "idempotency_mismatch"
    assert refusal(world, who, held, "cat", spent_ms=5, idempotency_key="k").code == "idempotency_mismatch"
    assert world.count(t.judgment) == 1


def test_a_replay_is_answered_after_the_provider_was_stopped(world: World) -> None:
    who = outsider(world)
    project = world.project()
    world.tasks(project, 2)
    first, _ = held = world.take(who, project, 2)
    done = world.submit(who, first, "cat", idempotency_key="k")
    world.change("acme", status="suspended")
    again = world.submit(who, first, "cat", idempotency_key="k")
    assert (again.judgment, again.next) == (done.judgment, [])
    assert refusal(world, who, held[1]).code == "provider_stopped"
    mismatch = refusal(world, who, first, "dog", idempotency_key="k")
    assert mismatch.code == "idempotency_mismatch", "the same key is judged before the stop"


def test_a_refusal_is_not_remembered(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    with pytest.raises(Invalid):
        world.submit(who, held, "fish", idempotency_key="k")
    assert not world.submit(who, held, "cat", idempotency_key="k").replayed


def test_a_stopped_provider_is_told_so_before_all_else(world: World, clock: Clock) -> None:
    who = outsider(world)
    project = world.project(lease_s=10)
    world.tasks(project, 1)
    (held,) = world.take(who, project)
    clock.advance(60)
    world.expire()
    world.take(world.people(1)[0], project)
    world.change("acme", interests=[{"organisation": "Rival", "share": 0.1}])
    world.patch(project, conflicts=["Rival"])
    assert refusal(world, who, held, "no such animal").code == "provider_stopped"


def test_a_lost_lease_is_told_before_a_wrong_form(world: World, clock: Clock) -> None:
    project = world.project(lease_s=10)
    world.tasks(project, 1)
    first, second = world.people(2)
    (held,) = world.take(first, project)
    clock.advance(60)
    world.expire()
    (taken,) = world.take(second, project)
    assert taken.id == held.id, "an assignment keeps its id across holders"
    assert refusal(world, first, held, "no such animal").code == "lease_lost"
    world.submit(second, taken)
    assert refusal(world, first, held).code == "task_full"


def test_a_body_that_cannot_be_kept_is_told_last(world: World) -> None:
    who = outsider(world)
    project = world.project()
    world.tasks(project, 2)
    first, second = world.take(who, project, 2)
    with pytest.raises(Invalid):
        world.submit(who, first, 2**70)
    world.give_back(who, second)
    refused = refusal(world, who, second, 2**70)
    assert (refused.code, refused.keep) == ("lease_lost", None)


def test_a_lapsed_lease_that_nobody_took_can_still_be_submitted(world: World, clock: Clock) -> None:
    project = world.project(lease_s=10)
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    clock.advance(3600)
    assert world.submit(who, held).judgment


def test_what_one_gave_back_cannot_be_submitted(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    world.give_back(who, held)
    assert refusal(world, who, held).code == "lease_lost"


def test_nobody_submits_for_another(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    first, second = world.people(2)
    (held,) = world.take(first, project)
    assert refusal(world, second, held).code == "lease_lost"
    assert world.count(t.judgment) == 0


@pytest.mark.parametrize(
    ("label", "more", "pointer"),
    [
        ("fish", {}, "/answers/label"),
        (["cat"], {}, "/answers/label"),
        ("cat", {"spent_ms": -1}, "/spent_ms"),
        ("cat", {"spent_ms": True}, "/spent_ms"),
        ("cat", {"presentation": []}, "/presentation"),
        ("cat", {"claim_next": 101}, "/claim"),
    ],
)
def test_a_wrong_body_is_told_with_its_place_and_leaves_the_lease(
    world: World, label: object, more: dict, pointer: str
) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    with pytest.raises(Invalid) as refused:
        world.submit(who, held, label, **more)
    assert refused.value.problems[0].pointer == pointer
    assert world.count(t.judgment) == 0
    world.submit(who, held)


def test_a_late_answer_of_an_outside_provider_leaves_a_receipt(world: World) -> None:
    who = outsider(world)
    project = world.project()
    world.tasks(project, 1)
    (held,) = world.take(who, project)
    world.change("acme", status="suspended")
    refused = refusal(world, who, held, "dog")
    world.write(lambda tx: keep_refused(tx, refused))
    (row,) = world.all(sa.select(t.refused_receipt))
    assert (row.provider_id, row.annotator_id, row.reason) == (
        who.provider_id,
        who.annotator_id,
        "provider_stopped",
    )
    assert row.commitment == hashlib.sha256(row.salt + rfc8785.dumps({"label": "dog"})).hexdigest()
    assert world.count(t.judgment) == 0


def test_a_late_answer_in_house_leaves_none(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    world.give_back(who, held)
    refused = refusal(world, who, held)
    assert refused.keep is None
    world.write(lambda tx: keep_refused(tx, refused))
    assert world.count(t.refused_receipt) == 0


def test_the_sums_follow_every_answer(world: World) -> None:
    world.provider("Acme", price="0.10")
    project = world.project(answers=2)
    world.tasks(project, 4)
    inside, outside = world.people(1)[0], world.people(1, "acme")[0]
    world.answer(inside, project, most=3)
    world.answer(outside, project)
    sums = {s.provider_id: s for s in world.database.read(lambda tx: by_provider(tx, project.id))}
    assert (sums[inside.provider_id].judgments, sums[outside.provider_id].judgments) == (3, 4)
    assert sums[outside.provider_id].spent == 400_000
    found = world.database.read(lambda tx: progress(tx, project.id))
    assert (found.tasks, found.wanted, found.judgments, found.settled, found.overlapping) == (4, 8, 7, 3, 3)


def test_an_answer_that_fails_to_be_written_leaves_nothing(world: World) -> None:
    project = world.project()
    world.tasks(project, 2)
    (who,) = world.people(1)
    (held,) = world.take(who, project)

    def write(tx) -> None:
        from steelyard.work.submit import submit

        submit(tx, who, held.id, {"label": "cat"}, claim_next=1)
        raise RuntimeError("the machine stumbles")

    with pytest.raises(RuntimeError):
        world.write(write)
    assert (world.count(t.judgment), world.count(t.exposure), world.count(t.consensus)) == (0, 1, 0)
    assert world.submit(who, held).judgment


def test_an_id_of_something_else_is_no_assignment(world: World) -> None:
    project = world.project()
    (task,) = world.tasks(project, 1)
    for other in (task, new_id(5)):
        with pytest.raises(NotFound):
            world.submit(world.owner, other)
