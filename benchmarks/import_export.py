"""How many tasks come in, and how many rows leave, in a CPU second of the server?

    python benchmarks/import_export.py [--tasks 200000] [--answers 2] [--database-url URL]
        [--label-studio URL --token T [--label-studio-pid PID]]

Starts a server on an empty folder (or the database at URL), sends it tasks as JSON Lines and CSV by HTTP, gives
every task answers and a consensus straight in the database, and reads exports by HTTP. Printed are rows per second of
CPU of the server (user and system, PostgreSQL's processes not counted), rows per second by the clock, and by how
much the server's memory grew from before to its peak. While the first import runs, one annotator claims and submits
back to back: how long that takes is printed beside what it takes when nothing else runs. With a Label Studio the
same tasks are imported and exported there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import sqlalchemy as sa

from steelyard.client import Client
from steelyard.ledger.commitments import salts
from steelyard.store import tables as t
from steelyard.store.bulk import Bulk, draw_keys
from steelyard.store.database import Transaction
from steelyard.wiring import open_installation

FORM = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog", "bird"]}]}
TEXT = "The customer writes that the parcel came late, that the box was open, and asks for a refund. Number"
BLOCK = 5000


@dataclass(frozen=True)
class Figure:
    """`rows` in `cpu_s` of the server and `clock_s`; `grew_mb` is what its memory grew by at its peak."""

    what: str
    rows: int
    cpu_s: float
    clock_s: float
    grew_mb: float | None

    def __str__(self) -> str:
        grew = "" if self.grew_mb is None else f", memory +{self.grew_mb:.0f} MB"
        by_cpu = f"{self.rows / self.cpu_s:>10,.0f} per CPU s" if self.cpu_s else " " * 20
        return f"{self.what:34s} {by_cpu}  {self.rows / self.clock_s:>9,.0f} per s{grew}"


class Server:
    """`steelyard serve` in a process of its own."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.placed = ["--data", str(folder), *(["--database-url", database_url] if database_url else [])]

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "steelyard", "serve", "--json", "--port", "0", *self.placed]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        assert ready, "the server did not start"
        self.url = json.loads(self.process.stdout.readline())["url"]
        while httpx.get(f"{self.url}/readyz", trust_env=False, timeout=60).status_code != 200:
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)

    def key(self, role: str = "owner") -> str:
        command = [sys.executable, "-m", "steelyard", "key", "create", "--role", role, *self.placed]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def measured(pid: int | None, what: str, do: Callable[[], int]) -> Figure:
    """Runs `do`, which says how many rows it was."""
    before, peak = memory_mb(pid) if pid else 0.0, 0.0
    over = threading.Event()

    def watch() -> None:
        nonlocal peak
        while pid and not over.wait(0.02):
            peak = max(peak, memory_mb(pid))

    watcher = threading.Thread(target=watch)
    cpu, began = cpu_seconds(pid) if pid else 0.0, time.perf_counter()
    watcher.start()
    try:
        rows = do()
    finally:
        over.set()
        watcher.join()
    took = time.perf_counter() - began
    spent = cpu_seconds(pid) - cpu if pid else 0.0
    figure = Figure(what, rows, spent, took, peak - before if pid else None)
    print(figure, flush=True)
    return figure


def json_lines(count: int) -> Iterator[bytes]:
    for start in range(0, count, 1000):
        yield b"".join(
            b'{"external_id": "%d", "content": {"blocks": [{"type": "text", "text": "%s %d"}]}}\n'
            % (n, TEXT.encode(), n)
            for n in range(start, min(start + 1000, count))
        )


def csv_lines(count: int) -> Iterator[bytes]:
    yield b"external_id,text\r\n"
    for start in range(0, count, 1000):
        rows = (f'{n},"{TEXT} {n}"\r\n' for n in range(start, min(start + 1000, count)))
        yield "".join(rows).encode()


# --- answers, straight into the database: it is the export that is measured

_JUDGMENT = Bulk(
    t.judgment,
    ("project_id", "annotator_id", "provider_id", "form_id", "price", "at", "current", "gold", "anonymous"),
    ("id", "public_id", "task_id", "commitment", "leaf_salt"),
)
_ANSWERS = Bulk(t.judgment_payload, (), ("judgment_id", "answers", "salt"))
_CONSENSUS = Bulk(
    t.consensus,
    ("project_id", "revision", "method", "confidence", "tie", "at", "current"),
    ("id", "public_id", "task_id", "judgments", "commitment", "leaf_salt"),
)
_VALUE = Bulk(t.consensus_payload, ("confidence_by",), ("consensus_id", "answers", "salt"))


