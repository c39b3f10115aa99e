"""What does /api/openapi.json say? All that the doors do, with the media type in which they refuse.

The framework writes every model under application/json; a refusal leaves as problem+json, and says so.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

PROBLEM = "application/problem+json"
_SCHEMAS = "#/components/schemas/"
_SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "a key"},
    "basic": {"type": "http", "scheme": "basic", "description": "a key as user name, no password"},
    "session": {"type": "apiKey", "in": "cookie", "name": "steelyard_session", "description": "of a page"},
}
_OPEN = ("/api/session", "/healthz", "/readyz", "/metrics")


class ProblemError(BaseModel):
    pointer: str
    code: str
    message: str


class ProblemBody(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemError] | None = None


def refusal(description: str) -> dict[str, Any]:
    """What a route says of a way in which it refuses."""
    # Named, not given as a model: the framework would build that anew for every route, a second in all.
    schema = {"$ref": f"{_SCHEMAS}ProblemBody"}
    return {"description": description, "content": {PROBLEM: {"schema": schema}}}


def describe(app: FastAPI) -> None:
    """Makes `app.openapi` give the whole description."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            components = found.setdefault("components", {})
            components["securitySchemes"] = _SECURITY
            _, problems = models_json_schema(
                [(ProblemBody, "serialization")], ref_template=f"{_SCHEMAS}{{model}}"
            )
            components["schemas"] = {**components.get("schemas", {}), **problems["$defs"]}
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
