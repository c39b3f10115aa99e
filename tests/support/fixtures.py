"""Which servers do the tests of the doors share? One on each database for a test process, never more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.lab import Lab
from support.server import Server


@pytest.fixture(scope="session")
def sqlite_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running server on SQLite."""
    with Server(tmp_path_factory.mktemp("sqlite") / "data") as server:
        yield Lab(server)


@pytest.fixture(scope="session")
def postgres_lab(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A running server on PostgreSQL."""
    cluster = request.getfixturevalue("postgres_cluster")
    url = cluster.url(cluster.create(template=request.getfixturevalue("_postgres_template")))
    with Server(tmp_path_factory.mktemp("postgresql") / "data", url) as server:
        yield Lab(server)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def lab(request: pytest.FixtureRequest) -> Lab:
    """A running server; the test runs once on each kind of database."""
    return request.getfixturevalue("sqlite_lab" if request.param == "sqlite" else "postgres_lab")


__all__ = ["lab", "postgres_lab", "sqlite_lab"]
