"""The tests' PostgreSQL is gone when the tests are, however they ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support import supervisor
from support.postgres import Cluster, find_binaries

pytestmark = [
    pytest.mark.skipif(find_binaries() is None, reason="the wheel with PostgreSQL is not installed"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look at processes"),
]

HOLD = """
import time
from support.postgres import Cluster
cluster = Cluster()
print(cluster.home, cluster.server_pid, flush=True)
time.sleep(60)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_killing_the_tests_takes_the_server_and_its_directory_along() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
        text=True,
    )
    assert process.stdout is not None
    home, pid = process.stdout.readline().split()
    assert Path(home).is_dir()
    process.kill()
    process.wait()
    process.stdout.close()
    wait_for(lambda: not Path(home).exists() and supervisor.start_time(int(pid)) is None)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv, of util-linux")
def test_killing_the_supervisor_stops_the_server_and_the_next_run_sweeps_its_directory() -> None:
    cluster = Cluster()
    with psycopg.connect(cluster.url(cluster.create()).replace("+psycopg", "")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    os.kill(cluster.supervisor_pid, signal.SIGKILL)
    cluster.stop()
    wait_for(lambda: supervisor.start_time(cluster.server_pid) is None)
    assert cluster.home.is_dir()
    supervisor.sweep(Path(tempfile.gettempdir()))
    assert not cluster.home.exists()
