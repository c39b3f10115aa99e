"""How long does it take to say what hangs on whom, at a million tasks?

    python benchmarks/dependence.py [--tasks 1000000] [--answers 3] [--options 5] [--database-url URL] [--data DIR]

Makes a project answered by simulated annotators of five providers (one with 45 % of the work, two behind one
organisation), then prints how long these take, with peak memory where it is a process of its own: reading the
columnar copy the first time, with a thousand judgments more, and unchanged; the job in its child process; each
request as an owner's browser makes it; the fit through the copy beside a fit that reads pages of rows; and how
far figures inferred from a sample lie from those inferred in full. With --data DIR what was made is kept and used
again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from steelyard.ledger.commitments import commit
from steelyard.providers import figures, inference
from steelyard.providers.concentration import Thresholds
from steelyard.providers.dependence import dependence, overview
from steelyard.providers.inference import work_out
from steelyard.providers.registry import create_provider, find_provider
from steelyard.providers.sight import see
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.wiring import Installation, local_owner, open_installation
from steelyard.work.columnar import columns_of
from steelyard.work.columns import read_columns
from steelyard.work.projects import create_project

PROVIDERS = (("Acme", 0.45, "0.04"), ("Birch", 0.25, "0.06"), ("Cedar", 0.15, "0.05"), ("Dune", 0.1, "0.09"))
INTERESTS = {
    "Acme": [("Holding", 1.0)],
    "Birch": [("Holding", 0.2), ("Rival Fund", 0.1)],
    "Dune": [("Rival Fund", 1.0)],
}
PER_PROVIDER = 80  # annotators
BLOCK = 20_000  # tasks written at once
WEEKS = 4


def load(tx: Transaction, table: sa.Table, names: list[str], rows: list[tuple]) -> None:
    """Rows as fast as the database takes them."""
    if tx.dialect == "postgresql":
        raw: Any = tx.connection.connection.driver_connection
        with raw.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(names))
        tx.connection.exec_driver_sql(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", rows)


class Maker:
    """Writes tasks and judgments whose truth and skills are known."""

    def __init__(self, here: Installation, options: int, answers: int) -> None:
        self.here, self.options, self.answers = here, options, answers
        self.rng = np.random.default_rng(7)
        self.number = 0

    def begin(self) -> None:
        def make(tx: Transaction) -> int:
            tx.hold_showing()
            who = local_owner(tx, "live")
            for name, _, price in PROVIDERS:
                held = [{"organisation": o, "share": s} for o, s in INTERESTS.get(name, [])]
                create_provider(tx, who, {"name": name, "price": price, "interests": held})
            form = {
                "questions": [
                    {"name": "label", "kind": "choice", "options": [f"o{i}" for i in range(self.options)]}
                ]
            }
            return create_project(
                tx, who, name="Million", form=form, policy={"answers": self.answers, "target_confidence": 0.9}
            ).id

        self.project = self.here.database.write(make)
        self.look_up()
        people = []
        for place, key in enumerate(self.providers):
            for n in range(PER_PROVIDER):
                people.append((f"{place:02d}{n:022d}", key, f"a{place}-{n}", False, 1))
        names = ["public_id", "provider_id", "external_id", "anonymous", "created_at"]
        self.here.database.write(lambda tx: load(tx, t.annotator, names, people))
        self.look_up()

    def look_up(self) -> None:
        def look(tx: Transaction) -> None:
            self.project = tx.scalar(sa.select(t.project.c.id))
            self.form = tx.scalar(sa.select(t.project.c.form_id))
            slugs = [name.lower() for name, _, _ in PROVIDERS] + ["in-house"]
            self.providers = [
                tx.scalar(sa.select(t.provider.c.id).where(t.provider.c.slug == s)) for s in slugs
            ]
            rows = tx.rows(
                sa.select(t.annotator.c.id, t.annotator.c.provider_id).where(
                    t.annotator.c.external_id.like("a%-%")
                )
            )
            self.annotators = {key: [r.id for r in rows if r.provider_id == key] for key in self.providers}
            self.own = tx.scalar(sa.select(t.provider.c.id).where(t.provider.c.slug == "in-house"))
            self.number = tx.scalar(sa.select(sa.func.count()).select_from(t.task)) or 0

        self.here.database.read(look)
        self.accuracy = np.random.default_rng(3).uniform(0.65, 0.95, (len(self.providers), PER_PROVIDER))

    def add(self, count: int) -> None:
        while count > 0:
            block = min(BLOCK, count)
            self.here.database.write(lambda tx, block=block: self._block(tx, block))
            count -= block
            print(f"\r{self.number:,} tasks", end="", flush=True)
        print()

    def _block(self, tx: Transaction, count: int) -> None:
        first = self.number
        self.number += count
        now = tx.now
        ids = [f"{now & 0xFFFFFFFFFFFFF:013x}{first + i:011x}" for i in range(count)]
        salt, _ = commit({"blocks": []})
        leaf = b"\0" * 32
        top = {
            table: tx.scalar(sa.select(sa.func.max(table.c.id))) or 0
            for table in (t.content, t.task, t.judgment, t.consensus)
        }
        load(
            tx,
            t.content,
            ["id", "project_id", "provider_id", "commitment", "at", "leaf_salt"],
            [
                (top[t.content] + 1 + i, self.project, self.own, f"{first + i:064x}", now, leaf)
                for i in range(count)
            ],
        )
        load(
            tx,
            t.content_payload,
            ["content_id", "body", "salt"],
            [(top[t.content] + 1 + i, '{"blocks": []}', salt) for i in range(count)],
        )
        load(
            tx,
            t.task,
            [
                "id",
                "public_id",
                "world",
                "project_id",
                "content_id",
                "form_id",
                "status",
                "priority",
                "wave",
                "place",
                "wanted",
                "answers",
                "tags",
                "details",
                "digest",
                "created_at",
                "settled_at",
            ],
            [
                (
                    top[t.task] + 1 + i,
                    ids[i],
                    "live",
                    self.project,
                    top[t.content] + 1 + i,
                    self.form,
                    "settled",
                    0,
                    0,
                    0,
                    self.answers,
                    self.answers,
                    "[]",
                    "{}",
                    leaf,
                    now,
                    now,
                )
                for i in range(count)
            ],
        )
        truth = self.rng.integers(0, self.options, count)
        part = [share for _, share, _ in PROVIDERS]
        part.append(1 - sum(part))
        who = self.rng.choice(len(self.providers), (count, self.answers), p=part)
        person = np.argsort(self.rng.random((count, PER_PROVIDER)), axis=1)[:, : self.answers]
        right = self.rng.random((count, self.answers)) < self.accuracy[who, person]
        other = self.rng.integers(1, self.options, (count, self.answers))
        label = np.where(right, truth[:, None], (truth[:, None] + other) % self.options)
        at = (
            now
            - int(WEEKS * 7 * 86400e6)
            + ((first + np.arange(count)) * int(WEEKS * 7 * 86400e6) // max(self.number, 1_000_000))
        )
        facts, payloads, sums = [], [], np.zeros(len(self.providers), dtype=int)
        key = top[t.judgment]
        for i in range(count):
            for n in range(self.answers):
                key += 1
                p = int(who[i, n])
                sums[p] += 1
                facts.append(
                    (
                        key,
                        f"{now & 0xFFFFFFFFFFFFF:013x}{key & 0xFFFFFFFFFFF:011x}",
                        self.project,
                        top[t.task] + 1 + i,
                        self.annotators[self.providers[p]][int(person[i, n])],
                        self.providers[p],
                        self.form,
                        "0" * 64,
                        0,
                        int(at[i]),
                        leaf,
                        True,
                        False,
                        False,
                    )
                )
                payloads.append((key, f'{{"label": "o{label[i, n]}"}}', salt))
        load(
            tx,
            t.judgment,
            [
                "id",
                "public_id",
                "project_id",
                "task_id",
                "annotator_id",
                "provider_id",
                "form_id",
                "commitment",
                "price",
                "at",
                "leaf_salt",
                "current",
                "gold",
                "anonymous",
            ],
            facts,
        )
        load(tx, t.judgment_payload, ["judgment_id", "answers", "salt"], payloads)
        load(
            tx,
            t.consensus,
            [
                "id",
                "public_id",
                "project_id",
                "task_id",
                "revision",
                "method",
                "confidence",
                "tie",
                "judgments",
                "commitment",
                "at",
                "leaf_salt",
                "current",
            ],
            [
                (
                    top[t.consensus] + 1 + i,
                    ids[i],
                    self.project,
                    top[t.task] + 1 + i,
                    1,
                    "vote",
                    0.9,
                    False,
                    json.dumps([ids[i]] * self.answers),
                    "0" * 64,
                    now,
                    leaf,
                    True,
                )
                for i in range(count)
            ],
        )
        for p, n in zip(self.providers, sums.tolist(), strict=True):
            _add(
                tx,
                t.tally,
                {"project_id": self.project, "provider_id": p, "shard": 0},
                {"judgments": n, "gold_judgments": 0, "spent": 0},
            )
        _add(
            tx,
            t.task_tally,
            {"project_id": self.project, "shard": 0},
            {
                "tasks": count,
                "gold": 0,
                "wanted": count * self.answers,
                "settled": count,
                "overlapping": count,
            },
        )


def _add(tx: Transaction, table: sa.Table, key: dict[str, int], add: dict[str, int]) -> None:
    where = [table.c[name] == value for name, value in key.items()]
    done = tx.execute(
        sa.update(table).where(*where).values({name: table.c[name] + n for name, n in add.items()})
    )
    if not done.rowcount:
        tx.execute(sa.insert(table).values(**key, **add))


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    """Wall seconds, and processor seconds of this process and of the children it waited for."""
    began, before = time.perf_counter(), os.times()
    yield
    took, after = time.perf_counter() - began, os.times()
    own = after.user + after.system - before.user - before.system
    theirs = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"{what:56} {took:8.2f} s, processor {own:7.2f} s here, {theirs:7.2f} s in children")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--answers", type=int, default=3)
    parser.add_argument("--options", type=int, default=5)
    parser.add_argument("--database-url")
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = stack.enter_context(open_installation(folder, given.database_url))
        maker = Maker(here, given.options, given.answers)
        if not here.database.read(lambda tx: tx.scalar(sa.select(sa.func.count()).select_from(t.project))):
            maker.begin()
        maker.look_up()
        with timed(f"making {given.tasks:,} tasks"):
            maker.add(max(0, given.tasks - maker.number))
        measure(here, maker)


def measure(here: Installation, maker: Maker) -> None:
    database, project = here.database, maker.project
    columns: Any = None
    with timed("the columnar copy, from nothing"):
        columns = columns_of(database, here.folder, project)
    size = sum(p.stat().st_size for p in (here.folder / "columns").rglob("*.parquet"))
    print(f"{len(columns):,} judgments in {size / 1e6:,.0f} MB")
    maker.add(1000)
    with timed("the copy with a thousand tasks more"):
        columns_of(database, here.folder, project)
    with timed("the copy, unchanged"):
        columns_of(database, here.folder, project)
    with timed("the same rows straight from the database"):
        database.read(lambda tx: read_columns(tx, project))
    with timed("the job, in its child process"):
        known = here.figures_in_child(project)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{'':56} at most {peak:,.0f} MB of memory in the child")
    database.write(lambda tx: figures.keep(tx, project, known))
    print(
        f"inferred {known.found['method']}, {len(known.found['providers'])} providers, {len(known.found['sets'])} sets"
    )
    slowest = requests(here)
    print(f"the slowest request: {slowest:.2f} s")
    with timed("a fit in its child process, through the copy"):
        from steelyard.work.fit_child import fit_in_child

        fit_in_child(here.folder, here.settings.database_url, project)
    sample(here, project, known.found)


def requests(here: Installation) -> float:
    took = []

    def ask(what: str, look: Any) -> None:
        alone = []
        for _ in range(3):
            began = time.perf_counter()
            json.dumps(here.database.read(look))
            alone.append(time.perf_counter() - began)
        took.append(max(alone))
        print(f"{what:64} {min(alone):8.3f} s, the first {alone[0]:.3f} s")

    ask("GET /api/dependence", lambda tx: overview(tx, see(tx, "live"), Thresholds()))
    for name, _, _ in PROVIDERS:
        slug = name.lower()
        ask(
            f"GET /api/providers/{slug}/dependence",
            lambda tx, slug=slug: dependence(tx, find_provider(tx, slug), "live"),
        )
    busy = threading.Event()
    child = threading.Thread(target=lambda: (here.figures_in_child(1), busy.set()))
    child.start()
    time.sleep(3)
    ask("GET /api/dependence while a job runs", lambda tx: overview(tx, see(tx, "live"), Thresholds()))
    child.join()
    return max(took)


def sample(here: Installation, project: int, full: dict[str, Any]) -> None:
    """How far figures from a part of the tasks lie from those of all of them."""
    columns = columns_of(here.database, here.folder, project)
    inference.LEAST_TASKS = 0
    for part in (0.05, 0.2):
        budget_s = part * 8 * len(columns) * inference.COST["choice"] * 1.5
        with timed(f"figures from {part:.0%} of the tasks"):
            drawn = here.database.read(lambda tx, b=budget_s: work_out(tx, project, columns, budget_s=b))
        print(f"inferred from {drawn['inferred_tasks']:,} of {drawn['tasks']:,} tasks")
        for key, known in full["providers"].items():
            a, b = known["without"], drawn["providers"][key]["without"]
            off = ", ".join(
                f"{n} {a[n]:,} -> {b[n]:,}" for n in ("values_changed", "tasks_lost", "below_target")
            )
            sure = f"confidence {a['confidence_after']:.4f} -> {b['confidence_after']:.4f}"
            print(f"  without provider {key}: {off}, {sure}")
        weights = max(abs(w - drawn["weight"].get(p, 0)) for p, w in full["weight"].items())
        print(f"  weight of consensus off by {weights:.4f} at most")


if __name__ == "__main__":
    main()
