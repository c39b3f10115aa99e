"""key create, list, revoke."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
import typer

from steelyard.cli.common import AsJson, Data, DatabaseUrl, Mode, StorageUrl, World, every, opened, show
from steelyard.domain.times import format_time
from steelyard.identity.keys import create_key, list_keys, revoke_key
from steelyard.identity.people import provider_named
from steelyard.identity.policy import Role
from steelyard.store.database import Transaction

app = typer.Typer(no_args_is_help=True)


def _every_key(tx: Transaction) -> list[sa.Row]:
    return every(lambda after: list_keys(tx, after=after, limit=1000))


@app.command()
def create(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    name: Annotated[str | None, typer.Option(help="The person's name; the role unless given.")] = None,
    provider: Annotated[
        str | None, typer.Option(help="The person's provider; in-house unless given.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Make a key for a person who is found or made, and print the key alone."""
    with opened(data, database_url, storage_url, as_json) as installation:
        public, key = installation.database.write(
            lambda tx: create_key(tx, role, provider_named(tx, provider), name=name, mode=mode.value)
        )
        if as_json:
            show({"id": public, "key": key}, True)
        else:
            print(key)


@app.command("list")
def listing(
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """List keys with whose they are; never the keys themselves."""
    with opened(data, database_url, storage_url, as_json) as installation:
        items = [
            {
                "id": row.public_id,
                "name": row.name,
                "role": row.role,
                "mode": row.world,
                "provider": row.provider,
                "last4": row.last4,
                "created_at": format_time(row.created_at),
                "revoked_at": None if row.revoked_at is None else format_time(row.revoked_at),
            }
            for row in installation.database.read(_every_key)
        ]
        columns = {"id": "id", "name": "name", "role": "role", "mode": "mode", "provider": "provider"}
        columns |= {"last4": "ends in", "revoked_at": "revoked"}
        show({"items": items}, as_json, rows="items", columns=columns)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, from `key list`.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """End a key and every session that it opened."""
    with opened(data, database_url, storage_url, as_json) as installation:
        installation.database.write(lambda tx: revoke_key(tx, key_id))
        show({"revoked": key_id}, as_json)
