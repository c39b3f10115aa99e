"""What claim, submit and return promise, in the order in which a submit is judged."""

from __future__ import annotations

import time

from support.lab import Lab, answer_all, pointers, problem


def test_a_claim_hands_out_assignments_under_a_lease(lab: Lab) -> None:
    slug = lab.work(3)
    annotator = lab.client(lab.key())
    claimed = annotator.claim(slug, 2, lease_s=30)["assignments"]
    assert len(claimed) == 2
    first = claimed[0]
    assert {"id", "lease_until", "task", "form", "instruction"} <= first.keys()
    assert first["task"].keys() == {"id", "content", "suggestion"}
    assert first["task"]["content"] == {"blocks": [{"type": "text", "text": "animal t0"}]}
    assert [a["id"] for a in annotator.get("/api/assignments")["items"]] == [a["id"] for a in claimed]
    assert len(annotator.get("/api/assignments", project=slug)["items"]) == 2
    # A claim gives new ones always; what is held is listed elsewhere.
    more = annotator.claim(slug, 5)["assignments"]
    assert len(more) == 1
    assert lab.owner.get(f"/api/projects/{slug}")["progress"]["held"] == 3


def test_a_claim_without_a_body_is_for_one(lab: Lab) -> None:
    slug = lab.work(3)
    answer = lab.http(lab.key()).post(f"/api/projects/{slug}/claim")
    assert answer.status_code == 200
    assert len(answer.json()["assignments"]) == 1


def test_an_empty_claim_says_why_and_is_no_error(lab: Lab) -> None:
    slug = lab.work(1)
    provider = lab.provider()
    outside = lab.client(lab.key(provider=provider))
    answer_all(outside, slug)
    empty = outside.claim(slug)
    assert empty["assignments"] == []
    assert (empty["code"], empty["because"]) == ("nothing", "Nothing for you now.")
    lab.owner.patch(f"/api/providers/{provider}", {"status": "suspended"})
    stopped = outside.claim(slug)
    assert stopped["assignments"] == []
    assert stopped["code"] == "stopped"
    assert "conflict" not in stopped["because"].lower()


def test_numbers_out_of_range_are_refused_by_field(lab: Lab) -> None:
    slug = lab.work(1)
    http = lab.http(lab.key())
    for count in (0, -1, 101, 1.5, "1", True, 10**30, []):
        assert pointers(problem(http.post(f"/api/projects/{slug}/claim", json={"count": count}), 422)) == [
            "/count"
        ]
    for lease in (0, -1, 86_401, "60", False):
        found = http.post(f"/api/projects/{slug}/claim", json={"lease_s": lease})
        assert pointers(problem(found, 422)) == ["/lease_s"]


def test_an_answer_is_taken_once_and_the_next_handed_out_with_it(lab: Lab) -> None:
    slug = lab.work(3)
    key = lab.key()
    annotator = lab.client(key)
    [held] = annotator.claim(slug)["assignments"]
    done = annotator.submit(held["id"], {"label": "cat"}, claim=1, spent_ms=1200, idempotency_key="k1")
    assert len(done["next"]) == 1
    again = annotator.submit(held["id"], {"label": "cat"}, claim=1, spent_ms=1200, idempotency_key="k1")
    assert again["judgment"] == done["judgment"]
    assert [a["id"] for a in again["next"]] == [done["next"][0]["id"]]
    annotator.submit(done["next"][0]["id"], {"label": "dog"})
    later = annotator.submit(held["id"], {"label": "cat"}, claim=1, spent_ms=1200, idempotency_key="k1")
    assert later["next"] == []  # only what is still held
    assert len(lab.judgments(slug)) == 2
    other = lab.http(key).post(
        f"/api/assignments/{held['id']}/submit",
        json={"answers": {"label": "dog"}, "spent_ms": 1200},
        headers={"Idempotency-Key": "k1"},
    )
    problem(other, 409, "idempotency_mismatch")


def test_an_answer_without_its_key_a_second_time_is_refused(lab: Lab) -> None:
    slug = lab.work(1)
    key = lab.key()
    [held] = lab.client(key).claim(slug)["assignments"]
    path = f"/api/assignments/{held['id']}/submit"
    assert lab.http(key).post(path, json={"answers": {"label": "cat"}}).status_code == 200
    problem(lab.http(key).post(path, json={"answers": {"label": "cat"}}), 409, "task_full")


