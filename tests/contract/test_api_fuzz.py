"""Is there any input that the server answers with a fault? Everything wrong leaves as problem+json."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import httpx
import pytest
from support.lab import Lab, pointers, problem
from support.server import CATS

JSON = {"Content-Type": "application/json"}
STRINGS: list[Any] = [
    "\ud800",
    "\x00",
    "x" * 100_000,
    "",
    " ",
    "../..",
    "é",
    "🐈",
    "'; drop table task; --",
    "%s%n",
]
OTHERS: list[Any] = [
    10**30,
    -(10**30),
    -1,
    1.5,
    float("inf"),
    float("nan"),
    True,
    None,
    [],
    {},
    [[]],
    ["\x00"],
]
OTHERS += [{"a": {"\ud800": "\x00"}}, [{"x": float("nan")}]]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


WEIRD = [*STRINGS, *OTHERS, nested(99), nested(400)]
# What another database may take otherwise; the rest is refused, or taken, before one is asked.
STORED = [
    "\ud800",
    "\x00",
    "x" * 100_000,
    10**30,
    -(10**30),
    -1,
    float("nan"),
    ["\x00"],
    OTHERS[-2],
    nested(99),
]
TASK = {
    "external_id": "e", "content": {"blocks": [{"type": "text", "text": "x"}]}, "form": CATS, "priority": 0, "tags": [],
    "metadata": {}, "gold": {"label": "cat"}, "suggestion": {"label": "cat"}, "batch": "b",
}  # fmt: skip
POLICY = (
    "answers", "max_answers", "target_confidence", "gold_rate", "review_rate", "review_below", "lease_s", "sensitivity",
    "conflicts", "stake", "providers", "different_providers", "adjudicate", "derivatives", "budget",
)  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/projects": {"name": "N", "form": CATS, "instruction": "x", "policy": {}},
    "PATCH /api/projects/{project}": {
        "name": "N", "form": CATS, "instruction": "x", "policy": {}, "status": "active",
    },
    "POST /api/projects/{project}/tasks": TASK,
    "POST /api/projects/{project}/claim": {"count": 1, "lease_s": 60},
    "POST /api/projects/{project}/batches": {"name": "b", "staged": True, "priority": 1},
    "POST /api/projects/{project}/shipments?provider=in-house": {**TASK, "judgments": [{"answers": {"label": "cat"}}]},
    "POST /api/providers": {
        "name": "P", "kind": "people", "interests": [], "clearance": "internal", "price": "1", "config": {},
        "capabilities": {}, "status": "active", "contract": {},
    },
    "PATCH /api/providers/{provider}": {
        "name": "P", "interests": [], "clearance": "internal", "price": "1", "config": {}, "capabilities": {},
        "status": "active", "contract": {"reference": "r"},
    },
    "POST /api/organisations": {"name": "O", "aliases": [], "lei": None, "country": "DE", "interests": []},
    "PATCH /api/organisations/{organisation}": {"name": "O", "aliases": [], "interests": [], "same_as": None},
    "POST /api/providers/{provider}/exit": {"execute": False},
    "POST /api/keys": {"role": "annotator", "mode": "live", "name": "n", "provider": "in-house"},
    "POST /api/teams": {"name": "T", "people": []},
    "PATCH /api/teams/{team}": {"name": "T", "people": []},
    "PATCH /api/people/{person}": {"languages": ["de"], "skills": ["law"], "email": "a@lab.example"},
    "POST /api/session": {"key": "k", "token": "t"},
    "PATCH /api/settings": {"conflicts": []},
    "POST /api/assignments/{assignment}/submit": {
        "answers": {"label": "cat"}, "spent_ms": 1, "presentation": {}, "claim": 0,
    },
    "POST /api/projects/{project}/reviews/claim": {"count": 1, "lease_s": 60},
    "POST /api/assignments/{assignment}/ask": {"text": "x"},
    "POST /api/assignments/{assignment}/return": {"reason": "x"},
}  # fmt: skip


@pytest.fixture(scope="module")
def places(lab: Lab) -> dict[str, str]:
    slug, provider = lab.work(50), lab.provider()
    organisation = lab.owner.post("/api/organisations", {"name": lab.name("Org")})["id"]
    team = lab.owner.post("/api/teams", {"name": lab.name("Team"), "people": []})["id"]
    person = lab.owner.get("/api/people", name="owner")["items"][0]["id"]
    return {
        "project": slug,
        "provider": provider,
        "organisation": organisation,
        "team": team,
        "person": person,
    }


def weird(lab: Lab) -> list[Any]:
    return STORED if lab.server.database_url else WEIRD


def sane(answer: httpx.Response) -> None:
    place = f"{answer.request.method} {str(answer.request.url)[:200]} {answer.request.content[:200]!r}"
    assert answer.status_code < 500, f"{place}: {answer.text[:300]}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", place
        assert answer.json()["status"] == answer.status_code


def send(http: httpx.Client, line: str, body: Any) -> httpx.Response:
    method, path = line.split()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = http.request(method, path, content=content, headers=JSON)
    sane(answer)
    return answer


@pytest.mark.parametrize("line", BODIES)
def test_no_value_in_any_field_is_met_with_a_fault(lab: Lab, places: dict[str, str], line: str) -> None:
    http = lab.http(lab.owner_key)
    where = dict(places)
    if "{assignment}" in line:
        where["assignment"] = lab.owner.claim(places["project"])["assignments"][0]["id"]
    for name, value in itertools.product(BODIES[line], weird(lab)):
        body = {**BODIES[line], name: value}
        if name != "name" and "name" in body and "/keys" not in line:
            body["name"] = lab.name("F")
        send(http, line.format(**where), body)
    for read in (
        "/api/projects",
        f"/api/projects/{places['project']}",
        "/api/providers",
        "/api/settings",
        "/api/organisations",
        "/api/keys",
        "/api/people",
        "/api/teams",
    ):
        assert http.get(read).status_code == 200  # nothing that was taken in spoils what is read
    http.patch("/api/settings", json={"conflicts": []})
    http.patch(f"/api/providers/{places['provider']}", json={"status": "active"})


def test_no_value_in_a_policy_is_met_with_a_fault(lab: Lab) -> None:
    http, slug = lab.http(lab.owner_key), lab.project()
    for name, value in itertools.product(POLICY, weird(lab)):
        send(http, f"PATCH /api/projects/{slug}", {"policy": {name: value}})
    assert http.get(f"/api/projects/{slug}").status_code == 200


def test_no_value_in_a_row_of_a_list_or_in_a_contract_is_met_with_a_fault(lab: Lab) -> None:
    http, provider = lab.http(lab.owner_key), lab.provider()
    row = {"holder": "H", "held": provider, "share": 1}
    for name in (*row, "since", "alias", "lei", "country"):
        send(http, "POST /api/organisations/import", [{**row, name: value} for value in WEIRD[2:]])
        for value in weird(lab):
            send(http, "POST /api/organisations/import", [{**row, name: value}])
    for name in ("reference", "starts", "notice_days", "renews", "subcontractors"):
        for value in weird(lab):
            send(http, f"PATCH /api/providers/{provider}", {"contract": {name: value}})
    assert http.get("/api/organisations").status_code == 200


def test_no_value_in_a_form_is_met_with_a_fault(lab: Lab) -> None:
    http, slug = lab.http(lab.owner_key), lab.project()
    for kind in ("choice", "rating", "text"):
        good = {"name": "q", "kind": kind, "options": ["a", "b"], "title": "t", "required": True}
        for name, value in itertools.product(
            ("name", "kind", "options", "title", "min", "tolerance"), weird(lab)
        ):
            send(http, f"PATCH /api/projects/{slug}", {"form": {"questions": [{**good, name: value}]}})


@pytest.mark.parametrize("line", BODIES)
def test_a_body_that_is_no_json_object_is_told_so(lab: Lab, places: dict[str, str], line: str) -> None:
    http, line = lab.http(lab.owner_key), line.format(**places, assignment="0" * 24)
    broken = [
        b"",
        b"null",
        b"1",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b'{"name": 1e999}',
        b'{"n": ' + b"9" * 5000 + b"}",
    ]
    broken += [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": NaN}',
        b'{"\\ud800": 1}',
        b'{"\\u0000": 1}',
    ]
    broken += [b"{}" * 2, b"[]", b'{"a": 1,}', b"\xef\xbb\xbf{}"]
    for body in broken:
        answer = send(http, line, body)
        if body in (b"{", b"{}" * 2, b'{"a":' * 100_000):
            assert answer.status_code in (400, 422)
            assert pointers(answer.json()) == [""]


def test_a_pointer_names_the_place_however_deep(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    body = {"name": lab.name("P"), "capabilities": {"a/b~c": [{"d": "\x00"}]}}
    assert pointers(problem(http.post("/api/providers", json=body), 422)) == ["/capabilities/a~1b~0c/0/d"]


@pytest.mark.one_database
def test_no_path_or_query_is_met_with_a_fault(lab: Lab, places: dict[str, str]) -> None:
    http = lab.http(lab.owner_key)
    ids = ["%00", "..%2f..%2fetc", "a" * 3000, "%ff", "%F0%9F%90%88", "0" * 24, "-1"]
    values = ["%00", "9" * 30, "%ED%A0%80", "-1", "a" * 3000, "", "NaN"]
    if lab.server.database_url:
        ids, values = ids[:4], values[:3]  # as with STORED
    names = ("after", "limit", "status", "external_id", "name", "history", "project")
    for path, operations in http.get("/api/openapi.json").json()["paths"].items():
        for method in operations:
            more = {"json": {}} if method in ("post", "patch") else {}
            if "{" in path:
                for wrong in ids:
                    sane(http.request(method, re.sub(r"\{\w+\}", wrong, path), **more))
            elif method == "get":
                for name, value in itertools.product(names, values):
                    sane(http.get(f"{path}?{name}={value}"))
    for what, name, value in itertools.product(("tasks", "judgments", "consensus"), names, values):
        sane(http.get(f"/api/projects/{places['project']}/{what}?{name}={value}"))
    for headers in ({"Idempotency-Key": "x" * 300}, {"Idempotency-Key": ""}, {"Idempotency-Key": "\xe9"}):
        raw = [(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
        sane(http.post("/api/projects", json={}, headers=raw))
