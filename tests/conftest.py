"""What every test may ask for: an empty migrated database of either kind, a clock, a browser, recordings."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import chromium, postgres, scratch, trust
from support.clock import Clock
from support.compiled import share_compiled
from support.fixtures import lab, postgres_lab, sqlite_lab
from support.thorough import thorough

from steelyard.store.database import Database, open_database
from steelyard.store.migrate import migrate
from steelyard.store.postgres import PostgresDatabase
from steelyard.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["lab", "postgres_lab", "sqlite_lab"]  # fixtures that stand in a file of their own
REPOSITORY = Path(__file__).resolve().parent.parent
scratch.use_memory()
trust.read_once()


def pytest_report_header() -> list[str]:
    return [f"postgresql: {postgres.describe()}", f"chromium: {chromium.describe()}"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What `one_database` marks is not run on the second kind, unless $STEELYARD_TESTS is `long`."""
    if thorough():
        return
    spared = [item for item in items if item.get_closest_marker("one_database") and _on_postgres(item)]
    if spared:
        config.hook.pytest_deselected(items=spared)
        items[:] = [item for item in items if item not in set(spared)]


def _on_postgres(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and "postgresql" in callspec.params.values()


@pytest.fixture
def clock() -> Clock:
    """The clock of the `database` in the same test; `clock.advance(seconds)` moves it."""
    return Clock()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    with open_database(folder) as database:
        migrate(database)
    return folder / "steelyard.db"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """This process's own PostgreSQL server."""
    try:
        cluster = postgres.Cluster()
    except postgres.NoPostgres as error:
        pytest.skip(str(error))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def _postgres_template(postgres_cluster: postgres.Cluster) -> str:
    name = postgres_cluster.create(name="base")
    with PostgresDatabase(postgres_cluster.url(name)) as database:
        migrate(database)
    return name


@pytest.fixture
def make_sqlite(_sqlite_template: Path, clock: Clock) -> Iterator[Callable[[Path], SqliteDatabase]]:
    """Makes the migrated SQLite database of a data folder, with the test's clock."""
    made: list[SqliteDatabase] = []

    def make(folder: Path) -> SqliteDatabase:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_sqlite_template, folder / "steelyard.db")
        made.append(SqliteDatabase(folder / "steelyard.db", clock=clock))
        share_compiled(made[-1])
        return made[-1]

    yield make
    for database in made:
        database.close()


@pytest.fixture
def sqlite_database(make_sqlite: Callable[[Path], SqliteDatabase], tmp_path: Path) -> SqliteDatabase:
    """A migrated, empty SQLite database in `tmp_path`/steelyard-data."""
    return make_sqlite(tmp_path / "steelyard-data")


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Cluster, _postgres_template: str) -> Iterator[str]:
    """The URL of a migrated, empty PostgreSQL database, for tests that start processes of their own."""
    name = postgres_cluster.lend(_postgres_template)
    yield postgres_cluster.url(name)
    postgres_cluster.take_back(name, _postgres_template)


@pytest.fixture
def postgres_database(postgres_url: str, clock: Clock) -> Iterator[PostgresDatabase]:
    """A migrated, empty PostgreSQL database; its clock is the server's plus what `clock` was advanced."""
    with PostgresDatabase(postgres_url, shift=clock.advanced) as database:
        share_compiled(database)
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated, empty database; the test runs once on each kind."""
    return request.getfixturevalue("sqlite_database" if request.param == "sqlite" else "postgres_database")


@pytest.fixture(scope="session")
def crowd() -> Path:
    """The folder of recorded judgments of real people that some checkouts have beside them."""
    folder = REPOSITORY.parent / "shared" / "crowd"
    if not folder.is_dir():
        pytest.skip("no folder shared/crowd with recorded judgments beside the repository")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium driven by Playwright; `browser.new_page()`. Its event loop occupies the main thread of
    this process from then on: a test that wants one of its own runs it in another thread."""
    found = chromium.find_chromium()
    if found is None:
        pytest.skip(chromium.how_to_get_one())
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=chromium.ARGUMENTS)
        yield launched
        launched.close()
