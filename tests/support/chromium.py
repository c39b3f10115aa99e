"""Which browser do the tests use? One that is on the machine already; none is ever downloaded here."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ON_MACOS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)


def find_chromium() -> str | None:
    """$STEELYARD_CHROMIUM where it is set, else the first Chromium or Chrome found, else None."""
    if told := os.environ.get("STEELYARD_CHROMIUM"):
        return told
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    return next((str(path) for path in _ON_MACOS if path.exists()), None)


def how_to_get_one() -> str:
    """Why the browser tests are skipped, and the one command after which they are not."""
    command = (
        "brew install --cask chromium" if sys.platform == "darwin" else "sudo apt-get install -y chromium"
    )
    return f"no Chromium on this machine: `{command}` (or set STEELYARD_CHROMIUM to the path of one)"


def describe() -> str:
    """One line for the header of a test run."""
    return find_chromium() or f"absent ({how_to_get_one()})"
