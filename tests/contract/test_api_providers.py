"""What /api/providers promises: who they are, what they are worth, what they saw, and leaving them."""

from __future__ import annotations

import time

import pytest
from support.lab import Lab, answer_all, pointers, problem


def test_a_provider_is_active_and_cleared_for_internal_unless_told(lab: Lab) -> None:
    name = lab.name("Acme Annotators")
    http = lab.http(lab.owner_key)
    made = http.post("/api/providers", json={"name": name, "kind": "people", "price": "0.05"})
    assert made.status_code == 201
    provider = made.json()
    assert (provider["status"], provider["clearance"], provider["price"]) == ("active", "internal", "0.05")
    assert (provider["currency"], provider["interests"], provider["judgments"]) == ("USD", [], 0)
    assert provider["accuracy"] is None
    assert provider["cost_per_correct"] is None
    assert len(provider["id"]) == 24
    shown = lab.owner.get(f"/api/providers/{provider['slug']}")
    del shown["stopped"], provider["stopped"]  # the second is over all providers
    assert shown.items() <= provider.items()
    [listed] = lab.owner.get("/api/providers", name=name.upper())["items"]
    assert shown.items() <= listed.items()
    assert lab.owner.get("/api/providers", name="nobody")["items"] == []
    assert shown["id"] in [p["id"] for p in lab.owner.get("/api/providers")["items"]]
    problem(http.post("/api/providers", json={"name": f" {name.upper()} "}), 409, "name_taken")


def test_an_owner_is_an_interest_with_a_share_of_one(lab: Lab) -> None:
    slug = lab.provider(owner="Holding One")
    assert lab.owner.get(f"/api/providers/{slug}")["interests"] == [
        {"organisation": "Holding One", "share": 1.0, "since": None}
    ]


def test_a_patch_replaces_interests_whole(lab: Lab) -> None:
    slug = lab.provider(
        interests=[{"organisation": "A Fund", "share": 0.2}, {"organisation": "B Fund", "share": 0.1}]
    )
    changed = lab.owner.patch(
        f"/api/providers/{slug}",
        {"interests": [{"organisation": "b fund", "share": 0.3, "since": "2031-01-01"}]},
    )
    assert changed["interests"] == [{"organisation": "B Fund", "share": 0.3, "since": "2031-01-01"}]
    assert lab.owner.patch(f"/api/providers/{slug}", {"price": "1.5"})["interests"] == changed["interests"]
    assert lab.owner.patch(f"/api/providers/{slug}", {"interests": []})["interests"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": "P", "kind": "telepathy"}, "/kind"),
        ({"name": "P", "price": "-1"}, "/price"),
        ({"name": "P", "price": "1e999999"}, "/price"),
        ({"name": "P", "price": "0.0000001"}, "/price"),
        ({"name": "P", "price": True}, "/price"),
        ({"name": "P", "clearance": "cosmic"}, "/clearance"),
        ({"name": "P", "status": "sleeping"}, "/status"),
        ({"name": "P", "interests": [{"organisation": "X", "share": 0}]}, "/interests/0/share"),
        ({"name": "P", "interests": [{"organisation": "X", "share": 1.1}]}, "/interests/0/share"),
        ({"name": "P", "interests": [{"share": 1}]}, "/interests/0/organisation"),
        ({"name": "P", "interests": [{"organisation": "X", "since": "soon"}]}, "/interests/0/since"),
        ({"name": "P", "interests": {}}, "/interests"),
        ({"name": "P", "owner": "A", "interests": [{"organisation": "B"}]}, "/owner"),
        ({"name": "P", "config": {"unheard": 1}}, "/config/unheard"),
        ({"name": "P", "config": []}, "/config"),
        ({"name": "P", "capabilities": 0}, "/capabilities"),
        ({"name": "P", "unheard": 1}, "/unheard"),
    ],
)
def test_a_wrong_field_is_named(lab: Lab, body: dict, pointer: str) -> None:
    name = {"name": lab.name("P")} if "name" in body else {}
    answer = lab.http(lab.owner_key).post("/api/providers", json={**body, **name})
    found = pointers(problem(answer, 422, "invalid"))
    assert pointer in found


