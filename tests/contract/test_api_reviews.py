"""What a reviewer asks of the server, and what comes back."""

from __future__ import annotations

from typing import Any

import pytest
from support.lab import PNG, Lab, answer_all, pointers, problem


def reviewed(lab: Lab, count: int = 1, **policy: Any) -> str:
    """The slug of a project in which so many answers wait for a reviewer."""
    slug = lab.work(count, **{"review_rate": 1, **policy})
    for _ in range(policy.get("answers", 1)):
        answer_all(lab.client(lab.key()), slug)
    return slug


def test_a_review_is_claimed_judged_and_the_next_handed_out_with_it(lab: Lab) -> None:
    slug = reviewed(lab, 3, answers=2)
    rita = lab.client(lab.key("reviewer"))
    (item,) = rita.post(f"/api/projects/{slug}/reviews/claim", {"count": 1, "lease_s": 60})["items"]
    assert item.keys() == {
        "id", "level", "why", "said", "lease_until", "task", "form", "project", "instruction", "answers", "consensus",
    }  # fmt: skip
    assert (item["level"], item["why"], item["said"], item["instruction"]) == (1, "sampled", None, "Say.")
    assert item["task"]["content"] == {"blocks": [{"type": "text", "text": "animal t0"}]}
    assert [sorted(answer) for answer in item["answers"]] == [["answers", "by", "judgment"]] * 2
    assert [answer["by"] for answer in item["answers"]] == ["A", "B"]
    assert item["consensus"] == {"answers": {"label": "cat"}, "confidence": 0.833333, "tie": False}
    assert [held["id"] for held in rita.get("/api/reviews")["items"]] == [item["id"]]
    done = rita.post(f"/api/reviews/{item['id']}/submit", {"verdict": "accept", "claim": 1})
    assert (done["review"], done["verdict"], done["fix"]) == (item["id"], "accept", None)
    (following,) = done["next"]
    fixed = rita.post(
        f"/api/reviews/{following['id']}/submit", {"verdict": "fix", "answers": {"label": "dog"}}
    )
    assert (fixed["next"], len(fixed["fix"])) == ([], 24)
    progress = lab.owner.get(f"/api/projects/{slug}")["progress"]
    assert (progress["settled"], progress["reviewing"], progress["open"]) == (2, 1, 0)
    settled = {(line["answers"] or {})["label"]: line["settled"] for line in lab.owner.consensus(slug)}
    assert settled == {"cat": False, "dog": True}, "one of the cats waits, the other is settled"


def test_a_repetition_gets_the_first_answer_and_what_is_still_held(lab: Lab) -> None:
    slug = reviewed(lab, 3)
    rita = lab.client(lab.key("reviewer"))
    (item,) = rita.post(f"/api/projects/{slug}/reviews/claim")["items"]
    path, body = f"/api/reviews/{item['id']}/submit", {"verdict": "accept", "claim": 1}
    first = rita.post(path, body, idempotency_key="k")
    again = rita.post(path, body, idempotency_key="k")
    assert again == first
    rita.post(f"/api/reviews/{first['next'][0]['id']}/return")
    assert rita.post(path, body, idempotency_key="k") == {**first, "next": []}
    with pytest.raises(Exception, match="another body"):
        rita.post(path, {"verdict": "reject", "reason": "x"}, idempotency_key="k")


def test_what_is_wrong_is_said_by_field(lab: Lab) -> None:
    slug = reviewed(lab)
    key = lab.key("reviewer")
    http, rita = lab.http(key), lab.client(key)
    (item,) = rita.post(f"/api/projects/{slug}/reviews/claim")["items"]
    path = f"/api/reviews/{item['id']}/submit"
    for body, pointer in (
        ({}, "/verdict"),
        ({"verdict": "maybe"}, "/verdict"),
        ({"verdict": "fix"}, "/answers"),
        ({"verdict": "fix", "answers": {"label": "cow"}}, "/answers/label"),
        ({"verdict": "accept", "answers": {"label": "cat"}}, "/answers"),
        ({"verdict": "reject"}, "/reason"),
        ({"verdict": "reject", "reason": 1}, "/reason"),
        ({"verdict": "reject", "reason": "x", "judgments": ["0" * 24]}, "/judgments/0"),
        ({"verdict": "accept", "claim": True}, "/claim"),
        ({"verdict": "accept", "unheard": 1}, "/unheard"),
    ):
        assert pointers(problem(http.post(path, json=body), 422)) == [pointer], body
    for count in (0, 101, "1"):
        claimed = http.post(f"/api/projects/{slug}/reviews/claim", json={"count": count})
        assert pointers(problem(claimed, 422)) == ["/count"]
    problem(lab.http(lab.key("reviewer")).post(path, json={"verdict": "accept"}), 409, "lease_lost")
    problem(http.get(f"/api/projects/{slug}/reviews?state=lost"), 422)
    problem(http.post(f"/api/reviews/{'0' * 24}/submit", json={"verdict": "accept"}), 404)
    problem(http.post(f"/api/reviews/{'0' * 24}/return"), 404)


