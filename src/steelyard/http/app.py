"""What does the server answer to? All doors on one application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

import anyio.to_thread
from fastapi import FastAPI

from steelyard import __version__
from steelyard.http import problems
from steelyard.http.api import (
    annotators,
    assignments,
    batches,
    blobs,
    dependence,
    drills,
    exits,
    exports,
    exposure,
    exposure_search,
    health,
    keys,
    organisations,
    people,
    phase_outs,
    projects,
    providers,
    questions,
    results,
    reviews,
    revisions,
    sessions,
    settings,
    shipments,
    task_changes,
    tasks,
    tasks_create,
    teams,
)
from steelyard.http.description import describe
from steelyard.http.edge import Edge
from steelyard.http.hot import Hot
from steelyard.http.pages import serve_pages
from steelyard.wiring import Installation

THREADS = 64


def create_app(installation: Installation) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield

    app = FastAPI(
        title="Steelyard",
        version=__version__,
        summary="An independent training-data engine.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.installation = installation
    problems.install(app)
    for module in (
        health,
        sessions,
        projects,
        tasks,
        tasks_create,
        shipments,
        task_changes,
        results,
        exports,
        reviews,
        revisions,
        questions,
        batches,
        assignments,
        annotators,
        providers,
        exposure,
        exposure_search,
        dependence,
        exits,
        phase_outs,
        drills,
        organisations,
        settings,
        keys,
        people,
        teams,
        blobs,
    ):
        app.include_router(module.router)
    serve_pages(app, files("steelyard") / "static")
    app.add_middleware(Edge)
    app.add_middleware(Hot, handlers=assignments.HOT)
    describe(app)
    return app
