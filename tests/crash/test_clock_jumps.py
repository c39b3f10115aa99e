"""What if the clock jumps by hours under load? Leases lapse as they would have, and nothing comes twice or in
another order."""

from __future__ import annotations

from pathlib import Path

from support.load import Load
from support.server import Server
from support.thorough import thorough

TASKS, JUMPS = (2000, 20) if thorough() else (60, 1)
HOUR = 3600
# The machine's clock, moved by as many seconds as stand in a file.
MOVED_CLOCK = """
import time
real = time.time_ns, time.time
def shift():
    with open(%r) as file:
        return int(file.read())
time.time_ns = lambda: real[0]() + shift() * 10**9
time.time = lambda: real[1]() + shift()
from steelyard.work import clock_back
clock_back.LOOKED_EVERY = 1
"""


def test_work_goes_on_through_jumps_of_the_clock(tmp_path: Path) -> None:
    said = tmp_path / "clock"

    def jump(seconds: int) -> None:
        fresh = said.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.rename(said)

    jump(0)
    with Server(tmp_path / "data", before=MOVED_CLOCK % str(said)) as server:
        load = Load(server, TASKS, lease_s=1, rest_s=0.1)
        away = server.client(load.owner.post("/api/keys", {"role": "annotator", "name": "Away"})["key"])
        for number in range(JUMPS):
            load.acknowledge(10)
            for to in (5, -9):
                assert len(away.claim(load.slug, 3)["assignments"]) == 3  # and never heard of again
                jump((to - number) * HOUR)
                load.acknowledge(10)
            assert len(away.claim(load.slug, 3)["assignments"]) == 3
            server.kill()
            jump((-20 - number) * HOUR)  # while nobody looks
            server.start()
            load.acknowledge(10)
        load.finish()
        assert "Traceback" not in server.log()
        assert "the clock went back" in server.log()
