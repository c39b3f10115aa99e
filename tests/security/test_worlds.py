"""What does a key of the test world reach? Its own world, and nothing that both worlds share is changed by it."""

from __future__ import annotations

import sqlite3

import pytest
from support.lab import Lab, answer_all, problem
from support.server import CATS, text_tasks


def test_a_test_key_never_meets_live_things(lab: Lab) -> None:
    live = lab.work(2)
    [held] = lab.client(lab.key()).claim(live)["assignments"]
    task = lab.owner.get(f"/api/projects/{live}/tasks")["items"][0]["id"]
    batch = lab.name("batch")
    lab.owner.post(f"/api/projects/{live}/batches", {"name": batch})
    test = lab.http(lab.key("owner", mode="test"))
    assert live not in [p["slug"] for p in test.get("/api/projects").json()["items"]]
    for path in ("", "/tasks", "/judgments", "/consensus", "/releases"):
        problem(test.get(f"/api/projects/{live}{path}"), 404)
    problem(test.post(f"/api/projects/{live}/tasks", json=text_tasks(1)), 404)
    problem(test.post(f"/api/projects/{live}/claim", json={}), 404)
    problem(test.patch(f"/api/projects/{live}", json={"name": "Mine"}), 404)
    problem(test.get(f"/api/tasks/{task}"), 404)
    problem(test.get(f"/api/batches/{batch}"), 404)
    problem(test.patch(f"/api/batches/{batch}", json={"status": "paused"}), 404)
    problem(test.post(f"/api/assignments/{held['id']}/submit", json={"answers": {"label": "cat"}}), 404)
    problem(test.post(f"/api/assignments/{held['id']}/return"), 404)
    problem(test.get(f"/api/assignments/{held['id']}/content/0"), 404)


def test_a_live_key_never_meets_test_things(lab: Lab) -> None:
    test = lab.client(lab.key("owner", mode="test"))
    slug = test.post("/api/projects", {"name": lab.name("Trial"), "form": CATS})["slug"]
    test.create_tasks(slug, text_tasks(2))
    task = test.get(f"/api/projects/{slug}/tasks")["items"][0]["id"]
    live = lab.http(lab.owner_key)
    problem(live.get(f"/api/projects/{slug}"), 404)
    problem(live.get(f"/api/tasks/{task}"), 404)
    assert slug not in [p["slug"] for p in live.get("/api/projects").json()["items"]]


def test_the_worlds_have_their_own_names_figures_and_exposure(lab: Lab) -> None:
    test_key, provider = lab.key("owner", mode="test"), lab.provider(price="0.10")
    test = lab.client(test_key)
    name = lab.name("Twin")
    live_slug = lab.project(name)
    assert test.post("/api/projects", {"name": name, "form": CATS})["slug"] == live_slug
    test.create_tasks(live_slug, text_tasks(3))
    assert answer_all(lab.client(lab.key("annotator", provider, "test")), live_slug) == 3
    for client, judged in ((lab.owner, 0), (test, 3)):
        assert client.get(f"/api/providers/{provider}")["judgments"] == judged
        assert client.get(f"/api/providers/{provider}/exposure")["counts"]["tasks"] == judged
        assert client.get(f"/api/providers/{provider}/dependence")["judgments"] == judged
        assert float(client.get(f"/api/providers/{provider}/scorecard")["spent"]) == pytest.approx(
            judged / 10
        )
        assert len(list(client.judgments(live_slug))) == judged
    shown = lab.owner.get(f"/api/providers/{provider}")
    assert live_slug not in [s["project"] for s in shown["stopped"]]


def test_a_test_key_changes_nothing_that_both_worlds_share(lab: Lab) -> None:
    provider = lab.provider()
    key = lab.owner.post("/api/keys", {"role": "annotator", "name": lab.name("P")})
    test = lab.http(lab.key("owner", mode="test"))
    for method, path, body in (
        ("POST", "/api/providers", {"name": lab.name("P")}),
        ("PATCH", f"/api/providers/{provider}", {"status": "suspended"}),
        ("PATCH", f"/api/providers/{provider}", {"interests": []}),
        ("POST", f"/api/providers/{provider}/exit", {"execute": True}),
        ("POST", "/api/keys", {"role": "annotator", "name": lab.name("P")}),
        ("DELETE", f"/api/keys/{key['id']}", None),
        ("PATCH", "/api/settings", {"conflicts": ["X"]}),
    ):
        problem(test.request(method, path, json=body), 403, "test_world")
    assert lab.owner.get(f"/api/providers/{provider}")["status"] == "active"
    assert lab.http(key["key"]).get("/api/projects").status_code == 200
    manager = lab.http(lab.key("manager", mode="test"))
    problem(manager.patch(f"/api/providers/{provider}", json={"status": "trial"}), 403)
    problem(manager.post("/api/keys", json={"role": "annotator", "name": "P"}), 403)


def test_a_role_bound_to_projects_reaches_those_alone(sqlite_lab: Lab) -> None:
    lab = sqlite_lab
    mine, other = lab.work(3), lab.work(3)
    made = {
        role: lab.owner.post("/api/keys", {"role": role, "name": lab.name("B")})
        for role in ("manager", "owner")
    }
    with sqlite3.connect(lab.server.folder / "steelyard.db", timeout=10) as database:
        for key in made.values():
            database.execute(
                "insert into api_key_project (api_key_id, project_id) "
                "select api_key.id, project.id from api_key, project "
                "where api_key.public_id = ? and project.slug = ? and project.world = 'live'",
                (key["id"], mine),
            )
    task = lab.owner.get(f"/api/projects/{other}/tasks")["items"][0]["id"]
    for key in made.values():
        http = lab.http(key["key"])
        assert [p["slug"] for p in http.get("/api/projects").json()["items"]] == [mine]
        assert http.get(f"/api/projects/{mine}/tasks").status_code == 200
        assert http.patch(f"/api/projects/{mine}", json={"instruction": "x"}).status_code == 200
        for path in ("", "/tasks", "/judgments", "/consensus", "/releases"):
            problem(http.get(f"/api/projects/{other}{path}"), 404)
        problem(http.post(f"/api/projects/{other}/claim", json={}), 404)
        problem(http.post(f"/api/projects/{other}/tasks", json=text_tasks(1)), 404)
        problem(http.get(f"/api/tasks/{task}"), 404)
        for method, path in (
            ("GET", "/api/providers"), ("POST", "/api/providers"), ("GET", "/api/keys"), ("POST", "/api/keys"),
            ("GET", "/api/settings"), ("PATCH", "/api/settings"), ("GET", "/api/people"),
            ("GET", "/api/organisations"), ("POST", "/api/providers/in-house/exit"),
        ):  # fmt: skip
            problem(http.request(method, path, json={}), 403)
        problem(http.post("/api/projects", json={"name": lab.name("N"), "form": CATS}), 403)
