"""How are all judgments of a project read one after another, in little memory and exactly as of one snapshot?

From the columnar copy, whose files stay readable while they are open whoever tidies them meanwhile; what came
after the copy was brought up to date, and what is no longer current, is asked of the snapshot itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from numpy.typing import NDArray

from steelyard.domain.errors import SteelyardError
from steelyard.store import tables as t
from steelyard.store.database import Database, Transaction
from steelyard.work.columnar import Say, copy_of, opened
from steelyard.work.columns import EVER, SCHEMA, last_key, read_page

BATCH = 50_000
_GONE = sa.select(t.judgment.c.id).where(
    t.judgment.c.project_id == sa.bindparam("project"),
    sa.text("NOT judgment.current"),  # word for word as in the index
)


class CopyDamaged(SteelyardError):
    """A file of the copy cannot be read; the copy is to be forgotten, the database has all of it."""

    code = "copy_damaged"


class JudgmentStream:
    """The judgments of a project that are no gold, in the order of their row keys."""

    def __init__(self, project_id: int, files: Sequence[pq.ParquetFile], through: int) -> None:
        self._project, self._files, self._through = project_id, files, through
        self._gone: NDArray[np.int64] | None = None

    def current(self, tx: Transaction, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Those that are current in the snapshot of `tx`, which was begun after the stream was opened and is the
        same at every call; `columns` are names in the schema of the copy. At most `BATCH` rows at once."""
        wanted = ["id", *(name for name in columns if name != "id")]
        schema = pa.schema([SCHEMA.field(name) for name in wanted])
        if self._gone is None:
            keys = tx.execute(_GONE, {"project": self._project}).scalars().all()
            self._gone = np.sort(np.array(keys, dtype=np.int64))
        for file in self._files:
            try:
                for batch in file.iter_batches(BATCH, columns=wanted):
                    yield self._left(pa.Table.from_batches([batch]).select(wanted).cast(schema))
            except (OSError, pa.ArrowException) as damage:
                raise CopyDamaged(f"the columnar copy of the judgments is damaged: {damage}") from damage
        last = last_key(tx, self._project)
        after, through = self._through, last[0] if last else 0
        while after < through and (page := read_page(tx, self._project, after, min(through, EVER))).num_rows:
            after = page.column("id")[-1].as_py()
            yield page.select(wanted)

    def _left(self, table: pa.Table) -> pa.Table:
        gone = self._gone
        assert gone is not None
        if not len(gone):
            return table
        ids = table.column("id").to_numpy()
        low, high = np.searchsorted(gone, [ids[0], ids[-1]], side="left") if len(ids) else (0, 0)
        if low == high and (high == len(gone) or not len(ids) or gone[high] != ids[-1]):
            return table
        return table.filter(pa.array(~np.isin(ids, gone[low : high + 1])))


@contextmanager
def judgment_stream(
    database: Database, folder: Path, project_id: int, *, say: Say | None = None
) -> Iterator[JudgmentStream]:
    """The stream of a project, after its copy in the data `folder` was brought up to date. Open it before the
    snapshot that it is read in."""
    with ExitStack() as stack:
        with copy_of(database, folder, project_id, say) as (parts, through):
            files = [stack.enter_context(opened(part)) for part in parts]
        yield JudgmentStream(project_id, files, through)
