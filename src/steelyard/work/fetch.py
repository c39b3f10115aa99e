"""How does content at a foreign URL come in?

It is fetched once, by the server, from public addresses only, and kept as a blob; then the task is ready.
Nobody who answers ever fetches it, so a page makes no third-party request.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import sqlalchemy as sa

from steelyard.domain.states import AssignmentState, BatchStatus, TaskStatus
from steelyard.ledger.commitments import commit
from steelyard.store import tables as t
from steelyard.store.blobs import Blobs
from steelyard.store.database import Database, Transaction
from steelyard.work.media import keep_blob_row
from steelyard.work.queue import put_back

if TYPE_CHECKING:
    import httpx

LIMIT = 100_000_000
REDIRECTS = 5
TIMEOUT_S, CONNECT_S = 30.0, 10.0


class Unfetchable(Exception):
    """The URL cannot be brought in, for a reason that stays the same when tried again."""


def fetch_content(database: Database, blobs: Blobs, args: dict[str, Any], *, allow_private: bool) -> None:
    """The job: brings in what a task's content points to. A passing fault raises, and is tried again."""
    row = database.read(
        lambda tx: tx.execute(
            sa.select(t.task.c.id, t.task.c.status, t.content_payload.c.body)
            .join(t.content_payload, t.content_payload.c.content_id == t.task.c.content_id)
            .where(t.task.c.id == args["task"])
        ).first()
    )
    if row is None or row.status != TaskStatus.FETCHING:
        return
    blocks, fetched = [], {}
    try:
        for block in row.body["blocks"]:
            url = block.get("url")
            if isinstance(url, str) and url.startswith(("http://", "https://")):
                digest, size, media_type = _fetch(blobs, url, allow_private)
                fetched[digest] = (size, media_type)
                block = {**block, "url": f"blob:sha256/{digest}"}
            blocks.append(block)
    except Unfetchable as why:
        reason = str(why)
        database.write(lambda tx: _give_up(tx, args["task"], reason))
        return
    database.write(lambda tx: _make_ready(tx, args["task"], {"blocks": blocks}, fetched))


def give_up(database: Database, args: dict[str, Any], error: str) -> None:
    """Called when the job has failed for the last time: the task says why."""
    database.write(lambda tx: _give_up(tx, args["task"], f"could not be fetched: {error}"[:500]))


def _give_up(tx: Transaction, task_id: int, reason: str) -> None:
    tx.execute(
        sa.update(t.task)
        .where(t.task.c.id == task_id, t.task.c.status == TaskStatus.FETCHING)
        .values(status=TaskStatus.ERROR, reason=reason)
    )
    tx.execute(
        sa.update(t.assignment)
        .where(t.assignment.c.task_id == task_id, t.assignment.c.state == int(AssignmentState.WAITING))
        .values(state=int(AssignmentState.CANCELLED))
    )


def _make_ready(tx: Transaction, task_id: int, content: dict[str, Any], fetched: dict[str, Any]) -> None:
    task = tx.execute(sa.select(t.task).where(t.task.c.id == task_id).with_for_update(key_share=True)).one()
    if task.status != TaskStatus.FETCHING:
        return
    before = tx.execute(sa.select(t.content).where(t.content.c.id == task.content_id)).one()
    salt, digest = commit(content)
    content_id = tx.added(
        sa.insert(t.content).values(
            project_id=before.project_id,
            provider_id=before.provider_id,
            shipment_id=before.shipment_id,
            commitment=digest,
            at=tx.now,
        )
    )
    tx.execute(sa.insert(t.content_payload).values(content_id=content_id, body=content, salt=salt))
    for blob, (size, media_type) in fetched.items():
        keep_blob_row(tx, blob, size, media_type)
        tx.execute(sa.insert(t.content_blob).values(content_id=content_id, digest=blob))
    tx.execute(
        sa.update(t.task).where(t.task.c.id == task_id).values(content_id=content_id, status=TaskStatus.OPEN)
    )
    running = True
    if task.batch_id is not None:
        # Shared: a batch that is started at this moment must see these rows, or these its start.
        look = sa.select(t.batch.c.status).where(t.batch.c.id == task.batch_id).with_for_update(read=True)
        status = tx.execute(look).scalar_one()
        running = status == BatchStatus.RUNNING
    if running:
        rows = tx.execute(
            sa.update(t.assignment)
            .where(t.assignment.c.task_id == task_id, t.assignment.c.state == int(AssignmentState.WAITING))
            .values(state=int(AssignmentState.READY))
            .returning(t.assignment.c.lane_id, t.assignment.c.ordinal)
        ).all()
        put_back(tx, ((row.lane_id, row.ordinal) for row in rows))


def _fetch(blobs: Blobs, url: str, allow_private: bool) -> tuple[str, int, str]:
    """(digest, bytes, media type) of what is at the URL; each redirect is checked like the first address."""
    import httpx  # not needed to start a server, which stays smaller without

    for _ in range(REDIRECTS + 1):
        address = _public_address(url, allow_private)
        with httpx.Client(timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_S), trust_env=False) as client:
            request = _pinned(client, url, address)
            response = client.send(request, stream=True)
            try:
                if response.is_redirect:
                    url = urljoin(url, response.headers["location"])
                    if urlsplit(url).scheme not in ("http", "https"):
                        raise Unfetchable("redirects to something that is not http(s)")
                    continue
                if response.status_code in (408, 425, 429) or response.status_code >= 500:
                    response.raise_for_status()
                if response.status_code != 200:
                    raise Unfetchable(f"answers with status {response.status_code}")
                size = 0

                def counted(body: Iterator[bytes]) -> Iterator[bytes]:
                    nonlocal size
                    for chunk in body:
                        size += len(chunk)
                        if size > LIMIT:
                            raise Unfetchable(f"is larger than {LIMIT} bytes")
                        yield chunk

                digest = blobs.put(counted(response.iter_bytes()))
                media_type = response.headers.get("content-type", "application/octet-stream")
                return digest, size, media_type.split(";")[0].strip()[:100]
            finally:
                response.close()
    raise Unfetchable(f"redirects more than {REDIRECTS} times")


def _pinned(client: httpx.Client, url: str, address: str) -> httpx.Request:
    """A request to the very address that was checked, under the name of the URL."""
    request = client.build_request("GET", url)
    asked = request.url
    request.url = asked.copy_with(host=address)
    request.headers["Host"] = asked.netloc.decode()
    request.extensions = {**request.extensions, "sni_hostname": asked.host}
    return request


def _public_address(url: str, allow_private: bool) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (ValueError, UnicodeError):
        raise Unfetchable("is not a URL that can be fetched") from None
    addresses = [info[4][0] for info in found]
    for address in addresses:
        ip = ipaddress.ip_address(str(address).split("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        if not allow_private and (not ip.is_global or ip.is_multicast):
            raise Unfetchable("is inside a private network; allow_private_urls is off")
    return str(addresses[0])
