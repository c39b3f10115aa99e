"""How much was a provider, or an annotator, shown?

Exact at every moment: sums are kept of the showings themselves, and what they do not hold yet is counted. Prefetched
counts as shown, and what was recalled was seen all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from steelyard.domain.times import format_time
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.exposure_sums import Sum, shown_to, sums
from steelyard.work.showings import NAME, Which


def counts(tx: Transaction, provider_id: int, world: str) -> dict[str, Any]:
    """How much a provider was shown in one world, up to now; as `count`."""
    return count(tx, Which(world, provider_id))


def count(tx: Transaction, which: Which) -> dict[str, Any]:
    """Distinct tasks; showings; distinct tasks by project and by sensitivity; the first and the last time.

    A task shown before and after its project's sensitivity changed counts under both. Below a horizon nothing
    changes, so all pages of one list tell the same.
    """
    return _told(sums(tx, which).get(0, []), which.sensitivity)


def by_annotator(
    tx: Transaction, which: Which, after: int = 0, limit: int = 100
) -> tuple[list[dict[str, Any]], int | None]:
    """The provider's annotators who were shown anything, with how much, and the key to go on after."""
    found: dict[int, list[Sum]] = {}
    while len(found) <= limit and (keys := shown_to(tx, which, after, limit + 1)):
        some = sums(tx, which, keys)
        found |= {key: some[key] for key in keys if key in some}
        after = keys[-1]
    page = list(found)[:limit]
    names = {row.id: row for row in tx.rows(_NAMED, {"keys": page})}
    items = [
        {"annotator": names[key].public_id, "name": names[key].name, **_told(found[key], which.sensitivity)}
        for key in page
    ]
    return items, page[-1] if len(found) > limit else None


_NAMED = (
    sa.select(t.annotator.c.id, t.annotator.c.public_id, NAME.label("name"))
    .join(t.person, t.person.c.id == t.annotator.c.person_id, isouter=True)
    .where(t.annotator.c.id.in_(sa.bindparam("keys", expanding=True)))
)


def _told(found: Sequence[Sum], sensitivity: str | None) -> dict[str, Any]:
    by_project: dict[str, int] = {}
    by_sensitivity: dict[str, int] = {}
    for slug, of_it in _by_project(found).items():
        levels = _levels(of_it)
        if sensitivity is not None:
            levels = {level: n for level, n in levels.items() if level == sensitivity}
        for level, n in levels.items():
            by_sensitivity[level] = by_sensitivity.get(level, 0) + n
        by_project[slug] = (
            sum(one.first_tasks for one in of_it) if sensitivity is None else levels[sensitivity]
        )
    return {
        "tasks": sum(by_project.values()),
        "showings": sum(one.showings for one in found),
        "by_project": dict(sorted(by_project.items())),
        "by_sensitivity": dict(sorted(by_sensitivity.items())),
        # Every content is kept and served by the installation; none is shown from somebody else's server.
        "by_reference": 0,
        "first": format_time(min(one.first for one in found)) if found else None,
        "last": format_time(max(one.last for one in found)) if found else None,
    }


def _by_project(found: Sequence[Sum]) -> dict[str, list[Sum]]:
    by: dict[str, list[Sum]] = {}
    for one in found:
        by.setdefault(one.project, []).append(one)
    return by


def _levels(of_it: Sequence[Sum]) -> dict[str, int]:
    """Distinct tasks of a project by sensitivity. Those shown before it was written down count under the project's
    present one, and once where they were shown at that one as well."""
    levels = {one.sensitivity: one.tasks for one in of_it if one.sensitivity is not None}
    for one in of_it:
        if one.sensitivity is None:
            twice = sum(other.unmarked for other in of_it if other.sensitivity == one.now)
            levels[one.now] = levels.get(one.now, 0) + one.tasks - twice
    return levels
