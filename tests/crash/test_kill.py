"""What is left when the server is killed in the middle of work? Every answer that it acknowledged, once."""

from __future__ import annotations

from pathlib import Path

from support.crowd import wait
from support.load import Load
from support.server import CATS, Server, text_tasks
from support.thorough import thorough

TASKS, KILLS = (3000, 60) if thorough() else (60, 3)


def test_every_acknowledged_answer_is_there_once_and_all_work_ends(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        load = Load(server, TASKS, rest_s=0.1)
        for _ in range(KILLS):
            load.acknowledge(10)
            server.kill()
            server.start()  # at once, on the same folder
        load.finish()
        assert "Traceback" not in server.log()


def test_an_exit_that_was_cut_off_goes_on_after_the_restart(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        owner_key = server.make_key("owner")
        owner = server.client(owner_key)
        owner.post("/api/projects", {"name": "P", "form": CATS})
        owner.create_tasks("p", text_tasks(60))
        owner.post("/api/providers", {"name": "V"})
        annotator = server.client(
            owner.post("/api/keys", {"role": "annotator", "provider": "v", "name": "A"})["key"]
        )
        for held in annotator.claim("p", 60)["assignments"]:
            annotator.submit(held["id"], {"label": "cat"})
        begun = owner.post("/api/providers/v/exit", {"execute": True})
        server.kill()
        server.start()
        owner = server.client(owner_key)
        wait(lambda: all(s["state"] == "done" for s in owner.get(f"/api/exits/{begun['id']}")["steps"]), 100)
        assert list(owner.judgments("p")) == []
        assert len(list(owner.judgments("p", history=1))) == 60
        assert owner.get("/api/projects/p")["progress"]["open"] == 60
