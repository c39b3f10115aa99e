"""How are a million judgments read without asking the database for each again?

A project's judgments lie as Parquet parts in the data folder beside the database, which stays the only truth:
parts are appended as judgments come in, what is no longer current is masked when they are read, and whoever
deletes them loses nothing but time. A part that is torn, foreign or damaged is thrown away and read anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from numpy.typing import NDArray

from steelyard.domain.errors import NotFound
from steelyard.domain.states import ProjectStatus
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.columns import ARITHMETIC, SCHEMA, Columns, as_columns, last_key, read_columns, read_page

log = logging.getLogger("steelyard.work")
Say = Callable[[str], None]

FOLDER = "columns"
FORM = 2  # of the parts; one of another form is made anew
FOOTER = b"steelyard"
GROUP = 250_000  # rows in a row group
MERGE = 4  # a part is merged with the one before it unless that is so many times as large
GONE = 0.05  # a part of which more than this is no longer current is written anew without it,
AT_ONCE = 200_000  # one of fewer rows as soon as there is anything in it that is not

_GONE = sa.select(t.judgment.c.id).where(
    t.judgment.c.project_id == sa.bindparam("project"),
    sa.text("NOT judgment.current"),  # word for word as in the index
    t.judgment.c.id <= sa.bindparam("through"),
)
_WITNESSES = sa.select(t.judgment.c.id, t.judgment.c.public_id).where(
    t.judgment.c.project_id == sa.bindparam("project"),
    t.judgment.c.id.in_(sa.bindparam("ids", expanding=True)),
)


@dataclass(frozen=True)
class _Part:
    """A file with the judgments whose row keys lie above `after` and up to `through`. `witness` is the public
    id of the last one of them in the database: the same key with another id is another database's."""

    path: Path
    after: int
    through: int
    rows: int
    witness: tuple[int, str]


def columns_of(
    database: Database, folder: Path | None, project_id: int, *, say: Say | None = None
) -> Columns:
    """The current judgments of a project as of now; from the copy in the data `folder`, brought up to date
    first, or straight from the database where there is no folder."""
    if folder is None:
        return database.read(lambda tx: read_columns(tx, project_id))
    project = database.read(lambda tx: _identity(tx, project_id))
    copy = _Copy(database, folder, project, say or (lambda _: None))
    with _alone(copy.folder):
        return copy.brought_up_to_date()


@contextmanager
def copy_of(
    database: Database, folder: Path, project_id: int, say: Say | None = None
) -> Iterator[tuple[list[Path], int]]:
    """The files of a project's copy, brought up to date, and the row key up to which they go; nobody changes
    them meanwhile."""
    project = database.read(lambda tx: _identity(tx, project_id))
    copy = _Copy(database, folder, project, say or (lambda _: None))
    with _alone(copy.folder):
        through = copy.horizon()
        parts, _ = copy.up_to(through)
        yield [part.path for part in parts], through[0]


def forget(folder: Path, project: Any) -> None:
    """Deletes the copy of a project (anything with `world` and `public_id`): nothing that was withdrawn or
    erased lingers in it. It is made anew when it is next needed."""
    place = folder / FOLDER / f"{project.world}-{project.public_id}"
    if place.is_dir():
        with _alone(place):
            for path in place.iterdir():
                if path.name != "lock":
                    path.unlink(missing_ok=True)
            _sync_folder(place)


