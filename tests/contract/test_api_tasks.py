"""What POST and GET of tasks promise: one, many or a stream, with errors by row, and pages by key."""

from __future__ import annotations

import io
import json

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
from support.lab import PNG, Lab, answer_all, pointers, problem
from support.server import text_tasks

STREAM = {"Content-Type": "application/x-ndjson"}


def text(value: str = "x", **more: object) -> dict:
    return {"content": {"blocks": [{"type": "text", "text": value}]}, **more}


def post(lab: Lab, slug: str, body: object, **headers: str) -> httpx.Response:
    return lab.http(lab.owner_key).post(f"/api/projects/{slug}/tasks", json=body, headers=headers)


def test_one_task_is_made_and_ready_at_once(lab: Lab) -> None:
    slug = lab.project()
    answer = post(lab, slug, text("hello", external_id="one", tags=["t"], metadata={"m": 1}, priority=5))
    assert answer.status_code == 201
    body = answer.json()
    assert body["counts"] == {"new": 1, "same": 0, "changed": 0, "wrong": 0}
    task = lab.owner.get(f"/api/tasks/{body['id']}")
    assert (task["external_id"], task["status"], task["priority"]) == ("one", "open", 5)
    assert (task["tags"], task["metadata"], task["wanted"]) == (["t"], {"m": 1}, 1)
    assert task["content"] == {"blocks": [{"type": "text", "text": "hello"}]}
    assert lab.owner.claim(slug)["assignments"][0]["task"]["id"] == body["id"]


def test_an_array_comes_in_with_the_errors_of_its_rows(lab: Lab) -> None:
    slug = lab.project()
    rows = [
        text(external_id="a"),
        text(external_id=""),
        {"content": {"blocks": []}},
        7,
        text(external_id="b"),
    ]
    body = post(lab, slug, rows).json()
    assert body["counts"] == {"new": 2, "same": 0, "changed": 0, "wrong": 3}
    assert [(e["row"], e["pointer"]) for e in body["errors"]] == [
        (1, "/external_id"), (2, "/content/blocks"), (3, "")
    ]  # fmt: skip
    assert [task_id is None for task_id in body["ids"]] == [False, True, True, True, False]


def test_a_stream_comes_in_with_the_errors_of_its_rows(lab: Lab) -> None:
    slug = lab.project()
    lines = [json.dumps(t) for t in text_tasks(1200)]
    lines[5] = "{not json"
    lines[700] = '{"content": {"blocks": [{"type": "text", "text": NaN}]}}'
    sent = "\n".join(lines[:1000]).encode() + b"\n\n" + "\n".join(lines[1000:]).encode()
    answer = lab.http(lab.owner_key).post(f"/api/projects/{slug}/tasks", content=sent, headers=STREAM)
    assert answer.status_code == 201
    body = answer.json()
    assert body["counts"] == {"new": 1198, "same": 0, "changed": 0, "wrong": 2}
    assert [(e["row"], e["code"]) for e in body["errors"]] == [(5, "json"), (700, "json")]
    assert lab.owner.get(f"/api/projects/{slug}")["progress"]["tasks"] == 1198


def send(lab: Lab, slug: str, body: bytes, content_type: str) -> httpx.Response:
    headers = {"Content-Type": content_type}
    return lab.http(lab.owner_key).post(f"/api/projects/{slug}/tasks", content=body, headers=headers)


def test_a_table_comes_in_with_its_errors_by_line_and_column(lab: Lab) -> None:
    slug = lab.project()
    table = b'external_id,text,priority,gold.label\n1,"two\nlines",5,\n2,x,high,fox\n3,y,,cat\n'
    body = send(lab, slug, table, "text/csv; charset=utf-8").json()
    assert body["counts"] == {"new": 2, "same": 0, "changed": 0, "wrong": 1}
    assert [(e["row"], e["line"], e["column"], e["pointer"]) for e in body["errors"]] == [
        (1, 4, "priority", "/priority"), (1, 4, "gold.label", "/gold/label")
    ]  # fmt: skip
    again = send(lab, slug, table.replace(b",y,", b",z,"), "text/csv").json()
    assert again["counts"] == {"new": 0, "same": 1, "changed": 1, "wrong": 1}
    answer = send(lab, slug, b"text,labl\nx,y\n", "text/csv")
    assert "'labl'" in problem(answer, 422, "invalid")["detail"]
    detail = problem(send(lab, slug, b"text,priority\nx,high\n", "text/csv"), 422, "invalid")["detail"]
    assert detail.startswith("line 2, column priority: ")


def test_a_parquet_file_comes_in(lab: Lab) -> None:
    slug, sink = lab.project(), io.BytesIO()
    pq.write_table(pa.table({"external_id": [f"{n}" for n in range(700)], "text": ["x"] * 700}), sink)
    body = send(lab, slug, sink.getvalue(), "application/vnd.apache.parquet").json()
    assert body["counts"]["new"] == 700
    problem(send(lab, slug, sink.getvalue()[:-9], "application/vnd.apache.parquet"), 422, "invalid")
    assert lab.owner.get(f"/api/projects/{slug}")["progress"]["tasks"] == 700


