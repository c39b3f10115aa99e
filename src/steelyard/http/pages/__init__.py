"""The built workbench: one page for every path that is not an API's, and its assets for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_API = ("api", "v1", "v2")


def serve_pages(app: FastAPI, static: Any) -> None:
    root = Path(str(static)).resolve()

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str, request: Request) -> Response:
        if path.split("/", 1)[0] in _API:
            raise HTTPException(404, f"there is nothing at /{path}")
        wanted = _file(root, path)
        if wanted is not None:
            lasting = path.startswith("assets/")
            cache = "public, max-age=31536000, immutable" if lasting else "no-cache"
            return FileResponse(wanted, headers={**_HEADERS, "Cache-Control": cache})
        if path.startswith("assets/"):
            raise HTTPException(404, f"there is nothing at /{path}")
        index = root / "index.html"
        if not index.is_file():
            return PlainTextResponse("The workbench was not built: run `make setup`.\n", status_code=503)
        return FileResponse(index, headers={**_HEADERS, "Cache-Control": "no-cache"})


def _file(root: Path, path: str) -> Path | None:
    """The built file at this path; None for what is none, or lies outside."""
    wanted = (root / path).resolve()
    if not path or not wanted.is_relative_to(root) or wanted.name.startswith("."):
        return None
    try:
        return wanted if wanted.is_file() else None
    except OSError:  # a name longer than the file system has
        return None
