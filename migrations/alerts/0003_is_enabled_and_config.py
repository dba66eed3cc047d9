"""Rules and receivers: `is_enabled` beside `enabled`; receivers: the configuration of their kind.

The previous release reads and writes `enabled`, this one `is_enabled`. A trigger keeps the two the same, whichever is
written: neither is given by both releases. `enabled` goes when no release uses it any more.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = ("rule", "receiver")

_KEEP_ENABLED_IN_STEP = """
CREATE FUNCTION keep_enabled_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.is_enabled := COALESCE(NEW.is_enabled, NEW.enabled);
        NEW.enabled := NEW.is_enabled;
    ELSIF NEW.is_enabled IS DISTINCT FROM OLD.is_enabled THEN
        NEW.enabled := NEW.is_enabled;
    ELSE
        NEW.is_enabled := NEW.enabled;
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    op.execute(_KEEP_ENABLED_IN_STEP)
    for table in _TABLES:
        op.add_column(table, sa.Column("is_enabled", sa.Boolean(), nullable=True))
        columns = sa.table(table, sa.column("is_enabled"), sa.column("enabled"))
        op.execute(columns.update().values(is_enabled=columns.c.enabled))
        op.execute(
            f"CREATE TRIGGER keep_enabled_in_step BEFORE INSERT OR UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_enabled_in_step()"
        )
    op.add_column(
        "receiver",
        sa.Column(
            "config", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    op.add_column("receiver", sa.Column("config_secrets", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("receiver", "config_secrets")
    op.drop_column("receiver", "config")
    for table in _TABLES:
        op.execute(f"DROP TRIGGER keep_enabled_in_step ON {table}")
        op.drop_column(table, "is_enabled")
    op.execute("DROP FUNCTION keep_enabled_in_step()")
