"""Who may ask what, who reads it, and who is told the answer?"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from support.world import World

from steelyard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.clarifications import Clarification, end_clarification, list_clarifications
from steelyard.work.held import Held
from steelyard.work.questions import LONGEST, MOST_OPEN, Question, answer, ask, list_questions, read


@pytest.fixture
def project(world: World) -> sa.Row:
    return world.project(answers=2)


@pytest.fixture
def rita(world: World) -> Principal:
    return world.person("rita", role="reviewer")


def held(world: World, project: sa.Row, who: Principal) -> Held:
    world.tasks(project, 1)
    (one,) = world.take(who, project)
    return one


def asks(world: World, who: Principal, at: Held, text: Any = "Is a toy cat a cat?") -> str:
    return world.write(lambda tx: ask(tx, who, at.id, text))


def tells(world: World, who: Principal, question: str, text: Any = "Yes.", **more: Any) -> str | None:
    return world.write(lambda tx: answer(tx, who, question, text, **more))


def listed(world: World, who: Principal, project: sa.Row, state: str | None = None) -> list[Question]:
    return world.database.read(lambda tx: list_questions(tx, who, project.id, state, 0, 100))[0]


def clarified(world: World, who: Principal, project: sa.Row) -> list[Clarification]:
    return world.database.read(lambda tx: list_clarifications(tx, who, project, 0, 100))[0]


def refused(code: str, fn: Callable[[], object]) -> None:
    with pytest.raises(Conflict) as found:
        fn()
    assert found.value.code == code


def test_a_question_is_answered_once_and_told_to_all(world: World, project: sa.Row, rita: Principal) -> None:
    world.provider("Acme")
    (who,), (other,) = world.people(1, "acme"), world.people(1)
    question = asks(world, who, held(world, project, who))
    shared = tells(world, rita, question, asked="Are toys animals?")
    (told,) = clarified(world, other, project)
    assert (told.id, told.asked, told.answer) == (shared, "Are toys animals?", "Yes.")
    mine = world.database.read(lambda tx: read(tx, who, question))
    assert (mine.state, mine.asker) == ("answered", None)
    assert [(text, by) for text, by, _ in mine.answers] == [("Yes.", None)], (
        "by whom is not the asker's to know"
    )
    refused("answered", lambda: tells(world, rita, question))
    world.write(lambda tx: end_clarification(tx, rita, told.id))
    assert clarified(world, other, project) == []
    with pytest.raises(NotFound):
        world.write(lambda tx: end_clarification(tx, rita, told.id))


def test_an_answer_for_the_asker_alone_is_nobody_else_s(
    world: World, project: sa.Row, rita: Principal
) -> None:
    who, other = world.people(2)
    question = asks(world, who, held(world, project, who))
    assert tells(world, rita, question, share=False) is None
    assert clarified(world, other, project) == []
    assert listed(world, other, project) == []
    with pytest.raises(NotFound):
        world.database.read(lambda tx: read(tx, other, question))


def test_managers_see_who_asked_and_reviewers_what(world: World, project: sa.Row, rita: Principal) -> None:
    world.provider("Acme")
    (who,) = world.people(1, "acme")
    question = asks(world, who, held(world, project, who))
    (seen,) = listed(world, world.owner, project)
    assert seen.asker is not None
    assert (seen.id, seen.asker.name, seen.asker.provider) == (question, "acme 0", "acme")
    (seen,) = listed(world, rita, project)
    assert (seen.text, seen.asker) == ("Is a toy cat a cat?", None)
    lead = world.person("lea", "acme", role="manager")
    assert listed(world, lead, project) == [], "a vendor's lead sees its own questions alone"


def test_it_is_asked_of_what_one_holds_or_has_answered(world: World, project: sa.Row) -> None:
    who, other = world.people(2)
    here = held(world, project, who)
    refused("lease_lost", lambda: asks(world, other, here))
    world.submit(who, here)
    asks(world, who, here)
    back = held(world, project, other)
    world.give_back(other, back)
    refused("lease_lost", lambda: asks(world, other, back))
    with pytest.raises(NotFound):
        world.write(lambda tx: ask(tx, who, "0" * 24, "x"))
    for text in (None, "", "  ", 1, "x" * (LONGEST + 1), "\x00"):
        with pytest.raises(Invalid):
            asks(world, who, here, text)


def test_gold_is_asked_about_as_work_is(world: World) -> None:
    project = world.project(gold_rate=0.5)
    world.gold(project, 4)
    world.tasks(project, 20)
    (who,) = world.people(1)
    for one in world.take(who, project, 12):
        asks(world, who, one)
    assert len(listed(world, who, project)) == 12


def test_a_stopped_provider_s_annotator_neither_asks_nor_is_told(
    world: World, project: sa.Row, rita: Principal
) -> None:
    world.provider("Acme")
    (who,) = world.people(1, "acme")
    here = held(world, project, who)
    world.submit(who, here)
    question = asks(world, who, here)
    world.change("acme", status="suspended")
    tells(world, rita, question)
    refused("provider_stopped", lambda: asks(world, who, here))
    refused("provider_stopped", lambda: listed(world, who, project))
    refused("provider_stopped", lambda: clarified(world, who, project))
    refused("provider_stopped", lambda: world.database.read(lambda tx: read(tx, who, question)))
    assert [q.state for q in listed(world, rita, project)] == ["answered"], "it stays on record"


def test_one_annotator_s_open_questions_have_an_end(world: World, project: sa.Row, rita: Principal) -> None:
    (who,) = world.people(1)
    here = held(world, project, who)
    first, *_ = [asks(world, who, here, f"{number}?") for number in range(MOST_OPEN)]
    refused("too_many", lambda: asks(world, who, here))
    tells(world, rita, first)
    asks(world, who, here)


def test_lists_go_page_by_page_and_by_state(world: World, project: sa.Row, rita: Principal) -> None:
    (who,) = world.people(1)
    here = held(world, project, who)
    ids = [asks(world, who, here, f"{number}?") for number in range(5)]
    for number in (3, 0):
        tells(world, rita, ids[number])

    def pages(reader: Principal, state: str | None) -> list[str]:
        found, after = [], 0
        while after is not None:
            page, after = world.database.read(
                lambda tx, at=after: list_questions(tx, reader, project.id, state, at, 2)
            )
            assert len(page) <= 2
            found += [question.id for question in page]
        return found

    for reader in (rita, who):
        assert pages(reader, None) == ids
        assert pages(reader, "answered") == [ids[0], ids[3]]
        assert pages(reader, "open") == [ids[1], ids[2], ids[4]]


def test_two_who_answer_at_once_answer_once(world: World, project: sa.Row, rita: Principal) -> None:
    (who,) = world.people(1)
    question = asks(world, who, held(world, project, who))

    def act(text: str) -> bool:
        try:
            tells(world, rita, question, text)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(act, ["1", "2", "3", "4"])) == [False, False, False, True]
    assert world.count(t.question_message) == world.count(t.clarification) == 1


def test_who_may_answer_and_what_is_wrong(world: World, project: sa.Row, rita: Principal) -> None:
    (who,) = world.people(1)
    question = asks(world, who, held(world, project, who))
    with pytest.raises(Forbidden):
        tells(world, who, question)
    with pytest.raises(Forbidden):
        world.write(lambda tx: end_clarification(tx, who, "0" * 24))
    for wrong in ({"text": ""}, {"share": "yes"}, {"asked": ""}, {"share": False, "asked": "x"}):
        with pytest.raises(Invalid):
            tells(world, rita, question, **wrong)
    for other, name in ((rita, "0" * 24), (world.person("tess", role="reviewer", mode="test"), question)):
        with pytest.raises(NotFound):
            tells(world, other, name)
        with pytest.raises(NotFound):
            world.database.read(lambda tx, other=other, name=name: read(tx, other, name))
