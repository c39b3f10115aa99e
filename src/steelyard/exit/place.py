"""Where does an exit happen: in the installation itself, or on a copy of it?

On a copy nothing outside is touched: no provider is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steelyard.store.blobs import Blobs
from steelyard.store.database import Database
from steelyard.work.refit import QuestionFit

Fit = Callable[[int], list[QuestionFit]]


@dataclass(frozen=True)
class Place:
    """`fit` fits a project (its row key) away from the caller's process, None: within it. `builder` builds a
    release likewise."""

    database: Database
    blobs: Blobs
    folder: Path
    rehearsal: bool = False
    fit: Fit | None = None
    done_by: str = field(default="")
    settings: dict[str, Any] = field(default_factory=dict)
