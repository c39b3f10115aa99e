"""What does a reader of files say of a row beside its value? Where it stands, in the words of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.domain.errors import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file that has columns.

    `columns` are pairs of a JSON pointer into the value and the column that it came from; `line` is the line of
    the file in which the row begins, counted from 1, where a file has lines. With `problems` there is no value.
    """

    value: Mapping[str, Any]
    columns: Sequence[tuple[str, str]] = ()
    line: int | None = None
    problems: Sequence[Problem] = ()

    def column_of(self, pointer: str) -> str | None:
        """The column that this part of the value came from."""
        for within, column in self.columns:
            if pointer == within or pointer.startswith(within + "/"):
                return column
        return None