def test_a_list_holds_what_is_asked_for(lab: Lab) -> None:
    slug, name = lab.project(), lab.name("Batch")
    lab.owner.post(f"/api/projects/{slug}/batches", {"name": name})
    rows = [text("a", external_id="a", tags=["x", "y"]), text("b", external_id="b", batch=name)]
    rows += [text("c", external_id="c", gold={"label": "cat"}), text("d", external_id="d", tags=["y"])]
    rows += [text("e", external_id="e", gold={"label": "cat"}, training=True)]
    post(lab, slug, rows)

    def found(**asked: object) -> str:
        items = lab.owner.get(f"/api/projects/{slug}/tasks", **asked)["items"]
        return "".join(item["external_id"] for item in items)

    assert (found(), found(tag="y"), found(tag="x", limit=1)) == ("abcde", "ad", "a")
    assert (found(batch=name), found(external_id="d"), found(status="open", batch=name)) == ("b", "d", "b")
    assert [found(gold=g) for g in ("any", "evaluation", "training", "no")] == ["ce", "c", "e", "abd"]
    answer_all(lab.owner, slug)
    assert (found(status="settled"), found(confidence_below=0)) == ("abd", "")
    assert found(status="settled", tag="y", confidence_below=1) in ("", "ad")
    (listed,) = lab.owner.get(f"/api/projects/{slug}/tasks", batch=name)["items"]
    assert (listed["batch"], listed["training"]) == (name, False)
    for wrong in ({"status": "x"}, {"gold": "x"}, {"batch": "nope"}, {"confidence_below": 2}):
        answer = lab.http(lab.owner_key).get(f"/api/projects/{slug}/tasks", params=wrong)
        assert pointers(problem(answer, 422)) == [f"/{next(iter(wrong))}"]


def test_when_every_row_is_wrong_the_request_is_refused_by_row(lab: Lab) -> None:
    slug = lab.project()
    body = problem(post(lab, slug, [{}, {"content": 1}]), 422, "invalid")
    assert [(e["row"], e["pointer"]) for e in body["errors"]] == [(0, "/content"), (1, "/content")]
    assert body["detail"].startswith("row 0/content")


def test_a_single_wrong_task_is_refused_by_field(lab: Lab) -> None:
    slug = lab.project()
    wrong = text(
        priority="high", tags=[1], metadata=[], gold={"label": "fox"}, unheard=1, external_id="x" * 501
    )
    found = pointers(problem(post(lab, slug, wrong), 422))
    assert {"/priority", "/tags", "/metadata", "/gold/label", "/unheard", "/external_id"} <= set(found)
    for url in (
        "ftp://x/y",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "blob:sha256/xyz",
        "data:nope",
        "http:",
    ):
        block = {"content": {"blocks": [{"type": "image", "url": url}]}}
        assert pointers(problem(post(lab, slug, block), 422)) == ["/content/blocks/0/url"], url
    missing = {"content": {"blocks": [{"type": "image", "url": "blob:sha256/" + "0" * 64}]}}
    problem(post(lab, slug, missing), 422)


def test_an_external_id_makes_a_task_once(lab: Lab) -> None:
    slug = lab.project()
    first = post(lab, slug, text(external_id="e")).json()
    again = post(lab, slug, text(external_id="e"))
    assert again.status_code == 200
    assert again.json()["counts"] == {"new": 0, "same": 1, "changed": 0, "wrong": 0}
    assert again.json()["id"] == first["id"]
    changed = post(lab, slug, [text("other", external_id="e"), text(external_id="f")]).json()
    assert changed["counts"] == {"new": 1, "same": 0, "changed": 1, "wrong": 0}
    assert [(e["row"], e["pointer"], e["code"]) for e in changed["errors"]] == [
        (0, "/external_id", "changed")
    ]
    assert lab.owner.get(f"/api/tasks/{first['id']}")["content"]["blocks"][0]["text"] == "x"
    # In another project the same external_id is another task.
    assert post(lab, lab.project(), text(external_id="e")).json()["counts"]["new"] == 1


def test_a_repeated_single_task_is_made_once(lab: Lab) -> None:
    slug = lab.project()
    first = post(lab, slug, text("once"), **{"Idempotency-Key": "k"})
    again = post(lab, slug, text("once"), **{"Idempotency-Key": "k"})
    assert first.json()["id"] == again.json()["id"]
    assert again.status_code == first.status_code == 201
    problem(post(lab, slug, text("twice"), **{"Idempotency-Key": "k"}), 409, "idempotency_mismatch")
    assert lab.owner.get(f"/api/projects/{slug}")["progress"]["tasks"] == 1


