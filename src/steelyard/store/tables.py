"""Where is each thing kept?

Facts (what somebody did) are never changed; what may be erased stands beside them as a payload. Columns
after a fact's commitment are marks and indexes of it, not part of it.
"""

from __future__ import annotations

import os

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
)

metadata = sa.MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

_Key = BigInteger().with_variant(Integer, "sqlite")
_Json = sa.JSON(none_as_null=True)


def _id() -> Column:
    return Column("id", _Key, primary_key=True)


def _public_id() -> Column:
    # Drawn by us and unique, so many rows can be inserted at once and their keys come back in order.
    return Column("public_id", String(24), nullable=False, unique=True, insert_sentinel=True)


def _ref(table: str, *, nullable: bool = False, index: bool = False, name: str | None = None) -> Column:
    return Column(name or f"{table}_id", _Key, ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def _where_any(name: str, first: str, *more: str) -> Index:
    """An index of the rows that have the first column: where most have none, those cost nothing."""
    there = sa.text(f"{first} IS NOT NULL")
    return Index(name, first, *more, sqlite_where=there, postgresql_where=there)


def _fact() -> list[Column]:
    """A fact that trust hangs on: the salt of its leaf in the ledger, and its number there once it has one."""
    return [
        Column("leaf_salt", sa.LargeBinary(32), nullable=False, default=lambda: os.urandom(32)),
        Column("ledger_no", BigInteger, nullable=True),
    ]


def _time(name: str, *, nullable: bool = False) -> Column:
    return Column(name, BigInteger, nullable=nullable)


# --- the installation, who may do what -----------------------------------------------------------------

installation = sa.Table(
    "installation",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    _public_id(),
    Column("currency", String(3), nullable=False),
    # Drawn anew by every change of anything that eligibility reads; a cache is valid for one version.
    Column("eligibility_version", BigInteger, nullable=False),
    # The sums of what was shown hold all showings up to this row key.
    Column("exposure_summed", BigInteger, nullable=False, default=0, server_default="0"),
    _time("created_at"),
)

organisation = sa.Table(
    "organisation",
    metadata,
    _id(),
    _public_id(),
    Column("name", Text, nullable=False),
    Column("lei", String(20), nullable=True),  # Legal Entity Identifier, ISO 17442
    Column("country", String(2), nullable=True),  # ISO 3166-1 alpha-2
    # Found to be the same legal entity as another: what is said of this one holds of that one.
    _ref("organisation", nullable=True, name="same_as_id"),
    _time("created_at"),
    *_fact(),
)

organisation_name = sa.Table(  # the name and every alias; unique over all organisations
    "organisation_name",
    metadata,
    Column("name_key", Text, primary_key=True),
    _ref("organisation", index=True),
    Column("name", Text, nullable=False),
)

organisation_change = sa.Table(  # every change of what an organisation is: who, when, from what to what
    "organisation_change",
    metadata,
    _id(),
    _ref("organisation", index=True),
    _ref("person", nullable=True),
    Column("change", _Json, nullable=False),
    _time("at"),
    *_fact(),
)

provider = sa.Table(
    "provider",
    metadata,
    _id(),
    _public_id(),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("clearance", Text, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("capabilities", _Json, nullable=False),
    Column("config", _Json, nullable=False),
    Column("contract", _Json, nullable=True),  # reference, starts, ends, notice_days, ...
    _time("created_at"),
)

provider_change = sa.Table(  # every change of a provider: who, when, from what to what
    "provider_change",
    metadata,
    _id(),
    _ref("provider", index=True),
    _ref("person", nullable=True),
    Column("change", _Json, nullable=False),
    _time("at"),
    *_fact(),
)

interest = sa.Table(
    "interest",
    metadata,
    _id(),
    _ref("organisation", name="holder_id"),
    _ref("provider", nullable=True, index=True),
    _ref("organisation", nullable=True, index=True),  # what is held, when it is no provider
    Column("share", Integer, nullable=False),  # millionths
    Column("since", Text, nullable=True),
    _ref("person", nullable=True, name="recorded_by"),
    _time("recorded_at"),
    _time("ended_at", nullable=True),
    *_fact(),
)

conflict = sa.Table(
    "conflict",
    metadata,
    _id(),
    _ref("project", nullable=True, index=True),  # null: the whole installation
    _ref("organisation"),
    _ref("person", nullable=True, name="recorded_by"),
    _time("recorded_at"),
    _time("ended_at", nullable=True),
    *_fact(),
)

person = sa.Table(
    "person",
    metadata,
    _id(),
    _public_id(),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("email", Text, nullable=True, unique=True),
    _ref("provider", index=True),
    Column("languages", _Json, nullable=False),
    Column("skills", _Json, nullable=False),
    _time("created_at"),
)

team = sa.Table(  # people that work can be given to together
    "team",
    metadata,
    _id(),
    _public_id(),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    _time("created_at"),
)

team_member = sa.Table(
    "team_member",
    metadata,
    Column("team_id", _Key, ForeignKey("team.id"), primary_key=True),
    Column("person_id", _Key, ForeignKey("person.id"), primary_key=True, index=True),
    _time("at"),
)

api_key = sa.Table(
    "api_key",
    metadata,
    _id(),
    _public_id(),
    _ref("person", index=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("last4", String(4), nullable=False),
    Column("world", Text, nullable=False),
    Column("role", Text, nullable=False),
    _time("created_at"),
    _time("revoked_at", nullable=True),
    *_fact(),
)

api_key_project = sa.Table(  # no row: the key's role holds in all projects, later ones too
    "api_key_project",
    metadata,
    Column("api_key_id", _Key, ForeignKey("api_key.id"), primary_key=True),
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
)

session = sa.Table(
    "session",
    metadata,
    _id(),
    Column("digest", String(64), nullable=False, unique=True),
    _ref("person", index=True),
    _ref("api_key", nullable=True, index=True),  # a session dies with the key that opened it
    Column("world", Text, nullable=False),
    Column("role", Text, nullable=False),
    _time("created_at"),
    _time("expires_at"),
    _time("ended_at", nullable=True),
)

sign_in_link = sa.Table(
    "sign_in_link",
    metadata,
    Column("digest", String(64), primary_key=True),
    _ref("person"),
    Column("role", Text, nullable=False),
    _time("expires_at"),
    _time("used_at", nullable=True),
)

annotator = sa.Table(
    "annotator",
    metadata,
    _id(),
    _public_id(),
    _ref("provider"),
    Column("external_id", Text, nullable=False),
    _ref("person", nullable=True, index=True),
    Column("anonymous", Boolean, nullable=False, default=False),
    _time("created_at"),
    sa.UniqueConstraint("provider_id", "external_id"),
)

# --- what is asked -----------------------------------------------------------------------------------

form = sa.Table(
    "form",
    metadata,
    _id(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("body", _Json, nullable=False),
    _time("created_at"),
)

project = sa.Table(
    "project",
    metadata,
    _id(),
    _public_id(),
    Column("world", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("instruction", Text, nullable=False),
    Column("policy", _Json, nullable=False),
    _ref("form"),
    Column("status", Text, nullable=False),  # active, archived, deleted
    _time("created_at"),
    _time("deleted_at", nullable=True),
    _ref("person", nullable=True, name="deleted_by"),
    sa.UniqueConstraint("world", "name_key"),
    sa.UniqueConstraint("world", "slug"),
)

project_form = sa.Table(
    "project_form",
    metadata,
    _id(),
    _ref("project", index=True),
    _ref("form"),
    _time("at"),
)

project_event = (
    sa.Table(  # archived, restored, deleted, erasure ordered again: by whom and when; never changed
        "project_event",
        metadata,
        _id(),
        _ref("project", index=True),
        Column("what", Text, nullable=False),
        _ref("person", nullable=True),
        _time("at"),
        *_fact(),
    )
)

batch = sa.Table(
    "batch",
    metadata,
    _id(),
    _public_id(),
    _ref("project", index=True),
    Column("world", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("tasks", BigInteger, nullable=False, default=0, server_default="0"),  # that came into it
    _time("created_at"),
    sa.UniqueConstraint("world", "name_key"),
)

shipment = sa.Table(
    "shipment",
    metadata,
    _id(),
    _public_id(),
    _ref("provider", index=True),
    _ref("project", index=True),
    Column("name", Text, nullable=False),
    Column("rows", BigInteger, nullable=False, default=0),
    _time("received_at"),
    *_fact(),
)

blob = sa.Table(
    "blob",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    _time("created_at"),  # when the bytes last came in
)

content = sa.Table(
    "content",
    metadata,
    _id(),
    _ref("project", index=True),
    _ref("provider", index=True),  # who gave it
    _ref("shipment", nullable=True),
    Column("commitment", String(64), nullable=False, index=True, insert_sentinel=True),
    _time("at"),
    *_fact(),
    _where_any("content_shipment_id", "shipment_id"),
)

content_payload = sa.Table(
    "content_payload",
    metadata,
    Column("content_id", _Key, ForeignKey("content.id"), primary_key=True, autoincrement=False),
    Column("body", _Json, nullable=False),
    Column("salt", sa.LargeBinary(32), nullable=False),
)

content_blob = sa.Table(
    "content_blob",
    metadata,
    Column("content_id", _Key, ForeignKey("content.id"), primary_key=True),
    Column("digest", String(64), ForeignKey("blob.digest"), primary_key=True, index=True),
)

task = sa.Table(
    "task",
    metadata,
    _id(),
    _public_id(),
    Column("world", Text, nullable=False),
    _ref("project"),
    _ref("batch", nullable=True),
    _ref("content", index=True),
    _ref("form", nullable=True),  # null until the first claim pins the project's current one
    _ref("person", nullable=True, name="created_by"),
    Column("external_id", Text, nullable=True),
    Column("unique_id", Text, nullable=True),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=True),
    Column("gold", Text, nullable=True),  # null, evaluation or training
    Column("priority", Integer, nullable=False, default=0),
    Column("wave", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("wanted", SmallInteger, nullable=False),
    Column("answers", SmallInteger, nullable=False, default=0),  # current judgments that count
    Column("tags", _Json, nullable=False),
    Column("details", _Json, nullable=False),  # the caller's metadata
    _ref("lane", nullable=True),  # what its answers demand; null: what the project demands of everybody
    Column("suggestion", _Json, nullable=True),
    _ref("provider", nullable=True, name="suggestion_by"),  # whose answer the suggestion is, where it is told
    Column("digest", sa.LargeBinary(32), nullable=False),  # of the task as given: same or changed?
    _time("created_at"),
    _time("settled_at", nullable=True),
    _time("delivered_at", nullable=True),
    sa.UniqueConstraint("project_id", "external_id"),
    sa.UniqueConstraint("world", "unique_id"),
    _where_any("task_batch_id", "batch_id"),
    Index("task_by_project", "project_id", "id"),
    Index("task_by_status", "project_id", "status", "id"),
    Index("task_gold", "project_id", "id", sqlite_where=sa.text("gold IS NOT NULL"),
          postgresql_where=sa.text("gold IS NOT NULL")),
)  # fmt: skip

gold = sa.Table(
    "gold",
    metadata,
    _id(),
    _ref("task"),
    _ref("provider", nullable=True),  # whose answer it is, when a provider gave it
    Column("commitment", String(64), nullable=False),
    _time("at"),
    _time("ended_at", nullable=True),
    *_fact(),
    Index("gold_current", "task_id", unique=True, sqlite_where=sa.text("ended_at IS NULL"),
          postgresql_where=sa.text("ended_at IS NULL")),
)  # fmt: skip

gold_payload = sa.Table(
    "gold_payload",
    metadata,
    Column("gold_id", _Key, ForeignKey("gold.id"), primary_key=True, autoincrement=False),
    Column("answers", _Json, nullable=False),
    Column("salt", sa.LargeBinary(32), nullable=False),
)

# --- the queue -----------------------------------------------------------------------------------------

wave = sa.Table(  # the wave that is being filled, per project and priority
    "wave",
    metadata,
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
    Column("priority", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("filled", Integer, nullable=False),
)

lane = sa.Table(  # what an assignment demands of its annotator
    "lane",
    metadata,
    _id(),
    _ref("project"),
    Column("digest", String(64), nullable=False),
    Column("demands", _Json, nullable=False),
    Column("epoch", BigInteger, nullable=False, default=0),
    Column("put_back", BigInteger, nullable=False),  # the lowest ordinal put back
    # Whom alone its work goes to; these stand in columns too, so that a claim reads only lanes that may be its.
    _ref("person", nullable=True),
    _ref("team", nullable=True),
    sa.UniqueConstraint("project_id", "digest"),
    Index("lane_of_person", "project_id", "person_id"),
)

queue_cursor = sa.Table(  # below this ordinal nothing is left for this annotator, as of this epoch
    "queue_cursor",
    metadata,
    Column("annotator_id", _Key, ForeignKey("annotator.id"), primary_key=True),
    Column("lane_id", _Key, ForeignKey("lane.id"), primary_key=True),
    Column("priority", Integer, primary_key=True, autoincrement=False),
    Column("ordinal", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
)

assignment = sa.Table(
    "assignment",
    metadata,
    _id(),
    _public_id(),
    _ref("project"),
    _ref("task", index=True),
    _ref("lane", nullable=True),  # null: a gold assignment, which never waits in the queue
    _ref("batch", nullable=True),
    Column("state", SmallInteger, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("ordinal", BigInteger, nullable=False),  # wave << 32 | answer << 16 | place
    _ref("annotator", nullable=True),
    _ref("provider", nullable=True),
    Column("price", BigInteger, nullable=False, default=0),
    _time("claimed_at", nullable=True),
    _time("lease_until", nullable=True),
    Index(
        "assignment_ready", "project_id", "lane_id", sa.text("priority DESC"), "ordinal",
        sqlite_where=sa.text("state = 0"), postgresql_where=sa.text("state = 0"),
    ),
    Index("assignment_lease", "lease_until", sqlite_where=sa.text("state = 1"),
          postgresql_where=sa.text("state = 1")),
    Index("assignment_held", "annotator_id", "project_id", sqlite_where=sa.text("state = 1"),
          postgresql_where=sa.text("state = 1")),
    Index("assignment_held_by_provider", "provider_id", "project_id", sqlite_where=sa.text("state = 1"),
          postgresql_where=sa.text("state = 1")),
    Index("assignment_annotator", "task_id", "annotator_id", unique=True,
          sqlite_where=sa.text("annotator_id IS NOT NULL AND state IN (1, 2)"),
          postgresql_where=sa.text("annotator_id IS NOT NULL AND state IN (1, 2)")),
    _where_any("assignment_by_batch", "batch_id", "state", "id"),
    Index("assignment_waiting", "lane_id", sqlite_where=sa.text("state = 4"),
          postgresql_where=sa.text("state = 4")),
)  # fmt: skip

declined = sa.Table(  # tasks an annotator gave back on purpose: not handed to the same one again
    "declined",
    metadata,
    Column("annotator_id", _Key, ForeignKey("annotator.id"), primary_key=True),
    Column("task_id", _Key, ForeignKey("task.id"), primary_key=True),
    Column("reason", Text, nullable=True),
    _time("at"),
)

workload = sa.Table(  # what an annotator has done in a project; `claims` decides where hidden gold falls
    "workload",
    metadata,
    Column("annotator_id", _Key, ForeignKey("annotator.id"), primary_key=True),
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
    Column("claims", BigInteger, nullable=False),
    Column("gold_seen", BigInteger, nullable=False),
    *(
        Column(name, BigInteger, nullable=False, default=0, server_default="0")
        for name in (
            "judgments",  # work that was taken, ever
            "spent_ms",
            "price",
            "gold_answers",  # answers of hidden gold since the annotator was let in (again), and how many were right
            "gold_correct",
            "training_answers",
            "training_correct",
            "trained",  # training tasks of the project when the annotator had answered all of them
            "returned",
            "rejected",
        )
    ),
    _time("last_at", nullable=True),
    # Of the day (since 1970, UTC) on which the annotator last answered: how many answers.
    Column("day", Integer, nullable=False, default=0, server_default="0"),
    Column("of_day", BigInteger, nullable=False, default=0, server_default="0"),
    _time("stopped_at", nullable=True),
    Column("stopped_because", Text, nullable=True),
    Index("workload_by_project", "project_id", "annotator_id"),
)

answer_draft = sa.Table(  # an answer that is being written: nobody reads it but its writer
    "answer_draft",
    metadata,
    Column("assignment_id", _Key, ForeignKey("assignment.id"), primary_key=True, autoincrement=False),
    _ref("annotator", index=True),
    Column("answers", _Json, nullable=False),
    Column("spent_ms", BigInteger, nullable=True),
    _time("at"),
)

tally = (
    sa.Table(  # running sums of current judgments, in shards so that annotators do not wait for each other
        "tally",
        metadata,
        Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
        Column("provider_id", _Key, ForeignKey("provider.id"), primary_key=True, index=True),
        Column("shard", SmallInteger, primary_key=True, autoincrement=False),
        Column("judgments", BigInteger, nullable=False, default=0),
        Column("gold_judgments", BigInteger, nullable=False, default=0),
        Column("spent", BigInteger, nullable=False, default=0),
    )
)

task_tally = sa.Table(
    "task_tally",
    metadata,
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("tasks", BigInteger, nullable=False, default=0),
    Column("gold", BigInteger, nullable=False, default=0),
    Column("wanted", BigInteger, nullable=False, default=0),
    Column("settled", BigInteger, nullable=False, default=0),
    Column("overlapping", BigInteger, nullable=False, default=0),  # tasks with two answers or more
    Column("training", BigInteger, nullable=False, default=0, server_default="0"),
    Column("reviewing", BigInteger, nullable=False, default=0, server_default="0"),
)

throughput = sa.Table(  # answers that were handed in, by the hour, in shards as the sums are
    "throughput",
    metadata,
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # since 1970, UTC
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("judgments", BigInteger, nullable=False, default=0),
)

exposure = sa.Table(
    "exposure",
    metadata,
    _id(),
    _ref("content", index=True),
    _ref("task"),
    _ref("project"),
    _ref("provider"),
    _ref("annotator"),
    Column("assignment", String(24), nullable=True),
    Column("sensitivity", Text, nullable=True),  # the project's, when it was shown
    _time("at"),
    *_fact(),
    Index("exposure_by_task", "task_id"),
    Index("exposure_by_provider", "provider_id", "project_id", "sensitivity", "id"),
    Index("exposure_by_annotator", "annotator_id", "project_id", "sensitivity", "id"),
)


def _exposure_sums() -> list[Column]:
    """Of the showings in one project at one sensitivity, up to the key where the sums end."""
    return [
        Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
        Column("sensitivity", Text, primary_key=True),  # empty: it was not written down
        Column("showings", BigInteger, nullable=False),
        Column(
            "first_tasks", BigInteger, nullable=False
        ),  # shown for the first time, at whatever sensitivity
        Column("tasks", BigInteger, nullable=False),  # shown at this sensitivity
        Column("unmarked", BigInteger, nullable=False),  # of these, shown before without one
        _time("first"),
        _time("last"),
    ]


provider_exposure = sa.Table(  # how much a provider was shown
    "provider_exposure",
    metadata,
    Column("provider_id", _Key, ForeignKey("provider.id"), primary_key=True),
    *_exposure_sums(),
)

annotator_exposure = sa.Table(  # how much an annotator was shown
    "annotator_exposure",
    metadata,
    Column("provider_id", _Key, ForeignKey("provider.id"), primary_key=True),
    Column("annotator_id", _Key, ForeignKey("annotator.id"), primary_key=True),
    *_exposure_sums(),
)

# --- what was answered ---------------------------------------------------------------------------------

judgment = sa.Table(
    "judgment",
    metadata,
    _id(),
    _public_id(),
    _ref("project"),
    _ref("task"),
    _ref("assignment", nullable=True, index=True),
    _ref("annotator"),
    _ref("provider"),
    _ref("shipment", nullable=True),
    _ref("form"),
    _ref("judgment", nullable=True, name="based_on"),
    _ref("judgment", nullable=True, name="supersedes"),
    Column("commitment", String(64), nullable=False),
    Column("price", BigInteger, nullable=False, default=0),
    Column("spent_ms", BigInteger, nullable=True),
    _time("at"),
    *_fact(),
    # Marks: current = neither superseded nor withdrawn. Readers go through the view current_judgment.
    Column("current", Boolean, nullable=False, default=True),
    Column("gold", Boolean, nullable=False, default=False),
    Column("anonymous", Boolean, nullable=False, default=False),
    Column("idempotency_key", Text, nullable=True),
    Column("body_digest", String(64), nullable=True),
    _ref("provider", nullable=True, name="suggested_by"),  # whose suggestion was on the screen
    Index("judgment_one_each", "task_id", "annotator_id", unique=True,
          sqlite_where=sa.text("current AND NOT anonymous AND based_on IS NULL"),
          postgresql_where=sa.text("current AND NOT anonymous AND based_on IS NULL")),
    _where_any("judgment_shipment_id", "shipment_id"),
    Index("judgment_by_task", "task_id"),
    Index("judgment_by_project", "project_id", "id"),
    Index("judgment_by_time", "project_id", "at"),
    Index("judgment_by_provider", "provider_id", "project_id", "id"),
    Index("judgment_by_annotator", "annotator_id", "at"),
    Index("judgment_based_on", "based_on", sqlite_where=sa.text("based_on IS NOT NULL"),
          postgresql_where=sa.text("based_on IS NOT NULL")),
    Index("judgment_not_current", "project_id", "id", sqlite_where=sa.text("NOT current"),
          postgresql_where=sa.text("NOT current")),
)  # fmt: skip

judgment_payload = sa.Table(
    "judgment_payload",
    metadata,
    Column("judgment_id", _Key, ForeignKey("judgment.id"), primary_key=True, autoincrement=False),
    Column("answers", _Json, nullable=False),
    Column("presentation", _Json, nullable=True),
    Column("salt", sa.LargeBinary(32), nullable=False),
)

withdrawal = sa.Table(
    "withdrawal",
    metadata,
    _id(),
    _ref("judgment", index=True),
    Column("reason", Text, nullable=False),
    _ref("person", nullable=True),
    _time("at"),
    *_fact(),
)

review = sa.Table(  # what a reviewer said of an answer
    "review",
    metadata,
    _id(),
    _public_id(),
    _ref("judgment", index=True),
    _ref("person"),
    Column("verdict", Text, nullable=False),  # accept, fix, reject
    Column("reason", Text, nullable=True),
    _ref("judgment", nullable=True, name="fix_id"),
    _time("at"),
    *_fact(),
    _ref("review_item", nullable=True, index=True),  # what it was said in answer to
)

review_item = sa.Table(  # a task whose answer waits for a reviewer, at one level
    "review_item",
    metadata,
    _id(),
    _public_id(),
    _ref("project"),
    _ref("task", index=True),
    Column("level", SmallInteger, nullable=False),  # 1 first
    Column("why", Text, nullable=False),  # sampled, confidence, tie, escalated, level
    Column("state", SmallInteger, nullable=False),  # 0 ready, 1 held, 2 done, 3 cancelled
    Column("priority", Integer, nullable=False),
    _ref("person", nullable=True),  # who holds it or has done it
    Column("verdict", Text, nullable=True),
    Column("reason", Text, nullable=True),  # why, in the reviewer's words
    # Row keys of annotators who may not be its reviewer, 8 bytes each: reviewers before, then who has answered.
    Column("kept_from", sa.LargeBinary, nullable=True),
    _time("at"),
    _time("claimed_at", nullable=True),
    _time("lease_until", nullable=True),
    _time("done_at", nullable=True),
    Index("review_item_by_project", "project_id", "id"),
    Index("review_item_by_state", "project_id", "state", "level", "id"),
    Index("review_item_ready", "project_id", sa.text("priority DESC"), "id",
          sqlite_where=sa.text("state = 0"), postgresql_where=sa.text("state = 0")),
    Index("review_item_kept", "project_id", "priority", "kept_from", "id",
          sqlite_where=sa.text("state = 0"), postgresql_where=sa.text("state = 0")),
    Index("review_item_lease", "lease_until", sqlite_where=sa.text("state = 1"),
          postgresql_where=sa.text("state = 1")),
    Index("review_item_held", "person_id", "project_id", sqlite_where=sa.text("state = 1"),
          postgresql_where=sa.text("state = 1")),
)  # fmt: skip

question = sa.Table(  # what an annotator asks about a task
    "question",
    metadata,
    _id(),
    _public_id(),
    _ref("project"),
    _ref("task", index=True),
    _ref("annotator", index=True),
    _ref("provider"),
    Column("text", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, answered
    _time("at"),
    _time("answered_at", nullable=True),
    Index("question_by_project", "project_id", "state", "id"),
)

question_message = sa.Table(  # what was said in answer, in order
    "question_message",
    metadata,
    _id(),
    _public_id(),
    _ref("question", index=True),
    _ref("person", nullable=True),
    Column("text", Text, nullable=False),
    _time("at"),
)

clarification = sa.Table(  # what was answered once and is shown to all who work on the project
    "clarification",
    metadata,
    _id(),
    _public_id(),
    _ref("project", index=True),
    _ref("question", nullable=True),
    _ref("person", nullable=True),
    Column("asked", Text, nullable=False),
    Column("answer", Text, nullable=False),
    _time("at"),
    _time("ended_at", nullable=True),
)

refused_receipt = sa.Table(  # a late answer of an outside provider: kept as a receipt, never as a judgment
    "refused_receipt",
    metadata,
    _id(),
    _public_id(),
    _ref("assignment"),
    _ref("provider", index=True),
    _ref("annotator"),
    Column("reason", Text, nullable=False),
    Column("commitment", String(64), nullable=False),
    Column("salt", sa.LargeBinary(32), nullable=False),
    _time("at"),
    *_fact(),
)

gold_result = sa.Table(
    "gold_result",
    metadata,
    _id(),
    _ref("judgment", index=True),
    _ref("project"),
    _ref("annotator"),
    _ref("provider"),
    Column("question", Text, nullable=False),
    Column("correct", Boolean, nullable=False),
    _time("at"),
    *_fact(),
    Index("gold_result_by_annotator", "project_id", "annotator_id"),
    Index("gold_result_by_provider", "provider_id", "at"),
)

gold_sum = sa.Table(  # how many answers of gold an annotator has given to a question, and how many were right
    "gold_sum",
    metadata,
    Column("provider_id", _Key, ForeignKey("provider.id"), primary_key=True),
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
    Column("annotator_id", _Key, ForeignKey("annotator.id"), primary_key=True),
    Column("question", Text, primary_key=True),
    Column("answers", BigInteger, nullable=False),
    Column("correct", BigInteger, nullable=False),
)

# --- what is true --------------------------------------------------------------------------------------

fit = sa.Table(
    "fit",
    metadata,
    _id(),
    _ref("project"),
    Column("question", Text, nullable=False),
    Column("question_key", String(64), nullable=False),
    Column("method", Text, nullable=False),
    Column("judgments", BigInteger, nullable=False),
    Column("log_likelihood", Float, nullable=True),
    Column("iterations", Integer, nullable=False),
    _time("at"),
    Index("fit_latest", "project_id", "question_key", "id"),
)

skill = sa.Table(  # the latest fit's view of an annotator at a question, with gold and overlap apart
    "skill",
    metadata,
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
    Column("question_key", String(64), primary_key=True),
    Column("annotator_id", _Key, ForeignKey("annotator.id"), primary_key=True),
    Column("question", Text, nullable=False),
    Column("fit_id", _Key, ForeignKey("fit.id"), nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("correct", Float, nullable=False),  # expected number of correct ones among n
    Column("accuracy", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
)

consensus = sa.Table(
    "consensus",
    metadata,
    _id(),
    _public_id(),
    _ref("project"),
    _ref("task"),
    Column("revision", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("tie", Boolean, nullable=False),
    Column("judgments", _Json, nullable=False),  # public ids of what it rests on
    Column("value_from", String(24), nullable=True),
    _ref("fit", nullable=True),
    Column("commitment", String(64), nullable=False),
    _time("at"),
    *_fact(),
    Column("current", Boolean, nullable=False, default=True),
    Index("consensus_current", "task_id", unique=True, sqlite_where=sa.text("current"),
          postgresql_where=sa.text("current")),
    Index("consensus_by_project", "project_id", "id"),
)  # fmt: skip

consensus_payload = sa.Table(
    "consensus_payload",
    metadata,
    Column("consensus_id", _Key, ForeignKey("consensus.id"), primary_key=True, autoincrement=False),
    Column("answers", _Json, nullable=False),
    Column("confidence_by", _Json, nullable=False),
    Column("salt", sa.LargeBinary(32), nullable=False),
)

# --- what leaves, and leaving ---------------------------------------------------------------------------

release = sa.Table(
    "release",
    metadata,
    _id(),
    _public_id(),
    _ref("project"),
    Column("version", Integer, nullable=False),
    _ref("release", nullable=True, name="predecessor_id"),
    Column("path", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    _time("at"),
    *_fact(),
    sa.UniqueConstraint("project_id", "version"),
)

release_provider = sa.Table(  # what of a provider is in a release, or that it was left out
    "release_provider",
    metadata,
    Column("release_id", _Key, ForeignKey("release.id"), primary_key=True),
    Column("provider_id", _Key, ForeignKey("provider.id"), primary_key=True, index=True),
    Column("judgments", BigInteger, nullable=False),
    Column("contents", BigInteger, nullable=False),
    Column("left_out", Boolean, nullable=False),
)

exit = sa.Table(
    "exit",
    metadata,
    _id(),
    _public_id(),
    _ref("provider", index=True),
    _ref("person", nullable=True),
    Column("state", Text, nullable=False),
    Column("plan", _Json, nullable=False),
    Column("options", _Json, nullable=True),  # answers, rebuild, to, backups
    Column("certificate", _Json, nullable=True),
    _time("at"),
    _time("done_at", nullable=True),
    *_fact(),
)

exit_step = sa.Table(
    "exit_step",
    metadata,
    _id(),
    _ref("exit", index=True),
    Column("position", SmallInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", _Json, nullable=True),
    Column("error", Text, nullable=True),
    _time("begun_at", nullable=True),
    _time("at", nullable=True),
    sa.UniqueConstraint("exit_id", "position"),
)

exit_event = sa.Table(  # what was done in an exit, by whom and when; never changed
    "exit_event",
    metadata,
    _id(),
    _ref("exit", index=True),
    Column("step", Text, nullable=False),
    Column("what", Text, nullable=False),  # ordered, begun, done, failed
    Column("detail", _Json, nullable=True),
    _ref("person", nullable=True),  # who ordered it
    Column("done_by", Text, nullable=True),  # the process that did it
    _time("at"),
    *_fact(),
)

phase_out = sa.Table(  # leaving by a share that declines, step by step, to a date
    "phase_out",
    metadata,
    _id(),
    _public_id(),
    _ref("provider", index=True),
    _ref("person", nullable=True),
    Column("state", Text, nullable=False),  # running, done, ended
    Column("steps", _Json, nullable=False),  # [{at, part}]: from then on this part of its share at the start
    Column("options", _Json, nullable=False),  # of the exit at its end
    _time("starts_at"),
    _time("ends_at"),
    _time("at"),
    _time("ended_at", nullable=True),
    *_fact(),
)

phase_out_limit = sa.Table(  # what a provider that is phased out may still do in a project in this step
    "phase_out_limit",
    metadata,
    Column("phase_out_id", _Key, ForeignKey("phase_out.id"), primary_key=True),
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
    Column("first_share", Integer, nullable=False),  # millionths, when the phase-out began
    Column("share", Integer, nullable=False),  # millionths of the work of this step
    Column("judgments", BigInteger, nullable=False),  # the project's when the step began
    Column("mine", BigInteger, nullable=False),  # the provider's when the step began
)

drill = sa.Table(  # an exit rehearsed on a copy
    "drill",
    metadata,
    _id(),
    _public_id(),
    _ref("provider", index=True),
    _ref("person", nullable=True),
    Column("state", Text, nullable=False),  # waiting, running, done, failed
    Column("options", _Json, nullable=False),
    Column("report", _Json, nullable=True),
    Column("error", Text, nullable=True),
    _time("at"),
    _time("done_at", nullable=True),
    *_fact(),
)

drill_schedule = sa.Table(
    "drill_schedule",
    metadata,
    Column("provider_id", _Key, ForeignKey("provider.id"), primary_key=True),
    Column("every_days", Integer, nullable=False),
    Column("options", _Json, nullable=False),
    _ref("person", nullable=True),
    _time("next_at"),
)

dependence = sa.Table(  # what a project's answers would be without each provider, as last worked out
    "dependence",
    metadata,
    Column("project_id", _Key, ForeignKey("project.id"), primary_key=True),
    Column("state", Text, nullable=False),  # of what it was worked out: the same state, the same result
    Column("judgments", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("found", _Json, nullable=False),
    _time("at"),
)

# --- later work ------------------------------------------------------------------------------------------

job = sa.Table(
    "job",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("dedup_key", Text, nullable=True, unique=True),
    Column("args", _Json, nullable=False),
    Column("state", Text, nullable=False),  # waiting, running, dead; a job that is done is deleted
    _time("run_at"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("owner", Text, nullable=True),
    _time("lease_until", nullable=True),
    Column("error", Text, nullable=True),
    Index("job_due", "run_at", sqlite_where=sa.text("state <> 'dead'"),
          postgresql_where=sa.text("state <> 'dead'")),
)  # fmt: skip

remembered_post = sa.Table(  # answers of POSTs that make no row of their own with a key, for 24 hours
    "remembered_post",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("body_digest", String(64), nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("answer", _Json, nullable=True),
    _time("at"),
)

# Word for word as in the index: by any other words SQLite would look at the answers of all tasks.
CONSENSUS_IS_CURRENT = sa.text("consensus.current")

# The one view of what counts now: neither superseded nor withdrawn.
current_judgment = sa.table("current_judgment", *(sa.column(c.name, c.type) for c in judgment.columns))
