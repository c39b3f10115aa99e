"""Where does anything stand that is about one person?

One entry a kind of line; a table that refers to people and has none here has its reason in `LEFT_OUT`. Nothing
that opens a door is told: no digest of a key, of a session or of a link.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard.store import tables as t

PAGE = 500

_me = sa.bindparam("person")
_annotator = sa.bindparam("annotator")
_world = (t.project.c.slug.label("project"), t.project.c.world)


@dataclass(frozen=True)
class Part:
    """Lines of one kind. `keys`: columns by which pages go on, in the order of an index that leads to the rows;
    `scan`: there is none, and the table is looked through by its row key in windows."""

    what: str
    table: sa.Table
    query: sa.Select
    keys: tuple[sa.Column, ...]
    scan: bool = False
    page: sa.Select = field(init=False)
    of_annotator: bool = field(init=False)  # else of the person

    def __post_init__(self) -> None:
        keyed = self.query.add_columns(*(key.label(f"_{i}") for i, key in enumerate(self.keys)))
        after = [sa.bindparam(f"after_{i}", type_=key.type) for i, key in enumerate(self.keys)]
        beyond = self.keys[0] > after[0] if len(after) == 1 else sa.tuple_(*self.keys) > sa.tuple_(*after)
        keyed = keyed.where(beyond)
        if self.scan:
            keyed = keyed.where(self.keys[0] <= sa.bindparam("until"))
        page = keyed.order_by(*self.keys).limit(PAGE)
        object.__setattr__(self, "page", page)
        object.__setattr__(self, "of_annotator", "annotator" in page.compile().params)


def _of(table: sa.Table, *left_out: str) -> list[sa.Column]:
    """A table's own columns that say something: no row keys, no marks of the ledger, none of these."""
    told = set(left_out) | {"id", "public_id", "leaf_salt", "ledger_no"}
    return [c for c in table.columns if c.name not in told and not c.foreign_keys]


def _did(
    what: str,
    table: sa.Table,
    by: sa.Column,
    *more: Any,
    joins: tuple[Any, ...] = (),
    without: tuple[str, ...] = (),
) -> Part:
    """What the person did that no index finds by who did it."""
    ids = [table.c.public_id.label("id")] if "public_id" in table.c else []
    query = sa.select(*ids, *_of(table, *without), *more).select_from(table)
    for other, on in joins:
        query = query.join(other, on, isouter=True)
    return Part(what, table, query.where(by == _me), (table.c.id,), scan=True)


def _in_project(table: sa.Table) -> tuple[Any, Any]:
    return t.project, t.project.c.id == table.c.project_id


_of_provider = t.provider.c.slug.label("provider")
_j, _a, _e, _q = t.judgment, t.assignment, t.exposure, t.question
_task = t.task.c.public_id.label("task")
_its_task = (t.task, t.task.c.id == _j.c.task_id)
_SHOWN = (
    sa.select(*_world, _task, t.content.c.commitment.label("content"), *_of(_e))
    .join(*_in_project(_e))
    .join(t.task, t.task.c.id == _e.c.task_id)
    .join(t.content, t.content.c.id == _e.c.content_id)
    .where(_e.c.annotator_id == _annotator)
)

