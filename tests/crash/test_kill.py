"""What is left when the server is killed in the middle of work? Every answer that it acknowledged, once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support.crowd import Crowd, wait
from support.server import CATS, Server, text_tasks

THREADS = 4
TASKS = 120
ANSWERS = 2
LEASE_S = 3
KILLS = 3


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_acknowledged_answer_is_there_once_and_all_work_ends(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    with Server(tmp_path / "data", url) as server:
        owner_key = server.make_key("owner")
        owner = server.client(owner_key)
        owner.post(
            "/api/projects", {"name": "P", "form": CATS, "policy": {"answers": ANSWERS, "lease_s": LEASE_S}}
        )
        owner.create_tasks("p", text_tasks(TASKS))
        keys = [
            owner.post("/api/keys", {"role": "annotator", "name": f"A{i}"})["key"] for i in range(THREADS)
        ]
        crowd = Crowd(server.url, "p", keys)
        crowd.start()
        for _ in range(KILLS):
            before = len(crowd.acknowledged)
            wait(lambda before=before: len(crowd.acknowledged) >= before + 15 or settled(server, owner_key))
            server.kill()
            server.start()  # at once, on the same folder
        wait(lambda: settled(server, owner_key))
        crowd.done.set()
        crowd.join()
        assert not crowd.faults
        judgments = list(server.client(owner_key).judgments("p"))
        assert "Traceback" not in server.log()

    ids = [j["id"] for j in judgments]
    assert len(ids) == len(set(ids)) == TASKS * ANSWERS
    assert crowd.acknowledged.items() <= {j["id"]: j["task"] for j in judgments}.items()
    assert set(Counter(j["task"] for j in judgments).values()) == {ANSWERS}
    assert len({(j["task"], j["annotator"]) for j in judgments}) == len(judgments)
    # What was taken and not acknowledged was acknowledged when it was sent again, as long as its lease stood.
    assert len(judgments) - len(crowd.acknowledged) <= KILLS * THREADS


def settled(server: Server, key: str) -> bool:
    sums = server.client(key).get("/api/projects/p")["progress"]
    return sums["settled"] == TASKS and sums["held"] == 0


def test_an_exit_that_was_cut_off_goes_on_after_the_restart(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        owner_key = server.make_key("owner")
        owner = server.client(owner_key)
        owner.post("/api/projects", {"name": "P", "form": CATS})
        owner.create_tasks("p", text_tasks(300))
        owner.post("/api/providers", {"name": "V"})
        annotator = server.client(
            owner.post("/api/keys", {"role": "annotator", "provider": "v", "name": "A"})["key"]
        )
        for _ in range(3):
            for held in annotator.claim("p", 100)["assignments"]:
                annotator.submit(held["id"], {"label": "cat"})
        begun = owner.post("/api/providers/v/exit", {"execute": True})
        server.kill()
        server.start()
        owner = server.client(owner_key)
        wait(lambda: all(s["state"] == "done" for s in owner.get(f"/api/exits/{begun['id']}")["steps"]), 100)
        assert list(owner.judgments("p")) == []
        assert len(list(owner.judgments("p", history=1))) == 300
        assert owner.get("/api/projects/p")["progress"]["open"] == 300
