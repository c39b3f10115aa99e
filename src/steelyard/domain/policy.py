"""Under which rules is a project worked on?

A `Policy` is checked when it is written, so whoever reads one later may trust it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from steelyard.domain.errors import Invalid, Problem
from steelyard.domain.money import format_money, parse_money

SENSITIVITIES = ("public", "internal", "restricted", "secret")
MAX_ANSWERS = 1000


@dataclass(frozen=True)
class Allowance:
    """A provider that a project allows: part of the non-gold judgments, judgments at most."""

    name: str
    share: float | None = None
    ceiling: int | None = None

    def to_json(self) -> Any:
        if self.share is None and self.ceiling is None:
            return self.name
        limits = {"share": self.share, "ceiling": self.ceiling}
        return {"name": self.name, **{k: v for k, v in limits.items() if v is not None}}


@dataclass(frozen=True)
class Policy:
    answers: int = 1
    max_answers: int = 1
    target_confidence: float | None = None
    gold_rate: float = 0.0
    review_rate: float = 0.0
    review_below: float | None = None
    review_levels: int = 1
    rejected_to: str = "others"
    training_pass: float | None = None
    stop_below: float | None = None
    stop_after: int = 10
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    lease_s: int = 600
    sensitivity: str = "internal"
    conflicts: tuple[str, ...] = ()
    stake: float = 0.0
    providers: tuple[Allowance, ...] = ()
    different_providers: bool = False
    adjudicate: bool = False
    derivatives: str = "drop"
    budget: int | None = None
    given: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for f in fields(self):
            if f.name == "given":
                continue
            value = getattr(self, f.name)
            if f.name == "providers":
                value = [a.to_json() for a in value]
            elif isinstance(value, tuple):
                value = list(value)
            elif f.name == "budget" and value is not None:
                value = format_money(value)
            out[f.name] = value
        return out


def parse_policy(raw: Mapping[str, Any] | None, base: Policy | None = None, at: str = "/policy") -> Policy:
    """A policy from JSON over `base` (a merge patch: null puts the default back).

    Raises `Invalid` naming every field that is wrong.
    """
    if raw is None:
        return base or Policy()
    if not isinstance(raw, Mapping):
        raise Invalid([Problem(at, "type", "must be an object")])
    problems: list[Problem] = []
    values: dict[str, Any] = {f.name: getattr(base, f.name) for f in fields(Policy)} if base else {}
    for name, value in raw.items():
        if name not in _CHECKS:
            problems.append(Problem(f"{at}/{name}", "unknown", "is not a field of a policy"))
            continue
        if value is None:
            values.pop(name, None)
            continue
        try:
            values[name] = _CHECKS[name](value, f"{at}/{name}")
        except Invalid as wrong:
            problems += wrong.problems
    if problems:
        raise Invalid(problems)
    answers = values.get("answers", 1)
    if "max_answers" not in raw and ("answers" in raw or "max_answers" not in values):
        values["max_answers"] = max(answers, values.get("max_answers", 1)) if base else answers
    elif raw.get("max_answers", 0) is None:
        values["max_answers"] = answers
    if values["max_answers"] < answers:
        message = f"is below answers ({answers})"
        raise Invalid([Problem(f"{at}/max_answers", "range", message)])
    values.pop("given", None)
    return Policy(**values, given=frozenset(raw))


def _wrong(at: str, message: str, code: str = "range") -> Invalid:
    return Invalid([Problem(at, code, message)])


def _whole(low: int, high: int):
    def check(value: Any, at: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _wrong(at, f"must be a whole number from {low} to {high}")
        return value

    return check


def _part(value: Any, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _wrong(at, "must be a number from 0 to 1")
    return float(value)


def _gold_rate(value: Any, at: str) -> float:
    if _part(value, at) > 0.5:
        raise _wrong(at, "must be at most 0.5: more gold than work is a trial, not a project")
    return float(value)


def _flag(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(at, "must be true or false", "type")
    return value


def _one_of(*allowed: str):
    def check(value: Any, at: str) -> str:
        if value not in allowed:
            raise _wrong(at, f"must be one of {', '.join(allowed)}", "choice")
        return value

    return check


def _names(value: Any, at: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise _wrong(at, "must be a list of names", "type")
    return tuple(dict.fromkeys(v.strip() for v in value))


def demanded(value: Any, at: str) -> tuple[str, ...]:
    """Skills or languages, each once, in order, in lower case."""
    if not isinstance(value, list) or not all(
        isinstance(v, str) and 0 < len(v.strip()) <= 100 and v.isprintable() for v in value
    ):
        raise _wrong(at, "must be a list of names of at most 100 characters", "type")
    return tuple(sorted({v.strip().lower() for v in value}))


def _allowances(value: Any, at: str) -> tuple[Allowance, ...]:
    if not isinstance(value, list):
        raise _wrong(at, "must be a list of providers", "type")
    found: list[Allowance] = []
    for i, item in enumerate(value):
        here = f"{at}/{i}"
        if isinstance(item, str):
            item = {"name": item}
        if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or not item["name"].strip():
            raise _wrong(here, 'must be a name or {"name": ..., "share": ..., "ceiling": ...}', "type")
        unknown = set(item) - {"name", "share", "ceiling"}
        if unknown:
            raise _wrong(f"{here}/{sorted(unknown)[0]}", "is not a field of an allowed provider", "unknown")
        share, ceiling = item.get("share"), item.get("ceiling")
        found.append(
            Allowance(
                item["name"].strip(),
                None if share is None else _part(share, f"{here}/share"),
                None if ceiling is None else _whole(0, 10**12)(ceiling, f"{here}/ceiling"),
            )
        )
    return tuple(found)


_CHECKS: dict[str, Any] = {
    "answers": _whole(1, MAX_ANSWERS),
    "max_answers": _whole(1, MAX_ANSWERS),
    "target_confidence": _part,
    "gold_rate": _gold_rate,
    "review_rate": _part,
    "review_below": _part,
    "review_levels": _whole(1, 5),
    "rejected_to": _one_of("others", "same"),
    "training_pass": _part,
    "stop_below": _part,
    "stop_after": _whole(1, 100_000),
    "skills": demanded,
    "languages": demanded,
    "lease_s": _whole(1, 86_400),
    "sensitivity": _one_of(*SENSITIVITIES),
    "conflicts": _names,
    "stake": _part,
    "providers": _allowances,
    "different_providers": _flag,
    "adjudicate": _flag,
    "derivatives": _one_of("drop", "keep"),
    "budget": parse_money,
}
