"""How many characters must change to make one text of another?

Counted in Unicode code points; the time grows with the product of the lengths over the machine's word.
"""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """The text as compared: NFC, case folded, runs of white space one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def edit_distance(a: str, b: str) -> int:
    """Levenshtein distance by bit-parallel columns: Myers, Journal of the ACM 46 (1999), as Hyyrö (2001)."""
    if a == b:
        return 0
    if len(a) < len(b):
        a, b = b, a
    if not b:
        return len(a)
    places: dict[str, int] = {}
    for index, character in enumerate(b):
        places[character] = places.get(character, 0) | (1 << index)
    full = (1 << len(b)) - 1
    last = 1 << (len(b) - 1)
    rising, falling, distance = full, 0, len(b)
    for character in a:
        match = places.get(character, 0)
        diagonal = (((match & rising) + rising) ^ rising) | match | falling
        up = falling | (full & ~(diagonal | rising))
        down = rising & diagonal
        if up & last:
            distance += 1
        elif down & last:
            distance -= 1
        up = ((up << 1) | 1) & full
        down = (down << 1) & full
        rising = down | (full & ~(diagonal | up))
        falling = up & diagonal
    return distance


def normalised_distance(a: str, b: str) -> float:
    """Edit distance over the longer length, 0 (equal) to 1; two empty texts are equal."""
    longest = max(len(a), len(b))
    return edit_distance(a, b) / longest if longest else 0.0
