"""How does the answer to "who has seen this?" leave, as a file?

A row for each annotator who was shown a content that matches, and one for a content that nobody was shown. What
was asked for is not repeated: neither the text nor a hash of it leaves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.formats import document, separated
from steelyard.formats.document import Document, Section, Table
from steelyard.work.exposure_export import Format
from steelyard.work.seen import Found

COLUMNS = (
    "task", "external_id", "project", "content", "matched", "given_by", "provider", "annotator", "name", "first",
    "last", "times",
)  # fmt: skip
_MEANING = (
    "Contents are compared after Unicode normalisation (NFC), without regard to case and to white space. One that "
    "matches exactly is that text, or that file; one that contains it holds the text among others.",
    "Who gave a content knows it, whether or not it was shown to them here; that provider is named as well.",
)


def export(found: Found, fmt: Format, as_of: str, narrowed: Mapping[str, str] | None = None) -> Iterator[str]:
    """The answer as of a moment (as it is to be printed), in pieces of text; `narrowed` says to which project
    and to whose showings the question was confined."""
    narrowed = dict(narrowed or {})
    if fmt is Format.csv:
        return separated.lines(COLUMNS, ([row[name] for name in COLUMNS] for row in rows(found)))
    if fmt is Format.json:
        return iter(
            [json.dumps({**found.to_json(), "narrowed": narrowed, "as_of": as_of}, ensure_ascii=False) + "\n"]
        )
    return document.render(_document(found, as_of, narrowed))


def rows(found: Found) -> Iterator[dict[str, Any]]:
    """One row for each content and annotator, empty on the right where nobody was shown it."""
    nobody = dict.fromkeys(COLUMNS)
    for item in found.items:
        content = {name: item[name] for name in COLUMNS if name in item}
        yield from ({**nobody, **content, **one} for one in item["shown"] or [{}])


def _document(found: Found, as_of: str, narrowed: Mapping[str, str]) -> Document:
    people = {one["annotator"] for item in found.items for one in item["shown"]}
    about = [
        ("Asked by", {"text": "a text", "hash": "a hash", "file": "a file"}[found.by]),
        *((f"Only of this {name}", value) for name, value in narrowed.items()),
        ("As of", as_of),
        ("Contents searched", found.searched),
        ("Erased before, which could not be searched", found.erased),
        ("Contents that match", len(found.items)),
        ("Annotators who were shown one", len(people)),
    ]
    table = Table(
        ["provider", "annotator", "first", "last", "times", "task", "content (commitment)", "match"],
        (
            [
                row["provider"] or "nobody",
                row["name"] or row["annotator"],
                row["first"],
                row["last"],
                row["times"],
                row["task"],
                row["content"],
                f"{row['matched']}, given by {row['given_by']}",
            ]
            for row in rows(found)
        ),
        numeric={4},
        code={5, 6},
        empty="No content that is kept matches: nobody was shown it.",
    )
    sections = [Section("What matches", _MEANING), Section("Who was shown it", tables=[table])]
    return Document("Who has seen this?", f"As of {as_of}", about, sections, ["Drawn up by", "Checked by"])
