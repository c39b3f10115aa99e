"""How much was a provider, or an annotator, shown?

Counted from the showings themselves. Prefetched counts as shown, and what was recalled was seen all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.showings import DEFAULT_SENSITIVITY, NAME, Which, narrowed

_KEEP = 64


def counts(tx: Transaction, provider_id: int, world: str) -> dict[str, Any]:
    """How much a provider was shown in one world, up to now; as `count`."""
    return count(tx, Which(world, provider_id))


def count(tx: Transaction, which: Which) -> dict[str, Any]:
    """Distinct tasks; showings; distinct tasks by project and by sensitivity; the first and the last time.

    A task shown before and after its project's sensitivity changed counts under both. Below a horizon nothing
    changes, so the pages of one list count once.
    """
    if which.horizon is None:
        return _count(tx, which)
    version = tx.execute(_VERSION).one()
    key = (version.public_id, version.eligibility_version, which)
    known = _counted.get(key)
    if known is None:
        known = _count(tx, which)
        while len(_counted) >= _KEEP:
            _counted.pop(next(iter(_counted)), None)
        _counted[key] = known
    return known


_counted: dict[tuple[str, int, Which], dict[str, Any]] = {}
# A new version is drawn when a project's sensitivity changes, which showings without one of their own follow.
_VERSION = sa.select(t.installation.c.public_id, t.installation.c.eligibility_version)


def _count(tx: Transaction, which: Which) -> dict[str, Any]:
    found = _sums(tx, which)
    return (found.get(0) or _Sum()).to_json()


def by_annotator(
    tx: Transaction, which: Which, after: int = 0, limit: int = 100
) -> tuple[list[dict[str, Any]], int | None]:
    """The provider's annotators who were shown anything, with how much, and the key to go on after."""
    shown = sa.exists(narrowed(sa.select(_e.c.id), which).where(_e.c.annotator_id == t.annotator.c.id))
    rows = tx.rows(
        sa.select(t.annotator.c.id, t.annotator.c.public_id, NAME.label("name"))
        .join(t.person, t.person.c.id == t.annotator.c.person_id, isouter=True)
        .where(t.annotator.c.provider_id == which.provider_id, t.annotator.c.id > after, shown)
        .order_by(t.annotator.c.id)
        .limit(limit + 1)
    )
    page = rows[:limit]
    sums = _sums(tx, which, [row.id for row in page])
    items = [{"annotator": row.public_id, "name": row.name, **sums[row.id].to_json()} for row in page]
    return items, page[-1].id if len(rows) > limit else None


# --- how it is counted ---------------------------------------------------------------------------------

_e = t.exposure


@dataclass
class _Sum:
    tasks: int = 0
    showings: int = 0
    by_project: dict[str, int] = field(default_factory=dict)
    by_sensitivity: dict[str, int] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)

    def add(self, slug: str, rows: Sequence[sa.Row], tasks: int, by_level: dict[str, int]) -> None:
        """The showings of one project: `rows` one for each sensitivity that was written down."""
        self.tasks += tasks
        self.by_project[slug] = tasks
        for level, n in by_level.items():
            self.by_sensitivity[level] = self.by_sensitivity.get(level, 0) + n
        self.showings += sum(row.showings for row in rows)
        self.times += [moment for row in rows for moment in (row.first, row.last)]

    def to_json(self) -> dict[str, Any]:
        return {
            "tasks": self.tasks,
            "showings": self.showings,
            "by_project": dict(sorted(self.by_project.items())),
            "by_sensitivity": dict(sorted(self.by_sensitivity.items())),
            # Every content is kept and served by the installation; none is shown from somebody else's server.
            "by_reference": 0,
            "first": format_time(min(self.times)) if self.times else None,
            "last": format_time(max(self.times)) if self.times else None,
        }


def _sums(tx: Transaction, which: Which, annotators: Sequence[int] | None = None) -> dict[int, _Sum]:
    """Sums by annotator, of those given; without any the sum of all, under 0."""
    projects = {
        row.id: row for row in tx.rows(sa.select(t.project.c.id, t.project.c.slug, t.project.c.policy))
    }
    groups: dict[tuple[int, int], list[sa.Row]] = {}
    for row in tx.rows(_grouped(which, annotators, _e.c.sensitivity)):
        groups.setdefault((row.of, row.project_id), []).append(row)
    now = {key: row.policy.get("sensitivity", DEFAULT_SENSITIVITY) for key, row in projects.items()}
    # Almost always a project's showings all bear one sensitivity, and one pass tells everything.
    mixed = {project: now[project] for (_, project), rows in groups.items() if len(rows) > 1}
    tasks, by_level = _counted_apart(tx, which, annotators, mixed)
    found: dict[int, _Sum] = {}
    for (of, project), rows in groups.items():
        if project not in mixed:
            tasks[of, project] = rows[0].tasks
            by_level[of, project] = {rows[0].level or now[project]: rows[0].tasks}
        sums = found.setdefault(of, _Sum())
        sums.add(projects[project].slug, rows, tasks[of, project], by_level[of, project])
    return found


def _counted_apart(
    tx: Transaction, which: Which, annotators: Sequence[int] | None, mixed: dict[int, str]
) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], dict[str, int]]]:
    """Distinct tasks, and these by sensitivity, in projects whose showings bear several, or none: those with
    none, written before it was noted, count under the project's present one."""
    tasks: dict[tuple[int, int], int] = {}
    by_level: dict[tuple[int, int], dict[str, int]] = {}
    if mixed:
        here = _e.c.project_id.in_(sorted(mixed))
        level = sa.func.coalesce(_e.c.sensitivity, sa.case(mixed, value=_e.c.project_id))
        for row in tx.rows(_grouped(which, annotators, sa.null()).where(here)):
            tasks[row.of, row.project_id] = row.tasks
        for row in tx.rows(_grouped(which, annotators, level).where(here)):
            by_level.setdefault((row.of, row.project_id), {})[row.level] = row.tasks
    return tasks, by_level


def _grouped(which: Which, annotators: Sequence[int] | None, level: sa.ColumnElement[Any]) -> sa.Select:
    of = sa.literal_column("0") if annotators is None else _e.c.annotator_id
    keys: list[Any] = [_e.c.project_id, sa.literal_column("level")]
    query = sa.select(
        of.label("of"),
        _e.c.project_id,
        level.label("level"),
        sa.func.count(sa.distinct(_e.c.task_id)).label("tasks"),
        sa.func.count().label("showings"),
        sa.func.min(_e.c.at).label("first"),
        sa.func.max(_e.c.at).label("last"),
    )
    if annotators is not None:
        query = query.where(_e.c.annotator_id.in_(list(annotators)))
        keys.append(_e.c.annotator_id)
    return narrowed(query, which).group_by(*keys)
