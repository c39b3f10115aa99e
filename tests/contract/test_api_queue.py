"""The doors of the queue beside claim and submit: drafts, leases, direct work, annotators, tasks that change."""

from __future__ import annotations

from support.lab import Lab, pointers, problem


def test_a_draft_is_kept_and_shown_again_and_the_lease_renewed(lab: Lab) -> None:
    slug = lab.work(1, lease_s=60)
    key = lab.key()
    annotator, http = lab.client(key), lab.http(key)
    (held,) = annotator.claim(slug)["assignments"]
    assert held["draft"] is None
    place = f"/api/assignments/{held['id']}"
    kept = http.put(f"{place}/draft", json={"answers": {"label": "ca"}, "spent_ms": 10})
    assert kept.status_code == 200
    assert kept.json()["lease_until"] >= held["lease_until"]
    longer = http.post(f"{place}/extend", json={"lease_s": 3600}).json()["lease_until"]
    assert longer > kept.json()["lease_until"]
    (again,) = http.get("/api/assignments").json()["items"]
    assert (again["draft"]["answers"], again["lease_until"]) == ({"label": "ca"}, longer)
    assert pointers(problem(http.put(f"{place}/draft", json={"answers": 1}), 422)) == ["/answers"]
    other = lab.http(lab.key())
    problem(other.put(f"{place}/draft", json={"answers": {}}), 409, "lease_lost")


def test_training_says_what_would_have_been_right(lab: Lab) -> None:
    slug = lab.project()
    task = {"content": {"blocks": [{"type": "text", "text": "Meow"}]}, "gold": {"label": "cat"}}
    lab.owner.create_tasks(slug, [{**task, "training": True}])
    annotator = lab.client(lab.key())
    (held,) = annotator.claim(slug)["assignments"]
    assert "gold" not in str(held)
    done = annotator.submit(held["id"], {"label": "dog"})
    assert done["training"] == {"answers": {"label": "cat"}, "correct": {"label": False}}


def test_work_is_given_to_a_person_and_figures_of_annotators_are_there(lab: Lab) -> None:
    slug = lab.work(2)
    owner = lab.owner
    first, second = (item["id"] for item in owner.get(f"/api/projects/{slug}/tasks")["items"])
    anna, ben = lab.client(lab.key()), lab.client(lab.key())
    name = anna.get("/api/session")["person"]["name"]
    assert owner.post(f"/api/projects/{slug}/assign", {"tasks": [first], "to": {"person": name}}) == {
        "tasks": 1,
        "moved": 1,
    }
    assert [a["task"]["id"] for a in ben.claim(slug, 5)["assignments"]] == [second]
    (held,) = anna.claim(slug, 5)["assignments"]
    assert held["task"]["id"] == first
    anna.submit(held["id"], {"label": "cat"}, spent_ms=700)
    listed = owner.get(f"/api/projects/{slug}/annotators")["items"]
    (mine,) = [item for item in listed if item["name"] == name]
    assert (mine["judgments"], mine["spent_ms"], mine["stopped"]) == (1, 700, None)
    place = f"/api/projects/{slug}/annotators/{mine['annotator']}"
    assert owner.post(f"{place}/stop", {"because": "A break."})["stopped"]["because"] == "A break."
    refused = anna.claim(slug)
    assert (refused["assignments"], refused["code"], refused["because"]) == ([], "stopped", "A break.")
    assert owner.post(f"{place}/resume")["stopped"] is None
    http = lab.http(lab.owner_key)
    problem(http.post(f"{place}/resume"), 409, "not_stopped")
    wrong = http.post(f"/api/projects/{slug}/assign", json={"tasks": ["0" * 24], "to": None})
    assert pointers(problem(wrong, 422)) == ["/tasks/0"]


def test_a_task_is_returned_to_anyone_to_others_or_to_a_reviewer(lab: Lab) -> None:
    slug = lab.work(1)
    key = lab.key()
    annotator, http = lab.client(key), lab.http(key)
    (held,) = annotator.claim(slug)["assignments"]
    place = f"/api/assignments/{held['id']}/return"
    assert pointers(problem(http.post(place, json={"to": "nobody"}), 422)) == ["/to"]
    assert pointers(problem(http.post(place, json={"to": "review"}), 422)) == ["/reason"]
    assert http.post(place, json={"to": "anyone"}).status_code == 204
    (held,) = annotator.claim(slug)["assignments"]
    assert http.post(place, json={"to": "review", "reason": "Two cats."}).status_code == 204
    (task,) = lab.owner.get(f"/api/projects/{slug}/tasks")["items"]
    assert (task["status"], annotator.claim(slug)["assignments"]) == ("review", [])


def test_a_task_takes_another_priority_or_is_cancelled(lab: Lab) -> None:
    slug = lab.work(3)
    owner, annotator = lab.owner, lab.client(lab.key())
    first, second, third = (item["id"] for item in owner.get(f"/api/projects/{slug}/tasks")["items"])
    assert owner.patch(f"/api/tasks/{third}", {"priority": 5, "tags": ["hot"]})["tags"] == ["hot"]
    assert owner.post(f"/api/tasks/{first}/cancel", {"reason": "a duplicate"})["status"] == "cancelled"
    assert [a["task"]["id"] for a in annotator.claim(slug, 5)["assignments"]] == [third, second]
    http = lab.http(lab.owner_key)
    problem(http.post(f"/api/tasks/{first}/cancel"), 409, "illegal_move")
    assert pointers(problem(http.patch(f"/api/tasks/{third}", json={"content": {}}), 422)) == ["/content"]
    progress = owner.get(f"/api/projects/{slug}")["progress"]
    assert (progress["tasks"], progress["wanted"]) == (2, 2)
