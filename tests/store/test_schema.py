"""The migrations lead to the schema that the code speaks of, on both databases."""

from __future__ import annotations

import warnings

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from steelyard.store import tables

EXPRESSIONS = ("assignment_ready", "review_item_ready")


def test_a_migrated_database_is_what_the_tables_say(database):
    def differences(tx):
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = compare_metadata(context, tables.metadata)
        # Indexes with an expression are looked at below: SQLite's reflection does not know them.
        return [d for d in found if not any(name in str(d) for name in ("alembic_version", *EXPRESSIONS))]

    assert database.read(differences) == []


def _definition(database, index):
    def definition(tx):
        if tx.dialect == "sqlite":
            query = "SELECT sql FROM sqlite_master WHERE name = :index"
        else:
            query = "SELECT indexdef FROM pg_indexes WHERE indexname = :index"
        return tx.execute(sa.text(query), {"index": index}).scalar_one()

    return " ".join(database.read(definition).split())


def test_the_queue_s_index_holds_ready_rows_alone_by_priority_and_ordinal(database):
    text = _definition(database, "assignment_ready")
    assert "project_id, lane_id, priority DESC, ordinal" in text
    assert "state = 0" in text


def test_the_reviews_index_holds_ready_rows_alone_by_priority_and_arrival(database):
    text = _definition(database, "review_item_ready")
    assert "project_id, priority DESC, id" in text
    assert "state = 0" in text


def test_every_fact_has_a_leaf_salt_and_room_for_its_number_in_the_ledger():
    facts = {
        "organisation",
        "provider_change",
        "interest",
        "conflict",
        "api_key",
        "shipment",
        "content",
        "gold",
    }
    facts |= {"review", "exit_event", "phase_out", "drill"}
    facts |= {
        "exposure",
        "judgment",
        "withdrawal",
        "refused_receipt",
        "gold_result",
        "consensus",
        "release",
        "exit",
    }
    for name in facts:
        columns = tables.metadata.tables[name].columns
        assert not columns["leaf_salt"].nullable, name
        assert columns["ledger_no"].nullable, name


def test_the_view_of_what_is_current_has_every_column_of_a_judgment(database):
    rows = database.read(lambda tx: tx.execute(sa.text("SELECT * FROM current_judgment")).keys())
    assert list(rows) == [c.name for c in tables.judgment.columns]
