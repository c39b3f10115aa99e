"""What does a test of the doors start with? A running server with an owner, and short ways to make things.

Names are new for every call, so that tests share a server and not their facts.
"""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from steelyard.client import Client
from support.server import CATS, Server, text_tasks

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


class Lab:
    """A server and its owner. `owner` is a client that raises, `http(key)` one that does not."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.url
        self.owner_key = server.make_key("owner")
        self.owner = server.client(self.owner_key)
        self._numbers = itertools.count(1)

    def name(self, what: str) -> str:
        return f"{what} {next(self._numbers)}"

    def project(
        self, name: str | None = None, *, form: Any = None, key: str | None = None, **policy: Any
    ) -> str:
        """The slug of a new project."""
        client = self.client(key) if key else self.owner
        body = {
            "name": name or self.name("Cats"),
            "form": form or CATS,
            "instruction": "Say.",
            "policy": policy,
        }
        return client.post("/api/projects", body)["slug"]

    def work(self, count: int = 3, *, gold_every: int = 0, **policy: Any) -> str:
        """The slug of a new project with `count` tasks."""
        slug = self.project(**policy)
        self.owner.create_tasks(slug, text_tasks(count, gold_every=gold_every))
        return slug

    def provider(self, name: str | None = None, **fields: Any) -> str:
        """The slug of a new provider."""
        return self.owner.post("/api/providers", {"name": name or self.name("Vendor"), **fields})["slug"]

    def key(self, role: str = "annotator", provider: str | None = None, mode: str = "live") -> str:
        """A key of a new person."""
        body = {"role": role, "mode": mode, "name": self.name("Person"), "provider": provider}
        return self.owner.post("/api/keys", body)["key"]

    def client(self, key: str) -> Client:
        return Client(self.url, key)

    def http(self, key: str | None = None, **headers: str) -> httpx.Client:
        return self.server.http(key, **headers)

    def judgments(self, slug: str, **params: Any) -> list[dict[str, Any]]:
        return list(self.owner.judgments(slug, **params))


def answer_all(client: Client, slug: str, label: str = "cat", most: int = 10_000) -> int:
    """Claims and answers until there is nothing; returns how many."""
    done = 0
    while done < most and (held := client.claim(slug, min(20, most - done))["assignments"]):
        for assignment in held:
            client.submit(assignment["id"], {"label": label})
            done += 1
    return done


def problem(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """Asserts that a response is problem+json of this status; returns its body."""
    assert response.status_code == status, (response.status_code, response.text[:500])
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "code"} <= body.keys()
    if code is not None:
        assert body["code"] == code, body
    return body


def pointers(body: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in body["errors"]]
