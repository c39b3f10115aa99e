"""What do the release commands print, and with which status do they end?

`verify` opens no installation: it needs the folder alone, and ends with 0 or 1 for every folder there is.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from steelyard.domain.errors import SteelyardError

NO, WRONG_USE, NOT_JUDGED = 1, 2, 3
# What the one who asked can mend by asking differently; the rest could not be judged.
_WRONG_USE = frozenset({"not_found", "invalid", "place_taken", "unusable_key"})
SILENT_FOR_S = 2.0
EVERY_S = 1.0


class World(StrEnum):
    live = "live"
    test = "test"


release_app = typer.Typer(help="Datasets that leave: build, verify, list.", no_args_is_help=True)

Project = Annotated[str, typer.Argument(help="The project's slug, as it stands in paths.")]
Data = Annotated[
    Path | None, typer.Option("--data", help="The data folder (else $STEELYARD_DATA, else ./steelyard-data).")
]
DatabaseUrl = Annotated[str | None, typer.Option("--database-url", help="A PostgreSQL database.")]
StorageUrl = Annotated[str | None, typer.Option("--storage-url", help="Where blobs are kept.")]
Mode = Annotated[World, typer.Option("--mode", help="The world that the project is in.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else there.")]


@release_app.command("build")
def build_command(
    project: Project,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A folder that is absent or empty (else <data>/releases/<project>-v<n>)."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Leave out all of this provider; repeatable.")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Shares that add up to 1, like train=0.8,val=0.1,test=0.1.")
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", help="Keep tasks together whose metadata are equal in this field."),
    ] = None,
    split_salt: Annotated[
        str | None, typer.Option("--split-salt", help="Another draw of the splits; keep it for all releases.")
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option("--min-confidence", help="No row of the consensus below this, from 0 to 1."),
    ] = None,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Only tasks of which a reviewer accepted or fixed an answer.")
    ] = False,
    provider: Annotated[
        list[str] | None, typer.Option("--provider", help="Only this provider's judgments; repeatable.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Only tasks with this tag; repeatable.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only judgments from this time on (RFC 3339, or a date).")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Only judgments before this time.")] = None,
    pseudonymous: Annotated[
        bool,
        typer.Option(
            "--pseudonymous", help="Annotators by names that are the same in this project's releases."
        ),
    ] = False,
    content: Annotated[
        str | None, typer.Option("--content", help="columns (the default), references, or none.")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option("--licence", help="An SPDX expression, such as CC-BY-4.0, for what has none."),
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: Mode = World.live,
    as_json: AsJson = False,
) -> None:
    """Build the project's next release, signed and verified."""
    asked = {
        "splits": split,
        "group": group_by,
        "salt": split_salt,
        "min_confidence": min_confidence,
        "reviewed": reviewed,
        "providers": provider or [],
        "tags": tag or [],
        "since": since,
        "until": until,
        "pseudonymous": pseudonymous,
        "content": content,
        "licence": licence,
    }
    with _told(as_json):
        from steelyard.releases.options import parse_options

        options = parse_options(asked, without or [])
    with _told(as_json), _installation(data, database_url, storage_url) as here:
        from steelyard.releases.build import build
        from steelyard.releases.signing import load_or_make_key

        gc.freeze()  # what was imported stays; no need to look at it again for every batch
        with _progress() as progress:
            built = build(
                here.database,
                here.blobs,
                project,
                mode.value,
                out,
                options=options,
                signing_key=load_or_make_key(here.folder),
                folder=here.folder,
                progress=progress,
            )
        _print(
            as_json,
            {
                "path": str(built.path),
                "project": project,
                "version": built.version,
                "rows": built.rows,
                "digest": built.digest,
                "providers": built.providers,
            },
            f"Release {built.version} of {project}: {built.rows:,} rows, manifest {built.digest}\n{built.path}",
        )


