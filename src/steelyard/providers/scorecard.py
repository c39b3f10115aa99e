"""What is a provider worth?

Accuracy against gold and accuracy as inferred from overlap are told apart, each with a 95 % interval and
the number of answers behind it; without evidence there is no figure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard.domain.money import format_money
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.tally import by_provider

GOLD_ENOUGH = 10  # gold answers from which gold alone prices a correct answer


@dataclass(frozen=True)
class Accuracy:
    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> dict[str, Any]:
        return {
            "value": round(self.value, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "n": self.n,
        }


def accuracy(correct: float, n: int) -> Accuracy | None:
    """correct of n with its 95 % interval; None when there is nothing to go by."""
    if n <= 0:
        return None
    from steelyard.truth.skill import wilson  # numpy, which the server does not need to start

    low, high = wilson(correct, n)
    return Accuracy(correct / n, float(low), float(high), n)


@dataclass
class _Evidence:
    gold_correct: int = 0
    gold_n: int = 0
    correct: float = 0.0
    n: int = 0

    @property
    def gold(self) -> Accuracy | None:
        return accuracy(self.gold_correct, self.gold_n)

    @property
    def inferred(self) -> Accuracy | None:
        return accuracy(self.correct, self.n)

    @property
    def best(self) -> tuple[Accuracy, str] | None:
        """Gold where there is enough of it, else what overlap says, else the little gold there is."""
        if self.gold is not None and (self.gold_n >= GOLD_ENOUGH or self.inferred is None):
            return self.gold, "gold"
        return (self.inferred, "inferred") if self.inferred is not None else None

    def cost_per_correct(self, price: int) -> str | None:
        best = self.best
        return None if best is None or best[0].value <= 0 else format_money(round(price / best[0].value))


@dataclass
class Scorecard:
    """A provider's evidence in one world: in all, by (project slug, question), and by annotator."""

    provider: sa.Row
    judgments: int
    gold_judgments: int
    spent: int
    total: _Evidence = field(default_factory=_Evidence)
    by_question: dict[tuple[str, str], _Evidence] = field(default_factory=dict)
    by_annotator: dict[str, _Evidence] = field(default_factory=dict)
    by_project: dict[str, int] = field(default_factory=dict)

    def to_json(self, currency: str) -> dict[str, Any]:
        price = self.provider.price
        return {
            "provider": self.provider.slug,
            "price": format_money(price),
            "currency": currency,
            "gold": self.total.gold and self.total.gold.to_json(),
            "inferred": self.total.inferred and self.total.inferred.to_json(),
            "cost_per_correct": self.total.cost_per_correct(price),
            "spent": format_money(self.spent),
            "judgments": self.judgments,
            "gold_judgments": self.gold_judgments,
            "projects": [
                {
                    "project": project,
                    "question": question,
                    "judgments": self.by_project.get(project, 0),
                    "gold": e.gold and e.gold.to_json(),
                    "inferred": e.inferred and e.inferred.to_json(),
                    "cost_per_correct": e.cost_per_correct(price),
                }
                for (project, question), e in sorted(self.by_question.items())
            ],
            "annotators": [
                {
                    "annotator": a,
                    "gold": e.gold and e.gold.to_json(),
                    "inferred": e.inferred and e.inferred.to_json(),
                }
                for a, e in sorted(self.by_annotator.items())
            ],
        }


def scorecard(tx: Transaction, provider: sa.Row, world: str) -> Scorecard:
    """All that is known of a provider's worth in one world."""
    found = tx.execute(sa.select(t.project.c.id, t.project.c.slug).where(t.project.c.world == world))
    slugs: dict[int, str] = {row.id: row.slug for row in found}
    sums = by_provider(tx, provider_id=provider.id, world=world)
    card = Scorecard(
        provider,
        sum(s.judgments for s in sums),
        sum(s.gold_judgments for s in sums),
        sum(s.spent for s in sums),
        by_project={slugs[s.project_id]: s.judgments for s in sums},
    )
    golds = tx.execute(
        sa.select(
            t.gold_sum.c.project_id,
            t.gold_sum.c.question,
            t.annotator.c.public_id,
            t.gold_sum.c.answers.label("n"),
            t.gold_sum.c.correct,
        )
        .join(t.annotator, t.annotator.c.id == t.gold_sum.c.annotator_id)
        .where(t.gold_sum.c.provider_id == provider.id)
    )
    for row in golds:
        if row.project_id in slugs:
            for evidence in _places(card, slugs[row.project_id], row.question, row.public_id):
                evidence.gold_n += row.n
                evidence.gold_correct += int(row.correct)
    skills = tx.execute(
        sa.select(
            t.skill.c.project_id, t.skill.c.question, t.annotator.c.public_id, t.skill.c.n, t.skill.c.correct
        )
        .join(t.annotator, t.annotator.c.id == t.skill.c.annotator_id)
        .where(t.annotator.c.provider_id == provider.id)
    )
    for row in skills:
        if row.project_id in slugs:
            for evidence in _places(card, slugs[row.project_id], row.question, row.public_id):
                evidence.n += row.n
                evidence.correct += row.correct
    return card


def _places(card: Scorecard, project: str, question: str, annotator: str) -> list[_Evidence]:
    return [
        card.total,
        card.by_question.setdefault((project, question), _Evidence()),
        card.by_annotator.setdefault(annotator, _Evidence()),
    ]
