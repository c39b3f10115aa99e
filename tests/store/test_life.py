"""Is there any order of events in which the queue loses, doubles or forgets work? Hypothesis looks for one,
and holds the database against a plain model after every step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.clock import Clock
from support.life import Model, Slot, Task
from support.thorough import thorough
from support.world import World

from steelyard.domain.states import AssignmentState
from steelyard.identity.policy import Principal
from steelyard.jobs.runner import Runner
from steelyard.store import tables as t
from steelyard.work import ended, queue, tasks
from steelyard.work.batches import change_batch
from steelyard.work.giveback import give_back
from steelyard.work.queue import refresh_cursors
from steelyard.work.review import review
from steelyard.work.submit import Refused
from steelyard.work.tally import progress
from steelyard.work.task_end import end_left, end_tasks

_numbers = itertools.count(1)
WAVE = 3
LEASES = (90, 890)
PEOPLE = {"ann": "in-house", "bob": "in-house", "vic": "acme", "val": "acme"}
STATES = {int(state): state.name.lower() for state in AssignmentState}
anybody = st.sampled_from(sorted(PEOPLE))
dice = st.integers(0, 10_000)
counts = st.integers(1, 5)


class Life(RuleBasedStateMachine):
    """A project of its own in a world that all examples share."""

    world: World
    clock: Clock
    people: dict[str, Principal]

    @initialize(answers=st.integers(1, 3))
    def begin(self, answers: int) -> None:
        self.project = self.world.project(f"Pets {next(_numbers)}", answers=answers, lease_s=LEASES[0])
        self.model = Model(PEOPLE, answers, WAVE)
        self.model.now = self.clock.advanced() / 1e6
        self.lost: list[tuple[str, Task, Slot, str]] = []
        self.sent: list[tuple[str, str, str, str]] = []

    # --- rules --------------------------------------------------------------------------------------------

    @rule(count=st.integers(1, 4), priority=st.sampled_from([0, 0, 0, 2]), at=dice)
    def add(self, count: int, priority: int, at: int) -> None:
        open_ones = [None, *(b for b, s in self.model.batches.items() if s not in ("finished", "cancelled"))]
        batch = open_ones[at % len(open_ones)]
        more = {"batch": self.named(batch)} if batch else {}
        made = self.world.tasks(self.project, count, priority=priority, **more)
        self.model.add(made, priority, batch)
        self.check()

    @rule(who=anybody, count=counts, lease=st.sampled_from(LEASES))
    def claim(self, who: str, count: int, lease: int) -> None:
        claimed = self.world.claim(self.people[who], self.project, count, lease)
        self.handed_out(who, claimed.held, count, lease)
        assert bool(claimed.code) == (not claimed.held)
        self.check()

    @precondition(lambda self: self.model.held())
    @rule(at=dice, more=st.integers(0, 2))
    def submit(self, at: int, more: int) -> None:
        task, slot = self.one_of(self.model.held(), at)
        who, key = str(slot.who), f"key {at}"
        done = self.world.submit(self.people[who], str(slot.id), claim_next=more, idempotency_key=key)
        assert done.judgment not in task.judgments
        self.model.submit(task, slot, done.judgment)
        self.sent.append((who, str(slot.id), key, done.judgment))
        self.handed_out(who, done.next, more, LEASES[0])
        self.check()

    @precondition(lambda self: self.sent)
    @rule(at=dice)
    def send_again(self, at: int) -> None:
        who, assignment, key, judgment = self.one_of(self.sent, at)
        again = self.world.submit(self.people[who], assignment, idempotency_key=key)
        assert (again.judgment, again.replayed) == (judgment, True)
        self.check()

    @precondition(lambda self: self.lost)
    @rule(at=dice)
    def submit_late(self, at: int) -> None:
        who, task, slot, assignment = self.one_of(self.lost, at)
        expected = self.model.refusal(who, task, slot)
        if expected is None:
            return  # handed out to the same one again
        with pytest.raises(Refused) as refused:
            self.world.submit(self.people[who], assignment)
        assert refused.value.code == expected
        self.check()

    @precondition(lambda self: self.model.held())
    @rule(at=dice, to=st.sampled_from(["others", "anyone"]))
    def give_back(self, at: int, to: str) -> None:
        task, slot = self.one_of(self.model.held(), at)
        who = str(slot.who)
        self.world.write(lambda tx: give_back(tx, self.people[who], str(slot.id), "no", to))
        self.model.give_back(who, task, slot, to)
        self.check()

    @rule(seconds=st.sampled_from([50, 500]), sweep=st.booleans())
    def time_passes(self, seconds: int, sweep: bool) -> None:
        self.clock.advance(seconds)
        self.model.now += seconds
        if sweep:
            self.world.expire()
            self.remember_lost(self.model.sweep)
        self.check()

    @rule(status=st.sampled_from(["running", "staged"]), priority=st.sampled_from([0, 1, 5]))
    def make_batch(self, status: str, priority: int) -> None:
        name = f"b{len(self.model.batches)}"
        if len(self.model.batches) == 3:
            return
        self.world.batch(self.project, self.named(name), staged=status == "staged")
        self.model.batches[name], self.model.batch_priority[name] = status, 0
        if priority:
            self.prioritise_batch(name, priority)

    @precondition(lambda self: self.model.batches)
    @rule(at=dice, priority=st.integers(-1, 5))
    def prioritise(self, at: int, priority: int) -> None:
        self.prioritise_batch(self.one_of(sorted(self.model.batches), at), priority)
        self.check()

    @precondition(lambda self: self.model.batches)
    @rule(at=dice, to=st.sampled_from(["running", "paused", "running", "paused", "finished", "cancelled"]))
    def move_batch(self, at: int, to: str) -> None:
        name = self.one_of(sorted(self.model.batches), at)
        before = self.model.batches[name]
        if before in ("finished", "cancelled") or (before == "staged" and to in ("paused", "finished")):
            return
        row = self.world.write(lambda tx: change_batch(tx, self.world.owner, self.named(name), to))
        if to in ("finished", "cancelled"):
            self.end(row.id)
        self.remember_lost(lambda: self.model.move_batch(name, to))
        self.check()

    @precondition(lambda self: any(task.judgments for task in self.model.tasks.values()))
    @rule(at=dice)
    def reject(self, at: int) -> None:
        given = [(task, j) for task in self.model.tasks.values() for j in task.judgments]
        task, judgment = self.one_of(given, at)
        if task.status == "cancelled":
            return
        self.world.write(lambda tx: review(tx, self.world.owner, judgment, "reject", reason="not a cat"))
        self.model.reject(task, judgment)
        self.sent = [one for one in self.sent if one[3] != judgment]
        self.check()

    @rule(answers=st.integers(1, 3))
    def change_policy(self, answers: int) -> None:
        self.project = self.world.patch(self.project, answers=answers)
        self.model.answers = answers

    @rule(status=st.sampled_from(["suspended", "active"]))
    def provider(self, status: str) -> None:
        self.world.change("acme", status=status)
        if status == "suspended":
            self.remember_lost(lambda: self.model.stop("acme"))
        else:
            self.model.stopped.discard("acme")
        self.check()

    @rule()
    def look_again(self) -> None:
        self.world.write(refresh_cursors)

    def teardown(self) -> None:
        """Everything goes on, and then whatever can be answered is answered."""
        if not hasattr(self, "model"):
            return
        self.provider("active")
        for name, status in self.model.batches.items():
            if status in ("staged", "paused"):
                self.world.write(
                    lambda tx, n=name: change_batch(tx, self.world.owner, self.named(n), "running")
                )
                self.model.move_batch(name, "running")
        self.time_passes(500, False)
        self.time_passes(500, True)
        for who in PEOPLE:
            while self.model.waiting_for(who):
                self.claim(who, 5, LEASES[0])
                for task, slot in self.model.held(who):
                    done = self.world.submit(self.people[who], str(slot.id))
                    self.model.submit(task, slot, done.judgment)
            assert self.world.take(self.people[who], self.project) == []
        self.check()
        for task in self.model.tasks.values():
            if task.status == "open":  # nobody is left who may answer it
                assert all(task.seen_by(who) or (who, task.id) in self.model.declined for who in PEOPLE)

    # --- what is there ------------------------------------------------------------------------------------

    def check(self) -> None:
        """The database says of every task, assignment and answer what the model says."""
        if "finished" in self.model.batches.values() or "cancelled" in self.model.batches.values():
            Runner(self.world.database, {ended.JOB: self.end_left}).run_due()
        task, a, j = t.task, t.assignment, t.current_judgment
        rows = self.world.all(
            sa.select(task.c.public_id, task.c.id, task.c.status, task.c.wanted, task.c.answers)
            .where(task.c.project_id == self.project.id)
        )  # fmt: skip
        names = {row.id: row.public_id for row in rows}
        slots: dict[str, list[Any]] = {key: [] for key in names.values()}
        for row in self.world.all(
            sa.select(a.c.task_id, a.c.state, a.c.ordinal, a.c.annotator_id, a.c.priority)
            .where(a.c.project_id == self.project.id)
        ):  # fmt: skip
            who = self.name_of.get(row.annotator_id) if row.state in (1, 2) else None
            slots[names[row.task_id]].append((STATES[row.state], row.ordinal >> 16 & 0xFFFF, who))
        given: dict[str, set[str]] = {key: set() for key in names.values()}
        for row in self.world.all(
            sa.select(j.c.public_id, j.c.task_id, j.c.annotator_id).where(j.c.project_id == self.project.id)
        ):
            given[names[row.task_id]].add(row.public_id)
        assert (names.keys() and set(names.values()) == self.model.tasks.keys()) or not self.model.tasks
        for row in rows:
            model = self.model.tasks[row.public_id]
            assert (row.status, row.wanted, row.answers) == (model.status, model.wanted, len(model.judgments))
            assert given[row.public_id] == model.judgments.keys()
            expected = [
                (s.state, s.answer, s.who if s.state in ("held", "done") else None) for s in model.slots
            ]
            assert sorted(slots[row.public_id], key=str) == sorted(expected, key=str)
            busy = [who for state, _, who in slots[row.public_id] if state in ("held", "done")]
            assert len(busy) == len(set(busy)), "nobody has a task twice"
            assert len(model.judgments) <= model.wanted, "never more answers than wanted"
        sums = self.world.database.read(lambda tx: progress(tx, self.project.id))
        settled = sum(task.status == "settled" for task in self.model.tasks.values())
        open_ones = sum(task.status == "open" for task in self.model.tasks.values())
        judgments = sum(len(task.judgments) for task in self.model.tasks.values())
        assert (sums.settled, sums.open, sums.judgments) == (settled, open_ones, judgments)

    def handed_out(self, who: str, held: list[Any], count: int, lease: int) -> None:
        """What was handed out is what the model would have handed out, but for equals in its order."""
        expected = self.model.next_for(who, count)
        ranks = {task.id: key for key, task, _ in self.model.waiting_for(who)[::-1]}
        assert [ranks.get(one.task) for one in held] == [key for key, _, _ in expected]
        for one in held:
            task = self.model.tasks[one.task]
            slot = next(s for key, t, s in self.model.waiting_for(who) if t is task)
            self.model.hand_out(who, task, slot, one.id, lease)

    def remember_lost(self, happens: Callable[[], None]) -> None:
        before = [(str(slot.who), task, slot, str(slot.id)) for task, slot in self.model.held()]
        happens()
        self.lost += [one for one in before if one[2].state != "held"]

    # --- small things -------------------------------------------------------------------------------------

    @property
    def name_of(self) -> dict[int, str]:
        return {who.annotator_id: name for name, who in self.people.items()}

    def named(self, batch: str) -> str:
        return f"{batch} of {self.project.slug}"

    def one_of(self, things: list[Any], at: int) -> Any:
        return things[at % len(things)]

    def prioritise_batch(self, name: str, priority: int) -> None:
        self.world.write(lambda tx: change_batch(tx, self.world.owner, self.named(name), priority=priority))
        self.model.prioritise(name, priority)

    def end_left(self, args: dict[str, Any]) -> None:
        self.world.write(lambda tx: end_left(tx, args["tasks"]))

    def end(self, batch: int) -> None:
        after: int | None = 0
        while after is not None:
            after = self.world.write(lambda tx, after=after: end_tasks(tx, batch, after, 2))


@pytest.fixture
def small_waves(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (queue, tasks):
        monkeypatch.setattr(module, "WAVE", WAVE, raising=False)


@pytest.mark.timeout(3600 if thorough() else 120)
def test_in_whatever_order_things_happen_it_is_as_the_model_says(
    world: World, clock: Clock, small_waves: None
) -> None:
    world.provider("Acme")
    people = {name: world.person(name, None if p == "in-house" else p) for name, p in PEOPLE.items()}
    namespace = {"world": world, "clock": clock, "people": people}
    machine = type("LifeHere", (Life,), namespace)
    bounded = settings(
        max_examples=2000 if thorough() else 15,
        stateful_step_count=80 if thorough() else 30,
        derandomize=not thorough(),
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if thorough() else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=bounded)
