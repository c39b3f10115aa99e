"""When are two names the same, and how does a name stand in a path?

Names are compared after NFC, case folding and trimming; a slug never changes once it is made.
"""

from __future__ import annotations

import re
import unicodedata

from steelyard.domain.errors import invalid

MAX_NAME = 200


def name_key(name: str) -> str:
    """The form of a name that is compared: NFC, inner white space joined, case folded, trimmed."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).split()).casefold())


def slugify(name: str, empty: str = "project") -> str:
    """ASCII-folded [a-z0-9-] of a name; `empty` when nothing is left of it."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:80].strip("-") or empty


def checked_name(value: object, pointer: str = "/name") -> str:
    """A name as a person may give it; raises `Invalid` for anything else."""
    if not isinstance(value, str) or not value.strip():
        raise invalid(pointer, "name", "must be a non-empty string")
    trimmed = value.strip()
    if len(trimmed) > MAX_NAME:
        raise invalid(pointer, "name", f"is longer than {MAX_NAME} characters")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in trimmed):
        raise invalid(pointer, "name", "contains a control character")
    return trimmed
