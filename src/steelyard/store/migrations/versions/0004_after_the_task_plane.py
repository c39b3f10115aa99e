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
    _sum_exposure()


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


def _sum_exposure() -> None:
    """What was shown so far, counted once; from now on sums are kept of it. Lists are found narrowed as well."""
    op.add_column(
        "installation", sa.Column("exposure_summed", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_index("exposure_by_task", "exposure", ["task_id"])
    for scope in ("provider", "annotator"):
        op.drop_index(f"exposure_by_{scope}", "exposure")
        op.create_index(
            f"exposure_by_{scope}", "exposure", [f"{scope}_id", "project_id", "sensitivity", "id"]
        )
    for table, refers in (
        ("provider_exposure", ["provider", "project"]),
        ("annotator_exposure", ["provider", "annotator", "project"]),
    ):
        keys = [f"{to}_id" for to in refers]
        op.create_table(
            table,
            *(sa.Column(key, ROW_KEY, nullable=False) for key in keys),
            sa.Column("sensitivity", sa.Text(), nullable=False),
            *(
                sa.Column(name, sa.BigInteger(), nullable=False)
                for name in ("showings", "first_tasks", "tasks", "unmarked", "first", "last")
            ),
            sa.PrimaryKeyConstraint(*keys, "sensitivity", name=f"{table}_pkey"),
            *(
                sa.ForeignKeyConstraint([f"{to}_id"], [f"{to}.id"], name=f"{table}_{to}_id_fkey")
                for to in refers
            ),
        )
        op.execute(_counted(table, keys))
    op.execute("UPDATE installation SET exposure_summed = coalesce((SELECT max(id) FROM exposure), 0)")


def _counted(table: str, keys: list[str]) -> str:
    """A task counts where it was shown first: at all, and at this sensitivity."""
    of, columns = keys[-2], ", ".join([*keys, "sensitivity"])
    return (
        f"INSERT INTO {table} ({columns}, showings, first_tasks, tasks, unmarked, first, last) "
        f"SELECT {columns}, count(*), sum(CASE WHEN id = any_first THEN 1 ELSE 0 END), "
        "sum(CASE WHEN id = level_first THEN 1 ELSE 0 END), sum(CASE WHEN id = level_first "
        "AND sensitivity <> '' AND unmarked_first < id THEN 1 ELSE 0 END), min(at), max(at) FROM ("
        f"SELECT id, {', '.join(keys)}, coalesce(sensitivity, '') AS sensitivity, at, "
        f"min(id) OVER (PARTITION BY {of}, task_id) AS any_first, "
        f"min(id) OVER (PARTITION BY {of}, task_id, sensitivity) AS level_first, "
        "min(CASE WHEN sensitivity IS NULL THEN id END) "
        f"OVER (PARTITION BY {of}, task_id) AS unmarked_first FROM exposure) AS shown GROUP BY {columns}"
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
