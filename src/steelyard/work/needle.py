"""Is this text in that content, whatever its case, its white space and its Unicode form?

What the database is asked (`like_pattern`) never leaves out a content that holds the text; whether one that it
finds really does is said by `matched`.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

LONGEST_PATTERN = 1000  # characters of a text that the database is asked for
ESCAPE = "!"
# Where markup may stand within words the text in the database is not the text on the screen.
HTML_PATTERN = '%"type": "html"%'
NOT_SHOWN = ("type", "url", "role")
_MARKUP = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)


def folded(text: str) -> str:
    """The form of a text that is compared: NFC, case folded, white space joined and trimmed."""
    joined = " ".join(text.split())
    if joined.isascii():
        return joined.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", joined).casefold())


def texts_of(content: Mapping[str, Any]) -> Iterator[str]:
    """Every text of a content as it was given: texts, messages, titles, the source of HTML."""
    for block in content["blocks"]:
        yield from _texts(block)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name not in NOT_SHOWN:
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def matched(content: Mapping[str, Any], needle: str) -> str | None:
    """`exact` when a text of the content is the (folded) needle, `contains` when it stands in one."""
    found = None
    for block in content["blocks"]:
        for text in _texts(block):
            for reading in _readings(text, needle) if block["type"] == "html" else (folded(text),):
                if reading == needle:
                    return "exact"
                if needle in reading:
                    found = "contains"
    return found


def _readings(source: str, needle: str) -> Iterator[str]:
    """HTML, folded: as it was written and, where the needle may be in it, as it reads, with its elements joined
    and apart."""
    yield folded(source)
    joined = folded(html.unescape(_MARKUP.sub("", source)))
    if needle.replace(" ", "") in joined.replace(" ", ""):
        yield joined
        yield folded(html.unescape(_MARKUP.sub(" ", source)))


# --- what the database is asked ------------------------------------------------------------------------


def like_pattern(needle: str) -> str | None:
    """A LIKE pattern (lower case, escaped by `ESCAPE`) that the JSON of every content with this folded text in
    it matches, when LIKE takes no notice of case; None where nothing can be ruled out.

    JSON is kept in ASCII: other characters are written as \\uXXXX. A character that several others fold to
    leaves open the digits in which they differ; one that may be written in different lengths leaves out all.
    """
    pieces = ["%"]
    for place in range(len(needle)):
        piece = _piece(needle, place)
        if piece != "%" or pieces[-1] != "%":
            pieces.append(piece)
        if len(pieces) > LONGEST_PATTERN:
            break
    if len(pieces) == 1:
        return None
    return "".join(pieces) if pieces[-1] == "%" else "".join([*pieces, "%"])


def _piece(needle: str, place: int) -> str:
    character = needle[place]
    if (
        character == " "
        or unicodedata.combining(character)
        or len(unicodedata.normalize("NFD", character)) > 1
    ):
        return "%"
    if any(_fits(expansion, needle, place) for expansion in _expansions_with(character)):
        return "%"
    written = {_written(source) for source in _sources(character)}
    if len({len(one) for one in written}) != 1:
        return "%"
    merged = [letters[0] if len(set(letters)) == 1 else None for letters in zip(*written, strict=True)]
    return "".join("_" if one is None else f"{ESCAPE}{one}" if one in "%_!" else one for one in merged)


def _written(character: str) -> str:
    return json.dumps(character)[1:-1].lower()


def _fits(expansion: str, needle: str, place: int) -> bool:
    """Whether the character at this place may be a part of `expansion`, what one character folds to."""
    for offset, character in enumerate(expansion):
        if character == needle[place]:
            start = place - offset
            within = range(max(start, 0), min(start + len(expansion), len(needle)))
            if all(needle[at] == expansion[at - start] for at in within):
                return True
    return False


def _sources(character: str) -> set[str]:
    """The characters that fold to this one."""
    return _foldings()[0].get(character, set()) | {character}


def _expansions_with(character: str) -> list[str]:
    return _foldings()[1].get(character, [])


@lru_cache(maxsize=1)
def _foldings() -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """By folded character the other characters that become it alone, and the foldings of one character to
    several that it stands in. Beyond the third plane nothing folds."""
    alone: dict[str, set[str]] = {}
    among: dict[str, list[str]] = {}
    for code in range(0x80, 0x30000):
        if 0xD800 <= code < 0xE000:
            continue
        character = chr(code)
        becomes = folded(character)
        if becomes != character and not character.isspace():
            if len(becomes) == 1:
                alone.setdefault(becomes, set()).add(character)
            for one in set(becomes) if len(becomes) > 1 else ():
                among.setdefault(one, []).append(becomes)
    return alone, among
