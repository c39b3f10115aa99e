"""How far is the work, and is it done? Waiting ends when something happens or when nothing has for too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from demo.processes import Children
from demo.progress import Teller
from steelyard.client import Client

PAUSE_S = 0.4
SLOWLY_S = 1.5  # while the server is busy with a bundle
STUCK_S = 60.0  # without any progress


class Stuck(Exception):
    """Nothing has moved for a minute; the message says what was waited for."""


class Follower:
    def __init__(self, client: Client, children: Children, teller: Teller) -> None:
        self._client, self._children, self._teller = client, children, teller

    def judgments(self, project: str, title: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Follows a project's judgments until its progress satisfies `until`; gives that progress."""
        first = self._progress(project)
        moved, seen = time.monotonic(), first["judgments"]
        with self._teller.following(title, first["wanted"]) as tell:
            while True:
                self._children.check()
                now = self._progress(project)
                tell(now["judgments"], f"{now['settled']:,} tasks settled")
                if until(now):
                    return now
                if now["judgments"] != seen:
                    moved, seen = time.monotonic(), now["judgments"]
                elif time.monotonic() - moved > STUCK_S:
                    raise Stuck(f"{title}: no answer came for {STUCK_S:.0f} s, at {seen:,} judgments")
                time.sleep(PAUSE_S)

    def meanwhile(self, project: str, title: str, total: int, do: Callable[[], Any]) -> Any:
        """Does something in a thread and follows the project's judgments meanwhile."""
        result: list[Any] = []
        fault: list[BaseException] = []

        def run() -> None:
            try:
                result.append(do())
            except BaseException as error:
                fault.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        with self._teller.following(title, total) as tell:
            while thread.is_alive():
                self._children.check()
                tell(self._progress(project)["judgments"], "")
                thread.join(SLOWLY_S)
            tell(self._progress(project)["judgments"], "")
        if fault:
            raise fault[0]
        return result[0]

    def final_fit(self, project: str, providers: list[str]) -> None:
        """Waits until the fit has seen every answer: then the answers behind the providers' inferred accuracy
        are all that there are. Every task of the project has more than one answer."""
        deadline = time.monotonic() + STUCK_S
        while time.monotonic() < deadline:
            self._children.check()
            state = self._client.project(project)
            if state["settling"]["mode"] == "fitted" and not state["progress"]["open"]:
                cards = [self._client.scorecard(p) for p in providers]
                seen = sum(card["inferred"]["n"] for card in cards if card["inferred"])
                if seen == state["progress"]["judgments"]:
                    return
            time.sleep(2 * PAUSE_S)
        raise Stuck(f"the last fit of {project} did not come within {STUCK_S:.0f} s")

    def settled_values(self, project: str) -> list[dict[str, Any]]:
        """The consensus of a fitted project, once two readings a moment apart are the same."""
        deadline = time.monotonic() + STUCK_S
        before: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            self._children.check()
            if self._client.project(project)["settling"]["mode"] == "fitted":
                now = list(self._client.consensus(project))
                if now and now == before:
                    return now
                before = now
            time.sleep(2 * PAUSE_S)
        raise Stuck(f"the values of {project} did not come to rest within {STUCK_S:.0f} s")

    def _progress(self, project: str) -> dict[str, Any]:
        return next(p["progress"] for p in self._client.projects() if p["slug"] == project)
