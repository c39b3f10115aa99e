"""A project with a past: providers, contents, judgments, gold, fixes and shipments, written row by row."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.ledger.commitments import commit
from steelyard.releases.build import Built, build
from steelyard.releases.signing import load_or_make_key
from steelyard.store import tables as t
from steelyard.store.blobs import FolderBlobs
from steelyard.store.database import Database, Transaction

DAY = 86_400_000_000
START = 1_772_359_200_000_000  # 2026-03-01T10:00:00Z
FORM = {
    "questions": [
        {"name": "label", "kind": "choice", "options": ["cat", "dog", "bird"]},
        {"name": "score", "kind": "rating", "required": False},
        {"name": "words", "kind": "text", "required": False},
    ]
}


@dataclass
class State:
    """Makes rows; what it returns are row keys unless said otherwise."""

    database: Database
    folder: Path
    project: int = 0
    form: int = 0
    providers: dict[str, int] = field(default_factory=dict)
    annotators: dict[str, int] = field(default_factory=dict)
    of: dict[int, tuple[int, bool]] = field(default_factory=dict)  # annotator: provider, anonymous
    public: dict[tuple[str, int], str] = field(default_factory=dict)
    tx: Transaction | None = None  # when set, all is written in it
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.blobs = FolderBlobs(self.folder / "blobs")

    def insert(self, table: sa.Table, **values: Any) -> int:
        if "public_id" in table.c:
            values["public_id"] = f"{next(self._numbers):024x}"

        def write(tx: Transaction) -> int:
            return tx.execute(sa.insert(table).values(**values)).inserted_primary_key[0]

        key = write(self.tx) if self.tx is not None else self.database.write(write)
        if "public_id" in values:
            self.public[table.name, key] = values["public_id"]
        return key

    def add_form(self, raw: dict[str, Any]) -> int:
        form = forms.parse_form(raw)
        return self.insert(t.form, digest=forms.digest(form), body=form.canonical(), created_at=START)

    def add_project(self, slug: str = "pets", world: str = "live", **policy: Any) -> int:
        self.form = self.form or self.add_form(FORM)
        self.project = self.insert(
            t.project, world=world, name=slug.title(), name_key=slug, slug=slug, instruction="Name the animal.",
            policy=policy, form_id=self.form, status="active", created_at=START,
        )  # fmt: skip
        return self.project

    def add_provider(self, name: str, slug: str) -> int:
        self.providers[slug] = self.insert(
            t.provider, name=name, name_key=name.casefold(), slug=slug, kind="people", status="active",
            clearance="internal", price=50_000, capabilities={}, config={}, created_at=START,
        )  # fmt: skip
        return self.providers[slug]

    def add_annotator(self, name: str, provider: str, *, anonymous: bool = False) -> int:
        self.annotators[name] = self.insert(
            t.annotator, provider_id=self.providers[provider], external_id=name, anonymous=anonymous,
            created_at=START,
        )  # fmt: skip
        self.of[self.annotators[name]] = (self.providers[provider], anonymous)
        return self.annotators[name]

    def add_shipment(self, provider: str) -> int:
        return self.insert(
            t.shipment, provider_id=self.providers[provider], project_id=self.project, name="bulk", rows=1,
            received_at=START,
        )  # fmt: skip

    def add_task(
        self,
        external_id: str | None,
        text: str,
        *,
        provider: str = "in-house",
        at: int = START,
        gold: dict[str, Any] | None = None,
        blob: bytes | None = None,
        status: str = "settled",
        shipment: int | None = None,
    ) -> int:
        blocks: list[dict[str, Any]] = [{"type": "text", "text": text}]
        if blob is not None:
            blocks.append({"type": "image", "url": f"blob:sha256/{self.blobs.put(blob)}"})
        salt, commitment = commit({"blocks": blocks})
        content = self.insert(
            t.content, project_id=self.project, provider_id=self.providers[provider], shipment_id=shipment,
            commitment=commitment, at=at,
        )  # fmt: skip
        self.insert(t.content_payload, content_id=content, body={"blocks": blocks}, salt=salt)
        if blob is not None:
            digest = self.blobs.put(blob)
            self.insert(t.blob, digest=digest, size=len(blob), media_type="image/png", created_at=at)
            self.insert(t.content_blob, content_id=content, digest=digest)
        task = self.insert(
            t.task, world="live", project_id=self.project, content_id=content, form_id=self.form,
            external_id=external_id, status=status, gold=None if gold is None else "evaluation", wave=0, place=0,
            wanted=1, tags=[], details={}, digest=b"", created_at=at,
        )  # fmt: skip
        if gold is not None:
            salt, commitment = commit(gold)
            known = self.insert(t.gold, task_id=task, commitment=commitment, at=at)
            self.insert(t.gold_payload, gold_id=known, answers=gold, salt=salt)
        return task

    def judge(
        self,
        task: int,
        annotator: str,
        answers: dict[str, Any],
        *,
        at: int = START,
        based_on: int | None = None,
        shipment: int | None = None,
        form: int | None = None,
    ) -> int:
        who = self.annotators[annotator]
        provider, anonymous = self.of[who]
        salt, commitment = commit(answers)
        judgment = self.insert(
            t.judgment, project_id=self.project, task_id=task, annotator_id=who, provider_id=provider,
            shipment_id=shipment, form_id=form or self.form, based_on=based_on, commitment=commitment, at=at,
            anonymous=anonymous, spent_ms=1200,
        )  # fmt: skip
        self.insert(t.judgment_payload, judgment_id=judgment, answers=answers, salt=salt)
        return judgment

    def withdraw(self, judgment: int, reason: str = "exit") -> None:
        self.insert(t.withdrawal, judgment_id=judgment, reason=reason, at=START)
        query = sa.update(t.judgment).where(t.judgment.c.id == judgment).values(current=False)
        self.database.write(lambda tx: tx.execute(query))

    def build(self, out: Path | None = None, *without: str, slug: str = "pets", world: str = "live") -> Built:
        key = load_or_make_key(self.folder)
        return build(
            self.database, self.blobs, slug, world, out, without=list(without), now=START, signing_key=key,
            folder=self.folder,
        )  # fmt: skip


def pets(database: Database, folder: Path, *, tasks: int = 40, in_house: bool = True, **policy: Any) -> State:
    """The usual past: in-house, Acme Labels and Borealis answer about two days of pets.

    `late-*` tasks are of the second day. Acme gave one content (`given`), answered one task alone
    (`alone`), shipped one answer without an id, and one of its answers was fixed in-house (`fixed`).
    `in_house` makes the built-in provider, which an opened installation has already.
    """
    state = State(database, folder)

    def write(tx: Transaction) -> None:
        state.tx = tx
        _fill(state, tasks, in_house, policy)

    database.write(write)
    state.tx = None
    return state


def _fill(state: State, tasks: int, in_house: bool, policy: dict[str, Any]) -> None:
    state.add_project(**policy)
    if in_house:
        state.add_provider("In-house", "in-house")
    else:
        query = sa.select(t.provider.c.id).where(t.provider.c.slug == "in-house")
        state.providers["in-house"] = state.tx.scalar(query) if state.tx is not None else 0
    state.add_provider("Acme Labels", "acme-labels")
    state.add_provider("Borealis", "borealis")
    for name, slug in (
        ("ann", "in-house"),
        ("bob", "in-house"),
        ("amy", "acme-labels"),
        ("abe", "acme-labels"),
        ("bea", "borealis"),
    ):
        state.add_annotator(name, slug)
    state.add_annotator("nobody", "acme-labels", anonymous=True)
    labels = ("cat", "dog", "bird")
    for number in range(tasks):
        at = START + (DAY if number % 2 else 0)
        task = state.add_task(f"{'late' if number % 2 else 'early'}-{number}", f"picture {number}", at=at)
        truth = number % 3
        state.judge(task, "ann", {"label": labels[truth], "score": 1 + number % 5}, at=at)
        state.judge(task, "amy", {"label": labels[(truth + (number % 7 == 0)) % 3], "score": 3}, at=at + 1)
        if number % 2 == 0:
            state.judge(
                task, "bea", {"label": labels[truth], "score": 2, "words": f"seen {number}"}, at=at + 2
            )
        if number % 5 == 0:
            state.judge(task, "abe", {"label": labels[(truth + 1) % 3]}, at=at + 3)
    shipment = state.add_shipment("acme-labels")
    alone = state.add_task("alone", "only one saw this")
    state.judge(alone, "nobody", {"label": "dog"}, shipment=shipment)
    given = state.add_task("given", "somebody wrote this", provider="acme-labels")
    state.judge(given, "ann", {"label": "cat"})
    fixed = state.add_task("fixed", "hard to say")
    wrong = state.judge(fixed, "amy", {"label": "dog"})
    state.judge(fixed, "bob", {"label": "bird"}, based_on=wrong)
    worded = state.add_task("worded", "say what you see")
    for who, words in (("ann", "a small cat"), ("amy", "the small cat"), ("bob", "the small cats")):
        state.judge(worded, who, {"label": "cat", "words": words})
    shown = state.add_task("pictured", "look", blob=b"\x89PNG not really")
    state.judge(shown, "bob", {"label": "bird"})
    gold = state.add_task("hidden-gold", "the secret of the exam", gold={"label": "cat"})
    state.judge(gold, "ann", {"label": "cat"})
