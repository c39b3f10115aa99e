"""Does a program that uses the client get what it asked for, once, over a connection that breaks?"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.lab import PNG, Lab, answer_all
from support.server import CATS, text_tasks

from steelyard.client import Client, PackageMissing, Refused, Unreachable, transport

BEFORE, AFTER = "before the request", "after the answer"


class Flaky:
    """A way to a server that cuts connections: `plan` says for each connection where (None: it does not).

    A number cuts once so many bytes of the answer have passed.
    """

    def __init__(self, url: str) -> None:
        self._target = ("127.0.0.1", int(url.rpartition(":")[2]))
        self.plan: Iterator[str | int | None] = iter(())
        self.seen = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.seen += 1
            threading.Thread(target=self._serve, args=(near, next(self.plan, None)), daemon=True).start()

    def _serve(self, near: socket.socket, cut: str | int | None) -> None:
        with near, socket.create_connection(self._target) as far:
            if cut == BEFORE:
                near.recv(1)  # it was begun, and nothing of it arrives
            else:
                threading.Thread(target=_pump, args=(near, far), daemon=True).start()
                left = 0 if cut == AFTER else cut if isinstance(cut, int) else None
                while (data := far.recv(4096)) and (left is None or left > 0):
                    near.sendall(data if left is None else data[:left])
                    left = None if left is None else left - len(data)
            for side in (near, far):
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)  # a close alone waits for the one who reads


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass  # the other side was cut


@pytest.fixture
def flaky(sqlite_lab: Lab) -> Iterator[Flaky]:
    proxy = Flaky(sqlite_lab.url)
    yield proxy
    proxy.close()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport.time, "sleep", lambda seconds: None)


def through(flaky: Flaky, lab: Lab, *plan: str | int | None, key: str | None = None) -> Client:
    """A client of which every connection is cut as planned; a kept one is used again."""
    flaky.plan, flaky.seen = iter(plan), 0
    return Client(flaky.url, key or lab.owner_key, timeout_s=20)


@pytest.mark.parametrize("cut", [BEFORE, AFTER, 30])
def test_what_makes_things_makes_them_once(sqlite_lab: Lab, flaky: Flaky, cut: str | int) -> None:
    lab = sqlite_lab
    with through(flaky, lab, cut, cut) as client:
        project = client.create_project(lab.name("Once"), CATS, policy={"answers": 1})
        assert flaky.seen == 3
        assert len(list(client.projects(name=project["name"]))) == 1
        flaky.plan = iter([cut])
        client.close()
    with through(flaky, lab, cut) as client:
        task = client.create_task(project["slug"], text_tasks(1)[0])
    with through(flaky, lab, cut) as client:
        made = client.create_tasks(project["slug"], text_tasks(5))
        assert made["ids"][0] == task
        assert sum(made["counts"].values()) == 5
    with through(flaky, lab, cut) as client:
        assert client.create_provider(lab.name("Once"))["status"] == "active"
    assert len(list(lab.owner.tasks(project["slug"]))) == 5


@pytest.mark.parametrize("cut", [BEFORE, AFTER])
def test_an_answer_is_handed_in_once(sqlite_lab: Lab, flaky: Flaky, cut: str) -> None:
    lab, slug = sqlite_lab, sqlite_lab.work(3)
    key = lab.key()
    with lab.client(key) as annotator:
        held = annotator.claim(slug, 2)["assignments"]
    with through(flaky, lab, cut, key=key) as client:
        done = client.submit(held[0]["id"], {"label": "cat"}, spent_ms=5)
        assert client.save_draft(held[1]["id"], {"label": "dog"})
        assert client.held(slug)[0]["id"] == held[1]["id"]
    with through(flaky, lab, cut, cut, key=key) as client:
        client.give_back(held[1]["id"], "unclear")
        assert client.held(slug) == []
    assert [row["id"] for row in lab.owner.judgments(slug)] == [done["judgment"]]


def test_what_would_be_done_twice_is_not_repeated(sqlite_lab: Lab, flaky: Flaky) -> None:
    lab, slug = sqlite_lab, sqlite_lab.project()
    unnamed = [{"content": {"blocks": [{"type": "text", "text": "x"}]}}]
    with through(flaky, lab, AFTER) as client:
        with pytest.raises(Unreachable, match="the first 0 tasks are in"):
            client.create_tasks(slug, unnamed)
        assert flaky.seen == 1
    with through(flaky, lab, AFTER) as client, pytest.raises(Unreachable):
        client.create_key("annotator", name=lab.name("Twice"))
    with Client("http://127.0.0.1:9", "k") as client, pytest.raises(Unreachable, match="POST /api/keys"):
        client.create_key("annotator")


def test_a_stream_that_breaks_goes_on_where_it_was(sqlite_lab: Lab, flaky: Flaky) -> None:
    lab, slug = sqlite_lab, sqlite_lab.work(60)
    answer_all(lab.owner, slug)
    whole = list(lab.owner.judgments(slug))
    size = sum(len(json.dumps(row)) for row in whole)
    for cuts in ([BEFORE, AFTER, 700], [300, 1000, size // 2, 900], [size * 3 // 4]):
        with through(flaky, lab, *cuts) as client:
            assert list(client.judgments(slug)) == whole
            assert flaky.seen == len(cuts) + 1
    with through(flaky, lab, 3000, 3000) as client:
        assert list(client.judgments(slug, limit=40)) == whole[:40]
    with through(flaky, lab, size // 2) as client:
        assert [row["task"] for row in client.consensus(slug)] == [row["task"] for row in whole]
    with through(
        flaky, lab, *([700] * 30)
    ) as client:  # broken again and again, and a little further each time
        assert list(client.judgments(slug)) == whole
    with through(flaky, lab, *([AFTER] * 30)) as client, pytest.raises(Unreachable):
        list(client.judgments(slug))


def test_rows_are_a_table_too(sqlite_lab: Lab, flaky: Flaky, tmp_path: Path) -> None:
    lab, slug = sqlite_lab, sqlite_lab.work(20)
    answer_all(lab.owner, slug)
    with through(flaky, lab, 900, AFTER) as client:
        table = client.judgments(slug).to_arrow()
        assert (table.num_rows, flaky.seen) == (20, 3)
    assert table.column("answers.label").to_pylist() == ["cat"] * 20
    assert table.schema.field("at").type == pa.timestamp("us", "UTC")
    assert pa.table(lab.owner.judgments(slug)).num_rows == 20, "by the PyCapsule interface of Arrow"
    frame = lab.owner.export_tasks(slug, status="settled", content=False).to_pandas()
    assert (len(frame), sorted(frame["external_id"])[0]) == (20, "t0")
    assert "content" not in frame
    assert list(lab.owner.consensus(slug, limit=3).to_pandas()["settled"]) == [True] * 3
    with through(flaky, lab, 900) as client:
        client.consensus(slug).save(tmp_path / "out.csv", "csv")
    assert (tmp_path / "out.csv").read_text().count("\n") == 21
    with through(flaky, lab, *([900] * 10)) as client, pytest.raises(Unreachable):
        client.consensus(slug).save(tmp_path / "out.csv", "csv")
    assert (tmp_path / "out.csv").read_text().count("\n") == 21
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("package", ["pandas", "pyarrow.parquet"])
def test_a_table_without_its_package_says_what_to_install(
    sqlite_lab: Lab, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PackageMissing, match=f"pip install {package.partition('.')[0]}"):
        sqlite_lab.owner.judgments("any").to_pandas()


def test_many_tasks_go_in_parts_and_are_told_as_one(sqlite_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from steelyard.client import tasks

    monkeypatch.setattr(tasks, "AT_ONCE_ROWS", 10)
    slug, rows = sqlite_lab.project(), text_tasks(35)
    rows[13] = {"external_id": "wrong"}
    rows[20:30] = [{"external_id": f"all wrong {n}"} for n in range(10)]
    made = sqlite_lab.owner.create_tasks(slug, iter(rows))
    assert made["counts"] == {"new": 24, "same": 0, "changed": 0, "wrong": 11}
    assert [error["row"] for error in made["errors"]] == [13, *range(20, 30)]
    assert [key is None for key in made["ids"]] == [n == 13 or 20 <= n < 30 for n in range(35)]
    with pytest.raises(ValueError, match="JSON"):
        sqlite_lab.owner.create_tasks(slug, [{"metadata": {"x": float("nan")}}])


def test_files_go_as_they_are(sqlite_lab: Lab, tmp_path: Path) -> None:
    slug, client = sqlite_lab.project(), sqlite_lab.owner
    (tmp_path / "a.csv").write_text("external_id,text,gold.label\n1,x,cat\n2,y,fox\n")
    made = client.import_file(slug, tmp_path / "a.csv")
    assert (made["counts"]["new"], made["errors"][0].get("column")) == (1, "gold.label")
    pq.write_table(pa.table({"external_id": ["3"], "text": ["z"]}), tmp_path / "b.parquet")
    assert client.import_file(slug, tmp_path / "b.parquet")["counts"]["new"] == 1
    with pytest.raises(ValueError, match="content_type"):
        client.import_file(slug, tmp_path / "c.txt")
    (tmp_path / "d.csv").write_text("nonsense\nx\n")
    with pytest.raises(Refused) as refused:
        client.import_file(slug, tmp_path / "d.csv")
    assert refused.value.code == "invalid"


def test_every_list_is_walked_to_its_end(sqlite_lab: Lab) -> None:
    lab, slug = sqlite_lab, sqlite_lab.work(3)
    client = lab.owner
    provider = client.create_provider(lab.name("Listed"), kind="model")["slug"]
    assert client.update_provider(provider, preview=True, clearance="public")["clearance"] == "public"
    batch = client.create_batch(slug, lab.name("Batch"), staged=True)
    assert client.update_batch(batch["name"], status="running")["status"] == "running"
    assert [b["name"] for b in client.batches(slug)] == [batch["name"]]
    assert client.batch(batch["name"])["tasks"] == 0
    key = client.create_key("annotator", name=lab.name("Walker"), provider=provider)
    assert next(iter(client.keys()))["id"] == key["id"]
    client.revoke_key(key["id"])
    person = next(iter(client.people(provider=provider)))
    assert client.update_person(person["id"], skills=["Birds"])["skills"] == ["birds"]
    team = client.create_team(lab.name("Team"), [person["id"]])
    assert [one["id"] for one in client.teams(name=team["name"])] == [team["id"]]
    client.delete_team(team["id"])
    first = next(iter(client.tasks(slug, external_id="t0")))
    assert client.task(first["id"])["content"] == {"blocks": [{"type": "text", "text": "animal t0"}]}
    assert client.update_task(first["id"], priority=3)["priority"] == 3
    assert client.assign(slug, [first["id"]], None)["tasks"] == 1
    assert client.exit_plan(provider)["provider"]
    for walked in (
        client.exits(), client.drills(), client.exposure(provider), client.organisations(), client.annotators(slug),
        client.mine(slug), client.reviews(slug), client.questions(slug), client.clarifications(slug),
    ):  # fmt: skip
        assert list(itertools.islice(walked, 5)) is not None
    assert client.scorecard(provider) is not None
    assert client.dependence(provider) is not None
    assert client.settings() is not None
    url = client.put_blob(b"bytes", "application/octet-stream")
    assert url.startswith("blob:sha256/")
    assert client.update_project(slug, instruction="Say it.")["instruction"] == "Say it."
    assert client.project(slug)["progress"]["tasks"] == 3  # type: ignore[typeddict-item]


def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() -> None:
    asked: list[httpx.Request] = []

    def replying(*codes: tuple[int, str]) -> Client:
        answers = iter(codes)

        def reply(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            status, code = next(answers)
            return httpx.Response(status, json={"code": code, "detail": "said"}, headers={"Retry-After": "0"})

        client = Client("http://server", "secret-key")
        client._http = httpx.Client(transport=httpx.MockTransport(reply), base_url="http://server")
        asked.clear()
        return client

    assert replying((503, "store_busy"), (200, "")).post("/api/keys", {}) == {"code": "", "detail": "said"}
    assert len(asked) == 2  # nothing was written, says the server
    for codes, calls in (([(503, "other")], 1), ([(409, "conflict")], 1)):
        with pytest.raises(Refused):
            replying(*codes).post("/api/keys", {})
        assert len(asked) == calls
    assert replying((503, "other"), (429, "slow"), (200, "")).get("/api/projects")
    assert len(asked) == 3


def test_no_key_stands_in_what_may_be_printed(sqlite_lab: Lab) -> None:
    said: list[str] = []
    client = Client(sqlite_lab.url.replace("://", "://user:pass-word@"), "sk_the_secret")
    said.append(repr(client))
    for ask in (lambda: client.get("/api/projects"), lambda: list(client.judgments("p"))):
        with pytest.raises(Refused) as refused:
            ask()
        said += [str(refused.value), repr(refused.value)]
    gone = Client("http://127.0.0.1:9", "sk_the_secret")
    with pytest.raises(Unreachable) as unreachable:
        gone.get("/api/projects")
    said += [str(unreachable.value), repr(unreachable.value), repr(unreachable.value.__context__)]
    assert not [text for text in said if "the_secret" in text or "pass-word" in text]


def test_an_image_comes_back_as_its_bytes(sqlite_lab: Lab) -> None:
    slug = sqlite_lab.project()
    task = sqlite_lab.owner.create_task(slug, {"content": {"blocks": [{"type": "image", "url": PNG}]}})
    content: Any = sqlite_lab.owner.task(task)["content"]
    assert sqlite_lab.owner.content_bytes(content["blocks"][0]["url"]).startswith(b"\x89PNG")


def test_the_names_that_are_public_are_these() -> None:
    from steelyard import client

    assert sorted(client.__all__) == [
        "Client", "ClientError", "PackageMissing", "Refused", "Rows", "Unreachable"
    ]  # fmt: skip
    calls: list[Callable[..., Any]] = [
        getattr(Client, name)
        for name in dir(Client)
        if not name.startswith("_") and callable(getattr(Client, name))
    ]
    assert [call.__name__ for call in calls if not call.__doc__] == []
