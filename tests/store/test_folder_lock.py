"""Who looks after a data folder: one process, until it ends by whatever means."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import steelyard
from steelyard.store import folder_lock
from steelyard.store.folder_lock import FolderHeld, FolderLock

HOLD = """
import subprocess, sys, time
from pathlib import Path
from steelyard.store.folder_lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
assert lock.acquire()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False, stdout=2)
print(child.pid, flush=True)
time.sleep(60)
"""


@contextmanager
def another_holder(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that holds the lock and has a child that outlives it."""
    source = str(Path(steelyard.__file__).resolve().parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": source},
        text=True,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        yield process, child
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        os.kill(child, 9)


def test_only_one_may_hold_it_and_the_next_one_after_that(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "data"), FolderLock(tmp_path / "data")
    assert first.acquire()
    assert first.acquire()
    assert first.held
    assert not second.acquire()
    assert second.holder() == f"process {os.getpid()}"
    first.release()
    assert second.holder() is None
    assert second.acquire()
    second.release()
    assert (tmp_path / "data" / "lock").exists()


def test_the_holder_is_named_to_whoever_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_lock, "LEAVING_S", 0.05)
    with (
        FolderLock(tmp_path),
        pytest.raises(FolderHeld, match=f"process {os.getpid()}"),
        FolderLock(tmp_path),
    ):
        pass


def test_a_killed_holder_can_be_followed_at_once_though_its_child_lives_on(tmp_path: Path) -> None:
    with another_holder(tmp_path) as (process, child):
        assert not FolderLock(tmp_path).acquire()
        process.kill()  # and nobody waits for its end
        with FolderLock(tmp_path) as lock:
            assert lock.held
            os.kill(child, 0)


def test_a_forked_child_neither_has_the_lock_nor_keeps_it(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    assert lock.acquire()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b"held" if lock.held else b"free")
        time.sleep(30)
        os._exit(0)
    try:
        assert os.read(read, 10) == b"free"
        assert not FolderLock(tmp_path).acquire()
        lock.release()
        other = FolderLock(tmp_path)
        assert other.acquire()
        other.release()
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(read)
        os.close(write)


def test_waiting_has_an_end_where_one_is_given(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        began = time.monotonic()
        assert not FolderLock(tmp_path).acquire(blocking=True, timeout_s=0.1)
        assert time.monotonic() - began >= 0.1
