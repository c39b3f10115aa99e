"""How does a test get a real server? As users do: `steelyard serve` in a process of its own, on a free port.

It is killed when the block ends, however it ends, and what it wrote to stderr stays in a file to be read.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from steelyard.client import Client
from support import forked

START_S = 60.0


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout; raises ValueError when there is anything else."""
        return json.loads(self.stdout)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: ours, without any setting of Steelyard's."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("STEELYARD_")}
    return kept | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)} | dict(more or {})


def steelyard(
    *arguments: str | Path,
    status: int | None = None,
    cwd: Path | None = None,
    more: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
    anew: bool = False,
) -> Ran:
    """Runs a command to its end; asserts its exit status where one is given. `anew` starts an interpreter
    for it, as a shell does; else a process that has imported the program is forked."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = forked.popen(
            [*map(str, arguments)], env=environment(more), cwd=cwd, stdout=out, stderr=err, anew=anew
        )
        try:
            process.wait(timeout_s)
        finally:
            process.kill()
        ended = process.wait()
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    ran = Ran(ended, *said)
    if status is not None:
        assert ran.status == status, ran
    return ran


class Server:
    """A running `steelyard serve`. `url` is where it is; `sign_in` the one-time link where it gave one."""

    def __init__(
        self,
        folder: Path,
        database_url: str | None = None,
        *options: str,
        port: int = 0,
        anew: bool = False,
        before: str = "",
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self._options = options
        self._port = port
        self._anew = anew
        self._before = before
        self.url = ""
        self.sign_in: str | None = None
        self.log_file = folder.with_name(folder.name + ".log")
        self._process: forked.Forked | subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def placed(self) -> list[str]:
        """The options that name this server's data, for commands beside it."""
        more = ["--database-url", self.database_url] if self.database_url else []
        return ["--data", str(self.folder), *more]

    def start(self) -> None:
        """Starts it and waits until it says where it is; a second start takes the same port again."""
        arguments = ["serve", "--json", "--port", str(self._port), *self.placed, *self._options]
        with self.log_file.open("ab") as log:
            self._process = forked.popen(
                arguments, env=environment(), stderr=log, life_line=True, anew=self._anew, before=self._before
            )
        said = json.loads(self._first_line())
        self.url, self.sign_in = said["url"], said.get("sign_in")
        self._port = self.port
        self._wait_until_ready()

    def _first_line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_S)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            self.kill()
            raise AssertionError(f"the server did not start:\n{self.log()}")
        return line

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_S
        while True:
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False, timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < end, f"the server is not ready:\n{self.log()}"
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9, of it and of its children."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def stop(self) -> int:
        """Asks it to end, as a terminal does, and returns its exit status."""
        assert self._process is not None
        process = self._process
        process.send_signal(signal.SIGINT)
        status = process.wait(20)
        self.kill()
        return status

    def log(self) -> str:
        """All that it wrote to stderr, over every start."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def command(self, *arguments: str | Path, status: int | None = 0) -> Ran:
        """Runs a command on this server's data."""
        return steelyard(*arguments, *self.placed, status=status)

    def make_key(
        self, role: str, name: str | None = None, provider: str | None = None, mode: str = "live"
    ) -> str:
        """A key, made by a process beside the server."""
        options: list[str] = ["--role", role, "--mode", mode]
        options += ["--name", name] if name else []
        options += ["--provider", provider] if provider else []
        return self.command("key", "create", *options).stdout.strip()

    def client(self, key: str) -> Client:
        return Client(self.url, key)

    def http(self, key: str | None = None, **headers: str) -> httpx.Client:
        """A plain HTTP client, with a key or without; nothing raises."""
        sent = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=sent | headers, trust_env=False, timeout=60)


def text_tasks(count: int, prefix: str = "t", gold_every: int = 0) -> Sequence[dict[str, Any]]:
    """Tasks of one text block; every `gold_every`th is gold."""
    return [
        {
            "external_id": f"{prefix}{i}",
            "content": {"blocks": [{"type": "text", "text": f"animal {prefix}{i}"}]},
            **({"gold": {"label": "cat"}} if gold_every and i % gold_every == 0 else {}),
        }
        for i in range(count)
    ]


CATS = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog"]}]}
