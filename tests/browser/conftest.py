"""What every test of the pages may ask for: a running server with its owner, and visitors to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import PATIENCE_MS, Place, Visit, Visitor, open_window
from playwright.sync_api import Browser, expect
from support.server import Server

import steelyard
from steelyard.client import Client

BUILT = Path(steelyard.__file__).parent / "static" / "index.html"


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server of this process's tests. Each test makes its own projects, providers and people there."""
    if not BUILT.is_file():
        pytest.skip("the workbench is not built: run `make setup`")
    with Server(tmp_path_factory.mktemp("pages") / "data") as server:
        key = server.make_key("owner", "Olga")
        with Client(server.url, key) as owner:
            yield Place(server, owner, key)


@pytest.fixture
def visit(browser: Browser, place: Place) -> Iterator[Visit]:
    """`visit(key)` opens a window, signed in with a key or signed out; at the end none may have gone wrong."""
    expect.set_options(timeout=PATIENCE_MS)
    windows: list[Visitor] = []

    def opened(key: str | None = None, **options: Any) -> Visitor:
        windows.append(open_window(browser, place.url, key, **options))
        return windows[-1]

    yield opened
    found = []
    for window in windows:
        window.context.close()
        found += window.watch.unexpected()
    assert found == []
