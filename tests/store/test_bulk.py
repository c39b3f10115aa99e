"""Are many rows that are written at once the rows that were given?"""

import pytest
import sqlalchemy as sa

from steelyard.store import tables as t
from steelyard.store.bulk import Bulk

COUNT = 317  # of every size of a statement some

BLOBS = Bulk(t.blob, ("media_type",), ("digest", "size", "created_at"))


@pytest.mark.parametrize("count", [1, 2, COUNT])
@pytest.mark.parametrize(
    "sizes", [range(7, 7 + COUNT), [5] * COUNT, [n * n for n in range(COUNT)], [5, *range(COUNT - 2), 5]]
)
def test_what_counts_what_is_alike_and_what_varies_come_back_as_given(database, sizes, count):
    digests = [f"{n:064x}" for n in range(count)]
    given = (digests, sizes[:count], [n % 3 for n in range(count)])
    database.write(lambda tx: BLOBS.insert(tx, ("text/plain",), given))
    look = sa.select(t.blob.c.digest, t.blob.c.size, t.blob.c.created_at, t.blob.c.media_type)
    rows = database.read(lambda tx: tx.execute(look.order_by(t.blob.c.digest)).all())
    assert [tuple(row) for row in rows] == [(*row, "text/plain") for row in zip(*given, strict=True)]


def test_no_rows_are_no_statement(database):
    database.write(lambda tx: BLOBS.insert(tx, ("text/plain",), ([], [], [])))
    assert database.read(lambda tx: tx.scalar(sa.select(sa.func.count()).select_from(t.blob))) == 0
