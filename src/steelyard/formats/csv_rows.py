"""How is a CSV file of tasks read, row by row?

RFC 4180 in UTF-8, with or without a byte order mark; cells may hold line breaks. Errors name the line of the file
in which a row begins, counted from 1, the header being line 1.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO, Any

from steelyard.domain.errors import Problem, TooLarge, invalid
from steelyard.domain.form import Form
from steelyard.formats.rows import Row
from steelyard.formats.task_columns import TaskColumns

CELL_LIMIT = 50_000_000
_SEPARATORS = (",", ";", "\t")


def csv_rows(body: IO[bytes], form: Form) -> Iterator[Row]:
    """The rows below the header. Raises `Invalid` for a header that cannot be used, `TooLarge` for a line that
    does not end."""
    csv.field_size_limit(CELL_LIMIT)
    text = io.TextIOWrapper(
        io.BufferedReader(_Lines(body)), "utf-8-sig", errors="surrogateescape", newline=""
    )
    try:
        first = text.readline()
        if not first.strip():
            raise invalid("", "header", "there is no header: the first line names the columns")
        if first.startswith(("\udcff\udcfe", "\udcfe\udcff")) or "\x00" in first:
            raise invalid("", "encoding", "is UTF-16; save it as UTF-8")
        lines = _Put(first, text)
        separator, names = _header(first, lines, form)
        columns = TaskColumns(names, form)
        yield from _rows(csv.reader(lines, strict=True, delimiter=separator), lines, columns)
    finally:
        text.detach()


class _Put:
    """Lines, the first of which was read already; counts them."""

    def __init__(self, first: str, rest: io.TextIOWrapper) -> None:
        self.number = 0
        self._first: str | None = first
        self._rest = rest

    def __iter__(self) -> _Put:
        return self

    def __next__(self) -> str:
        line, self._first = self._first, None
        if line is None:
            line = next(self._rest)
        self.number += 1
        return line


def _header(first: str, lines: _Put, form: Form) -> tuple[str, list[str]]:
    """The separator with which the first line names columns, and the columns."""
    names = _split(first, ",")
    separator = ","
    for other in _SEPARATORS[1:]:
        if len(names) == 1 and other in first:
            separator = other
    try:
        names = next(csv.reader(lines, strict=True, delimiter=separator))
    except csv.Error as wrong:
        raise invalid("", "header", f"line 1 is not CSV: {wrong}") from None
    if _is_damaged("".join(names)):
        raise invalid(
            "", "encoding", f"line 1 is not UTF-8 ({_damage(''.join(names))}); save the file as UTF-8"
        )
    return separator, [name.strip() for name in names]


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator))
    except (csv.Error, StopIteration):
        return [line]


def _rows(reader: Any, lines: _Put, columns: TaskColumns) -> Iterator[Row]:
    while True:
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            if "field larger" in str(wrong):
                raise TooLarge(f"line {line}: a cell is longer than {CELL_LIMIT} characters") from None
            yield Row({}, (), line, [Problem("", "csv", f"is not CSV: {wrong}")])
            continue
        if cells:
            yield _row(cells, line, columns)


def _row(cells: Sequence[str], line: int, columns: TaskColumns) -> Row:
    if len(cells) != len(columns.names):
        message = f"has {len(cells)} cells where the header has {len(columns.names)}"
        return Row({}, (), line, [Problem("", "cells", message)])
    if _is_damaged("".join(cells)):
        wrong = [(n, cell) for n, cell in zip(columns.names, cells, strict=True) if _is_damaged(cell)]
        problems = [Problem("", "encoding", f"is not UTF-8 ({_damage(wrong[0][1])}); save the file as UTF-8")]
        return Row({}, [("", wrong[0][0])], line, problems)
    return columns.row([cell or None for cell in cells], line)


def _is_damaged(text: str) -> bool:
    """Whether it holds bytes that were no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _damage(text: str) -> str:
    found = next(c for c in text if "\ud800" <= c <= "\udfff")
    return f"byte 0x{ord(found) & 0xFF:02x}"


class _Lines(io.RawIOBase):
    """The bytes of a file; raises `TooLarge` for a line that does not end."""

    def __init__(self, body: IO[bytes]) -> None:
        self._body = body
        self._since = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._since = self._since + len(data) if end < 0 else len(data) - end - 1
        if self._since > CELL_LIMIT:
            raise TooLarge(f"a line is longer than {CELL_LIMIT} bytes")
        return len(data)