PARTS = (
    Part(
        "person",
        t.person,
        sa.select(t.person.c.public_id.label("id"), *_of(t.person, "name_key"), _of_provider)
        .join(t.provider)
        .where(t.person.c.id == _me),
        (t.person.c.id,),
    ),
    Part(
        "annotator",
        t.annotator,
        sa.select(t.annotator.c.public_id.label("id"), *_of(t.annotator), _of_provider)
        .join(t.provider)
        .where(t.annotator.c.person_id == _me),
        (t.annotator.c.id,),
    ),
    Part(
        "key",
        t.api_key,
        sa.select(t.api_key.c.public_id.label("id"), *_of(t.api_key, "digest")).where(
            t.api_key.c.person_id == _me
        ),
        (t.api_key.c.id,),
    ),
    Part(
        "session",
        t.session,
        sa.select(*_of(t.session, "digest")).where(t.session.c.person_id == _me),
        (t.session.c.id,),
    ),
    Part(
        "sign_in_link",
        t.sign_in_link,
        sa.select(*_of(t.sign_in_link, "digest")).where(t.sign_in_link.c.person_id == _me),
        (t.sign_in_link.c.digest,),
    ),
    Part(
        "team",
        t.team_member,
        sa.select(t.team.c.public_id.label("id"), t.team.c.name, t.team_member.c.at)
        .join(t.team, t.team.c.id == t.team_member.c.team_id)
        .where(t.team_member.c.person_id == _me),
        (t.team_member.c.team_id,),
    ),
    Part(
        "work_given",
        t.lane,
        sa.select(*_world, t.lane.c.demands).join(*_in_project(t.lane)).where(t.lane.c.person_id == _me),
        (t.lane.c.id,),
    ),
    Part(
        "figures",
        t.workload,
        sa.select(*_world, *_of(t.workload))
        .join(*_in_project(t.workload))
        .where(t.workload.c.annotator_id == _annotator),
        (t.workload.c.project_id,),
    ),
    Part(
        "skill",
        t.skill,
        sa.select(*_world, *_of(t.skill, "question_key"))
        .join(*_in_project(t.skill))
        .where(t.skill.c.annotator_id == _annotator),
        (t.skill.c.project_id, t.skill.c.question_key),
    ),
    Part(
        "assignment",
        _a,
        sa.select(
            *_world, _a.c.public_id.label("id"), _task, _a.c.price, _a.c.claimed_at, _a.c.lease_until
        )
        .join(*_in_project(_a))
        .join(t.task, t.task.c.id == _a.c.task_id)
        .where(_a.c.annotator_id == _annotator, sa.text("assignment.state = 1")),
        (_a.c.id,),
    ),
    Part(
        "draft",
        t.answer_draft,
        sa.select(
            _a.c.public_id.label("assignment"), *_of(t.answer_draft),
        )
        .join(_a, _a.c.id == t.answer_draft.c.assignment_id)
        .where(t.answer_draft.c.annotator_id == _annotator),
        (t.answer_draft.c.assignment_id,),
    ),
    Part(
        "returned",
        t.declined,
        sa.select(_task, *_of(t.declined))
        .join(t.task, t.task.c.id == t.declined.c.task_id)
        .where(t.declined.c.annotator_id == _annotator),
        (t.declined.c.task_id,),
    ),
    Part("exposure", _e, _SHOWN.where(_e.c.sensitivity.is_(None)), (_e.c.project_id, _e.c.id)),
    Part(
        "exposure",
        _e,
        _SHOWN.where(_e.c.sensitivity.is_not(None)),
        (_e.c.project_id, _e.c.sensitivity, _e.c.id),
    ),
    Part(
        "judgment",
        _j,
        sa.select(
            *_world, _j.c.public_id.label("id"), _task, _a.c.public_id.label("assignment"),
            *_of(_j, "idempotency_key", "body_digest", "anonymous"),
            t.judgment_payload.c.answers, t.judgment_payload.c.presentation,
            t.withdrawal.c.reason.label("withdrawn_because"), t.withdrawal.c.at.label("withdrawn_at"),
        )
        .join(*_in_project(_j))
        .join(*_its_task)
        .join(_a, _a.c.id == _j.c.assignment_id, isouter=True)
        .join(t.judgment_payload, t.judgment_payload.c.judgment_id == _j.c.id, isouter=True)
        .join(t.withdrawal, t.withdrawal.c.judgment_id == _j.c.id, isouter=True)
        .where(_j.c.annotator_id == _annotator),
        (_j.c.at, _j.c.id),
    ),
    Part(
        "reviewed",  # what a reviewer said of the person's answer
        t.review,
        sa.select(_j.c.public_id.label("judgment"), t.review.c.verdict, t.review.c.reason, t.review.c.at)
        .select_from(_j)
        .join(t.review, t.review.c.judgment_id == _j.c.id)
        .where(_j.c.annotator_id == _annotator),
        (_j.c.at, t.review.c.id),
    ),
    Part(
        "question",
        _q,
        sa.select(*_world, _q.c.public_id.label("id"), _task, *_of(_q))
        .join(*_in_project(_q))
        .join(t.task, t.task.c.id == _q.c.task_id)
        .where(_q.c.annotator_id == _annotator),
        (_q.c.id,),
    ),
    Part(
        "question_answered",  # what was said in answer to the person
        t.question_message,
        sa.select(_q.c.public_id.label("question"), t.question_message.c.text, t.question_message.c.at)
        .join(_q, _q.c.id == t.question_message.c.question_id)
        .where(_q.c.annotator_id == _annotator),
        (t.question_message.c.id,),
    ),
    Part(
        "gold_result",
        t.gold_result,
        sa.select(*_world, _j.c.public_id.label("judgment"), *_of(t.gold_result))
        .join(*_in_project(t.gold_result))
        .join(_j, _j.c.id == t.gold_result.c.judgment_id)
        .where(t.gold_result.c.annotator_id == _annotator),
        (t.gold_result.c.id,),
        scan=True,
    ),
    Part(
        "refused_answer",
        t.refused_receipt,
        sa.select(
            t.refused_receipt.c.public_id.label("id"), _a.c.public_id.label("assignment"),
            *_of(t.refused_receipt, "salt"),
        )
        .join(_a, _a.c.id == t.refused_receipt.c.assignment_id)
        .where(t.refused_receipt.c.annotator_id == _annotator),
        (t.refused_receipt.c.id,),
        scan=True,
    ),
    _did(
        "review", t.review, t.review.c.person_id, _j.c.public_id.label("judgment"),
        joins=((_j, _j.c.id == t.review.c.judgment_id),),
    ),
    _did(
        "review_item", t.review_item, t.review_item.c.person_id, *_world, joins=(_in_project(t.review_item),),
        without=("kept_from",),  # others
    ),
    _did(
        "withdrawal", t.withdrawal, t.withdrawal.c.person_id, _j.c.public_id.label("judgment"),
        joins=((_j, _j.c.id == t.withdrawal.c.judgment_id),),
    ),
    _did(
        "answer", t.question_message, t.question_message.c.person_id, _q.c.public_id.label("question"),
        joins=((_q, _q.c.id == t.question_message.c.question_id),),
    ),
    _did(
        "clarification", t.clarification, t.clarification.c.person_id, *_world,
        joins=(_in_project(t.clarification),),
    ),
    _did(
        "project_event", t.project_event, t.project_event.c.person_id, *_world,
        joins=(_in_project(t.project_event),),
    ),
    Part(
        "project_deleted",
        t.project,
        sa.select(*_world, t.project.c.deleted_at).where(t.project.c.deleted_by == _me),
        (t.project.c.id,),
        scan=True,
    ),
    Part(
        "gold_sum",
        t.gold_sum,
        sa.select(*_world, t.gold_sum.c.question, t.gold_sum.c.answers, t.gold_sum.c.correct)
        .join(*_in_project(t.gold_sum))
        .where(t.gold_sum.c.annotator_id == _annotator),
        (t.gold_sum.c.project_id, t.gold_sum.c.question),
    ),
    Part(
        "task_created",
        t.task,
        sa.select(*_world, t.task.c.public_id.label("id"), t.task.c.created_at)
        .join(*_in_project(t.task))
        .where(t.task.c.created_by == _me),
        (t.task.c.id,),
        scan=True,
    ),
    _did(
        "interest_recorded", t.interest, t.interest.c.recorded_by, t.organisation.c.name.label("holder"),
        joins=((t.organisation, t.organisation.c.id == t.interest.c.holder_id),),
    ),
    _did(
        "conflict_recorded", t.conflict, t.conflict.c.recorded_by, t.organisation.c.name.label("organisation"),
        joins=((t.organisation, t.organisation.c.id == t.conflict.c.organisation_id),),
    ),
    _did(
        "organisation_change", t.organisation_change, t.organisation_change.c.person_id,
        t.organisation.c.name.label("organisation"),
        joins=((t.organisation, t.organisation.c.id == t.organisation_change.c.organisation_id),),
    ),
    Part(
        "provider_change",  # not what was changed: that may be a provider's secret
        t.provider_change,
        sa.select(_of_provider, t.provider_change.c.at)
        .join(t.provider, t.provider.c.id == t.provider_change.c.provider_id)
        .where(t.provider_change.c.person_id == _me),
        (t.provider_change.c.id,),
        scan=True,
    ),
    *(
        Part(
            name,
            table,
            sa.select(table.c.public_id.label("id"), _of_provider, table.c.state, table.c.at)
            .join(t.provider, t.provider.c.id == table.c.provider_id)
            .where(table.c.person_id == _me),
            (table.c.id,),
            scan=True,
        )
        for name, table in (("exit", t.exit), ("phase_out", t.phase_out), ("drill", t.drill))
    ),
    _did(
        "exit_event", t.exit_event, t.exit_event.c.person_id, t.exit.c.public_id.label("exit"),
        joins=((t.exit, t.exit.c.id == t.exit_event.c.exit_id),),
    ),
    Part(
        "drill_schedule",
        t.drill_schedule,
        sa.select(_of_provider, t.drill_schedule.c.every_days, t.drill_schedule.c.next_at)
        .join(t.provider, t.provider.c.id == t.drill_schedule.c.provider_id)
        .where(t.drill_schedule.c.person_id == _me),
        (t.drill_schedule.c.provider_id,),
    ),
)  # fmt: skip
# What refers to a person and is left out, and why.
LEFT_OUT = {
    t.queue_cursor: "how far the queue was looked through; made anew at any time",
    t.annotator_exposure: "sums of the showings, each of which is told",
}
