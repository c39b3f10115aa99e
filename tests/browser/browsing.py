"""Who looks at the pages? A visitor: one person's browser window, of which everything that goes wrong is written down.

A page that logs an error or a warning, asks another origin or is answered with 400 or more fails its test,
unless the test has said beforehand what it expects.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response, expect
from support.server import Server

from steelyard.client import Client

PATIENCE_MS = 20_000
_number = itertools.count(1)


@dataclass
class Watch:
    """What a window has logged, asked and been answered. `expected` holds parts of lines that may appear."""

    origin: str
    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._logged)
        context.on("weberror", lambda error: self.found.append(f"uncaught: {error.error}"))
        context.on("response", self._answered)
        context.on("request", lambda request: self._asked(request.url))

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"console {message.type}: {message.text} ({message.location['url']})")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.found.append(f"{response.status} for {response.request.method} {response.url}")

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", f"blob:{self.origin}/", "data:")):
            self.found.append(f"asked {url}")

    def unexpected(self) -> list[str]:
        return [line for line in self.found if not any(part in line for part in self.expected)]


@dataclass
class Visitor:
    """A person with a browser window of their own."""

    context: BrowserContext
    page: Page
    url: str
    watch: Watch

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, key: str) -> None:
        """Opens the session without the form."""
        answer = self.context.request.post(f"{self.url}/api/session", data={"key": key})
        assert answer.json()["person"] is not None, answer.text()

    def work(self, project: str) -> Bench:
        self.go(f"/p/{project}/work")
        bench = Bench(self.page)
        expect(bench.main).to_be_visible()
        return bench


class Bench:
    """The work page, as hands and eyes know it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.main: Locator = page.locator("main[data-task]")
        self.saved: Locator = page.locator(".save-state")

    @property
    def task(self) -> str:
        found = self.main.get_attribute("data-task")
        assert found is not None
        return found

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def answer(self, *keys: str) -> str:
        """Presses the keys, which submit, and waits until the task is gone from the bench; returns its id."""
        task = self.task
        self.press(*keys)
        expect(self.page.locator(f'main[data-task="{task}"]')).to_have_count(0)
        return task

    def all_saved(self) -> None:
        expect(self.saved).to_have_text("Saved")

    def nothing_left(self) -> None:
        expect(self.page.get_by_role("heading", name="Nothing to label now.")).to_be_visible()


@dataclass
class Place:
    """A running server and its owner; makes what a test needs, under names that no other test has."""

    server: Server
    owner: Client
    owner_key: str

    @property
    def url(self) -> str:
        return self.server.url

    def key(self, role: str, provider: str | None = None) -> str:
        """The key of a new person."""
        body = {"role": role, "name": f"{role} {next(_number)}", "mode": "live"}
        return self.owner.post("/api/keys", body | ({"provider": provider} if provider else {}))["key"]

    def provider(self, **more: Any) -> str:
        return self.owner.post(
            "/api/providers", {"name": f"Vendor {next(_number)}", "kind": "people", **more}
        )["slug"]

    def project(self, *questions: dict[str, Any], tasks: Sequence[dict[str, Any]] = (), **more: Any) -> str:
        """A project that asks these questions (an animal, unless told) of these tasks."""
        made = self.owner.post(
            "/api/projects",
            {
                "name": f"Project {next(_number)}",
                "instruction": "Look twice.",
                "form": {"questions": list(questions) or [ANIMAL]},
                **more,
            },
        )
        if tasks:
            counts = self.owner.create_tasks(made["slug"], tasks)["counts"]
            assert counts["new"] == len(tasks), counts
        return made["slug"]

    def answers(self, project: str) -> dict[str, Any]:
        """The current answers by task id; fails when a task has two."""
        lines = list(self.owner.judgments(project))
        found = {line["task"]: line["answers"] for line in lines}
        assert len(found) == len(lines), "a task was answered twice"
        return found


ANIMAL = {"name": "label", "kind": "choice", "title": "Which animal?", "options": ["cat", "dog", "owl"]}


def until(page: Page, holds: Callable[[], bool], within_s: float = 20.0) -> None:
    """Waits, while the page goes on, for what only the server can tell."""
    for _ in range(int(within_s / 0.05)):
        if holds():
            return
        page.wait_for_timeout(50)
    assert holds()


def texts(count: int) -> list[dict[str, Any]]:
    return [
        {"external_id": f"t{i}", "content": {"blocks": [{"type": "text", "text": f"Sound {i}"}]}}
        for i in range(count)
    ]


def png(pixels: Sequence[Sequence[int]]) -> bytes:
    """A grey PNG of these values, 0 to 255."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(row) for row in pixels)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


Visit = Callable[..., Visitor]


def open_window(browser: Browser, url: str, key: str | None, **options: Any) -> Visitor:
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    watch = Watch(url)
    watch.over(context)
    visitor = Visitor(context, context.new_page(), url, watch)
    if key is not None:
        visitor.sign_in(key)
    return visitor
