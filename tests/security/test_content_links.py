"""Who gets the bytes behind a link, and can they ever run as a page of ours?"""

from __future__ import annotations

import base64

import pytest
from support.lab import PNG, Lab, problem

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<script>alert(1)</script>"


def data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def image_work(lab: Lab, *urls: str, **policy: object) -> str:
    slug = lab.project(**policy)
    blocks = [{"type": "image", "url": url} for url in urls or (PNG,)]
    lab.owner.create_tasks(slug, [{"content": {"blocks": blocks}} for _ in range(3)])
    return slug


def test_only_the_holder_gets_the_bytes(lab: Lab) -> None:
    slug = image_work(lab)
    key = lab.key()
    [held] = lab.client(key).claim(slug)["assignments"]
    link = held["task"]["content"]["blocks"][0]["url"]
    assert link.startswith("/api/")
    answer = lab.http(key).get(link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(answer.content))
    problem(lab.http().get(link), 401)
    problem(lab.http(lab.key()).get(link), 404)
    problem(lab.http(lab.key(provider=lab.provider())).get(link), 404)
    problem(lab.http(lab.key(mode="test")).get(link), 404)
    for wrong in (link[:-1] + "1", link[:-1] + "99999999999999999999", link[:-1] + "-1"):
        problem(lab.http(key).get(wrong), 404)
    problem(lab.http(key).get(link[:-1] + "x"), 422)
    # What was given back is in somebody else's hands, or in nobody's.
    lab.client(key).give_back(held["id"])
    problem(lab.http(key).get(link), 404)


@pytest.mark.parametrize("how", ["suspended", "stake", "clearance", "policy"])
def test_a_link_dies_with_the_providers_work(lab: Lab, how: str) -> None:
    rival = lab.name("Rival")
    slug, provider = image_work(lab, conflicts=[rival]), lab.provider()
    key = lab.key(provider=provider)
    held, answered = lab.client(key).claim(slug, 2)["assignments"]
    lab.client(key).submit(answered["id"], {"label": "cat"})
    links = [a["task"]["content"]["blocks"][0]["url"] for a in (held, answered)]
    assert [lab.http(key).get(link).status_code for link in links] == [200, 200]
    if how == "policy":
        lab.owner.patch(f"/api/projects/{slug}", {"policy": {"providers": ["in-house"]}})
    else:
        change = {
            "suspended": {"status": "suspended"},
            "stake": {"interests": [{"organisation": rival, "share": 0.01}]},
            "clearance": {"clearance": "public"},
        }
        lab.owner.patch(f"/api/providers/{provider}", change[how])
    for link in links:
        problem(lab.http(key).get(link), 409, "provider_stopped")


def test_stored_bytes_never_run_as_a_page_of_ours(lab: Lab) -> None:
    html = lab.owner.put_blob(HTML, "text/html")
    xhtml = lab.owner.put_blob(HTML + b" ", "application/xhtml+xml")
    slug = image_work(
        lab, data_url("image/svg+xml", SVG), data_url("text/html", HTML + b"\n"), html, xhtml, PNG
    )
    key = lab.key()
    [held] = lab.client(key).claim(slug)["assignments"]
    for block in held["task"]["content"]["blocks"]:
        for link in (
            block["url"],
            block["url"].replace(f"assignments/{held['id']}", f"tasks/{held['task']['id']}"),
        ):
            answer = lab.http(lab.owner_key if "/tasks/" in link else key).get(link)
            assert answer.status_code == 200
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert "private" in answer.headers["cache-control"]
            if not answer.headers["content-type"].startswith("image/"):
                assert answer.headers["content-type"] == "application/octet-stream"
                assert answer.headers["content-disposition"] == "attachment"


def test_a_media_type_cannot_carry_a_header_along(lab: Lab) -> None:
    http = lab.http(lab.owner_key)
    for media_type in ("nonsense", "text/html\tx", "a/b c", "x" * 200 + "/y"):
        problem(http.post("/api/blobs", content=b"x", headers={"Content-Type": media_type}), 422)
    made = http.post("/api/blobs", content=b"", headers={"Content-Type": "text/plain; charset=utf-8"})
    assert made.status_code == 201
    assert made.json()["size"] == 0