def forget_all(folder: Path) -> None:
    """Deletes the copies of all projects."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


@dataclass(frozen=True)
class _Identity:
    """Whose judgments a part may hold."""

    key: int
    public_id: str
    world: str
    installation: str


def _identity(tx: Transaction, project_id: int) -> _Identity:
    row = tx.row(
        sa.select(t.project.c.public_id, t.project.c.world).where(
            t.project.c.id == project_id, t.project.c.status != ProjectStatus.DELETED
        )
    )
    if row is None:
        raise NotFound("there is no such project: of one that was deleted no copy is made")
    installation = tx.scalar(sa.select(t.installation.c.public_id))
    return _Identity(project_id, row.public_id, row.world, installation)


class _Copy:
    """The parts of one project; its lock is held."""

    def __init__(self, database: Database, folder: Path, project: _Identity, say: Say) -> None:
        self.database, self.project, self.say = database, project, say
        self.folder = folder / FOLDER / f"{project.world}-{project.public_id}"

    def brought_up_to_date(self) -> Columns:
        through = self.horizon()
        parts, gone = self.up_to(through)
        try:
            parts = self._tidied(parts, gone)
            tables = [_read(part, ARITHMETIC) for part in parts]
        except (OSError, pa.ArrowException) as damage:
            # A page that does not match its checksum shows only when it is read.
            log.warning(
                "the copy of project %s is damaged and is made anew: %s", self.project.public_id, damage
            )
            self._drop(self.folder.glob("*.parquet"))
            parts = [self._append(0, through)] if through[0] else []
            tables = [_read(part, ARITHMETIC) for part in parts]
        columns = as_columns([ARITHMETIC.empty_table(), *tables], through[0])
        del tables
        pa.default_memory_pool().release_unused()
        return columns.where(~_among(columns.id, gone)) if len(gone) else columns

    def up_to(self, through: tuple[int, str]) -> tuple[list[_Part], NDArray[np.int64]]:
        """The parts up to a judgment, and what in them is no longer current."""
        parts = self._sound()
        known = parts[-1].through if parts else 0
        if known < through[0]:
            parts.append(self._append(known, through))
        return parts, self._gone(through[0])

    def horizon(self) -> tuple[int, str]:
        """The last judgment such that none with a lower row key is still to come.

        SQLite draws row keys in the order of commits. On PostgreSQL a submit that commits late may have a
        lower one; all that write judgments share the installation's lock, so who has it alone knows that
        none is on its way.
        """

        def held(tx: Transaction) -> tuple[int, str] | None:
            tx.hold_showing()
            return last_key(tx, self.project.key)

        if self.database.dialect == "sqlite":
            found = self.database.read(lambda tx: last_key(tx, self.project.key))
        else:
            found = self.database.write(held)
        return found or (0, "")

    def _sound(self) -> list[_Part]:
        """The parts that join on to one another from the first judgment on and are of this database; what is
        left over from a crash, or does not belong, is deleted."""
        every = sorted(self.folder.iterdir())
        read = [(path, self._footer(path)) for path in every if path.suffix == ".parquet"]
        found = [part for _, part in read if part is not None]
        ids = sorted({part.witness[0] for part in found})
        seen = self.database.read(
            lambda tx: {
                r.id: r.public_id for r in tx.rows(_WITNESSES, {"project": self.project.key, "ids": ids})
            }
        )
        mine = [part for part in found if seen.get(part.witness[0]) == part.witness[1]]
        chain: list[_Part] = []
        at = 0
        while following := [part for part in mine if part.after == at]:
            chain.append(max(following, key=lambda part: part.through))
            at = chain[-1].through
        kept = {part.path for part in chain}
        self._drop(path for path in every if path not in kept and path.name != "lock")
        return chain

    def _footer(self, path: Path) -> _Part | None:
        try:
            with pq.ParquetFile(path) as file:
                said = json.loads((file.metadata.metadata or {})[FOOTER])
                rows = file.metadata.num_rows
            mine = (said["form"], said["installation"], said["project"]) == (
                FORM,
                self.project.installation,
                self.project.public_id,
            )
            if mine:
                return _Part(path, said["after"], said["through"], rows, tuple(said["witness"]))
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
            log.warning("%s is no part of a copy and is deleted", path)
        return None

    def _drop(self, paths: Iterator[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)

    def _gone(self, through: int) -> NDArray[np.int64]:
        """Row keys of the judgments that are no longer current, sorted."""
        keys = self.database.read(
            lambda tx: tx.execute(_GONE, {"project": self.project.key, "through": through}).scalars().all()
        )
        return np.sort(np.array(keys, dtype=np.int64))

    def _append(self, after: int, through: tuple[int, str]) -> _Part:
        def pages() -> Iterator[pa.Table]:
            at, done = after, 0
            while True:
                page = self.database.read(lambda tx, at=at: read_page(tx, self.project.key, at, through[0]))
                if not page.num_rows:
                    return
                at = page.column("id")[-1].as_py()
                done += page.num_rows
                self.say(f"reading {done:,} judgments")
                yield page

        return self._write(pages(), after, through)

    def _tidied(self, parts: list[_Part], gone: NDArray[np.int64]) -> list[_Part]:
        """Few parts, with little in them that is gone: sizes grow at least `MERGE` times from the last one to
        the first, so that each judgment is copied a few times at most, however many come."""
        lots: list[list[_Part]] = []
        for part in parts:
            lots.append([part])
            while len(lots) > 1 and _rows(lots[-2]) < MERGE * _rows(lots[-1]):
                lots[-2:] = [lots[-2] + lots[-1]]
        found: list[_Part] = []
        for lot in lots:
            if len(lot) == 1 and (not len(gone) or not self._much_gone(lot[0], gone)):
                found.append(lot[0])
                continue
            kept = (_without(_read(part), gone) for part in lot)
            found.append(self._write(kept, lot[0].after, lot[-1].witness, lot[-1].through))
            self._drop(part.path for part in lot if part.path != found[-1].path)
        return found

    def _much_gone(self, part: _Part, gone: NDArray[np.int64]) -> bool:
        low, high = np.searchsorted(gone, [part.after, part.through], side="right")
        much = 0 if part.rows <= AT_ONCE else GONE * part.rows
        if high - low <= much:  # an upper bound: some of them never were in the part
            return False
        with pq.ParquetFile(part.path) as file:
            ids = file.read(columns=["id"]).column("id").to_numpy()
        return int(_among(ids, gone[low:high]).sum()) > much

    def _write(
        self, tables: Iterator[pa.Table], after: int, witness: tuple[int, str], through: int | None = None
    ) -> _Part:
        """A whole part or none: written beside its place, brought to disk, renamed."""
        through = witness[0] if through is None else through
        room = self.folder / f"{secrets.token_hex(8)}.tmp"
        said = {
            "form": FORM,
            "installation": self.project.installation,
            "project": self.project.public_id,
            "after": after,
            "through": through,
            "witness": list(witness),
        }
        rows = 0
        try:
            with (
                os.fdopen(
                    os.open(room, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb"
                ) as out,
                pq.ParquetWriter(
                    out,
                    SCHEMA,
                    compression="zstd",
                    compression_level=1,
                    write_page_checksum=True,
                    store_schema=False,
                ) as writer,
            ):
                for table in tables:
                    writer.write_table(table.cast(SCHEMA), row_group_size=GROUP)
                    rows += table.num_rows
                writer.add_key_value_metadata({FOOTER.decode(): json.dumps(said)})
            descriptor = os.open(room, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            path = self.folder / f"{after:019d}-{through:019d}-{secrets.token_hex(4)}.parquet"
            os.rename(room, path)
        finally:
            room.unlink(missing_ok=True)
        _sync_folder(self.folder)
        return _Part(path, after, through, rows, witness)


def _read(part: _Part, schema: pa.Schema = SCHEMA) -> pa.Table:
    with opened(part.path) as file:
        return file.read(columns=schema.names).replace_schema_metadata(None).cast(schema)


def opened(path: Path) -> pq.ParquetFile:
    """A part that checks its pages as it is read."""
    return pq.ParquetFile(path, read_dictionary=["answers"], page_checksum_verification=True)


def _without(table: pa.Table, gone: NDArray[np.int64]) -> pa.Table:
    if not len(gone):
        return table
    return table.filter(pa.array(~_among(table.column("id").to_numpy(), gone)))


def _among(ids: NDArray[np.int64], gone: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the sorted `ids` are in the sorted `gone`."""
    if not len(gone):
        return np.zeros(len(ids), dtype=bool)
    place = np.searchsorted(gone, ids)
    return gone[np.minimum(place, len(gone) - 1)] == ids


def _rows(parts: Sequence[_Part]) -> int:
    return sum(part.rows for part in parts)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a project's copy, waiting for whoever has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
