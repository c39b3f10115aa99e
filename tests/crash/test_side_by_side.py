"""What does one process do to the work of another? A change made by a command, or through a second server,
holds for the next request of the first."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
from support.crowd import GONE, Crowd, wait
from support.server import CATS, Server, text_tasks

from steelyard.client import Client, Refused


def test_a_command_beside_a_busy_server_works_and_is_obeyed_at_once(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        owner = server.client(server.make_key("owner"))
        owner.post("/api/projects", {"name": "P", "form": CATS, "policy": {"answers": 3}})
        owner.create_tasks("p", text_tasks(3000))
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
