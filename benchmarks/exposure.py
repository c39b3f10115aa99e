"""How long does it take to say who was shown what, and who has seen a given text?

    python benchmarks/exposure.py [--tasks 1000000] [--folder DIR] [--database-url postgresql://...]

Makes an installation of that many tasks, each shown once to one provider (kept in --folder for the next run,
else thrown away), and prints seconds. The peer is a full decode of every payload, measured in the same run:
what a search would cost that reads everything and narrows nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steelyard.domain.ids import new_id
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.wiring import open_installation
from steelyard.work import exposure, seen, showings
from steelyard.work.exposure_export import Format, Subject, export
from steelyard.work.exposure_sums import sum_up
from steelyard.work.showings import Which

AT_ONCE = 10_000
FORM = {"questions": [{"name": "label", "kind": "choice", "options": ["cat", "dog"]}]}
SYLLABLES = (
    "ka", "to", "mi", "re", "su", "la", "no", "vi", "be", "du", "fo", "ga", "hu", "je", "ly", "pa", "qui", "ro", "sch",
    "te", "wo", "xe", "zan", "\u00fcr", "\u00e9l",
)  # fmt: skip
ANNOTATORS = 100


def words(seed: int = 1) -> list[str]:
    made = random.Random(seed)
    return ["".join(made.choices(SYLLABLES, k=made.randint(1, 4))) for _ in range(20_000)]


def contents(count: int) -> Iterator[dict[str, Any]]:
    """Texts of some 250 characters, a fifth of them conversations, a twentieth HTML; a fifth of the words
    beyond ASCII."""
    made, known = random.Random(2), words()
    for n in range(count):
        text = " ".join(made.choices(known, k=40)) + f" no {n}."
        kind = n % 20
        if kind < 4:
            third = len(text) // 3
            messages = [
                {"role": role, "content": text[at * third : (at + 1) * third]}
                for at, role in enumerate(("user", "assistant", "user"))
            ]
            yield {"blocks": [{"type": "chat", "messages": messages}]}
        elif kind == 4:
            yield {"blocks": [{"type": "html", "text": f"<p>{text}</p>"}]}
        else:
            yield {"blocks": [{"type": "text", "text": text}]}


def fill(database: Database, count: int) -> None:
    """Rows as the use cases would have left them, written plainly since it is their number that matters."""

    def first(tx: Transaction) -> dict[str, int]:
        form = tx.added(sa.insert(t.form).values(digest="0" * 64, body=FORM, created_at=tx.now))
        at = {"created_at": tx.now, "form_id": form, "instruction": "", "status": "active", "world": "live"}
        project = tx.added(
            sa.insert(t.project).values(
                **at, public_id=new_id(tx.now), name="Mail", name_key="mail", slug="mail",
                policy={"sensitivity": "restricted"},
            )
        )  # fmt: skip
        provider = tx.added(
            sa.insert(t.provider).values(
                public_id=new_id(tx.now), name="Orchard", name_key="orchard", slug="orchard", kind="people", price=0,
                status="active", clearance="secret", capabilities=[], config={}, created_at=tx.now,
            )
        )  # fmt: skip
        people = [
            tx.added(
                sa.insert(t.annotator).values(
                    public_id=new_id(tx.now), provider_id=provider, external_id=f"worker {n}", anonymous=False,
                    created_at=tx.now,
                )
            )
            for n in range(ANNOTATORS)
        ]  # fmt: skip
        return {"project": project, "provider": provider, "person": people[0]}

    keys = database.write(first)
    source = contents(count)
    for start in range(1, count + 1, AT_ONCE):
        some = range(start, min(start + AT_ONCE, count + 1))
        database.write(lambda tx, some=some: _rows(tx, keys, some, source))


def _rows(tx: Transaction, keys: dict[str, int], some: range, source: Iterator[dict[str, Any]]) -> None:
    salt = os.urandom(32)
    project, provider = keys["project"], keys["provider"]
    tx.execute(
        sa.insert(t.content),
        [
            {"id": n, "project_id": project, "provider_id": 1, "commitment": f"{n:064x}", "at": tx.now}
            for n in some
        ],
    )
    tx.execute(
        sa.insert(t.content_payload), [{"content_id": n, "body": next(source), "salt": salt} for n in some]
    )
    tx.execute(
        sa.insert(t.task),
        [
            {
                "id": n, "public_id": f"{n:024x}", "world": "live", "project_id": project, "content_id": n,
                "external_id": f"t{n}", "status": "open", "wave": 0, "place": 0, "wanted": 1, "tags": [], "details": {},
                "digest": salt, "created_at": tx.now,
            }
            for n in some
        ],
    )  # fmt: skip
    tx.execute(
        sa.insert(t.exposure),
        [
            {
                "content_id": n, "task_id": n, "project_id": project, "provider_id": provider,
                "annotator_id": keys["person"] + n % ANNOTATORS, "assignment": f"{n:024x}", "sensitivity": "restricted",
                "at": tx.now + n,
            }
            for n in some
        ],
    )  # fmt: skip


def timed(said: str, fn: Callable[[], Any], peer: float | None = None) -> tuple[float, Any]:
    """Prints seconds and, where a peer's are given, how many times as fast; returns what is compared, and the
    result. On SQLite all is done in this process, so processor time is compared, which others disturb less."""
    begun, used = time.perf_counter(), time.process_time()
    result = fn()
    used, took = time.process_time() - used, time.perf_counter() - begun
    compared = used if by_processor else took
    ratio = "" if peer is None else f"   {peer / compared:5.1f} x as fast as the decode"
    print(f"  {said:44} {took:7.2f} s{ratio}", flush=True)
    return compared, result


by_processor = True


def decode(database: Database) -> int:
    """Every payload read and parsed, in pages: the peer."""
    seen = after = 0
    query = sa.select(
        t.content_payload.c.content_id, sa.cast(t.content_payload.c.body, sa.Text).label("body")
    )
    while True:
        page = query.where(t.content_payload.c.content_id > after).order_by(t.content_payload.c.content_id)
        rows = database.read(lambda tx, page=page: tx.rows(page.limit(AT_ONCE)))
        for row in rows:
            seen += len(json.loads(row.body)["blocks"])
        if not rows:
            return seen
        after = rows[-1].content_id


def measure(database: Database) -> None:
    provider = database.read(
        lambda tx: tx.scalar(sa.select(t.provider.c.id).where(t.provider.c.slug == "orchard"))
    )
    peer, _ = timed("the peer: reading and parsing every payload", lambda: decode(database))

    last = database.read(lambda tx: tx.scalar(sa.select(sa.func.max(t.exposure.c.id))))
    timed(f"adding {last:,} showings to the sums, once", lambda: sum_up(database))
    _, horizon = timed("the horizon of a list", lambda: database.write(showings.horizon))
    which = Which("live", provider, horizon=horizon)
    timed("counts of a provider", lambda: database.read(lambda tx: exposure.count(tx, which)))
    timed("a page of 1,000 showings", lambda: database.read(lambda tx: showings.listing(tx, which)))
    timed(
        "100 annotators, each with its counts",
        lambda: database.read(lambda tx: exposure.by_annotator(tx, which)),
    )

    middle = database.read(lambda tx: tx.scalar(sa.select(sa.func.max(t.content.c.id)))) // 2
    query = sa.select(t.content_payload.c.body).where(t.content_payload.c.content_id > middle).order_by(
        t.content_payload.c.content_id
    )  # fmt: skip
    bodies = database.read(lambda tx: tx.execute(query.limit(20)).scalars().all())
    text = next(body["blocks"][0]["text"] for body in bodies if body["blocks"][0]["type"] == "text")
    digest = hashlib.sha256(text.encode()).hexdigest()
    for said, question in (
        ("who has seen a whole text", seen.of_text(text)),
        ("who has seen a part of one, in capitals", seen.of_text(text[100:180].upper())),
        ("who has seen what nobody has", seen.of_text("nothing of the kind is kept")),
        ("who has seen the text with this SHA-256", seen.of_hash(digest)),
        ("who has seen the content of a commitment", seen.of_hash(f"{middle:064x}")),
    ):
        _, found = timed(said, lambda q=question: seen.search(database, q, "live", patience_s=3600), peer)
        print(f"    {len(found.items)} of {found.searched:,} searched")

    some = replace(which, horizon=replace(horizon, row=100_000))
    subject = Subject("provider", "orchard", "Orchard", "orchard")
    for fmt in Format:

        def written(fmt: Format = fmt) -> int:
            return database.read(lambda tx: sum(len(piece) for piece in export(tx, some, subject, fmt)))

        _, size = timed(f"100,000 showings as {fmt}", written)
        print(f"    {size / 1e6:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--database-url")
    given = parser.parse_args()
    global by_processor
    by_processor = given.database_url is None
    with (
        tempfile.TemporaryDirectory() as away,
        open_installation(given.folder or Path(away), given.database_url) as here,
    ):
        if not here.database.read(lambda tx: tx.scalar(sa.select(t.exposure.c.id).limit(1))):
            timed(f"making {given.tasks:,} tasks", lambda: fill(here.database, given.tasks))
        measure(here.database)
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
