"""How much was shown, without counting all of it?

Sums are kept of all showings up to a row key, the mark; what was written since is counted. A sum is exact at once
and for ever: it ends at a horizon, below which nothing appears any more. A task counts in the showing that was its
first, so that numbers of distinct tasks can be added up, and taken away again below an earlier horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.store.upsert import upsert
from steelyard.work.horizon import Which, horizon, now_of

WORTH = 500  # showings that are added at once, at least; fewer are counted as quickly
AT_ONCE = 1000
BACK = 1000  # showings that may bear a later time than one with a higher key: those of writes at one time

_e, _before = t.exposure, t.exposure.alias("before")
MARK = sa.select(t.installation.c.exposure_summed).scalar_subquery()
_FIGURES = ("showings", "first_tasks", "tasks", "unmarked", "first", "last")
_SCOPES: dict[str, sa.Table] = {"provider_id": t.provider_exposure, "annotator_id": t.annotator_exposure}


@dataclass
class Sum:
    """Of the showings of one provider or annotator in one project at one sensitivity (None: not written down)."""

    project_id: int
    project: str  # its slug
    now: str  # its sensitivity at present
    sensitivity: str | None
    showings: int = 0
    first_tasks: int = 0  # tasks whose first showing, at whatever sensitivity, is among these
    tasks: int = 0
    unmarked: int = 0  # tasks of these that were shown before without a sensitivity
    first: int = 0
    last: int = 0


def scope_of(which: Which) -> tuple[str, int]:
    """The column, and its value, of whom these showings were made to."""
    if which.annotator_id is not None:
        return "annotator_id", which.annotator_id
    assert which.provider_id is not None, "showings are summed by provider and by annotator"
    return "provider_id", which.provider_id


def sums(tx: Transaction, which: Which, annotators: Sequence[int] | None = None) -> dict[int, list[Sum]]:
    """Of these showings by annotator, of those given; without any under 0. Of a sensitivity that was asked for,
    and of showings without one, which follow their project's."""
    column, value = scope_of(which)
    whose = [value]
    if annotators is not None:
        column, whose = "annotator_id", list(annotators)
    found: dict[tuple[int, int, str], Sum] = {}
    changed: set[tuple[int, int, str]] = set()
    for row in tx.rows(_query(column, which), {"whose": whose}):
        key = (row.of if annotators is not None else 0, row.project_id, row.sensitivity)
        if row.sign < 0:
            changed.add(key)
        one = found.setdefault(key, Sum(row.project_id, row.slug, row.now, row.sensitivity or None))
        if row.sign > 0:
            one.first = min(one.first or row.first, row.first)
            one.last = max(one.last, row.last)
        for name in _FIGURES[:4]:
            setattr(one, name, getattr(one, name) + row.sign * getattr(row, name))
    by: dict[int, list[Sum]] = {}
    for key, one in found.items():
        if one.showings and which.sensitivity in (None, one.sensitivity or one.now):
            if key in changed:
                one.last = _last(tx, column, key[0] if annotators is not None else value, one, which)
            by.setdefault(key[0], []).append(one)
    return by


def shown_to(tx: Transaction, which: Which, after: int, most: int) -> list[int]:
    """Annotators of a provider who may have been shown something of this, by their keys; up to `most`."""
    if which.annotator_id is not None:
        return [which.annotator_id] if which.annotator_id > after else []
    kept, c = t.annotator_exposure.c, _e.c
    query = sa.select(kept.annotator_id).where(
        kept.provider_id == which.provider_id, kept.annotator_id > after
    )
    if which.project_id is not None:
        query = query.where(kept.project_id == which.project_id)
    known = query.distinct().order_by(kept.annotator_id).limit(most)
    # By their keys, not by any other index: these are few.
    annotator, provider = c.annotator_id.op("+")(0), c.provider_id.op("+")(0)
    since = (
        sa.select(annotator).where(c.id > MARK, provider == which.provider_id, annotator > after).distinct()
    )
    keys = {key for statement in (known, since) for key in tx.execute(statement).scalars()}
    return sorted(keys)[:most]


def _query(column: str, which: Which) -> sa.Select:
    """Sums up to the mark, what was shown between it and the horizon, and what is beyond this, to be taken away."""
    kept = _SCOPES[column]
    whose = sa.bindparam("whose", expanding=True)
    names = [kept.c.project_id, kept.c.sensitivity, *(kept.c[name] for name in _FIGURES)]
    up_to_mark = sa.select(sa.literal_column("1").label("sign"), kept.c[column].label("of"), *names)
    parts: list[Any] = [
        up_to_mark.where(kept.c[column].in_(whose)),
        _counted(column, 1).where(_e.c.id > MARK, *_up_to(which), _e.c[column].op("+")(0).in_(whose)),
    ]
    if which.horizon is not None:
        beyond = (_e.c.id > which.horizon.row, _e.c.id <= MARK)
        parts.append(_counted(column, -1).where(*beyond, _e.c[column].op("+")(0).in_(whose)))
    all_of_it = sa.union_all(*parts).subquery("summed")
    query = sa.select(all_of_it, t.project.c.slug, now_of(t.project).label("now")).join(
        t.project, t.project.c.id == all_of_it.c.project_id
    )
    query = query.where(t.project.c.world == which.world)
    return query if which.project_id is None else query.where(t.project.c.id == which.project_id)


