"""An exit is killed within each of its steps, gone on with, and looked at by a script of its own.

What is asked of the database, the files and the releases afterwards is asked here in plain SQL and bytes, with
nothing of what made them.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support import forked
from support.server import environment

STEPS = ("recall", "revoke", "reroute", "withdraw", "reorder", "rebuild", "certificate")

# Does the exit's job; kills itself with SIGKILL within the step that is named, after so many of its writes.
CARRY_ON = """
import os, signal, sys
from pathlib import Path
from steelyard.exit import execute, withdraw
from steelyard.wiring import open_installation
import sqlalchemy as sa
from steelyard.store import tables as t

folder, step, writes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
withdraw.CHUNK = 4
inst = open_installation(folder)
act = execute.ACTS.get(step)

def killed(place, leaving):
    write, left = inst.database.write, [writes]
    def counted(fn):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return write(fn)
    inst.database.write = counted
    act(place, leaving)
    os.kill(os.getpid(), signal.SIGKILL)

if act is not None:
    execute.ACTS[step] = killed
job = inst.database.read(lambda tx: tx.row(sa.select(t.job.c.args).where(t.job.c.kind == "exit")))
execute.carry_on(inst.place(), job.args)
"""
PREPARE = """
import os, sys
from pathlib import Path
from support.world import World
from steelyard.exit import execute
from steelyard.releases.build import build
from steelyard.releases.signing import load_or_make_key
from steelyard.wiring import open_installation

folder = Path(sys.argv[1])
inst = open_installation(folder)
World._prepare = staticmethod(lambda tx: None)
world = World(inst.database)
world.provider("Acme")
world.provider("Borg")
project = world.project(answers=2, max_answers=2, providers=["acme", "borg"])
world.tasks(project, 10)
world.tasks(project, 3, suggestion={"label": "dog"}, suggested_by="acme")
world.answer(world.people(1, "acme")[0], project, "dog")
world.answer(world.people(1, "borg")[0], project, "cat", most=8)
build(inst.database, inst.blobs, "pets", "live", None, without=[],
      signing_key=load_or_make_key(folder), folder=folder)
world.take(world.people(2, "borg")[1], project, 1)
world.tasks(project, 2)
world.take(world.people(1, "acme")[0], project, 1)
world.write(lambda tx: execute.begin(tx, world.owner, "acme", {"to": ["borg"], "backups": ["tape 7"]}))
"""


def script(code: str, *arguments: object) -> tuple[int, str]:
    """Runs Python in a process of its own to its end, or to its death; its status and what it wrote to stderr."""
    with tempfile.TemporaryFile("w+") as said:
        code += "\nos._exit(0)"
        process = forked.popen(
            [*map(str, arguments)], env=environment(), stderr=said, stdout=said, before=code
        )
        status = process.wait(100)
        said.seek(0)
        return status, said.read()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "data"
    status, said = script(PREPARE, folder)
    assert status == 0, said
    return folder


def test_killed_in_every_step_it_ends_as_it_should(prepared: Path) -> None:
    folder = prepared
    for number, step in enumerate(STEPS):
        status, said = script(CARRY_ON, folder, step, number % 3)
        assert status == -signal.SIGKILL, (step, said)
    status, said = script(CARRY_ON, folder, "none", 0)
    assert status == 0, said
    look_at(folder)


def look_at(folder: Path) -> None:
    database = sqlite3.connect(folder / "steelyard.db")
    database.row_factory = sqlite3.Row

    def one(query: str) -> int:
        return database.execute(query).fetchone()[0]

    acme = one("SELECT id FROM provider WHERE slug = 'acme'")
    assert one(f"SELECT COUNT(*) FROM assignment WHERE state = 1 AND provider_id = {acme}") == 0
    assert one(f"SELECT COUNT(*) FROM judgment WHERE provider_id = {acme}") == 13, "facts stay"
    assert one(f"SELECT COUNT(*) FROM judgment WHERE provider_id = {acme} AND current") == 0
    assert one("SELECT COUNT(*) FROM withdrawal GROUP BY judgment_id ORDER BY 1 DESC LIMIT 1") == 1
    assert one("SELECT COUNT(*) FROM task WHERE suggestion_by IS NOT NULL") == 0
    assert one("SELECT COUNT(*) FROM api_key k JOIN person p ON p.id = k.person_id "
               f"WHERE p.provider_id = {acme} AND k.revoked_at IS NULL") == 0  # fmt: skip
    gone = {row[0] for row in database.execute("SELECT j.public_id FROM judgment j WHERE NOT j.current")}
    for row in database.execute("SELECT judgments, value_from FROM consensus WHERE current"):
        assert gone.isdisjoint(json.loads(row["judgments"]))
        assert row["value_from"] not in gone
    short = (
        "SELECT COUNT(*) FROM task t WHERE t.gold IS NULL AND 2 <> "
        "(SELECT COUNT(*) FROM judgment j WHERE j.task_id = t.id AND j.current) + "
        "(SELECT COUNT(*) FROM assignment a WHERE a.task_id = t.id AND a.state IN (0, 1, 4))"
    )
    assert one(short) == 0, "every task has or waits for just the answers that it wants"
    done = database.execute("SELECT * FROM exit").fetchone()
    certificate = json.loads(done["certificate"])
    assert (done["state"], certificate["holds"]) == ("done", True)
    assert certificate["backups"][0]["name"] == "tape 7"
    events = database.execute("SELECT step, what, done_by FROM exit_event ORDER BY id").fetchall()
    for step in STEPS:
        assert [e["what"] for e in events if e["step"] == step] == ["begun", "begun", "done"], step
    (released,) = database.execute("SELECT path FROM release WHERE version = 2").fetchall()
    search(Path(released["path"]), {*gone, "acme"})
    names = [p.name for p in (folder / "releases").iterdir() if p.is_dir()]
    assert sorted(names) == ["pets-v1", "pets-v2"], "nothing half-built is left"


def search(release: Path, needles: set[str]) -> None:
    """No needle stands in any byte of the release, nor in any value once its tables are unpacked."""
    files = [path for path in release.rglob("*") if path.is_file()]
    assert len(files) >= 4
    for path in files:
        data = path.read_bytes()
        texts = [data]
        if path.suffix == ".parquet":
            texts.append(json.dumps(pq.read_table(path).to_pylist(), default=str).encode())
        for needle in needles:
            assert not any(needle.encode() in text for text in texts), (path, needle)
