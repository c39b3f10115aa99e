"""What does a list of stakes say, row by row, and what is wrong with it?

A row has `holder`, `held` and `share`, and optionally `since`, and `alias`, `lei` and `country` of the holder.
Nothing is looked up here: a row that is right by itself may still contradict what is recorded.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.domain.errors import Invalid, Problem, invalid
from steelyard.domain.legal import checked_country, checked_lei
from steelyard.domain.names import checked_name
from steelyard.domain.times import parse_time
from steelyard.providers.interests import parse_share
from steelyard.work.tasks import RowProblem

REQUIRED = ("holder", "held", "share")
FIELDS = (*REQUIRED, "since", "alias", "lei", "country")
MOST_ROWS = 10_000


@dataclass(frozen=True)
class StakeRow:
    """One row (counted from 0): `holder` holds `share` millionths of `held`, a provider or an organisation."""

    row: int
    holder: str
    held: str
    share: int
    since: str | None
    alias: str | None
    lei: str | None
    country: str | None


def read_csv(data: bytes) -> list[dict[str, Any]]:
    """The rows of a CSV file in UTF-8 whose header names the columns, in any order.

    Raises `Invalid` for a file that is none, or with a column that is missing or not known.
    """
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise invalid("", "csv", f"is not CSV in UTF-8: {wrong}"[:300]) from None
    header = [name.strip().lower() for name in lines[0]] if lines else []
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in FIELDS]
    if missing or unknown or len(set(header)) < len(header):
        what = f"{', '.join(REQUIRED)} and may name {', '.join(FIELDS[len(REQUIRED) :])}"
        raise invalid(
            "", "header", f"the first line must name {what}, each once; it is {','.join(header)[:200]!r}"
        )
    rows: list[dict[str, Any]] = []
    for cells in lines[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        row: dict[str, Any] = {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
        if len(cells) > len(header):
            row[""] = cells[len(header)]
        rows.append(row)
    return rows


def check_rows(rows: Any) -> tuple[list[StakeRow], list[RowProblem]]:
    """The rows that are right, and every problem of the others; raises `Invalid` for what is no list of them."""
    if not isinstance(rows, list):
        raise invalid("", "type", "must be a list of {holder, held, share, since, alias, lei, country}")
    if len(rows) > MOST_ROWS:
        raise invalid("", "length", f"has {len(rows)} rows; at most {MOST_ROWS} come in at once")
    right: list[StakeRow] = []
    wrong: list[RowProblem] = []
    for number, raw in enumerate(rows):
        try:
            right.append(_checked(number, raw))
        except Invalid as refused:
            wrong += [RowProblem(number, p.pointer, p.code, p.message) for p in refused.problems]
    return right, wrong


def _checked(number: int, raw: Any) -> StakeRow:
    if not isinstance(raw, Mapping):
        raise invalid("", "type", "must be an object with holder, held and share")
    given = {name: value for name, value in raw.items() if value is not None}
    problems = [
        Problem(
            f"/{name}", "unknown", "is not a field of a stake" if name else "has more cells than the header"
        )
        for name in given
        if name not in FIELDS
    ]
    problems += [Problem(f"/{name}", "missing", "is missing") for name in REQUIRED if name not in given]
    found: dict[str, Any] = dict.fromkeys(FIELDS)
    for name, check in _CHECKS.items():
        if name in given:
            try:
                found[name] = check(given[name], f"/{name}")
            except Invalid as refused:
                problems += refused.problems
    if problems:
        raise Invalid(problems)
    return StakeRow(number, **found)


def _since(value: Any, at: str) -> str:
    parse_time(value, at)
    return value.strip()


_CHECKS: dict[str, Any] = {
    "holder": checked_name,
    "held": checked_name,
    "share": parse_share,
    "since": _since,
    "alias": checked_name,
    "lei": checked_lei,
    "country": checked_country,
}
