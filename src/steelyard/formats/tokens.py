"""Where are the words of a text?

Runs of letters, digits and marks are words, every other sign stands alone; nothing is normalised, so that places in
the text stay what they are: Unicode code points.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

_JOINERS = "\u200c\u200d"
_WORD = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Mn", "Mc", "Me", "Pc"))
_MARKS = frozenset(("Mn", "Mc", "Me", "Sk"))


class Token(NamedTuple):
    start: int
    end: int


def tokens(text: str, cuts: Iterable[int] = ()) -> list[Token]:
    """The words of a text in order; no word goes over one of the `cuts`. Whitespace is in none."""
    borders = frozenset(cuts)
    found: list[Token] = []
    start: int | None = None
    in_word = False
    for at, sign in enumerate(text):
        if sign.isspace():
            if start is not None:
                found.append(Token(start, at))
            start = None
            continue
        category = unicodedata.category(sign)
        joins = category in _MARKS or sign in _JOINERS
        word = category in _WORD
        if start is not None and at not in borders and (joins or (word and in_word)):
            in_word = in_word or (word and not joins)
            continue
        if start is not None:
            found.append(Token(start, at))
        start, in_word = at, word
    if start is not None:
        found.append(Token(start, len(text)))
    return found
