"""Has this annotator been trained for the project, and with what?

Training gold comes before any work and its answer is shown after each submit. It tells nothing about accuracy:
no scorecard, fit or release sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard.domain.policy import Policy
from steelyard.identity.policy import Principal
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.prepared import Prepared
from steelyard.work import workload
from steelyard.work.hidden_gold import GOLD, TRAINING, hold_gold

HIGHEST_KEY = 2**62


@dataclass(frozen=True)
class Lessons:
    """Rows of assignments that were handed out, or why there are none and no work either; neither: go on."""

    taken: Sequence[Any] = field(default=())
    code: str = ""
    because: str = ""


_HELD = Prepared(
    sa.select(t.assignment.c.id)
    .join(t.task, t.task.c.id == t.assignment.c.task_id)
    .where(
        t.assignment.c.project_id == sa.bindparam("project"),
        t.assignment.c.annotator_id == sa.bindparam("me"),
        sa.text("assignment.state = 1"),
        t.task.c.gold == TRAINING,
    )
    .limit(1)
)


def next_lessons(
    tx: Transaction, who: Principal, project_id: int, policy: Policy, load: Any, count: int, until: int
) -> Lessons:
    """Training tasks that this annotator has not answered, held from now on; `load` is its locked workload.

    With all of them answered, the annotator is let in, or stopped where too few answers were right.
    """
    at = {"project": project_id, "me": who.annotator_id, "kind": TRAINING}
    tasks = GOLD.rows(tx, {**at, "low": 0, "high": HIGHEST_KEY, "count": count})
    if tasks:
        return Lessons(hold_gold(tx, who, project_id, tasks, until))
    if _HELD.row(tx, {"project": project_id, "me": who.annotator_id}) is not None:
        return Lessons((), "nothing", "Finish the training first.")
    workload.trained(tx, who.annotator_id, project_id, load.training)
    right, given = load.training_correct, load.training_answers
    if policy.training_pass is not None and right < policy.training_pass * given:
        because = f"{right} of {given} answers of the training were right; {policy.training_pass:.0%} are asked for."
        workload.stop(tx, who.annotator_id, project_id, because)
        return Lessons((), "stopped", because)
    return Lessons()