def answer_all(folder: Path, database_url: str | None, slug: str, answers: int) -> None:
    """Gives every task of a project judgments of as many annotators, and a consensus."""
    from steelyard.settings import Settings

    settings = Settings(data=folder, database_url=database_url)
    with open_installation(folder, settings=settings) as here:
        look = sa.select(t.project.c.id, t.project.c.form_id).where(t.project.c.slug == slug)
        project, form = here.database.read(lambda tx: tx.execute(look).one())
        people = here.database.write(lambda tx: _annotators(tx, answers))
        after = 0
        while True:
            query = sa.select(t.task.c.id).where(t.task.c.project_id == project, t.task.c.id > after)
            page = query.order_by(t.task.c.id).limit(BLOCK)
            tasks = here.database.read(lambda tx, page=page: tx.execute(page).scalars().all())
            if not tasks:
                return
            here.database.write(lambda tx, tasks=tasks: _answer(tx, project, form, people, tasks))
            after = tasks[-1]


def _annotators(tx: Transaction, count: int) -> list[tuple[int, int]]:
    provider = tx.scalar(sa.select(t.provider.c.id).where(t.provider.c.slug == "in-house"))
    made = []
    for n in range(count):
        values = {"public_id": f"{n:024x}", "provider_id": provider, "external_id": f"simulated {n}"}
        made.append(
            (tx.added(sa.insert(t.annotator).values(**values, anonymous=False, created_at=1)), provider)
        )
    return made


def _answer(tx: Transaction, project: int, form: int, people: list[tuple[int, int]], tasks: Any) -> None:
    given: dict[int, list[str]] = {task: [] for task in tasks}
    for person, provider in people:
        keys = draw_keys(tx, t.judgment, len(tasks))
        public = [f"{key:024x}" for key in keys]
        for task, name in zip(tasks, public, strict=True):
            given[task].append(name)
        leaves, other = salts(len(tasks)), salts(len(tasks))
        same = (project, person, provider, form, 0, tx.now, True, False, False)
        nothing = ["0" * 64] * len(tasks)
        _JUDGMENT.insert(tx, same, (keys, public, tasks, nothing, leaves))
        answers = ['{"label":"cat"}'] * len(tasks)
        _ANSWERS.insert(tx, (), (keys, answers, other))
    keys = draw_keys(tx, t.consensus, len(tasks))
    made = [f"{key:024x}" for key in keys], tasks, [json.dumps(given[task]) for task in tasks]
    kept = ["0" * 64] * len(tasks), salts(len(tasks))
    _CONSENSUS.insert(tx, (project, 1, "vote", 0.97, False, tx.now, True), (keys, *made, *kept))
    _VALUE.insert(tx, ('{"label":0.97}',), (keys, ['{"label":"cat"}'] * len(tasks), salts(len(tasks))))


# --- what is measured


def cycles(client: Client, slug: str, over: threading.Event, most: int | None = None) -> list[float]:
    """Claims and submits back to back; how long each pair took in ms."""
    took: list[float] = []
    while not over.is_set() and (most is None or len(took) < most):
        began = time.perf_counter()
        held = client.claim(slug)["assignments"]
        if held:
            client.submit(held[0]["id"], {"label": "cat"})
            took.append((time.perf_counter() - began) * 1000)
        else:
            time.sleep(0.01)
    return took


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def send(client: Client, slug: str, body: Iterator[bytes], content_type: str) -> int:
    response = client.request(
        "POST", f"/api/projects/{slug}/tasks", content=body, content_type=content_type, timeout_s=3600
    )
    counts = response.json()["counts"]
    assert not counts["wrong"], counts
    return counts["new"]


def read(client: Client, path: str) -> int:
    """Reads a stream to its end; how many lines."""
    lines = 0
    with client.stream(path) as response:
        for piece in response.iter_bytes():
            lines += piece.count(b"\n")
    return lines


