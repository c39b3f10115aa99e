"""What does a row of a table become as a task?

Every column says by its name what it is. One that is not known is refused before any row is read; what a cell
holds wrongly is left as it is, so that the check of the task tells it as it tells everything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steelyard.domain.errors import Invalid, Problem, invalid
from steelyard.domain.form import Form
from steelyard.formats.rows import Row
from steelyard.formats.storable import parse_json, step, storable

Cell = Callable[[Any], Any]

BLOCKS = {
    "text": "text", "html": "text", "image": "url", "audio": "url", "video": "url", "document": "url"
}  # fmt: skip
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
        columns: list[tuple[str, str]] = []
        problems: list[Problem] = []
        for name, cell in zip(self.names, cells, strict=True):
            if cell is None:
                continue
            try:
                place = self._put(name, cell, value, blocks)
            except Invalid as wrong:
                place = f"/{step(name)}" if name in _FIELDS else f"/{name.replace('.', '/', 1)}"
                problems += [Problem(f"{place}{p.pointer}", p.code, p.message) for p in wrong.problems]
            columns.append((place, name))
        if blocks:
            value["content"] = {"blocks": blocks}
        elif "content" not in self.names:
            message = f"has no value in any of the columns {', '.join(self._blocks)}"
            problems.append(Problem("/content", "required", message))
        try:
            storable(value)
        except Invalid as wrong:
            problems += wrong.problems
        columns.sort(key=lambda pair: -len(pair[0]))  # the most particular place first
        return Row(value, columns, line, problems)

    def _put(self, name: str, cell: Any, value: dict[str, Any], blocks: list[dict[str, Any]]) -> str:
        """Puts a cell where it belongs; returns the pointer to that place."""
        if name in _FIELDS:
            value[name] = _FIELDS[name](cell)
            return f"/{name}"
        if name in _TO:
            value.setdefault("assign_to", {})[_TO[name]] = cell
            return f"/assign_to/{_TO[name]}"
        block = _BLOCK.fullmatch(name)
        if block:
            blocks.append({"type": block[1], BLOCKS[block[1]]: cell})
            return f"/content/blocks/{len(blocks) - 1}"
        field, _, key = name.partition(".")
        read = _same if field == "metadata" else self._answer(key)
        value.setdefault(field, {})[key] = read(cell)
        return f"/{field}/{step(key)}"

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