def test_an_empty_claim_says_why(lab: Lab) -> None:
    slug = lab.work(1)
    rita = lab.client(lab.key("reviewer"))
    empty = rita.post(f"/api/projects/{slug}/reviews/claim")
    assert (empty["items"], empty["code"]) == ([], "nothing")


def test_the_list_tells_reviewers_of_their_own_verdicts_alone(lab: Lab) -> None:
    slug = reviewed(lab, 2, review_levels=2)
    rita, rob = lab.client(lab.key("reviewer")), lab.client(lab.key("reviewer"))
    (item,) = rita.post(f"/api/projects/{slug}/reviews/claim")["items"]
    rita.post(f"/api/reviews/{item['id']}/submit", {"verdict": "accept"})
    path = f"/api/projects/{slug}/reviews"
    (mine,) = rita.get(path, state="done")["items"]
    assert (mine["verdict"], mine["state"], mine["task"]) == ("accept", "done", item["task"]["id"])
    assert mine["by"] is not None
    (others,) = rob.get(path, state="done")["items"]
    assert (others["verdict"], others["by"]) == (None, None)
    assert lab.owner.get(path, state="done")["items"] == [mine]
    assert [row["level"] for row in rob.get(path, state="ready")["items"]] == [1, 2]
    assert [row["why"] for row in rob.get(path, level=2)["items"]] == ["level"]
    first = rob.get(path, limit=2)
    rest = rob.get(path, limit=2, after=first["next"])
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)


def test_bytes_come_by_a_link_that_asks_who_is_asking(lab: Lab) -> None:
    slug = lab.project(review_rate=1)
    lab.owner.create_tasks(slug, [{"content": {"blocks": [{"type": "image", "url": PNG}]}}])
    answer_all(lab.client(lab.key()), slug)
    key = lab.key("reviewer")
    (item,) = lab.client(key).post(f"/api/projects/{slug}/reviews/claim")["items"]
    (block,) = item["task"]["content"]["blocks"]
    assert lab.http(key).get(block["url"]).headers["content-type"] == "image/png"
    assert lab.http().get(block["url"]).status_code == 401


def test_what_an_annotator_escalates_comes_to_a_reviewer(lab: Lab) -> None:
    slug = lab.work(1)
    key = lab.key()
    (held,) = lab.client(key).claim(slug)["assignments"]
    lab.client(key).post(f"/api/assignments/{held['id']}/return", {"reason": "no animal", "to": "review"})
    rita = lab.client(lab.key("reviewer"))
    (item,) = rita.post(f"/api/projects/{slug}/reviews/claim")["items"]
    assert (item["why"], item["said"], item["answers"], item["consensus"]) == (
        "escalated",
        "no animal",
        [],
        None,
    )
    problem(
        lab.http(lab.key("reviewer")).post(
            f"/api/reviews/{item['id']}/submit", json={"verdict": "reject", "reason": "try"}
        ),
        409,
    )
    rita.post(f"/api/reviews/{item['id']}/submit", {"verdict": "fix", "answers": {"label": "dog"}})
    assert [line["answers"] for line in lab.owner.consensus(slug)] == [{"label": "dog"}]


