"""How does a project's data leave?

The order is build, verify, rename, record: whoever is killed leaves at most a whole release that the database
does not know of, which harms nobody and is replaced by the next build; the database never names a release that
is not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from steelyard.domain.errors import Conflict
from steelyard.domain.ids import new_id
from steelyard.releases.compose import Composer, Keys, Made, Progress
from steelyard.releases.folder import alone, check_free, put_in_place, room_beside
from steelyard.releases.history import latest_release
from steelyard.releases.layout import MANIFEST
from steelyard.releases.manifest import BadManifest, read_manifest
from steelyard.releases.options import Options
from steelyard.releases.signing import SigningKey, load_or_make_secret
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs
from steelyard.store.database import Database, Transaction
from steelyard.work.column_stream import CopyDamaged, JudgmentStream, judgment_stream
from steelyard.work.columnar import forget
from steelyard.work.projects import project_at


@dataclass(frozen=True)
class Built:
    """A release that is in place. `rows` are those of the consensus, `digest` the manifest's SHA-256,
    `providers` the slugs of those whose judgments or contents it holds."""

    path: Path
    version: int
    rows: int
    digest: str
    providers: list[str]


def build(
    database: Database,
    blobs: Blobs,
    project_slug: str,
    world: str,
    out: Path | None,
    *,
    without: Sequence[str] = (),
    options: Options | None = None,
    now: int | None = None,
    signing_key: SigningKey,
    folder: Path,
    progress: Progress | None = None,
) -> Built:
    """Builds the next release of a project into `out`, by default `folder`/releases/<slug>-v<version>.

    `without` names providers (slugs or names) of whom nothing is to be in it, besides those that `options` name.
    `now` is the time that the database remembers (its own unless given); the release itself holds no time but
    those of its data.
    Raises `NotFound` (project, provider, a blob's bytes), `PlaceTaken`, `Conflict` when another build of the
    project is under way, `BuildFailed`.
    """
    say = progress or (lambda _: None)
    wanted = options or Options()
    wanted = replace(wanted, without=tuple(sorted({*wanted.without, *without})))
    home = Path(folder).absolute() / "releases"
    home = home if world == "live" else home / world
    busy = f"another process is building a release of {project_slug!r}; try again when it is done"
    with alone(home / f".{hashlib.sha256(project_slug.encode()).hexdigest()[:16]}.lock", busy):
        project, version, path = database.read(
            lambda tx: _next(tx, home, project_at(tx, project_slug, world))
        )
        if out is None:
            _clear_unrecorded(path, project_slug, version)
        else:
            path = Path(out).absolute()
        check_free(path)
        with room_beside(path) as room:
            keys = Keys(signing_key, _pseudonyms(folder, project) if wanted.pseudonymous else None)

            def compose(stream: JudgmentStream) -> Made:
                return database.read(
                    lambda tx: Composer(tx, blobs, stream, room, path, keys, wanted, say).run(
                        project_slug, world
                    )
                )

            made = _streamed(database, Path(folder), project, room, say, compose)
            # The ledger's receipt is written here (`receipt.json`, announced by `receipt` in the manifest).
            put_in_place(room, path)
        try:
            database.write(lambda tx: _record(tx, made, now))
        except BaseException:
            _take_away(path)
            raise
    return Built(
        path, made.version, made.manifest["counts"]["rows"], made.digest,
        sorted(made.manifest["counts"]["providers"]),
    )  # fmt: skip


def _streamed(
    database: Database,
    folder: Path,
    project: sa.Row,
    room: Path,
    say: Progress,
    compose: Callable[[JudgmentStream], Made],
) -> Made:
    """What `compose` makes of the project's judgments; a copy that turns out to be damaged is made anew, once."""
    try:
        with judgment_stream(database, folder, project.id, say=say) as stream:
            return compose(stream)
    except CopyDamaged:
        forget(folder, project)
        for path in room.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        with judgment_stream(database, folder, project.id, say=say) as stream:
            return compose(stream)


def _pseudonyms(folder: Path, project: sa.Row) -> bytes:
    """The secret behind the pseudonyms in a project's releases: the same for all of them."""
    return hmac.new(load_or_make_secret(folder), project.public_id.encode(), hashlib.sha256).digest()


def _next(tx: Transaction, home: Path, project: sa.Row) -> tuple[sa.Row, int, Path]:
    """The project, the version of its next release, and the place of that in our own folder: another than that of
    a release of a project that had the same slug before it was deleted."""
    version = _next_version(tx, project.id)
    path = home / f"{project.slug}-v{version}"
    other = (t.release.c.path == str(path), t.release.c.project_id != project.id)
    if tx.row(sa.select(t.release.c.id).where(*other)) is not None:
        path = home / f"{project.slug}-{project.public_id}-v{version}"
    return project, version, path


def _next_version(tx: Transaction, project_id: int) -> int:
    latest = latest_release(tx, project_id)
    return 1 if latest is None else latest.version + 1


def _record(tx: Transaction, made: Made, now: int | None) -> None:
    tx.execute(sa.select(t.project.c.id).where(t.project.c.id == made.project_id).with_for_update())
    if _next_version(tx, made.project_id) != made.version:
        raise Conflict("another release of this project was built meanwhile; build again", "release_busy")
    at = tx.now if now is None else now
    release_id = tx.scalar(
        sa.insert(t.release)
        .values(
            public_id=new_id(at),
            project_id=made.project_id,
            version=made.version,
            predecessor_id=made.predecessor_id,
            path=str(made.path),
            digest=made.digest,
            rows=made.manifest["counts"]["rows"],
            at=at,
        )
        .returning(t.release.c.id)
    )
    here = {p: counts for p, counts in made.held.items() if p not in made.left_out}
    rows = [{"provider_id": p, **counts, "left_out": False} for p, counts in here.items()]
    rows += [{"provider_id": p, "contents": 0, "judgments": 0, "left_out": True} for p in made.left_out]
    if rows:
        tx.execute(sa.insert(t.release_provider), [{"release_id": release_id, **row} for row in rows])


def _clear_unrecorded(path: Path, slug: str, version: int) -> None:
    """Removes a release in our own folder that was built, but whose build was killed before it was recorded."""
    with contextlib.suppress(OSError, BadManifest):
        manifest = read_manifest((path / MANIFEST).read_bytes())
        if manifest["project"]["slug"] == slug and manifest["version"] == version:
            _take_away(path)


def _take_away(path: Path) -> None:
    """At once no longer a release by its name, then removed."""
    with room_beside(path, "removing") as room, contextlib.suppress(OSError):
        os.rename(path, room / "was")
