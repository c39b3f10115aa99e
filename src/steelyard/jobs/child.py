"""How is heavy work kept away from the server's own time?

A child process is told what to do on its standard input and prints its result. It ends when its standard
input ends, so it never outlives the one that started it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

Say = Callable[[str], None]
PROGRESS = "progress: "  # begins a line on standard error that is no error


class ChildFailed(Exception):
    """The child process ended without a result; its last words are the message."""


def run_child(module: str, spec: dict[str, Any], say: Say | None = None) -> Any:
    """What `python -m module` prints as JSON when it is told `spec`; what it tells meanwhile goes to `say`.
    Raises `ChildFailed`."""
    child = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    said: list[str] = []

    def listen(lines: IO[str]) -> None:
        for line in lines:
            if not line.startswith(PROGRESS):
                said.append(line)
            elif say is not None:
                say(line.removeprefix(PROGRESS).rstrip("\n"))

    errors = threading.Thread(target=listen, args=(child.stderr,), daemon=True)
    errors.start()
    child.stdin.write(json.dumps(spec) + "\n")
    child.stdin.flush()
    out = child.stdout.read()
    code = child.wait()
    child.stdin.close()
    errors.join(5)
    if code != 0:
        raise ChildFailed("".join(said).strip()[-2000:] or f"ended with status {code}")
    return json.loads(out)


def tell(text: str) -> None:
    """How far a child has come, for whoever started it."""
    print(f"{PROGRESS}{text}", file=sys.stderr, flush=True)


def be_child(act: Callable[[dict[str, Any]], Any], *, niceness: int = 0) -> None:
    """The child's whole life: reads what to do, does it, prints the result and ends at once. `niceness`: how
    far it steps back for others that want the processor."""
    spec = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(niceness)
    result = act(spec)
    json.dump(result, sys.stdout)
    sys.stdout.flush()
    os._exit(0)


def _end_with_parent() -> None:
    while sys.stdin.read(1):
        pass
    os._exit(3)
