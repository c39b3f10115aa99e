"""Where do the tests keep their files? In memory where there is room, since they only wait for a disk.

What they show of crashes is what `kill -9` leaves, and that is the same on both: what a process has written
is the kernel's. Whoever sets TMPDIR decides instead.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM_BYTES = 2 << 30


def use_memory() -> None:
    """Let this process and all that it starts put temporary files into memory."""
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # asked for before, it was remembered


def _has_room() -> bool:
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK | os.X_OK):
        return False
    room = os.statvfs(MEMORY)
    if room.f_flag & os.ST_NOEXEC:  # programs are put there too: fake ones, and PostgreSQL's for another user
        return False
    return min(room.f_bavail * room.f_frsize, _memory()) >= ROOM_BYTES


def _memory() -> int:
    """Bytes that may be had without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
