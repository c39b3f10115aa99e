"""What the streams of judgments and consensus promise: whole unless limited, and resumable by a line's id."""

from __future__ import annotations

import json
import re

from support.lab import Lab, answer_all, problem


def lines(lab: Lab, path: str) -> list[dict]:
    answer = lab.http(lab.owner_key).get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def test_judgments_come_one_a_line_in_the_order_they_were_given(lab: Lab) -> None:
    slug = lab.work(6, answers=2)
    provider = lab.provider()
    answer_all(lab.client(lab.key()), slug, "cat")
    answer_all(lab.client(lab.key(provider=provider)), slug, "dog")
    whole = lines(lab, f"/api/projects/{slug}/judgments")
    assert len(whole) == 12
    assert {"id", "task", "external_id", "annotator", "provider", "answers", "at"} <= whole[0].keys()
    assert {j["provider"] for j in whole} == {"in-house", provider}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", j["at"]) for j in whole)
    assert [j["at"] for j in whole] == sorted(j["at"] for j in whole)
    some = lines(lab, f"/api/projects/{slug}/judgments?limit=5")
    assert some == whole[:5]
    rest = lines(lab, f"/api/projects/{slug}/judgments?after={some[-1]['id']}")
    assert some + rest == whole
    assert lines(lab, f"/api/projects/{slug}/judgments?after={whole[-1]['id']}") == []


def test_consensus_says_how_sure_and_out_of_what(lab: Lab) -> None:
    slug = lab.work(4, answers=2)
    for label in ("cat", "cat"):
        answer_all(lab.client(lab.key()), slug, label)
    whole = lines(lab, f"/api/projects/{slug}/consensus")
    assert len(whole) == 4
    given = {j["id"]: j["task"] for j in lab.judgments(slug)}
    for line in whole:
        assert {"task", "external_id", "answers", "confidence", "judgments"} <= line.keys()
        assert line["answers"] == {"label": "cat"}
        assert 0.5 <= line["confidence"] <= 1
        assert len(line["judgments"]) == 2
        assert {given[j] for j in line["judgments"]} == {line["task"]}
    first = lines(lab, f"/api/projects/{slug}/consensus?limit=1")
    assert first + lines(lab, f"/api/projects/{slug}/consensus?after={first[0]['id']}") == whole


def test_a_tie_settles_and_says_so(lab: Lab) -> None:
    slug = lab.work(1, answers=2)
    for label in ("cat", "dog"):
        answer_all(lab.client(lab.key()), slug, label)
    [line] = lines(lab, f"/api/projects/{slug}/consensus")
    assert (line["tie"], line["settled"]) == (True, True)


def test_history_has_what_was_withdrawn_and_the_current_ones_do_not(lab: Lab) -> None:
    slug, provider = lab.work(3), lab.provider()
    answer_all(lab.client(lab.key(provider=provider)), slug)
    begun = lab.owner.post(f"/api/providers/{provider}/exit", {"execute": True})
    wait_for_exit(lab, begun["id"])
    assert lines(lab, f"/api/projects/{slug}/judgments") == []
    history = lines(lab, f"/api/projects/{slug}/judgments?history=1")
    assert [j["current"] for j in history] == [False] * 3
    assert lines(lab, f"/api/projects/{slug}/consensus") == []


def wait_for_exit(lab: Lab, exit_id: str) -> None:
    import time

    end = time.monotonic() + 30
    while any(step["state"] != "done" for step in lab.owner.get(f"/api/exits/{exit_id}")["steps"]):
        assert time.monotonic() < end, "the exit does not come to an end"
        time.sleep(0.05)


def test_a_place_that_is_none_is_refused(lab: Lab) -> None:
    slug, other = lab.work(1), lab.work(1)
    answer_all(lab.client(lab.key()), other)
    [elsewhere] = lab.judgments(other)
    http = lab.http(lab.owner_key)
    for stream in ("judgments", "consensus"):
        for after in ("0" * 24, "x", "-1", "9" * 40, elsewhere["id"]):
            problem(http.get(f"/api/projects/{slug}/{stream}?after={after}"), 422, "invalid")
        for limit in ("0", "-1", "x", "1.5"):
            problem(http.get(f"/api/projects/{slug}/{stream}?limit={limit}"), 422, "invalid")
        assert http.get(f"/api/projects/{slug}/{stream}?limit={'9' * 30}").status_code == 200
        problem(http.get(f"/api/projects/nothing-here/{stream}"), 404, "not_found")
    problem(http.get(f"/api/projects/{slug}/judgments?history=2"), 422)