def run(count: int, answers: int, database_url: str | None = None) -> list[Figure]:
    """All the figures, printed as they come."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with Server(folder, database_url) as server, Client(server.url, server.key()) as owner:
            found += _imports(server, owner, count)
        answer_all(folder, database_url, "lines", answers)
        with Server(folder, database_url) as server, Client(server.url, server.key()) as owner:
            found += _exports(server, owner, count, answers)
    return found


def _imports(server: Server, owner: Client, count: int) -> list[Figure]:
    pid = server.process.pid
    for name in ("Work", "Lines", "Table", "Beside"):
        owner.post("/api/projects", {"name": name, "form": FORM})
    send(owner, "work", json_lines(20_000), "application/x-ndjson")
    over = threading.Event()
    alone = cycles(owner, "work", over, 300)
    found = [
        measured(
            pid, "import, JSON Lines", lambda: send(owner, "lines", json_lines(count), "application/x-ndjson")
        ),
        measured(pid, "import, CSV", lambda: send(owner, "table", csv_lines(count // 4), "text/csv")),
    ]
    beside: list[float] = []
    annotator = Client(server.url, server.key())
    thread = threading.Thread(target=lambda: beside.extend(cycles(annotator, "work", over)))
    thread.start()
    send(owner, "beside", json_lines(count // 4), "application/x-ndjson")
    over.set()
    thread.join()
    for name, took in (("alone", alone), ("beside an import", beside)):
        said = f"p50 {percentile(took, 0.5):.1f} ms, p99 {percentile(took, 0.99):.1f} ms"
        print(f"claim and submit, {name:16s} {said} ({len(took)})", flush=True)
    return found


def _exports(server: Server, owner: Client, count: int, answers: int) -> list[Figure]:
    pid, at = server.process.pid, "/api/projects/lines/export"
    read(owner, f"{at}/judgments?limit=500")  # what is imported at the first use is no growth of an export
    owner.request("GET", f"{at}/judgments?format=parquet&limit=500")
    found = []
    for what, path in (
        ("export, judgments", f"{at}/judgments"),
        ("export, consensus", f"{at}/consensus"),
        ("export, tasks without content", f"{at}/tasks?content=0"),
        ("export, tasks, first time shown", f"{at}/tasks"),
        ("export, tasks", f"{at}/tasks"),
        ("export, judgments, CSV", f"{at}/judgments?format=csv"),
    ):
        figure = measured(pid, what, lambda path=path: read(owner, path))
        assert figure.rows - (1 if "csv" in path else 0) == count * (answers if "judgments" in path else 1)
        found.append(figure)

    def parquet() -> int:
        with owner.stream(f"{at}/judgments?format=parquet") as response:
            assert sum(len(piece) for piece in response.iter_bytes())
        return count * answers

    return [*found, measured(pid, "export, judgments, Parquet", parquet)]


def run_label_studio(url: str, token: str, count: int, pid: int | None = None) -> list[Figure]:
    """The same tasks into and out of a Label Studio."""
    http = httpx.Client(
        base_url=url, headers={"Authorization": f"Token {token}"}, timeout=3600, trust_env=False
    )
    config = '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="cat"/></Choices></View>'
    made = http.post("/api/projects", json={"title": "import", "label_config": config})
    made.raise_for_status()
    project = made.json()["id"]

    def import_() -> int:
        for start in range(0, count, 5000):
            rows = [{"text": f"{TEXT} {n}"} for n in range(start, min(start + 5000, count))]
            http.post(f"/api/projects/{project}/import", json=rows).raise_for_status()
        return count

    def export_() -> int:
        answer = http.get(
            f"/api/projects/{project}/export", params={"exportType": "JSON", "download_all_tasks": "true"}
        )
        answer.raise_for_status()
        return len(answer.json())

    return [measured(pid, "Label Studio, import", import_), measured(pid, "Label Studio, export", export_)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tasks", type=int, default=200_000)
    parser.add_argument("--answers", type=int, default=2)
    parser.add_argument("--database-url")
    parser.add_argument("--label-studio")
    parser.add_argument("--token", default="")
    parser.add_argument("--label-studio-pid", type=int)
    parser.add_argument("--json", action="store_true", help="the figures again, as JSON, at the end")
    asked = parser.parse_args()
    found = run(asked.tasks, asked.answers, asked.database_url)
    if asked.label_studio:
        count = min(asked.tasks, 50_000)
        found += run_label_studio(asked.label_studio, asked.token, count, asked.label_studio_pid)
    if asked.json:
        print(json.dumps([asdict(figure) for figure in found]))


if __name__ == "__main__":
    main()
