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
from typing import Any


class ChildFailed(Exception):
    """The child process ended without a result; its last words are the message."""


def run_child(module: str, spec: dict[str, Any]) -> Any:
    """What `python -m module` prints as JSON when it is told `spec`. Raises `ChildFailed`."""
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
    errors = threading.Thread(target=lambda: said.append(child.stderr.read()), daemon=True)  # type: ignore[union-attr]
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


def be_child(act: Callable[[dict[str, Any]], Any]) -> None:
    """The child's whole life: reads what to do, does it, prints the result and ends at once."""
    spec = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    result = act(spec)
    json.dump(result, sys.stdout)
    sys.stdout.flush()
    os._exit(0)


def _end_with_parent() -> None:
    while sys.stdin.read(1):
        pass
    os._exit(3)
