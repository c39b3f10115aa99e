"""What becomes of an answer that its annotator goes back to?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.reviews import counted, desk, items, sums
from support.world import World

from steelyard.domain.errors import Conflict, Invalid, NotFound
from steelyard.domain.states import ReviewState
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.work.columnar import columns_of
from steelyard.work.columns import read_columns
from steelyard.work.mine import Mine, mine
from steelyard.work.review import review
from steelyard.work.revise import Revised, revise
from steelyard.work.withdraw import withdraw
from steelyard.work.workload import stop


def judgments(world: World) -> list[sa.Row]:
    return world.all(sa.select(t.judgment).order_by(t.judgment.c.id))


def again(world: World, who: Principal, judgment: Any, label: str, **more: Any) -> Revised:
    key = judgment if isinstance(judgment, str) else judgment.public_id
    return world.write(lambda tx: revise(tx, who, key, {"label": label}, **more))


def answered(world: World, project: sa.Row, *labels: str) -> tuple[str, list[Principal]]:
    (task,) = world.tasks(project, 1)
    people = world.people(len(labels))
    for who, label in zip(people, labels, strict=True):
        world.answer(who, project, label)
    return task, people


def own(world: World, who: Principal, project: sa.Row, after: int = 0, limit: int = 100) -> list[Mine]:
    return world.write(lambda tx: mine(tx, who, project, after, limit))[0]


def pages(world: World, who: Principal, project: sa.Row, limit: int) -> Iterator[Mine]:
    after: int | None = 0
    while after is not None:
        found, after = world.write(lambda tx, at=after: mine(tx, who, project, at, limit))
        yield from found


def refused(code: str, fn: Any) -> None:
    with pytest.raises(Conflict) as found:
        fn()
    assert found.value.code == code


def test_a_revision_supersedes_and_takes_no_slot(world: World) -> None:
    project = world.project(answers=3)
    task, people = answered(world, project, "cat", "dog", "dog")
    first = judgments(world)[0]
    done = again(world, people[0], first, "dog", spent_ms=40)
    old, *_, new = judgments(world)
    assert (new.public_id, new.supersedes, new.assignment_id, new.price, new.current) == (
        done.judgment, old.id, old.assignment_id, old.price, True,
    )  # fmt: skip
    assert (old.current, world.count(t.withdrawal)) == (False, 0)
    last = world.consensus(task)[-1]
    assert (last.answers, last.confidence > 0.8, done.judgment in last.judgments) == (
        {"label": "dog"},
        True,
        True,
    )
    assert old.public_id not in last.judgments
    found = sums(world, project)
    assert (found.judgments, found.wanted, found.settled) == (3, 3, 1)
    assert (
        world.one(sa.select(t.workload.c.spent_ms).where(t.workload.c.annotator_id == old.annotator_id)) == 40
    )
    counted(world, project)
    refused("not_current", lambda: again(world, people[0], first, "cat"))
    again(world, people[0], done.judgment, "cat")
    assert [m.answers for m in own(world, people[0], project)] == [{"label": "cat"}]


def test_the_first_answer_of_several_waits_for_the_others(world: World) -> None:
    project = world.project(answers=2)
    task, (who,) = answered(world, project, "cat")
    again(world, who, judgments(world)[0], "dog")
    assert (world.consensus(task), world.task(task).answers) == ([], 1)
    world.answer(world.people(2)[1], project, "dog")
    assert world.consensus(task)[-1].answers == {"label": "dog"}


def test_a_repetition_is_the_same_revision(world: World) -> None:
    project = world.project()
    _, (who,) = answered(world, project, "cat")
    first = judgments(world)[0]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(again, world, who, first, "dog", idempotency_key="k") for _ in range(4)]
        assert len({a.result().judgment for a in asked}) == 1
    assert len(judgments(world)) == 2
    refused("idempotency_mismatch", lambda: again(world, who, first, "bird", idempotency_key="k"))


def test_who_may_and_what_is_wrong(world: World) -> None:
    world.provider("Acme")
    project = world.project(answers=2)
    world.tasks(project, 1)
    (away,), (other,) = world.people(1, "acme"), world.people(1)
    world.answer(away, project)
    (judgment,) = judgments(world)
    for who, name in ((other, judgment.public_id), (away, "0" * 24), (away, "x")):
        with pytest.raises(NotFound):
            again(world, who, name, "dog")
    with pytest.raises(Invalid) as wrong:
        again(world, away, judgment, "cow")
    assert wrong.value.problems[0].pointer == "/answers/label"
    with pytest.raises(Invalid):
        again(world, away, judgment, "dog", spent_ms=-1)
    world.change("acme", status="suspended")
    refused("provider_stopped", lambda: again(world, away, judgment, "dog"))
    assert [(m.content, m.revisable) for m in own(world, away, project)] == [(None, False)]
    world.change("acme", status="active")
    world.write(lambda tx: stop(tx, away.annotator_id, project.id, "enough"))
    refused("stopped", lambda: again(world, away, judgment, "dog"))


def test_a_rejected_or_withdrawn_answer_is_not_gone_back_to(world: World) -> None:
    project = world.project(answers=2)
    _, (first, second) = answered(world, project, "cat", "dog")
    one, two = judgments(world)
    rita = world.person("rita", role="reviewer")
    world.write(lambda tx: review(tx, rita, one.public_id, "reject", reason="no cat"))
    world.write(lambda tx: withdraw(tx, [two], "exit:x", "exit:x:derived", None))
    refused("not_current", lambda: again(world, first, one, "dog"))
    refused("not_current", lambda: again(world, second, two, "cat"))
    (shown,) = own(world, first, project)
    assert (shown.state, shown.reason, shown.revisable) == ("rejected", "no cat", False)
    (shown,) = own(world, second, project)
    assert (shown.state, shown.reason) == ("withdrawn", None)


def test_what_a_reviewer_has_had_the_last_word_on_stands(world: World) -> None:
    project = world.project(review_rate=1, review_levels=2)
    task, (who,) = answered(world, project, "cat")
    rita, rob = desk(world, project), desk(world, project, "rob")
    rita.accept()
    new = again(world, who, judgments(world)[0], "dog")
    assert items(world)[-1][:3] == (1, "sampled", ReviewState.READY), "what the first level accepted is gone"
    rita.accept()
    rob.accept()
    refused("reviewed", lambda: again(world, who, new.judgment, "cat"))
    assert [m.revisable for m in own(world, who, project)] == [False]
    assert world.task(task).status == "settled"
    counted(world, project)


@pytest.mark.parametrize("verdict", ["accept", "fix"])
def test_a_verdict_on_the_answer_itself_is_a_last_word_too(world: World, verdict: str) -> None:
    project = world.project()
    _, (who,) = answered(world, project, "cat")
    rita = world.person("rita", role="reviewer")
    more = {"answers": {"label": "dog"}} if verdict == "fix" else {}
    (judgment,) = judgments(world)
    world.write(lambda tx: review(tx, rita, judgment.public_id, verdict, **more))
    refused("reviewed", lambda: again(world, who, judgment, "bird"))


def test_a_revision_under_a_reviewer_s_eyes_takes_the_review_back(world: World) -> None:
    project = world.project(review_rate=1)
    task, (who,) = answered(world, project, "cat")
    rita = desk(world, project)
    item = rita.one()
    again(world, who, judgments(world)[0], "dog")
    refused("lease_lost", lambda: rita.say(item, "accept"))
    assert rita.one().consensus == ({"label": "dog"}, world.consensus(task)[-1].confidence, False)
    counted(world, project)


def test_a_revision_that_parts_the_answers_asks_a_reviewer(world: World) -> None:
    project = world.project(answers=2, adjudicate=True)
    task, people = answered(world, project, "cat", "cat")
    assert world.task(task).status == "settled"
    again(world, people[0], judgments(world)[0], "dog")
    assert (world.task(task).status, items(world)[-1][1]) == ("review", "tie")
    counted(world, project)


def test_after_delivery_there_is_a_new_revision_and_no_more(world: World) -> None:
    project = world.project(review_below=0.99, answers=2, adjudicate=True)
    task, people = answered(world, project, "cat", "cat")
    desk(world, project).accept()
    world.write(lambda tx: tx.execute(sa.delete(t.review)))
    world.write(lambda tx: tx.execute(sa.delete(t.review_item)))
    world.write(lambda tx: tx.execute(sa.update(t.task).values(delivered_at=tx.now)))
    again(world, people[0], judgments(world)[0], "dog")
    assert (world.task(task).status, world.count(t.review_item)) == ("settled", 0)
    assert [c.tie for c in world.consensus(task)] == [False, True]


def test_hidden_gold_may_be_revised_and_its_first_answer_counts(world: World) -> None:
    project = world.project(gold_rate=0.5)
    world.gold(project, 6)
    world.tasks(project, 6)
    (who,) = world.people(1)
    world.answer(who, project, "dog")
    gold = [j for j in judgments(world) if j.gold]
    results = world.count(t.gold_result)
    again(world, who, gold[0], "cat")
    new = judgments(world)[-1]
    assert (new.gold, new.supersedes, world.count(t.gold_result)) == (True, gold[0].id, results)
    assert not any(row.correct for row in world.all(sa.select(t.gold_result)))
    assert sums(world, project).gold_judgments == len(gold)
    counted(world, project)


def test_gold_closes_when_the_work_beside_it_does(world: World) -> None:
    project = world.project(gold_rate=0.5, review_rate=1)
    world.gold(project, 6)
    world.tasks(project, 6)
    (who,) = world.people(1)
    world.answer(who, project, "dog")
    assert {m.revisable for m in own(world, who, project)} == {True}
    rita = desk(world, project)
    for _ in range(6):
        rita.accept()
    found = own(world, who, project)
    assert {m.revisable for m in found} == {False}, "else what stays open would be gold"
    refused("reviewed", lambda: again(world, who, next(j for j in judgments(world) if j.gold), "cat"))


def test_every_reader_counts_a_revised_answer_once(world: World, tmp_path: Path) -> None:
    project = world.project(answers=2)
    world.tasks(project, 4)
    people = world.people(2)
    for who in people:
        world.answer(who, project)
    before = columns_of(world.database, tmp_path, project.id)
    for judgment in judgments(world)[:3]:
        again(world, people[0], judgment, "dog")
    copied, plain = (
        columns_of(world.database, tmp_path, project.id),
        world.database.read(lambda tx: read_columns(tx, project.id)),
    )
    assert len(before) == len(copied) == len(plain) == 8
    assert copied.id.tolist() == plain.id.tolist()
    said = [json.loads(str(copied.texts[code]))["label"] for code in copied.answers]
    assert sorted(said) == ["cat"] * 5 + ["dog"] * 3
    assert world.count(t.exposure) == 8, "nothing new was shown"
    gone = world.write(
        lambda tx: withdraw(
            tx, tx.rows(sa.select(t.judgment).where(t.judgment.c.current)), "exit:x", "exit:x:derived", None
        )
    )
    assert gone.judgments == 8
    assert sums(world, project).judgments == 0
    assert len(columns_of(world.database, tmp_path, project.id)) == 0


def test_one_s_own_answers_are_listed_newest_first(world: World) -> None:
    project = world.project(answers=2)
    world.tasks(project, 7)
    who, other = world.people(2)
    for label in ("cat", "dog", "bird"):
        world.answer(who, project, label, most=2)
    world.answer(other, project)
    again(world, who, judgments(world)[0], "bird")
    found = own(world, who, project)
    assert [m.answers["label"] for m in found] == ["bird", "bird", "bird", "dog", "dog", "cat"]
    assert [m.id for m in pages(world, who, project, 2)] == [m.id for m in found]
    assert all(m.content and m.form and m.revisable for m in found)
    seen = world.count(t.exposure, t.exposure.c.annotator_id == who.annotator_id)
    assert seen == 6, "what was claimed today is not written again"
    with pytest.raises(Invalid):
        own(world, other, project, judgments(world)[0].id)


def test_a_revision_and_a_verdict_at_once_agree_on_what_was_seen(world: World) -> None:
    project = world.project(review_rate=1)
    tasks = world.tasks(project, 8)
    (who,) = world.people(1)
    world.answer(who, project)
    rita = desk(world, project)
    by_task = {item.task: item for item in rita.claim(8)}
    given = {j.task_id: j for j in judgments(world)}

    def act(fn: Any) -> str:
        try:
            fn()
        except Conflict as lost:
            return lost.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        for task in tasks:
            row = world.task(task)
            said = pool.submit(act, lambda task=task: rita.say(by_task[task], "accept"))
            revised = pool.submit(act, lambda key=row.id: again(world, who, given[key], "dog"))
            outcome = (said.result(), revised.result())
            assert outcome in {("done", "reviewed"), ("lease_lost", "done")}
            value = world.consensus(task)[-1].answers["label"]
            assert (world.task(task).status, value) == (
                ("settled", "cat") if outcome[0] == "done" else ("review", "dog")
            )
    counted(world, project)
