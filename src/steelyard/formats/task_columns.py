"""What does a row of a table become as a task?

Every column says by its name what it is. One that is not known is refused before any row is read; what a cell
holds wrongly is left as it is, so that the check of the task tells it as it tells everything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from steelyard.domain.errors import Invalid, Problem, invalid
from steelyard.domain.form import Form
from steelyard.formats.rows import Row
from steelyard.formats.storable import parse_json, step, storable

Cell = Callable[[Any], Any]

BLOCKS = {
    "text": "text", "html": "text", "image": "url", "audio": "url", "video": "url", "document": "url"
}  # fmt: skip
MOST_KNOWN = 1000  # ways in which cells are filled, of which it is kept where they go
WITHIN = ("metadata", "gold", "suggestion")
_BLOCK = re.compile(rf"({'|'.join(BLOCKS)})(\.\d+)?")
_WHOLE = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_YES_OR_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _text(cell: Any) -> Any:
    return str(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _whole(cell: Any) -> Any:
    if isinstance(cell, str) and _WHOLE.fullmatch(cell.strip()):
        return int(cell)
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _number(cell: Any) -> Any:
    if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()):
        whole = _whole(cell)
        return whole if isinstance(whole, int) else float(cell)
    return cell


def _flag(cell: Any) -> Any:
    return _YES_OR_NO.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell


def _json(cell: Any) -> Any:
    return parse_json(cell.encode()) if isinstance(cell, str) else cell


def _names(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    if cell.lstrip().startswith("["):
        return _json(cell)
    return [name.strip() for name in cell.split(";") if name.strip()]


def _same(cell: Any) -> Any:
    return cell


_FIELDS: dict[str, Cell] = {
    "external_id": _text, "content": _json, "priority": _whole, "tags": _names, "metadata": _json, "gold": _json,
    "suggestion": _json, "suggested_by": _same, "form": _json, "batch": _same, "skills": _names,
    "languages": _names, "training": _flag,
}  # fmt: skip
_ANSWERS: dict[str, Cell] = {
    "choice": _text, "choices": _names, "rating": _number, "number": _number, "text": _same
}  # fmt: skip
_TO = {"assign_to.person": "person", "assign_to.team": "team"}
KNOWN = (
    f"{', '.join(_FIELDS)}, {', '.join(_TO)}, {', '.join(BLOCKS)} (also text.2, image.3, ...), metadata.NAME, "
    "gold.QUESTION and suggestion.QUESTION"
)


class _Place(NamedTuple):
    """Where the cells of a column go: to `key` of the task, of its field `within`, or of a block of its content."""

    pointer: str
    within: str | None
    key: str
    read: Cell
    block: str | None = None


class TaskColumns:
    """The columns of one table, in order. Raises `Invalid` where one is unknown, twice there or in another's
    place. Without a column `form` questions are those of `form`."""

    def __init__(self, names: Sequence[str], form: Form) -> None:
        self.names = tuple(names)
        self._own_forms = "form" in self.names
        self._kinds = {question.name: question.kind for question in form.questions}
        wrong = [name for name in names if not self._is_known(name)]
        if wrong:
            raise invalid(f"/{step(wrong[0])}", "unknown_column", self._unknown(wrong))
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise invalid(f"/{step(twice[0])}", "twice", f"there are two columns {twice[0]!r}")
        self._blocks = [name for name in names if _BLOCK.fullmatch(name)]
        if "content" in names and self._blocks:
            message = f"stands beside {self._blocks[0]!r}; a content is given whole or block by block"
            raise invalid("/content", "twice", message)
        if "content" not in names and not self._blocks:
            message = f"there is no column with a content; there may be content, {', '.join(BLOCKS)}"
            raise invalid("", "no_content", message)
        self._places = [self._place(name) for name in names]
        self._known: dict[tuple[bool, ...], Sequence[tuple[str, str]]] = {}
        for name in WITHIN:
            if name in names and any(other.startswith(f"{name}.") for other in names):
                raise invalid(f"/{name}", "twice", f"{name!r} is given whole and by columns of its own")

    def _is_known(self, name: str) -> bool:
        if name in _FIELDS or name in _TO or _BLOCK.fullmatch(name):
            return True
        field, dot, key = name.partition(".")
        if field == "metadata":
            return bool(dot and key)
        answered = key in self._kinds or key in ("note", "not_applicable") or self._own_forms
        return field in ("gold", "suggestion") and bool(dot and key and answered)

    def _unknown(self, wrong: Sequence[str]) -> str:
        found = ", ".join(repr(name[:100]) for name in wrong[:10])
        asked = ", ".join(repr(name) for name in list(self._kinds)[:20])
        return f"is not a column that a task has: {found}; there are {KNOWN}, the questions being {asked}"

    def row(self, cells: Sequence[Any], line: int | None = None) -> Row:
        """The task of one row; a cell is None where it is empty."""
        value: dict[str, Any] = {}
        blocks: list[dict[str, Any]] = []
        problems: list[Problem] = []
        plain = True
        for place, cell in zip(self._places, cells, strict=True):
            if cell is None:
                continue
            if plain and (type(cell) is not str or "\x00" in cell):
                plain = False
            if place.block is not None:
                blocks.append({"type": place.block, place.key: cell})
                continue
            try:
                held = place.read(cell)
            except Invalid as wrong:
                problems += [
                    Problem(f"{place.pointer}{p.pointer}", p.code, p.message) for p in wrong.problems
                ]
                continue
            if place.within is None:
                value[place.key] = held
            else:
                value.setdefault(place.within, {})[place.key] = held
        if blocks:
            value["content"] = {"blocks": blocks}
        elif "content" not in self.names:
            message = f"has no value in any of the columns {', '.join(self._blocks)}"
            problems.append(Problem("/content", "required", message))
        if not plain:  # a text without NUL can be stored, and so can what was read from one
            try:
                storable(value)
            except Invalid as wrong:
                problems += wrong.problems
        return Row(value, self._columns_of(cells), line, problems)

    def _columns_of(self, cells: Sequence[Any]) -> Sequence[tuple[str, str]]:
        """Where the cells that are there went, the most particular place first."""
        there = tuple([cell is not None for cell in cells])
        columns = self._known.get(there)
        if columns is None:
            blocks = count()
            columns = [
                (f"/content/blocks/{next(blocks)}" if place.block is not None else place.pointer, name)
                for name, place, filled in zip(self.names, self._places, there, strict=True)
                if filled
            ]
            columns.sort(key=lambda pair: -len(pair[0]))
            if len(self._known) < MOST_KNOWN:
                self._known[there] = columns
        return columns

    def _place(self, name: str) -> _Place:
        if name in _FIELDS:
            return _Place(f"/{name}", None, name, _FIELDS[name])
        if name in _TO:
            return _Place(f"/assign_to/{_TO[name]}", "assign_to", _TO[name], _same)
        block = _BLOCK.fullmatch(name)
        if block:
            return _Place("/content/blocks", None, BLOCKS[block[1]], _same, block[1])
        field, _, key = name.partition(".")
        read = _same if field == "metadata" else self._answer(key)
        return _Place(f"/{field}/{step(key)}", field, key, read)

    def _answer(self, question: str) -> Cell:
        if question in ("note", "not_applicable"):
            return _flag if question == "not_applicable" else _same
        return _ANSWERS.get(self._kinds.get(question, ""), _guess)


def _guess(cell: Any) -> Any:
    """An answer to a question of a kind that is not flat, or of a form that the row brings."""
    return _json(cell) if isinstance(cell, str) and cell.lstrip().startswith(("{", "[")) else cell


def present(cell: Any) -> Any:
    """A cell's value as JSON has it; None where there is none: nothing, an empty text, or NaN."""
    if cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, Mapping):
        return {key: kept for key, item in cell.items() if (kept := present(item)) is not None}
    if isinstance(cell, list):
        return [present(item) for item in cell]
    return cell
