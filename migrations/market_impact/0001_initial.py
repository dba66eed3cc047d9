"""Tables of market impact: bars, assessments, impacts with their outcomes, event studies."""

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
        "assessment",
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("analysis_id", sa.Uuid(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("article_id", "revision", name=op.f("pk_assessment")),
    )
    op.create_index(
        "uq_assessment_current",
        "assessment",
        ["article_id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "bar",
        sa.Column("ticker", sa.Text(), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("open", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("close", sa.Float(), nullable=False),
        sa.Column("adjusted_close", sa.Float(), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ticker", "session_date", name=op.f("pk_bar")),
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
        "event_study",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_event_study")),
    )
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
        "impact",
        sa.Column("impact_id", sa.Uuid(), nullable=False),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ticker", sa.Text(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("impact_score", sa.Float(), nullable=False),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("sentiment_label", sa.Text(), nullable=False),
        sa.Column("sentiment_score", sa.Float(), nullable=False),
        sa.Column("is_evidence", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=True),
        sa.Column("horizon_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("car", sa.Float(), nullable=True),
        sa.Column("car_standard_error", sa.Float(), nullable=True),
        sa.Column("evidence_transaction", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("impact_id", name=op.f("pk_impact")),
    )
    op.create_index("ix_impact_article_id", "impact", ["article_id"], unique=False)
    op.create_index(
        "ix_impact_evidence_transaction",
        "impact",
        ["evidence_transaction"],
        unique=False,
        postgresql_where=sa.text("evidence_transaction IS NOT NULL"),
    )
    op.create_index(
        "ix_impact_evidence_kind",
        "impact",
        ["event_type", "sentiment_label", "basis", "horizon_days", "horizon_ends_at"],
        unique=False,
        postgresql_where=sa.text("evidence_transaction IS NOT NULL"),
    )
    op.create_index(
        "ix_impact_outcome_due_at",
        "impact",
        ["outcome_due_at"],
        unique=False,
        postgresql_where=sa.text("outcome_due_at IS NOT NULL"),
    )
    op.create_index("ix_impact_scored_at_impact_id", "impact", ["scored_at", "impact_id"], unique=False)
    op.create_index("ix_impact_ticker_published_at", "impact", ["ticker", "published_at"], unique=False)
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
        "security",
        sa.Column("ticker", sa.Text(), nullable=False),
        sa.Column("bars_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticker", name=op.f("pk_security")),
    )


def downgrade() -> None:
    op.drop_table("security")
    op.drop_index("ix_outbox_next_attempt_at_outbox_id", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_impact_ticker_published_at", table_name="impact")
    op.drop_index("ix_impact_scored_at_impact_id", table_name="impact")
    op.drop_index(
        "ix_impact_outcome_due_at", table_name="impact", postgresql_where=sa.text("outcome_due_at IS NOT NULL")
    )
    op.drop_index(
        "ix_impact_evidence_kind", table_name="impact", postgresql_where=sa.text("evidence_transaction IS NOT NULL")
    )
    op.drop_index(
        "ix_impact_evidence_transaction",
        table_name="impact",
        postgresql_where=sa.text("evidence_transaction IS NOT NULL"),
    )
    op.drop_index("ix_impact_article_id", table_name="impact")
    op.drop_table("impact")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("event_study")
    op.drop_index(op.f("ix_event_created_at"), table_name="event")
    op.drop_table("event")
    op.drop_table("dead_letter")
    op.drop_table("bar")
    op.drop_index("uq_assessment_current", table_name="assessment", postgresql_where=sa.text("superseded_at IS NULL"))
    op.drop_table("assessment")
    op.drop_table("api_key")
