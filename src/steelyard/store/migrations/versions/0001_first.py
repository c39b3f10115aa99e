"""The first schema: facts with payloads apart, the queue in waves and lanes, two worlds."""

from alembic import op

from steelyard.store import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.metadata.create_all(op.get_bind())
    op.execute(tables.CURRENT_JUDGMENT)
