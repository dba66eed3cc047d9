"""Articles and stories, their fingerprints and tallies, sources with their fetches and gaps, and the common tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key")),
    )
    op.create_table(
        "article",
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Uuid(), nullable=False),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("canonical_url", sa.Text(), nullable=False),
        sa.Column("url_key", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("source_name", sa.Text(), nullable=True),
        sa.Column("fetched_from", sa.Uuid(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("tickers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("novelty", sa.Double(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("article_id", "revision", name=op.f("pk_article")),
    )
    op.create_index("ix_article_published_at_article_id", "article", ["published_at", "article_id"], unique=False)
    op.create_index(
        "ix_article_searched_text",
        "article",
        [
            sa.literal_column(
                "to_tsvector('english'::regconfig, (((title || ' '::text) || COALESCE(summary, ''::text)) "
                "|| ' '::text) || "
                "\"left\"(COALESCE(body, ''::text), 100000))"
            )
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("ix_article_story_id_published_at", "article", ["story_id", "published_at"], unique=False)
    op.create_index(
        "ix_article_tickers",
        "article",
        ["tickers"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"tickers": "jsonb_path_ops"},
    )
    op.create_index(
        "uq_article_current_url_key",
        "article",
        ["url_key"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "dead_letter",
        sa.Column("dead_letter_id", sa.Uuid(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dead_letter_id", name=op.f("pk_dead_letter")),
    )
    op.create_table(
        "event",
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"),
            nullable=False,
        ),
        sa.Column("sequence", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("transaction", "sequence", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_created_at"), "event", ["created_at"], unique=False)
    op.create_table(
        "fetch",
        sa.Column("fetch_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requests", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("n_requests", sa.Integer(), nullable=False),
        sa.Column("articles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("fetch_id", name=op.f("pk_fetch")),
    )
    op.create_index("ix_fetch_source_id_started_at", "fetch", ["source_id", "started_at"], unique=False)
    op.create_index("ix_fetch_started_at_fetch_id", "fetch", ["started_at", "fetch_id"], unique=False)
    op.create_table(
        "fingerprint",
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("hash", "published_at", "article_id", name=op.f("pk_fingerprint")),
    )
    op.create_table(
        "gap",
        sa.Column("gap_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("gap_id", name=op.f("pk_gap")),
    )
    op.create_index("ix_gap_source_id_starts_at", "gap", ["source_id", "starts_at"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "caller", "route", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("outbox_id", sa.Uuid(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_next_attempt_at_outbox_id", "outbox", ["next_attempt_at", "outbox_id"], unique=False)
    op.create_table(
        "source",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("interval_seconds", sa.Double(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_fetch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_fetch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("backoff_seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    op.create_index("ix_source_created_at_source_id", "source", ["created_at", "source_id"], unique=False)
    op.create_index(
        "ix_source_next_fetch_at", "source", ["next_fetch_at"], unique=False, postgresql_where=sa.text("is_enabled")
    )
    op.create_table(
        "story",
        sa.Column("story_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("first_published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_story")),
    )
    op.create_index("ix_story_last_published_at_story_id", "story", ["last_published_at", "story_id"], unique=False)
    op.create_table(
        "tally",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tally")),
    )


def downgrade() -> None:
    op.drop_table("tally")
    op.drop_index("ix_story_last_published_at_story_id", table_name="story")
    op.drop_table("story")
    op.drop_index("ix_source_next_fetch_at", table_name="source", postgresql_where=sa.text("is_enabled"))
    op.drop_index("ix_source_created_at_source_id", table_name="source")
    op.drop_table("source")
    op.drop_index("ix_outbox_next_attempt_at_outbox_id", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_index("ix_gap_source_id_starts_at", table_name="gap")
    op.drop_table("gap")
    op.drop_table("fingerprint")
    op.drop_index("ix_fetch_started_at_fetch_id", table_name="fetch")
    op.drop_index("ix_fetch_source_id_started_at", table_name="fetch")
    op.drop_table("fetch")
    op.drop_index(op.f("ix_event_created_at"), table_name="event")
    op.drop_table("event")
    op.drop_table("dead_letter")
    op.drop_index("uq_article_current_url_key", table_name="article", postgresql_where=sa.text("superseded_at IS NULL"))
    op.drop_index(
        "ix_article_tickers", table_name="article", postgresql_using="gin", postgresql_ops={"tickers": "jsonb_path_ops"}
    )
    op.drop_index("ix_article_story_id_published_at", table_name="article")
    op.drop_index("ix_article_searched_text", table_name="article", postgresql_using="gin")
    op.drop_index("ix_article_published_at_article_id", table_name="article")
    op.drop_table("article")
    op.drop_table("api_key")
