"""How does a request that comes a thousand times a minute get to its use case and back with little around it?

It is answered before the framework's layers and its other 120 routes are tried, which describe it and answer
whatever is unusual about it. The body is decoded once, without a model; the answer is encoded once; and on
SQLite no thread waits for the writer. What is taken and refused is what every other door takes and refuses.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from fastapi import Request, Response
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from steelyard.domain.errors import SteelyardError, invalid
from steelyard.formats.storable import parse_json
from steelyard.http.auth import Credentials, credentials
from steelyard.http.problems import from_error
from steelyard.store.database import Transaction
from steelyard.wiring import Installation

LONGEST_KEY = 255
_encode = msgspec.json.Encoder().encode
Handler = Callable[[Request, str], Awaitable[Any]]


class Hot:
    """Answers POST /api/{kind}/{name}/{act} by the handler of (kind, act), which is given the request and the
    name; all else goes on to the application."""

    def __init__(self, app: ASGIApp, handlers: Mapping[tuple[str, str], Handler]) -> None:
        self._app = app
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and not scope["query_string"]:
            path: str = scope["path"]
            steps = path.split("/")
            if len(steps) == 5 and steps[1] == "api" and steps[3] and "\x00" not in path:
                handler = self._handlers.get((steps[2], steps[4]))
                if handler is not None:
                    await self._answer(handler, steps[3], scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _answer(self, handler: Handler, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = _encode(await handler(Request(scope, receive), name))
        except SteelyardError as error:
            await from_error(error)(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})


def asks_for(model: type[BaseModel], *, required: bool = False) -> dict[str, Any]:
    """What a route says of its body in the description, from a model that is used for nothing else."""
    schema = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": required, "content": schema}}


async def body_of(request: Request, *, required: bool = False) -> dict[str, Any]:
    """The JSON object that was sent; none is an empty one unless it is required. Raises `Invalid`."""
    data = await request.body()
    if not data:
        if required:
            raise invalid("", "required", "send a JSON object")
        return {}
    sent = parse_json(data)
    if sent is None and not required:
        return {}
    if not isinstance(sent, dict):
        raise invalid("", "type", "must be a JSON object")
    return sent


def idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        raise invalid("/Idempotency-Key", "length", f"must have 1 to {LONGEST_KEY} characters")
    return key


async def write(request: Request, do: Callable[[Transaction, Credentials], Any]) -> Any:
    """What `do(tx, who asks)` returns, once it is durable."""
    installation: Installation = request.app.state.installation
    asker = credentials(request)
    return await installation.database.write_soon(lambda tx: do(tx, asker))


def answer(body: Any, status: int = 200) -> Response:
    return Response(_encode(body), status_code=status, media_type="application/json")
