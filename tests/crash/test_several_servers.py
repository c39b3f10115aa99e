"""What becomes of the work when one of several servers of a PostgreSQL dies, or the PostgreSQL itself? The others
go on with it; without a database all wait for it, and go on by themselves."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.lab import problem
from support.load import Load
from support.postgres import Cluster, NoPostgres
from support.server import Server
from support.thorough import thorough

SERVERS, TASKS, DEATHS = (3, 3000, 20) if thorough() else (2, 60, 1)
DURABLE = "&options=-csynchronous_commit%3Don"  # what it has acknowledged survives its own death


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that may be killed."""
    try:
        cluster = Cluster()
    except NoPostgres as error:
        pytest.skip(str(error))
    yield cluster
    cluster.stop()


def test_any_of_them_and_their_database_may_die_under_load_and_come_back(
    tmp_path: Path, own_cluster: Cluster
) -> None:
    dice = random.Random(7)
    url = own_cluster.url(own_cluster.create()) + DURABLE
    storage = ["--storage-url", (tmp_path / "blobs").as_uri()]
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Server(tmp_path / f"s{n}", url, *storage)) for n in range(SERVERS)]
        load = Load(servers[0], TASKS, people=6, urls=[server.url for server in servers], rest_s=0.2)
        for _ in range(DEATHS):
            load.acknowledge(10)
            dying = dice.choice(servers)
            dying.kill()
            load.acknowledge(10)  # the others go on meanwhile
            own_cluster.kill()
            for server in servers:
                if server is not dying:
                    is_away(server, load.owner_key)
            own_cluster.start_again()
            load.acknowledge(10)
            dying.start()
            load.acknowledge(10)
        servers.pop(0).kill()  # and one that made it all need not come back
        load.finish(servers[0])
        for server in servers:  # a job may have failed meanwhile, and was tried again
            assert "met a fault" not in server.log()


def is_away(server: Server, key: str) -> None:
    with server.http(key) as owner:
        for path in ("/readyz", "/api/projects"):
            answer = owner.get(path)
            problem(answer, 503, "store_unavailable")
            assert answer.headers["retry-after"] == "1"
        problem(owner.post("/api/projects", json={"name": "Q"}), 503)
        assert owner.get("/healthz").status_code == 200