@release_app.command("verify")
def verify_command(
    folder: Annotated[Path, typer.Argument(help="The release.", metavar="DIR")],
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="The public key (PEM) that must have signed it.")
    ] = None,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit the consensus again from the parts alone and compare.")
    ] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: Mode = World.live,
    as_json: AsJson = False,
) -> None:
    """Check every byte of a release; needs no installation."""
    with _told(as_json):
        from steelyard.releases.signing import load_public_key
        from steelyard.releases.verify import verify

        pinned = None if public_key is None else load_public_key(public_key)
        with _progress() as progress:
            found = verify(folder, pinned, refit, progress=progress)
        said = {
            "ok": found.ok,
            "problems": found.problems,
            "project": found.project,
            "version": found.version,
            "rows": found.rows,
            "files": found.files,
            "digest": found.digest,
            "fingerprint": found.fingerprint,
            "pinned": found.pinned,
            "refitted": found.refitted,
        }
        lines = list(found.problems)
        if found.ok:
            trust = "pinned" if found.pinned else "not pinned"
            lines = [
                f"Release {found.version} of {found.project} holds: {found.rows:,} rows, {found.files:,} files"
                + (", refitted to the same values" if found.refitted else ""),
                f"manifest {found.digest}",
                f"signed by {found.fingerprint} ({trust})",
            ]
        _print(as_json, said, "\n".join(lines))
        if not found.ok:
            raise typer.Exit(NO)


@release_app.command("list")
def list_command(
    project: Project,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: Mode = World.live,
    as_json: AsJson = False,
) -> None:
    """The project's releases, the newest first."""
    with _told(as_json), _installation(data, database_url, storage_url) as here:
        from steelyard.domain.times import format_time
        from steelyard.releases.history import releases_of
        from steelyard.work.projects import project_at

        found = here.database.read(lambda tx: releases_of(tx, project_at(tx, project, mode.value).id))
        items = [
            {
                "version": r.version,
                "path": r.path,
                "built_at": format_time(r.at),
                "rows": r.rows,
                "without": r.without,
                "digest": r.digest,
            }
            for r in found
        ]
        lines = [
            f"{r.version:>4}  {format_time(r.at)}  {r.rows:>9,} rows  {r.path}"
            + (f"  without {', '.join(r.without)}" if r.without else "")
            for r in found
        ]
        _print(as_json, {"items": items}, "\n".join(lines) or f"{project} has no release yet.")


def _installation(
    data: Path | None, database_url: str | None, storage_url: str | None
) -> AbstractContextManager[Any]:
    from steelyard.wiring import open_installation

    folder = data or Path(os.environ.get("STEELYARD_DATA") or "steelyard-data")
    return open_installation(folder, database_url, storage_url)


@contextmanager
def _told(as_json: bool) -> Iterator[None]:
    """Turns what is refused into a sentence on stderr (with --json an object on stdout) and a status."""
    try:
        yield
    except (SteelyardError, OSError) as error:
        message = error.message if isinstance(error, SteelyardError) else str(error)
        code = error.code if isinstance(error, SteelyardError) else "unreadable"
        if as_json:
            print(json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False))
        print(message, file=sys.stderr)
        wrong = code in _WRONG_USE or isinstance(error, NotADirectoryError | FileNotFoundError)
        raise typer.Exit(WRONG_USE if wrong else NOT_JUDGED) from None


def _print(as_json: bool, said: dict[str, Any], text: str) -> None:
    print(json.dumps(said, ensure_ascii=False, allow_nan=False) if as_json else text)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Tells on stderr what is being done, once it takes longer than two seconds."""
    begun = told = time.monotonic()
    width = 0

    def tell(text: str) -> None:
        nonlocal told, width
        now = time.monotonic()
        if now - begun < SILENT_FOR_S or now - told < EVERY_S:
            return
        told = now
        if sys.stderr.isatty():
            print(f"\r{text:<{width}}", end="", file=sys.stderr, flush=True)
            width = max(width, len(text))
        else:
            print(text, file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if width:
            print("\r" + " " * width + "\r", end="", file=sys.stderr, flush=True)
