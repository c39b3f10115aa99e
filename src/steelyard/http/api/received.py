"""How is a body of many rows taken in, and what is answered about the rows?"""

from __future__ import annotations

import tempfile
from typing import IO, Any

import anyio.to_thread
from fastapi import Request
from fastapi.responses import JSONResponse

from steelyard.domain.errors import Invalid, Problem
from steelyard.http.problems import ProblemResponse
from steelyard.identity.policy import Action
from steelyard.wiring import Installation
from steelyard.work.projects import find_project
from steelyard.work.tasks import Created, RowProblem

IN_MEMORY = 1 << 20


async def may_create(inst: Installation, asker: Any, slug: str) -> None:
    """Refuses before the body is taken in: nobody fills the disk of a server that does not know them."""
    await anyio.to_thread.run_sync(
        lambda: inst.database.read(
            lambda tx: find_project(tx, asker.principal(tx), slug, Action.CREATE_TASKS).id
        )
    )


async def received(request: Request) -> IO[bytes]:
    """The body in a temporary file: a stream of any length takes no memory."""
    kept = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (the caller closes it)
    async for chunk in request.stream():
        kept.write(chunk)
    kept.seek(0)
    return kept


def problem_json(problem: RowProblem) -> dict[str, Any]:
    told: dict[str, Any] = {
        "row": problem.row,
        "pointer": problem.pointer,
        "code": problem.code,
        "message": problem.message,
    }
    if problem.line is not None:
        told["line"] = problem.line
    if problem.column is not None:
        told["column"] = problem.column
    return told


def counts_json(created: Created) -> dict[str, int]:
    return {name: getattr(created, name) for name in ("new", "same", "changed", "wrong")}


def created_json(created: Created, single: bool) -> JSONResponse:
    """What is said of rows that came in: 201 when any is new, 422 when none came in and some are wrong."""
    errors = [problem_json(p) for p in created.problems]
    if single and errors:
        raise Invalid([Problem(p.pointer, p.code, p.message) for p in created.problems])
    body: dict[str, Any] = {"counts": counts_json(created), "errors": errors, "ids": created.ids}
    if single:
        body["id"] = created.ids[0]
    if errors and not created.new and not created.same:
        first = created.problems[0]
        where = f"row {first.row}" if first.line is None else f"line {first.line}"
        place = first.pointer if first.column is None else f", column {first.column}"
        problem = {"type": "about:blank", "title": "Unprocessable Content", "status": 422, "code": "invalid"}
        return ProblemResponse(
            {**problem, "detail": f"{where}{place}: {first.message}", **body}, status_code=422
        )
    return JSONResponse(body, status_code=201 if created.new else 200)
