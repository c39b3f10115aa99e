"""Is this row a task, and if not, what is wrong with it?

A row is checked whole before anything of it is written, and every problem points to its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard import forms
from steelyard.domain.content import MEDIA, check_content
from steelyard.domain.errors import Invalid, Problem
from steelyard.domain.form import Form
from steelyard.ledger.commitments import canonical

FIELDS = (
    "external_id", "content", "form", "priority", "tags", "metadata", "gold", "suggestion", "suggested_by",
    "batch",
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A task that was found right: what is to be written of it."""

    row: int
    external_id: str | None
    content: dict[str, Any]
    form: Form | None
    priority: int
    tags: list[str]
    details: dict[str, Any]
    gold: dict[str, Any] | None
    suggestion: dict[str, Any] | None
    batch: str | None
    digest: bytes
    suggested_by: str | None = None  # the provider whose answer the suggestion is


def check_task(
    raw: Any, row: int, form: Form, keep_inline: Callable[[str, str], str]
) -> Draft | list[Problem]:
    """A draft, or everything that is wrong with this row.

    `form` is the project's current one; `keep_inline(url, pointer)` stores a data: URL and returns its
    blob: address, raising `Invalid` when it cannot.
    """
    if not isinstance(raw, Mapping):
        return [Problem("", "type", "must be an object")]
    problems = [
        Problem(f"/{_escape(k)}", "unknown", "is not a field of a task") for k in raw if k not in FIELDS
    ]
    content = raw.get("content")
    if content is None:
        problems.append(Problem("/content", "required", "is missing"))
    else:
        problems += check_content(content)
    external_id = raw.get("external_id")
    if external_id is not None and not short_text(external_id, 500):
        problems.append(Problem("/external_id", "type", "must be a string of 1 to 500 characters"))
    priority = raw.get("priority", 0)
    if isinstance(priority, bool) or not isinstance(priority, int) or not -1_000_000 <= priority <= 1_000_000:
        problems.append(Problem("/priority", "range", "must be a whole number from -1000000 to 1000000"))
    tags = [] if raw.get("tags") is None else raw["tags"]
    if not isinstance(tags, list) or not all(short_text(tag, 200) for tag in tags):
        problems.append(Problem("/tags", "type", "must be a list of strings of at most 200 characters"))
    details = {} if raw.get("metadata") is None else raw["metadata"]
    if not isinstance(details, Mapping):
        problems.append(Problem("/metadata", "type", "must be an object"))
    own = None
    if raw.get("form") is not None:
        try:
            own = forms.parse_form(raw["form"])
        except Invalid as wrong:
            problems += [Problem(f"/form{p.pointer}", p.code, p.message) for p in wrong.problems]
    for name in ("gold", "suggestion"):
        if raw.get(name) is not None and not (raw.get("form") is not None and own is None):
            problems += forms.check_answers(own or form, raw[name], f"/{name}")
    suggested_by = raw.get("suggested_by")
    if suggested_by is not None and not short_text(suggested_by, 200):
        problems.append(Problem("/suggested_by", "type", "must be the name of a provider"))
    elif suggested_by is not None and raw.get("suggestion") is None:
        problems.append(Problem("/suggested_by", "alone", "stands beside a suggestion only"))
    batch = raw.get("batch")
    if batch is not None and not short_text(batch, 200):
        problems.append(Problem("/batch", "type", "must be the name of a batch"))
    if problems:
        return problems
    try:
        digest = hashlib.sha256(canonical({k: raw.get(k) for k in FIELDS if raw.get(k) is not None})).digest()
        kept = {"blocks": [_kept(b, i, keep_inline) for i, b in enumerate(raw["content"]["blocks"])]}
    except Invalid as wrong:
        return wrong.problems
    return Draft(
        row,
        external_id,
        kept,
        own,
        priority,
        list(dict.fromkeys(tags)),
        dict(details),
        raw.get("gold"),
        raw.get("suggestion"),
        batch,
        digest,
        suggested_by,
    )


def _kept(block: Mapping[str, Any], index: int, keep_inline: Callable[[str, str], str]) -> dict[str, Any]:
    kept = dict(block)
    if kept["type"] in MEDIA and kept["url"].startswith("data:"):
        kept["url"] = keep_inline(kept["url"], f"/content/blocks/{index}/url")
    return kept


def _escape(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def short_text(value: Any, longest: int) -> bool:
    return (
        isinstance(value, str) and 0 < len(value) <= longest and "\x00" not in value and value.isprintable()
    )
