"""Where is the picture that an annotation speaks of? Only ever in the folders that were named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from steelyard.domain.errors import TooLarge
from steelyard.formats.image_head import picture
from steelyard.formats.reading import Reading, Task, within


class PictureFiles:
    """The pictures of some annotations: below the folder that was named for them, else in one of `folders` of their
    home. No name leads out of it."""

    def __init__(self, reading: Reading, home: Path, folders: Sequence[str]) -> None:
        self._reading = reading
        self._folders = ("",) if reading.images else folders
        self._root = reading.images or home

    def find(self, name: str) -> Path | None:
        for folder in self._folders:
            found = within(self._root / folder, name)
            if found is not None:
                return found
        return None

    def show(self, task: Task, name: str, url: str | None = None) -> Path | None:
        """Adds the picture to a task, by its bytes or else by its URL; where neither is there, that is wrong with
        the task."""
        path = self.find(name)
        if path is not None:
            with path.open("rb") as file:
                known = picture(file)
            if known is None:
                task.problems.append(f"{name}: is no PNG, JPEG, GIF, WebP or BMP")
                return None
            try:
                task.blocks.append({"type": "image", "url": self._reading.url(path)})
            except TooLarge as wrong:
                task.problems.append(wrong.message)
            return path
        address = url or name
        if address.startswith(("http://", "https://")):
            task.blocks.append({"type": "image", "url": address})
        else:
            task.problems.append(f"there is no picture {name!r} in {self._root.name or self._root}")
        return None
