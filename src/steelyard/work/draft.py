"""Is this row a task, and if not, what is wrong with it?

A row is checked whole before anything of it is written, and every problem points to its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from steelyard import forms
from steelyard.domain.content import MEDIA, check_content
from steelyard.domain.errors import Invalid, Problem
from steelyard.domain.form import Form
from steelyard.domain.policy import demanded
from steelyard.ledger.commitments import canonical
from steelyard.store.json_text import to_text
from steelyard.work.media import blob_digests, has_foreign_url

FIELDS = (
    "external_id", "content", "form", "priority", "tags", "metadata", "gold", "suggestion", "suggested_by",
    "batch", "skills", "languages", "assign_to", "training",
)  # fmt: skip
KeepInline = Callable[[str, str], str]


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A task that was found right: what is to be written of it."""

    row: int
    external_id: str | None
    content: bytes  # canonical JSON: what is committed to
    body: str  # the same as the database keeps it
    digest: bytes  # of the task as it was given
    simple: bool = False  # an ordinary task that shows texts alone: nothing is to be looked up for it
    priority: int = 0
    blobs: frozenset[str] = frozenset()  # digests of what it shows of the stored bytes
    foreign: bool = False  # something of it is still elsewhere
    form: Form | None = None
    tags: str = "[]"  # JSON, as `details`
    details: str = "{}"
    gold: Mapping[str, Any] | None = None
    training: bool = False
    suggestion: Mapping[str, Any] | None = None
    suggested_by: str | None = None  # the provider whose answer the suggestion is
    batch: str | None = None
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    assign_to: tuple[str, str] | None = None  # ("person" or "team", name or id)


def check_task(raw: Any, row: int, form: Form, keep_inline: KeepInline) -> Draft | list[Problem]:
    """A draft, or everything that is wrong with this row.

    `form` is the project's current one; `keep_inline(url, pointer)` stores a data: URL and returns its
    blob: address, raising `Invalid` when it cannot.
    """
    if not isinstance(raw, Mapping):
        return [Problem("", "type", "must be an object")]
    problems = [
        Problem(f"/{_escape(k)}", "unknown", "is not a field of a task") for k in raw if k not in FIELDS
    ]
    if raw.get("content") is None:
        problems.append(Problem("/content", "required", "is missing"))
    else:
        problems += check_content(raw["content"])
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
    batch = raw.get("batch")
    if batch is not None and not short_text(batch, 200):
        problems.append(Problem("/batch", "type", "must be the name of a batch"))
    own, wrong = _own_form(raw)
    problems += wrong
    problems += _check_answers(raw, own or form, checked=not wrong)
    skills, languages, assign_to, wrong = _demands(raw)
    problems += wrong
    if problems:
        return problems
    try:
        digest = hashlib.sha256(canonical({k: raw.get(k) for k in FIELDS if raw.get(k) is not None})).digest()
        kept = {"blocks": [_kept(b, i, keep_inline) for i, b in enumerate(raw["content"]["blocks"])]}
        committed = canonical(kept)
    except Invalid as refused:
        return refused.problems
    blobs, foreign = frozenset(blob_digests(kept)), has_foreign_url(kept)
    unusual = (own, raw.get("gold"), raw.get("suggestion"), batch, assign_to)
    simple = not (blobs or foreign or skills or languages) and all(one is None for one in unusual)
    return Draft(
        row,
        external_id,
        committed,
        to_text(kept),
        digest,
        simple,
        priority,
        blobs,
        foreign,
        own,
        to_text(list(dict.fromkeys(tags))),
        to_text(details),
        raw.get("gold"),
        raw.get("training") is True,
        raw.get("suggestion"),
        raw.get("suggested_by"),
        batch,
        skills,
        languages,
        assign_to,
    )


def _own_form(raw: Mapping[str, Any]) -> tuple[Form | None, list[Problem]]:
    if raw.get("form") is None:
        return None, []
    try:
        return forms.parse_form(raw["form"]), []
    except Invalid as wrong:
        return None, [Problem(f"/form{p.pointer}", p.code, p.message) for p in wrong.problems]


def _check_answers(raw: Mapping[str, Any], form: Form, checked: bool) -> list[Problem]:
    """What is wrong with gold, suggestion and what stands beside them; `checked`: the form is right."""
    problems: list[Problem] = []
    for name in ("gold", "suggestion"):
        if raw.get(name) is not None and checked:
            problems += forms.check_answers(form, raw[name], f"/{name}")
    suggested_by = raw.get("suggested_by")
    if suggested_by is not None and not short_text(suggested_by, 200):
        problems.append(Problem("/suggested_by", "type", "must be the name of a provider"))
    elif suggested_by is not None and raw.get("suggestion") is None:
        problems.append(Problem("/suggested_by", "alone", "stands beside a suggestion only"))
    training = raw.get("training")
    if training is not None and not isinstance(training, bool):
        problems.append(Problem("/training", "type", "must be true or false"))
    elif training and raw.get("gold") is None:
        problems.append(Problem("/training", "alone", "stands beside gold only: training shows the answer"))
    return problems


def _demands(
    raw: Mapping[str, Any],
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, str] | None, list[Problem]]:
    """Skills, languages and whom alone the task goes to; the last is found to exist when it is written."""
    found: dict[str, tuple[str, ...]] = {"skills": (), "languages": ()}
    problems: list[Problem] = []
    for name in found:
        if raw.get(name) is not None:
            try:
                found[name] = demanded(raw[name], f"/{name}")
            except Invalid as wrong:
                problems += wrong.problems
    to = raw.get("assign_to")
    assign_to: tuple[str, str] | None = None
    if to is not None:
        what, named = next(iter(to.items())) if isinstance(to, Mapping) and len(to) == 1 else ("", "")
        if what not in ("person", "team"):
            message = 'must be {"person": name or id} or {"team": name or id}'
            problems.append(Problem("/assign_to", "type", message))
        elif not short_text(named, 200):
            problems.append(Problem(f"/assign_to/{what}", "type", f"must be the name or id of a {what}"))
        else:
            assign_to = (what, named)
    return found["skills"], found["languages"], assign_to, problems


def _kept(block: Mapping[str, Any], index: int, keep_inline: KeepInline) -> dict[str, Any]:
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