def test_a_repeated_request_makes_one_provider(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    body, key = {"name": lab.name("Once")}, {"Idempotency-Key": lab.name("k")}
    first = http.post("/api/providers", json=body, headers=key)
    again = http.post("/api/providers", json=body, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    problem(http.post("/api/providers", json={"name": "Twice"}, headers=key), 409, "idempotency_mismatch")


def test_a_stake_stops_a_provider_and_takes_back_what_it_holds(lab: Lab) -> None:
    rival = lab.name("Rival")
    slug = lab.work(5, conflicts=[rival])
    free = lab.work(5)
    provider = lab.provider()
    annotator = lab.client(lab.key(provider=provider))
    annotator.claim(slug, 3)
    changed = lab.owner.patch(
        f"/api/providers/{provider}", {"interests": [{"organisation": rival.upper(), "share": 0.01}]}
    )
    assert changed["recalled"] == 3
    [stopped] = [s for s in changed["newly_stopped"] if s["project"] == slug]
    assert rival in stopped["because"]
    assert slug in [s["project"] for s in changed["stopped"]]
    assert annotator.claim(slug)["code"] == "stopped"
    assert len(annotator.claim(free)["assignments"]) == 1
    assert lab.owner.patch(f"/api/providers/{provider}", {"interests": []})["newly_stopped"] == []
    assert len(annotator.claim(slug)["assignments"]) == 1


def test_the_scorecard_counts_gold_and_money(lab: Lab) -> None:
    slug = lab.work(120, gold_every=2, gold_rate=0.5)  # enough of both, wherever gold falls
    provider = lab.provider(price="0.05")
    done = answer_all(lab.client(lab.key(provider=provider)), slug, "cat", most=30)
    card = lab.owner.get(f"/api/providers/{provider}/scorecard")
    assert (card["provider"], card["price"], card["currency"]) == (provider, "0.05", "USD")
    assert card["judgments"] + card["gold"]["n"] == done == 30
    assert card["judgments"] > 0
    assert float(card["spent"]) == pytest.approx(0.05 * done)  # gold is paid for like the rest
    assert card["gold"]["value"] == 1.0  # every gold answer is cat
    assert 0 <= card["gold"]["low"] <= card["gold"]["value"] <= card["gold"]["high"] <= 1
    assert [p["project"] for p in card["projects"]] == [slug]
    assert len(card["annotators"]) == 1
    shown = lab.owner.get(f"/api/providers/{provider}")
    assert shown["accuracy"]["from"] == "gold"
    assert shown["spent"] == card["spent"]


def test_dependence_says_what_hangs_on_a_provider(lab: Lab) -> None:
    slug = lab.work(4, answers=2)
    provider = lab.provider(price="0.10", owner="Holding Two")
    answer_all(lab.client(lab.key(provider=provider)), slug, most=3)
    answer_all(lab.client(lab.key()), slug, most=2)  # the fourth task, then one of the three
    found = lab.owner.get(f"/api/providers/{provider}/dependence")
    assert found["provider"] == provider
    assert "Holding Two" in str(found["organisations"])
    [here] = [p for p in found["projects"] if p["project"] == slug]
    assert (here["judgments"], here["tasks_answered"], here["only_provider_tasks"]) == (3, 3, 2)
    assert here["share"] == pytest.approx(0.6)


def test_exposure_lists_every_showing_once_over_its_pages(lab: Lab) -> None:
    slug = lab.work(25)
    provider = lab.provider()
    annotator = lab.client(lab.key(provider=provider))
    claimed = annotator.claim(slug, 25)["assignments"]
    annotator.give_back(claimed[0]["id"])  # prefetched counts as shown, also when it went back
    seen, after = [], None
    while True:
        page = lab.owner.get(
            f"/api/providers/{provider}/exposure", limit=10, **({"after": after} if after else {})
        )
        assert page["counts"]["tasks"] == page["counts"]["showings"] == 25
        assert page["counts"]["by_project"] == {slug: 25}
        seen += page["items"]
        after = page["next"]
        if after is None:
            break
    assert {"task", "content", "annotator", "at"} <= seen[0].keys()
    assert sorted(i["task"] for i in seen) == sorted(a["task"]["id"] for a in claimed)
    assert len({i["content"] for i in seen}) == 25  # salted: equal or not, nobody can tell
    http = lab.http(lab.owner_key)
    for query in ("limit=1001", "limit=0", "after=x", "after=-5"):
        problem(http.get(f"/api/providers/{provider}/exposure?{query}"), 422)


def test_an_exit_is_a_plan_until_it_is_executed(lab: Lab) -> None:
    slug = lab.work(6)
    provider = lab.provider(price="0.10")
    key = lab.key(provider=provider)
    annotator = lab.client(key)
    answer_all(annotator, slug, most=2)
    annotator.claim(slug, 2)
    http = lab.http(lab.owner_key)
    for body in (None, {}, {"execute": False}):
        answer = http.post(f"/api/providers/{provider}/exit", **({} if body is None else {"json": body}))
        assert answer.status_code == 200
        assert {
            "provider",
            "in_flight",
            "exposed",
            "judgments",
            "releases",
            "projects",
            "keys",
        } <= answer.json().keys()
    assert lab.owner.get(f"/api/providers/{provider}")["status"] == "active"
    problem(http.post(f"/api/providers/{provider}/exit", json={"execute": "yes"}), 422)
    begun = http.post(f"/api/providers/{provider}/exit", json={"execute": True})
    assert begun.status_code == 202
    assert {"id", "steps"} <= begun.json().keys()
    # Stopped in the same moment, whatever the later steps still have to do.
    assert lab.http(key).post(f"/api/projects/{slug}/claim").status_code in (200, 401)
    end = time.monotonic() + 30
    while True:
        steps = lab.owner.get(f"/api/exits/{begun.json()['id']}")["steps"]
        if all(s["state"] == "done" for s in steps):
            break
        assert time.monotonic() < end, steps
        time.sleep(0.05)
    problem(lab.http(key).get("/api/projects"), 401)
    assert lab.judgments(slug) == []
    assert lab.owner.get(f"/api/providers/{provider}")["status"] == "exited"
    answer_all(lab.client(lab.key()), slug)  # the work goes on elsewhere
    assert len(lab.judgments(slug)) == 6
    problem(http.post("/api/providers/in-house/exit", json={"execute": True}), 409)


def test_keys_and_people_are_told_without_their_secrets(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    name = lab.name("Ada")
    made = http.post("/api/keys", json={"role": "annotator", "name": name})
    assert made.status_code == 201
    assert made.json().keys() == {"id", "key"}
    assert made.headers["cache-control"] == "no-store"
    key = made.json()["key"]
    assert key.startswith("live_")
    listed = http.get("/api/keys")
    assert key not in listed.text
    [row] = [k for k in listed.json()["items"] if k["id"] == made.json()["id"]]
    assert (row["name"], row["role"], row["mode"], row["provider"]) == (name, "annotator", "live", "in-house")
    assert key.endswith(row["last4"])
    # The same name is the same person; under another provider it is an error.
    http.post("/api/keys", json={"role": "reviewer", "name": name.upper()})
    assert len([p for p in http.get("/api/people").json()["items"] if p["name"].lower() == name.lower()]) == 1
    other = {"role": "annotator", "name": name, "provider": lab.provider()}
    problem(http.post("/api/keys", json=other), 409, "name_taken")
    assert http.delete(f"/api/keys/{row['id']}").status_code == 204
    problem(lab.http(key).get("/api/projects"), 401, "unauthenticated")
    problem(http.delete("/api/keys/" + "0" * 24), 404)
    problem(http.post("/api/keys", json={"role": "owner", "provider": lab.provider()}), 422)
    assert pointers(problem(http.post("/api/keys", json={"role": "king"}), 422)) == ["/role"]
    assert pointers(problem(http.post("/api/keys", json={"role": "owner", "mode": "dream"}), 422)) == [
        "/mode"
    ]
    assert pointers(problem(http.post("/api/keys", json={"role": "owner", "projects": ["x"]}), 422)) == [
        "/projects"
    ]
    problem(http.post("/api/keys", json={"role": "owner", "provider": "nobody"}), 404)


def test_conflicts_of_the_installation_hold_for_every_project(lab: Lab) -> None:
    rival = lab.name("Everybody's rival")
    slug, provider = lab.work(2), lab.provider(owner=rival)
    annotator = lab.client(lab.key(provider=provider))
    annotator.claim(slug)
    http = lab.http(lab.owner_key)
    try:
        changed = http.patch("/api/settings", json={"conflicts": [rival]}).json()
        assert changed["conflicts"] == [rival]
        assert changed["recalled"] == 1
        assert annotator.claim(slug)["code"] == "stopped"
        for wrong in (False, 0, "", {}, rival, [1], [""]):
            problem(http.patch("/api/settings", json={"conflicts": wrong}), 422)
        problem(http.patch("/api/settings", json={"confilcts": []}), 422)
        assert http.get("/api/settings").json() == {"conflicts": [rival], "currency": "USD"}
    finally:
        assert http.patch("/api/settings", json={"conflicts": []}).json()["conflicts"] == []
    assert len(annotator.claim(slug)["assignments"]) == 1


def test_the_project_says_where_a_provider_is_stopped_and_why(lab: Lab) -> None:
    slug = lab.work(2, conflicts=["Rival"])
    provider = lab.provider()
    answer_all(lab.client(lab.key(provider=provider)), slug, most=1)

    def stopped() -> str | None:
        shown = lab.owner.get(f"/api/projects/{slug}")["providers"]
        return next(p["stopped"] for p in shown if p["slug"] == provider)

    assert stopped() is None
    stake = {"interests": [{"organisation": "Rival", "share": 0.1}]}
    lab.http(lab.owner_key).patch(f"/api/providers/{provider}", json=stake)
    assert "Rival" in (stopped() or "")
