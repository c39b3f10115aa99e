"""How does a test get a small installation with people, providers, projects and tasks in it?

Everything is made through the use cases themselves, each in a write of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.ids import new_id
from steelyard.domain.states import AssignmentState
from steelyard.identity.keys import authenticate_key, create_key
from steelyard.identity.people import provider_named
from steelyard.identity.policy import Principal
from steelyard.providers.registry import (
    Changed,
    create_provider,
    ensure_in_house,
    find_provider,
    update_provider,
)
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.batches import create_batch
from steelyard.work.claim import Claimed, claim
from steelyard.work.draft import Draft, check_task
from steelyard.work.giveback import expire, give_back
from steelyard.work.held import Held
from steelyard.work.projects import create_project, update_project
from steelyard.work.submit import Submitted, submit
from steelyard.work.tasks import write_tasks

T = TypeVar("T")
PETS = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog", "bird"]}]}


def text_task(text: str, **more: Any) -> dict[str, Any]:
    return {"content": {"blocks": [{"type": "text", "text": text}]}, **more}


class World:
    """An installation in an empty migrated database, and its owner."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._numbers = itertools.count(1)
        self.write(self._prepare)
        self.owner = self.person("olga", role="owner")

    @staticmethod
    def _prepare(tx: Transaction) -> None:
        tx.execute(
            sa.insert(t.installation).values(
                id=1, public_id=new_id(tx.now), currency="USD", eligibility_version=1, created_at=tx.now
            )
        )
        ensure_in_house(tx)

    def write(self, fn: Callable[[Transaction], T]) -> T:
        return self.database.write(fn)

    def all(self, statement: sa.Executable) -> list[sa.Row]:
        return self.database.read(lambda tx: list(tx.rows(statement)))

    def one(self, statement: sa.Executable) -> Any:
        """The only value of the only row."""
        return self.database.read(lambda tx: tx.execute(statement).scalar_one())

    def count(self, table: sa.FromClause, *where: sa.ColumnElement[bool]) -> int:
        return self.one(sa.select(sa.func.count()).select_from(table).where(*where))

    def key(self, name: str, role: str = "annotator", provider: str | None = None, mode: str = "live") -> str:
        return self.write(
            lambda tx: create_key(tx, role, provider_named(tx, provider), name=name, mode=mode)[1]
        )

    def person(
        self, name: str, provider: str | None = None, role: str = "annotator", mode: str = "live"
    ) -> Principal:
        key = self.key(name, role, provider, mode)
        return self.write(lambda tx: authenticate_key(tx, key))

    def people(self, count: int, provider: str | None = None) -> list[Principal]:
        return [self.person(f"{provider or 'worker'} {i}", provider) for i in range(count)]

    def provider(self, name: str, **raw: Any) -> sa.Row:
        return self.write(lambda tx: create_provider(tx, self.owner, {"name": name, **raw}))

    def change(self, provider: str, **patch: Any) -> Changed:
        return self.write(lambda tx: update_provider(tx, self.owner, provider, patch))

    def project(self, name: str = "Pets", form: Mapping[str, Any] = PETS, **policy: Any) -> sa.Row:
        return self.write(
            lambda tx: create_project(tx, self.owner, name=name, form=dict(form), policy=policy)
        )

    def patch(self, project: sa.Row, **policy: Any) -> sa.Row:
        return self.write(lambda tx: update_project(tx, self.owner, project.slug, {"policy": policy}))

    def batch(self, project: sa.Row, name: str, *, staged: bool = False) -> sa.Row:
        return self.write(lambda tx: create_batch(tx, self.owner, project, name, staged=staged))

    def tasks(self, project: sa.Row, count: int, **more: Any) -> list[str]:
        """Public ids of new tasks, each with a text and an external_id of its own."""
        return self.add(project, [self.row(**more) for _ in range(count)])

    def row(self, **more: Any) -> dict[str, Any]:
        number = next(self._numbers)
        return text_task(f"text {number}", external_id=f"t{number}", **more)

    def add(self, project: sa.Row, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        body = self.one(sa.select(t.form.c.body).where(t.form.c.id == project.form_id))
        form = forms.parse_form(body)
        drafts: list[Draft] = []
        for number, raw in enumerate(rows):
            draft = check_task(raw, number, form, lambda url, pointer: url)
            assert isinstance(draft, Draft), draft
            drafts.append(draft)
        made = self.write(lambda tx: write_tasks(tx, self.owner, project, drafts).ids)
        return [key for key in made if key is not None]

    def gold(self, project: sa.Row, count: int, label: str = "cat") -> list[str]:
        return self.tasks(project, count, gold={"label": label})

    def claim(self, who: Principal, project: sa.Row, count: int = 1, lease_s: int | None = None) -> Claimed:
        return self.write(lambda tx: claim(tx, who, project, count, lease_s))

    def take(self, who: Principal, project: sa.Row, count: int = 1) -> list[Held]:
        return self.claim(who, project, count).held

    def submit(self, who: Principal, held: Held | str, label: Any = "cat", **more: Any) -> Submitted:
        key = held if isinstance(held, str) else held.id
        return self.write(lambda tx: submit(tx, who, key, {"label": label}, **more))

    def give_back(self, who: Principal, held: Held) -> None:
        self.write(lambda tx: give_back(tx, who, held.id))

    def expire(self) -> int:
        return self.write(expire)

    def answer(self, who: Principal, project: sa.Row, label: Any = "cat", most: int = 10_000) -> int:
        """Claims and answers until there is nothing left; `label` may be a function of what is held."""
        done = 0
        while done < most and (held := self.take(who, project, min(20, most - done))):
            for one in held:
                self.submit(who, one, label(one) if callable(label) else label)
            done += len(held)
        return done

    def held(self, provider: sa.Row) -> int:
        return self.count(
            t.assignment,
            t.assignment.c.provider_id == provider.id,
            t.assignment.c.state == int(AssignmentState.HELD),
        )

    def task(self, public_id: str) -> sa.Row:
        (row,) = self.all(sa.select(t.task).where(t.task.c.public_id == public_id))
        return row

    def consensus(self, public_id: str) -> list[sa.Row]:
        """Every revision of a task's answer, the first one first."""
        return self.all(
            sa.select(t.consensus, t.consensus_payload.c.answers)
            .join(t.task, t.task.c.id == t.consensus.c.task_id)
            .join(t.consensus_payload, t.consensus_payload.c.consensus_id == t.consensus.c.id)
            .where(t.task.c.public_id == public_id)
            .order_by(t.consensus.c.revision)
        )

    def provider_row(self, slug: str) -> sa.Row:
        return self.database.read(lambda tx: find_provider(tx, slug))
