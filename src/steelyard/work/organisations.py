"""Which legal entities are there, and with whom is there a conflict?

Names and aliases are unique; one that does not exist is made. History stays: what no longer holds is ended,
never deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from steelyard.domain.ids import new_id
from steelyard.domain.names import checked_name, name_key
from steelyard.store import tables as t
from steelyard.store.database import Transaction


def organisation_named(tx: Transaction, name: str, pointer: str = "/organisation") -> int:
    """The row key of the organisation with this name or alias, made when there is none."""
    name = checked_name(name, pointer)
    key = name_key(name)
    find = sa.select(t.organisation_name.c.organisation_id).where(t.organisation_name.c.name_key == key)
    found = tx.execute(find).scalar()
    if found is None:
        found = tx.added(
            sa.insert(t.organisation).values(public_id=new_id(tx.now), name=name, created_at=tx.now)
        )
        tx.execute(sa.insert(t.organisation_name).values(name_key=key, organisation_id=found, name=name))
    return found


def set_conflicts(
    tx: Transaction, names: Sequence[str], project_id: int | None, person_id: int | None
) -> None:
    """Makes these the organisations in conflict, of one project or (None) of the whole installation.

    The caller holds the exclusive lock, and calls `standing.changed` and `recall` afterwards.
    """
    wanted = {organisation_named(tx, name, "/conflicts") for name in names}
    column = t.conflict.c.project_id
    scope = column.is_(None) if project_id is None else column == project_id
    current = tx.execute(
        sa.select(t.conflict.c.id, t.conflict.c.organisation_id).where(t.conflict.c.ended_at.is_(None), scope)
    ).all()
    over = [row.id for row in current if row.organisation_id not in wanted]
    if over:
        tx.execute(sa.update(t.conflict).where(t.conflict.c.id.in_(over)).values(ended_at=tx.now))
    for organisation in sorted(wanted - {row.organisation_id for row in current}):
        tx.execute(
            sa.insert(t.conflict).values(
                project_id=project_id,
                organisation_id=organisation,
                recorded_by=person_id,
                recorded_at=tx.now,
            )
        )


def conflicts_of(tx: Transaction, project_id: int | None) -> list[str]:
    """Names in conflict, of one project or (None) of the whole installation."""
    column = t.conflict.c.project_id
    return list(
        tx.execute(
            sa.select(t.organisation.c.name)
            .join(t.conflict, t.conflict.c.organisation_id == t.organisation.c.id)
            .where(
                t.conflict.c.ended_at.is_(None),
                column.is_(None) if project_id is None else column == project_id,
            )
            .order_by(t.organisation.c.name)
        ).scalars()
    )
