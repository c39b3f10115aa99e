"""What does /api/openapi.json say? All that the doors do, with the media type in which they refuse.

The framework writes every model under application/json; a refusal leaves as problem+json, and says so.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

PROBLEM = "application/problem+json"
_SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "a key"},
    "basic": {"type": "http", "scheme": "basic", "description": "a key as user name, no password"},
    "session": {"type": "apiKey", "in": "cookie", "name": "steelyard_session", "description": "of a page"},
}
_OPEN = ("/api/session", "/healthz", "/readyz", "/metrics")


def describe(app: FastAPI) -> None:
    """Makes `app.openapi` give the whole description."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            found.setdefault("components", {})["securitySchemes"] = _SECURITY
            for path, operations in found["paths"].items():
                for operation in operations.values():
                    if path not in _OPEN:
                        operation["security"] = [{name: []} for name in _SECURITY]
                    for status, response in operation["responses"].items():
                        content = response.get("content", {})
                        if status >= "400" and len(content) == 1:
                            (said,) = content.values()  # under whatever type it answers when all is well
                            response["content"] = {PROBLEM: said}
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
