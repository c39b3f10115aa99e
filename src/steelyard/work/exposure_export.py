"""How does exposure leave, for a lawyer, a spreadsheet or another program?

Read in one transaction and below one horizon, so that figures and rows are of the same moment; written piece
by piece, so that it is flat in memory whatever the number of showings. No content and no hash of one leaves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from steelyard.domain.times import format_time
from steelyard.formats import document, separated
from steelyard.formats.document import Document, Section, Table
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.exposure import by_annotator, count
from steelyard.work.showings import MOST, Which, everything

COLUMNS = (
    "at", "task", "content", "project", "sensitivity", "provider", "annotator", "annotator_name", "assignment"
)  # fmt: skip
JSON_ROWS_AT_ONCE = 200


class Format(StrEnum):
    csv = "csv"
    json = "json"
    html = "html"


MEDIA_TYPES = {
    Format.csv: separated.MEDIA_TYPE,
    Format.json: "application/json",
    Format.html: document.MEDIA_TYPE,
}


@dataclass(frozen=True)
class Subject:
    """Whose exposure it is: a provider (by its slug), or one of its annotators (by its id)."""

    kind: str  # provider or annotator
    id: str
    name: str
    provider: str

    @classmethod
    def of_provider(cls, row: sa.Row) -> Subject:
        return cls("provider", row.slug, row.name, row.slug)

    @classmethod
    def of_annotator(cls, row: sa.Row) -> Subject:
        return cls("annotator", row.public_id, row.name, row.provider)


def export(tx: Transaction, which: Which, subject: Subject, fmt: Format) -> Iterator[str]:
    """The showings, of which `which` has the horizon, in pieces of text; to be used up within `tx`."""
    if fmt is Format.csv:
        rows = ([item[name] for name in COLUMNS] for item in everything(tx, which))
        return separated.lines(COLUMNS, rows)
    if fmt is Format.json:
        return _json(tx, which, subject)
    return document.render(_document(tx, which, subject))


def file_name(subject: Subject, which: Which, fmt: Format) -> str:
    day = "" if which.horizon is None else f"-{format_time(which.horizon.at)[:10]}"
    return f"exposure-{subject.id}{day}.{fmt}"


def _head(tx: Transaction, which: Which, subject: Subject) -> dict[str, Any]:
    return {
        "of": {"kind": subject.kind, "id": subject.id, "name": subject.name, "provider": subject.provider},
        "world": which.world,
        "narrowed": _narrowed(tx, which, subject),
        "as_of": None if which.horizon is None else format_time(which.horizon.at),
        "counts": count(tx, which),
        "annotators": list(_annotators(tx, which)) if subject.kind == "provider" else [],
    }


def _narrowed(tx: Transaction, which: Which, subject: Subject) -> dict[str, str]:
    """What was left out by question, so that nobody takes a part for the whole."""
    found: dict[str, str] = {}
    if which.annotator_id is not None and subject.kind == "provider":
        found["annotator"] = tx.scalar(
            sa.select(t.annotator.c.public_id).where(t.annotator.c.id == which.annotator_id)
        )
    if which.project_id is not None:
        found["project"] = tx.scalar(sa.select(t.project.c.slug).where(t.project.c.id == which.project_id))
    if which.sensitivity is not None:
        found["sensitivity"] = which.sensitivity
    return found


def _annotators(tx: Transaction, which: Which) -> Iterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        items, after = by_annotator(tx, which, after, MOST)
        yield from items


def _json(tx: Transaction, which: Which, subject: Subject) -> Iterator[str]:
    yield json.dumps(_head(tx, which, subject), ensure_ascii=False).removesuffix("}") + ', "items": ['
    some: list[str] = []
    comma = ""
    for item in everything(tx, which):
        some.append(json.dumps(item, ensure_ascii=False))
        if len(some) == JSON_ROWS_AT_ONCE:
            yield comma + ",\n".join(some)
            some, comma = [], ",\n"
    yield (comma + ",\n".join(some) if some else "") + "]}\n"


# --- the document --------------------------------------------------------------------------------------

_MEANING = (
    "A showing is written down in the transaction that hands a content out, before its first byte leaves: it is "
    "not undone when an assignment is returned, lapses or is recalled, and what was fetched ahead of an answer "
    "counts. A task that was handed out twice is listed twice.",
    "Everything that was shown up to the moment this document bears is listed, and nothing later. Times are UTC.",
)
_COMMITMENT = (
    "This document does not tell what was shown. Each content stands in it by a commitment: the SHA-256 of 32 "
    "random bytes (the salt) followed by the content as canonical JSON (RFC 8785). From a commitment nobody can "
    "guess a content, nor see that two contents are equal.",
    "Whoever keeps the content can prove that a commitment stands for it, by disclosing its salt and its JSON "
    "to the one who checks, and to nobody else:",
)
_CHECK = """\
steelyard exposure --reveal COMMITMENT > revealed.json

