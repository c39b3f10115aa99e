"""Whatever the API can do has a call of its own in the client, or stands among what has none."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from unittest.mock import MagicMock

import steelyard.client
from steelyard.http.app import create_app

VERBS = {"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE"}
READS = {"pages": "GET", "download": "GET", "stream": "GET"}
# Sessions are the browser's; the streams are exports, and bytes are read by the URL that a content gives.
ELSEWHERE = {
    ("GET", "/api/session"),
    ("POST", "/api/session"),
    ("DELETE", "/api/session"),
    ("GET", "/api/projects/{}/judgments"),
    ("GET", "/api/projects/{}/consensus"),
    ("GET", "/api/tasks/{}/content/{}"),
    ("GET", "/api/assignments/{}/content/{}"),
}


def bare(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    return None


def reached(function: ast.FunctionDef) -> set[tuple[str, str]]:
    """The methods and paths that a function of the client asks for."""
    said = {text(node) or "" for node in ast.walk(function)}
    paths = {path for path in said if path.startswith("/api/") and not path.endswith("/")}
    verbs: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name == "request":
                verbs.add(text(node.args[0]) or "")
            elif name == "_sent":
                verbs.add("POST")
            elif name in VERBS | READS:
                verbs.add((VERBS | READS)[name])
    if function.name == "__init__":
        verbs.add("GET")  # of rows, which are read later
    return {(verb, path) for verb in verbs for path in paths}


def test_every_route_has_a_call() -> None:
    folder = Path(steelyard.client.__file__).parent
    found: set[tuple[str, str]] = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                found |= reached(node)
    spec = create_app(MagicMock()).openapi()
    asked = {
        (verb.upper(), bare(path))
        for path, routes in spec["paths"].items()
        if path.startswith("/api/")
        for verb in routes
    }
    assert asked - found - ELSEWHERE == set()
    assert asked >= ELSEWHERE
    assert {path for _, path in found} <= {path for _, path in asked}, "there is no such path"


def test_the_page_names_every_call() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/client.md").read_text()
    named = set(re.findall(r"`(\w+)`", page))
    calls = {name for name in dir(steelyard.client.Client) if not name.startswith("_")}
    plumbing = {
        "url",
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "pages",
        "download",
        "request",
        "stream",
        "close",
    }
    assert calls - plumbing - named == set()
