"""What happens when no space is left, or when the data folder is taken away? What cannot be written is refused as
that, nothing that was acknowledged is lost, and it goes on by itself when there is space again."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from support.lab import problem
from support.load import Load
from support.server import Server, text_tasks
from support.thorough import thorough

from steelyard.store.database import StoreFull, Transaction
from steelyard.store.postgres import PostgresDatabase

TASKS, ROUNDS = (2000, 10) if thorough() else (60, 1)
# SQLite refuses pages beyond a number that the test writes into a file: to it, the disk is full then.
FULL_DISK = """
from steelyard.store import sqlite
begin = sqlite.begin_immediate
def begin_within(raw, patience, path):
    begin(raw, patience, path)
    raw.execute(f"PRAGMA max_page_count={open(%r).read()}")
sqlite.begin_immediate = begin_within
"""
AS_IT_IS, MANY = "1", "1000000"  # pages


def test_nothing_is_lost_while_no_space_is_left_and_it_goes_on_after(tmp_path: Path) -> None:
    pages = tmp_path / "pages"

    def let_grow(to: str) -> None:
        fresh = pages.with_suffix(".new")
        fresh.write_text(to)
        fresh.rename(pages)

    let_grow(MANY)
    with Server(tmp_path / "data", before=FULL_DISK % str(pages)) as server:
        load = Load(server, TASKS, rest_s=0.1)

        def limit_files(size: int) -> None:
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        with server.http(load.owner_key) as owner:
            for _ in range(ROUNDS):
                load.acknowledge(10)
                let_grow(AS_IT_IS)
                refuses_what_is_large(load, owner)
                let_grow(MANY)
                load.acknowledge(10)
                limit_files(
                    4096
                )  # bytes of a file that may be written: less than a page of the write-ahead log
                refuses_what_is_large(load, owner)
                problem(owner.post("/api/blobs", content=os.urandom(70_000)), 507, "store_full")
                limit_files(resource.RLIM_INFINITY)
                assert owner.post("/api/blobs", content=os.urandom(70_000)).status_code == 201
            load.acknowledge(10)
            is_gone_for_a_while(server, owner)
        load.finish()
        assert "Traceback" not in server.log()
        assert "met a fault" not in server.log()
        assert not list((server.folder / "blobs" / "arriving").iterdir()), "a part of a blob was left"


def refuses_what_is_large(load: Load, owner: httpx.Client) -> None:
    path = f"/api/projects/{load.slug}"
    said = problem(owner.post(f"{path}/tasks", json=text_tasks(400, "more")), 507, "store_full")
    assert "steelyard.db" not in said["detail"], "where the database lies is for the log"
    assert owner.get(path).json()["progress"]["judgments"] >= 10, "what can be read is read"


def is_gone_for_a_while(server: Server, owner: httpx.Client) -> None:
    """Nothing is acknowledged that would be lost with the folder."""
    away = server.folder.with_name("away")
    server.folder.rename(away)
    before = server.log().count("is gone")
    for ask in (lambda: owner.get("/readyz"), lambda: owner.post("/api/projects", json={"name": "Q"})):
        refused: Callable[[], httpx.Response] = ask
        assert refused().headers["retry-after"] == "1"
        problem(refused(), 503, "store_unavailable")
    problem(owner.post("/api/blobs", content=b"bytes"), 503, "store_unavailable")
    assert server.log().count("is gone") - before <= 2, "the log says it once for the database"
    assert not server.folder.exists(), "nothing is made in its place"
    away.rename(server.folder)
    assert owner.get("/readyz").status_code == 200


def test_a_full_disk_of_postgresql_is_told_as_that(postgres_database: PostgresDatabase) -> None:
    full = sa.text("do $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$")

    def fill(tx: Transaction) -> None:
        tx.execute(sa.text("create table written (n int)"))
        tx.execute(full)

    for act in (postgres_database.write, postgres_database.read):
        with pytest.raises(StoreFull, match="no space is left"):
            act(fill if act == postgres_database.write else lambda tx: tx.execute(full))
    assert postgres_database.write(lambda tx: tx.scalar(sa.text("select to_regclass('written')"))) is None
