"""Does the database have the schema that this code was written for?

The schema moves forward in one transaction, by one process at a time, or not at all; a database that a
newer Steelyard has changed is left alone.
"""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

from steelyard.store.database import Database, StoreError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"

_ASSIGNMENT = re.compile(r"^(revision|down_revision)\b[^=\n]*=\s*(?:[\"']([^\"']+)[\"']|None)", re.MULTILINE)


class SchemaTooNew(StoreError):
    """A newer Steelyard has migrated this database; this one would not know what it writes."""

    code = "schema_too_new"


class SchemaTooOld(StoreError):
    """The database waits for a migration."""

    code = "schema_too_old"


def migrate(database: Database) -> str | None:
    """Bring the schema to this code's newest revision, which is returned. Quick when there is nothing to do.

    Safe to call from several processes at once: one migrates, the others wait and find it done. Raises
    SchemaTooNew.
    """
    newest = newest_revision()
    if newest is None or _known(current_revision(database)) == newest:
        return newest
    with database.migrating() as connection:
        if _known(_current(connection)) != newest:
            _upgrade(connection)
    return newest


def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None where no migration has run."""
    return database.read(lambda tx: _current(tx.connection))


def newest_revision() -> str | None:
    """The revision that this code was written for, read from the files; None while there are none."""
    revisions = _revisions()
    ends = set(revisions) - {before for before in revisions.values() if before}
    if len(ends) > 1:
        raise StoreError(f"the migrations have several ends: {', '.join(sorted(ends))}")
    return next(iter(ends), None)


def check_schema(database: Database) -> None:
    """Raise SchemaTooOld or SchemaTooNew unless the database is at this code's newest revision."""
    current = _known(current_revision(database))
    newest = newest_revision()
    if current != newest:
        raise SchemaTooOld(
            f"the database is at revision {current}, this Steelyard needs {newest}; run `steelyard migrate`"
        )


def _known(current: str | None) -> str | None:
    if current is not None and current not in _revisions():
        raise SchemaTooNew(
            f"the database is at revision {current}, which this Steelyard does not know; "
            "use the newer version that last opened it"
        )
    return current


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(sa.text("select version_num from alembic_version"))


def _revisions() -> dict[str, str | None]:
    """Each revision and the one before it. Read as text: importing Alembic takes longer than all the rest."""
    found: dict[str, str | None] = {}
    for file in sorted((MIGRATIONS / "versions").glob("*.py")):
        named = {name: value or None for name, value in _ASSIGNMENT.findall(file.read_text("utf-8"))}
        if revision := named.get("revision"):
            found[revision] = named.get("down_revision")
    return found


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
