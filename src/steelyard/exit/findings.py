"""What does the database still say of a provider that was left?

Every finding is one question with the number of things that speak against it; nothing is taken from the
record of the exit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.domain.policy import parse_policy
from steelyard.domain.states import ProviderStatus, TaskStatus
from steelyard.exit.reroute import naming
from steelyard.exit.revoke import callbacks_of, keys_of, links_of, sessions_of
from steelyard.exit.withdraw import drafts_of
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work import standing
from steelyard.work.recall import held_by

PAGE = 2000
_j = t.judgment
_ids = sa.bindparam("ids", expanding=True)
_MINE = (
    sa.select(_j.c.id, _j.c.public_id, _j.c.task_id)
    .where(_j.c.provider_id == sa.bindparam("provider"), _j.c.id > sa.bindparam("after"))
    .order_by(_j.c.id)
    .limit(PAGE)
)
_CONSENSUS = sa.select(t.consensus.c.task_id, t.consensus.c.judgments, t.consensus.c.value_from).where(
    t.consensus.c.task_id.in_(_ids), t.CONSENSUS_IS_CURRENT
)


@dataclass(frozen=True)
class Finding:
    """`found`: how many things speak against it; `detail` names the first few."""

    name: str
    title: str
    found: int
    detail: str = ""

    @property
    def holds(self) -> bool:
        return self.found == 0

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "holds": self.holds,
            "found": self.found,
            "detail": self.detail,
        }


def database_findings(tx: Transaction, provider: sa.Row, *, withdrawn: bool) -> list[Finding]:
    """All that the database can say, in one snapshot. `withdrawn`: its answers were to be taken out."""
    shown = [
        row.slug
        for row in tx.rows(sa.select(t.project.c.id, t.project.c.slug))
        if standing.verdict(tx, provider.id, row.id, gold=True).allowed
    ]
    named = [project.slug for project, _ in naming(tx, provider)]
    callbacks = [callback["what"] for callback in callbacks_of(provider)]
    findings = [
        Finding("exited", "Its status is exited", int(provider.status != ProviderStatus.EXITED),
                f"it is {provider.status}"),
        _named("shown", "No project may show it a task", shown),
        Finding("held", "It holds no assignment", held_by(tx, provider.id)),
        Finding("keys", "No key of its people holds", len(keys_of(tx, provider.id))),
        Finding("sessions", "Nobody of it is signed in", sessions_of(tx, provider.id)),
        Finding("links", "No sign-in link of its people can be used", links_of(tx, provider.id)),
        _named("callbacks", "No address or secret of it is configured", callbacks),
        _named("named", "No project's policy names it", named),
    ]  # fmt: skip
    if withdrawn:
        findings += _answers(tx, provider)
    return findings


def _answers(tx: Transaction, provider: sa.Row) -> list[Finding]:
    me = provider.id
    current = sa.select(sa.func.count()).select_from(_j).where(_j.c.provider_id == me, _j.c.current)
    skills = (
        sa.select(sa.func.count())
        .select_from(t.skill)
        .join(t.annotator, t.annotator.c.id == t.skill.c.annotator_id)
        .where(t.annotator.c.provider_id == me)
    )
    gold = sa.select(sa.func.count()).select_from(t.gold).where(
        t.gold.c.provider_id == me, t.gold.c.ended_at.is_(None)
    )  # fmt: skip
    suggestions = sa.select(sa.func.count()).select_from(t.task).where(t.task.c.suggestion_by == me)
    asked = (TaskStatus.OPEN, TaskStatus.REVIEW, TaskStatus.SETTLED)
    contents = (
        sa.select(sa.func.count())
        .select_from(t.task)
        .join(t.content, t.content.c.id == t.task.c.content_id)
        .where(t.content.c.provider_id == me, t.task.c.status.in_(asked))
    )
    drafts = sa.select(sa.func.count()).select_from(drafts_of(me).subquery())
    resting = sum(1 for _ in _resting(tx, me))
    return [
        Finding("judgments", "No judgment of it counts", tx.scalar(current)),
        Finding("derived", "Nothing that counts was made from its answers", _derived(tx, me)),
        Finding("consensus", "No answer in use rests on a judgment of it", resting),
        Finding("skills", "No fit weighs its annotators", tx.scalar(skills)),
        Finding("gold", "No gold answer is one it gave", tx.scalar(gold)),
        Finding("suggestions", "No task shows a suggestion of it", tx.scalar(suggestions)),
        Finding("contents", "No content that it gave is asked or answered", tx.scalar(contents)),
        Finding("drafts", "No unfinished answer of its people is kept", tx.scalar(drafts)),
    ]


def judgments_of(tx: Transaction, provider_id: int) -> Iterator[Sequence[sa.Row]]:
    """All judgments it ever gave (row key, public id, task), withdrawn or not, page by page."""
    after = 0
    while page := tx.rows(_MINE, {"provider": provider_id, "after": after}):
        yield page
        after = page[-1].id


def _resting(tx: Transaction, provider_id: int) -> Iterator[int]:
    """The tasks whose current answer names one of its judgments."""
    for page in judgments_of(tx, provider_id):
        mine: dict[int, set[str]] = {}
        for row in page:
            mine.setdefault(row.task_id, set()).add(row.public_id)
        for row in tx.rows(_CONSENSUS, {"ids": sorted(mine)}):
            ids = mine[row.task_id]
            if row.value_from in ids or not ids.isdisjoint(row.judgments):
                yield row.task_id


def _derived(tx: Transaction, provider_id: int) -> int:
    """How many judgments of others count that were made from its: fixes of fixes included, and answers given
    with its suggestion on the screen; in projects that drop derivatives."""
    drops = {
        row.id
        for row in tx.rows(sa.select(t.project.c.id, t.project.c.policy))
        if parse_policy(row.policy).derivatives == "drop"
    }
    columns = (_j.c.id, _j.c.project_id, _j.c.based_on, _j.c.provider_id, _j.c.current, _j.c.suggested_by)
    made = tx.rows(sa.select(*columns).where(_j.c.based_on.is_not(None)))
    known = {row.id: row for row in made}
    ground = {row.based_on for row in made} - known.keys()
    for at in range(0, len(ground), PAGE):
        some = sorted(ground)[at : at + PAGE]
        known |= {row.id: row for row in tx.rows(sa.select(*columns).where(_j.c.id.in_(some)))}

    def tainted(row: sa.Row) -> bool:
        seen: set[int] = set()
        at: sa.Row | None = known.get(row.based_on)
        while at is not None and at.id not in seen:
            if at.provider_id == provider_id or at.suggested_by == provider_id:
                return True
            seen.add(at.id)
            at = known.get(at.based_on)
        return False

    fixes = sum(row.current and row.project_id in drops and tainted(row) for row in made)
    suggested = sa.select(sa.func.count()).select_from(_j).where(
        _j.c.suggested_by == provider_id, _j.c.current, _j.c.based_on.is_(None), _j.c.project_id.in_(drops)
    )  # fmt: skip
    return fixes + tx.scalar(suggested)


def _named(name: str, title: str, against: Sequence[str]) -> Finding:
    return Finding(name, title, len(against), ", ".join(against[:10]))
