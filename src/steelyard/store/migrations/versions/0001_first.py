"""The first schema: facts with payloads apart, the queue in waves and lanes, two worlds."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CURRENT_JUDGMENT = "CREATE VIEW current_judgment AS SELECT * FROM judgment WHERE current"


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("blob_pkey")),
    )
    op.create_table(
        "form",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("form_pkey")),
        sa.UniqueConstraint("digest", name=op.f("form_digest_key")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("eligibility_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("installation_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("installation_public_id_key")),
    )
    op.create_table(
        "job",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=True),
        sa.Column("args", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("job_pkey")),
        sa.UniqueConstraint("dedup_key", name=op.f("job_dedup_key_key")),
    )
    op.create_index(
        "job_due",
        "job",
        ["run_at"],
        unique=False,
        sqlite_where=sa.text("state <> 'dead'"),
        postgresql_where=sa.text("state <> 'dead'"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("organisation_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("organisation_public_id_key")),
    )
    op.create_table(
        "provider",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("clearance", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("capabilities", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("config", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("provider_pkey")),
        sa.UniqueConstraint("name_key", name=op.f("provider_name_key_key")),
        sa.UniqueConstraint("public_id", name=op.f("provider_public_id_key")),
        sa.UniqueConstraint("slug", name=op.f("provider_slug_key")),
    )
    op.create_table(
        "remembered_post",
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("remembered_post_pkey")),
    )
    op.create_table(
        "organisation_name",
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("organisation_id", ROW_KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("organisation_name_organisation_id_fkey")
        ),
        sa.PrimaryKeyConstraint("name_key", name=op.f("organisation_name_pkey")),
    )
    op.create_index(
        op.f("organisation_name_organisation_id"), "organisation_name", ["organisation_id"], unique=False
    )
    op.create_table(
        "person",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("languages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("skills", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("person_provider_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("person_pkey")),
        sa.UniqueConstraint("email", name=op.f("person_email_key")),
        sa.UniqueConstraint("name_key", name=op.f("person_name_key_key")),
        sa.UniqueConstraint("public_id", name=op.f("person_public_id_key")),
    )
    op.create_index(op.f("person_provider_id"), "person", ["provider_id"], unique=False)
    op.create_table(
        "project",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("world", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("policy", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("form_id", ROW_KEY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("project_form_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("project_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("project_public_id_key")),
        sa.UniqueConstraint("world", "name_key", name=op.f("project_world_name_key_key")),
        sa.UniqueConstraint("world", "slug", name=op.f("project_world_slug_key")),
    )
    op.create_table(
        "annotator",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("annotator_person_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("annotator_provider_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("annotator_pkey")),
        sa.UniqueConstraint("provider_id", "external_id", name=op.f("annotator_provider_id_external_id_key")),
        sa.UniqueConstraint("public_id", name=op.f("annotator_public_id_key")),
    )
    op.create_index(op.f("annotator_person_id"), "annotator", ["person_id"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("world", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("api_key_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pkey")),
        sa.UniqueConstraint("digest", name=op.f("api_key_digest_key")),
        sa.UniqueConstraint("public_id", name=op.f("api_key_public_id_key")),
    )
    op.create_index(op.f("api_key_person_id"), "api_key", ["person_id"], unique=False)
    op.create_table(
        "batch",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("world", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("batch_project_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("batch_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("batch_public_id_key")),
        sa.UniqueConstraint("world", "name_key", name=op.f("batch_world_name_key_key")),
    )
    op.create_index(op.f("batch_project_id"), "batch", ["project_id"], unique=False)
    op.create_table(
        "conflict",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=True),
        sa.Column("organisation_id", ROW_KEY, nullable=False),
        sa.Column("recorded_by", ROW_KEY, nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("conflict_organisation_id_fkey")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("conflict_project_id_fkey")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("conflict_recorded_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("conflict_pkey")),
    )
    op.create_index(op.f("conflict_project_id"), "conflict", ["project_id"], unique=False)
    op.create_table(
        "exit",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("exit_person_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("exit_provider_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("exit_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("exit_public_id_key")),
    )
    op.create_index(op.f("exit_provider_id"), "exit", ["provider_id"], unique=False)
    op.create_table(
        "fit",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("question_key", sa.String(length=64), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("judgments", sa.BigInteger(), nullable=False),
        sa.Column("log_likelihood", sa.Float(), nullable=True),
        sa.Column("iterations", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fit_project_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("fit_pkey")),
    )
    op.create_index("fit_latest", "fit", ["project_id", "question_key", "id"], unique=False)
    op.create_table(
        "interest",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("holder_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=True),
        sa.Column("organisation_id", ROW_KEY, nullable=True),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("since", sa.Text(), nullable=True),
        sa.Column("recorded_by", ROW_KEY, nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["holder_id"], ["organisation.id"], name=op.f("interest_holder_id_fkey")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("interest_organisation_id_fkey")
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("interest_provider_id_fkey")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("interest_recorded_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("interest_pkey")),
    )
    op.create_index(op.f("interest_organisation_id"), "interest", ["organisation_id"], unique=False)
    op.create_index(op.f("interest_provider_id"), "interest", ["provider_id"], unique=False)
    op.create_table(
        "lane",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("demands", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("put_back", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("lane_project_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("lane_pkey")),
        sa.UniqueConstraint("project_id", "digest", name=op.f("lane_project_id_digest_key")),
    )
    op.create_table(
        "project_form",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("form_id", ROW_KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("project_form_form_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("project_form_project_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("project_form_pkey")),
    )
    op.create_index(op.f("project_form_project_id"), "project_form", ["project_id"], unique=False)
    op.create_table(
        "provider_change",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("change", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("provider_change_person_id_fkey")),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("provider_change_provider_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("provider_change_pkey")),
    )
    op.create_index(op.f("provider_change_provider_id"), "provider_change", ["provider_id"], unique=False)
    op.create_table(
        "release",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("predecessor_id", ROW_KEY, nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["predecessor_id"], ["release.id"], name=op.f("release_predecessor_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("release_project_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("release_pkey")),
        sa.UniqueConstraint("project_id", "version", name=op.f("release_project_id_version_key")),
        sa.UniqueConstraint("public_id", name=op.f("release_public_id_key")),
    )
    op.create_table(
        "shipment",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("shipment_project_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("shipment_provider_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("shipment_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("shipment_public_id_key")),
    )
    op.create_index(op.f("shipment_project_id"), "shipment", ["project_id"], unique=False)
    op.create_index(op.f("shipment_provider_id"), "shipment", ["provider_id"], unique=False)
    op.create_table(
        "sign_in_link",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("sign_in_link_person_id_fkey")),
        sa.PrimaryKeyConstraint("digest", name=op.f("sign_in_link_pkey")),
    )
    op.create_table(
        "tally",
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("judgments", sa.BigInteger(), nullable=False),
        sa.Column("gold_judgments", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("tally_project_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("tally_provider_id_fkey")),
        sa.PrimaryKeyConstraint("project_id", "provider_id", "shard", name=op.f("tally_pkey")),
    )
    op.create_index(op.f("tally_provider_id"), "tally", ["provider_id"], unique=False)
    op.create_table(
        "task_tally",
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tasks", sa.BigInteger(), nullable=False),
        sa.Column("gold", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("overlapping", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("task_tally_project_id_fkey")),
        sa.PrimaryKeyConstraint("project_id", "shard", name=op.f("task_tally_pkey")),
    )
    op.create_table(
        "wave",
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("priority", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("filled", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("wave_project_id_fkey")),
        sa.PrimaryKeyConstraint("project_id", "priority", name=op.f("wave_pkey")),
    )
    op.create_table(
        "api_key_project",
        sa.Column("api_key_id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name=op.f("api_key_project_api_key_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("api_key_project_project_id_fkey")),
        sa.PrimaryKeyConstraint("api_key_id", "project_id", name=op.f("api_key_project_pkey")),
    )
    op.create_table(
        "content",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("shipment_id", ROW_KEY, nullable=True),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("content_project_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("content_provider_id_fkey")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("content_shipment_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("content_pkey")),
    )
    op.create_index(op.f("content_commitment"), "content", ["commitment"], unique=False)
    op.create_index(op.f("content_project_id"), "content", ["project_id"], unique=False)
    op.create_index(op.f("content_provider_id"), "content", ["provider_id"], unique=False)
    op.create_index(op.f("content_shipment_id"), "content", ["shipment_id"], unique=False)
    op.create_table(
        "exit_step",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("exit_id", ROW_KEY, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["exit_id"], ["exit.id"], name=op.f("exit_step_exit_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("exit_step_pkey")),
        sa.UniqueConstraint("exit_id", "position", name=op.f("exit_step_exit_id_position_key")),
    )
    op.create_index(op.f("exit_step_exit_id"), "exit_step", ["exit_id"], unique=False)
    op.create_table(
        "queue_cursor",
        sa.Column("annotator_id", ROW_KEY, nullable=False),
        sa.Column("lane_id", ROW_KEY, nullable=False),
        sa.Column("priority", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("queue_cursor_annotator_id_fkey")
        ),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("queue_cursor_lane_id_fkey")),
        sa.PrimaryKeyConstraint("annotator_id", "lane_id", "priority", name=op.f("queue_cursor_pkey")),
    )
    op.create_table(
        "release_provider",
        sa.Column("release_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("judgments", sa.BigInteger(), nullable=False),
        sa.Column("contents", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("release_provider_provider_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("release_provider_release_id_fkey")
        ),
        sa.PrimaryKeyConstraint("release_id", "provider_id", name=op.f("release_provider_pkey")),
    )
    op.create_index(op.f("release_provider_provider_id"), "release_provider", ["provider_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=False),
        sa.Column("api_key_id", ROW_KEY, nullable=True),
        sa.Column("world", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name=op.f("session_api_key_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("session_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("session_pkey")),
        sa.UniqueConstraint("digest", name=op.f("session_digest_key")),
    )
    op.create_index(op.f("session_api_key_id"), "session", ["api_key_id"], unique=False)
    op.create_index(op.f("session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "skill",
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("question_key", sa.String(length=64), nullable=False),
        sa.Column("annotator_id", ROW_KEY, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("fit_id", ROW_KEY, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("correct", sa.Float(), nullable=False),
        sa.Column("accuracy", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("skill_annotator_id_fkey")),
        sa.ForeignKeyConstraint(["fit_id"], ["fit.id"], name=op.f("skill_fit_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("skill_project_id_fkey")),
        sa.PrimaryKeyConstraint("project_id", "question_key", "annotator_id", name=op.f("skill_pkey")),
    )
    op.create_table(
        "workload",
        sa.Column("annotator_id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("claims", sa.BigInteger(), nullable=False),
        sa.Column("gold_seen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("workload_annotator_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("workload_project_id_fkey")),
        sa.PrimaryKeyConstraint("annotator_id", "project_id", name=op.f("workload_pkey")),
    )
    op.create_table(
        "content_blob",
        sa.Column("content_id", ROW_KEY, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("content_blob_content_id_fkey")),
        sa.ForeignKeyConstraint(["digest"], ["blob.digest"], name=op.f("content_blob_digest_fkey")),
        sa.PrimaryKeyConstraint("content_id", "digest", name=op.f("content_blob_pkey")),
    )
    op.create_index(op.f("content_blob_digest"), "content_blob", ["digest"], unique=False)
    op.create_table(
        "content_payload",
        sa.Column("content_id", ROW_KEY, autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("content_payload_content_id_fkey")),
        sa.PrimaryKeyConstraint("content_id", name=op.f("content_payload_pkey")),
    )
    op.create_table(
        "task",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("world", sa.Text(), nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("batch_id", ROW_KEY, nullable=True),
        sa.Column("content_id", ROW_KEY, nullable=False),
        sa.Column("form_id", ROW_KEY, nullable=True),
        sa.Column("created_by", ROW_KEY, nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("unique_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("gold", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.SmallInteger(), nullable=False),
        sa.Column("answers", sa.SmallInteger(), nullable=False),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("suggestion", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("task_batch_id_fkey")),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("task_content_id_fkey")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("task_created_by_fkey")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("task_form_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("task_project_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("task_pkey")),
        sa.UniqueConstraint("project_id", "external_id", name=op.f("task_project_id_external_id_key")),
        sa.UniqueConstraint("public_id", name=op.f("task_public_id_key")),
        sa.UniqueConstraint("world", "unique_id", name=op.f("task_world_unique_id_key")),
    )
    op.create_index(op.f("task_batch_id"), "task", ["batch_id"], unique=False)
    op.create_index("task_by_project", "task", ["project_id", "id"], unique=False)
    op.create_index("task_by_status", "task", ["project_id", "status", "id"], unique=False)
    op.create_index(op.f("task_content_id"), "task", ["content_id"], unique=False)
    op.create_index(
        "task_gold",
        "task",
        ["project_id", "id"],
        unique=False,
        sqlite_where=sa.text("gold IS NOT NULL"),
        postgresql_where=sa.text("gold IS NOT NULL"),
    )
    op.create_table(
        "assignment",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("task_id", ROW_KEY, nullable=False),
        sa.Column("lane_id", ROW_KEY, nullable=True),
        sa.Column("batch_id", ROW_KEY, nullable=True),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("annotator_id", ROW_KEY, nullable=True),
        sa.Column("provider_id", ROW_KEY, nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("assignment_annotator_id_fkey")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("assignment_batch_id_fkey")),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("assignment_lane_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("assignment_project_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("assignment_provider_id_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("assignment_task_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("assignment_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("assignment_public_id_key")),
    )
    op.create_index(
        "assignment_annotator",
        "assignment",
        ["task_id", "annotator_id"],
        unique=True,
        sqlite_where=sa.text("annotator_id IS NOT NULL AND state IN (1, 2)"),
        postgresql_where=sa.text("annotator_id IS NOT NULL AND state IN (1, 2)"),
    )
    op.create_index("assignment_by_batch", "assignment", ["batch_id", "state", "id"], unique=False)
    op.create_index(
        "assignment_held",
        "assignment",
        ["annotator_id", "project_id"],
        unique=False,
        sqlite_where=sa.text("state = 1"),
        postgresql_where=sa.text("state = 1"),
    )
    op.create_index(
        "assignment_held_by_provider",
        "assignment",
        ["provider_id", "project_id"],
        unique=False,
        sqlite_where=sa.text("state = 1"),
        postgresql_where=sa.text("state = 1"),
    )
    op.create_index(
        "assignment_lease",
        "assignment",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 1"),
        postgresql_where=sa.text("state = 1"),
    )
    op.create_index(op.f("assignment_task_id"), "assignment", ["task_id"], unique=False)
    op.create_table(
        "consensus",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("task_id", ROW_KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("tie", sa.Boolean(), nullable=False),
        sa.Column("judgments", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("value_from", sa.String(length=24), nullable=True),
        sa.Column("fit_id", ROW_KEY, nullable=True),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["fit_id"], ["fit.id"], name=op.f("consensus_fit_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("consensus_project_id_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("consensus_task_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("consensus_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("consensus_public_id_key")),
    )
    op.create_index("consensus_by_project", "consensus", ["project_id", "id"], unique=False)
    op.create_index(
        "consensus_current",
        "consensus",
        ["task_id"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
    op.create_table(
        "declined",
        sa.Column("annotator_id", ROW_KEY, nullable=False),
        sa.Column("task_id", ROW_KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("declined_annotator_id_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("declined_task_id_fkey")),
        sa.PrimaryKeyConstraint("annotator_id", "task_id", name=op.f("declined_pkey")),
    )
    op.create_table(
        "exposure",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("content_id", ROW_KEY, nullable=False),
        sa.Column("task_id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("annotator_id", ROW_KEY, nullable=False),
        sa.Column("assignment", sa.String(length=24), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("exposure_annotator_id_fkey")),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("exposure_content_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("exposure_project_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("exposure_provider_id_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("exposure_task_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("exposure_pkey")),
    )
    op.create_index("exposure_by_provider", "exposure", ["provider_id", "id"], unique=False)
    op.create_index(op.f("exposure_content_id"), "exposure", ["content_id"], unique=False)
    op.create_table(
        "gold",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("task_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=True),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("gold_provider_id_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("gold_task_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("gold_pkey")),
    )
    op.create_index(
        "gold_current",
        "gold",
        ["task_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "consensus_payload",
        sa.Column("consensus_id", ROW_KEY, autoincrement=False, nullable=False),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("confidence_by", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["consensus_id"], ["consensus.id"], name=op.f("consensus_payload_consensus_id_fkey")
        ),
        sa.PrimaryKeyConstraint("consensus_id", name=op.f("consensus_payload_pkey")),
    )
    op.create_table(
        "gold_payload",
        sa.Column("gold_id", ROW_KEY, autoincrement=False, nullable=False),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["gold_id"], ["gold.id"], name=op.f("gold_payload_gold_id_fkey")),
        sa.PrimaryKeyConstraint("gold_id", name=op.f("gold_payload_pkey")),
    )
    op.create_table(
        "judgment",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("task_id", ROW_KEY, nullable=False),
        sa.Column("assignment_id", ROW_KEY, nullable=True),
        sa.Column("annotator_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("shipment_id", ROW_KEY, nullable=True),
        sa.Column("form_id", ROW_KEY, nullable=False),
        sa.Column("based_on", ROW_KEY, nullable=True),
        sa.Column("supersedes", ROW_KEY, nullable=True),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("spent_ms", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("gold", sa.Boolean(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("body_digest", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("judgment_annotator_id_fkey")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("judgment_assignment_id_fkey")
        ),
        sa.ForeignKeyConstraint(["based_on"], ["judgment.id"], name=op.f("judgment_based_on_fkey")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("judgment_form_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("judgment_project_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("judgment_provider_id_fkey")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("judgment_shipment_id_fkey")),
        sa.ForeignKeyConstraint(["supersedes"], ["judgment.id"], name=op.f("judgment_supersedes_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("judgment_task_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("judgment_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("judgment_public_id_key")),
    )
    op.create_index(op.f("judgment_assignment_id"), "judgment", ["assignment_id"], unique=False)
    op.create_index("judgment_by_annotator", "judgment", ["annotator_id", "at"], unique=False)
    op.create_index("judgment_by_project", "judgment", ["project_id", "id"], unique=False)
    op.create_index("judgment_by_provider", "judgment", ["provider_id", "project_id", "id"], unique=False)
    op.create_index("judgment_by_task", "judgment", ["task_id"], unique=False)
    op.create_index("judgment_by_time", "judgment", ["project_id", "at"], unique=False)
    op.create_index(
        "judgment_one_each",
        "judgment",
        ["task_id", "annotator_id"],
        unique=True,
        sqlite_where=sa.text("current AND NOT anonymous AND based_on IS NULL"),
        postgresql_where=sa.text("current AND NOT anonymous AND based_on IS NULL"),
    )
    op.create_index(op.f("judgment_shipment_id"), "judgment", ["shipment_id"], unique=False)
    op.create_table(
        "refused_receipt",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("assignment_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("annotator_id", ROW_KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("refused_receipt_annotator_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("refused_receipt_assignment_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("refused_receipt_provider_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("refused_receipt_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("refused_receipt_public_id_key")),
    )
    op.create_index(op.f("refused_receipt_provider_id"), "refused_receipt", ["provider_id"], unique=False)
    op.create_table(
        "gold_result",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("judgment_id", ROW_KEY, nullable=False),
        sa.Column("project_id", ROW_KEY, nullable=False),
        sa.Column("annotator_id", ROW_KEY, nullable=False),
        sa.Column("provider_id", ROW_KEY, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("gold_result_annotator_id_fkey")
        ),
        sa.ForeignKeyConstraint(["judgment_id"], ["judgment.id"], name=op.f("gold_result_judgment_id_fkey")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("gold_result_project_id_fkey")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("gold_result_provider_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("gold_result_pkey")),
    )
    op.create_index("gold_result_by_annotator", "gold_result", ["project_id", "annotator_id"], unique=False)
    op.create_index(op.f("gold_result_judgment_id"), "gold_result", ["judgment_id"], unique=False)
    op.create_table(
        "judgment_payload",
        sa.Column("judgment_id", ROW_KEY, autoincrement=False, nullable=False),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("presentation", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["judgment_id"], ["judgment.id"], name=op.f("judgment_payload_judgment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("judgment_id", name=op.f("judgment_payload_pkey")),
    )
    op.create_table(
        "withdrawal",
        sa.Column("id", ROW_KEY, nullable=False),
        sa.Column("judgment_id", ROW_KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", ROW_KEY, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leaf_salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ledger_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["judgment_id"], ["judgment.id"], name=op.f("withdrawal_judgment_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("withdrawal_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("withdrawal_pkey")),
    )
    op.create_index(op.f("withdrawal_judgment_id"), "withdrawal", ["judgment_id"], unique=False)
    op.create_index(
        "assignment_ready",
        "assignment",
        ["project_id", "lane_id", sa.text("priority DESC"), "ordinal"],
        unique=False,
        sqlite_where=sa.text("state = 0"),
        postgresql_where=sa.text("state = 0"),
    )
    op.execute(CURRENT_JUDGMENT)
