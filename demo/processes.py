"""How are the server and the workers started, and how is it made sure that none of them outlives the run?

Every child has a process group of its own and a log file; leaving the `with` block, for whatever reason, ends
them all.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from demo.place import ROOT, Place

STEELYARD = str(Path(sys.executable).parent / "steelyard")
START_S = 60.0
LEAVE_S = 10.0
TAIL_LINES = 15


class ChildFailed(Exception):
    """A child process ended that should not have, or said that something is wrong."""


def environment(**more: str) -> dict[str, str]:
    """Our own environment without any setting of another installation; one thread for each child's sums."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("STEELYARD_")}
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**kept, **threads, **more}


def command(place: Place, *words: str) -> dict[str, Any]:
    """The JSON that one steelyard command prints. Raises `ChildFailed` unless its status is 0 or 1."""
    done = subprocess.run(
        [STEELYARD, *words, "--data", str(place.data), "--json"],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise ChildFailed(f"steelyard {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise ChildFailed(f"steelyard {' '.join(words)} printed no JSON: {done.stderr.strip()}") from None


class Children:
    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def serve(self, place: Place) -> str:
        """Starts the server and returns its URL, once it listens."""
        words = ("serve", "--data", str(place.data), "--port", "0", "--json")
        child = self._start("server", words, environment(), stdout=subprocess.PIPE)
        assert child.stdout is not None
        line = _first_line(child.stdout, time.monotonic() + START_S)
        if not line:
            raise ChildFailed("the server did not start")
        return json.loads(line)["url"]

    def work(self, name: str, target: str, project: str, url: str, more: Mapping[str, str]) -> None:
        """Starts a worker that answers `project` with `target`."""
        words = ("provider", "run", target, "--project", project, "--url", url, "--json")
        self._start(name, words, environment(**more))

    def check(self) -> None:
        """Raises `ChildFailed` when the server is gone or a worker ended with a fault."""
        for name, child in self._running.items():
            status = child.poll()
            if status is not None and (status != 0 or name == "server"):
                raise ChildFailed(f"{name} ended with status {status}")

    def result(self, name: str, within_s: float) -> dict[str, Any]:
        """What a worker printed when it ended by itself. Raises `ChildFailed` when it does not in time."""
        try:
            status = self._running[name].wait(within_s)
        except subprocess.TimeoutExpired:
            raise ChildFailed(f"{name} went on working for {within_s:.0f} s") from None
        if status != 0:
            raise ChildFailed(f"{name} ended with status {status}")
        return json.loads(self._log(name).read_text(errors="replace").splitlines()[-1])

    def tails(self) -> list[str]:
        """The last lines of every log that says anything."""
        found = []
        for path in sorted(self._logs.glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()[-TAIL_LINES:]
            if lines:
                found += [f"--- {path.name}", *lines]
        return found

    def end(self) -> None:
        """SIGTERM to the workers, then to the server; SIGKILL to whoever is still there after that."""
        with _undisturbed():
            _end([child for name, child in self._running.items() if name != "server"])
            _end([child for name, child in self._running.items() if name == "server"])
            self._running.clear()

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _start(
        self, name: str, words: tuple[str, ...], env: dict[str, str], stdout: int | None = None
    ) -> subprocess.Popen[bytes]:
        with self._log(name).open("wb") as log:
            child = subprocess.Popen(
                [STEELYARD, *words],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=True,
            )
        self._running[name] = child
        return child


def _first_line(stream: IO[bytes], deadline: float) -> bytes:
    with selectors.DefaultSelector() as ready:
        ready.register(stream, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            if ready.select(0.2):
                return stream.readline()
    return b""


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + LEAVE_S
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


@contextlib.contextmanager
def _undisturbed():
    """A second Ctrl-C does not stop the ending of children."""
    before = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
