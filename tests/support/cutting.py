"""How are connections cut at the worst moment: after the server has done it, before the answer arrives?

A proxy on a port of its own passes everything on and, when told, closes a connection in place of the answer, in
the middle of it, or in the middle of what is asked.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from typing import Self


class CuttingProxy:
    """In front of the server on `port`; a `part` of what passes is cut, drawn with `seed`. `cut` counts how often
    an answer, a part of one, or a part of a request was lost; `only` one of these, where it is named."""

    def __init__(self, port: int, part: float, *, only: str | None = None, seed: int = 1) -> None:
        self.cut = {"answer": 0, "half an answer": 0, "half a request": 0}
        self._to, self._part, self._only = port, part, only
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._close(self._listening, *self._open)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            self._open |= {client, server}
            for source, target, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass_on, args=(source, target, answers), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                kept = self._kept(len(data), answers)
                target.sendall(data[:kept])
                if kept < len(data):
                    break
        self._close(source, target)

    def _kept(self, size: int, answers: bool) -> int:
        """How many of so many bytes are passed on."""
        with self._lock:
            kind = self._dice.choice(["answer", "half an answer"]) if answers else "half a request"
            if self._only not in (None, kind) or self._dice.random() >= self._part / (1 if answers else 4):
                return size
            self.cut[kind] += 1
            return 0 if kind == "answer" else size // 2

    def _close(self, *sockets: socket.socket) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)