def test_a_wrong_answer_is_told_by_question_and_keeps_the_lease(lab: Lab) -> None:
    form = {
        "questions": [
            {"name": "label", "kind": "choice", "options": ["cat", "dog"]},
            {"name": "stars", "kind": "rating"},
            {"name": "why", "kind": "text", "required": False, "max_length": 10},
        ]
    }
    slug = lab.project(form=form)
    lab.owner.create_tasks(slug, [{"content": {"blocks": [{"type": "text", "text": "x"}]}}])
    key = lab.key()
    [held] = lab.client(key).claim(slug)["assignments"]
    path = f"/api/assignments/{held['id']}/submit"
    wrong = {"label": "fox", "stars": 9, "why": "far too long a text", "unheard": 1}
    body = problem(lab.http(key).post(path, json={"answers": wrong}), 422, "invalid")
    assert set(pointers(body)) == {"/answers/label", "/answers/stars", "/answers/why", "/answers/unheard"}
    assert all(e["code"] and e["message"] for e in body["errors"])
    assert pointers(problem(lab.http(key).post(path, json={"answers": {"label": "cat"}}), 422)) == [
        "/answers/stars"
    ]
    assert pointers(problem(lab.http(key).post(path, json={}), 422)) == ["/answers"]
    good = {"answers": {"label": "cat", "stars": 4}}
    assert pointers(problem(lab.http(key).post(path, json={**good, "spent_ms": -1}), 422)) == ["/spent_ms"]
    assert pointers(problem(lab.http(key).post(path, json={**good, "presentation": []}), 422)) == [
        "/presentation"
    ]
    assert pointers(problem(lab.http(key).post(path, json={**good, "claim": 101}), 422)) == ["/claim"]
    assert (
        lab.http(key).post(path, json={**good, "spent_ms": 5, "presentation": {"order": [1]}}).status_code
        == 200
    )


def test_who_does_not_hold_it_cannot_answer_it(lab: Lab) -> None:
    slug = lab.work(1)
    [held] = lab.client(lab.key()).claim(slug)["assignments"]
    other = lab.http(lab.key())
    body = {"answers": {"label": "cat"}}
    problem(other.post(f"/api/assignments/{held['id']}/submit", json=body), 409, "lease_lost")
    problem(other.post(f"/api/assignments/{held['id']}/return"), 409, "lease_lost")
    for missing in ("0" * 24, "x", "0" * 23 + "G", "..", "%2e%2e"):
        problem(other.post(f"/api/assignments/{missing}/submit", json=body), 404)
        problem(other.post(f"/api/assignments/{missing}/return"), 404)


def test_a_returned_assignment_goes_to_others_and_not_back_to_the_same(lab: Lab) -> None:
    slug = lab.work(1)
    key = lab.key()
    [held] = lab.client(key).claim(slug)["assignments"]
    answer = lab.http(key).post(f"/api/assignments/{held['id']}/return", json={"reason": "not my language"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert lab.client(key).claim(slug)["assignments"] == []
    [again] = lab.client(lab.key()).claim(slug)["assignments"]
    assert again["id"] == held["id"]  # it keeps its id across holders
    problem(lab.http(key).post(f"/api/assignments/{held['id']}/return"), 409, "lease_lost")
    assert pointers(
        problem(lab.http(key).post(f"/api/assignments/{held['id']}/return", json={"reason": 1}), 422)
    )


def test_a_lapsed_lease_goes_to_the_next_and_the_late_answer_is_refused(lab: Lab) -> None:
    slug = lab.work(1)
    late, prompt = lab.key(), lab.client(lab.key())
    [held] = lab.client(late).claim(slug, lease_s=1)["assignments"]
    end = time.monotonic() + 20
    while not (again := prompt.claim(slug)["assignments"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert again[0]["id"] == held["id"]
    path = f"/api/assignments/{held['id']}/submit"
    problem(lab.http(late).post(path, json={"answers": {"label": "dog"}}), 409, "lease_lost")
    prompt.submit(again[0]["id"], {"label": "cat"})
    problem(lab.http(late).post(path, json={"answers": {"label": "dog"}}), 409, "task_full")
    assert [j["answers"]["label"] for j in lab.judgments(slug)] == ["cat"]


def test_no_annotator_answers_a_task_twice(lab: Lab) -> None:
    slug = lab.work(4, answers=3)
    clients = [lab.client(lab.key()) for _ in range(3)]
    assert [answer_all(c, slug) for c in clients] == [4, 4, 4]
    given = [(j["task"], j["annotator"]) for j in lab.judgments(slug)]
    assert len(given) == len(set(given)) == 12


def test_the_stop_is_judged_before_the_lease_and_after_the_replay(lab: Lab) -> None:
    slug, provider = lab.work(2), lab.provider()
    key = lab.key(provider=provider)
    first, second = lab.client(key).claim(slug, 2)["assignments"]
    taken = lab.client(key).submit(first["id"], {"label": "cat"}, idempotency_key="k")
    changed = lab.owner.patch(f"/api/providers/{provider}", {"status": "suspended"})
    assert changed["recalled"] == 1
    assert slug in [s["project"] for s in changed["newly_stopped"]]
    assert (
        lab.client(key).submit(first["id"], {"label": "cat"}, idempotency_key="k")["judgment"]
        == taken["judgment"]
    )
    answer = lab.http(key).post(f"/api/assignments/{second['id']}/submit", json={"answers": {"label": 1}})
    problem(answer, 409, "provider_stopped")
    assert lab.client(key).get("/api/assignments")["items"] == []
