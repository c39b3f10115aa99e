"""What /api/projects promises: names, slugs, policies, forms, and what a repeated request does."""

from __future__ import annotations

import pytest
from support.lab import Lab, pointers, problem
from support.server import CATS, text_tasks


def test_a_project_comes_back_as_it_was_made(lab: Lab) -> None:
    name = lab.name("Cats & Dogs")
    body = {"name": name, "form": CATS, "instruction": "Look.", "policy": {"answers": 3, "gold_rate": 0.1}}
    made = lab.http(lab.owner_key).post("/api/projects", json=body)
    assert made.status_code == 201
    project = made.json()
    assert project.pop("organisations_made") == []
    assert project["name"] == name
    assert project["slug"].startswith("cats-dogs")
    assert project["instruction"] == "Look."
    assert project["form"]["questions"][0]["name"] == "label"
    assert project["policy"]["answers"] == project["policy"]["max_answers"] == 3
    assert project["policy"]["sensitivity"] == "internal"
    assert project["policy"]["lease_s"] == 600
    assert project["status"] == "active"
    assert project["created_at"].endswith("Z")
    assert project["progress"] == {
        "tasks": 0, "settled": 0, "reviewing": 0, "open": 0, "gold": 0, "judgments": 0, "gold_judgments": 0,
        "wanted": 0, "held": 0
    }  # fmt: skip
    assert project["settling"]["mode"] == "vote"
    assert project["mine"] == {"waiting": 0, "held": 0, "today": 0}
    read = lab.owner.get(f"/api/projects/{project['slug']}")
    assert project.items() <= read.items()
    assert read["batches"] == []
    assert len(read["throughput"]) == 24
    assert read["providers"] == []


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Überprüfung №1", "uberprufung-no1"),
        ("猫と犬", "project"),
        ("🐈", "project"),
        ("../etc/passwd", "etc-passwd"),
    ],
)
def test_a_slug_is_ascii_and_counts_up_on_collision(lab: Lab, name: str, slug: str) -> None:
    name += chr(0x4E00 + int(lab.name("")))  # a new name whose slug is the same
    first = lab.project(name)
    assert first.startswith(slug)
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    second = lab.project(f"{name}!?")
    assert second.rpartition("-")[0] == first or second.rpartition("-")[0] == first.rpartition("-")[0]
    assert second != first


def test_a_taken_name_is_refused_however_it_is_written(lab: Lab) -> None:
    name = lab.name("Straße")
    lab.project(name)
    for same in (name.upper(), f"  {name} ", name.replace(" ", "   ")):
        answer = lab.http(lab.owner_key).post("/api/projects", json={"name": same, "form": CATS})
        problem(answer, 409, "name_taken")


def test_name_finds_a_project_and_nothing_else(lab: Lab) -> None:
    name = lab.name("Findable")
    slug = lab.project(name)
    found = lab.owner.get("/api/projects", name=name.upper())
    assert [p["slug"] for p in found["items"]] == [slug]
    assert found["next"] is None
    assert lab.owner.get("/api/projects", name="nobody made this")["items"] == []


def test_a_rename_keeps_the_slug(lab: Lab) -> None:
    slug = lab.project()
    changed = lab.owner.patch(f"/api/projects/{slug}", {"name": lab.name("Renamed"), "instruction": "New."})
    assert changed["slug"] == slug
    assert changed["instruction"] == "New."
    assert changed["name"].startswith("Renamed")


def test_a_patch_replaces_lists_whole_and_keeps_the_rest(lab: Lab) -> None:
    slug = lab.project(conflicts=["Rival Labs", "Other Labs"], answers=2, gold_rate=0.2)
    changed = lab.owner.patch(f"/api/projects/{slug}", {"policy": {"conflicts": ["Third Labs"]}})
    assert changed["policy"]["conflicts"] == ["Third Labs"]
    assert (changed["policy"]["answers"], changed["policy"]["gold_rate"]) == (2, 0.2)
    changed = lab.owner.patch(f"/api/projects/{slug}", {"policy": {"conflicts": [], "gold_rate": None}})
    assert changed["policy"]["conflicts"] == []
    assert changed["policy"]["gold_rate"] == 0


