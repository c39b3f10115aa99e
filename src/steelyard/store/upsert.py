"""How is a row written that may be there already? By an INSERT of the database's own dialect."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from steelyard.store.database import Transaction

INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(tx: Transaction, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT, for the database of this transaction."""
    return INSERT[tx.dialect](table)
