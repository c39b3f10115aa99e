"""Leaving in full: events, phase-outs, drills, dependence; reviews; whose suggestion; one entity twice."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CURRENT_JUDGMENT = "CREATE VIEW current_judgment AS SELECT * FROM judgment WHERE current"
NOT_CURRENT = sa.text("NOT current")
BASED = sa.text("based_on IS NOT NULL")


def upgrade() -> None:
    op.execute("DROP VIEW current_judgment")
    _add("organisation", "lei", sa.String(20))
    _add("organisation", "country", sa.String(2))
    _add("organisation", "same_as_id", ROW_KEY, "organisation")
    _add("provider", "contract", sa.JSON())
    _add("task", "suggestion_by", ROW_KEY, "provider")
    _add("exposure", "sensitivity", sa.Text())
    _add("judgment", "suggested_by", ROW_KEY, "provider")
    _add("exit", "options", sa.JSON())
    _add("exit", "certificate", sa.JSON())
    _add("exit_step", "error", sa.Text())
    _add("exit_step", "begun_at", sa.BigInteger())
    op.execute(CURRENT_JUDGMENT)
    op.create_index("exposure_by_annotator", "exposure", ["annotator_id", "id"])
    op.create_index("judgment_based_on", "judgment", ["based_on"], sqlite_where=BASED, postgresql_where=BASED)
    op.create_index(
        "judgment_not_current",
        "judgment",
        ["project_id", "id"],
        sqlite_where=NOT_CURRENT,
        postgresql_where=NOT_CURRENT,
    )
    _create_tables()


def _add(table: str, name: str, kind, refers_to: str | None = None) -> None:
    """A column that may be null. SQLite adds one in place only when told so plainly; a rebuilt table of
    judgments would be copied whole."""
    if refers_to is None:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    elif op.get_bind().dialect.name == "sqlite":
        op.execute(f'ALTER TABLE "{table}" ADD COLUMN {name} INTEGER REFERENCES {refers_to} (id)')
    else:
        constraint = f"{table}_{name}_fkey"
        op.add_column(table, sa.Column(name, kind, sa.ForeignKey(f"{refers_to}.id", name=constraint)))


def _fact() -> list[sa.Column]:
    return [
        sa.Column("leaf_salt", sa.LargeBinary(32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
    ]


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"{table}_{column}_fkey")


def _create_tables() -> None:
    op.create_table(
        "organisation_change",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("organisation_id", ROW_KEY, nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_fact(),
        _refers("organisation_change", "organisation_id", "organisation"),
        _refers("organisation_change", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name="organisation_change_pkey"),
    )
    op.create_index("organisation_change_organisation_id", "organisation_change", ["organisation_id"])
    op.create_table(
        "review",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(24), nullable=False),
        sa.Column("judgment_id", ROW_KEY, nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("fix_id", ROW_KEY, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_fact(),
        _refers("review", "judgment_id", "judgment"),
        _refers("review", "person_id", "person"),
        _refers("review", "fix_id", "judgment"),
        sa.PrimaryKeyConstraint("id", name="review_pkey"),
        sa.UniqueConstraint("public_id", name="review_public_id_key"),
    )
    op.create_index("review_judgment_id", "review", ["judgment_id"])
    op.create_table(
        "exit_event",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("exit_id", ROW_KEY, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_fact(),
        _refers("exit_event", "exit_id", "exit"),
        _refers("exit_event", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name="exit_event_pkey"),
    )
    op.create_index("exit_event_exit_id", "exit_event", ["exit_id"])
    op.create_table(
        "phase_out",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(24), nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        *_fact(),
        _refers("phase_out", "provider_id", "provider"),
        _refers("phase_out", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name="phase_out_pkey"),
        sa.UniqueConstraint("public_id", name="phase_out_public_id_key"),
    )
    op.create_index("phase_out_provider_id", "phase_out", ["provider_id"])
    op.create_table(
        "phase_out_limit",
        sa.Column("phase_out_id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("first_share", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("judgments", sa.BigInteger(), nullable=False),
        sa.Column("mine", sa.BigInteger(), nullable=False),
        _refers("phase_out_limit", "phase_out_id", "phase_out"),
        _refers("phase_out_limit", "project_id", "project"),
        sa.PrimaryKeyConstraint("phase_out_id", "project_id", name="phase_out_limit_pkey"),
    )
    op.create_table(
        "drill",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(24), nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        *_fact(),
        _refers("drill", "provider_id", "provider"),
        _refers("drill", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name="drill_pkey"),
        sa.UniqueConstraint("public_id", name="drill_public_id_key"),
    )
    op.create_index("drill_provider_id", "drill", ["provider_id"])
    op.create_table(
        "drill_schedule",
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        _refers("drill_schedule", "provider_id", "provider"),
        _refers("drill_schedule", "person_id", "person"),
        sa.PrimaryKeyConstraint("provider_id", name="drill_schedule_pkey"),
    )
    op.create_table(
        "dependence",
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("judgments", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _refers("dependence", "project_id", "project"),
        sa.PrimaryKeyConstraint("project_id", name="dependence_pkey"),
    )
