"""The task plane: teams and direct work, figures of annotators, drafts, reviews in levels, questions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
READY, HELD = sa.text("state = 0"), sa.text("state = 1")
FIGURES = (
    "judgments", "spent_ms", "price", "gold_answers", "gold_correct", "training_answers", "training_correct",
    "trained", "returned", "rejected",
)  # fmt: skip


# Indexes that held a row for everything, and hold one only for what has the column.
NARROWED = (
    ("task_batch_id", "task", ("batch_id",)),
    ("assignment_by_batch", "assignment", ("batch_id", "state", "id")),
    ("content_shipment_id", "content", ("shipment_id",)),
    ("judgment_shipment_id", "judgment", ("shipment_id",)),
)


def upgrade() -> None:
    _create_tables()
    for name, table, columns in NARROWED:
        there = sa.text(f"{columns[0]} IS NOT NULL")
        op.drop_index(name, table)
        op.create_index(name, table, list(columns), sqlite_where=there, postgresql_where=there)
    _refer("lane", "person_id", "person")
    _refer("lane", "team_id", "team")
    op.create_index("lane_of_person", "lane", ["project_id", "person_id"])
    _refer("task", "lane_id", "lane")
    _refer("review", "review_item_id", "review_item")
    op.create_index("review_review_item_id", "review", ["review_item_id"])
    op.add_column("project", sa.Column("deleted_at", sa.BigInteger(), nullable=True))
    op.add_column("batch", _sum("tasks"))
    for name in FIGURES:
        op.add_column("workload", _sum(name))
    for name in ("last_at", "stopped_at"):
        op.add_column("workload", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("workload", sa.Column("stopped_because", sa.Text(), nullable=True))
    op.create_index("workload_by_project", "workload", ["project_id", "annotator_id"])
    for name in ("training", "reviewing"):
        op.add_column("task_tally", _sum(name))
    _fill_figures()


def _sum(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def _refer(table: str, name: str, to: str) -> None:
    """A column that may be null and refers to another table; SQLite adds it in place, so nothing is copied."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f'ALTER TABLE "{table}" ADD COLUMN {name} INTEGER REFERENCES {to} (id)')
    else:
        key = sa.ForeignKey(f"{to}.id", name=f"{table}_{name}_fkey")
        op.add_column(table, sa.Column(name, ROW_KEY, key, nullable=True))


def _fill_figures() -> None:
    """What annotators have done so far, counted once; from now on it is kept as it goes."""
    op.execute("UPDATE batch SET tasks = (SELECT count(*) FROM task WHERE task.batch_id = batch.id)")
    op.execute(
        "INSERT INTO throughput (project_id, hour, shard, judgments) SELECT project_id, at / 3600000000, 0, "
        "count(*) FROM judgment WHERE supersedes IS NULL AND shipment_id IS NULL "
        "GROUP BY project_id, at / 3600000000"
    )
    op.execute(
        "UPDATE workload SET judgments = done.n, spent_ms = done.ms, price = done.price, last_at = done.at "
        "FROM (SELECT annotator_id, project_id, count(*) AS n, coalesce(sum(spent_ms), 0) AS ms, "
        "sum(price) AS price, max(at) AS at FROM judgment WHERE NOT gold GROUP BY annotator_id, project_id) "
        "AS done WHERE done.annotator_id = workload.annotator_id AND done.project_id = workload.project_id"
    )
    op.execute(
        "UPDATE workload SET gold_answers = done.n, gold_correct = done.correct FROM (SELECT annotator_id, "
        "project_id, count(*) AS n, sum(CASE WHEN wrong = 0 THEN 1 ELSE 0 END) AS correct FROM (SELECT "
        "judgment_id, annotator_id, project_id, sum(CASE WHEN correct THEN 0 ELSE 1 END) AS wrong "
        "FROM gold_result GROUP BY judgment_id, annotator_id, project_id) AS each_one "
        "GROUP BY annotator_id, project_id) "
        "AS done WHERE done.annotator_id = workload.annotator_id AND done.project_id = workload.project_id"
    )