def _up_to(which: Which) -> list[Any]:
    return [] if which.horizon is None else [_e.c.id <= which.horizon.row]


def _counted(column: str, sign: int, *more: Any) -> sa.Select:
    """Showings counted by whom they were made to, project and sensitivity; `more` columns stand for themselves."""
    level = sa.func.coalesce(_e.c.sensitivity, "")
    # By the task, of which there are few showings; to a provider, or an annotator, there may be very many.
    before = (_before.c.task_id == _e.c.task_id, _before.c[column].op("+")(0) == _e.c[column])
    before = (*before, _before.c.id < _e.c.id)
    first = ~sa.exists().where(*before)
    first_at = ~sa.exists().where(*before, sa.func.coalesce(_before.c.sensitivity, "") == level)
    unmarked = sa.exists().where(*before, _before.c.sensitivity.is_(None))
    return sa.select(
        sa.literal_column(str(sign)).label("sign"),
        _e.c[column].label("of"),
        _e.c.project_id,
        level.label("sensitivity"),
        sa.func.count().label("showings"),
        _number(first).label("first_tasks"),
        _number(first_at).label("tasks"),
        _number(sa.and_(_e.c.sensitivity.is_not(None), first_at, unmarked)).label("unmarked"),
        sa.func.min(_e.c.at).label("first"),
        sa.func.max(_e.c.at).label("last"),
        *more,
    ).group_by(_e.c[column], _e.c.project_id, _e.c.sensitivity, *more)


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(sa.case((condition, 1), else_=0)), sa.BigInteger)


def _last(tx: Transaction, column: str, value: int, one: Sum, which: Which) -> int:
    """When the last showing below the horizon was."""
    assert which.horizon is not None
    level = _e.c.sensitivity.is_(None) if one.sensitivity is None else _e.c.sensitivity == one.sensitivity
    latest = (
        sa.select(_e.c.at)
        .where(_e.c[column] == value, _e.c.project_id == one.project_id, level)
        .where(_e.c.id <= which.horizon.row)
        .order_by(_e.c.id.desc())
        .limit(BACK)
    )
    return tx.scalar(sa.select(sa.func.max(latest.subquery().c.at)))


# --- how the sums go on --------------------------------------------------------------------------------


def sum_up(database: Database, worth: int = WORTH) -> int:
    """Adds what was shown since to the sums; how many showings. Fewer than `worth` are left for later."""
    if database.read(lambda tx: tx.scalar(_SINCE)) < worth:
        return 0
    until = database.write(horizon).row
    added = 0
    while step := database.read(lambda tx: _next(tx, until)):
        if not database.write(step.keep):
            break  # another process was faster, and goes on
        added += step.showings
    return added


# Row keys are drawn without large gaps: near enough to tell whether it is worth while.
_SINCE = sa.select(sa.func.coalesce(sa.func.max(_e.c.id), 0) - MARK)


@dataclass(frozen=True)
class _Step:
    """What is to be added from one row key to another."""

    after: int
    until: int
    showings: int
    rows: dict[str, list[dict[str, Any]]]

    def keep(self, tx: Transaction) -> bool:
        moved = (
            sa.update(t.installation)
            .where(t.installation.c.exposure_summed == self.after)
            .values(exposure_summed=self.until)
        )
        if not tx.execute(moved).rowcount:
            return False
        for column, table in _SCOPES.items():
            new = upsert(tx, table)
            added: dict[str, Any] = {name: table.c[name] + new.excluded[name] for name in _FIGURES[:4]}
            added["first"] = _either(new.excluded.first < table.c.first, new.excluded.first, table.c.first)
            added["last"] = _either(new.excluded.last > table.c.last, new.excluded.last, table.c.last)
            keys = list(table.primary_key.columns)
            tx.execute(new.on_conflict_do_update(index_elements=keys, set_=added), self.rows[column])
        return True


def _either(condition: Any, one: Any, other: Any) -> sa.Case:
    return sa.case((condition, one), else_=other)


def _next(tx: Transaction, until: int) -> _Step | None:
    after = tx.scalar(sa.select(MARK))
    here = (_e.c.id > after, _e.c.id <= until)
    if after >= until:
        return None
    full = tx.scalar(sa.select(_e.c.id).where(*here).order_by(_e.c.id).offset(AT_ONCE - 1).limit(1))
    until = until if full is None else full
    here = (_e.c.id > after, _e.c.id <= until)
    rows: dict[str, list[dict[str, Any]]] = {}
    for column, more in (("provider_id", ()), ("annotator_id", (_e.c.provider_id,))):
        found = tx.rows(_counted(column, 1, *more).where(*here))
        rows[column] = [_row(column, row._mapping) for row in found]
    return _Step(after, until, sum(row["showings"] for row in rows["provider_id"]), rows)


def _row(column: str, counted: Any) -> dict[str, Any]:
    return {column: counted["of"]} | {k: v for k, v in counted.items() if k not in ("of", "sign")}
