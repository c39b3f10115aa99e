"""How does a release appear whole or not at all?

It is written beside its place, brought to disk, and renamed. Whoever is killed leaves a hidden folder that the
next build of the same place removes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from steelyard.domain.errors import Conflict, SteelyardError


class PlaceTaken(Conflict):
    """Something is where the release should go."""

    code = "place_taken"


class NoPlace(SteelyardError):
    """The release cannot be written where it should go."""

    code = "no_place"


def check_free(out: Path) -> None:
    """Raises `PlaceTaken` unless `out` is absent or an empty folder."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise PlaceTaken(f"{out} is not a folder; a release needs a place that is absent or empty")
    if out.exists() and any(out.iterdir()):
        raise PlaceTaken(f"{out} is not empty; a release needs a place that is absent or empty")


@contextmanager
def room_beside(out: Path, what: str = "building") -> Iterator[Path]:
    """An empty hidden folder next to `out`, removed at the end unless it was moved away.

    What earlier ones have left there, if nobody is at work in it, is removed first.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out, what)
        room = out.parent / f".{out.name}.{what}-{secrets.token_hex(8)}"
        room.mkdir(mode=0o755)
        descriptor = os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NoPlace(f"nothing can be written beside {out}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        os.close(descriptor)


def _sweep(out: Path, what: str) -> None:
    for path in out.parent.glob(f".{_escaped(out.name)}.{what}-*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
            finally:
                os.close(descriptor)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


@contextmanager
def alone(path: Path, busy: str) -> Iterator[None]:
    """Hold the lock file at `path`, or raise `Conflict` with the sentence `busy` when another has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(busy, "release_busy") from None
        yield
    finally:
        os.close(descriptor)


def write_synced(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_all(folder: Path) -> None:
    """Bring every file and every name below `folder` to disk."""
    for below, _, names in os.walk(folder, topdown=False):
        for name in names:
            _sync(os.open(os.path.join(below, name), os.O_RDONLY | os.O_CLOEXEC))
        sync_names(Path(below))


def sync_names(folder: Path) -> None:
    """Bring the names in one folder to disk."""
    _sync(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


def put_in_place(room: Path, out: Path) -> None:
    """Rename the finished folder to its place, durably. Raises `PlaceTaken`."""
    try:
        os.rename(room, out)
    except OSError as error:
        raise PlaceTaken(f"{out} was taken meanwhile ({error.strerror}); nothing was released") from error
    sync_names(out.parent)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
