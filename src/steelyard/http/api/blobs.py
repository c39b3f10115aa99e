"""/api/blobs: bytes that contents will show."""

from __future__ import annotations

import re
import tempfile
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request

from steelyard.domain.errors import TooLarge, invalid
from steelyard.http.api.common import REFUSALS, Inst
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, require
from steelyard.work.media import keep_blob_row

router = APIRouter(prefix="/api", tags=["blobs"], responses=REFUSALS)
LIMIT = 2_000_000_000
_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/blobs", status_code=201, openapi_extra=_BODY)
async def create(inst: Inst, asker: Asker, request: Request) -> dict[str, Any]:
    """Stores the body; the Content-Type header is kept as its media type. The same bytes are kept once."""
    media_type = request.headers.get("content-type", "application/octet-stream").split(";")[0].strip().lower()
    if _TYPE.fullmatch(media_type) is None:
        raise invalid("", "content_type", "is not a media type")
    await anyio.to_thread.run_sync(
        lambda: inst.database.read(lambda tx: require(asker.principal(tx), Action.CREATE_TASKS))
    )
    with tempfile.SpooledTemporaryFile(max_size=1 << 20) as body:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > LIMIT:
                raise TooLarge(f"a blob is at most {LIMIT} bytes")
            body.write(chunk)
        body.seek(0)

        def keep() -> str:
            digest = inst.blobs.put(body)  # type: ignore[arg-type]
            inst.database.write(lambda tx: keep_blob_row(tx, digest, size, media_type))
            return digest

        digest = await anyio.to_thread.run_sync(keep)
    return {"url": f"blob:sha256/{digest}", "size": size, "media_type": media_type}
