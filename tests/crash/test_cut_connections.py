"""What if the answer never arrives? It was done, and the same request under the same key is not done again."""

from __future__ import annotations

import pytest
from support.crowd import Impatient, wait
from support.cutting import CuttingProxy
from support.lab import Lab
from support.load import Load
from support.server import text_tasks
from support.thorough import thorough

from steelyard.client import Client, Unreachable

TASKS, PART = (2000, 0.3) if thorough() else (30, 0.2)


def test_what_is_asked_again_because_its_answer_was_lost_is_done_once(lab: Lab) -> None:
    with CuttingProxy(lab.server.port, PART) as proxy:
        load = Load(lab.server, TASKS, owner_key=lab.owner_key, lease_s=1, urls=[proxy.url], rest_s=0)
        load.finish()
        assert len(load.crowd.acknowledged) == TASKS * load.answers, "each was acknowledged in the end"
        assert proxy.cut["answer"] > 10
        assert min(proxy.cut.values()) > 0


@pytest.mark.one_database
def test_tasks_that_are_sent_again_are_made_once(lab: Lab) -> None:
    slug = lab.project()
    with CuttingProxy(lab.server.port, 0.3) as proxy:
        for at in range(8):
            owner = Client(proxy.url, lab.owner_key)  # a connection of its own, as after a cut
            counts = owner.create_tasks(slug, text_tasks(20, f"r{at}-"))["counts"]
            assert counts["new"] + counts["same"] == 20
            one = {"content": {"blocks": [{"type": "text", "text": f"no name of its own {at}"}]}}
            owner.post(f"/api/projects/{slug}/tasks", one, idempotency_key=f"key {at}")
        assert proxy.cut["answer"] > 0
    assert lab.owner.get(f"/api/projects/{slug}")["progress"]["open"] == 8 * 21


@pytest.mark.one_database
def test_what_was_handed_out_to_nobody_is_still_theirs_and_then_goes_back(lab: Lab) -> None:
    slug = lab.work(3, lease_s=1)
    ann_key, bob = lab.key(), lab.client(lab.key())
    with CuttingProxy(lab.server.port, 1.0, only="answer") as proxy, pytest.raises(Unreachable):
        Impatient(proxy.url, ann_key).claim(slug, 2)
    held = lab.client(ann_key).held(slug)
    handed = [one["task"]["id"] for one in bob.claim(slug, 3, lease_s=60)["assignments"]]
    # On a slow machine the lease may be over already; else ann is shown the same two again.
    wait(
        lambda: (
            handed.extend(o["task"]["id"] for o in bob.claim(slug, 3, lease_s=60)["assignments"])
            or len(handed) == 3
        )
    )
    assert len(set(handed)) == 3
    assert {one["task"]["id"] for one in held} <= set(handed)
