"""What does whoever orders a release want in it?

The options stand in the manifest, so that anyone can infer the same again and a successor is made alike; only who
was left out is told nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from steelyard.domain.errors import Invalid, Problem, invalid
from steelyard.domain.times import format_time, parse_time
from steelyard.releases.spdx import check_licence
from steelyard.releases.splits import DEFAULT_SPLITS, SALT, Splits

CONTENTS = ("columns", "references", "none")


@dataclass(frozen=True)
class Options:
    """`without`, `providers`: slugs or names; `since` (included) and `until` (excluded): when a judgment was
    given, in microseconds; `group`: the field of a task's metadata whose equal values stay in one split;
    `licence`: an SPDX expression for what does not have its own."""

    without: tuple[str, ...] = ()
    content: str = "columns"
    pseudonymous: bool = False
    splits: tuple[tuple[str, float], ...] = DEFAULT_SPLITS
    salt: str = SALT
    group: str | None = None
    min_confidence: float | None = None
    reviewed: bool = False
    providers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    licence: str | None = None

    @property
    def picks_judgments(self) -> bool:
        """Whether some judgments of tasks that leave stay out, other than of those left out."""
        return bool(self.providers) or self.since is not None or self.until is not None

    def split(self) -> Splits:
        return Splits(self.splits, self.salt)

    def to_manifest(self, providers: Sequence[str]) -> dict[str, Any]:
        """All that may be told; `providers` are the slugs of those asked for."""
        return {
            "content": self.content,
            "pseudonymous": self.pseudonymous,
            "splits": [[name, share] for name, share in self.splits],
            "salt": self.salt,
            "group": self.group,
            "min_confidence": self.min_confidence,
            "reviewed": self.reviewed,
            "providers": sorted(providers),
            "tags": sorted(self.tags),
            "since": None if self.since is None else format_time(self.since),
            "until": None if self.until is None else format_time(self.until),
            "licence": self.licence,
        }


FIELDS = frozenset(f.name for f in fields(Options)) - {"without"}


def parse_options(raw: Mapping[str, Any], without: Sequence[str] = ()) -> Options:
    """Options as they stand in a manifest; those that are absent are the usual ones. Raises `Invalid`."""
    problems: list[Problem] = []
    unknown = sorted(set(raw) - FIELDS)
    problems += [Problem(f"/{name}", "unknown", "is not an option of a release") for name in unknown]
    found: dict[str, Any] = {"without": tuple(without)}
    for name, value in raw.items():
        if value is None or name in unknown:
            continue
        try:
            found[name] = _READ[name](value, f"/{name}")
        except Invalid as wrong:
            problems += wrong.problems
    if problems:
        raise Invalid(problems)
    options = replace(Options(), **found)
    if options.since is not None and options.until is not None and options.since >= options.until:
        raise invalid("/until", "until", "must be later than since")
    return options


def _texts(value: Any, pointer: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) and v for v in value):
        raise invalid(pointer, "texts", "must be a list of texts")
    return tuple(sorted(set(value)))


def _text(value: Any, pointer: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise invalid(pointer, "text", "must be a text of up to 200 characters")
    return value


def _flag(value: Any, pointer: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(pointer, "flag", "must be true or false")
    return value


def _share(value: Any, pointer: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise invalid(pointer, "confidence", "must be a number from 0 to 1")
    return float(value)


def _content(value: Any, pointer: str) -> str:
    if value not in CONTENTS:
        raise invalid(pointer, "content", f"must be one of {', '.join(CONTENTS)}")
    return value


def _splits(value: Any, pointer: str) -> tuple[tuple[str, float], ...]:
    pairs = value
    if isinstance(value, str):
        pairs = [part.split("=", 1) for part in value.split(",")]
    try:
        found = tuple((str(name).strip(), float(share)) for name, share in pairs)
    except (TypeError, ValueError):
        raise invalid(pointer, "splits", "must be like train=0.8,val=0.1,test=0.1") from None
    names = [name for name, _ in found]
    if not found or len(set(names)) != len(names) or not all(0 < len(n) <= 60 for n in names):
        raise invalid(pointer, "splits", "must have names that differ")
    if not all(0 < share <= 1 for _, share in found) or abs(math.fsum(s for _, s in found) - 1) > 1e-9:
        raise invalid(pointer, "splits", "must have shares above 0 that add up to 1")
    return found


_READ = {
    "content": _content,
    "pseudonymous": _flag,
    "splits": _splits,
    "salt": _text,
    "group": _text,
    "min_confidence": _share,
    "reviewed": _flag,
    "providers": _texts,
    "tags": _texts,
    "since": parse_time,
    "until": parse_time,
    "licence": check_licence,
}
