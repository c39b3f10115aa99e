"""How do answers come in by the bundle?

A shipment brings tasks together with the answers that a provider collected elsewhere. Answers without an
annotator belong to the provider's `anonymous`, who gets no skill. It leaves no work behind its own request:
every task it answers is settled when it is written, or waits for a reviewer where the project asks for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy as sa

from steelyard import forms
from steelyard.domain.errors import Conflict, Invalid, Problem, invalid
from steelyard.domain.form import Form
from steelyard.domain.ids import new_id
from steelyard.domain.names import checked_name
from steelyard.domain.policy import parse_policy
from steelyard.domain.states import AssignmentState, ProviderStatus, TaskStatus
from steelyard.domain.times import parse_time
from steelyard.formats.rows import Row
from steelyard.identity.people import provider_named
from steelyard.identity.policy import Action, Principal, require
from steelyard.ledger.commitments import commit
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work import reviewing
from steelyard.work.consensus import Inferred, write_consensus
from steelyard.work.draft import Draft, check_task, short_text
from steelyard.work.intake import FormedRows, retried
from steelyard.work.projects import find_project
from steelyard.work.tally import count_judgments, count_tasks
from steelyard.work.tasks import Created, RowProblem, write_tasks
from steelyard.work.vote import Given, vote

BLOCK = 100  # tasks in one transaction, each with all its answers
ANONYMOUS = "anonymous"
Authenticate = Callable[[Transaction], Principal]


@dataclass
class Received:
    shipment: str
    created: Created = field(default_factory=Created)
    judgments: int = 0


@dataclass(frozen=True)
class _Row:
    draft: Draft
    answers: list[tuple[str | None, dict[str, Any], int | None]]  # annotator, answers, at


def receive(
    database: Database,
    authenticate: Authenticate,
    slug: str,
    provider: str,
    name: str,
    rows: Iterable[Any] | FormedRows,
    *,
    counted: Callable[[Received], None] | None = None,
) -> Received:
    """Takes a shipment of answered tasks: each row is a task with
    `judgments: [{"answers": {...}, "annotator": "id"?, "at": time?}]`, a `Problem` for what could not be read, or
    a `formats.rows.Row`; a function gives them when it is told the project's form.

    Raises what the project, the provider's standing or the caller's role refuses; wrong rows are told.
    """

    def open_shipment(tx: Transaction) -> tuple[int, str, Form]:
        tx.share_showing()
        who = authenticate(tx)
        project = find_project(tx, who, slug, Action.CREATE_TASKS)
        require(who, Action.CREATE_TASKS, project.id)
        giver = provider_named(tx, provider)
        _check_giver(giver)
        public = new_id(tx.now)
        key = tx.added(
            sa.insert(t.shipment).values(
                public_id=public,
                provider_id=giver.id,
                project_id=project.id,
                name=checked_name(name),
                received_at=tx.now,
            )
        )
        body = tx.execute(sa.select(t.form.c.body).where(t.form.c.id == project.form_id)).scalar_one()
        return key, public, forms.parse_form(body)

    shipment_id, public, form = database.write(open_shipment)
    received = Received(public)
    numbered = enumerate(rows(form) if callable(rows) else rows)
    while block := list(islice(numbered, BLOCK)):
        good: list[_Row] = []
        for row, raw in block:
            checked = _checked(raw, row, form)
            if isinstance(checked, _Row):
                good.append(checked)
            else:
                received.created.wrong += 1
                received.created.problems += [_told(row, raw, problem) for problem in checked]
        del received.created.problems[1000:]
        if good:
            part, judged = retried(
                database, lambda tx, good=good: _write(tx, authenticate, slug, shipment_id, form, good)
            )
            received.created.add(part)
            received.judgments += judged
        if counted is not None:
            counted(received)
    return received


def _check_giver(giver: sa.Row) -> None:
    if giver.status in (ProviderStatus.SUSPENDED, ProviderStatus.EXITED):
        raise Conflict(f"{giver.name} is {giver.status}", "provider_stopped")


def _checked(raw: Any, row: int, form: Form) -> _Row | Sequence[Problem]:
    if isinstance(raw, Problem):
        return [raw]
    if isinstance(raw, Row):
        return raw.problems or _check(raw.value, row, form)
    return _check(raw, row, form)


def _told(row: int, raw: Any, problem: Problem) -> RowProblem:
    place = (raw.line, raw.column_of(problem.pointer)) if isinstance(raw, Row) else (None, None)
    return RowProblem(row, problem.pointer, problem.code, problem.message, *place)


def _check(raw: Any, row: int, form: Form) -> _Row | list[Problem]:
    if not isinstance(raw, Mapping):
        return [Problem("", "type", "must be an object")]
    given = raw.get("judgments")
    task = {k: v for k, v in raw.items() if k != "judgments"}

    def refuse_inline(url: str, pointer: str) -> str:
        raise invalid(pointer, "url", "a shipment takes blob: addresses, not data: URLs")

    draft = check_task(task, row, form, refuse_inline)
    problems = [] if isinstance(draft, Draft) else list(draft)
    if raw.get("gold") is not None:
        message = "a task of a shipment is no gold: its answers would be judged, not counted"
        problems.append(Problem("/gold", "not_here", message))
    if not isinstance(given, list) or not given:
        problems.append(Problem("/judgments", "required", "must be a list of at least one answer"))
        return problems
    answers = []
    asked = (draft.form if isinstance(draft, Draft) else None) or form
    named: set[str] = set()
    for i, item in enumerate(given):
        at = f"/judgments/{i}"
        if not isinstance(item, Mapping):
            problems.append(Problem(at, "type", "must be an object with answers"))
            continue
        problems += forms.check_answers(asked, item.get("answers"), f"{at}/answers")
        annotator = item.get("annotator")
        if annotator is not None and not short_text(annotator, 200):
            message = "must be a string of 1 to 200 printable characters"
            problems.append(Problem(f"{at}/annotator", "type", message))
        elif annotator is not None and annotator != ANONYMOUS:
            if annotator in named:
                problems.append(Problem(f"{at}/annotator", "twice", "answers this task twice"))
            named.add(annotator)
        moment = None
        if item.get("at") is not None:
            try:
                moment = parse_time(item["at"], f"{at}/at")
            except Invalid as wrong:
                problems += wrong.problems
        answers.append((None if annotator == ANONYMOUS else annotator, item.get("answers"), moment))
    if problems or not isinstance(draft, Draft):
        return problems
    return _Row(draft, answers)


def _write(
    tx: Transaction, authenticate: Authenticate, slug: str, shipment_id: int, form: Form, good: list[_Row]
) -> tuple[Created, int]:
    tx.share_showing()
    who = authenticate(tx)
    project = find_project(tx, who, slug, Action.CREATE_TASKS)
    shipment = tx.execute(sa.select(t.shipment).where(t.shipment.c.id == shipment_id)).one()
    # Again in every block: the provider may have been left since the shipment began.
    _check_giver(tx.execute(sa.select(t.provider).where(t.provider.c.id == shipment.provider_id)).one())
    created = write_tasks(tx, who, project, [r.draft for r in good], shipment=shipment, no_answers=True)
    found = {
        row.public_id: row
        for row in tx.execute(
            sa.select(t.task)
            .where(t.task.c.public_id.in_([i for i in created.ids if i is not None]))
            .order_by(t.task.c.id)
            .with_for_update(key_share=True)
        )
    }
    annotators = _annotators(tx, shipment.provider_id, {a for r in good for a, _, _ in r.answers})
    rows, payloads, by_task = [], [], []
    for item, public in zip(good, created.ids, strict=True):
        task = found.pop(public, None) if public is not None else None
        if task is None or task.answers or task.gold:
            continue  # changed, or its answers came before: the same row or the same shipment sent twice
        mine = []
        for annotator, answers, moment in item.answers:
            key = new_id(tx.now)
            salt, commitment = commit(answers)
            anonymous = annotator is None
            rows.append(
                {
                    "public_id": key,
                    "project_id": project.id,
                    "task_id": task.id,
                    "annotator_id": annotators[annotator],
                    "provider_id": shipment.provider_id,
                    "shipment_id": shipment.id,
                    "form_id": task.form_id or project.form_id,
                    "commitment": commitment,
                    "price": 0,
                    "at": moment if moment is not None else tx.now,
                    "anonymous": anonymous,
                }
            )
            payloads.append((answers, salt))
            mine.append((key, answers))
        by_task.append((task, item.draft.form or form, mine))
    if rows:
        keys = tx.execute(
            sa.insert(t.judgment).returning(t.judgment.c.id, sort_by_parameter_order=True), rows
        ).scalars().all()  # fmt: skip
        tx.execute(
            sa.insert(t.judgment_payload),
            [
                {"judgment_id": key, "answers": answers, "salt": salt}
                for key, (answers, salt) in zip(keys, payloads, strict=True)
            ],
        )
        _settle(tx, project, by_task)
        added = {"judgments": len(rows), "gold_judgments": 0, "spent": 0}
        count_judgments(tx, project.id, shipment.provider_id, 0, added)
        tx.execute(
            sa.update(t.shipment)
            .where(t.shipment.c.id == shipment.id)
            .values(rows=t.shipment.c.rows + len(by_task))
        )
    return created, len(rows)


def _annotators(tx: Transaction, provider_id: int, names: set[str | None]) -> dict[str | None, int]:
    """Row keys of the provider's annotators with these external ids, made where they are new."""
    found: dict[str | None, int] = {}
    for name in sorted(names, key=lambda n: n or ""):
        external = ANONYMOUS if name is None else name
        where = (t.annotator.c.provider_id == provider_id, t.annotator.c.external_id == external)
        key = tx.execute(sa.select(t.annotator.c.id).where(*where)).scalar()
        if key is None:
            key = tx.added(
                sa.insert(t.annotator).values(
                    public_id=new_id(tx.now),
                    provider_id=provider_id,
                    external_id=external,
                    anonymous=name is None,
                    created_at=tx.now,
                )
            )
        found[name] = key
    return found


