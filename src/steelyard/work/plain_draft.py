"""Is this line a task of the usual shape? Then it is checked in one go, while it is decoded.

Whatever is unusual or wrong is left to `check_task`, which says what and where; a draft made here is the one that
it would have made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from steelyard import forms
from steelyard.domain.content import check_url
from steelyard.domain.errors import Invalid, Problem
from steelyard.domain.form import Form
from steelyard.domain.plain_json import EXACT, canonical_plain
from steelyard.formats.storable import parse_json
from steelyard.store.json_text import in_ascii, to_text
from steelyard.work.draft import Draft, KeepInline, check_task

LONGEST = 300_000  # bytes: a line within this is no content that is too large, however it is spelled
_NOTHING: frozenset[str] = frozenset()
_TEXT_ALONE = (_NOTHING, False)
_STORED = "blob:sha256/"

# A whole number that every reader of JSON reads the same; others, as all with a point, are not plain.
_Whole = Annotated[int, Meta(ge=-EXACT, le=EXACT)]
_Said = dict[str, str | bool | _Whole | list[str] | None]


class _Text(Struct, tag="text", tag_field="type", forbid_unknown_fields=True, gc=False):
    text: str


class _Html(Struct, tag="html", tag_field="type", forbid_unknown_fields=True, gc=False):
    text: str


class _Message(Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["system", "user", "assistant", "tool"]
    content: str


class _Chat(Struct, tag="chat", tag_field="type", forbid_unknown_fields=True, gc=False):
    messages: list[_Message]


class _Media(Struct, forbid_unknown_fields=True, gc=False, tag_field="type"):
    url: str


class _Image(_Media, tag="image"): ...


class _Audio(_Media, tag="audio"): ...


class _Video(_Media, tag="video"): ...


class _Document(_Media, tag="document"): ...


class _Content(Struct, forbid_unknown_fields=True, gc=False):
    blocks: Annotated[list[_Text | _Html | _Chat | _Image | _Audio | _Video | _Document], Meta(min_length=1)]


class _Task(Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A task without a form of its own and without demands."""

    content: _Content
    external_id: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    priority: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] | UnsetType = UNSET
    tags: list[Annotated[str, Meta(min_length=1, max_length=200)]] | None = None
    metadata: _Said | None = None
    gold: _Said | None = None
    suggestion: _Said | None = None
    batch: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


_DECODE = msgspec.json.Decoder(_Task).decode
_REFUSED = (msgspec.MsgspecError, UnicodeError, RecursionError)


def check_line(line: bytes, row: int, form: Form, keep_inline: KeepInline) -> Draft | list[Problem]:
    """As `check_task`, of a row that is still JSON."""
    if len(line) <= LONGEST and not (b"\\" in line and b"\\u0000" in line):
        try:
            task = _DECODE(line)
        except _REFUSED:
            pass
        else:
            draft = _drafted(task, row, form)
            if draft is not None:
                return draft
    try:
        raw = parse_json(line)
    except Invalid as wrong:
        return wrong.problems
    return check_task(raw, row, form, keep_inline)


def check_value(
    value: Mapping[str, Any], row: int, form: Form, keep_inline: KeepInline
) -> Draft | list[Problem]:
    """As `check_task`, of what can be stored as it is."""
    try:
        draft = _drafted(msgspec.convert(value, _Task), row, form)
    except _REFUSED:
        draft = None
    if draft is None or len(draft.content) > LONGEST:
        return check_task(value, row, form, keep_inline)
    return draft


def _drafted(task: _Task, row: int, form: Form) -> Draft | None:
    """The draft; None where there is anything to look into."""
    external_id = task.external_id
    if external_id is not None and not external_id.isprintable():
        return None
    blocks = task.content.blocks
    more = _more(task, form)
    if more is _NO_MORE and len(blocks) == 1 and type(blocks[0]) is _Text and task.priority is UNSET:
        content = b'{"blocks":[{"text":%b,"type":"text"}]}' % canonical_plain(blocks[0].text)
        given = b'{"content":' + content
        if external_id is not None:
            given += b',"external_id":' + canonical_plain(external_id)
        digest = hashlib.sha256(given + b"}").digest()
        return Draft(row, external_id, content, in_ascii(content), digest, True)
    shown = _shown(task.content)
    if shown is None or more is None:
        return None
    content = canonical_plain(task.content)
    digest = hashlib.sha256(canonical_plain(task)).digest()
    priority = 0 if task.priority is UNSET else task.priority
    simple = shown == _TEXT_ALONE and task.gold is task.suggestion is task.batch is None
    return Draft(row, external_id, content, in_ascii(content), digest, simple, priority, *shown, None, *more)


def _shown(content: _Content) -> tuple[frozenset[str], bool] | None:
    """The stored blobs that a content shows, and whether something is still elsewhere; None where a URL is to
    be looked into."""
    blobs, foreign = _NOTHING, False
    for block in content.blocks:
        if isinstance(block, _Media):
            if block.url.startswith("data:") or check_url(block.url, ""):
                return None
            if block.url.startswith(_STORED):
                blobs |= {block.url.removeprefix(_STORED)}
            else:
                foreign = True
    return blobs, foreign


_More = tuple[str, str, _Said | None, bool, _Said | None, None, str | None]
_NO_MORE: _More = ("[]", "{}", None, False, None, None, None)


def _more(task: _Task, form: Form) -> _More | None:
    """A draft's fields from `tags` to `batch`; None where there is anything to look into."""
    tags, details, gold, suggestion, batch = task.tags, task.metadata, task.gold, task.suggestion, task.batch
    if tags is details is gold is suggestion is batch is None:
        return _NO_MORE
    if not all(name.isprintable() for name in (batch or "", *(tags or ()))):
        return None
    for said in (details, gold, suggestion):
        if said is not None and not all(map(str.isascii, said)):
            return None  # other rules of order
    for answers in (gold, suggestion):
        if answers is not None and forms.check_answers(form, answers):
            return None
    kept_tags = to_text(list(dict.fromkeys(tags))) if tags else "[]"
    return kept_tags, to_text(details) if details else "{}", gold, False, suggestion, None, batch
