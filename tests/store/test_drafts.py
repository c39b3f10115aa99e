"""An answer that is not finished is kept for its writer, and keeps the assignment in its hands."""

from __future__ import annotations

import pytest
from support.clock import Clock
from support.world import World

from steelyard.domain.errors import Conflict, Invalid
from steelyard.store import tables as t
from steelyard.work.held import held_by_me
from steelyard.work.keep import extend, keep_draft

MINUTE = 60_000_000


def test_it_is_there_when_its_writer_comes_back_and_gone_with_the_answer(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    assert held.draft is None
    world.write(lambda tx: keep_draft(tx, who, held.id, {"label": "do"}, 5))
    world.write(lambda tx: keep_draft(tx, who, held.id, {"label": "dog", "note": "unsure"}))
    (again,) = world.write(lambda tx: held_by_me(tx, who))
    assert again.draft is not None
    assert again.draft.answers == {"label": "dog", "note": "unsure"}
    world.submit(who, held, "dog")
    assert world.count(t.answer_draft) == 0


def test_whoever_writes_keeps_the_assignment(world: World, clock: Clock) -> None:
    project = world.project(lease_s=60)
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    for _ in range(3):
        clock.advance(50)
        world.write(lambda tx: keep_draft(tx, who, held.id, {}))
        assert world.expire() == 0
    clock.advance(61)
    assert world.expire() == 1


def test_a_lease_is_renewed_and_never_shortened(world: World) -> None:
    project = world.project(lease_s=600)
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    assert world.write(lambda tx: extend(tx, who, held.id, 60)) == held.lease_until
    longer = world.write(lambda tx: extend(tx, who, held.id, 1200))
    assert longer - held.lease_until > 9 * MINUTE


def test_the_next_holder_sees_nothing_of_it(world: World) -> None:
    project = world.project()
    world.tasks(project, 1)
    one, other = world.people(2)
    (held,) = world.take(one, project)
    world.write(lambda tx: keep_draft(tx, one, held.id, {"label": "cat"}))
    world.give_back(one, held)
    (taken,) = world.take(other, project)
    assert taken.draft is None


def test_it_is_refused_where_the_work_is_not_held_or_was_stopped(world: World) -> None:
    project = world.project()
    world.tasks(project, 2)
    world.provider("Vendor")
    vera, ben = world.person("vera", "vendor"), world.person("ben")
    (held,) = world.take(vera, project)
    with pytest.raises(Conflict, match="do not hold"):
        world.write(lambda tx: keep_draft(tx, ben, held.id, {}))
    world.change("vendor", status="suspended")
    with pytest.raises(Conflict, match="stopped"):
        world.write(lambda tx: keep_draft(tx, vera, held.id, {}))


@pytest.mark.parametrize(("answers", "spent_ms", "pointer"), [([], None, "/answers"), ({}, -1, "/spent_ms")])
def test_what_is_wrong_is_told(world: World, answers: object, spent_ms: object, pointer: str) -> None:
    project = world.project()
    world.tasks(project, 1)
    (who,) = world.people(1)
    (held,) = world.take(who, project)
    with pytest.raises(Invalid) as refused:
        world.write(lambda tx: keep_draft(tx, who, held.id, answers, spent_ms))
    assert refused.value.problems[0].pointer == pointer