python3 -c '
import hashlib, json
told = json.load(open("revealed.json"))
found = hashlib.sha256(bytes.fromhex(told["salt"]) + told["payload"].encode()).hexdigest()
print("holds" if found == told["content"] else "does not hold")'"""


def _document(tx: Transaction, which: Which, subject: Subject) -> Document:
    head = _head(tx, which, subject)
    counts = head["counts"]
    about = [
        ("Provider" if subject.kind == "provider" else "Annotator", f"{subject.name} ({subject.id})"),
        *([] if subject.kind == "provider" else [("Provider", subject.provider)]),
        ("World", which.world),
        *((f"Only of this {name}", value) for name, value in head["narrowed"].items()),
        ("As of", head["as_of"]),
        ("Tasks shown", counts["tasks"]),
        ("Showings", counts["showings"]),
        ("First", counts["first"]),
        ("Last", counts["last"]),
        ("Shown from other servers", counts["by_reference"]),
    ]
    sections = [
        Section("What is listed", _MEANING),
        Section("In which projects, how sensitive", tables=[_sums("project", counts["by_project"], counts["tasks"]),
                                                           _sums("sensitivity", counts["by_sensitivity"], None)]),
        *([Section("To whom", tables=[_people(head["annotators"], counts)])] if subject.kind == "provider" else []),
        Section("How to check a commitment", _COMMITMENT, code=_CHECK),
        Section("Showings", tables=[_showings(tx, which)]),
    ]  # fmt: skip
    return Document(
        f"Exposure of {subject.name}",
        f"What was shown up to {head['as_of']}",
        about,
        sections,
        ["Drawn up by", "Checked by"],
    )


def _sums(name: str, found: dict[str, int], total: int | None) -> Table:
    totals = None if total is None else ["Together", total]
    return Table([name, "tasks"], found.items(), numeric={1}, totals=totals, empty="Nothing was shown.")


def _people(annotators: list[dict[str, Any]], counts: dict[str, Any]) -> Table:
    rows = (
        [one["annotator"], one["name"], one["tasks"], one["showings"], one["first"], one["last"]]
        for one in annotators
    )
    return Table(
        ["annotator", "name", "tasks", "showings", "first", "last"],
        rows,
        numeric={2, 3},
        code={0},
        whole={4, 5},
        caption="A task that several were shown counts for each of them, and once in the sum.",
        totals=["Together", None, counts["tasks"], counts["showings"], None, None],
        empty="Nobody was shown anything.",
    )


def _showings(tx: Transaction, which: Which) -> Table:
    rows = (
        [
            one["at"],
            one["task"],
            one["content"],
            one["project"],
            one["sensitivity"],
            one["annotator_name"] or one["annotator"],
        ]
        for one in everything(tx, which)
    )
    return Table(
        ["at", "task", "content (commitment)", "project", "sensitivity", "annotator"],
        rows,
        code={1, 2},
        whole={0},
        empty="Nothing was shown.",
    )
