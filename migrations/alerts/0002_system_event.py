"""The table of events of the platform; it only adds, so the code of the previous release runs on it unchanged."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "system_event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name=op.f("fk_system_event_alert_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_system_event")),
        sa.UniqueConstraint("event_key", name=op.f("uq_system_event_event_key")),
    )
    op.create_index("ix_system_event_alert_id_happened_at", "system_event", ["alert_id", "happened_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_system_event_alert_id_happened_at", table_name="system_event")
    op.drop_table("system_event")
