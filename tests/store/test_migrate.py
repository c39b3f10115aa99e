"""The schema moves forward whole, once, and never back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from support.postgres import Cluster

from steelyard.store import migrate as migration
from steelyard.store.database import Database, open_database
from steelyard.store.migrate import SchemaTooNew, SchemaTooOld, check_schema, current_revision, migrate

FIRST = """
import sqlalchemy as sa
from alembic import op
revision: str = "1"
down_revision: str | None = None
def upgrade():
    op.create_table("first", sa.Column("id", sa.Integer, primary_key=True))
"""
SECOND = """
from alembic import op
revision = "2"
down_revision = "1"
def upgrade():
    op.execute("create table second (id integer)")
    if {fails}:
        op.execute("nonsense")
"""


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations of this test alone."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text((migration.MIGRATIONS / "env.py").read_text())
    (folder / "versions" / "1_first.py").write_text(FIRST)
    monkeypatch.setattr(migration, "MIGRATIONS", folder)
    return folder / "versions"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path | None, str | None]]:
    """Where an empty database is, nothing migrated."""
    if request.param == "sqlite":
        yield tmp_path / "data", None
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create()
    yield None, cluster.url(name)
    cluster.drop(name)


def tables(database: Database) -> set[str]:
    return set(database.read(lambda tx: sa.inspect(tx.connection).get_table_names()))


@pytest.mark.usefixtures("versions")
def test_processes_that_migrate_at_once_do_it_once(place: tuple[Path | None, str | None]) -> None:
    def run(_: int) -> str | None:
        with open_database(*place) as database:
            return migrate(database)

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(run, range(3))) == ["1", "1", "1"]
    with open_database(*place) as database:
        assert tables(database) == {"first", "alembic_version"}
        assert migrate(database) == "1"
        check_schema(database)


def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    place: tuple[Path | None, str | None], versions: Path
) -> None:
    with open_database(*place) as database:
        migrate(database)
        (versions / "2_second.py").write_text(SECOND.format(fails=True))
        with pytest.raises(SchemaTooOld):
            check_schema(database)
        with pytest.raises(exc.DBAPIError):
            migrate(database)
        assert current_revision(database) == "1"
        assert tables(database) == {"first", "alembic_version"}
        (versions / "2_second.py").write_text(SECOND.format(fails=False))
        assert migrate(database) == "2"
        assert tables(database) == {"first", "second", "alembic_version"}


def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    place: tuple[Path | None, str | None], versions: Path
) -> None:
    with open_database(*place) as database:
        (versions / "2_second.py").write_text(SECOND.format(fails=False))
        migrate(database)
        (versions / "2_second.py").unlink()
        for look in (migrate, check_schema):
            with pytest.raises(SchemaTooNew, match="revision 2"):
                look(database)
        assert current_revision(database) == "2"


def test_the_migrations_of_this_version_have_one_end(database: Database) -> None:
    assert current_revision(database) == migration.newest_revision()
    check_schema(database)
