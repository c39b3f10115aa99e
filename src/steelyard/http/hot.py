"""How does a request that comes a thousand times a minute get to its use case and back with little around it?

The body is decoded once, without a model; the answer is encoded once; and on SQLite no thread waits for the
writer. What is taken and refused is what every other door takes and refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import Request, Response
from pydantic import BaseModel

from steelyard.domain.errors import invalid
from steelyard.formats.storable import parse_json
from steelyard.http.auth import Credentials, credentials
from steelyard.store.database import Transaction
from steelyard.wiring import Installation

LONGEST_KEY = 255
_encode = msgspec.json.Encoder().encode


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
