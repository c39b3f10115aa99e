"""The guide to a first project is run as it stands, on a server of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
GUIDE = REPO / "docs" / "guide" / "first-project.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def served(tmp_path):
    server = subprocess.Popen(
        [sys.executable, "-m", "steelyard", "serve", "--port", "0", "--json"],
        env={**os.environ, "STEELYARD_DATA": str(tmp_path / "steelyard-data")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield json.loads(server.stdout.readline())["url"]
    finally:
        server.terminate()
        server.wait(10)


def test_every_block_of_the_guide_runs(served, tmp_path):
    blocks = BLOCK.findall(GUIDE.read_text("utf-8"))
    assert len(blocks) >= 8
    script = "set -euo pipefail\n" + "\n".join(blocks).replace("http://127.0.0.1:8000", served)
    script = script.replace('"$PWD/.venv/bin:$PATH"', f'"{Path(sys.executable).parent}:$PATH"')
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.count('"tie":true') == 3
    assert "Rival Labs, named in the conflicts, holds 49 % of Orchard Labelling" in done.stdout
    assert (tmp_path / "reviews-v1" / "manifest.json").is_file()
