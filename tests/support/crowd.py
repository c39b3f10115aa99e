"""Who goes on working while servers die? Annotators in threads, who remember what was acknowledged to them."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import httpx

from steelyard.client import Client, Refused, Unreachable
from steelyard.client.transport import refusal

GONE = ("lease_lost", "task_full")
WAIT = (503, 507)  # busy, away, or no space left: nothing was written, and it goes on later


class Impatient(Client):
    """Asks once, and leaves it to the crowd to ask again."""

    def request(self, method, path, *, body=None, params=None, idempotency_key=None, **_) -> httpx.Response:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        try:
            response = self._http.request(method, self._target(path, params), json=body, headers=headers)
        except httpx.TransportError as fault:
            raise Unreachable(str(fault)) from None
        if response.status_code >= 400:
            raise refusal(response)
        return response


class Crowd:
    """Annotators who go on through every crash, and remember what was acknowledged to them. Of several servers
    each turns to another one when one does not answer; the `patient` ones let the client ask again first."""

    def __init__(
        self,
        urls: str | Sequence[str],
        slug: str,
        keys: list[str],
        *,
        rest_s: float = 0.0,
        patient: bool = True,
    ) -> None:
        self.acknowledged: dict[str, str] = {}
        self.refused: Counter[str] = Counter()
        self.faults: list[str] = []
        self.done = threading.Event()
        self.rest_s = rest_s
        self._kind = Client if patient else Impatient
        self._urls, self._slug = [urls] if isinstance(urls, str) else urls, slug
        self._threads = [
            threading.Thread(target=self._work, args=(at, key), daemon=True) for at, key in enumerate(keys)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _work(self, at: int, key: str) -> None:
        clients = itertools.cycle([self._kind(url, key, timeout_s=20) for url in self._urls])
        client = next(itertools.islice(clients, at % len(self._urls), None))
        while not self.done.is_set():
            try:
                held = client.claim(self._slug, 3)["assignments"] or client.get("/api/assignments")["items"]
                for assignment in held:
                    client = self._answer(client, clients, assignment)
                    self.done.wait(self.rest_s)
                if not held:
                    time.sleep(0.1)
            except Unreachable:
                time.sleep(0.05)
                client = next(clients)
            except Refused as refused:
                if refused.status not in WAIT:
                    self.faults.append(str(refused))
                    return
                time.sleep(0.05)

    def _answer(self, client: Client, others: Iterator[Client], assignment: dict) -> Client:
        """Sends an answer until it is taken or refused for good; returns whom to turn to next. Also when all is
        done: the last answer may have been taken without its sender being told."""
        key = f"{assignment['id']}:{assignment['lease_until']}"
        while True:
            try:
                done = client.submit(assignment["id"], {"label": "cat"}, idempotency_key=key)
                self.acknowledged[done["judgment"]] = assignment["task"]["id"]
                return client
            except Unreachable:
                time.sleep(0.05)
                client = next(others)
            except Refused as refused:
                if refused.code not in GONE and refused.status not in WAIT:
                    raise
                self.refused[refused.code] += 1
                if refused.code in GONE:
                    return client
                time.sleep(0.05)


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
