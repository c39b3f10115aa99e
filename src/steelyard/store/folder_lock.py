"""Which process looks after this data folder?

At most one holds the lock, the kernel takes it back the moment that process ends by whatever means, and no
child of it has it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
import weakref
from pathlib import Path
from types import TracebackType

from steelyard.domain.errors import Conflict

# A process killed a moment ago may still be on its way out, and holds its files until it is gone.
LEAVING_S = 3.0
_LOOK_S = 0.01

_held: weakref.WeakSet[FolderLock] = weakref.WeakSet()


class FolderHeld(Conflict):
    """Another process looks after the folder."""

    code = "folder_held"


class FolderLock:
    """The lock of one data folder. As a context manager it waits a little and then raises FolderHeld."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.path = self.folder / "lock"
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, blocking: bool = False, timeout_s: float | None = None) -> bool:
        """Take the lock and say whether it was free.

        At once by default; with `blocking` it waits until it is free, at most `timeout_s` if given.
        """
        if self._descriptor is not None:
            return True
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _lock(descriptor, blocking, timeout_s):
                os.close(descriptor)
                return False
            # For messages only: the kernel's lock decides, not what is written here.
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(descriptor)
            raise
        self._descriptor = descriptor
        _held.add(self)
        return True

    def release(self) -> None:
        """Give the lock back. The file stays: one made anew would be another lock."""
        descriptor, self._descriptor = self._descriptor, None
        _held.discard(self)
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def holder(self) -> str | None:
        """What the holder wrote of itself, as `process 123`; to be shown, not to be relied on."""
        try:
            pid = self.path.read_text("ascii", errors="replace").strip()
        except OSError:
            return None
        return f"process {pid}" if pid.isdigit() else None

    def __enter__(self) -> FolderLock:
        if not self.acquire(blocking=True, timeout_s=LEAVING_S):
            who = self.holder() or "another process"
            raise FolderHeld(f"{self.folder} is looked after by {who}; stop it first, or use another folder")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _lock(descriptor: int, blocking: bool, timeout_s: float | None) -> bool:
    if blocking and timeout_s is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True
    deadline = time.monotonic() + (timeout_s or 0.0 if blocking else 0.0)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_S)


def _forget_in_child() -> None:
    """A forked child shares the open file and would keep the lock beyond its parent's end."""
    for lock in list(_held):
        descriptor, lock._descriptor = lock._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)
