"""Who goes on working while servers die? Annotators in threads, who remember what was acknowledged to them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from steelyard.client import Client, Refused, Unreachable

GONE = ("lease_lost", "task_full")


class Crowd:
    """Annotators who go on through every crash, and remember what was acknowledged to them."""

    def __init__(self, url: str, slug: str, keys: list[str]) -> None:
        self.acknowledged: dict[str, str] = {}
        self.refused: Counter[str] = Counter()
        self.faults: list[str] = []
        self.done = threading.Event()
        self._url, self._slug = url, slug
        self._threads = [threading.Thread(target=self._work, args=(key,), daemon=True) for key in keys]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _work(self, key: str) -> None:
        client = Client(self._url, key, timeout_s=20)
        while not self.done.is_set():
            try:
                held = client.claim(self._slug, 3)["assignments"] or client.get("/api/assignments")["items"]
                for assignment in held:
                    self._answer(client, assignment)
                if not held:
                    time.sleep(0.1)
            except Unreachable:
                time.sleep(0.05)
            except Refused as refused:
                if refused.status != 503:
                    self.faults.append(str(refused))
                    return

    def _answer(self, client: Client, assignment: dict) -> None:
        key = f"{assignment['id']}:{assignment['lease_until']}"
        while not self.done.is_set():
            try:
                done = client.submit(assignment["id"], {"label": "cat"}, idempotency_key=key)
                self.acknowledged[done["judgment"]] = assignment["task"]["id"]
                return
            except Unreachable:
                time.sleep(0.05)
            except Refused as refused:
                if refused.code not in GONE and refused.status != 503:
                    raise
                self.refused[refused.code] += 1
                return


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
