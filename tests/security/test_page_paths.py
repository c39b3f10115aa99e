"""What does the server give to whoever walks its paths? The built pages, and nothing beside them."""

from __future__ import annotations

import re
import socket

import pytest
from support.lab import Lab, problem
from support.server import CATS

PAGES = (
    "/",
    "/login",
    "/p/x",
    "/p/x/work",
    "/p/x/review",
    "/p/x/data",
    "/p/x/releases",
    "/providers",
    "/admin",
)


@pytest.fixture(autouse=True)
def _built(sqlite_lab: Lab) -> None:
    if sqlite_lab.http().get("/").status_code == 503:
        pytest.skip("the workbench was not built: `make setup`")


def test_every_page_is_the_one_page_with_its_policy(sqlite_lab: Lab) -> None:
    http = sqlite_lab.http()
    index = http.get("/").text
    for path in PAGES:
        answer = http.get(path)
        assert (answer.status_code, answer.text) == (200, index)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert not re.search(r"script-src[^;]*unsafe", policy)
        assert not re.search(r"https?://", policy)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-cache"
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", index)  # no third party is asked for anything


def test_assets_are_kept_for_ever_and_missing_ones_are_no_page(sqlite_lab: Lab) -> None:
    http = sqlite_lab.http()
    found = re.findall(r'(?:src|href)="(/assets/[^"]+)"', http.get("/").text)
    assert found
    for path in found:
        answer = http.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("/assets/nothing.js", "/assets/", "/assets"):
        answer = http.get(path)
        assert answer.status_code == 404 or answer.headers["content-type"].startswith("text/html")
    problem(http.get("/assets/nothing.js"), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd", "/assets/../../cli/main.py", "/%2e%2e/%2e%2e/http/app.py", "/..%2f..%2fetc%2fpasswd",
        "/assets/..%2f..%2fwiring.py", "//etc/passwd", "/assets//etc/passwd", "/....//....//etc/passwd",
        "/..\\..\\wiring.py", "/assets/%00", "/%00/etc/passwd", "/" + "a" * 5000, "/%ff%fe", "/.git/config", "/.env",
        "/static/index.html", "/index.html/..", "/api/../api/projects", "/api/%2e%2e/settings",
    ],
)  # fmt: skip
def test_no_path_leads_outside_the_built_pages(sqlite_lab: Lab, path: str) -> None:
    answer = raw(sqlite_lab, path)
    status = int(answer.split()[1])
    assert status in (200, 400, 401, 404), answer[:200]
    for secret in (b"root:", b"import annotations", b"[core]", b'"items"'):
        assert secret not in answer
    if status == 200:
        assert b"<!doctype html>" in answer.lower()


def raw(lab: Lab, path: str) -> bytes:
    """The answer to a path exactly as it is written; a client library would tidy it up."""
    with socket.create_connection(("127.0.0.1", lab.server.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_an_unknown_path_of_the_api_is_a_problem_and_no_page(sqlite_lab: Lab) -> None:
    http = sqlite_lab.http()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
        for path in ("/api/nothing", "/api/projects/", "/api/projects/x/y/z", "/v1/nothing", "/v2/x"):
            answer = http.request(method, path)
            assert answer.status_code == 404, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
    for method, path in (
        ("PUT", "/api/projects"),
        ("DELETE", "/api/settings"),
        ("POST", "/healthz"),
        ("PUT", "/"),
    ):
        answer = http.request(method, path)
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"]


def test_head_is_get_without_the_body(sqlite_lab: Lab) -> None:
    http = sqlite_lab.http(sqlite_lab.owner_key)
    for path in ("/", "/api/projects", "/api/session", "/healthz", "/api/openapi.json"):
        head, get = http.head(path), http.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
    assert sqlite_lab.http().head("/api/projects").status_code == 401


def test_no_secret_is_ever_in_the_log(lab: Lab) -> None:
    secret = lab.key("owner")
    session = lab.http().post("/api/session", json={"key": secret}).cookies["steelyard_session"]
    http = lab.http(secret)
    odd = lab.http()
    odd.cookies.set("steelyard_session", session)
    for answer in (
        odd.get(f"/api/projects?key={secret}&token={session}"),
        odd.get(f"/login?token={secret}"),
        odd.get(f"/api/projects/{secret}"),
        odd.get(f"/{secret}/{session}"),
        odd.post(f"/api/keys/{secret}", json={"key": secret}),
        odd.request("DELETE", f"/api/keys/{secret}"),
        odd.post("/api/session", json={"key": secret + "x"}),
        odd.post(
            "/api/session",
            content=f'{{"key": "{secret}'.encode(),
            headers={"Content-Type": "application/json"},
        ),
        http.post("/api/projects", json={"name": secret, "form": CATS, "policy": {secret: secret}}),
        http.post("/api/projects", json={"name": secret}, headers={"Idempotency-Key": secret}),
        odd.get("/api/projects", headers={"Authorization": f"Digest {secret}", "X-Api-Key": secret}),
        odd.get("/api/projects", headers={"Authorization": f"Basic {secret}"}),
        http.post("/api/keys", json={"role": secret, "name": secret, "provider": secret}),
    ):
        assert answer.status_code < 500
    raw(lab, f"/{secret} {secret}")  # not even HTTP
    raw(lab, f"/x HTTP/9.9\r\nAuthorization: Bearer {secret}\r\nX")
    log = lab.server.log()
    for hidden in (secret, session, lab.owner_key):
        assert hidden not in log
        assert hidden[:20] not in log


def test_metrics_and_health_name_nobody(lab: Lab) -> None:
    slug = lab.project(lab.name("Very Secret Project"))
    provider = lab.provider(lab.name("Very Secret Vendor"))
    http = lab.http()
    assert http.get("/healthz").json()["status"] == "ok"
    assert http.get("/readyz").json() == {"status": "ready"}
    metrics = http.get("/metrics").text
    assert "steelyard_judgments" in metrics
    for hidden in (slug, provider, "secret", "owner"):
        assert hidden not in metrics.lower()