def test_an_edited_form_holds_for_tasks_not_yet_claimed(lab: Lab) -> None:
    slug = lab.work(2)
    annotator = lab.client(lab.key())
    [before] = annotator.claim(slug)["assignments"]
    wider = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog", "fox"]}]}
    lab.owner.patch(f"/api/projects/{slug}", {"form": wider})
    [after] = annotator.claim(slug)["assignments"]
    assert len(before["form"]["questions"][0]["options"]) == 2
    assert len(after["form"]["questions"][0]["options"]) == 3


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"form": CATS}, "/name"),
        ({"name": " ", "form": CATS}, "/name"),
        ({"name": "x\u0001", "form": CATS}, "/name"),
        ({"name": "x" * 201, "form": CATS}, "/name"),
        ({"name": "F"}, "/form"),
        ({"name": "F", "form": {"questions": []}}, "/form/questions"),
        (
            {"name": "F", "form": {"questions": [{"name": "a", "kind": "choice"}]}},
            "/form/questions/0/options",
        ),
        ({"name": "F", "form": {"questions": [{"name": "a", "kind": "nope"}]}}, "/form/questions/0/kind"),
        ({"name": "F", "form": CATS, "policy": {"answers": 0}}, "/policy/answers"),
        ({"name": "F", "form": CATS, "policy": {"answers": 3, "max_answers": 2}}, "/policy/max_answers"),
        ({"name": "F", "form": CATS, "policy": {"gold_rate": 2}}, "/policy/gold_rate"),
        ({"name": "F", "form": CATS, "policy": {"sensitivity": "cosmic"}}, "/policy/sensitivity"),
        ({"name": "F", "form": CATS, "policy": {"providers": ["nobody at all"]}}, "/policy/providers/0"),
        ({"name": "F", "form": CATS, "policy": {"unheard": 1}}, "/policy/unheard"),
        ({"name": "F", "form": CATS, "policy": []}, "/policy"),
        ({"name": "F", "form": CATS, "instruction": 3}, "/instruction"),
        ({"name": "F", "form": CATS, "unheard": 3}, "/unheard"),
    ],
)
def test_a_wrong_field_is_named(lab: Lab, body: dict, pointer: str) -> None:
    assert pointer in pointers(
        problem(lab.http(lab.owner_key).post("/api/projects", json=body), 422, "invalid")
    )


