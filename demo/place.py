"""Where does the demo leave things? In one folder, and it only ever removes a folder that it made itself."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from steelyard.store.folder_lock import FolderLock

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".steelyard-demo"
MARKER = ".made-by-the-demo"


class PlaceRefused(Exception):
    """The folder cannot be used; the message says why."""


@dataclass(frozen=True)
class Place:
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    @property
    def training(self) -> Path:
        return self.folder / "training"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def told(self, path: Path) -> str:
        """A path as the report and the terminal show it: relative to where the folder stands."""
        return str(path.relative_to(self.folder.parent))

    def keep_secret(self, name: str, text: str) -> Path:
        """Writes a file that only this account can read, from its first byte on."""
        path = self.folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return path


def take(folder: Path = FOLDER) -> Place:
    """An empty folder for this run, in place of an earlier run's. Raises `PlaceRefused`."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise PlaceRefused(f"{folder} is not a folder")
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise PlaceRefused(f"{folder} was not made by the demo; move it away first")
        if (folder / "data").is_dir():
            _refuse_if_served(folder / "data")
        _clear(folder)
    place = Place(folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / MARKER).write_text("Made by `make demo`, which replaces this folder when it is run again.\n")
    for part in (place.releases, place.training, place.logs):
        part.mkdir()
    return place


def _clear(folder: Path) -> None:
    """Empties the folder but for the marker, so that whoever is interrupted here can be run again."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARKER:
            path.unlink()


def _refuse_if_served(data: Path) -> None:
    lock = FolderLock(data)
    if not lock.acquire():
        raise PlaceRefused(f"{data} is looked after by {lock.holder() or 'a server'}; stop it first")
    lock.release()
