"""What must hold after a fault? The same each time: a project is worked on until all of it is answered, and then
looked at.

Every acknowledged answer is there once, no task has more answers than wanted, nobody answered one twice, nothing
is stuck in anybody's hands, what is shown as a sum equals a count, and the database is sound.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa

from steelyard.client import Client, Refused, Unreachable
from steelyard.domain.states import AssignmentState
from steelyard.store import tables as t
from steelyard.store.database import Transaction, open_database
from steelyard.work.tally import by_provider, progress
from support.crowd import Crowd, wait
from support.server import CATS, Server, text_tasks

_numbers = itertools.count(1)


class Load:
    """A project of `tasks` tasks on which `people` work at once, each resting `rest_s` after an answer so that the
    work lasts through the faults. They work through the servers at `urls`: the one it was made on, unless said."""

    def __init__(
        self,
        server: Server,
        tasks: int,
        *,
        owner_key: str | None = None,
        answers: int = 2,
        lease_s: int = 2,
        people: int = 4,
        urls: Sequence[str] = (),
        rest_s: float = 0.03,
        patient: bool = False,
    ) -> None:
        self.tasks, self.answers, self.lease_s = tasks, answers, lease_s
        self.server = server
        self.owner_key = owner_key or server.make_key("owner")
        self.owner = server.client(self.owner_key)
        policy = {"answers": answers, "lease_s": lease_s}
        made = self.owner.post(
            "/api/projects", {"name": f"P{next(_numbers)}", "form": CATS, "policy": policy}
        )
        self.slug = made["slug"]
        self.owner.create_tasks(self.slug, text_tasks(tasks))
        names = [f"{self.slug} {i}" for i in range(people)]
        keys = [self.owner.post("/api/keys", {"role": "annotator", "name": name})["key"] for name in names]
        self.crowd = Crowd(urls or [server.url], self.slug, keys, rest_s=rest_s, patient=patient)
        self.crowd.start()

    def acknowledge(self, more: int) -> None:
        """Waits for so many answers more, or for the end."""
        goal = min(len(self.crowd.acknowledged) + more, self.tasks * self.answers)
        acknowledged, faults = self.crowd.acknowledged, self.crowd.faults
        wait(lambda: len(acknowledged) >= goal or bool(faults) or self.settled())
        assert not self.crowd.faults

    def settled(self, client: Client | None = None) -> bool:
        try:
            sums = (client or self.owner).get(f"/api/projects/{self.slug}")["progress"]
        except (Unreachable, Refused):
            return False
        return sums["settled"] == self.tasks and sums["held"] == 0

    def finish(self, server: Server | None = None) -> None:
        """Waits until all is answered, and looks whether it is as it should be."""
        server = server or self.server
        client = server.client(self.owner_key)
        self.crowd.rest_s = 0.0
        wait(lambda: self.settled(client) or bool(self.crowd.faults), 60 + self.tasks * self.answers / 10)
        self.crowd.done.set()
        self.crowd.join()
        assert not self.crowd.faults
        told = [(row["id"], row["task"]) for row in client.judgments(self.slug)]
        assert self.crowd.acknowledged.items() <= dict(told).items(), "an acknowledged answer is not there"
        with open_database(server.folder, server.database_url) as database:
            ids = database.read(lambda tx: _look_at(tx, self.slug, self.tasks, self.answers))
        assert sorted(judgment for judgment, _ in told) == sorted(ids), "each stands in the list once"


def _look_at(tx: Transaction, slug: str, tasks: int, answers: int) -> list[str]:
    """What holds of a project all of which is answered, read from the database; returns its judgments."""
    key = tx.scalar(sa.select(t.project.c.id).where(t.project.c.slug == slug))
    j, a, e = t.judgment, t.assignment, t.exposure
    given = tx.rows(sa.select(j.c.public_id, j.c.task_id, j.c.annotator_id).where(j.c.project_id == key))
    assert Counter(Counter(row.task_id for row in given).values()) == {answers: tasks}
    assert len({(row.task_id, row.annotator_id) for row in given}) == len(given), "one answered a task twice"
    states = tx.rows(sa.select(a.c.state, sa.func.count()).where(a.c.project_id == key).group_by(a.c.state))
    assert dict(map(tuple, states)) == {AssignmentState.DONE: len(given)}, (
        "something is stuck, or was not wanted"
    )
    shown = sa.exists().where(e.c.assignment == a.c.public_id, e.c.annotator_id == j.c.annotator_id)
    unseen = sa.select(sa.func.count()).select_from(j.join(a, a.c.id == j.c.assignment_id)).where(~shown)
    assert tx.scalar(unseen.where(j.c.project_id == key)) == 0, "answered without having been shown"
    sums = progress(tx, key)
    assert (sums.settled, sums.open, sums.judgments) == (tasks, 0, len(given))
    assert sum(of.judgments for of in by_provider(tx, key)) == len(given)
    w = t.workload
    kept = tx.rows(sa.select(w.c.annotator_id, w.c.judgments).where(w.c.project_id == key, w.c.judgments > 0))
    assert dict(map(tuple, kept)) == Counter(row.annotator_id for row in given)
    current = sa.select(sa.func.count()).select_from(t.consensus).where(t.consensus.c.current)
    assert tx.scalar(current.where(t.consensus.c.project_id == key)) == tasks
    if tx.dialect == "sqlite":
        assert tx.scalar(sa.text("PRAGMA integrity_check")) == "ok"
        assert tx.rows(sa.text("PRAGMA foreign_key_check")) == []
    return [row.public_id for row in given]
