"""Which legal entities are there, and with whom is there a conflict?

Names and aliases are unique; one that does not exist is made. History stays: what no longer holds is ended,
never deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from steelyard.domain.errors import Conflict, NotFound
from steelyard.domain.ids import is_id, new_id
from steelyard.domain.names import checked_name, name_key
from steelyard.domain.states import ProjectStatus
from steelyard.store import tables as t
from steelyard.store.database import Transaction


def organisation_named(tx: Transaction, name: str, pointer: str = "/organisation") -> int:
    """The row key of the organisation with this name or alias, made when there is none."""
    name = checked_name(name, pointer)
    found = named(tx, name)
    return make_organisation(tx, name) if found is None else found.id


def named(tx: Transaction, name: str) -> sa.Row | None:
    """The organisation with this name or alias."""
    return tx.row(
        sa.select(t.organisation)
        .join(t.organisation_name, t.organisation_name.c.organisation_id == t.organisation.c.id)
        .where(t.organisation_name.c.name_key == name_key(name))
    )


def make_organisation(tx: Transaction, name: str) -> int:
    """A new organisation's row key; the caller knows that nobody has this name."""
    found = tx.added(sa.insert(t.organisation).values(public_id=new_id(tx.now), name=name, created_at=tx.now))
    tx.execute(
        sa.insert(t.organisation_name).values(name_key=name_key(name), organisation_id=found, name=name)
    )
    return found


def find_organisation(tx: Transaction, public_id: str) -> sa.Row:
    """Raises `NotFound`."""
    row = None
    if is_id(public_id):
        row = tx.row(sa.select(t.organisation).where(t.organisation.c.public_id == public_id))
    if row is None:
        raise NotFound(f"there is no organisation {public_id[:40]!r}")
    return row


def set_names(tx: Transaction, organisation: sa.Row, name: str, aliases: Iterable[str] | None) -> None:
    """Gives an organisation a name and these aliases; without aliases it keeps those it has, and its old name
    becomes one of them, so that a list which still uses it means the same organisation.

    Raises `Conflict` for a name of another organisation, and for taking away one that a project's policy uses.
    """
    table = t.organisation_name
    here = {
        row.name_key: row.name
        for row in tx.execute(sa.select(table).where(table.c.organisation_id == organisation.id))
    }
    wanted = dict(here) if aliases is None else {name_key(alias): alias for alias in aliases}
    wanted[name_key(name)] = name
    for key in wanted.keys() - here.keys():
        other = named(tx, wanted[key])
        if other is not None:
            raise Conflict(_others_name(wanted[key], other), "name_taken")
    gone = here.keys() - wanted.keys()
    _refuse_used(tx, {key: here[key] for key in gone})
    if gone:
        tx.execute(sa.delete(table).where(table.c.name_key.in_(sorted(gone))))
    for key, spelled in wanted.items():
        if key not in here:
            tx.execute(sa.insert(table).values(name_key=key, organisation_id=organisation.id, name=spelled))
        elif here[key] != spelled:
            tx.execute(sa.update(table).where(table.c.name_key == key).values(name=spelled))
    if organisation.name != name:
        tx.execute(sa.update(t.organisation).where(t.organisation.c.id == organisation.id).values(name=name))


def _others_name(name: str, other: sa.Row) -> str:
    return (
        f"{name!r} is a name of another organisation, {other.name!r} ({other.public_id}). If both are one legal "
        'entity, leave it out here and join them: change that one with "same_as", the id of this one'
    )


def _refuse_used(tx: Transaction, gone: dict[str, str]) -> None:
    """A policy names its conflicts: a name that it could no longer resolve would become a new organisation, and
    the conflict would be with nobody."""
    if not gone:
        return
    living = t.project.c.status != ProjectStatus.DELETED
    for project in tx.rows(sa.select(t.project).where(living).order_by(t.project.c.id)):
        for name in project.policy.get("conflicts", ()):
            if name_key(name) in gone:
                raise Conflict(
                    f"{name!r} stands in the conflicts of {project.name}; it stays an alias", "name_used"
                )


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
