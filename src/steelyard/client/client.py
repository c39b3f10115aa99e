"""One HTTP session with a Steelyard server, by key.

A request that may be repeated without harm is repeated when the connection fails or the server is busy;
an answer is submitted under an Idempotency-Key, so a repetition is never a second answer.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx

TRIES = 6
_AGAIN = (429, 502, 503, 504)


class Unreachable(Exception):
    """The server did not answer, however often it was asked."""


class Refused(Exception):
    """The server said no: `status`, `code`, and `errors` with a pointer to each field."""

    def __init__(self, status: int, code: str, detail: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail, self.errors = status, code, detail, errors


class Client:
    """`url` is the server's, such as http://127.0.0.1:8000; `key` a key of any role."""

    def __init__(self, url: str, key: str, *, timeout_s: float = 60.0) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}"},
            timeout=timeout_s,
            trust_env=False,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        content: bytes | Iterable[bytes] | None = None,
        content_type: str | None = None,
        repeatable: bool | None = None,
    ) -> httpx.Response:
        """A response below 400; raises `Refused` or `Unreachable`."""
        headers: dict[str, str] = {}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        if content_type is not None:
            headers["Content-Type"] = content_type
        again = (
            repeatable
            if repeatable is not None
            else method in ("GET", "DELETE") or idempotency_key is not None
        )
        target = httpx.URL(path).copy_merge_params(
            dict(params or {})
        )  # httpx alone drops the path's own query
        tries = TRIES if again and (content is None or isinstance(content, bytes)) else 1
        for attempt in range(tries):
            if attempt:
                time.sleep(min(2.0**attempt * 0.05, 5.0) * (0.5 + random.random()))
            try:
                response = self._http.request(method, target, json=body, headers=headers, content=content)
            except httpx.TransportError as fault:
                if attempt == tries - 1:
                    raise Unreachable(f"{method} {path}: {fault}") from fault
                continue
            if response.status_code in _AGAIN and attempt < tries - 1:
                continue
            if response.status_code >= 400:
                raise _refused(response)
            return response
        raise AssertionError("unreachable")

    def get(self, path: str, **params: Any) -> Any:
        return self.request("GET", path, params=params).json()

    def post(self, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Any:
        response = self.request(
            "POST", path, body={} if body is None else body, idempotency_key=idempotency_key
        )
        return response.json() if response.content else None

    def patch(self, path: str, body: Any) -> Any:
        return self.request("PATCH", path, body=body).json()

    def create_tasks(self, project: str, tasks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Sends tasks as a stream; returns counts and row errors."""
        lines = (json.dumps(task, ensure_ascii=False).encode() + b"\n" for task in tasks)
        response = self.request(
            "POST", f"/api/projects/{project}/tasks", content=lines, content_type="application/x-ndjson"
        )
        return response.json()

    def ship(
        self, project: str, provider: str, name: str, tasks: Iterable[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Sends a shipment: tasks, each with its `judgments`."""
        lines = (json.dumps(task, ensure_ascii=False).encode() + b"\n" for task in tasks)
        response = self.request(
            "POST",
            f"/api/projects/{project}/shipments",
            params={"provider": provider, "name": name},
            content=lines,
            content_type="application/x-ndjson",
        )
        return response.json()

    def put_blob(self, data: bytes, media_type: str) -> str:
        """Stores bytes and returns their blob: address."""
        response = self.request("POST", "/api/blobs", content=data, content_type=media_type, repeatable=True)
        return response.json()["url"]

    def claim(self, project: str, count: int = 1, lease_s: int | None = None) -> dict[str, Any]:
        """`{"assignments": [...]}`; when there is nothing, `code` and `because` say why.

        Repeated when the connection fails: what a lost answer held goes back when its lease lapses.
        """
        body = {"count": count, **({} if lease_s is None else {"lease_s": lease_s})}
        return self.request("POST", f"/api/projects/{project}/claim", body=body, repeatable=True).json()

    def submit(
        self,
        assignment: str,
        answers: Mapping[str, Any],
        *,
        claim: int = 0,
        spent_ms: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Hands an answer in, once however often it has to be repeated; `next` holds new assignments."""
        body = {
            "answers": dict(answers),
            "claim": claim,
            **({} if spent_ms is None else {"spent_ms": spent_ms}),
        }
        key = idempotency_key or uuid.uuid4().hex
        return self.post(f"/api/assignments/{assignment}/submit", body, idempotency_key=key)

    def give_back(self, assignment: str, reason: str | None = None) -> None:
        self.post(f"/api/assignments/{assignment}/return", {"reason": reason})

    def content_bytes(self, url: str) -> bytes:
        """The bytes behind a link of a content block."""
        return self.request("GET", url).content

    def judgments(self, project: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Current judgments, one by one."""
        return self._lines(f"/api/projects/{project}/judgments", params)

    def consensus(self, project: str, **params: Any) -> Iterator[dict[str, Any]]:
        """The current answer of every task that has one."""
        return self._lines(f"/api/projects/{project}/consensus", params)

    def _lines(self, path: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        with self._http.stream("GET", path, params=params) as response:
            if response.status_code >= 400:
                response.read()
                raise _refused(response)
            for line in response.iter_lines():
                if line:
                    yield json.loads(line)


def _refused(response: httpx.Response) -> Refused:
    try:
        body = response.json()
    except ValueError:
        body = {}
    return Refused(
        response.status_code,
        str(body.get("code", "unknown")),
        str(body.get("detail", response.text[:200])),
        body.get("errors") or [],
    )
