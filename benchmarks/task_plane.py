"""What does one claim and submit cost, at any size and with many hands? Figures of the task plane.

    python benchmarks/task_plane.py                          # quick: 1,000 and 20,000 tasks
    python benchmarks/task_plane.py --full                   # 1,000, 100,000 and 1,000,000 tasks
    python benchmarks/task_plane.py --only cycle,start       # some of: start, cycle, empty, many, paced
    python benchmarks/task_plane.py --database-url postgresql://...     # an empty database; CPU of the server alone
    python benchmarks/task_plane.py --label-studio URL --token T [--pid N]

A real server on a port, in a process of its own, with SQLite and every write on disk; CPU is what the kernel
counted for the server's process. A peer's CPU is counted where its process runs here and --pid names it, else
its time on the clock is told. Ratios say more than figures: machines differ.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FORM = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog"]}]}
IDLE_S = 2.0  # a connection that was not used for longer is opened anew
TICKS = os.sysconf("SC_CLK_TCK")
ENTRY = "from steelyard.cli.main import app; app()"


class Link:
    """One connection that is kept open."""

    def __init__(self, url: str, authorization: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._link = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=3600)
        self._headers = {"Authorization": authorization, "Content-Type": "application/json"}
        self._used = 0.0

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if time.monotonic() - self._used > IDLE_S:
            self._link.close()  # the server may have; the next request opens it again
        self._link.request(method, path, data, {**self._headers, **headers})
        answer = self._link.getresponse()
        said = answer.read()
        self._used = time.monotonic()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:300]!r}")
        return json.loads(said) if said else None


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel tells no memory")


class Server:
    def __init__(self, folder: Path, database_url: str | None) -> None:
        self.folder = folder
        self._more = ["--database-url", database_url] if database_url else []
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                ENTRY,
                "serve",
                "--data",
                str(folder),
                "--port",
                "0",
                "--json",
                *self._more,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]
        self._keys = 0
        Link(self.url, "").ask("GET", "/readyz")
        self.started_s = time.perf_counter() - began
        self.owner = Link(self.url, f"Bearer {self.key('owner', 'owner')}")

    def key(self, role: str, name: str) -> str:
        if self._keys:
            return self.owner.ask("POST", "/api/keys", {"role": role, "name": name})["key"]
        self._keys += 1
        command = [sys.executable, "-c", ENTRY, "key", "create", "--role", role, "--name", name]
        command += ["--data", str(self.folder), *self._more]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def annotator(self, name: str) -> Link:
        return Link(self.url, f"Bearer {self.key('annotator', name)}")

    @property
    def cpu_s(self) -> float:
        return cpu_seconds(self.process.pid)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def lines(count: int) -> Iterator[bytes]:
    for i in range(count):
        block = {"type": "text", "text": f"Is task {i} about a cat or about a dog?"}
        yield json.dumps({"external_id": f"t{i}", "content": {"blocks": [block]}}).encode() + b"\n"


def project(server: Server, name: str, tasks: int, **policy: Any) -> str:
    made = server.owner.ask("POST", "/api/projects", {"name": name, "form": FORM, "policy": policy})
    body = b"".join(lines(tasks))
    path = f"/api/projects/{made['slug']}/tasks"
    before, began = server.cpu_s, time.perf_counter()
    server.owner.ask("POST", path, body, **{"Content-Type": "application/x-ndjson"})
    used, took = server.cpu_s - before, time.perf_counter() - began
    if tasks >= 1000:
        print(
            f"  import of {tasks:,}: {tasks / used:,.0f} tasks per CPU second, {tasks / took:,.0f} per second"
        )
    return made["slug"]


def claim(link: Link, slug: str, count: int = 1) -> list[dict[str, Any]]:
    return link.ask("POST", f"/api/projects/{slug}/claim", {"count": count})["assignments"]


def submit(link: Link, assignment: str, ahead: int = 0) -> Any:
    key = f"{random.getrandbits(64):x}"
    body = {"answers": {"label": "cat"}, "claim": ahead}
    return link.ask("POST", f"/api/assignments/{assignment}/submit", body, **{"Idempotency-Key": key})


def per_cycle(server: Server, cycles: int, do: Callable[[], Any]) -> float:
    """CPU milliseconds of the server."""
    for _ in range(20):
        do()
    before = server.cpu_s
    for _ in range(cycles):
        do()
    return (server.cpu_s - before) / cycles * 1000


def start(server: Server) -> None:
    slug = project(server, "first", 10)
    print(f"start to first answer of the server: {server.started_s:.2f} s")
    time.sleep(3)
    print(f"idle memory: {memory_mb(server.process.pid):.0f} MB")
    claim(server.annotator("one"), slug)


def cycle(server: Server, sizes: list[int]) -> None:
    costs = {}
    bare = per_cycle(server, 500, lambda: server.owner.ask("GET", "/healthz"))
    print(f"for comparison, one GET /healthz, which does nothing: {bare:.2f} CPU ms")
    for size in sizes:
        slug = project(server, f"cycle {size}", size)
        one = server.annotator(f"cycler {size}")

        def apart(one: Link = one, slug: str = slug) -> None:
            submit(one, claim(one, slug)[0]["id"])

        rounds = min(400, size // 3)
        costs[size] = per_cycle(server, rounds, apart)
        held = claim(one, slug)

        def together(one: Link = one, held: list[Any] = held) -> None:
            held[:] = submit(one, held[0]["id"], 1)["next"]

        joint = per_cycle(server, rounds, together)
        print(
            f"claim + submit of {size:,} tasks: {costs[size]:.2f} CPU ms; in one request {joint:.2f}; "
            f"{costs[size] / costs[sizes[0]]:.2f} times that of {sizes[0]:,}",
            flush=True,
        )


def empty(server: Server, answers: int) -> None:
    """A claim by somebody who has answered all that waits, and of work that asks for a skill nobody has."""
    slug = project(server, "own answers", answers, answers=2)
    one = server.annotator("diligent")
    while held := claim(one, slug, 100):
        for each in held:
            submit(one, each["id"])
    nothing = per_cycle(server, 200, lambda: claim(one, slug))
    made = server.owner.ask(
        "POST", "/api/projects", {"name": "rare", "form": FORM, "policy": {"skills": ["a rare skill"]}}
    )
    path = f"/api/projects/{made['slug']}/tasks"
    server.owner.ask("POST", path, b"".join(lines(2000)), **{"Content-Type": "application/x-ndjson"})
    unskilled = per_cycle(server, 200, lambda: claim(one, made["slug"]))
    usual = project(server, "usual", 1000)
    ordinary = per_cycle(server, 200, lambda: claim(one, usual))
    print(
        f"a claim that finds nothing: {nothing:.2f} CPU ms after {answers:,} own answers, {unskilled:.2f} "
        f"for want of a skill; an ordinary claim {ordinary:.2f}",
        flush=True,
    )


def many(server: Server, hands: int, tasks: int) -> None:
    """All at once, one answer wanted: how many were handed to two, surplus, lost."""
    slug = project(server, f"{hands} hands", tasks)
    handed: queue.SimpleQueue[str] = queue.SimpleQueue()
    acknowledged: queue.SimpleQueue[str] = queue.SimpleQueue()

    def work(link: Link) -> None:
        held = claim(link, slug, 2)
        for each in held:
            handed.put(each["task"]["id"])
        while held:
            done = submit(link, held.pop(0)["id"], 1)
            acknowledged.put(done["judgment"])
            for each in done["next"]:
                handed.put(each["task"]["id"])
                held.append(each)

    before, began = server.cpu_s, time.perf_counter()
    threads = [
        threading.Thread(target=work, args=(server.annotator(f"{hands} hands {i}"),)) for i in range(hands)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, used = time.perf_counter() - began, server.cpu_s - before
    shown = Counter(handed.get() for _ in range(handed.qsize()))
    said = {acknowledged.get() for _ in range(acknowledged.qsize())}
    stream = Link(server.url, server.owner._headers["Authorization"])
    stream._link.request("GET", f"/api/projects/{slug}/judgments", headers=stream._headers)
    kept = [json.loads(line) for line in stream._link.getresponse().read().splitlines()]
    answers = Counter(line["task"] for line in kept)
    print(
        f"{hands} annotators at once, {tasks:,} tasks: {sum(1 for n in shown.values() if n > 1)} handed to two, "
        f"{sum(n - 1 for n in answers.values())} surplus, {len(said - {line['id'] for line in kept})} lost; "
        f"{tasks / took:.0f} a second, {used / tasks * 1000:.2f} CPU ms each",
        flush=True,
    )


def paced(server: Server, hands: int, tasks: int, seconds: float) -> None:
    """Annotators who answer every two seconds."""
    slug = project(server, f"paced {tasks}", tasks)
    took: queue.SimpleQueue[float] = queue.SimpleQueue()
    end = time.monotonic() + seconds

    def work(link: Link, at: float) -> None:
        time.sleep(at)
        held = claim(link, slug)
        while time.monotonic() < end and held:
            time.sleep(random.uniform(1.5, 2.5))
            began = time.perf_counter()
            held = submit(link, held[0]["id"], 1)["next"]
            took.put((time.perf_counter() - began) * 1000)

    links = [server.annotator(f"paced {tasks} {i}") for i in range(hands)]
    threads = [threading.Thread(target=work, args=(link, 2 * i / hands)) for i, link in enumerate(links)]
    before = server.cpu_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = sorted(took.get() for _ in range(took.qsize()))
    used = server.cpu_s - before
    print(
        f"{hands} annotators every 2 s, {tasks:,} tasks: p50 {statistics.median(every):.0f} ms, "
        f"p99 {every[int(len(every) * 0.99)]:.0f} ms, {used / len(every) * 1000:.2f} CPU ms a cycle",
        flush=True,
    )


def label_studio(url: str, token: str, pid: int | None, size: int) -> None:
    """The same cycle against a Label Studio server."""
    link = Link(url, f"Token {token}")
    config = '<View><Text name="t" value="$text"/><Choices name="label" toName="t"><Choice value="cat"/>'
    config += '<Choice value="dog"/></Choices></View>'
    made = link.ask("POST", "/api/projects/", {"title": f"cycle {size}", "label_config": config})["id"]
    for at in range(0, size, 5000):
        rows = [{"text": f"Is task {i} about a cat or about a dog?"} for i in range(at, min(at + 5000, size))]
        link.ask("POST", f"/api/projects/{made}/import", rows)
    value = {"from_name": "label", "to_name": "t", "type": "choices", "value": {"choices": ["cat"]}}

    def do() -> None:
        task = link.ask("GET", f"/api/projects/{made}/next")["id"]
        link.ask("POST", f"/api/tasks/{task}/annotations/", {"result": [value]})

    for _ in range(5):
        do()
    rounds = 100
    before, began = cpu_seconds(pid) if pid else 0.0, time.perf_counter()
    for _ in range(rounds):
        do()
    took = (time.perf_counter() - began) / rounds * 1000
    used = f"{(cpu_seconds(pid) - before) / rounds * 1000:.1f} CPU ms, " if pid else ""
    print(f"Label Studio, {size:,} tasks: {used}{took:.1f} ms on the clock a claim and submit", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="start,cycle,empty,many,paced")
    parser.add_argument("--database-url")
    parser.add_argument("--label-studio")
    parser.add_argument("--token", default="")
    parser.add_argument("--pid", type=int)
    given = parser.parse_args()
    sizes = [1000, 100_000, 1_000_000] if given.full else [1000, 20_000]
    only = given.only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", given.database_url)
        try:
            if "start" in only:
                start(server)
            if "cycle" in only:
                cycle(server, sizes)
            if "empty" in only:
                empty(server, 100_000 if given.full else 5000)
            if "many" in only:
                many(server, 8, 2000)
                many(server, 64, 4000)
            if "paced" in only:
                paced(server, 64, sizes[-1], 60 if given.full else 20)
        finally:
            server.stop()
    if given.label_studio:
        for size in sizes[:2]:
            label_studio(given.label_studio, given.token, given.pid, size)


if __name__ == "__main__":
    main()