def test_a_verdict_on_a_judgment_completes_the_review(lab: Lab) -> None:
    slug = reviewed(lab)
    (judgment,) = lab.judgments(slug)
    said = lab.owner.post(f"/api/judgments/{judgment['id']}/review", {"verdict": "accept"})
    assert (said["verdict"], said["judgment"]) == ("accept", None)
    (row,) = lab.owner.get(f"/api/projects/{slug}/reviews")["items"]
    assert (row["state"], row["verdict"]) == ("done", "accept")


def test_an_annotator_goes_back_to_an_answer(lab: Lab) -> None:
    slug = lab.project(review_rate=0.0)
    lab.owner.create_tasks(slug, [{"content": {"blocks": [{"type": "image", "url": PNG}]}}])
    key = lab.key()
    annotator, http = lab.client(key), lab.http(key)
    answer_all(annotator, slug)
    (mine,) = annotator.get(f"/api/projects/{slug}/mine")["items"]
    assert mine.keys() == {
        "id", "assignment", "task", "form", "answers", "at", "spent_ms", "state", "reason", "revisable",
    }  # fmt: skip
    assert (mine["answers"], mine["state"], mine["revisable"]) == ({"label": "cat"}, "current", True)
    (block,) = mine["task"]["content"]["blocks"]
    assert http.get(block["url"]).headers["content-type"] == "image/png"
    path, body = f"/api/judgments/{mine['id']}/revise", {"answers": {"label": "dog"}, "spent_ms": 5}
    done = annotator.post(path, body, idempotency_key="k")
    assert annotator.post(path, body, idempotency_key="k") == done
    problem(http.post(path, json=body), 409, "not_current")
    path = f"/api/judgments/{done['judgment']}/revise"
    assert pointers(problem(http.post(path, json={"answers": {"label": "cow"}}), 422)) == ["/answers/label"]
    problem(lab.http(lab.key()).post(path, json=body), 404)
    assert [(j["id"], j["answers"]) for j in lab.judgments(slug)] == [(done["judgment"], {"label": "dog"})]
    assert [line["answers"] for line in lab.owner.consensus(slug)] == [{"label": "dog"}]
    assert [j["current"] for j in lab.judgments(slug, history=1)] == [False, True]
    lab.owner.post(f"/api/judgments/{done['judgment']}/review", {"verdict": "accept"})
    problem(http.post(path, json=body), 409, "reviewed")
    problem(http.get(f"/api/projects/{slug}/mine?limit=101"), 422)


def test_a_question_is_asked_answered_and_told(lab: Lab) -> None:
    slug = lab.work(1)
    key = lab.key()
    annotator, http = lab.client(key), lab.http(key)
    (held,) = annotator.claim(slug)["assignments"]
    path = f"/api/assignments/{held['id']}/ask"
    asked = annotator.post(path, {"text": "Is a toy a cat?"}, idempotency_key="k")
    assert annotator.post(path, {"text": "Is a toy a cat?"}, idempotency_key="k") == asked
    assert pointers(problem(http.post(path, json={"text": ""}), 422)) == ["/text"]
    (question,) = lab.owner.get(f"/api/projects/{slug}/questions", state="open")["items"]
    assert question.keys() == {"id", "task", "text", "state", "at", "answered_at", "asker", "answers"}
    assert (question["id"], question["task"]) == (asked["question"], held["task"]["id"])
    done = lab.owner.post(f"/api/questions/{question['id']}/answer", {"text": "No.", "asked": "Toys?"})
    (told,) = lab.client(lab.key()).get(f"/api/projects/{slug}/clarifications")["items"]
    assert (told["id"], told["asked"], told["answer"]) == (done["clarification"], "Toys?", "No.")
    (mine,) = annotator.get(f"/api/projects/{slug}/questions")["items"]
    assert (mine["asker"], mine["answers"][0]["text"], mine["answers"][0]["by"]) == (None, "No.", None)
    assert annotator.get(f"/api/questions/{question['id']}") == mine
    problem(lab.http(lab.key()).get(f"/api/questions/{question['id']}"), 404)
    again = lab.http(lab.owner_key).post(f"/api/questions/{question['id']}/answer", json={"text": "Yes."})
    problem(again, 409, "answered")
    assert lab.http(lab.owner_key).delete(f"/api/clarifications/{told['id']}").status_code == 204
    assert annotator.get(f"/api/projects/{slug}/clarifications")["items"] == []
