"""How does a test run many commands, each a process of its own, without importing the program each time?

A process that has imported everything and done nothing yet is forked for each. What comes out is what a fresh
interpreter gives: its own pid, environment, folder, streams and exit status. That the program also starts
from nothing is shown by the tests that say `anew=True`. `main` is that first process.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

_MOST = 1 << 20  # bytes of one request
# The write end of stdin is the life line of what shall not outlive us: when we end, the kernel closes it.
_LIFE_LINE = "threading.Thread(target=lambda: (os.read(0, 1), os._exit(9)), daemon=True).start()"
_ANEW = f"import os, threading\nif %r: {_LIFE_LINE}\nfrom steelyard.cli.main import app; app()"


class Forked:
    """A process that was forked; as much of `subprocess.Popen` as is needed."""

    def __init__(self, pid: int, status: int, stdin: IO[bytes] | None, stdout: IO[bytes] | None) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.returncode: int | None = None
        self._status = status

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("steelyard", timeout or 0)
            self.returncode = int(os.read(self._status, 16) or b"-9")
            os.close(self._status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@dataclass
class _First:
    """The process that is forked, and the line to it."""

    line: socket.socket
    process: subprocess.Popen[bytes]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        self.line.close()
        self.process.wait(10)


_first: _First | None = None
_starting = threading.Lock()


def _started() -> _First:
    global _first
    with _starting:
        if _first is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            code = f"from support.forked import main; main({theirs.fileno()})"
            path = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
            _first = _First(
                ours,
                subprocess.Popen(
                    [sys.executable, "-c", code],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env=os.environ | path,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                ),
            )
            theirs.close()
            atexit.register(_first.stop)
        return _first


def popen(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stderr: IO[Any],
    stdout: IO[Any] | None = None,
    life_line: bool = False,
    anew: bool = False,
    before: str = "",
) -> Forked | subprocess.Popen[bytes]:
    """Starts `steelyard ARGUMENTS` in a session of its own; stdout is a pipe unless given. With `life_line`
    its stdin is a pipe at whose end it ends too; else it is empty. `before` is Python that is run first."""
    if anew:
        assert not before
        return subprocess.Popen(
            [sys.executable, "-c", _ANEW % life_line, *arguments],
            stdin=subprocess.PIPE if life_line else subprocess.DEVNULL,
            stdout=stdout or subprocess.PIPE,
            stderr=stderr,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    first = _started()
    asked = {
        "arguments": list(arguments),
        "env": dict(env),
        "cwd": str(cwd or os.getcwd()),
        "life": life_line,
        "before": before,
    }
    status, theirs_status = os.pipe()
    stdin: IO[bytes] | None = None
    if life_line:
        theirs_in, ours = os.pipe()
        stdin = os.fdopen(ours, "wb", buffering=0)
    else:
        theirs_in = os.open(os.devnull, os.O_RDONLY)
    said: IO[bytes] | None = None
    if stdout is None:
        ours, theirs_out = os.pipe()
        said = os.fdopen(ours, "rb")
    else:
        theirs_out = os.dup(stdout.fileno())
    theirs = [theirs_in, theirs_out, stderr.fileno(), theirs_status]
    try:
        with first.lock:
            socket.send_fds(first.line, [json.dumps(asked).encode()], theirs)
            answer = first.line.recv(64)
    finally:
        for descriptor in (theirs_in, theirs_out, theirs_status):
            os.close(descriptor)
    if not answer:
        raise AssertionError("the process that is forked for each command has ended; see its stderr")
    return Forked(int(answer), status, stdin, said)


# --- the process that is forked ---------------------------------------------------------------------------


def main(descriptor: int) -> None:
    """Forks itself at each request, until the line ends."""
    import alembic.command  # noqa: F401
    import typer._adapters
    import typer.main
    import typer.rich_utils
    import uvicorn.config  # noqa: F401

    import steelyard.cli.main
    import steelyard.http.app

    for command in typer.main.get_command(steelyard.cli.main.app).commands.values():  # type: ignore[attr-defined]
        assert command.name
    assert threading.active_count() == 1, "a thread does not come along when a process forks"
    gc.collect()
    gc.freeze()  # so that a child's collections leave these pages shared
    line = socket.socket(fileno=descriptor)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting: dict[int, int] = {}  # where the status of each child is told
    while True:
        ready, _, _ = select.select([line, woken], [], [])
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 4096)
            _tell_who_ended(waiting)
        if line not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(line, _MOST, 4)
        if not message:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (woken, wake, *waiting.values()):
                os.close(other)
            line.close()
            asked = json.loads(message)
            _become(asked, descriptors)
            exec(asked["before"], {})
            _run(steelyard.cli.main.app)
        waiting[pid] = descriptors.pop()
        for other in descriptors:
            os.close(other)
        line.send(str(pid).encode())


def _tell_who_ended(waiting: dict[int, int]) -> None:
    while waiting:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = waiting.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(told)


def _become(asked: dict[str, Any], descriptors: Sequence[int]) -> None:
    """What `exec` would have made of this process."""
    os.setsid()
    for target, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, target)
    for descriptor in descriptors:
        os.close(descriptor)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["-c", *asked["arguments"]]
    if asked["life"]:
        threading.Thread(target=lambda: (os.read(0, 1), os._exit(9)), daemon=True).start()


def _run(app: Callable[[], object]) -> NoReturn:
    """Ends as an interpreter does, but for taking its modules apart, which is half of a short command's time."""
    status: object = 0
    try:
        app()
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
        status = 1
    if isinstance(status, str):
        print(status, file=sys.stderr)
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are no daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))
