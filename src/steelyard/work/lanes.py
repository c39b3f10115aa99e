"""What does an assignment demand of whoever answers it, and which of the waiting work may this annotator take?

A lane is a set of demands; work whose demands an annotator does not meet is never looked at, so it costs the
annotator's claim nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.errors import invalid
from steelyard.domain.ids import is_id
from steelyard.domain.names import name_key
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.upsert import upsert

NOTHING_BACK = 2**62  # above every ordinal: nothing was put back in this lane yet


@dataclass(frozen=True)
class Demands:
    """Skills and languages in lower case, sorted; `person` and `team` are public ids of whom alone it goes to."""

    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    person: str | None = None
    team: str | None = None

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"skills": list(self.skills), "languages": list(self.languages)}
        out |= {"person": self.person, "team": self.team}
        return {name: value for name, value in out.items() if value}

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> Demands:
        return cls(
            tuple(raw.get("skills", ())), tuple(raw.get("languages", ())), raw.get("person"), raw.get("team")
        )


ANYBODY = Demands()


def lane_for(tx: Transaction, project_id: int, demands: Demands = ANYBODY) -> int:
    """The row key of the lane with these demands, made when there is none."""
    raw = demands.to_json()
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    at = {"project": project_id, "digest": digest}
    found = tx.scalar(_FIND, at)
    if found is None:
        tx.execute(
            upsert(tx, t.lane)
            .values(
                project_id=project_id,
                digest=digest,
                demands=raw,
                epoch=0,
                put_back=NOTHING_BACK,
                person_id=_key_of(tx, t.person, demands.person),
                team_id=_key_of(tx, t.team, demands.team),
            )
            .on_conflict_do_nothing()
        )
        found = tx.execute(_FIND, at).scalar_one()
    return found


_FIND = sa.select(t.lane.c.id).where(
    t.lane.c.project_id == sa.bindparam("project"), t.lane.c.digest == sa.bindparam("digest")
)


def _key_of(tx: Transaction, table: sa.Table, public_id: str | None) -> int | None:
    if public_id is None:
        return None
    return tx.execute(sa.select(table.c.id).where(table.c.public_id == public_id)).scalar_one()


def assigned_to(tx: Transaction, raw: Any, pointer: str = "/assign_to") -> Demands:
    """Whom `{"person": name or id}` or `{"team": name or id}` names; null names nobody in particular.

    Raises `Invalid` with the pointer to what is wrong.
    """
    if raw is None:
        return ANYBODY
    wrong = 'must be {"person": name or id} or {"team": name or id}'
    if not isinstance(raw, Mapping) or len(raw) != 1 or next(iter(raw)) not in ("person", "team"):
        raise invalid(pointer, "type", wrong)
    what, named = next(iter(raw.items()))
    if not isinstance(named, str) or not named.strip():
        raise invalid(f"{pointer}/{what}", "type", wrong)
    table = t.person if what == "person" else t.team
    public = None
    if is_id(named):
        public = tx.scalar(sa.select(table.c.public_id).where(table.c.public_id == named))
    if public is None:
        public = tx.scalar(sa.select(table.c.public_id).where(table.c.name_key == name_key(named)))
    if public is None:
        raise invalid(f"{pointer}/{what}", "unknown", f"there is no {what} {named!r}")
    return Demands(person=public) if what == "person" else Demands(team=public)


@dataclass(frozen=True)
class Abilities:
    """What an annotator brings: its person's skills, languages and teams (row keys)."""

    person_id: int | None
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    teams: frozenset[int] = frozenset()

    def lacks(self, skills: Sequence[str], languages: Sequence[str]) -> list[str]:
        """The skills and languages of these that are not there, in words."""
        missing = [f"the skill {name}" for name in skills if name not in self.skills]
        return missing + [f"the language {name}" for name in languages if name not in self.languages]


_PERSON = sa.select(t.person.c.skills, t.person.c.languages).where(t.person.c.id == sa.bindparam("person"))
_TEAMS = sa.select(t.team_member.c.team_id).where(t.team_member.c.person_id == sa.bindparam("person"))


def abilities(tx: Transaction, person_id: int) -> Abilities:
    row = tx.execute(_PERSON, {"person": person_id}).one()
    teams = frozenset(tx.execute(_TEAMS, {"person": person_id}).scalars())
    return Abilities(person_id, frozenset(row.skills), frozenset(row.languages), teams)


def reach(lane: sa.Row, mine: Abilities) -> bool:
    """Whether somebody with these abilities may take work of this lane (a row with demands, person_id, team_id)."""
    if lane.person_id is not None and lane.person_id != mine.person_id:
        return False
    if lane.team_id is not None and lane.team_id not in mine.teams:
        return False
    demands = Demands.of_json(lane.demands)
    return not mine.lacks(demands.skills, demands.languages)