def test_a_repeated_request_makes_one_project(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    body = {"name": lab.name("Once"), "form": CATS}
    key = {"Idempotency-Key": lab.name("k")}
    first = http.post("/api/projects", json=body, headers=key)
    again = http.post("/api/projects", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    problem(
        http.post("/api/projects", json={**body, "name": "Other"}, headers=key), 409, "idempotency_mismatch"
    )
    problem(http.post("/api/projects", json=body, headers={"Idempotency-Key": "another"}), 409, "name_taken")
    # Another person's key of the same name is another key.
    other = lab.http(lab.key("manager"))
    assert (
        other.post("/api/projects", json={"name": lab.name("O"), "form": CATS}, headers=key).status_code
        == 201
    )


def test_a_refused_request_is_not_remembered(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    key = {"Idempotency-Key": lab.name("k")}
    problem(http.post("/api/projects", json={"name": ""}, headers=key), 422)
    body = {"name": lab.name("Mended"), "form": CATS}
    assert http.post("/api/projects", json=body, headers=key).status_code == 201


def test_projects_come_in_pages_newest_first(lab: Lab) -> None:
    made = [lab.project() for _ in range(3)]
    key = lab.key("reviewer")
    first = lab.client(key).get("/api/projects", limit=2)
    assert [p["slug"] for p in first["items"]] == made[:0:-1]
    rest = lab.client(key).get("/api/projects", limit=1, after=first["next"])
    assert [p["slug"] for p in rest["items"]] == made[:1]
    problem(lab.http(key).get("/api/projects", params={"after": "x"}), 422)
    problem(lab.http(key).get("/api/projects", params={"status": "deleted"}), 403)
    assert pointers(problem(lab.http(key).get("/api/projects", params={"status": "x"}), 422)) == ["/status"]


def test_an_archived_project_takes_nothing_in_and_is_read(lab: Lab) -> None:
    slug, http = lab.work(2), lab.http(lab.owner_key)
    path = f"/api/projects/{slug}"
    worker = lab.client(lab.key())
    [held] = worker.claim(slug)["assignments"]
    seen = http.patch(f"{path}?preview=true", json={"status": "archived"}).json()
    assert (seen["preview"], seen["recalled"]) == (True, 1)
    assert lab.owner.patch(path, {"status": "archived"})["recalled"] == 1
    answer = lab.http(lab.key()).post(
        f"/api/assignments/{held['id']}/submit", json={"answers": {"label": "cat"}}
    )
    assert answer.status_code == 409
    assert worker.claim(slug)["code"] == "stopped"
    for more, body in (("tasks", text_tasks(1)), ("batches", {"name": lab.name("B")})):
        problem(http.post(f"{path}/{more}", json=body), 409, "project_archived")
    shipped = http.post(f"{path}/shipments?provider=in-house", json=text_tasks(1))
    problem(shipped, 409, "project_archived")
    assert len(lab.owner.get(f"{path}/tasks")["items"]) == 2
    assert slug in [p["slug"] for p in lab.owner.get("/api/projects", status="archived")["items"]]
    assert slug not in [p["slug"] for p in lab.owner.get("/api/projects", status="active")["items"]]
    lab.owner.patch(path, {"status": "active"})
    assert len(worker.claim(slug, 2)["assignments"]) == 2
    assert pointers(problem(http.patch(path, json={"status": "gone"}), 422)) == ["/status"]


def test_a_deleted_project_is_nowhere_but_in_the_list_of_what_was_deleted(lab: Lab) -> None:
    provider = lab.provider()
    name, http = lab.name("Doomed"), lab.http(lab.owner_key)
    slug = lab.project(name)
    lab.owner.create_tasks(slug, text_tasks(2))
    worker = lab.client(lab.key(provider=provider))
    [held, done] = worker.claim(slug, 2)["assignments"]
    judgment = worker.submit(done["id"], {"label": "cat"})["judgment"]
    asked = worker.post(f"/api/assignments/{held['id']}/ask", {"text": "Which?"})["question"]
    path, batch = f"/api/projects/{slug}", lab.name("Batch")
    lab.owner.post(f"{path}/batches", {"name": batch})
    problem(http.delete(path, params={"confirm": slug}), 409, "not_archived")
    lab.owner.patch(path, {"status": "archived"})
    assert pointers(problem(http.delete(path), 422)) == ["/confirm"]
    seen = http.delete(path, params={"preview": "true"})
    assert (seen.status_code, seen.json()["erased"]["judgments"]) == (200, 1)
    gone = http.delete(path, params={"confirm": slug})
    assert (gone.status_code, gone.json()["status"], gone.json()["releases"]) == (202, "deleted", [])
    for method, where in (
        ("GET", path), ("PATCH", path), ("GET", f"{path}/tasks"), ("GET", f"{path}/judgments"),
        ("GET", f"{path}/releases"), ("POST", f"{path}/claim"), ("DELETE", f"{path}?confirm={slug}"),
        ("GET", f"/api/projects/{gone.json()['slug']}"), ("GET", f"/api/tasks/{done['task']['id']}"),
        ("GET", f"/api/tasks/{done['task']['id']}/content/0"),
        ("PATCH", f"/api/tasks/{done['task']['id']}"), ("POST", f"/api/tasks/{done['task']['id']}/cancel"),
        ("GET", f"/api/questions/{asked}"), ("POST", f"/api/questions/{asked}/answer"),
        ("GET", f"/api/batches/{batch}"),
        ("POST", f"/api/judgments/{judgment}/review"), ("DELETE", f"{path}?preview=true&confirm={slug}"),
    ):  # fmt: skip
        sent = {"verdict": "accept"} if where.endswith("/review") else {}
        answer = http.request(method, where, **({"json": sent} if method in ("POST", "PATCH") else {}))
        assert answer.status_code == 404 or (sent and answer.status_code == 409), (method, where)
    late = lab.http(lab.key(provider=provider))
    assert late.post(f"/api/assignments/{held['id']}/submit", json={"answers": {}}).status_code in (404, 409)
    deleted = lab.owner.get("/api/projects", status="deleted")["items"]
    [row] = [p for p in deleted if p["name"] == name]
    assert row.items() >= {k: v for k, v in gone.json().items() if k not in ("preview", "erasure")}.items()
    assert lab.project(name) == slug, "its name is free again"
    shown = lab.owner.get(f"/api/providers/{provider}/exposure", project=row["slug"])
    assert {item["project"] for item in shown["items"]} == {row["slug"]}
    assert shown["counts"]["by_project"] == {row["slug"]: 2}
