"""How does a refusal leave /api? As RFC 9457 problem+json, the framework's own refusals included."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from steelyard.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    SteelyardError,
    TooLarge,
    Unauthenticated,
)
from steelyard.store.blobs import NO_SPACE
from steelyard.store.database import PASSING, StoreBusy, StoreFull, StoreNotCommitted, StoreUnavailable

log = logging.getLogger("steelyard.http")
DOORS = ("/api/", "/v1/", "/v2/")
STATUS: dict[type[SteelyardError], int] = {
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Unauthenticated: 401,
    TooLarge: 413,
    StoreBusy: 503,
    StoreUnavailable: 503,
    StoreNotCommitted: 503,
    StoreFull: 507,
}


_SAID: dict[type[SteelyardError], str] = {
    StoreBusy: "The database is busy; nothing was written. Try again.",
    StoreUnavailable: "The database cannot be reached just now. Try again.",
    StoreNotCommitted: "Whether this was written is not known. Ask again, with the same Idempotency-Key.",
    StoreFull: "No space is left; nothing was written.",
}


class ProblemResponse(JSONResponse):
    """In ASCII: a message may quote any text that was sent, also one that UTF-8 cannot hold."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def problem(status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None) -> JSONResponse:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors is not None:
        body["errors"] = errors
    headers = {"WWW-Authenticate": 'Bearer realm="steelyard"'} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "1"
    return ProblemResponse(body, status_code=status, headers=headers)


def from_error(error: SteelyardError) -> JSONResponse:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    errors = None
    if isinstance(error, Invalid):
        errors = [{"pointer": p.pointer, "code": p.code, "message": p.message} for p in error.problems]
    if status >= 500 and not isinstance(error, PASSING):  # those stand in the log once, not for each request
        log.error("refused with %s: %s", error.code, error.message)
    # Where the database lies is for the log alone.
    detail = next((said for kind, said in _SAID.items() if isinstance(error, kind)), error.message)
    return problem(status, error.code, detail, errors)


def install(app: FastAPI) -> None:
    """Every way in which a request can be refused, told in one shape."""

    @app.exception_handler(SteelyardError)
    def refused(request: Request, error: SteelyardError) -> JSONResponse:
        return from_error(error)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_told(e) for e in error.errors()]
        first = f"{errors[0]['pointer'] or '/'}: {errors[0]['message']}" if errors else "malformed request"
        return problem(422, "invalid", first, errors)

    @app.exception_handler(HTTPException)
    def framework(request: Request, error: HTTPException) -> JSONResponse:
        status, detail = error.status_code, str(error.detail)
        if status == 405 and set(request.path_params) == {"path"} and request.url.path.startswith(DOORS):
            # Only the pages' route, which takes every path, knew this one: there is nothing to be had here.
            return problem(404, "not_found", f"there is nothing at {request.url.path}")
        errors = None
        if status == 400:
            errors = [{"pointer": "", "code": "json", "message": "cannot be read as JSON"}]
        answer = problem(status, HTTPStatus(status).phrase.lower().replace(" ", "_"), detail, errors)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer

    @app.exception_handler(OSError)
    def file(request: Request, error: OSError) -> JSONResponse:
        if error.errno in NO_SPACE:
            log.error("%s %s: no space is left for a file: %s", request.method, request.url.path, error)
            return from_error(StoreFull("no space is left for files: nothing was written"))
        return fault(request, error)

    @app.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> JSONResponse:
        log.exception("%s %s met a fault", request.method, request.url.path, exc_info=error)
        return problem(500, "fault", "Something went wrong on our side; it was written to the log.")


def _told(error: Any) -> dict[str, Any]:
    code, message = str(error["type"]), str(error["msg"])
    if code == "json_invalid":  # the framework gives the character's place where a pointer is meant
        reason = (error.get("ctx") or {}).get("error", message)
        return {
            "pointer": "",
            "code": "json",
            "message": f"is not JSON: {reason} at character {error['loc'][-1]}",
        }
    return {"pointer": _pointer(error["loc"]), "code": code, "message": message}


def _pointer(loc: tuple[Any, ...]) -> str:
    parts = loc[1:] if loc and loc[0] in ("body", "query", "path", "header") else loc
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)
