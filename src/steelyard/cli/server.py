"""serve and migrate."""

from __future__ import annotations

import logging
import socket
from typing import Annotated

import sqlalchemy as sa
import typer

from steelyard.cli.common import (  # fmt: skip
    NOT_JUDGED,
    AsJson,
    Data,
    DatabaseUrl,
    Ended,
    Mode,
    StorageUrl,
    World,
    ending,
    err,
    owner,
    settings_of,
    show,
)
from steelyard.identity.sessions import make_link
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.folder_lock import FolderLock
from steelyard.store.migrate import current_revision
from steelyard.wiring import Installation, Keeper, open_installation


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Start the server. On an empty folder it prints a sign-in link that works once."""
    with ending(as_json):
        settings = settings_of(data, database_url, storage_url)
        host = host or settings.host
        listening = _listen(host, settings.port if port is None else port)
        with FolderLock(settings.data), open_installation(settings.data, settings=settings) as installation:
            url = f"http://{_in_url(host)}:{listening.getsockname()[1]}"
            link = installation.database.write(_first_link)
            shown = {"url": url, **({"sign_in": f"{url}/login?token={link}"} if link else {})}
            if as_json:
                show(shown, True)
            else:
                print(f"Steelyard serves {settings.data} at {url}", flush=True)
                if link:
                    print(f"Sign in once, as the owner: {shown['sign_in']}", flush=True)
            _run(installation, listening)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as wrong:
        listening.close()
        raise Ended(f"cannot listen on {host}:{port}: {wrong.strerror}", NOT_JUDGED) from None
    return listening


def _in_url(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _first_link(tx: Transaction) -> str | None:
    """A sign-in link when the folder has no key and no session yet: somebody has to be the first."""
    for table in (t.api_key, t.session):
        if tx.execute(sa.select(table.c.id).limit(1)).first() is not None:
            return None
    return make_link(tx, owner(tx, Mode.live).person_id)


def _run(installation: Installation, listening: socket.socket) -> None:
    import uvicorn

    from steelyard.http.app import create_app

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        create_app(installation), log_level="warning", access_log=False, server_header=False, lifespan="on"
    )
    keeper = Keeper(installation)
    keeper.start()
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        err.print("stopped")
    finally:
        keeper.stop()


def migrate_command(
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Bring the database to the schema of this version, making it where there is none."""
    with ending(as_json):
        settings = settings_of(data, database_url, storage_url)
        with open_installation(settings.data, settings=settings) as installation:
            show({"revision": current_revision(installation.database)}, as_json)
