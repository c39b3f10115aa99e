"""How is a request asked again without being carried out twice?

What reads is repeated; what writes is repeated when it carries an Idempotency-Key, when the server says that
nothing was written, or when the connection was never made. A key never stands in an error or a repr.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import quote

import httpx

from steelyard.client.errors import Refused, Unreachable

TRIES = 6
LONGEST_PAUSE_S = 5.0
_AGAIN = (429, 502, 503, 504)
_NOTHING_WRITTEN = ("store_busy", "busy")  # the server's own word for it
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Transport:
    """One HTTP session. `url` is the server's, such as http://127.0.0.1:8000; `key` a key of any role.

    `timeout_s` is how long a connection may take and how long the server may be silent. Safe to use from many
    threads; closed by `close` or at the end of a `with`.
    """

    def __init__(self, url: str, key: str, *, timeout_s: float = 60.0) -> None:
        parsed = httpx.URL(url.rstrip("/"))
        self.url = str(parsed.copy_with(username=None, password=None))
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def close(self) -> None:
        """Lets go of the connections."""
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
        timeout_s: float | None = None,
    ) -> httpx.Response:
        """A response below 400; raises `Refused` or `Unreachable`.

        `body` is sent as JSON, `content` as it is; `repeatable` overrules what the method and the key say. An
        iterable of bytes can be sent once only.
        """
        said = method in ("GET", "PUT", "DELETE") or idempotency_key is not None
        again = said if repeatable is None else repeatable
        tries = TRIES if content is None or isinstance(content, bytes) else 1
        request = self._http.build_request(
            method,
            self._target(path, params),
            json=body,
            content=content,
            headers=_headers(idempotency_key, content_type),
            timeout=httpx.USE_CLIENT_DEFAULT if timeout_s is None else timeout_s,
        )
        lost = False
        for attempt in range(1, tries + 1):
            try:
                response = self._http.send(request)
            except httpx.TransportError as fault:
                never_sent = isinstance(fault, _NEVER_SENT)
                lost = lost or not never_sent
                if attempt < tries and (again or never_sent):
                    pause(attempt)
                    continue
                raise Unreachable(f"{method} {path}: {type(fault).__name__} {fault}".rstrip()) from None
            if response.status_code < 400:
                return response
            refused = refusal(response)
            refused.repeated = lost
            harmless = again or refused.code in _NOTHING_WRITTEN
            if response.status_code not in _AGAIN or not harmless or attempt == tries:
                raise refused
            pause(attempt, response)
        raise AssertionError("unreachable")

    @contextmanager
    def stream(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[httpx.Response]:
        """The response to a GET whose body is still to be read. Raises as `request` does; what breaks while it
        is read raises httpx.TransportError."""
        for attempt in range(1, TRIES + 1):
            request = self._http.build_request("GET", self._target(path, params))
            try:
                response = self._http.send(request, stream=True)
            except httpx.TransportError as fault:
                if attempt == TRIES:
                    raise Unreachable(f"GET {path}: {type(fault).__name__} {fault}".rstrip()) from None
                pause(attempt)
                continue
            try:
                if response.status_code < 400:
                    yield response
                    return
                response.read()
                if response.status_code not in _AGAIN or attempt == TRIES:
                    raise refusal(response)
            finally:
                response.close()
            pause(attempt, response)

    def download(self, path: str, params: Mapping[str, Any] | None, file: IO[bytes]) -> None:
        """Writes what is at a path into an open file, from where it stands; begins again where the connection
        breaks."""
        start = file.tell()
        for attempt in range(1, TRIES + 1):
            try:
                with self.stream(path, params) as response:
                    for piece in response.iter_bytes():
                        file.write(piece)
                return
            except httpx.TransportError as fault:
                if attempt == TRIES:
                    raise Unreachable(f"GET {path}: {type(fault).__name__} {fault}") from None
                file.seek(start)
                file.truncate()
                pause(attempt)

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at a path of the API; parameters that are None are left out."""
        return self.request("GET", path, params=params).json()

    def post(self, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Any:
        """Sends JSON; what comes back, None where nothing does."""
        sent = {} if body is None else body
        response = self.request("POST", path, body=sent, idempotency_key=idempotency_key)
        return response.json() if response.content else None

    def put(self, path: str, body: Any) -> Any:
        """Puts JSON at a path."""
        return self.request("PUT", path, body=body).json()

    def patch(self, path: str, body: Any, **params: Any) -> Any:
        """Changes what is named in `body` (a merge patch), and is not repeated by itself."""
        return self.request("PATCH", path, body=body, params=params).json()

    def delete(self, path: str, **params: Any) -> Any:
        """Deletes, or ends; what comes back, None where nothing does."""
        response = self.request("DELETE", path, params=params)
        return response.json() if response.content else None

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Every item of a list, page by page as they are asked for."""
        after: str | None = None
        while True:
            page = self.request("GET", path, params={**(params or {}), "after": after}).json()
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def _target(self, path: str, params: Mapping[str, Any] | None) -> httpx.URL:
        given = {name: value for name, value in (params or {}).items() if value is not None}
        return httpx.URL(path).copy_merge_params(given)  # httpx alone drops the path's own query


def quoted(name: str) -> str:
    """A name as one step of a path."""
    return quote(name, safe="")


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def refusal(response: httpx.Response) -> Refused:
    try:
        body = response.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    return Refused(
        response.status_code,
        str(body.get("code", "unknown")),
        str(body.get("detail", response.text[:200])),
        body.get("errors") or [],
        body or None,
    )


def _headers(idempotency_key: str | None, content_type: str | None) -> dict[str, str]:
    named = {"Idempotency-Key": idempotency_key, "Content-Type": content_type}
    return {name: value for name, value in named.items() if value is not None}


def pause(attempt: int, response: httpx.Response | None = None) -> None:
    """Longer after every try, and never at the same moment as others."""
    wait = min(2.0**attempt * 0.05, LONGEST_PAUSE_S) * (0.5 + random.random())
    asked = response.headers.get("retry-after", "") if response is not None else ""
    time.sleep(max(wait, min(float(asked), 30.0)) if asked.isdecimal() else wait)
