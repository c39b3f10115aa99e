"""Who makes sure that the tests' PostgreSQL is gone when the tests are, however they ended?

This program does: it starts the server in a directory of its own, says where on stdout, and takes all of it
away when its stdin ends, which the kernel sees to even when the tests are killed. It imports nothing of the
project: `python supervisor.py BIN_FOLDER`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

READY_S = 60.0
SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_size": "64MB",
    "min_wal_size": "4MB",
    "timezone": "UTC",
}
INITDB = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
INITDB += ["--no-sync", "--no-instructions", "--wal-segsize=1"]


class NotStarted(Exception):
    """The server did not come up; says what it wrote."""


def start_time(pid: int) -> str | None:
    """When a process began, in the kernel's ticks: with its pid this names it once and for all."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]


def other_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; then it runs as nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def sweep(folder: Path) -> None:
    """Remove directories whose supervisor was killed itself. Only those that carry its mark, and are ours."""
    if not Path("/proc/self/stat").exists():
        return  # without /proc a living owner cannot be told from a dead one
    ours = {os.geteuid()} | ({user.pw_uid} if (user := other_user()) else set())
    for home in folder.glob("pg-*"):
        with contextlib.suppress(OSError, ValueError):
            if home.is_symlink() or home.stat().st_uid not in ours:
                continue
            pid, began = (home / "owner").read_text().split()
            if start_time(int(pid)) == began or _server_lives(home):
                continue
            shutil.rmtree(home, ignore_errors=True)


def _server_lives(home: Path) -> bool:
    try:
        pid = int((home / "data" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return False
    return start_time(pid) is not None


def reachable(path: Path) -> bool:
    """Whether another user may enter every folder on the way to `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def binaries_for(user: pwd.struct_passwd | None, binaries: Path, home: Path) -> Path:
    """The folder of programs, copied where the other user cannot reach it; the libraries stay beside."""
    if user is None or reachable(binaries / "postgres"):
        return binaries
    install = binaries.parent
    libraries = install.parent.with_name(install.parent.name + ".libs")
    copy = home / "program" / install.parent.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, home / "program" / libraries.name, symlinks=True)
    for folder in (home / "program", copy.parent):
        folder.chmod(0o755)
    return copy / "bin"


class Server:
    """One PostgreSQL in one directory."""

    def __init__(self, binaries: Path) -> None:
        self.user = other_user()
        self.home = Path(tempfile.mkdtemp(prefix="pg-", dir=tempfile.gettempdir()))
        self.home.chmod(0o700)
        self.process: subprocess.Popen[bytes] | None = None
        (self.home / "owner").write_text(f"{os.getpid()} {start_time(os.getpid())}\n")
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        self.binaries = binaries_for(self.user, binaries, self.home)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self.environment = kept | {"LC_ALL": "C", "TZ": "UTC", "HOME": str(self.home)}

    def start(self) -> None:
        data = str(self.home / "data")
        initdb = self._popen(
            [str(self.binaries / "initdb"), "-D", data, *INITDB], "initdb.log", change_user=True
        )
        if initdb.wait(READY_S) != 0:
            raise NotStarted(self._tail("initdb.log"))
        self.start_server()

    def start_server(self) -> None:
        data = str(self.home / "data")
        settings = SERVER_SETTINGS | {"unix_socket_directories": str(self.home)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.binaries / "postgres"), "-D", data, *options]
        # Should this supervisor be killed, the kernel asks the server to stop. The signal follows the thread
        # that started it, so this has to be the main one.
        setpriv = shutil.which("setpriv")
        if setpriv and self.user:
            ids = [f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"]
            command = [setpriv, "--pdeathsig", "INT", *ids, *command]
        elif setpriv:
            command = [setpriv, "--pdeathsig", "INT", *command]
        self.process = self._popen(command, "postgres.log", change_user=not setpriv)
        self._wait_until_ready()

    def start_again(self) -> None:
        """After it was killed; what it has left behind ends a moment later, and until then it does not start."""
        assert self.process is not None
        self.process.wait(READY_S)
        deadline = time.monotonic() + READY_S
        while True:
            try:
                return self.start_server()
            except NotStarted:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        try:
            if self.process is not None and self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)  # fast: does not wait for clients
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    self.process.send_signal(signal.SIGQUIT)
                    self.process.wait(10)
        finally:
            shutil.rmtree(self.home, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        ready = [str(self.binaries / "pg_isready"), "-q", "-h", str(self.home), "-U", "postgres"]
        deadline = time.monotonic() + READY_S
        while subprocess.run(ready, env=self.environment, cwd=self.home).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted(self._tail("postgres.log"))
            time.sleep(0.02)

    def _popen(self, command: list[str], log: str, change_user: bool) -> subprocess.Popen[bytes]:
        with (self.home / log).open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=self.home,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=self.user.pw_uid if self.user and change_user else None,
                group=self.user.pw_gid if self.user and change_user else None,
                extra_groups=[] if self.user and change_user else None,
            )

    def _tail(self, log: str) -> str:
        lines = (self.home / log).read_text(errors="replace").splitlines()
        return "\n".join(lines[-20:])


def main() -> int:
    sweep(Path(tempfile.gettempdir()))
    server = Server(Path(sys.argv[1]))
    try:
        server.start()
        process = server.process
        assert process is not None
        host = str(server.home)
        print(json.dumps({"host": host, "pid": process.pid, "home": host}), flush=True)
        while os.read(
            0, 4096
        ):  # its end means ours; a line, that the server was killed and shall start again
            server.start_again()
            print(json.dumps({"pid": server.process.pid}), flush=True)
    except NotStarted as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    except BrokenPipeError:
        return 1
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