_ANSWERED = (
    sa.update(t.task)
    .where(t.task.c.id == sa.bindparam("key"))
    .values(
        answers=sa.bindparam("n"),
        wanted=sa.bindparam("n"),
        form_id=sa.bindparam("form"),
        status=TaskStatus.SETTLED.value,
        settled_at=sa.bindparam("moment"),
    )
)


def _settle(
    tx: Transaction, project: sa.Row, by_task: list[tuple[sa.Row, Form, list[tuple[str, Any]]]]
) -> None:
    """A vote per task, in the request that brought the answers."""
    answered = [
        {"key": task.id, "n": len(given), "form": task.form_id or project.form_id, "moment": tx.now}
        for task, _, given in by_task
    ]
    tx.execute(_ANSWERED, answered)
    inferred = [
        Inferred(
            task.id,
            vote(form, [Given(key, answers) for key, answers in given]),
            [key for key, _ in given],
            "vote",
        )
        for task, form, given in by_task
    ]
    write_consensus(tx, project.id, inferred)
    tx.execute(  # of a task that was in the queue before, what nobody holds is wanted no more
        sa.update(t.assignment)
        .where(
            t.assignment.c.task_id.in_([task.id for task, _, _ in by_task]),
            t.assignment.c.state.in_((int(AssignmentState.READY), int(AssignmentState.WAITING))),
        )
        .values(state=int(AssignmentState.CANCELLED))
    )
    count_tasks(
        tx,
        project.id,
        settled=sum(task.status != TaskStatus.SETTLED for task, _, _ in by_task),
        reviewing=-sum(task.status == TaskStatus.REVIEW for task, _, _ in by_task),
        wanted=sum(len(given) - task.wanted for task, _, given in by_task),
        overlapping=sum(len(given) > 1 for _, _, given in by_task),
    )
    reviewing.drop(tx, [task.id for task, _, _ in by_task if task.status == TaskStatus.REVIEW])
    _send_to_review(tx, project, {i.task_id: i.outcome.confidence for i in inferred})


def _send_to_review(tx: Transaction, project: sa.Row, confidence: dict[int, float]) -> None:
    """What was shipped is looked at under the same policy as what was answered here."""
    policy = parse_policy(project.policy)
    if not reviewing.asked_for(policy):
        return
    for task in tx.rows(sa.select(t.task).where(t.task.c.id.in_(sorted(confidence)))):
        why = reviewing.why_review(tx, task, policy, None, confidence[task.id], first=True)
        if why:
            reviewing.send(tx, project.id, task, why)
