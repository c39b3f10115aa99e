"""What /api promises of leaving by and by, and of coming back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.lab import Lab, answer_all, pointers, problem
from support.server import Server, steelyard, text_tasks


def soon(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat(timespec="milliseconds")


@pytest.fixture
def leaving(lab: Lab) -> dict[str, Any]:
    """A provider that has given 6 of 10 answers in a project, and what is needed to go on with both."""
    slug, provider = lab.work(10), lab.provider()
    its, ours = lab.client(lab.key(provider=provider)), lab.client(lab.key())
    assert answer_all(its, slug, most=6) == 6
    assert answer_all(ours, slug) == 4
    return {"project": slug, "provider": provider, "its": its, "ours": ours}


def test_a_phase_out_is_previewed_ordered_told_and_ended(lab: Lab, leaving: dict[str, Any]) -> None:
    http, place = lab.http(lab.owner_key), f"/api/providers/{leaving['provider']}/phase-out"
    assert http.get(place).json() is None
    order = {"ends": soon(days=28), "options": {"answers": "keep"}}
    seen = http.post(f"{place}?preview=true", json=order)
    assert seen.status_code == 200
    assert seen.json()["preview"] is True
    assert http.get(place).json() is None
    made = http.post(place, json=order)
    assert made.status_code == 201
    found = made.json()
    assert {"id", "provider", "state", "starts", "ends", "by", "steps", "limits", "exit"} <= found.keys()
    assert [step["part"] for step in found["steps"]] == [0.8, 0.6, 0.4, 0.2, 0]
    assert found["options"] == {"answers": "keep", "rebuild": True, "to": [], "backups": []}
    lab.owner.create_tasks(leaving["project"], text_tasks(25, "more"))
    assert answer_all(leaving["its"], leaving["project"]) == 12
    (limit,) = http.get(place).json()["limits"]
    assert limit == {
        "project": leaving["project"],
        "name": limit["name"],
        "first_share": 0.6,
        "share": 0.48,
        "mine": 12,
        "of": 25,
        "allowed": 12,
        "stranded": 0,
    }
    assert answer_all(leaving["ours"], leaving["project"], most=5) == 5
    problem(http.post(place, json=order), 409, "phase_out_running")
    assert http.delete(place).status_code == 204
    assert http.get(place).json()["state"] == "ended"
    assert answer_all(leaving["its"], leaving["project"]) == 8
    problem(http.delete(place), 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (None, "/ends"),
        ({}, "/ends"),
        ({"ends": "2001-01-01"}, "/ends"),
        ({"ends": "2100-01-01", "steps": 99}, "/steps"),
        ({"ends": "2100-01-01", "steps": {}}, "/steps"),
        ({"ends": "2100-01-01", "options": {"to": 5}}, "/options/to"),
        ({"ends": "2100-01-01", "pace": 5}, "/pace"),
    ],
)
def test_a_wrong_order_is_told_where(lab: Lab, body: Any, pointer: str) -> None:
    http, provider = lab.http(lab.owner_key), lab.provider()
    answer = http.post(f"/api/providers/{provider}/phase-out", **({} if body is None else {"json": body}))
    assert pointer in pointers(problem(answer, 422, "invalid"))
    problem(http.post("/api/providers/nobody/phase-out", json={"ends": "2100-01-01"}), 404)
    problem(http.post("/api/providers/in-house/phase-out", json={"ends": "2100-01-01"}), 409, "in_house")


@pytest.mark.parametrize("weird", ["x" * 9999, "\x00", -1, 1e308, True, [[]], [None], [{}], {"a": 1}, 10**30])
def test_nothing_weird_is_met_with_a_fault(sqlite_lab: Lab, weird: Any) -> None:
    lab = sqlite_lab
    http, provider = lab.http(lab.owner_key), lab.provider()
    for name in ("ends", "starts", "steps", "options"):
        body = {"ends": "2100-01-01", name: weird}
        answer = http.post(f"/api/providers/{provider}/phase-out?preview=true", json=body)
        assert answer.status_code in (200, 422), (name, answer.text[:300])
    for name in ("because", "force"):
        answer = http.post(f"/api/providers/{provider}/reinstatement", json={name: weird})
        assert answer.status_code in (409, 422), (name, answer.text[:300])


def test_a_vendors_lead_is_not_told_that_it_is_phased_out(lab: Lab, leaving: dict[str, Any]) -> None:
    lead = lab.http(lab.key("manager", leaving["provider"]))
    for what in ("phase-out", "reinstatement"):
        problem(lead.get(f"/api/providers/{leaving['provider']}/{what}"), 403)


@pytest.mark.one_database
def test_at_the_end_the_server_leaves_by_itself_and_the_provider_may_come_back(
    lab: Lab, leaving: dict[str, Any]
) -> None:
    http, provider = lab.http(lab.owner_key), leaving["provider"]
    place = f"/api/providers/{provider}"
    problem(http.post(f"{place}/reinstatement"), 409, "not_left")
    assert http.get(f"{place}/reinstatement").json()["may"] is False
    http.post(f"{place}/phase-out", json={"ends": soon(seconds=1)})
    end = time.monotonic() + 60
    while (found := http.get(f"{place}/phase-out").json())["exit"] is None:
        assert time.monotonic() < end, found
        time.sleep(0.1)
    assert found["state"] == "done"
    while http.get(f"/api/exits/{found['exit']}").json()["state"] != "done":
        assert time.monotonic() < end
        time.sleep(0.1)
    assert {j["provider"] for j in lab.judgments(leaving["project"])} == {"in-house"}
    told = http.get(f"{place}/reinstatement").json()
    assert {"name", "title", "holds", "detail"} <= told["conditions"][0].keys()
    assert told["may"] is True, told
    back = http.post(f"{place}/reinstatement", json={"because": "A new owner"})
    assert (back.status_code, back.json()["status"]) == (200, "trial")
    refused = problem(http.patch(place, json={"status": "active"}), 409, "conditions")
    assert "0 of 0 gold answers" in refused["detail"]
    forced = http.patch(place, json={"status": "active", "force": True, "because": "We need it"})
    assert forced.json()["status"] == "active"
    assert {j["provider"] for j in lab.judgments(leaving["project"])} == {"in-house"}, "withdrawn stays so"


def test_the_commands_do_the_same(sqlite_lab: Lab) -> None:
    run, provider = sqlite_lab.server.command, sqlite_lab.provider()
    order = ("exit", provider, "--phase-out", "--ends", "2100-01-01", "--steps", "4")
    seen = run(*order, "--preview", "--json").json
    assert (seen["preview"], [step["part"] for step in seen["steps"]]) == (True, [0.75, 0.5, 0.25, 0])
    assert "2100-01-01" in run(*order).stdout
    assert run("exit", provider, "--phase-out", "--json").json["state"] == "running"
    checked = run("provider", "reinstate", provider, "--check", "--json", status=1).json
    assert (checked["may"], checked["conditions"]) == (False, [])
    assert run("provider", "reinstate", provider, "--json", status=2).json["code"] == "not_left"


def test_a_server_that_was_killed_over_the_end_leaves_when_it_is_back(tmp_path: Any) -> None:
    with Server(tmp_path / "data") as server:
        owner = server.client(server.make_key("owner"))
        owner.post("/api/providers", {"name": "V"})
        owner.post("/api/providers/v/phase-out", {"ends": soon(seconds=1)})
        server.kill()
        time.sleep(1)
        done = steelyard("exit", "v", "--phase-out", "--json", *server.placed, status=0)
        assert done.json["state"] == "running"  # shown first; then what is due is done by the command
        done = steelyard("exit", "v", "--phase-out", "--json", *server.placed, status=0)
        assert (done.json["state"], done.json["exit"] is not None) == ("done", True)
        server.start()
        assert server.client(server.make_key("owner")).get("/api/providers/v")["status"] == "exited"