def _table(name: str, *columns: sa.Column | sa.Constraint, refers: dict[str, str]) -> None:
    keys = [
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"{name}_{column}_fkey")
        for column, to in refers.items()
    ]
    op.create_table(name, *columns, *keys)


def _key(name: str = "id", *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, ROW_KEY, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _named(table: str) -> list[sa.Column | sa.Constraint]:
    """A row key and a public id."""
    return [
        _key(),
        sa.Column("public_id", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"{table}_pkey"),
        sa.UniqueConstraint("public_id", name=f"{table}_public_id_key"),
    ]


def _create_tables() -> None:
    _table(
        "team",
        *_named("team"),
        _text("name"),
        _text("name_key"),
        _time("created_at"),
        sa.UniqueConstraint("name_key", name="team_name_key_key"),
        refers={},
    )
    _table(
        "team_member",
        _key("team_id"),
        _key("person_id"),
        _time("at"),
        sa.PrimaryKeyConstraint("team_id", "person_id", name="team_member_pkey"),
        refers={"team_id": "team", "person_id": "person"},
    )
    op.create_index("team_member_person_id", "team_member", ["person_id"])
    _table(
        "throughput",
        _key("project_id"),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("judgments", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "hour", "shard", name="throughput_pkey"),
        refers={"project_id": "project"},
    )
    _table(
        "answer_draft",
        _key("assignment_id"),
        _key("annotator_id"),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("spent_ms", sa.BigInteger(), nullable=True),
        _time("at"),
        sa.PrimaryKeyConstraint("assignment_id", name="answer_draft_pkey"),
        refers={"assignment_id": "assignment", "annotator_id": "annotator"},
    )
    op.create_index("answer_draft_annotator_id", "answer_draft", ["annotator_id"])
    _table(
        "review_item",
        *_named("review_item"),
        _key("project_id"),
        _key("task_id"),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        _text("why"),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        _key("person_id", nullable=True),
        _text("verdict", nullable=True),
        _time("at"),
        _time("claimed_at", nullable=True),
        _time("lease_until", nullable=True),
        _time("done_at", nullable=True),
        refers={"project_id": "project", "task_id": "task", "person_id": "person"},
    )
    op.create_index("review_item_task_id", "review_item", ["task_id"])
    op.create_index("review_item_by_project", "review_item", ["project_id", "id"])
    op.create_index(
        "review_item_ready",
        "review_item",
        ["project_id", sa.text("priority DESC"), "id"],
        sqlite_where=READY,
        postgresql_where=READY,
    )
    op.create_index(
        "review_item_lease", "review_item", ["lease_until"], sqlite_where=HELD, postgresql_where=HELD
    )
    op.create_index(
        "review_item_held",
        "review_item",
        ["person_id", "project_id"],
        sqlite_where=HELD,
        postgresql_where=HELD,
    )
    _table(
        "question",
        *_named("question"),
        _key("project_id"),
        _key("task_id"),
        _key("annotator_id"),
        _key("provider_id"),
        _text("text"),
        _text("state"),
        _time("at"),
        _time("answered_at", nullable=True),
        refers={
            "project_id": "project",
            "task_id": "task",
            "annotator_id": "annotator",
            "provider_id": "provider",
        },
    )
    op.create_index("question_task_id", "question", ["task_id"])
    op.create_index("question_annotator_id", "question", ["annotator_id"])
    op.create_index("question_by_project", "question", ["project_id", "state", "id"])
    _table(
        "question_message",
        *_named("question_message"),
        _key("question_id"),
        _key("person_id", nullable=True),
        _text("text"),
        _time("at"),
        refers={"question_id": "question", "person_id": "person"},
    )
    op.create_index("question_message_question_id", "question_message", ["question_id"])
    _table(
        "clarification",
        *_named("clarification"),
        _key("project_id"),
        _key("question_id", nullable=True),
        _key("person_id", nullable=True),
        _text("asked"),
        _text("answer"),
        _time("at"),
        _time("ended_at", nullable=True),
        refers={"project_id": "project", "question_id": "question", "person_id": "person"},
    )
    op.create_index("clarification_project_id", "clarification", ["project_id"])
