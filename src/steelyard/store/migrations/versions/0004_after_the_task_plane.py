"""After the task plane: reviews are found by whom they are kept from, verdicts of items have reasons, it is kept who
has ended a project, and what was counted in requests is kept as sums."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
READY = sa.text("state = 0")
CHUNK = 500
MOST_KEPT = 8


def upgrade() -> None:
    op.add_column("review_item", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("review_item", sa.Column("kept_from", sa.LargeBinary(), nullable=True))
    _fill_kept_from(op.get_bind())
    op.create_index(
        "review_item_kept",
        "review_item",
        ["project_id", "priority", "kept_from", "id"],
        sqlite_where=READY,
        postgresql_where=READY,
    )
    staged = sa.text("state = 4")
    op.create_index(
        "assignment_waiting", "assignment", ["lane_id"], sqlite_where=staged, postgresql_where=staged
    )
    _refer("project", "deleted_by", "person")
    op.create_table(
        "project_event",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="project_event_pkey"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="project_event_project_id_fkey"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="project_event_person_id_fkey"),
    )
    op.create_index("project_event_project_id", "project_event", ["project_id"])
    op.create_index("gold_result_by_provider", "gold_result", ["provider_id", "at"])
    op.create_index("review_item_by_state", "review_item", ["project_id", "state", "level", "id"])
    op.add_column("workload", sa.Column("day", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("workload", sa.Column("of_day", sa.BigInteger(), nullable=False, server_default="0"))
    _sum_gold()


def _sum_gold() -> None:
    """The answers of gold so far, counted once; from now on the sums are kept as it goes."""
    refers = {"provider_id": "provider", "project_id": "project", "annotator_id": "annotator"}
    op.create_table(
        "gold_sum",
        *(sa.Column(name, ROW_KEY, nullable=False) for name in refers),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.Column("correct", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*refers, "question", name="gold_sum_pkey"),
        *(
            sa.ForeignKeyConstraint([name], [f"{to}.id"], name=f"gold_sum_{name}_fkey")
            for name, to in refers.items()
        ),
    )
    op.execute(
        "INSERT INTO gold_sum (provider_id, project_id, annotator_id, question, answers, correct) "
        "SELECT provider_id, project_id, annotator_id, question, count(*), "
        "sum(CASE WHEN correct THEN 1 ELSE 0 END) FROM gold_result "
        "GROUP BY provider_id, project_id, annotator_id, question"
    )


def _refer(table: str, name: str, to: str) -> None:
    """A column that may be null and refers to another table; SQLite adds it in place, so nothing is copied."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f'ALTER TABLE "{table}" ADD COLUMN {name} INTEGER REFERENCES {to} (id)')
    else:
        key = sa.ForeignKey(f"{to}.id", name=f"{table}_{name}_fkey")
        op.add_column(table, sa.Column(name, ROW_KEY, key, nullable=True))


def _fill_kept_from(bind: sa.Connection) -> None:
    """Of what waits or is held: the people who have answered the task."""
    item = sa.table(
        "review_item", sa.column("id"), sa.column("task_id"), sa.column("state"), sa.column("kept_from")
    )
    judgment = sa.table("judgment", sa.column("task_id"), sa.column("annotator_id"), sa.column("based_on"))
    annotator = sa.table("annotator", sa.column("id"), sa.column("person_id"))
    after = 0
    open_items = sa.select(item.c.id, item.c.task_id).where(item.c.state.in_([0, 1])).order_by(item.c.id)
    while rows := bind.execute(open_items.where(item.c.id > after).limit(CHUNK)).all():
        given = sa.select(judgment.c.task_id, judgment.c.annotator_id).distinct().join(
            annotator, annotator.c.id == judgment.c.annotator_id
        ).where(
            judgment.c.task_id.in_([row.task_id for row in rows]),
            judgment.c.based_on.is_(None),
            annotator.c.person_id.is_not(None),
        ).order_by(judgment.c.task_id, judgment.c.annotator_id)  # fmt: skip
        by: dict[int, list[int]] = {}
        for row in bind.execute(given):
            by.setdefault(row.task_id, []).append(row.annotator_id)
        for row in rows:
            kept_from = b"".join(key.to_bytes(8) for key in by.get(row.task_id, [])[:MOST_KEPT])
            bind.execute(
                sa.update(item)
                .where(item.c.id == row.id)
                .values(kept_from=sa.bindparam("kept", kept_from, type_=sa.LargeBinary()))
            )
        after = rows[-1].id
