"""How do the contents of a project become parts of a release?

A page of rows at a time, in the order of their row keys. What is shown stands in columns, is named by the addresses
of its files, or is left to whoever knows the ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from steelyard.domain.states import TaskStatus
from steelyard.ledger.commitments import canonical
from steelyard.releases.choose import LEAVES, Keys, Tasks, gold_tasks
from steelyard.releases.layout import CONTENT, CONTENT_SHOWN
from steelyard.releases.options import Options
from steelyard.releases.part_files import PartFiles, PartKey, combined
from steelyard.releases.sources import Source
from steelyard.releases.spelling import spell_times
from steelyard.releases.table_file import sizes_of
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.json_text import from_text

FIRST_PAGE, LARGEST_PAGE = 1_000, 10_000
PAGE_BYTES = 8 << 20
DAY = 86_400_000_000
ADDRESS = "blob:sha256/"

_PAGE = (
    sa.select(
        t.task.c.id, t.task.c.public_id, t.task.c.external_id, t.task.c.status, t.task.c.content_id,
        t.content.c.provider_id, t.content.c.shipment_id, t.content.c.at, t.content.c.commitment,
        sa.cast(t.content_payload.c.body, sa.Text),
    )
    .join(t.content, t.content.c.id == t.task.c.content_id)
    .join(t.content_payload, t.content_payload.c.content_id == t.content.c.id)
    .where(
        t.task.c.project_id == sa.bindparam("project"),
        t.task.c.id > sa.bindparam("after"),
        t.task.c.gold.is_(None),
        t.task.c.status.in_(LEAVES),
    )
    .order_by(t.task.c.id)
    .limit(sa.bindparam("most"))
)  # fmt: skip
_PAGE_WITH_DETAILS = _PAGE.add_columns(sa.cast(t.task.c.details, sa.Text))
_BLOBS = (
    sa.select(t.content_blob.c.digest)
    .where(t.content_blob.c.content_id.in_(sa.bindparam("ids", expanding=True)))
    .distinct()
)


class ContentParts:
    """Writes the contents of one project that leave, and remembers whose tasks they are."""

    def __init__(self, tx: Transaction, source: Source, options: Options, files: PartFiles) -> None:
        self.tx, self.source, self.options, self.files = tx, source, options, files
        self.blobs: set[str] = set()
        self.latest: int | None = None
        self.schema = pa.schema([*CONTENT, *CONTENT_SHOWN[options.content]])
        self._splits = options.split()
        self._found: list[tuple[Keys, bytes, Any]] = []
        self._in_review: set[str] = set()

    def write(
        self, project_id: int, left_out: Sequence[int], only: Keys | None, say: Callable[[str], None]
    ) -> Tasks:
        """`left_out` are row keys of providers, `only` those of the tasks that may leave, sorted."""
        gold, away = gold_tasks(self.tx, project_id), np.array(sorted(left_out), dtype=np.int64)
        query = _PAGE if self.options.group is None else _PAGE_WITH_DETAILS
        after, most, done = 0, FIRST_PAGE, 0
        while True:
            rows = plain_rows(self.tx, query, {"project": project_id, "after": after, "most": most})
            if not rows:
                return self._tasks()
            after = rows[-1][0]
            size = sum(len(row[9]) for row in rows)
            columns = list(zip(*rows, strict=True))
            keys, giver = (np.array(columns[n], dtype=np.int64) for n in (0, 5))
            kept = ~np.isin(keys, gold) & ~np.isin(giver, away)
            if only is not None:
                kept &= np.isin(keys, only)
            if not kept.all():
                columns = list(
                    zip(*(row for row, keep in zip(rows, kept.tolist(), strict=True) if keep), strict=True)
                )
            if columns:
                self._page(columns)
            done += len(rows)
            say(f"{done:,} contents")
            if size < PAGE_BYTES / 2:
                most = min(2 * most, LARGEST_PAGE)
            elif size > PAGE_BYTES:
                most = max(1, most // 2)

    def _page(self, columns: list[tuple[Any, ...]]) -> None:
        key, ids, names, status, content, giver, shipment, at, commitment, bodies = columns[:10]
        keys, givers, moments = (np.array(c, dtype=np.int64) for c in (key, giver, at))
        shipments = np.array([-1 if s is None else s for s in shipment], dtype=np.int64)
        days = np.where(shipments < 0, moments // DAY, 0)
        codes, first = combined(givers, shipments, days)
        part_keys = [
            PartKey(
                giver[row],
                shipment[row],
                int(days[row]) if shipment[row] is None else None,
                licence=self.source.licence(shipment[row]),
            )
            for row in first.tolist()
        ]
        shown, sizes = self._shown(bodies, content)
        groups = self._splits.groups(self._groups(ids, names, columns[10] if len(columns) > 10 else None))
        entries = [self.source.entry(part) for part in part_keys]
        place = pa.array(codes)
        table = pa.Table.from_arrays(
            [
                pa.array(ids, pa.string()),
                pa.array(names, pa.string()),
                *(
                    pa.array([e[n] for e in entries], pa.string()).take(place)
                    for n in ("provider", "shipment")
                ),
                spell_times(moments),
                pa.array(commitment, pa.string()),
                pa.array([e["licence"] for e in entries], pa.string()).take(place),
                pa.array([self.source.sensitivity] * len(ids), pa.string()),
                pa.array(groups, pa.string()),
                *shown,
            ],
            schema=self.schema,
        )
        self.files.add(table, sizes, codes, part_keys)
        self._found.append((keys, bytes.fromhex("".join(ids)), givers.astype(np.int32)))
        self._in_review.update(i for i, s in zip(ids, status, strict=True) if s == TaskStatus.REVIEW)
        self.latest = max(self.latest or max(at), max(at))

    def _shown(self, bodies: tuple[str, ...], contents: tuple[int, ...]) -> tuple[list[pa.Array], Any]:
        """The columns of what is shown, and how many bytes each row holds."""
        nothing = np.zeros(len(bodies), dtype=np.int64)
        if self.options.content == "none":
            return [], nothing
        with_blobs = [c for c, body in zip(contents, bodies, strict=True) if ADDRESS in body]
        if self.options.content == "references":
            addresses = self._addresses(set(with_blobs))
            return [pa.array([addresses.get(c, []) for c in contents], pa.list_(pa.string()))], nothing
        for at in range(0, len(with_blobs), 500):
            self.blobs.update(self.tx.execute(_BLOBS, {"ids": with_blobs[at : at + 500]}).scalars())
        texts, blocks = zip(*map(shown_in, bodies), strict=True)
        column = pa.array(blocks, pa.string())
        return [pa.array(texts, pa.string()), column], sizes_of(column)

    def _addresses(self, contents: set[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        keys = sorted(contents)
        for at in range(0, len(keys), 500):
            query = (
                sa.select(t.content_blob)
                .where(t.content_blob.c.content_id.in_(keys[at : at + 500]))
                .order_by(t.content_blob.c.content_id, t.content_blob.c.digest)
            )
            for row in self.tx.rows(query):
                found.setdefault(row.content_id, []).append(ADDRESS + row.digest)
        return found

    def _groups(self, ids: Sequence[str], names: Sequence[str | None], details: Any) -> list[str]:
        """What decides on the split of each task: the field that was named, else its own name."""
        own = [i if n is None else n for i, n in zip(ids, names, strict=True)]
        if details is None:
            return own
        said = [from_text(d).get(self.options.group) for d in details]
        return [n if s is None else "group " + _one(s) for n, s in zip(own, said, strict=True)]

    def _tasks(self) -> Tasks:
        if not self._found:
            return Tasks()
        keys, raw, givers = zip(*self._found, strict=True)
        self._found = []
        ids = np.frombuffer(b"".join(raw), dtype=np.uint8).reshape(-1, 12)
        return Tasks(np.concatenate(keys), ids, np.concatenate(givers), self._in_review)


_HEAD, _TAIL = '{"blocks":[{"type":"text","text":"', '"}]}'


def shown_in(body: str) -> tuple[str | None, str]:
    """The first text of a content, and all of its blocks as RFC 8785 JSON. `body` is as the database has it."""
    if body.startswith(_HEAD) and body.endswith(_TAIL):
        text = body[len(_HEAD) : -len(_TAIL)]
        if '"' not in text and "\\" not in text:  # one block of text that is spelled as it is
            return text, f'[{{"text":"{text}","type":"text"}}]'
    blocks = from_text(body)["blocks"]
    first = next((block["text"] for block in blocks if block.get("type") == "text"), None)
    return first, canonical(blocks).decode()


def plain_rows(tx: Transaction, query: Any, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """All rows as the driver gives them: of plain types alone, nothing is to be made of them."""
    cursor: Any = tx.connection.execute(query, given).cursor
    return cursor.fetchall()


def _one(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()