def test_pages_by_key_hold_every_task_once(lab: Lab) -> None:
    slug = lab.work(25, gold_every=10)
    seen, after = [], None
    while True:
        page = lab.owner.get(f"/api/projects/{slug}/tasks", limit=10, **({"after": after} if after else {}))
        seen += page["items"]
        after = page["next"]
        if after is None:
            break
        if len(seen) == 10:
            lab.owner.create_tasks(slug, text_tasks(5, "late"))  # what comes meanwhile moves nothing
    assert [t["external_id"] for t in seen] == [f"t{i}" for i in range(25)] + [f"late{i}" for i in range(5)]
    assert [t["external_id"] for t in seen if t["gold"]] == ["t0", "t10", "t20"]
    assert seen[1]["preview"] == "animal t1"
    http = lab.http(lab.owner_key)
    for query in ("limit=0", "limit=-1", "limit=1001", "limit=x", "after=-1", "after=x", "after=" + "9" * 30):
        problem(http.get(f"/api/projects/{slug}/tasks?{query}"), 422, "invalid")


def test_tasks_are_found_by_status_and_external_id(lab: Lab) -> None:
    slug = lab.work(3)
    answer_all(lab.client(lab.key()), slug, most=1)
    path = f"/api/projects/{slug}/tasks"
    assert [t["external_id"] for t in lab.owner.get(path, status="settled")["items"]] == ["t0"]
    assert [t["external_id"] for t in lab.owner.get(path, status="open")["items"]] == ["t1", "t2"]
    assert [t["status"] for t in lab.owner.get(path, external_id="t0")["items"]] == ["settled"]
    [settled] = lab.owner.get(path, status="settled")["items"]
    assert settled["consensus"]["answers"] == {"label": "cat"}
    assert settled["consensus"]["tie"] is False
    detail = lab.owner.get(f"/api/tasks/{settled['id']}")
    assert [j["answers"] for j in detail["judgments"]] == [{"label": "cat"}]
    assert (
        detail["consensus"]["judgments"] == [detail["judgments"][0]["id"]]
        or detail["consensus"]["judgments"] == 1
    )


def test_inline_bytes_and_blobs_are_shown_by_links(lab: Lab) -> None:
    slug = lab.project()
    blob = lab.owner.put_blob(b"\x89PNG not really", "image/png")
    assert blob.startswith("blob:sha256/")
    assert lab.owner.put_blob(b"\x89PNG not really", "image/png") == blob
    blocks = [{"type": "image", "url": PNG}, {"type": "image", "url": blob}]
    made = post(lab, slug, {"content": {"blocks": blocks}}).json()
    shown = lab.owner.get(f"/api/tasks/{made['id']}")["content"]["blocks"]
    assert [b["url"].startswith("/api/") for b in shown] == [True, True]
    assert lab.owner.content_bytes(shown[1]["url"]) == b"\x89PNG not really"
    problem(lab.http(lab.owner_key).get(f"/api/tasks/{made['id']}/content/2"), 404)
    problem(lab.http(lab.owner_key).get(f"/api/tasks/{made['id']}/content/-1"), 404)


def test_a_staged_batch_waits_until_it_is_started(lab: Lab) -> None:
    slug = lab.project()
    name = lab.name("Batch")
    http = lab.http(lab.owner_key)
    assert http.post(f"/api/projects/{slug}/batches", json={"name": name, "staged": True}).status_code == 201
    post(lab, slug, text(batch=name))
    annotator = lab.client(lab.key())
    assert annotator.claim(slug)["assignments"] == []
    assert lab.owner.patch(f"/api/batches/{name}", {"status": "running"})["status"] == "running"
    assert len(annotator.claim(slug)["assignments"]) == 1
    problem(http.post(f"/api/projects/{slug}/batches", json={"name": name}), 409, "name_taken")
    assert pointers(problem(post(lab, slug, text(batch="unheard")), 422)) == ["/batch"]


def test_a_shipment_brings_tasks_with_their_answers(lab: Lab) -> None:
    slug, provider = lab.project(), lab.provider(kind="shipment")
    rows = [
        text("s0", external_id="s0", judgments=[{"answers": {"label": "dog"}, "annotator": "w1"}]),
        text("s1", external_id="s1", judgments=[{"answers": {"label": "fox"}}]),
    ]
    body = lab.owner.ship(slug, provider, "first", rows)
    assert body["judgments"] == 1
    assert body["counts"]["wrong"] == 1
    assert [(e["row"], e["pointer"]) for e in body["errors"]] == [(1, "/judgments/0/answers/label")]
    assert [(j["external_id"], j["answers"], j["provider"]) for j in lab.judgments(slug)] == [
        ("s0", {"label": "dog"}, provider)
    ]  # fmt: skip


def test_a_body_of_another_type_is_refused(lab: Lab) -> None:
    slug = lab.project()
    for content_type in ("text/plain", "multipart/form-data", "application/xml"):
        answer = lab.http(lab.owner_key).post(
            f"/api/projects/{slug}/tasks", content=b"a,b", headers={"Content-Type": content_type}
        )
        problem(answer, 422, "invalid")
    problem(lab.http(lab.owner_key).post(f"/api/projects/{slug}/tasks", content=b""), 422)
