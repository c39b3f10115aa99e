"""What does one process do to the work of another? A change made by a command, or through a second server,
holds for the next request of the first."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path

import pytest
from support import forked
from support.crowd import GONE, Crowd, wait
from support.load import Load
from support.server import CATS, Server, environment, text_tasks
from support.thorough import thorough

from steelyard.client import Client, Refused

TASKS, ROWS = (2000, 100_000) if thorough() else (40, 4000)


def test_a_command_beside_a_busy_server_works_and_is_obeyed_at_once(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        owner = server.client(server.make_key("owner"))
        owner.post("/api/projects", {"name": "P", "form": CATS, "policy": {"answers": 3}})
        owner.create_tasks("p", text_tasks(600))
        owner.post("/api/providers", {"name": "V"})
        made = [
            owner.post(
                "/api/keys", {"role": "annotator", "name": f"A{i}", "provider": "v" if i else "in-house"}
            )
            for i in range(4)
        ]
        crowd = Crowd(server.url, "p", [k["key"] for k in made])
        crowd.start()
        wait(lambda: len(crowd.acknowledged) > 30)
        suspended = server.command("provider", "suspend", "v", "--json").json
        assert suspended["status"] == "suspended"
        frozen = owner.get("/api/providers/v/exposure", limit=1)["counts"]["showings"]
        new = server.command("key", "create", "--role", "annotator", "--name", "Late").stdout.strip()
        assert len(server.client(new).claim("p")["assignments"]) == 1
        server.command("key", "revoke", made[0]["id"])
        with pytest.raises(Refused) as refused:
            server.client(made[0]["key"]).claim("p")
        assert refused.value.status == 401
        assert owner.get("/api/providers/v/exposure", limit=1)["counts"]["showings"] == frozen
        crowd.done.set()
        crowd.join()


def test_commands_that_write_at_the_same_time_and_are_killed_lose_nothing(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(task) + "\n" for task in text_tasks(ROWS)))
    with Server(tmp_path / "data") as server:
        load = Load(server, TASKS, rest_s=0.1)
        load.owner.post("/api/projects", {"name": "Q", "form": CATS})
        bring_in = ["import", str(rows), "--project", "q", "--json", *server.placed]

        def waiting() -> int:
            return load.owner.get("/api/projects/q")["progress"]["open"]

        with (tmp_path / "out").open("w+b") as out:
            first = forked.popen(bring_in, env=environment(), stdout=out, stderr=out)
            wait(lambda: waiting() > 0)
            first.kill()
            both = [forked.popen(bring_in, env=environment(), stdout=out, stderr=out) for _ in range(2)]
            for number in range(2):
                server.command("key", "create", "--role", "annotator", "--name", f"Late {number}")
                server.command("provider", "add", f"V{number}")
            assert [one.wait(60) for one in both] == [0, 0], (tmp_path / "out").read_text()
        assert waiting() == ROWS, "each row once, though three brought it in"
        load.finish()
        assert "Traceback" not in server.log()


def test_a_stake_recorded_through_one_server_stops_the_provider_at_the_other(
    tmp_path: Path, postgres_url: str
) -> None:
    storage = ["--storage-url", (tmp_path / "blobs").as_uri()]
    (tmp_path / "blobs").mkdir()
    with (
        Server(tmp_path / "a", postgres_url, *storage) as one,
        Server(tmp_path / "b", postgres_url, *storage) as two,
    ):
        owner_key = one.make_key("owner")
        owner = one.client(owner_key)
        owner.post(
            "/api/projects", {"name": "P", "form": CATS, "policy": {"answers": 2, "conflicts": ["Rival"]}}
        )
        owner.create_tasks("p", text_tasks(3000))
        owner.post("/api/providers", {"name": "V"})
        keys = [
            owner.post("/api/keys", {"role": "annotator", "provider": "v", "name": f"A{i}"})["key"]
            for i in range(6)
        ]
        stop, seen, faults = threading.Event(), Counter(), []

        def work(url: str, key: str) -> None:
            client = Client(url, key)
            while not stop.is_set():
                try:
                    held = client.claim("p", 2)
                    seen[held.get("code", "work")] += 1
                    for assignment in held["assignments"]:
                        client.submit(assignment["id"], {"label": "cat"}, claim=0)
                except Refused as refused:
                    seen[refused.code] += 1
                    if refused.code not in ("provider_stopped", *GONE) and refused.status != 503:
                        faults.append(str(refused))
                        return

        threads = [
            threading.Thread(target=work, args=((one, two)[i % 2].url, key), daemon=True)
            for i, key in enumerate(keys)
        ]
        for thread in threads:
            thread.start()
        wait(lambda: seen["work"] > 30)
        stake = {"interests": [{"organisation": "rival", "share": 0.01}]}
        changed = two.client(owner_key).patch("/api/providers/v", stake)
        assert [s["project"] for s in changed["newly_stopped"]] == ["p"]
        first = owner.get("/api/providers/v/exposure", limit=1)["counts"]
        judged = {j["id"] for j in owner.judgments("p")}
        before = dict(seen)
        wait(lambda: seen["stopped"] > before.get("stopped", 0) + 20)
        stop.set()
        for thread in threads:
            thread.join(30)
        assert not faults
        assert owner.get("/api/providers/v/exposure", limit=1)["counts"] == first
        assert {j["id"] for j in one.client(owner_key).judgments("p")} == judged
        assert owner.get("/api/projects/p")["progress"]["held"] == 0
        # Bytes that came in by one server are shown by the other.
        blob = owner.put_blob(b"shared", "image/png")
        owner.post("/api/projects", {"name": "Q", "form": CATS})
        owner.post("/api/projects/q/tasks", {"content": {"blocks": [{"type": "image", "url": blob}]}})
        there = two.client(owner_key)
        [held] = there.claim("q")["assignments"]
        assert there.content_bytes(held["task"]["content"]["blocks"][0]["url"]) == b"shared"
