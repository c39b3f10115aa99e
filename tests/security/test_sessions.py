"""When is a browser signed in, and when not any more?"""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from support.lab import Lab, problem
from support.server import Server, steelyard


def signed_in(lab: Lab, key: str) -> httpx.Client:
    http = lab.http()
    answer = http.post("/api/session", json={"key": key})
    assert answer.json()["person"] is not None
    return http


def test_a_key_signs_in_with_a_cookie_that_scripts_and_other_sites_do_not_get(lab: Lab) -> None:
    key = lab.key("reviewer")
    http = lab.http()
    answer = http.post("/api/session", json={"key": f"  {key}\n"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["role"], body["world"], body["provider"]["slug"]) == ("reviewer", "live", "in-house")
    assert body["currency"] == "USD"
    cookie = answer.headers["set-cookie"]
    for flag in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
        assert flag.lower() in cookie.lower()
    assert key not in cookie
    assert http.get("/api/session").json() == body
    assert http.get("/api/projects").status_code == 200


def test_who_is_not_signed_in_gets_no_error_from_the_session(lab: Lab) -> None:
    http = lab.http()
    assert http.get("/api/session").json()["person"] is None
    for body in (
        {"key": "live_wrong"},
        {"key": ""},
        {"key": 7},
        {},
        {"token": "x"},
        {"key": "\ud800"},
        {"key": "é"},
    ):
        answer = http.post(
            "/api/session", content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 200
        assert answer.json()["person"] is None
        assert answer.json()["error"].endswith(".")
        assert "set-cookie" not in answer.headers
    http.cookies.set("steelyard_session", "forged")
    assert http.get("/api/session").json()["person"] is None
    problem(http.get("/api/projects"), 401)
    assert http.delete("/api/session").status_code == 204


def test_another_site_cannot_act_through_a_session(lab: Lab) -> None:
    http = signed_in(lab, lab.key("owner"))
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": lab.url, "Sec-Fetch-Site": "cross-site"},
    ):
        problem(http.post("/api/projects", json={}, headers=headers), 403, "cross_site")
        problem(http.patch("/api/settings", json={}, headers=headers), 403, "cross_site")
        problem(http.delete("/api/session", headers=headers), 403, "cross_site")
        problem(
            lab.http().post("/api/session", json={"key": lab.owner_key}, headers=headers), 403, "cross_site"
        )
    for headers in ({"Origin": lab.url}, {"Sec-Fetch-Site": "same-origin", "Origin": lab.url}):
        problem(http.post("/api/projects", json={}, headers=headers), 422)
    # A form of another site cannot send JSON, and what it can send is not read as JSON.
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        sent = http.post("/api/keys", content=b'{"role": "owner"}', headers={"Content-Type": content_type})
        problem(sent, 422)
    # A key is no cookie: whoever sends one means it.
    assert (
        lab.http(lab.owner_key).get("/api/projects", headers={"Origin": "https://x.example"}).status_code
        == 200
    )
    preflight = http.options("/api/projects", headers={"Origin": "https://x.example"})
    assert "access-control-allow-origin" not in preflight.headers


def test_signing_out_ends_the_session_on_the_server_too(lab: Lab) -> None:
    http = signed_in(lab, lab.key())
    kept = http.cookies["steelyard_session"]
    assert http.delete("/api/session").status_code == 204
    assert "steelyard_session" not in http.cookies
    other = lab.http()
    other.cookies.set("steelyard_session", kept)
    problem(other.get("/api/projects"), 401)
    assert other.get("/api/session").json()["person"] is None


def test_a_revoked_key_ends_the_sessions_that_it_opened(lab: Lab) -> None:
    made = lab.owner.post("/api/keys", {"role": "annotator", "name": lab.name("P")})
    sessions = [signed_in(lab, made["key"]) for _ in range(2)]
    assert lab.http(lab.owner_key).delete(f"/api/keys/{made['id']}").status_code == 204
    for http in sessions:
        problem(http.get("/api/projects"), 401)
    assert lab.http().post("/api/session", json={"key": made["key"]}).json()["person"] is None


def test_a_key_revoked_by_a_command_is_refused_by_the_next_request(lab: Lab) -> None:
    made = lab.owner.post("/api/keys", {"role": "annotator", "name": lab.name("P")})
    http, session = lab.http(made["key"]), signed_in(lab, made["key"])
    assert http.get("/api/projects").status_code == 200
    lab.server.command("key", "revoke", made["id"])
    problem(http.get("/api/projects"), 401)
    problem(session.get("/api/projects"), 401)


def test_a_sign_in_link_works_once(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        assert server.sign_in is not None
        token = server.sign_in.partition("token=")[2]
        assert server.sign_in.startswith(f"{server.url}/login?token=")
        first = server.http()
        assert first.post("/api/session", json={"token": token}).json()["role"] == "owner"
        assert first.get("/api/settings").status_code == 200
        again = server.http().post("/api/session", json={"token": token}).json()
        assert again["person"] is None
        assert "used" in again["error"]
        # Somebody was there: no further link, and none for a second server beside it.
        beside = steelyard("serve", "--port", "0", *server.placed, status=2)
        assert "is looked after by" in beside.stderr
        assert beside.stdout == ""
        server.kill()
        server.start()
        assert server.sign_in is None
        assert first.get(f"{server.url}/api/settings").status_code == 200  # a session outlives the process
        assert token not in server.log()
