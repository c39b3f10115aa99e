"""What does exposure say when the server is killed in the middle of claims? All that anybody received, and no
less: what was written and never arrived may stand there too."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from support.crowd import wait
from support.server import CATS, Server, text_tasks

from steelyard.client import Refused, Unreachable

KILLS, THREADS = 1, 3


class Takers:
    """People who claim and look at tasks through every crash, and remember what reached them."""

    def __init__(self, server: Server, keys: list[str], opener: str, tasks: list[str]) -> None:
        self.received: set[str] = set()
        self.opened: set[str] = set()
        self.done = threading.Event()
        self._server, self._tasks = server, tasks
        self._threads = [threading.Thread(target=self._claim, args=(key,), daemon=True) for key in keys]
        self._threads.append(threading.Thread(target=self._open, args=(opener,), daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.done.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    def _claim(self, key: str) -> None:
        client = self._server.client(key)
        while not self.done.is_set():
            try:
                self.received |= {held["id"] for held in client.claim("p", 2)["assignments"]}
            except (Unreachable, Refused):
                time.sleep(0.02)

    def _open(self, key: str) -> None:
        client = self._server.client(key)
        for task in self._tasks:
            while not self.done.is_set() and task not in self.opened:
                try:
                    if client.get(f"/api/tasks/{task}")["content"]:
                        self.opened.add(task)
                except (Unreachable, Refused):
                    time.sleep(0.02)


@pytest.mark.one_database
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whatever_reached_somebody_is_in_the_list(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    with Server(tmp_path / "data", url) as server:
        owner_key = server.make_key("owner")
        owner = server.client(owner_key)
        owner.post("/api/projects", {"name": "P", "form": CATS, "policy": {"answers": 3}})
        owner.create_tasks("p", text_tasks(1000))
        tasks = [task["id"] for task in owner.get("/api/projects/p/tasks", limit=1000)["items"]]
        owner.post("/api/providers", {"name": "V"})
        keys = [
            owner.post("/api/keys", {"role": "annotator", "name": f"A{n}", "provider": "v"})["key"]
            for n in range(THREADS)
        ]
        opener = owner.post("/api/keys", {"role": "reviewer", "name": "Rita"})["key"]
        takers = Takers(server, keys, opener, tasks)
        for _ in range(KILLS):
            before = len(takers.received), len(takers.opened)
            wait(lambda b=before: len(takers.received) > b[0] + 20 and len(takers.opened) > b[1] + 5)
            server.kill()
            server.start()
        takers.stop()
        owner = server.client(owner_key)
        shown = pages(owner, "/api/providers/v/exposure")
        assert takers.received <= {item["assignment"] for item in shown}
        assert len(shown) == len({item["assignment"] for item in shown})
        assert len(shown) - len(takers.received) <= 2 * THREADS * (KILLS + 1), "only what was under way"
        [rita] = [
            p for p in pages(owner, "/api/providers/in-house/exposure/annotators") if p["name"] == "Rita"
        ]
        seen = pages(owner, f"/api/annotators/{rita['annotator']}/exposure")
        assert takers.opened <= {item["task"] for item in seen}
        assert rita["tasks"] - len(takers.opened) <= KILLS + 1


def pages(owner, path: str) -> list[dict]:
    found, after = [], None
    while True:
        page = owner.get(path, limit=100, **({"after": after} if after else {}))
        found += page["items"]
        after = page["next"]
        if after is None:
            return found
