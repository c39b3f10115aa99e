"""How do stored bytes reach a browser? Checked against their digest, and never as a page of ours."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import Response
from fastapi.responses import StreamingResponse

from steelyard.domain.errors import NotFound
from steelyard.store import tables as t
from steelyard.wiring import Installation

_SHOWN = ("image/", "audio/", "video/")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=600",
}

BYTES: dict[int | str, dict[str, Any]] = {  # for the description of a route that serves them
    200: {"description": "The bytes", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}


def serve_block(inst: Installation, content: dict[str, Any] | None, index: int) -> Response:
    """The blob of block number `index` of a content; raises `NotFound` when it shows none."""
    blocks = content["blocks"] if content else []
    url = blocks[index].get("url") if 0 <= index < len(blocks) else None
    if not isinstance(url, str) or not url.startswith("blob:sha256/"):
        raise NotFound("this block has no stored bytes")
    digest = url.removeprefix("blob:sha256/")
    row = inst.database.read(
        lambda tx: tx.execute(sa.select(t.blob).where(t.blob.c.digest == digest)).first()
    )
    if row is None:
        raise NotFound("this block has no stored bytes")
    shown = row.media_type.startswith(_SHOWN) or row.media_type == "application/pdf"
    headers = {**_HEADERS, "Content-Length": str(row.size)}
    if not shown:
        headers["Content-Disposition"] = "attachment"
    media_type = row.media_type if shown else "application/octet-stream"
    return StreamingResponse(inst.blobs.stream(digest), media_type=media_type, headers=headers)
