"""What is to happen to what a provider leaves behind?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import Invalid, NotFound, Problem
from steelyard.domain.states import ProviderStatus
from steelyard.identity.people import provider_named
from steelyard.store.database import Transaction

ANSWERS = ("withdraw", "keep")
FIELDS = ("answers", "rebuild", "to", "backups")


@dataclass(frozen=True)
class Options:
    """`answers`: its answers are withdrawn or kept. `rebuild`: releases that hold them get a successor. `to`:
    slugs of providers that take its place where it was the only one named. `backups`: names of backups
    outside Steelyard's reach that may still hold what it gave."""

    answers: str = "withdraw"
    rebuild: bool = True
    to: tuple[str, ...] = ()
    backups: tuple[str, ...] = ()

    @property
    def withdraws(self) -> bool:
        return self.answers == "withdraw"

    def to_json(self) -> dict[str, Any]:
        return {
            "answers": self.answers,
            "rebuild": self.rebuild,
            "to": list(self.to),
            "backups": list(self.backups),
        }


def options_of(leaving: sa.Row) -> Options:
    """The options that an exit was ordered with."""
    raw = leaving.options or {}
    return Options(
        raw.get("answers", "withdraw"),
        raw.get("rebuild", True),
        tuple(raw.get("to", ())),
        tuple(raw.get("backups", ())),
    )


def parse_options(tx: Transaction, raw: Mapping[str, Any] | None, provider: sa.Row) -> Options:
    """Options from JSON; raises `Invalid` naming every field that is wrong."""
    raw = raw or {}
    problems = [Problem(f"/{k}", "unknown", "is not a field of an exit") for k in raw if k not in FIELDS]
    answers = raw.get("answers") or "withdraw"
    if answers not in ANSWERS:
        problems.append(Problem("/answers", "choice", "must be withdraw or keep"))
    rebuild = True if raw.get("rebuild") is None else raw["rebuild"]
    if not isinstance(rebuild, bool):
        problems.append(Problem("/rebuild", "type", "must be true or false"))
    to: list[str] = []
    for i, name in enumerate(_list(raw, "to", problems)):
        try:
            row = provider_named(tx, name, f"/to/{i}")
        except Invalid as wrong:
            problems += wrong.problems
            continue
        except NotFound as unknown:
            problems.append(Problem(f"/to/{i}", "not_found", unknown.message))
            continue
        if row.id == provider.id or row.status in (ProviderStatus.SUSPENDED, ProviderStatus.EXITED):
            problems.append(Problem(f"/to/{i}", "choice", f"{row.name} cannot take the work over"))
        else:
            to.append(row.slug)
    backups = _list(raw, "backups", problems)
    for i, name in enumerate(backups):
        if not isinstance(name, str) or not name.strip() or len(name) > 500 or not name.isprintable():
            problems.append(Problem(f"/backups/{i}", "type", "must be the name of a backup"))
    if problems:
        raise Invalid(problems)
    return Options(answers, rebuild, tuple(dict.fromkeys(to)), tuple(dict.fromkeys(backups)))


def _list(raw: Mapping[str, Any], name: str, problems: list[Problem]) -> list[Any]:
    given = raw.get(name)
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > 1000:
        problems.append(Problem(f"/{name}", "type", "must be a list"))
        return []
    return given
