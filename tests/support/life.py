"""What should become of tasks and assignments? A plain model: dictionaries and lists, no database, no hurry.

It is told what was asked and answered, and says what is there then. One thing happens after the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

Key = tuple[int, int, int, int]  # the place in the queue: priority (lowest first), wave, answer, place


@dataclass(eq=False)
class Slot:
    """One wanted answer: ready, waiting, held, done or cancelled."""

    answer: int
    state: str
    who: str | None = None
    until: float = 0
    id: str | None = None  # the assignment's public id, once it was handed out


@dataclass(eq=False)
class Task:
    id: str
    priority: int
    wave: int
    place: int
    batch: str | None
    wanted: int
    slots: list[Slot]
    status: str = "open"
    judgments: dict[str, Slot] = field(default_factory=dict)  # current ones, by public id

    def key(self, slot: Slot) -> Key:
        return (-self.priority, self.wave, slot.answer, self.place)

    def seen_by(self, who: str) -> bool:
        return any(slot.who == who and slot.state in ("held", "done") for slot in self.slots)

    def out(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.state in ("ready", "held", "waiting")]


class Model:
    """A project with people of two providers; `wave` is the number of tasks in a wave."""

    def __init__(self, people: dict[str, str], answers: int, wave: int) -> None:
        self.provider_of = people
        self.answers = answers
        self.wave = wave
        self.now = 0.0
        self.tasks: dict[str, Task] = {}
        self.batches: dict[str, str] = {}
        self.batch_priority: dict[str, int] = {}
        self.declined: set[tuple[str, str]] = set()
        self.stopped: set[str] = set()
        self._filled: Counter[int] = Counter()

    # --- what is asked ------------------------------------------------------------------------------------

    def add(self, ids: list[str], priority: int, batch: str | None) -> None:
        state = "ready"
        if batch is not None:
            priority = priority or self.batch_priority[batch]
            state = "ready" if self.batches[batch] == "running" else "waiting"
        for key in ids:
            wave, place = divmod(self._filled[priority], self.wave)
            self._filled[priority] += 1
            slots = [Slot(answer, state) for answer in range(self.answers)]
            self.tasks[key] = Task(key, priority, wave, place, batch, self.answers, slots)

    def next_for(self, who: str, count: int) -> list[tuple[Key, Task, Slot]]:
        """What a claim of so many hands out, in order. It looks at as many waiting answers as are asked for, of
        each priority, and takes one of a task: it may bring fewer than there are, but never none."""
        found: list[tuple[Key, Task, Slot]] = []
        waiting = self.waiting_for(who)
        for priority in sorted({key[0] for key, _, _ in waiting}):
            looked_at = [one for one in waiting if one[0][0] == priority][: count - len(found)]
            for one in looked_at:
                if all(one[1] is not task for _, task, _ in found):
                    found.append(one)
        return found

    def waiting_for(self, who: str) -> list[tuple[Key, Task, Slot]]:
        """All waiting answers that this annotator may give, in the order of the queue."""
        if self.provider_of[who] in self.stopped:
            return []
        found = [
            (task.key(slot), task, slot)
            for task in self.tasks.values()
            if not task.seen_by(who)
            and (who, task.id) not in self.declined
            and (task.batch is None or self.batches[task.batch] == "running")
            for slot in task.slots
            if slot.state == "ready"
        ]
        return sorted(found, key=lambda one: one[0])

    def hand_out(self, who: str, task: Task, slot: Slot, assignment: str, lease_s: float) -> None:
        slot.state, slot.who, slot.until, slot.id = "held", who, self.now + lease_s, assignment

    def held(self, who: str | None = None) -> list[tuple[Task, Slot]]:
        return [
            (task, slot)
            for task in self.tasks.values()
            for slot in task.slots
            if slot.state == "held" and who in (None, slot.who)
        ]

    def refusal(self, who: str, task: Task, slot: Slot) -> str | None:
        """The code with which an answer is refused, None where it is taken."""
        if self.provider_of[who] in self.stopped:
            return "provider_stopped"
        if slot.state != "held" or slot.who != who:
            return "task_full" if task.status in ("settled", "cancelled") else "lease_lost"
        return None

    def submit(self, task: Task, slot: Slot, judgment: str) -> None:
        slot.state = "done"
        task.judgments[judgment] = slot
        if len(task.judgments) >= task.wanted:
            task.status = "settled"

    def give_back(self, who: str, task: Task, slot: Slot, to: str) -> None:
        if to == "others":
            self.declined.add((who, task.id))
        self._back(task, slot)

    # --- what happens -------------------------------------------------------------------------------------

    def sweep(self) -> None:
        for task, slot in self.held():
            if slot.until < self.now:
                self._back(task, slot)

    def stop(self, provider: str) -> None:
        self.stopped.add(provider)
        for task, slot in self.held():
            if self.provider_of[slot.who or ""] == provider:
                self._back(task, slot)

    def reject(self, task: Task, judgment: str) -> None:
        """The answer is withdrawn, and what the task lacks then is asked of others."""
        del task.judgments[judgment]
        votes, out = len(task.judgments), len(task.out())
        lacks = max(0, min(task.wanted, self.answers) - votes - out)
        task.wanted = votes + out + lacks
        if votes == 0 or out + lacks:
            task.status = "open"
        else:
            task.status = "settled"
        self._order(task, lacks)
        if self._ended(task) and task.status == "open":
            self._end(task, "finished")

    def move_batch(self, batch: str, status: str) -> None:
        self.batches[batch] = status
        to = {"running": "ready", "paused": "waiting"}.get(status, "cancelled")
        for task in self.tasks.values():
            if task.batch == batch:
                for slot in task.slots:
                    if slot.state in ("ready", "waiting"):
                        slot.state = to
                if status in ("finished", "cancelled") and task.status == "open":
                    self._end(task, status)

    def prioritise(self, batch: str, priority: int) -> None:
        self.batch_priority[batch] = priority
        for task in self.tasks.values():
            if task.batch == batch:
                task.priority = priority

    def _back(self, task: Task, slot: Slot) -> None:
        """A slot that nobody holds any more; of a batch that has ended it is wanted no more."""
        slot.who = None
        slot.state = "ready"
        if self._ended(task) and task.status == "open":
            self._end(task, "finished")

    def _ended(self, task: Task) -> bool:
        return task.batch is not None and self.batches[task.batch] in ("finished", "cancelled")

    def _order(self, task: Task, count: int) -> None:
        task.slots += [Slot(task.wanted - 1, "ready") for _ in range(count)]

    def _end(self, task: Task, status: str) -> None:
        for slot in task.out():
            if status == "cancelled" or slot.state != "held":
                slot.state = "cancelled"
        held = len(task.out())
        task.wanted = len(task.judgments) + held
        if status == "cancelled" or task.wanted == 0:
            task.status = "cancelled"
        elif not held:
            task.status = "settled"
