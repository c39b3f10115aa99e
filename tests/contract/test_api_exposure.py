"""What /api and the command promise of exposure: who was shown what, and who has seen this."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.lab import PNG, Lab, answer_all, pointers, problem
from support.server import Ran, text_tasks
from typer.testing import CliRunner

from steelyard.cli.main import app


def pages(lab: Lab, path: str, **params: Any) -> list[dict[str, Any]]:
    """Every page of a list."""
    found = [lab.owner.get(path, **params)]
    while found[-1]["next"]:
        found.append(lab.owner.get(path, **params, after=found[-1]["next"]))
    return found


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"content": {"blocks": [{"type": "text", "text": said}]}, **more}


def test_the_pages_of_a_list_are_of_one_moment(lab: Lab) -> None:
    slug, provider = lab.work(8), lab.provider()
    annotator = lab.client(lab.key(provider=provider))
    annotator.claim(slug, 5)
    path = f"/api/providers/{provider}/exposure"
    first = lab.owner.get(path, limit=2)
    annotator.claim(slug, 3)
    rest = lab.owner.get(path, limit=1000, after=first["next"])
    assert len(first["items"]) + len(rest["items"]) == 5
    assert first["as_of"] == rest["as_of"]
    assert first["counts"] == rest["counts"]
    assert first["counts"]["showings"] == 5
    assert first["counts"]["by_reference"] == 0
    item = first["items"][0]
    assert item.keys() >= {"task", "content", "annotator", "project", "sensitivity", "assignment", "at"}
    assert (item["project"], item["sensitivity"], item["provider"]) == (slug, "internal", provider)
    again = lab.owner.get(path)
    assert (again["counts"]["showings"], len(again["items"]), again["next"]) == (8, 8, None)
    assert again["as_of"] > first["as_of"] >= first["counts"]["last"]


def test_a_list_is_narrowed_by_annotator_project_and_sensitivity(lab: Lab) -> None:
    provider = lab.provider(clearance="secret")
    plain, secret = lab.work(4, answers=2), lab.work(2, answers=2, sensitivity="secret")
    for _ in range(2):
        key = lab.key(provider=provider)
        lab.client(key).claim(plain, 3)
        lab.client(key).claim(secret, 2)
    path = f"/api/providers/{provider}/exposure"
    people = lab.owner.get(f"{path}/annotators")["items"]
    assert [(p["tasks"], p["showings"], p["by_sensitivity"]) for p in people] == [
        (5, 5, {"internal": 3, "secret": 2})
    ] * 2
    assert all(p["name"].startswith("Person") and p["first"] <= p["last"] for p in people)
    one = people[0]["annotator"]
    for params, number in (
        ({"annotator": one}, 5),
        ({"project": plain}, 6),
        ({"sensitivity": "secret"}, 4),
        ({"annotator": one, "project": secret}, 2),
        ({"project": plain, "sensitivity": "secret"}, 0),
    ):
        found = pages(lab, path, limit=3, **params)
        assert sum(len(page["items"]) for page in found) == found[0]["counts"]["showings"] == number
    mine = lab.owner.get(f"/api/annotators/{one}/exposure", sensitivity="secret")
    assert {item["annotator"] for item in mine["items"]} == {one}
    assert mine["counts"]["by_project"] == {secret: 2}
    paged = [p["annotator"] for page in pages(lab, f"{path}/annotators", limit=1) for p in page["items"]]
    assert paged == [p["annotator"] for p in people]


def test_a_wrong_question_says_what_is_wrong(lab: Lab) -> None:
    provider, other = lab.provider(), lab.provider()
    slug = lab.work(1)
    lab.client(lab.key(provider=other)).claim(slug)
    [stranger] = lab.owner.get(f"/api/providers/{other}/exposure/annotators")["items"]
    http = lab.http(lab.owner_key)
    path = f"/api/providers/{provider}/exposure"
    for query in (
        "after=1",
        "after=1-2",
        "after=-1-2",
        "after=1-2-3-4",
        "after=1--3",
        f"after=1-2-{'9' * 18}",
    ):
        problem(http.get(f"{path}?{query}"), 422)
    assert pointers(problem(http.get(f"{path}?sensitivity=cosmic"), 422)) == ["/sensitivity"]
    problem(http.get(f"{path}?project=nosuch"), 404)
    problem(http.get(f"{path}?annotator={stranger['annotator']}"), 404)
    problem(http.get(f"/api/annotators/{'0' * 24}/exposure"), 404)
    problem(http.get("/api/annotators/x/exposure"), 404)
    problem(http.get(f"{path}/export?format=pdf"), 422)


def test_a_claim_whose_answer_never_arrived_was_shown_all_the_same(lab: Lab) -> None:
    slug, provider = lab.work(3), lab.provider()
    key = lab.key(provider=provider)
    place = urlsplit(lab.url)
    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(
            f"POST /api/projects/{slug}/claim HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".encode()
        )
    path = f"/api/providers/{provider}/exposure"
    end = time.monotonic() + 20
    while not lab.owner.get(path)["items"]:
        assert time.monotonic() < end
        time.sleep(0.02)
    [lost] = lab.owner.get(path)["items"]
    [again] = lab.client(key).claim(slug)["assignments"]
    assert again["task"]["id"] != lost["task"], "a claim gives new ones; what is held is listed apart"
    assert [h["id"] for h in lab.client(key).get("/api/assignments")["items"]] == [
        lost["assignment"],
        again["id"],
    ]
    assert lab.owner.get(path)["counts"]["tasks"] == 2


def mine(lab: Lab, key: str) -> list[dict[str, Any]]:
    """What the person of a key was shown."""
    name = next(k["name"] for k in lab.owner.get("/api/keys")["items"] if k["last4"] == key[-4:])
    found = pages(lab, "/api/providers/in-house/exposure/annotators", limit=1000)
    people = [p["annotator"] for page in found for p in page["items"] if p["name"] == name]
    return lab.owner.get(f"/api/annotators/{people[0]}/exposure")["items"] if people else []


@pytest.mark.parametrize("role", ["manager", "reviewer", "machine"])
def test_whoever_opens_a_task_was_shown_it(lab: Lab, role: str) -> None:
    slug, key = lab.work(3), lab.key(role)
    tasks = [t["id"] for t in lab.owner.get(f"/api/projects/{slug}/tasks")["items"]]
    client = lab.client(key)
    assert mine(lab, key) == []
    for _ in range(2):
        assert client.get(f"/api/tasks/{tasks[0]}")["content"]
    [item] = mine(lab, key)
    assert (item["task"], item["assignment"], item["project"]) == (tasks[0], None, slug)
    client.get(f"/api/projects/{slug}/tasks", limit=2)
    assert sorted(i["task"] for i in mine(lab, key)) == sorted(tasks[:2]), "a list quotes texts"
    client.get(f"/api/projects/{slug}/tasks")
    assert len(mine(lab, key)) == 3


def test_a_list_that_quotes_nothing_shows_nothing_and_a_picture_does(lab: Lab) -> None:
    slug, key = lab.project(), lab.key("reviewer")
    lab.owner.create_tasks(slug, [{"content": {"blocks": [{"type": "image", "url": PNG}]}}])
    http = lab.http(key)
    [row] = http.get(f"/api/projects/{slug}/tasks").json()["items"]
    assert (row["preview"], mine(lab, key)) == ("image", [])
    problem(http.get(f"/api/tasks/{row['id']}/content/7"), 404)
    assert mine(lab, key) == []
    assert http.get(f"/api/tasks/{row['id']}/content/0").status_code == 200
    assert [item["task"] for item in mine(lab, key)] == [row["id"]]


def test_bytes_that_are_fetched_while_held_are_the_same_showing(lab: Lab) -> None:
    slug, provider = lab.project(), lab.provider()
    lab.owner.create_tasks(slug, [{"content": {"blocks": [{"type": "image", "url": PNG}]}}])
    key = lab.key(provider=provider)
    [held] = lab.client(key).claim(slug)["assignments"]
    link = held["task"]["content"]["blocks"][0]["url"]
    lab.client(key).get("/api/assignments")
    assert lab.http(key).get(link).status_code == 200
    lab.client(key).submit(held["id"], {"label": "cat"})
    assert lab.http(key).get(link).status_code == 200
    assert lab.owner.get(f"/api/providers/{provider}/exposure")["counts"]["showings"] == 1


def test_exports_are_whole_files_that_nothing_runs(lab: Lab) -> None:
    slug, provider = lab.work(30), lab.provider()
    answer_all(lab.client(lab.key(provider=provider)), slug)
    http = lab.http(lab.owner_key)
    listed = lab.owner.get(f"/api/providers/{provider}/exposure")["items"]
    one = listed[0]["annotator"]
    for path in (f"/api/providers/{provider}/exposure/export", f"/api/annotators/{one}/exposure/export"):
        got = {fmt: http.get(f"{path}?format={fmt}") for fmt in ("csv", "json", "html")}
        for fmt, answer in got.items():
            assert answer.status_code == 200
            assert answer.headers["content-length"] == str(len(answer.content))
            assert answer.headers["content-disposition"].startswith('attachment; filename="exposure-')
            assert answer.headers["content-disposition"].endswith(f'.{fmt}"')
            assert "sandbox" in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
        assert got["csv"].headers["content-type"] == "text/csv; charset=utf-8"
        assert got["html"].headers["content-type"] == "text/html; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(got["csv"].text, newline="")))
        assert [row["content"] for row in rows] == [item["content"] for item in listed]
        assert got["json"].json()["items"] == listed
        assert all(item["content"] in got["html"].text for item in listed)
    few = http.get(f"/api/providers/{provider}/exposure/export?format=json&sensitivity=secret").json()
    assert (few["items"], few["counts"]["tasks"]) == ([], 0)


def ask(lab: Lab, body: Any, key: str | None = None) -> dict[str, Any]:
    answer = lab.http(key or lab.owner_key).post("/api/exposure/search", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_who_has_seen_this_text_hash_or_file(lab: Lab) -> None:
    slug, provider, said = lab.project(), lab.provider(), lab.name("The Unreleased Prompt")
    lab.owner.create_tasks(slug, [text(said, external_id="x"), text(f"quoting {said} here"), text("else")])
    key = lab.key(provider=provider)
    lab.client(key).claim(slug, 1)
    found = ask(lab, {"text": said.upper(), "project": slug})
    assert (found["by"], found["searched"], found["erased"], found["next"]) == ("text", 3, 0, None)
    assert [(i["matched"], len(i["shown"])) for i in found["items"]] == [("exact", 1), ("contains", 0)]
    first = found["items"][0]
    assert (first["external_id"], first["project"], first["shown"][0]["provider"]) == ("x", slug, provider)
    assert first["shown"][0].keys() == {"provider", "annotator", "name", "first", "last", "times"}
    for digest in (hashlib.sha256(said.encode()).hexdigest(), first["content"]):
        assert ask(lab, {"hash": digest})["items"] == [first]
    http = lab.http(lab.owner_key)
    for kind in ("text/plain", "application/octet-stream", "image/png"):
        sent = http.post("/api/exposure/search", content=f"{said}\n".encode(), headers={"Content-Type": kind})
        assert [i["task"] for i in sent.json()["items"]] == [i["task"] for i in found["items"]]
        assert sent.json()["by"] == "file"
    page = http.post("/api/exposure/search?limit=1", json={"text": said}).json()
    assert page["items"] == [first]
    rest = http.post(f"/api/exposure/search?limit=1&after={page['next']}", json={"text": said}).json()
    assert [i["matched"] for i in rest["items"]] == ["contains"]
    assert ask(lab, {"text": lab.name("never written")})["items"] == []


def test_a_picture_is_found_by_its_bytes(lab: Lab) -> None:
    slug, provider = lab.project(), lab.provider()
    data = lab.name("picture").encode() + b"\x00\xff"
    blob = lab.owner.put_blob(data, "image/png")
    lab.owner.create_tasks(slug, [{"content": {"blocks": [{"type": "image", "url": blob}]}}])
    lab.client(lab.key(provider=provider)).claim(slug)
    http = lab.http(lab.owner_key)
    sent = http.post("/api/exposure/search", content=data, headers={"Content-Type": "image/png"}).json()
    assert [[s["provider"] for s in i["shown"]] for i in sent["items"]] == [[provider]]
    assert ask(lab, {"hash": blob.removeprefix("blob:sha256/")})["items"] == sent["items"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ([], ""),
        ({"text": "a", "hash": "0" * 64}, ""),
        ({"text": " "}, "/text"),
        ({"text": 5}, "/text"),
        ({"hash": "xyz"}, "/hash"),
        ({"hash": None}, "/hash"),
        ({"text": "a", "project": 7}, "/project"),
        ({"text": "a", "unheard": 1}, "/unheard"),
    ],
)
def test_a_search_that_asks_nothing_is_refused(sqlite_lab: Lab, body: Any, pointer: str) -> None:
    answer = sqlite_lab.http(sqlite_lab.owner_key).post("/api/exposure/search", json=body)
    assert pointers(problem(answer, 422)) == [pointer]


def test_a_vendors_lead_reads_its_own_exposure_and_searches_nothing(lab: Lab) -> None:
    slug, provider, other = lab.work(4, answers=2), lab.provider(), lab.provider()
    for name in (provider, other):
        lab.client(lab.key(provider=name)).claim(slug, 2)
    lead = lab.http(lab.key("manager", provider))
    [own] = lead.get(f"/api/providers/{provider}/exposure/annotators").json()["items"]
    [stranger] = lab.owner.get(f"/api/providers/{other}/exposure/annotators")["items"]
    for path in (f"/api/annotators/{own['annotator']}/exposure", f"/api/providers/{provider}/exposure"):
        assert lead.get(path).status_code == 200
        assert lead.get(f"{path}/export").status_code == 200
    for path in (f"/api/annotators/{stranger['annotator']}/exposure", f"/api/providers/{other}/exposure"):
        problem(lead.get(path), 404)
        problem(lead.get(f"{path}/export"), 404)
    problem(lead.post("/api/exposure/search", json={"text": "text"}), 403)
    problem(lead.post("/api/exposure/search", content=b"x", headers={"Content-Type": "text/plain"}), 403)


def test_worlds_are_searched_apart(lab: Lab) -> None:
    said, slug = lab.name("only live"), lab.project()
    lab.owner.create_tasks(slug, [text(said)])
    assert len(ask(lab, {"text": said})["items"]) == 1
    assert ask(lab, {"text": said}, lab.key("owner", mode="test"))["items"] == []


# --- the command -----------------------------------------------------------------------------------------


def command(lab: Lab, *arguments: str | Path, status: int = 0) -> Ran:
    """`steelyard exposure` in this process: many commands, and one start."""
    done = CliRunner().invoke(app, ["exposure", *map(str, arguments), *lab.server.placed])
    assert done.exit_code == status, done.output
    return Ran(done.exit_code, done.stdout, done.stderr)


def test_the_command_tells_writes_and_searches(lab: Lab, tmp_path: Path) -> None:
    slug, provider, said = lab.project(), lab.provider(), lab.name("A sentence of the lab")
    lab.owner.create_tasks(slug, [text(said), *text_tasks(2)])
    lab.client(lab.key(provider=provider)).claim(slug, 3)

    def run(*arguments: str | Path) -> Ran:
        return command(lab, *arguments)

    told = run(provider, "--json").json
    assert (told["tasks"], told["by_project"], told["provider"]) == (3, {slug: 3}, provider)
    one = told["annotators"][0]["annotator"]
    assert run("--annotator", one, "--project", slug, "--json").json["showings"] == 3
    assert run(provider, "--sensitivity", "secret", "--json").json["tasks"] == 0
    assert provider in [i["provider"] for i in run("--json").json["items"]]
    assert told["annotators"][0]["name"] in run(provider).stdout
    written = run(provider, "--out", tmp_path / "e.html", "--json").json
    assert (written["showings"], written["file"]) == (3, str(tmp_path / "e.html"))
    assert (tmp_path / "e.html").read_text().startswith("<!doctype html>")
    assert len(run(provider, "--format", "csv").stdout.splitlines()) == 4
    assert len(json.loads(run(provider, "--format", "json").stdout)["items"]) == 3
    found = run("--text", said.lower(), "--json").json
    [match] = found["items"]
    assert (match["matched"], match["shown"][0]["provider"]) == ("exact", provider)
    (tmp_path / "said.txt").write_text(said)
    assert run("--file", tmp_path / "said.txt", "--json").json["items"] == [match]
    assert run(provider, "--hash", match["content"], "--json").json["items"] == [match]
    assert run("in-house", "--hash", match["content"], "--json").json["items"] == []
    assert "nobody" not in run("--text", said).stdout
    assert " 0 match" in run("--text", lab.name("never said")).stdout
    run("--text", said, "--out", tmp_path / "seen.html")
    assert "Who has seen this?" in (tmp_path / "seen.html").read_text()
    told = json.loads(run("--reveal", match["content"]).stdout)
    proof = hashlib.sha256(bytes.fromhex(told["salt"]) + told["payload"].encode()).hexdigest()
    assert proof == match["content"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "nosuch"),
        (["--annotator", "nosuch"], "annotator"),
        (["--text", "a", "--hash", "0" * 64], "one of"),
        (["--text", " "], "--text"),
        (["--hash", "short"], "--hash"),
        (["--sensitivity", "cosmic"], "--sensitivity"),
        (["--project", "nosuch"], "nosuch"),
        (["--format", "csv"], "PROVIDER"),
        (["in-house", "--out", "exposure.docx"], "--format"),
        (["--text", "a", "--annotator", "b"], "narrowed"),
        (["--reveal", "0" * 64], "commitment"),
    ],
)
def test_a_command_that_cannot_says_why(sqlite_lab: Lab, arguments: list[str], said: str) -> None:
    ran = command(sqlite_lab, *arguments, "--json", status=2)
    assert said in ran.json["error"]


def test_a_file_is_replaced_only_by_a_whole_one(sqlite_lab: Lab, tmp_path: Path) -> None:
    target = tmp_path / "exposure.csv"
    target.write_text("before")
    command(sqlite_lab, "nosuch", "--out", target, status=2)
    assert target.read_text() == "before"
    command(sqlite_lab, "in-house", "--out", target)
    assert target.read_text().startswith("at,task,content")
    assert [p.name for p in tmp_path.iterdir()] == ["exposure.csv"]
