"""Who may do what? Every role against every path, and no path without a row here.

A status above 399 other than 401, 403 and 404-for-the-role means "allowed, but the harmless body is wrong".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from support.lab import Lab, answer_all

ROLES = (
    "owner", "manager", "reviewer", "annotator", "machine",
    "vendor_annotator", "vendor_lead", "model_machine", "nobody",
)  # fmt: skip
# One column a role, in the order of ROLES.
TABLE = """
GET    /api/session                                   -    200 200 200 200 200 200 200 200 200
DELETE /api/session                                   -    204 204 204 204 204 204 204 204 204
POST   /api/session                                   {}   200 200 200 200 200 200 200 200 200
GET    /api/projects                                  -    200 200 200 200 200 200 200 200 401
POST   /api/projects                                  {}   422 422 403 403 403 403 403 403 401
GET    /api/projects/{slug}                           -    200 200 200 200 200 200 200 200 401
PATCH  /api/projects/{slug}                           {}   200 200 403 403 403 403 403 403 401
DELETE /api/projects/{slug}                           -    422 403 403 403 403 403 403 403 401
GET    /api/projects/{slug}/releases                  -    200 200 200 403 200 403 403 403 401
GET    /api/projects/{slug}/tasks                     -    200 200 200 403 200 403 403 403 401
POST   /api/projects/{slug}/tasks                     {}   422 422 403 403 422 403 403 403 401
POST   /api/projects/{slug}/shipments                 {}   422 422 403 403 422 403 403 403 401
GET    /api/projects/{slug}/batches                   -    200 200 200 403 200 403 403 403 401
POST   /api/projects/{slug}/batches                   {}   422 422 403 403 403 403 403 403 401
GET    /api/projects/{slug}/judgments                 -    200 200 200 403 200 403 403 403 401
GET    /api/projects/{slug}/consensus                 -    200 200 200 403 200 403 403 403 401
GET    /api/projects/{slug}/export/{what}             -    200 200 200 403 200 403 403 403 401
GET    /api/projects/{slug}/annotators                -    200 200 403 403 403 403 403 403 401
POST   /api/projects/{slug}/annotators/{annotator_id}/stop   {} 404 404 403 403 403 403 403 403 401
POST   /api/projects/{slug}/annotators/{annotator_id}/resume {} 404 404 403 403 403 403 403 403 401
POST   /api/projects/{slug}/assign                    {}   422 422 403 403 403 403 403 403 401
POST   /api/projects/{slug}/claim                     {}   200 200 200 200 403 200 200 200 401
POST   /api/judgments/{judgment_id}/review            {}   404 404 404 403 403 403 403 403 401
POST   /api/judgments/{judgment_id}/revise            {}   404 404 404 404 403 404 404 404 401
GET    /api/projects/{slug}/mine                      -    200 200 200 200 403 200 200 200 401
POST   /api/assignments/{assignment_id}/ask           {}   404 404 404 404 403 404 404 404 401
GET    /api/projects/{slug}/questions                 -    200 200 200 200 403 200 200 200 401
GET    /api/questions/{question_id}                   -    404 404 404 404 404 404 404 404 401
POST   /api/questions/{question_id}/answer            {}   404 404 404 403 403 403 403 403 401
GET    /api/projects/{slug}/clarifications            -    200 200 200 200 200 200 200 200 401
DELETE /api/clarifications/{clarification_id}         -    404 404 404 403 403 403 403 403 401
GET    /api/projects/{slug}/reviews                   -    200 200 200 403 403 403 403 403 401
POST   /api/projects/{slug}/reviews/claim             {}   200 200 200 403 403 403 403 403 401
GET    /api/reviews                                   -    200 200 200 403 403 403 403 403 401
POST   /api/reviews/{review_id}/submit                {}   404 404 404 403 403 403 403 403 401
POST   /api/reviews/{review_id}/return                {}   404 404 404 403 403 403 403 403 401
GET    /api/tasks/{task_id}                           -    200 200 200 403 200 403 403 403 401
PATCH  /api/tasks/{task_id}                           {}   200 200 403 403 403 403 403 403 401
POST   /api/tasks/{task_id}/cancel                    {}   200 409 403 403 403 403 403 403 401
GET    /api/tasks/{task_id}/content/{block}           -    404 404 404 403 404 403 403 403 401
GET    /api/batches/{name}                            -    200 200 200 403 200 403 403 403 401
PATCH  /api/batches/{name}                            {}   422 422 403 403 403 403 403 403 401
GET    /api/assignments                               -    200 200 200 200 200 200 200 200 401
POST   /api/assignments/{assignment_id}/submit        {}   404 404 404 404 403 404 404 404 401
PUT    /api/assignments/{assignment_id}/draft         {}   404 404 404 404 403 404 404 404 401
POST   /api/assignments/{assignment_id}/extend        {}   404 404 404 404 403 404 404 404 401
POST   /api/assignments/{assignment_id}/return        {}   404 404 404 404 403 404 404 404 401
GET    /api/assignments/{assignment_id}/content/{block} -  404 404 404 404 404 404 404 404 401
GET    /api/providers                                 -    200 200 403 403 403 403 200 403 401
POST   /api/providers                                 {}   422 403 403 403 403 403 403 403 401
GET    /api/providers/{slug}                          -    200 200 403 403 403 403 404 403 401
PATCH  /api/providers/{slug}                          {}   200 403 403 403 403 403 403 403 401
GET    /api/providers/{slug}/scorecard                -    200 200 403 403 403 403 404 403 401
GET    /api/dependence                                -    200 200 403 403 403 403 403 403 401
GET    /api/providers/{slug}/dependence               -    200 200 403 403 403 403 404 403 401
GET    /api/providers/{slug}/exposure                 -    200 200 403 403 403 403 404 403 401
GET    /api/providers/{slug}/exposure/annotators      -    200 200 403 403 403 403 404 403 401
GET    /api/providers/{slug}/exposure/export          -    200 200 403 403 403 403 404 403 401
GET    /api/annotators/{annotator_id}/exposure        -    404 404 403 403 403 403 404 403 401
GET    /api/annotators/{annotator_id}/exposure/export -    404 404 403 403 403 403 404 403 401
POST   /api/exposure/search                           {}   422 422 403 403 403 403 403 403 401
POST   /api/providers/{slug}/exit                     {}   200 403 403 403 403 403 403 403 401
POST   /api/providers/{slug}/phase-out                {}   422 403 403 403 403 403 403 403 401
GET    /api/providers/{slug}/phase-out                -    200 200 403 403 403 403 404 403 401
DELETE /api/providers/{slug}/phase-out                -    404 403 403 403 403 403 403 403 401
GET    /api/providers/{slug}/reinstatement            -    200 200 403 403 403 403 404 403 401
POST   /api/providers/{slug}/reinstatement            {}   409 403 403 403 403 403 403 403 401
GET    /api/providers/{slug}/exit/plan.html           -    200 403 403 403 403 403 403 403 401
POST   /api/providers/{slug}/drill                    {}   202 403 403 403 403 403 403 403 401
GET    /api/drills                                    -    200 403 403 403 403 403 403 403 401
GET    /api/drills/{drill_id}                         -    404 403 403 403 403 403 403 403 401
GET    /api/drills/{drill_id}/report.html             -    404 403 403 403 403 403 403 403 401
GET    /api/exits                                     -    200 403 403 403 403 403 403 403 401
GET    /api/exits/{exit_id}                           -    404 403 403 403 403 403 403 403 401
GET    /api/exits/{exit_id}/certificate               -    404 403 403 403 403 403 403 403 401
GET    /api/exits/{exit_id}/certificate.html          -    404 403 403 403 403 403 403 403 401
GET    /api/settings                                  -    200 403 403 403 403 403 403 403 401
PATCH  /api/settings                                  {}   200 403 403 403 403 403 403 403 401
GET    /api/organisations                             -    200 403 403 403 403 403 403 403 401
POST   /api/organisations                             {}   422 403 403 403 403 403 403 403 401
POST   /api/organisations/import                      {}   422 403 403 403 403 403 403 403 401
GET    /api/organisations/{organisation_id}           -    404 403 403 403 403 403 403 403 401
PATCH  /api/organisations/{organisation_id}           {}   404 403 403 403 403 403 403 403 401
GET    /api/keys                                      -    200 200 403 403 403 403 200 403 401
POST   /api/keys                                      {}   422 403 403 403 403 403 403 403 401
DELETE /api/keys/{key_id}                             -    404 404 403 403 403 403 404 403 401
GET    /api/people                                    -    200 200 403 403 403 403 200 403 401
GET    /api/people/{person_id}                        -    404 404 403 403 403 403 404 403 401
GET    /api/people/{person_id}/export                 -    404 403 403 403 403 403 403 403 401
PATCH  /api/people/{person_id}                        {}   404 404 403 403 403 403 403 403 401
GET    /api/teams                                     -    200 200 403 403 403 403 403 403 401
POST   /api/teams                                     {}   422 422 403 403 403 403 403 403 401
GET    /api/teams/{team_id}                           -    404 404 403 403 403 403 403 403 401
PATCH  /api/teams/{team_id}                           {}   404 404 403 403 403 403 403 403 401
DELETE /api/teams/{team_id}                           -    404 404 403 403 403 403 403 403 401
POST   /api/blobs                                     {}   201 201 403 403 201 403 403 403 401
GET    /healthz                                       -    200 200 200 200 200 200 200 200 200
GET    /readyz                                        -    200 200 200 200 200 200 200 200 200
GET    /metrics                                       -    200 200 200 200 200 200 200 200 200
"""
NOTHING = "0" * 24


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    body: str
    statuses: tuple[int, ...]


def rows() -> list[Row]:
    found = []
    for line in TABLE.strip().splitlines():
        method, path, body, *statuses = line.split()
        found.append(Row(method, path, body, tuple(map(int, statuses))))
    return found


@dataclass(frozen=True)
class Cast:
    """One key of each role, and one of everything that a path can name."""

    lab: Lab
    keys: dict[str, str | None]
    vendor: str
    places: dict[str, str]

    def at(self, path: str) -> str:
        places = {**self.places, "slug": self.vendor if "/providers/" in path else self.places["slug"]}
        if "/providers/" in path:
            places["slug"] = self.places["provider"]
        return re.sub(r"\{(\w+)\}", lambda m: places[m[1]], path)

    def ask(self, role: str, method: str, path: str, **more: Any) -> httpx.Response:
        return self.lab.http(self.keys[role]).request(method, path, **more)


@pytest.fixture(scope="module")
def cast(lab: Lab) -> Cast:
    vendor, other, model = lab.provider(), lab.provider(), lab.provider(kind="model")
    keys: dict[str, str | None] = {
        role: lab.key(role) for role in ("owner", "manager", "reviewer", "annotator", "machine")
    }
    keys["vendor_annotator"] = lab.key("annotator", vendor)
    keys["vendor_lead"] = lab.key("manager", vendor)
    keys["model_machine"] = lab.key("machine", model)
    keys["nobody"] = None
    slug = lab.work(30, answers=9)
    batch = lab.name("Batch").replace(" ", "-")
    lab.owner.post(f"/api/projects/{slug}/batches", {"name": batch})
    task = lab.owner.get(f"/api/projects/{slug}/tasks", limit=1)["items"][0]["id"]
    places = {"slug": slug, "provider": other, "task_id": task, "block": "0", "name": batch, "what": "tasks"}
    places |= {"assignment_id": NOTHING, "exit_id": NOTHING, "key_id": NOTHING, "annotator_id": NOTHING}
    places |= {"review_id": NOTHING, "question_id": NOTHING, "clarification_id": NOTHING}
    places |= {"organisation_id": NOTHING, "judgment_id": NOTHING, "drill_id": NOTHING}
    places |= {"person_id": NOTHING, "team_id": NOTHING}
    return Cast(lab, keys, vendor, places)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.method} {row.path}")
def test_a_role_may_do_what_its_column_says(cast: Cast, row: Row) -> None:
    found = []
    for role in ROLES:
        path = cast.at(row.path) + ("?provider=in-house" if row.path.endswith("/shipments") else "")
        more = {} if row.body == "-" else {"json": {}}
        answer = cast.ask(role, row.method, path, **more)
        found.append(answer.status_code)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
    assert dict(zip(ROLES, found, strict=True)) == dict(zip(ROLES, row.statuses, strict=True))


def test_every_path_that_is_described_stands_in_the_table(cast: Cast) -> None:
    described = {
        f"{method.upper()} {path}"
        for path, operations in cast.lab.owner.get("/api/openapi.json")["paths"].items()
        for method in operations
    }
    assert described == {f"{row.method} {row.path}" for row in rows()}


def test_a_vendors_lead_sees_its_own_people_and_figures_and_nothing_else(cast: Cast) -> None:
    lead = "vendor_lead"
    assert [p["slug"] for p in cast.ask(lead, "GET", "/api/providers").json()["items"]] == [cast.vendor]
    for more in ("", "/scorecard", "/exposure"):
        assert cast.ask(lead, "GET", f"/api/providers/{cast.vendor}{more}").status_code == 200
    assert cast.ask(lead, "GET", f"/api/providers/{cast.vendor}/dependence").status_code == 403
    for path in ("/api/keys", "/api/people"):
        assert {row["provider"] for row in cast.ask(lead, "GET", path).json()["items"]} == {cast.vendor}
    project = cast.ask(lead, "GET", f"/api/projects/{cast.places['slug']}").json()
    assert not {"policy", "progress", "providers", "batches", "sensitivity"} & project.keys()


def test_a_vendors_lead_makes_and_revokes_keys_of_its_own_annotators_only(cast: Cast) -> None:
    lead, lab = "vendor_lead", cast.lab
    made = cast.ask(lead, "POST", "/api/keys", json={"role": "annotator", "name": lab.name("New")})
    assert made.status_code == 201
    [row] = [k for k in lab.owner.get("/api/keys")["items"] if k["id"] == made.json()["id"]]
    assert (row["provider"], row["role"]) == (cast.vendor, "annotator")
    for body in (
        {"role": "manager", "name": lab.name("New")},
        {"role": "owner", "name": lab.name("New")},
        {"role": "annotator", "name": lab.name("New"), "provider": "in-house"},
        {"role": "annotator", "name": lab.name("New"), "provider": cast.places["provider"]},
    ):
        assert cast.ask(lead, "POST", "/api/keys", json=body).status_code == 403, body
    keys = {k["last4"]: k["id"] for k in lab.owner.get("/api/keys")["items"]}
    own, outside = cast.keys[lead] or "", cast.keys["annotator"] or ""
    assert cast.ask(lead, "DELETE", f"/api/keys/{keys[own[-4:]]}").status_code == 403
    assert cast.ask(lead, "DELETE", f"/api/keys/{keys[outside[-4:]]}").status_code == 404
    assert cast.ask(lead, "DELETE", f"/api/keys/{made.json()['id']}").status_code == 204


def test_a_manager_steers_trials_and_leaves_the_rest_to_the_owner(cast: Cast) -> None:
    path = f"/api/providers/{cast.lab.provider()}"
    for status in ("trial", "active"):
        assert cast.ask("manager", "PATCH", path, json={"status": status}).status_code == 200
    for body in (
        {"status": "suspended"}, {"price": "1"}, {"interests": []}, {"owner": "X"}, {"clearance": "secret"},
        {"status": "trial", "price": "1"}, {"config": {}}, {"name": "Y"},
    ):  # fmt: skip
        assert cast.ask("manager", "PATCH", path, json=body).status_code == 403, body
    for role in ("owner", "manager", "reviewer", "machine"):
        body = {"role": role, "name": cast.lab.name("New")}
        assert cast.ask("manager", "POST", "/api/keys", json=body).status_code == 403
    key = cast.ask("manager", "POST", "/api/keys", json={"role": "annotator", "name": cast.lab.name("New")})
    assert key.status_code == 201
    assert cast.ask("manager", "DELETE", f"/api/keys/{key.json()['id']}").status_code == 204


def test_who_may_not_see_prices_reads_results_without_them(cast: Cast) -> None:
    lab = cast.lab
    slug = lab.work(1, conflicts=["Rival"], budget="10")
    answer_all(lab.client(lab.key(provider=lab.provider(price="0.07"))), slug)
    task = lab.owner.get(f"/api/projects/{slug}/tasks")["items"][0]["id"]
    assert cast.ask("manager", "GET", f"/api/tasks/{task}").json()["judgments"][0]["price"] == "0.07"
    for role in ("reviewer", "machine"):
        assert "price" not in cast.ask(role, "GET", f"/api/tasks/{task}").json()["judgments"][0]
        project = cast.ask(role, "GET", f"/api/projects/{slug}").json()
        assert not {"conflicts", "budget", "providers", "stake"} & project["policy"].keys()
        assert "providers" not in project


def test_a_key_counts_as_basic_user_name_and_as_bearer(cast: Cast) -> None:
    key = cast.keys["annotator"] or ""
    for auth in ((key, ""), (key, "anything")):
        assert cast.ask("nobody", "GET", "/api/projects", auth=auth).status_code == 200
    for header in (f"Bearer {key}", f"bearer   {key}"):
        assert (
            cast.ask("nobody", "GET", "/api/projects", headers={"Authorization": header}).status_code == 200
        )
    for header in (
        b"Bearer",
        b"Basic",
        b"Basic %%%",
        b"Basic \xe9",
        b"Digest x",
        key.encode(),
        b"Bearer nope",
    ):
        answer = cast.lab.http().get("/api/projects", headers=[(b"Authorization", header)])
        assert answer.status_code == 401, header
        assert 'realm="steelyard"' in answer.headers["www-authenticate"]
        assert answer.headers["content-type"] == "application/problem+json"
    assert cast.ask("nobody", "GET", f"/api/projects?key={key}").status_code == 401
