"""What is settled before any handler sees a request? HEAD, and the one character that no name contains.

A path or query with a NUL never reaches a file system or a database.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from steelyard.http.problems import problem


class Edge:
    """Answers HEAD as GET, whose body the server leaves out, and refuses NUL in paths and queries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif "\x00" in scope["path"]:
            await problem(404, "not_found", "there is nothing at a path with a NUL character")(
                scope, receive, send
            )
        elif b"%00" in scope["query_string"]:
            errors = [{"pointer": "", "code": "text", "message": "contains a NUL character"}]
            await problem(422, "invalid", "the query contains a NUL character", errors)(scope, receive, send)
        else:
            heard = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
            await self._app(heard, receive, send)
