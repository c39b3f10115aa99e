"""/api/exits and /api/drills: what is answered, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from support.lab import Lab, answer_all, problem


def until(look: Callable[[], dict[str, Any]], done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end = time.monotonic() + 60
    while not done(found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def test_an_exit_is_planned_rehearsed_carried_out_and_certified(lab: Lab) -> None:
    slug = lab.work(6)
    provider = lab.provider(price="0.10", interests=[{"organisation": "Fund", "share": 0.2}])
    annotator = lab.client(lab.key(provider=provider))
    answer_all(annotator, slug, most=2)
    annotator.claim(slug, 1)
    owner, http = lab.owner, lab.http(lab.owner_key)

    plan = owner.post(f"/api/providers/{provider}/exit", {"execute": False})
    assert (plan["in_flight"], plan["judgments"], plan["keys"]) == (1, 2, 1)
    (here,) = plan["projects"]
    assert (here["project"], here["held"], here["queued"], here["stranded"]) == (slug, 1, 3, 0)
    assert plan["exposure"]["tasks"] == plan["exposed"] == 3
    assert plan["revoke"]["keys"][0]["role"] == "annotator"
    assert plan["replacement"]["answers"] == 2
    assert {m["name"] for m in plan["replacement"]["mixes"]} >= {"as_now"}
    assert len(plan["digest"]) == 64
    page = http.get(f"/api/providers/{provider}/exit/plan.html")
    assert page.headers["content-type"].startswith("text/html")
    assert "Fund" in page.text
    assert "<script" not in page.text

    drill = owner.post(f"/api/providers/{provider}/drill", {"every_days": 90})
    assert drill["schedule"]["every_days"] == 90
    done = until(
        lambda: owner.get(f"/api/drills/{drill['id']}"), lambda d: d["state"] not in ("waiting", "running")
    )
    assert (done["state"], done["holds"], done["error"]) == ("done", True, None)
    assert [s["error"] for s in done["report"]["steps"]] == [None] * 8
    assert "would" in http.get(f"/api/drills/{drill['id']}/report.html").text
    assert [d["id"] for d in owner.get(f"/api/drills?provider={provider}")["items"]] == [drill["id"]]
    assert owner.get(f"/api/providers/{provider}")["status"] == "active"

    order = {"execute": True, "backups": ["tape 7"]}
    begun = owner.post(f"/api/providers/{provider}/exit", order)
    found = until(lambda: owner.get(f"/api/exits/{begun['id']}"), lambda e: e["state"] == "done")
    assert (found["holds"], found["options"]["backups"]) == (True, ["tape 7"])
    assert all(s["begun_at"] and s["at"] and s["by"] for s in found["steps"])
    assert found["events"][0]["what"] == "ordered"
    certificate = owner.get(f"/api/exits/{begun['id']}/certificate")
    assert certificate["backups"][0]["name"] == "tape 7"
    assert {"knowledge", "judgments"} <= {r["what"] for r in certificate["remains"]}
    fresh = owner.get(f"/api/exits/{begun['id']}/certificate?fresh=true")
    assert fresh["holds"]
    assert fresh["at"] >= certificate["at"]
    assert "has been left" in http.get(f"/api/exits/{begun['id']}/certificate.html").text
    assert [e["id"] for e in owner.get(f"/api/exits?provider={provider}")["items"]] == [begun["id"]]


def test_what_cannot_be_ordered_is_told(lab: Lab) -> None:
    provider = lab.provider()
    http = lab.http(lab.owner_key)
    wrong = http.post(f"/api/providers/{provider}/exit", json={"execute": True, "answers": "burn", "odd": 1})
    assert {e["pointer"] for e in problem(wrong, 422)["errors"]} == {"/answers", "/odd"}
    assert lab.owner.get(f"/api/providers/{provider}")["status"] == "active"
    for body in ({"every_days": -1}, {"every_days": True}, {"odd": 1}, {"now": "no"}, {"options": []}):
        problem(http.post(f"/api/providers/{provider}/drill", json=body), 422)
    problem(http.get("/api/drills/" + "0" * 24), 404)
    problem(http.get("/api/exits/" + "0" * 24 + "/certificate"), 404)
    problem(http.post("/api/providers/in-house/drill"), 409)
