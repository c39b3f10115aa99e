"""What /api/people and /api/teams promise: who is listed to whom, and what a change answers."""

from __future__ import annotations

import json

import pytest
from support.lab import Lab, pointers, problem


def person(lab: Lab, provider: str | None = None) -> str:
    """The id of a new person."""
    name = lab.name("Person")
    body = {"role": "annotator", "name": name, "provider": provider}
    lab.owner.post("/api/keys", body)
    return lab.owner.get("/api/people", name=name.upper())["items"][0]["id"]


def test_a_person_is_read_and_changed_by_its_id(lab: Lab) -> None:
    path = f"/api/people/{person(lab)}"
    changed = lab.owner.patch(path, {"skills": ["Law", "art"], "languages": ["DE"]})
    assert (changed["skills"], changed["languages"], changed["email"]) == (["art", "law"], ["de"], None)
    assert lab.owner.get(path) == changed
    assert changed.keys() == {
        "id", "name", "email", "provider", "annotator", "languages", "skills", "teams", "keys",
        "last_active_at", "created_at",
    }  # fmt: skip
    http = lab.http(lab.owner_key)
    wrong = http.patch(path, json={"skills": "x", "name": "y"})
    assert pointers(problem(wrong, 422)) == ["/name"]
    assert pointers(problem(http.patch(path, json={"languages": [""]}), 422)) == ["/languages"]
    problem(http.get("/api/people/nobody"), 404)


def test_people_come_in_pages(lab: Lab) -> None:
    vendor = lab.provider()
    made = [person(lab, vendor) for _ in range(3)]
    first = lab.owner.get("/api/people", provider=vendor, limit=2)
    assert [p["id"] for p in first["items"]] == made[:2]
    rest = lab.owner.get("/api/people", provider=vendor, limit=2, after=first["next"])
    assert [p["id"] for p in rest["items"]] == made[2:]
    assert rest["next"] is None
    problem(lab.http(lab.owner_key).get("/api/people", params={"provider": "no such one"}), 404)
    problem(lab.http(lab.owner_key).get("/api/people", params={"after": "x"}), 422)


def test_a_vendors_lead_reads_its_own_people_and_no_team(lab: Lab) -> None:
    vendor, other = lab.provider(), lab.provider()
    lead = lab.http(lab.key("manager", vendor))
    own, strange = person(lab, vendor), person(lab, other)
    lab.owner.post("/api/teams", {"name": lab.name("Team"), "people": [own, strange]})
    assert "teams" not in lead.get(f"/api/people/{own}").json()
    assert {p["provider"] for p in lead.get("/api/people").json()["items"]} == {vendor}
    problem(lead.get(f"/api/people/{strange}"), 404)
    problem(lead.get("/api/people", params={"provider": other}), 404)
    problem(lead.patch(f"/api/people/{own}", json={"skills": []}), 403)
    problem(lead.get("/api/teams"), 403)


def test_all_that_is_kept_of_a_person_is_streamed_to_an_owner(lab: Lab) -> None:
    slug, key = lab.work(2), lab.key()
    for held in lab.client(key).claim(slug, 2)["assignments"]:
        lab.client(key).submit(held["id"], {"label": "cat"})
    newest = lab.owner.get("/api/keys", limit=1)["items"][0]["name"]
    path = f"/api/people/{lab.owner.get('/api/people', name=newest)['items'][0]['id']}/export"
    answer = lab.http(lab.owner_key).get(path)
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[-1] == {"what": "end", "lines": len(lines) - 1}
    assert sum(line["what"] == "judgment" for line in lines) == 2
    assert key not in answer.text
    problem(lab.http(lab.key("owner", mode="test")).get(path), 403, "test_world")
    problem(lab.http(lab.key("manager")).get(path), 403)


def test_a_team_is_made_changed_and_given_up(lab: Lab) -> None:
    ann, bob = person(lab), person(lab)
    name = lab.name("Night")
    http = lab.http(lab.owner_key)
    sent = {"Idempotency-Key": lab.name("k")}
    made = http.post("/api/teams", json={"name": name, "people": [ann]}, headers=sent)
    assert made.status_code == 201
    team = made.json()
    assert http.post("/api/teams", json={"name": name, "people": [ann]}, headers=sent).json() == team
    assert [p["id"] for p in team["people"]] == [ann]
    path = f"/api/teams/{team['id']}"
    assert [p["id"] for p in lab.owner.patch(path, {"people": [ann, bob]})["people"]] == [ann, bob]
    assert lab.owner.get(f"/api/people/{bob}")["teams"] == [{"id": team["id"], "name": name}]
    assert lab.owner.get("/api/teams", name=name)["items"] == [lab.owner.get(path)]
    problem(http.post("/api/teams", json={"name": name}), 409, "name_taken")
    assert pointers(problem(http.patch(path, json={"people": ["nobody"]}), 422)) == ["/people/0"]
    assert pointers(problem(http.post("/api/teams", json={"name": "X", "lead": ann}), 422)) == ["/lead"]
    problem(lab.http(lab.key("owner", mode="test")).delete(path), 403)
    assert http.delete(path).status_code == 204
    problem(http.get(path), 404)


@pytest.mark.parametrize("path", ["/api/keys", "/api/people", "/api/teams"])
def test_who_may_comes_in_pages(lab: Lab, path: str) -> None:
    for _ in range(2):
        lab.owner.post("/api/teams", {"name": lab.name("Team"), "people": [person(lab)]})
    [first] = lab.owner.get(path, limit=1)["items"]
    second = lab.owner.get(path, limit=1, after=lab.owner.get(path, limit=1)["next"])["items"]
    assert [first, *second] == lab.owner.get(path, limit=2)["items"]
