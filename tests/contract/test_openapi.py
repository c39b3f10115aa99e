"""Is /api/openapi.json the whole truth? Every route is described, and no answer is other than described."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from support.lab import Lab

PROBLEM = "application/problem+json"
RELIED_ON = """
POST /api/projects
GET /api/projects
GET /api/projects/{slug}
PATCH /api/projects/{slug}
POST /api/projects/{slug}/tasks
POST /api/projects/{slug}/claim
POST /api/assignments/{assignment_id}/submit
POST /api/assignments/{assignment_id}/return
POST /api/providers
PATCH /api/providers/{slug}
GET /api/providers/{slug}/scorecard
GET /api/providers/{slug}/dependence
GET /api/providers/{slug}/exposure
POST /api/providers/{slug}/exit
POST /api/keys
GET /api/projects/{slug}/judgments
GET /api/projects/{slug}/consensus
GET /healthz
GET /readyz
GET /metrics
"""
OPEN = ("/api/session", "/healthz", "/readyz", "/metrics")


def description(lab: Lab) -> dict[str, Any]:
    return lab.http().get("/api/openapi.json").json()


def test_every_operation_says_what_it_answers(sqlite_lab: Lab) -> None:
    described = description(sqlite_lab)
    assert described["openapi"].startswith("3.1")
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            assert operation.get("description"), place
            statuses = operation["responses"]
            assert any(status < "300" for status in statuses), place
            if path.startswith("/api/"):
                assert {"401", "422", "503"} <= statuses.keys(), place
            for status, response in statuses.items():
                if status >= "400":
                    assert response["content"].keys() == {PROBLEM}, place
            if method in ("post", "patch") and not path.endswith(("/session",)):
                assert "requestBody" in operation, place
            if path not in OPEN:
                assert operation["security"], place


def test_the_paths_that_others_rely_on_are_there(sqlite_lab: Lab) -> None:
    paths = description(sqlite_lab)["paths"]
    for line in RELIED_ON.strip().splitlines():
        method, path = line.split()
        assert method.lower() in paths[path], line


@pytest.mark.parametrize(("who", "examples"), [("owner", 4), ("nobody", 2)], ids=["owner", "nobody"])
def test_no_generated_request_is_answered_otherwise_than_described(
    sqlite_lab: Lab, who: str, examples: int
) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    from schemathesis import checks
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    wanted = [
        checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance
    ]  # fmt: skip
    schema = schemathesis.openapi.from_dict(description(sqlite_lab))
    schema.config.update(base_url=sqlite_lab.url)
    key = sqlite_lab.key("owner")
    headers = {"Authorization": f"Bearer {key}"} if who == "owner" else {"Authorization": ""}
    bounded = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    failures, asked = [], 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) == ("PATCH", "/api/settings"):
            continue  # would stop the work of the tests beside this one

        def attempt(case: Any) -> None:
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=wanted)
            assert who == "owner" or answer.status_code >= 400 or case.path in OPEN

        generated = given(case=operation.as_strategy())(bounded(attempt))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                generated()
        except Exception as failure:
            failures.append(f"{operation.method} {operation.path}: {str(failure)[:600]}")
        asked += 1
    assert asked > 35
    assert not failures, "\n\n".join(failures)
