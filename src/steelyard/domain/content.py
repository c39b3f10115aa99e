"""What may be shown? Content is a list of blocks, checked when it comes in.

Every URL in a block is of a kind that the installation can keep: inline data, a stored blob, or http(s).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from steelyard.domain.errors import Problem

MAX_CONTENT_BYTES = 2_000_000
MEDIA = ("image", "audio", "video", "document")
ROLES = ("system", "user", "assistant", "tool")


def check_content(content: Any, at: str = "/content") -> list[Problem]:
    """What is wrong with a content; an empty list when nothing is."""
    if not isinstance(content, Mapping):
        return [Problem(at, "type", 'must be an object like {"blocks": [...]}')]
    unknown = sorted(set(content) - {"blocks"})
    if unknown:
        return [Problem(f"{at}/{unknown[0]}", "unknown", "is not a field of a content")]
    blocks = content.get("blocks")
    if not isinstance(blocks, list) or not blocks:
        return [Problem(f"{at}/blocks", "required", "must be a list of at least one block")]
    problems: list[Problem] = []
    for i, block in enumerate(blocks):
        problems += _check_block(block, f"{at}/blocks/{i}")
    if not problems and len(json.dumps(content)) > MAX_CONTENT_BYTES and not _has_inline(blocks):
        problems.append(Problem(at, "size", f"is larger than {MAX_CONTENT_BYTES} bytes; use a blob"))
    return problems


def _has_inline(blocks: list[Any]) -> bool:
    return any(isinstance(b.get("url"), str) and b["url"].startswith("data:") for b in blocks)


def _check_block(block: Any, at: str) -> list[Problem]:
    if not isinstance(block, Mapping):
        return [Problem(at, "type", "must be an object with a type")]
    kind = block.get("type")
    if kind in ("text", "html"):
        return _check_text(block.get("text"), f"{at}/text")
    if kind == "chat":
        return _check_chat(block.get("messages"), f"{at}/messages")
    if isinstance(kind, str) and kind in MEDIA:
        return check_url(block.get("url"), f"{at}/url")
    return [Problem(f"{at}/type", "choice", f"must be one of text, html, chat, {', '.join(MEDIA)}")]


def _check_text(text: Any, at: str) -> list[Problem]:
    if not isinstance(text, str):
        return [Problem(at, "type", "must be a string")]
    return _check_storable(text, at)


def _check_storable(text: str, at: str) -> list[Problem]:
    if "\x00" in text:
        return [Problem(at, "text", "contains a NUL character")]
    try:
        text.encode()
    except UnicodeEncodeError:
        return [Problem(at, "text", "contains half of a surrogate pair")]
    return []


def _check_chat(messages: Any, at: str) -> list[Problem]:
    if not isinstance(messages, list):
        return [Problem(at, "type", "must be a list of messages")]
    problems: list[Problem] = []
    for i, message in enumerate(messages):
        here = f"{at}/{i}"
        if not isinstance(message, Mapping):
            problems.append(Problem(here, "type", "must be an object with role and content"))
            continue
        if message.get("role") not in ROLES:
            problems.append(Problem(f"{here}/role", "choice", f"must be one of {', '.join(ROLES)}"))
        problems += _check_text(message.get("content"), f"{here}/content")
    return problems


def check_url(url: Any, at: str) -> list[Problem]:
    """What is wrong with the URL of a block; of inline data only that it is data."""
    if not isinstance(url, str) or not url:
        return [Problem(at, "required", "must be a URL")]
    if url.startswith("blob:sha256/"):
        digest = url.removeprefix("blob:sha256/")
        if len(digest) == 64 and all(c in "0123456789abcdef" for c in digest):
            return []
        return [Problem(at, "url", "must be blob:sha256/ and 64 lower-case hex digits")]
    if url.startswith("data:"):
        return []
    try:
        parts = urlsplit(url)
    except ValueError:
        return [Problem(at, "url", "is not a URL")]
    if parts.scheme in ("http", "https") and parts.hostname:
        return _check_storable(url, at)
    return [Problem(at, "url", "must be http(s)://, data: or blob:sha256/")]
