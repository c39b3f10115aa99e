"""How fast is a release built and verified, and how much memory does that take?

    python benchmarks/releases.py [--tasks 50000] [--answers 3] [--options 5] [--characters 150] [--content columns]
                                  [--kind choice] [--database-url URL] [--data DIR]

Makes a project answered by simulated annotators of five providers on four weeks of texts, then builds a release of
it in a process of its own: once with the columnar copy of judgments still to be made, once with it there. Prints
rows a processor second (of judgments, and of all tables of the release), instructions where `perf` can count them,
and the peak of memory; beside it a bare rewrite of the same tables with pyarrow; then the same for verifying, with
and without fitting again, and how fast hashlib hashes the same bytes. With --data DIR what was made is kept and
used again.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from steelyard.ledger.commitments import commit
from steelyard.providers.registry import create_provider
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.wiring import Installation, local_owner, open_installation
from steelyard.work.projects import create_project

PROVIDERS = ("Acme", "Birch", "Cedar", "Dune")
PER_PROVIDER = 80  # annotators
BLOCK = 20_000  # tasks written at once
WEEKS = 4
WORDS = [
    f"{start}{end}"
    for start in ("we", "sca", "mor", "qui", "ho", "ri")
    for end in ("igh", "le", "ning", "et", "use", "ver")
]


def load(tx: Transaction, table: sa.Table, names: str, rows: list[tuple]) -> None:
    """Rows as fast as the database takes them; `names` of columns."""
    columns = names.split()
    if tx.dialect == "postgresql":
        raw: Any = tx.connection.connection.driver_connection
        with raw.cursor().copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(columns))
        text = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
        tx.connection.exec_driver_sql(text, rows)


class Maker:
    """Writes tasks and judgments whose truth and skills are known."""

    def __init__(self, here: Installation, given: argparse.Namespace) -> None:
        self.here, self.given = here, given
        self.rng = np.random.default_rng(7)

    def make(self) -> None:
        known = self.here.database.read(
            lambda tx: tx.scalar(sa.select(sa.func.count()).select_from(t.project))
        )
        if not known:
            self.here.database.write(self._begin)
        self.number = self.here.database.read(
            lambda tx: tx.scalar(sa.select(sa.func.count()).select_from(t.task))
        )
        while self.number < self.given.tasks:
            block = min(BLOCK, self.given.tasks - self.number)
            self.here.database.write(lambda tx, block=block: self._block(tx, block))
            print(f"\r{self.number:,} tasks", end="", file=sys.stderr, flush=True)

    def _begin(self, tx: Transaction) -> None:
        tx.hold_showing()
        who = local_owner(tx, "live")
        for name in PROVIDERS:
            create_provider(tx, who, {"name": name})
        options = [f"o{i}" for i in range(self.given.options)]
        question = {"name": "label", "kind": self.given.kind}
        if self.given.kind == "choice":
            question["options"] = options
        create_project(tx, who, name="Bulk", form={"questions": [question]}, policy={})
        rows = tx.rows(sa.select(t.provider.c.id))
        people = [
            (f"{place:02d}{n:022d}", row.id, f"a{n}", False, 1)
            for place, row in enumerate(rows)
            for n in range(PER_PROVIDER)
        ]
        load(tx, t.annotator, "public_id provider_id external_id anonymous created_at", people)

    def _block(self, tx: Transaction, count: int) -> None:
        project = tx.row(sa.select(t.project))
        assert project is not None
        own = tx.scalar(sa.select(t.provider.c.id).where(t.provider.c.slug == "in-house"))
        people = tx.rows(
            sa.select(t.annotator.c.id, t.annotator.c.provider_id).where(t.annotator.c.external_id.like("a%"))
        )
        first, answers, now = self.number, self.given.answers, tx.now
        self.number += count
        salt, _ = commit({"blocks": []})
        tops = [
            tx.scalar(sa.select(sa.func.max(table.c.id))) or 0 for table in (t.content, t.task, t.judgment)
        ]
        content, task, key = tops
        span = int(WEEKS * 7 * 86400e6)
        at = (now - span + (first + np.arange(count)) * span // max(self.given.tasks, 1)).tolist()
        words = self.rng.integers(0, len(WORDS), (count, self.given.characters // 5)).tolist()
        texts = [" ".join(WORDS[w] for w in row) for row in words]
        load(
            tx, t.content, "id project_id provider_id commitment at leaf_salt",
            [(content + 1 + i, project.id, own, f"{first + i:064x}", at[i], salt) for i in range(count)],
        )  # fmt: skip
        load(
            tx, t.content_payload, "content_id body salt",
            [
                (content + 1 + i, '{"blocks":[{"type":"text","text":"' + texts[i] + '"}]}', salt)
                for i in range(count)
            ],
        )  # fmt: skip
        load(
            tx, t.task,
            "id public_id world project_id content_id form_id external_id status priority wave place wanted answers"
            " tags details digest created_at settled_at",
            [
                (task + 1 + i, f"{at[i]:013x}{first + i:011x}", "live", project.id, content + 1 + i, project.form_id,
                 f"item-{first + i}", "settled", 0, 0, 0, answers, answers, "[]", "{}", salt, now, now)
                for i in range(count)
            ],
        )  # fmt: skip
        options = self.given.options
        truth = self.rng.integers(0, options, count)
        who = np.argsort(self.rng.random((count, len(people))), axis=1)[:, :answers]
        right = self.rng.random((count, answers)) < np.linspace(0.6, 0.95, len(people))[who]
        label = np.where(right, truth[:, None], self.rng.integers(0, options, (count, answers))).tolist()
        spent = self.rng.integers(500, 60_000, (count, answers)).tolist()
        places = who.tolist()
        said = {"choice": '"o{}"', "rating": "{}"}[self.given.kind]
        plus = 1 if self.given.kind == "rating" else 0
        facts, payloads = [], []
        for i in range(count):
            for n in range(answers):
                key += 1
                person = people[places[i][n]]
                facts.append(
                    (key, f"{at[i] + n:013x}{key:011x}", project.id, task + 1 + i, person.id, person.provider_id,
                     project.form_id, "0" * 64, 0, spent[i][n], at[i] + n, salt, True, False, False)
                )  # fmt: skip
                payloads.append((key, '{"label":' + said.format(label[i][n] + plus) + "}", salt))
        load(
            tx, t.judgment,
            "id public_id project_id task_id annotator_id provider_id form_id commitment price spent_ms at leaf_salt"
            " current gold anonymous",
            facts,
        )  # fmt: skip
        load(tx, t.judgment_payload, "judgment_id answers salt", payloads)


def child(what: str, *words: str) -> tuple[float, float, float, float, int]:
    """Wall and processor seconds, peak MB and instructions (in thousands of millions, 0 where they cannot be counted)
    of one call of a function below in a process of its own, and what it returned."""
    perf = shutil.which("perf")
    code = [sys.executable, __file__, "--child", what, *words]
    with tempfile.NamedTemporaryFile("r") as counted:
        if perf:
            code = [perf, "stat", "-x,", "-e", "instructions:u", "-o", counted.name, *code]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(code, capture_output=True, text=True)
        took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(done.stderr)
        counts = [line.split(",")[0] for line in counted if "instructions" in line]
    said = json.loads(done.stdout.splitlines()[-1])
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    instructions = int(counts[0]) / 1e9 if counts and counts[0].isdigit() else 0.0
    return took, processor, said["peak"] / 1024, instructions, said["result"]


def run_build(data: str, url: str, out: str, content: str) -> int:
    from steelyard.releases.build import build
    from steelyard.releases.options import Options
    from steelyard.releases.signing import load_or_make_key

    with open_installation(Path(data), url or None) as here:
        gc.freeze()  # as the command does
        built = build(
            here.database, here.blobs, "bulk", "live", Path(out), options=Options(content=content),
            signing_key=load_or_make_key(here.folder), folder=here.folder,
        )  # fmt: skip
        here.database.write(
            lambda tx: (tx.execute(sa.delete(t.release_provider)), tx.execute(sa.delete(t.release)))
        )
        return built.rows


def run_rewrite(out: str, to: str) -> int:
    import pyarrow.parquet as pq

    rows = 0
    for path in sorted(Path(out).rglob("*.parquet")):
        with (
            pq.ParquetFile(path) as file,
            pq.ParquetWriter(
                Path(to) / path.name,
                file.schema_arrow,
                compression="zstd",
                compression_level=3,
                store_schema=False,
            ) as writer,
        ):
            for group in range(file.num_row_groups):
                writer.write_table(file.read_row_group(group))
            rows += file.metadata.num_rows
    return rows


def run_verify(out: str, refit: str) -> int:
    from steelyard.releases.verify import verify

    found = verify(Path(out), refit=refit == "refit")
    assert found.ok, found.problems
    return found.rows


def run_hash(out: str) -> int:
    from steelyard.releases.layout import file_digest

    return sum(len(file_digest(p)) > 0 for p in Path(out).rglob("*") if p.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--answers", type=int, default=3)
    parser.add_argument("--options", type=int, default=5)
    parser.add_argument("--characters", type=int, default=150)
    parser.add_argument("--content", default="columns")
    parser.add_argument("--kind", choices=["choice", "rating"], default="choice")
    parser.add_argument("--database-url", default="")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--child", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.child:
        result = globals()[f"run_{given.child[0]}"](*given.child[1:])
        with open("/proc/self/status") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        print(json.dumps({"result": result, "peak": peak}))
        return
    with contextlib.ExitStack() as stack:
        folder = given.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder.parent)))
        with open_installation(folder, given.database_url or None) as here:
            Maker(here, given).make()
        measure(given, folder, room)


def measure(given: argparse.Namespace, folder: Path, room: Path) -> None:
    judgments = given.tasks * given.answers
    rows = judgments + 2 * given.tasks
    size = 0
    print(f"{given.tasks:,} tasks, {judgments:,} judgments, {rows:,} rows in all tables")

    def tell(what: str, *words: str) -> None:
        took, processor, peak, instructions, _ = child(*words)
        line = f"{what:42} {took:7.2f} s, processor {processor:7.2f} s, {instructions:7.2f} G instructions, "
        line += f"{peak:6.0f} MB"
        if processor:
            line += f"; a processor second: {judgments / processor:9,.0f} judgments, {rows / processor:9,.0f} rows"
        print(line + (f", {size / processor / 1e6:,.0f} MB" if size and processor else ""))

    shutil.rmtree(folder / "columns", ignore_errors=True)
    build = ("build", str(folder), given.database_url)
    tell("build, the copy still to be made", *build, str(room / "one"), given.content)
    tell("build, with the copy", *build, str(room / "two"), given.content)
    first, second = ((room / n / "manifest.json").read_bytes() for n in ("one", "two"))
    print("the same bytes both times" if first == second else "THE TWO DIFFER")
    size = sum(p.stat().st_size for p in (room / "two").rglob("*") if p.is_file())
    print(f"{size / 1e6:,.1f} MB")
    (room / "rewrite").mkdir()
    tell("a bare rewrite of the tables by pyarrow", "rewrite", str(room / "two"), str(room / "rewrite"))
    tell("verify", "verify", str(room / "two"), "")
    tell("verify --refit", "verify", str(room / "two"), "refit")
    tell("hashing the same bytes", "hash", str(room / "two"))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    main()
