"""How does a refusal leave /api? As RFC 9457 problem+json, the framework's own refusals included."""

from __future__ import annotations

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
from steelyard.store.database import StoreBusy

log = logging.getLogger("steelyard.http")
STATUS: dict[type[SteelyardError], int] = {
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Unauthenticated: 401,
    TooLarge: 413,
    StoreBusy: 503,
}


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
    headers = {"WWW-Authenticate": 'Basic realm="steelyard", charset="UTF-8"'} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "1"
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def from_error(error: SteelyardError) -> JSONResponse:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    errors = None
    if isinstance(error, Invalid):
        errors = [{"pointer": p.pointer, "code": p.code, "message": p.message} for p in error.problems]
    if status == 500:
        log.error("refused with %s: %s", error.code, error.message)
    return problem(status, error.code, error.message, errors)


def install(app: FastAPI) -> None:
    """Every way in which a request can be refused, told in one shape."""

    @app.exception_handler(SteelyardError)
    def refused(request: Request, error: SteelyardError) -> JSONResponse:
        return from_error(error)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"pointer": _pointer(e["loc"]), "code": str(e["type"]), "message": str(e["msg"])}
            for e in error.errors()
        ]
        first = f"{errors[0]['pointer'] or '/'}: {errors[0]['message']}" if errors else "malformed request"
        return problem(422, "invalid", first, errors)

    @app.exception_handler(HTTPException)
    def framework(request: Request, error: HTTPException) -> JSONResponse:
        status = error.status_code
        answer = problem(status, HTTPStatus(status).phrase.lower().replace(" ", "_"), str(error.detail))
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer

    @app.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> JSONResponse:
        log.exception("%s %s met a fault", request.method, request.url.path, exc_info=error)
        return problem(500, "fault", "Something went wrong on our side; it was written to the log.")


def _pointer(loc: tuple[Any, ...]) -> str:
    parts = loc[1:] if loc and loc[0] in ("body", "query", "path", "header") else loc
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)
